"""A head is appointed on the pages, lets somebody act for them, and that person's tap is recorded as theirs."""

import re
from datetime import timedelta
from pathlib import Path

from playwright.sync_api import expect

from operations.clock import college_today
from tests.browser.conftest import Phone
from tests.browser.steps import PhoneOf, Way, file


def test_a_head_appointed_on_the_pages_delegates_and_the_delegates_tap_is_recorded_as_for_them(
    phone_of: PhoneOf, pictures: Path
) -> None:
    appoint_on_the_pages(phone_of("xujiahao"), pictures)
    delegate_on_the_phone(phone_of("fanwenbin"), pictures)
    told = phone_of("caiyun")
    told.page.goto(f"{told.stack.simulator}/phones/caiyun")
    told.page.locator("article").filter(has_text="范文斌委托蔡云代为办理").first.wait_for()
    path = file(phone_of("wangfang"), Way("部门", "wangfang", "护理系值班联络群", ()))
    card = phone_of("caiyun").card("护理系值班联络群", "请您审核")
    phone_of("caiyun").open_app(path)
    expect(phone_of("caiyun").page.locator("#decide")).to_contain_text("您代范文斌（护理系部门负责人）审核")
    card = phone_of("caiyun").card("护理系值班联络群", "请您审核")
    card.get_by_role("button", name="同意").click()
    phone_of("caiyun").page.locator("article").filter(has_text="已同意 · 蔡云（代范文斌）").wait_for()
    page = phone_of("wangfang").open_app(path)
    expect(page.locator("[data-state]").first).to_have_attribute("data-state", "approved")
    expect(page.locator("main")).to_contain_text("蔡云（代范文斌）")
    page.screenshot(path=pictures / "decided-for-somebody.png", full_page=True)
    end_again(phone_of("xujiahao"), phone_of("fanwenbin"))


def appoint_on_the_pages(phone: Phone, pictures: Path) -> None:
    """The administrator relieves 刘梅, sees 护理系 vacant on top, and appoints 范文斌 there."""
    page = phone.open_app("/administration/people?q=liumei")
    page.get_by_role("link", name="刘梅").click()
    page.get_by_role("link", name=re.compile("免去.*护理系部门负责人")).click()
    page.get_by_role("button", name="免去").click()
    expect(page.locator("main")).to_contain_text("以往岗位")
    page.goto(phone.stack.service + "/administration/posts")
    expect(page.locator("#proposals")).to_contain_text("刘梅")
    page.screenshot(path=pictures / "posts.png", full_page=True)
    page.get_by_role("link", name=re.compile("任命.*护理系部门负责人")).click()
    expect(page.locator("#wanted")).to_contain_text("选择要任命为护理系部门负责人的人")
    page.get_by_label("查找").fill("fwb")
    page.get_by_role("button", name="查找").click()
    page.get_by_role("link", name="范文斌").click()
    page.screenshot(path=pictures / "person.png", full_page=True)
    page.get_by_role("button", name="任命", exact=True).click()
    expect(page.locator(".notice").first).to_contain_text("已任命范文斌")


def delegate_on_the_phone(phone: Phone, pictures: Path) -> None:
    """The head finds the page from 首页; a day that cannot be is refused and nothing typed is lost."""
    page = phone.open_app()
    page.get_by_role("link", name="岗位和委托").click()
    today = college_today()
    page.get_by_label("受托人").fill("蔡云")
    page.get_by_label("开始日期").fill(str(today))
    page.get_by_label("结束日期").fill(str(today - timedelta(days=1)))
    page.get_by_role("button", name="委托", exact=True).click()
    expect(page.locator("#ends_on-error")).to_contain_text("结束日期不能早于开始日期")
    expect(page.get_by_label("受托人")).to_have_value("蔡云")
    page.screenshot(path=pictures / "delegations-refused.png", full_page=True)
    page.get_by_label("结束日期").fill(str(today + timedelta(days=7)))
    page.get_by_role("button", name="委托", exact=True).click()
    expect(page.locator(".notice").first).to_contain_text("已委托蔡云")
    expect(page.get_by_role("link", name=re.compile("结束委托"))).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.screenshot(path=pictures / "delegations.png", full_page=True)


def end_again(administrator: Phone, head: Phone) -> None:
    """The delegation and the post end on the pages, and 刘梅 is head again: other tests count on her."""
    page = head.open_app("/delegations")
    page.get_by_role("link", name=re.compile("结束委托")).click()
    page.get_by_role("button", name="结束委托").click()
    expect(page.locator(".notice").first).to_contain_text("委托已结束")
    page = administrator.open_app("/administration/people?q=fanwenbin")
    page.get_by_role("link", name="范文斌").click()
    page.get_by_role("link", name=re.compile("免去.*护理系部门负责人")).click()
    page.get_by_role("button", name="免去").click()
    page.goto(administrator.stack.service + "/administration/posts")
    page.get_by_role("button", name=re.compile("任命.*刘梅为护理系部门负责人")).click()
    expect(page.locator(".notice").first).to_contain_text("已任命1位部门负责人")
