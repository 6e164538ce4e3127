"""Posts on the pages: an empty one is filled and its filing goes on; a head who is away lets somebody act for them."""

import re
from datetime import timedelta
from pathlib import Path

from playwright.sync_api import Locator, expect

from operations.clock import college_today
from tests.browser.conftest import Phone, Stack
from tests.browser.steps import PhoneOf, agree, expect_state, take_pictures
from tests.browser.visitors import Visitor, file_a_group

UNGUARDED = "后勤处值班联络群"
DONE_FOR_THE_HEAD, LEFT_TO_THE_HEAD = "临床系带教安排群", "临床系教材征订群"


def test_a_filing_waits_for_an_empty_post_in_sight_until_somebody_is_appointed(
    stack: Stack, phone_of: PhoneOf, pictures: Path
) -> None:
    """L1: it is passed by nobody. E3, F14: the page says who was told, and whoever is appointed gets the card."""
    administrator, applicant = phone_of("xujiahao"), phone_of("qinlei")
    relieve(administrator, "邱德明")
    path = file_a_group(Visitor(stack, "qinlei"), UNGUARDED, unit="后勤处")
    page = applicant.open_app(path)
    expect_state(page, "in_review")
    expect(page.locator(".notice").first).to_contain_text("后勤处部门负责人岗位空缺，已转徐嘉豪")
    take_pictures(page, pictures, "vacant")
    administrator.card(UNGUARDED, "岗位空缺，备案无人审核")
    appoint(administrator, pictures)
    agree(phone_of("cuiyan"), UNGUARDED, by="崔燕")
    expect_state(applicant.go(path), "approved")
    expect(page.locator(".stage", has_text="后勤处部门负责人")).to_contain_text("崔燕")
    put_back(administrator)


def relieve(administrator: Phone, name: str) -> None:
    """The administrator takes the head's post from this person, on the person's page."""
    page = administrator.open_app(f"/administration/people?q={name}")
    page.get_by_role("link", name=name).click()
    page.get_by_role("link", name=re.compile("免去.*部门负责人")).click()
    page.get_by_role("button", name="免去").click()
    expect(page.locator("main")).to_contain_text("以往岗位")


def appoint(administrator: Phone, pictures: Path) -> None:
    """The list of posts says that a filing waits and whom the directory has in mind; somebody else is chosen."""
    page = administrator.go("/administration/posts")
    expect(page.locator("#proposals")).to_contain_text("邱德明")
    expect(page.locator("li").filter(has_text="空缺 1份备案在等")).to_contain_text("后勤处")
    take_pictures(page, pictures, "posts")
    page.get_by_role("link", name=re.compile("任命.*后勤处部门负责人")).click()
    expect(page.locator("#wanted")).to_contain_text("选择要任命为后勤处部门负责人的人")
    page.get_by_label("查找").fill("cuiyan")
    page.get_by_role("button", name="查找").click()
    page.get_by_role("link", name="崔燕").click()
    take_pictures(page, pictures, "person")
    page.get_by_role("button", name="任命", exact=True).click()
    expect(page.locator(".notice").first).to_contain_text("已任命崔燕")


def put_back(administrator: Phone) -> None:
    """邱德明 is head again, as the directory proposes: other tests count on it."""
    relieve(administrator, "崔燕")
    page = administrator.go("/administration/posts")
    page.get_by_role("button", name=re.compile("任命.*邱德明为后勤处部门负责人")).click()
    expect(page.locator(".notice").first).to_contain_text("已任命1位部门负责人")


def test_a_delegate_decides_for_the_head_until_the_delegation_is_ended(
    stack: Stack, phone_of: PhoneOf, pictures: Path
) -> None:
    """E5, F22: the cards go to the delegate, whose tap is recorded as for the head; what is left goes back."""
    head, delegate, applicant = phone_of("gaozhenhua"), phone_of("donghaoran"), Visitor(stack, "chengsisi")
    delegate_on_the_page(head, pictures)
    delegate.chat().locator("article").filter(has_text="高振华委托董浩然代为办理").first.wait_for()
    path, left = (file_a_group(applicant, name, unit="临床医学系") for name in (DONE_FOR_THE_HEAD, LEFT_TO_THE_HEAD))

    delegate.card(LEFT_TO_THE_HEAD, "请您审核")
    expect(asked_of(head)).to_have_count(0)
    expect(delegate.open_app(path).locator("#decide")).to_contain_text("您代高振华（临床医学系部门负责人）审核")
    agree(delegate, DONE_FOR_THE_HEAD, by="董浩然（代高振华）")
    page = phone_of("chengsisi").open_app(path)
    expect_state(page, "approved")
    expect(page.locator(".stage", has_text="临床医学系部门负责人")).to_contain_text("董浩然（代高振华）")
    take_pictures(page, pictures, "decided-for-somebody")

    end_delegation(head)
    agree(head, LEFT_TO_THE_HEAD, by="高振华")
    expect(delegate.chat().locator("article").filter(has_text=LEFT_TO_THE_HEAD)).to_contain_text("已转由现任审核人办理")
    expect(delegate.go("/approvals").locator("main")).not_to_contain_text(LEFT_TO_THE_HEAD)
    expect_state(phone_of("chengsisi").go(left), "approved")


def asked_of(phone: Phone) -> Locator:
    """The cards on this phone that ask for a decision on either group."""
    either = re.compile(f"{DONE_FOR_THE_HEAD}|{LEFT_TO_THE_HEAD}")
    return phone.chat().locator("article").filter(has_text=either).filter(has_text="请您审核")


def delegate_on_the_page(head: Phone, pictures: Path) -> None:
    """The head finds the page from 首页; a day that cannot be is refused and nothing typed is lost."""
    page = head.open_app()
    page.get_by_role("link", name="岗位和委托").click()
    today = college_today()
    page.get_by_label("受托人").fill("董浩然")
    page.get_by_label("开始日期").fill(str(today))
    page.get_by_label("结束日期").fill(str(today - timedelta(days=1)))
    page.get_by_role("button", name="委托", exact=True).click()
    expect(page.locator("#ends_on-error")).to_contain_text("结束日期不能早于开始日期")
    expect(page.get_by_label("受托人")).to_have_value("董浩然")
    page.get_by_label("结束日期").fill(str(today + timedelta(days=7)))
    page.get_by_role("button", name="委托", exact=True).click()
    expect(page.locator(".notice").first).to_contain_text("已委托董浩然")
    take_pictures(page, pictures, "delegations")


def end_delegation(head: Phone) -> None:
    """The head ends it before its last day."""
    page = head.open_app("/delegations")
    page.get_by_role("link", name=re.compile("结束委托")).click()
    page.get_by_role("button", name="结束委托").click()
    expect(page.locator(".notice").first).to_contain_text("委托已结束")
