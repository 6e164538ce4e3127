"""办理进度: everything that happened to a filing in its order, who has it now, and since when."""

import re
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import update

from messaging.cards import moment
from models import Outcome, Person, Post, utc_now
from models.database import POSTS_TURN, take_turn, unit_of_work
from operations.appointing import appoint
from operations.decisions import decide
from operations.filings import submit, withdraw
from operations.leaving import leave
from tests.college import College
from tests.pages.conftest import Made, SignIn, one_database
from tests.pages.reading import Page

pytestmark = one_database

APPLICANT, HEAD, REGISTRAR = "lilaoshi", "zhangzhuren", "zhougan"
Act = Callable[[], object]


@pytest.fixture
def here(app: Flask) -> Callable[[Act], None]:
    """Carries out an operation as a request would."""

    def carry_out(act: Act) -> None:
        with app.app_context():
            act()

    return carry_out


def lines(page: Page) -> list[str]:
    """What each line of the timeline is about, with its status."""
    heads = re.findall(r'stage-title">([^<]*)</span><span class="stage-status">([^<]*)<', page.html)
    return [f"{title} {status}".strip() for title, status in heads]


def holder(page: Page) -> str:
    found = re.search(r'<div class="notice notice-info notice-acts">\s*<span>(.*?)</span>', page.html, re.DOTALL)
    return re.sub(r"<[^>]+>", "", found[1]) if found else ""


def vacate(college: College, user_id: str) -> None:
    with unit_of_work() as session:
        session.execute(update(Post).where(Post.person_id == college.people[user_id]).values(ended_at=utc_now()))


def go(college: College, user_id: str) -> None:
    with unit_of_work() as session:
        take_turn(session, POSTS_TURN)
        leave(session, [session.get_one(Person, college.people[user_id])])


def test_rounds_decisions_and_the_withdrawal_stand_strictly_by_time(
    sign_in: SignIn, made: Made, college: College, here: Callable[[Act], None]
) -> None:
    """F25: what was decided before a resubmission stands before it."""
    filing_id = made.submitted()
    for n in range(2):
        here(lambda: decide(college.actor(HEAD), filing_id, Outcome.RETURNED, reason="请补充用途"))
        here(lambda: submit(college.actor(APPLICANT), filing_id))
        assert lines(sign_in(HEAD).open(f"/filings/{filing_id}"))[2 * n + 1 : 2 * n + 3] == [
            "护理系部门负责人 已退回修改",
            f"申请人 第{n + 2}次提交",
        ]
    here(lambda: decide(college.actor(HEAD), filing_id, Outcome.APPROVED))
    here(lambda: withdraw(college.actor(APPLICANT), filing_id, reason="改为使用已有的群"))
    page = sign_in(APPLICANT).open(f"/filings/{filing_id}")
    assert lines(page) == [
        "申请人 已提交",
        "护理系部门负责人 已退回修改",
        "申请人 第2次提交",
        "护理系部门负责人 已退回修改",
        "申请人 第3次提交",
        "护理系部门负责人 已同意",
        "申请人 已撤回",
        "宣传统战部备案登记 未办理",
    ]
    assert "改为使用已有的群" in page.text
    times = re.findall(r'<time datetime="([^"]+)"', page.html[page.html.index('class="stages"') :])
    assert times == sorted(times)


def test_a_sent_back_filing_waits_for_its_applicant_and_the_rest_is_ahead(
    sign_in: SignIn, made: Made, college: College, here: Callable[[Act], None]
) -> None:
    """F25: whose turn it is stands behind what has happened."""
    filing_id = made.submitted()
    here(lambda: decide(college.actor(HEAD), filing_id, Outcome.RETURNED, reason="请补充用途"))
    page = sign_in(HEAD).open(f"/filings/{filing_id}")
    assert lines(page)[1:3] == ["护理系部门负责人 已退回修改", "申请人 待修改后重新提交"]
    assert "等待申请人李老师修改后重新提交，自 " in holder(page)


def test_what_the_rules_passed_on_at_once_stands_after_the_sending(sign_in: SignIn, made: Made) -> None:
    """F25: of two things of one moment, the cause comes first."""
    filing_id = made.submitted(HEAD)
    assert lines(sign_in(HEAD).open(f"/filings/{filing_id}")) == [
        "申请人 已提交",
        "护理系部门负责人 申请人即审核人",
        "宣传统战部备案登记 待办理",
    ]


def test_the_page_names_who_has_the_filing_and_since_when(
    app: Flask, sign_in: SignIn, made: Made, college: College, here: Callable[[Act], None]
) -> None:
    """L5: the holder of each step of the way, in the college's time."""
    filing_id = made.submitted()

    def since() -> str:
        with app.app_context():
            step = college.filing(filing_id).pending_step
            assert step is not None
            assert step.pending_since is not None
            return moment(step.pending_since)

    text = holder(sign_in(APPLICANT).open(f"/filings/{filing_id}"))
    assert text.startswith("等待护理系部门负责人 张主任 审核，自 ")
    assert since() in text
    assert f"等待护理系部门负责人 张主任 审核 · {since()} 起" in sign_in(APPLICANT).open("/").text
    here(lambda: decide(college.actor(HEAD), filing_id, Outcome.APPROVED))
    text = holder(sign_in(APPLICANT).open(f"/filings/{filing_id}"))
    assert text.startswith("等待宣传统战部备案登记人 周干事 办理备案，自 ")
    assert f"周干事 办理备案 · {since()} 起" in sign_in(APPLICANT).open("/").text
    here(lambda: decide(college.actor(REGISTRAR), filing_id, Outcome.REGISTERED))
    assert holder(sign_in(APPLICANT).open(f"/filings/{filing_id}")) == ""


def test_nobody_is_left_without_a_name_or_a_reason(
    sign_in: SignIn, made: Made, college: College, here: Callable[[Act], None]
) -> None:
    """L5: an empty post, and an applicant who is gone, are said with who sees to it."""
    filing_id = made.submitted()
    here(lambda: vacate(college, HEAD))
    said = "护理系部门负责人岗位空缺，已转吴系统"
    assert holder(sign_in(APPLICANT).open(f"/filings/{filing_id}")).startswith(f"{said}，自 ")
    assert said in sign_in(APPLICANT).open("/").text
    here(lambda: appoint(HEAD, "DEPARTMENT_HEAD", "8"))
    here(lambda: decide(college.actor(HEAD), filing_id, Outcome.RETURNED, reason="请补充"))
    here(lambda: go(college, APPLICANT))
    text = holder(sign_in(HEAD).open(f"/filings/{filing_id}"))
    assert text.startswith("申请人李老师已离职，等待护理系部门负责人 张主任 接办，自 ")
    here(lambda: vacate(college, HEAD))
    text = holder(sign_in("wuguanli").open(f"/filings/{filing_id}"))
    assert text.startswith("申请人李老师已离职，护理系部门负责人岗位空缺，已转吴系统，自 ")


@pytest.mark.parametrize("made_as", ["draft"])
def test_what_waits_for_nobody_names_nobody(made_as: str, sign_in: SignIn, made: Made) -> None:
    """L5: a draft waits for nobody but its author."""
    filing_id = getattr(made, made_as)()
    page = sign_in(APPLICANT).open(f"/filings/{filing_id}")
    assert holder(page) == ""
    assert lines(page) == []
    assert "还没有提交" in sign_in(APPLICANT).open("/").text


def test_names_and_posts_stay_as_they_were_when_people_and_units_change(
    app: Flask, sign_in: SignIn, made: Made, college: College, here: Callable[[Act], None]
) -> None:
    """L10: a line of the timeline is readable after its person is gone or renamed."""
    filing_id = made.submitted()
    here(lambda: decide(college.actor(HEAD), filing_id, Outcome.RETURNED, reason="请补充"))
    here(lambda: withdraw(college.actor(APPLICANT), filing_id))
    with app.app_context(), unit_of_work() as session:
        for user_id in (APPLICANT, HEAD):
            session.get_one(Person, college.people[user_id]).name = "改名人"
    here(lambda: go(college, APPLICANT))
    text = sign_in("wuguanli").open(f"/filings/{filing_id}").text
    assert text.count("李老师") >= 2
    assert "张主任" in text
    # What was sent to them is listed by the names they bear today.
    assert "改名人" not in text.partition("办理进度")[2].partition("条消息")[0]


def test_the_applicant_finds_the_button_and_then_why_it_rests(sign_in: SignIn, made: Made) -> None:
    """F20: to nobody else is it shown."""
    here = f"/filings/{made.submitted()}"
    applicant = sign_in(APPLICANT)
    page = applicant.open(here)
    assert applicant.send(page, f"{here}/nudge").location == here
    page = applicant.open(here)
    assert "已催办，张主任会收到消息" in page.text
    assert "今天已催办过，" in page.text
    assert not [form for form in page.forms if form.action.endswith("/nudge")]
    assert page.text.count("催办") >= 3
    assert "李老师 → 张主任" in page.text
    assert applicant.post(f"{here}/nudge").location == here
    assert "起可再次催办。" in applicant.open(here).text
    assert "nudge" not in sign_in(HEAD).open(here).html
