"""消息: the inbox as a page, whose opening, counting and filtering work without scripts."""

import pytest
from flask import Flask
from sqlalchemy import update

from models import Message, MessageState, utc_now
from models.database import unit_of_work
from tests.college import College
from tests.conftest import StatementCounter
from tests.operations.test_inbox import tell
from tests.pages.conftest import Browser, Made, SignIn, one_database
from tests.pages.reading import read
from tests.pages.test_every_page import assert_well_made

pytestmark = one_database

HERE, OPEN, READ = "/messages", "/messages/open", "/messages/read"
HEAD, APPLICANT = "zhangzhuren", "lilaoshi"


def unread_in_navigation(browser: Browser) -> str:
    """What the navigation counts as unread, on a page that has nothing else to do with it."""
    html = browser.open("/guide").html
    _, _, behind = html.partition('<span class="count count-unread">')
    return behind.partition("<")[0]


def write(app: Flask, college: College, user_id: str, count: int = 1, **more: object) -> None:
    with app.app_context():
        tell(college, user_id, count, **more)


def change_all(app: Flask, **values: object) -> None:
    with app.app_context(), unit_of_work() as session:
        session.execute(update(Message).values(**values))


def test_one_is_opened_by_a_button_counts_as_read_and_leads_to_what_it_is_about(sign_in: SignIn, made: Made) -> None:
    """F27: told in the inbox, opened without a script, and only the press changes something."""
    filing_id = made.submitted()
    head = sign_in(HEAD)
    assert unread_in_navigation(head) == "1"
    for _ in range(2):
        page = head.open(HERE)
    assert_well_made(page)
    assert "未读，护理系教师工作群" in page.text
    assert "新建备案，请您审核" in page.text
    assert "待办" in page.text
    assert unread_in_navigation(head) == "1"
    answer = head.send(page, OPEN, message_id="1")
    assert (answer.status_code, answer.location) == (302, f"/filings/{filing_id}")
    assert unread_in_navigation(head) == ""
    assert head.send(page, OPEN, message_id="1").location == f"/filings/{filing_id}"
    assert unread_in_navigation(head) == ""
    assert "未读，护理系教师工作群" not in head.open(HERE).text


def test_an_old_request_says_how_it_ended_and_leads_to_the_page_that_shows_it(sign_in: SignIn, made: Made) -> None:
    """L11, E15: opened after somebody else acted, it tells the result, is no task, and decides nothing."""
    filing_id = made.submitted()
    sign_in(APPLICANT).post(f"/filings/{filing_id}/withdrawal")
    head = sign_in(HEAD)
    page = head.open(HERE)
    assert "结果：申请人已撤回" in page.text
    assert "已结束" in page.text
    assert "没有等您办理的消息" in head.open(f"{HERE}?show=open").text
    target = head.send(page, OPEN, message_id="1").location
    assert head.open(target).states[0] == "withdrawn"


def test_anothers_message_and_one_there_is_not_are_not_found(sign_in: SignIn, made: Made) -> None:
    made.submitted()
    other = sign_in("jiwai")
    for key in ("1", "404", "999999999"):
        read(other.post(OPEN, message_id=key), 404)
        assert other.post(READ, newest=key).location == HERE
    for key in ("x", "", "-1", "²", str(10**30), "2147483648"):
        for address, name, said in ((OPEN, "message_id", "请从列表中选择"), (READ, "newest", "没有改动")):
            assert other.post(address, **{name: key}).location == HERE
            assert said in other.open(HERE).text
    read(other.client.get(OPEN), 405)
    assert unread_in_navigation(sign_in(HEAD)) == "1"


def test_all_are_read_at_one_press_but_not_what_came_since_the_page(
    app: Flask, college: College, sign_in: SignIn
) -> None:
    write(app, college, HEAD, 3)
    head = sign_in(HEAD)
    page = head.open(HERE)
    write(app, college, HEAD)
    for _ in range(2):
        assert head.send(page, READ).location == HERE
        assert "已全部标为已读" in head.open(HERE).text
        assert unread_in_navigation(head) == "1"
    page = head.open(HERE)
    head.send(page, READ)
    page = head.open(HERE)
    assert unread_in_navigation(head) == ""
    assert READ not in [form.action for form in page.forms]


def test_the_filters_say_what_there_is_not(app: Flask, college: College, sign_in: SignIn) -> None:
    head = sign_in(HEAD)
    for asked, sentence in (("", "还没有消息"), ("?show=unread", "没有未读的消息"), ("?show=open", "没有等您办理")):
        page = head.open(f"{HERE}{asked}")
        assert_well_made(page)
        assert sentence in page.text
    write(app, college, HEAD)
    assert "消息0" in head.open(f"{HERE}?show=unread").text
    assert "消息0" not in head.open(f"{HERE}?show=open").text


def test_many_are_paged_within_their_filter(app: Flask, college: College, sign_in: SignIn) -> None:
    write(app, college, HEAD, 45)
    head = sign_in(HEAD)
    seen: list[str] = []
    address = f"{HERE}?show=unread"
    while address:
        page = head.open(address)
        assert_well_made(page)
        seen += [f"消息{n}" for n in range(45) if f"消息{n}有事" in "".join(page.text.split())]
        address = next((link for link in page.links if "before=" in link), "")
        assert not address or "show=unread" in address
    assert sorted(seen) == sorted(f"消息{n}" for n in range(45))
    assert "没有更早的消息了" in head.open(f"{HERE}?before=1").text


@pytest.mark.parametrize("asked", ["show=", "show=nix", "before=x", "before=0", "before=-1", f"before={10**30}", "a=b"])
def test_what_is_no_filter_and_no_key_is_taken_as_none(asked: str, sign_in: SignIn, made: Made) -> None:
    made.submitted()
    assert_well_made(sign_in(HEAD).open(f"{HERE}?{asked}"))


def test_whoever_pushes_do_not_reach_reads_what_to_do_and_the_message(app: Flask, sign_in: SignIn, made: Made) -> None:
    """F27: out of the app's range, one is told so, and loses nothing."""
    made.submitted()
    head = sign_in(HEAD)
    assert "没有送达" not in head.open(HERE).text
    change_all(app, state=MessageState.FAILED, errcode=81013, error="81013 x")
    page = head.open(HERE)
    assert_well_made(page)
    for words in ("推送没有送达", "可见范围", "消息免打扰", "护理系教师工作群"):
        assert words in page.text
    change_all(app, state=MessageState.SENT, sent_at=utc_now())
    assert "没有送达" not in head.open(HERE).text


def test_the_first_page_points_to_what_is_unread(app: Flask, college: College, sign_in: SignIn) -> None:
    head = sign_in(HEAD)
    assert "未读消息" not in head.open("/").text
    write(app, college, HEAD, 120)
    page = head.open("/")
    assert "未读消息99+条" in page.text
    assert page.links.count(HERE) == 2
    assert unread_in_navigation(head) == "99+"


@pytest.mark.parametrize("path", ["https://evil.example/", "//evil.example", "/nix", "/healthz", "javascript:alert(1)"])
def test_a_message_leads_nowhere_but_to_a_page_of_ours(
    app: Flask, college: College, sign_in: SignIn, path: str
) -> None:
    write(app, college, HEAD)
    change_all(app, card={"title": "x", "lead": "x", "path": path})
    assert sign_in(HEAD).post(OPEN, message_id="1").location == "/"


def test_a_place_on_the_page_is_kept(app: Flask, college: College, sign_in: SignIn) -> None:
    write(app, college, HEAD)
    change_all(app, card={"title": "x", "lead": "x", "path": "/filings/7#decide"})
    assert sign_in(HEAD).post(OPEN, message_id="1").location == "/filings/7#decide"


def test_the_count_costs_no_statement_and_the_page_as_many_for_many_as_for_one(
    app: Flask, college: College, sign_in: SignIn, counted: StatementCounter
) -> None:
    counts = []
    for number in (1, 40):
        write(app, college, HEAD, number)
        head = sign_in(HEAD)
        for address in ("/guide", HERE):
            counted.statements.clear()
            head.open(address)
            counts.append(len(counted))
    assert counts == [3, 4, 3, 4]


def test_nobody_signed_out_reads_or_opens_anything(app: Flask, college: College) -> None:
    write(app, college, HEAD)
    client = app.test_client()
    assert client.get(HERE).location.startswith("/login")
    for address in (OPEN, READ):
        assert "/login?next=/" in read(client.post(address, data={"message_id": "1", "newest": "1"}), 401).html
