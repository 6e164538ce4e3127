"""消息发送: what failed, why, what to do, and sending it again from its row or all at once."""

import pytest
from flask import Flask
from sqlalchemy import select, update

from models import Message, MessageState, utc_now
from models.database import unit_of_work
from tests.college import College
from tests.conftest import StatementCounter
from tests.operations.test_inbox import change, tell
from tests.pages.conftest import Made, SignIn, one_database
from tests.pages.reading import read
from tests.pages.test_every_page import assert_well_made

pytestmark = one_database

HERE, RESEND, MANY = (f"/administration/messages{to}" for to in ("", "/resend", "/resending"))
ADMINISTRATOR = "wuguanli"


def fail(
    app: Flask, college: College, count: int, errcode: int | None = 81013, error: str = "81013 all invalid"
) -> None:
    """So many messages of the department's head that failed."""
    with app.app_context():
        tell(college, "zhangzhuren", count)
        with unit_of_work() as session:
            pending = update(Message).where(Message.state == MessageState.PENDING)
            session.execute(pending.values(state=MessageState.FAILED, errcode=errcode, error=error, attempts=1))


def states(app: Flask) -> set[MessageState]:
    with app.app_context(), unit_of_work() as session:
        return set(session.scalars(select(Message.state)))


def test_a_failure_says_to_whom_why_and_what_to_do_and_is_sent_again_from_its_row(
    app: Flask, college: College, sign_in: SignIn
) -> None:
    """F27: failed pushes are listed for the administrator, with 重发 and the reason."""
    fail(app, college, 1)
    browser = sign_in(ADMINISTRATOR)
    page = browser.open(HERE)
    assert_well_made(page)
    for words in (
        "张主任：",
        "消息0",
        "接收人不在应用的可见范围内",
        "加入接收人或其部门",
        "81013 all invalid",
        "已试1次",
    ):
        assert words in page.text
    resend = f"{RESEND}?back={HERE}"
    answer = browser.send(page, resend, message_id="1")
    assert answer.location == HERE
    assert states(app) == {MessageState.PENDING}
    assert browser.send(page, resend, message_id="1").location == HERE
    page = browser.open(HERE)
    assert "消息将重新发送" in page.text
    assert "没有未送达的消息" in page.text


def test_the_filters_show_what_they_say_and_nothing_where_there_is_nothing(
    app: Flask, college: College, sign_in: SignIn, made: Made
) -> None:
    browser = sign_in(ADMINISTRATOR)
    empty = ("没有未送达的消息", "没有消息在等待发送", "还没有发出过消息", "还没有消息")
    for show, sentence in zip(("failed", "waiting", "sent", "all"), empty, strict=True):
        page = browser.open(f"{HERE}?show={show}")
        assert_well_made(page)
        assert sentence in page.text
    filing_id = made.submitted()
    fail(app, college, 1)
    made.submitted(name="护理系二群", number="700001")
    assert f"/filings/{filing_id}#messages" in browser.open(HERE).links
    assert "护理系二群" not in browser.open(HERE).text
    page = browser.open(f"{HERE}?show=waiting")
    assert_well_made(page)
    assert "护理系二群" in page.text
    assert "护理系教师工作群" not in page.text
    text = browser.open(f"{HERE}?show=all").text
    assert "护理系二群" in text
    assert "护理系教师工作群" in text


def test_many_are_paged_within_their_filter_and_cause(app: Flask, college: College, sign_in: SignIn) -> None:
    fail(app, college, 1, None, "ReadTimeout")
    fail(app, college, 45)
    browser = sign_in(ADMINISTRATOR)
    address, rows = f"{HERE}?cause=81013", 0
    while address:
        page = browser.open(address)
        assert_well_made(page)
        rows += page.html.count('name="message_id"')
        address = next((link for link in page.links if "before=" in link), "")
        assert not address or "cause=81013" in address
    assert rows == 45
    page = browser.open(f"{HERE}?cause=unreached")
    assert page.html.count('name="message_id"') == 1
    assert "暂时连不上企业微信" in page.text


@pytest.mark.parametrize(
    "asked",
    ["show=nix", "show=", "cause=x", "cause=999", "before=x", f"before={10**30}", "show=sent&cause=81013", "a=b"],
)
def test_what_is_no_filter_is_taken_as_none(asked: str, app: Flask, college: College, sign_in: SignIn) -> None:
    fail(app, college, 1)
    assert_well_made(sign_in(ADMINISTRATOR).open(f"{HERE}?{asked}"))


def test_a_cause_that_is_gone_is_said_to_be(app: Flask, college: College, sign_in: SignIn) -> None:
    """As when the last of them was sent again from its own list."""
    fail(app, college, 1)
    browser = sign_in(ADMINISTRATOR)
    assert "这个原因的消息已经没有了" in browser.open(f"{HERE}?cause=45009").text
    assert "这个原因的消息已经没有了" not in browser.open(f"{HERE}?cause=81013").text


def test_what_a_digest_carried_is_as_far_as_the_digest_and_is_sent_again_with_it(
    app: Flask, college: College, sign_in: SignIn, made: Made
) -> None:
    """F27, E61: neither the list nor the filing sends anybody to a message that has no button."""
    filing_id = made.submitted()
    with app.app_context():
        carried, carrier = college.told("zhangzhuren")[0], college.told("wangqunzhu")[0]
        carrier_id = carrier.id
        change([carrier], state=MessageState.FAILED, error="81013 x", errcode=81013)
        change([carried], state=MessageState.CANCELLED, carried_by_id=carrier_id)
    browser = sign_in(ADMINISTRATOR)
    text = browser.open(f"{HERE}?show=all").text
    assert "汇总，含另外1条" in text
    assert "并入汇总" in text
    links = [link for link in browser.open(f"/filings/{filing_id}").links if link.startswith(HERE)]
    assert len(links) == 2
    for link in links:
        assert f'name="message_id" value="{carrier_id}"' in browser.open(link).html


class TestAll:
    def test_a_few_go_at_once(self, app: Flask, college: College, sign_in: SignIn) -> None:
        fail(app, college, 20)
        browser = sign_in(ADMINISTRATOR)
        page = browser.open(HERE)
        assert MANY not in page.links
        assert browser.post(f"{RESEND}?back={HERE}").location == HERE
        assert "20条消息将重新发送" in browser.open(HERE).text
        assert states(app) == {MessageState.PENDING}

    def test_many_go_only_after_one_was_asked(self, app: Flask, college: College, sign_in: SignIn) -> None:
        fail(app, college, 21)
        browser = sign_in(ADMINISTRATOR)
        assert MANY in browser.open(HERE).links
        assert browser.post(RESEND).location == MANY
        assert states(app) == {MessageState.FAILED}
        page = browser.open(MANY)
        assert_well_made(page)
        assert "21条消息没有送达" in page.text
        assert "加入接收人或其部门" in page.text
        assert browser.send(page, MANY).location == HERE
        assert states(app) == {MessageState.PENDING}
        assert browser.send(page, MANY).location == HERE
        assert "0条消息将重新发送" in browser.open(HERE).text
        assert browser.client.get(MANY).location == HERE

    def test_more_than_go_at_a_time_are_said_to_be_left(self, app: Flask, college: College, sign_in: SignIn) -> None:
        fail(app, college, 201)
        browser = sign_in(ADMINISTRATOR)
        page = browser.open(MANY)
        assert "一次最多重发200条" in page.text
        browser.send(page, MANY)
        page = browser.open(HERE)
        assert "200条消息将重新发送。一次最多重发200条" in page.text
        assert "1条" in page.text


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example", "/nix", "x"])
def test_the_way_back_stays_on_our_pages(back: str, app: Flask, college: College, sign_in: SignIn) -> None:
    fail(app, college, 1)
    answer = sign_in(ADMINISTRATOR).post(f"{RESEND}?back={back}", message_id="1")
    assert answer.location == "/administration/#messages"


@pytest.mark.parametrize("user_id", ["zhougan", "zhangzhuren", "lilaoshi"])
def test_nobody_else_sees_or_sends_anything(user_id: str, app: Flask, college: College, sign_in: SignIn) -> None:
    fail(app, college, 1)
    browser = sign_in(user_id)
    for address in (HERE, MANY):
        read(browser.client.get(address), 403)
    for address in (RESEND, MANY):
        read(browser.post(address), 403)
    assert states(app) == {MessageState.FAILED}


def test_the_state_of_the_service_and_a_filing_lead_here(
    app: Flask, college: College, sign_in: SignIn, made: Made
) -> None:
    filing_id = made.submitted()
    fail(app, college, 0)
    browser = sign_in(ADMINISTRATOR)
    assert HERE in browser.open("/administration/").links
    links = [link for link in browser.open(f"/filings/{filing_id}").links if link.startswith(HERE)]
    assert len(links) == 3
    # The page that it leads to begins with that message.
    first = browser.open(links[0])
    assert first.html.index("赵管理：") < first.html.index("张主任：")
    assert not any(link.startswith(HERE) for link in sign_in("zhougan").open(f"/filings/{filing_id}").links)


def test_a_page_costs_the_same_for_a_thousand(
    app: Flask, college: College, sign_in: SignIn, counted: StatementCounter
) -> None:
    counts = []
    for number in (1, 200):
        fail(app, college, number)
        browser = sign_in(ADMINISTRATOR)
        counted.statements.clear()
        browser.open(HERE)
        counts.append(len(counted))
    assert counts == [6, 6]
    with app.app_context(), unit_of_work() as session:
        session.execute(update(Message).values(state=MessageState.SENT, sent_at=utc_now()))
    assert "201条" in browser.open(HERE).text
