"""消息 on a filing's page: folded away, in plain words, for whoever may see the filing."""

from datetime import timedelta

from flask import Flask

from models import MessageState, utc_now
from operations.opinions import answer_opinion, ask_opinion
from tests.college import College
from tests.conftest import StatementCounter
from tests.operations.test_inbox import change, tell
from tests.pages.conftest import Made, SignIn, one_database
from tests.pages.reading import Page
from tests.pages.test_every_page import assert_well_made

pytestmark = one_database

HEAD, APPLICANT = "zhangzhuren", "lilaoshi"


def said(page: Page) -> str:
    """What the section says, without the space between its words."""
    assert_well_made(page)
    _, _, section = page.html.partition('id="messages"')
    return "".join(Page(f"<p>{section.partition('</section>')[0].partition('>')[2]}</p>").text.split())


def test_it_says_who_was_told_what_and_whether_it_arrived(
    app: Flask, college: College, sign_in: SignIn, made: Made
) -> None:
    """F27: whoever may see the filing sees what was sent to whom, when, and whether it arrived."""
    filing_id = made.submitted()
    with app.app_context():
        at = utc_now()
        change(college.told(HEAD), state=MessageState.SENT, sent_at=at, attempts=1)
        change(college.told("wangqunzhu"), state=MessageState.FAILED, error="81013 invalid", attempts=1)
        change(college.told("zhaoguanli"), attempts=3, error="-1 busy", run_at=at + timedelta(minutes=10))
    for user_id in (APPLICANT, HEAD, "wangqunzhu", "zhougan"):
        page = sign_in(user_id).open(f"/filings/{filing_id}")
        words = said(page)
        assert "<details" in page.html
        for told in (
            "3条消息，1条已送达，1条待发送，1条未送达",
            "张主任：新建备案，请您审核",
            "已送达",
            "接收人不在应用的可见范围内，或账号已停用（81013），已试1次",
            "已试3次，下次",
            "企业微信系统繁忙（-1）",
        ):
            assert told in words
        assert "invalid" not in words


def test_of_an_opinion_it_tells_no_words(app: Flask, college: College, sign_in: SignIn, made: Made) -> None:
    """F27: whoever may not read an opinion does not read it in the messages about it."""
    filing_id = made.submitted()
    with app.app_context():
        ask_opinion(college.actor(HEAD), filing_id, college.people["jiwai"], "要不要这个群")
        answer_opinion(college.actor("jiwai"), filing_id, 1, "依我看不要")
    words = said(sign_in("wangqunzhu").open(f"/filings/{filing_id}"))
    assert "纪外人：张主任征求您的意见" in words
    assert "张主任：纪外人已答复意见" in words
    assert "要不要这个群" not in words
    assert "依我看不要" not in words


def test_a_draft_says_nothing_and_a_filing_that_told_nobody_says_so(
    app: Flask, college: College, sign_in: SignIn, made: Made
) -> None:
    draft = made.draft()
    assert 'id="messages"' not in sign_in(APPLICANT).open(f"/filings/{draft}").html
    filing_id = made.submitted(name="护理系二群", number="700001")
    with app.app_context():
        for user_id in (HEAD, "wangqunzhu", "zhaoguanli"):
            change(college.told(user_id), filing_id=None)
    assert "还没有发出过消息" in said(sign_in(APPLICANT).open(f"/filings/{filing_id}"))


def test_five_hundred_cost_what_three_do(
    app: Flask, college: College, sign_in: SignIn, made: Made, counted: StatementCounter
) -> None:
    filing_id = made.submitted()
    counts = []
    for number in (0, 500):
        with app.app_context():
            tell(college, APPLICANT, number, filing=college.filing(filing_id))
        browser = sign_in(APPLICANT)
        counted.statements.clear()
        words = said(browser.open(f"/filings/{filing_id}"))
        counts.append(len(counted))
    assert counts[0] == counts[1]
    assert "503条消息" in words
    assert "这里列出最近的50条" in words
    assert words.count("待发送") == 51
