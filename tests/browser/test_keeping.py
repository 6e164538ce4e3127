"""A form that is kept while it is typed: nothing is lost by leaving, by a sign-in that ran out, or by the network."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Phone

PhoneOf = Callable[[str], Phone]
EDIT = re.compile(r"/filings/\d+/edit$")


@pytest.fixture
def page(phone_of: PhoneOf) -> Page:
    """A new form on the phone of somebody at 护理系."""
    return phone_of("wangfang").open_app("/filings/new")


def type_name(page: Page, name: str) -> None:
    page.get_by_label("群名", exact=True).fill(name)


def sign_out_silently(page: Page) -> None:
    """The sign-in runs out while the page is open; the phone stays the same person's."""
    page.context.clear_cookies(name="session")


def look_away(page: Page) -> None:
    """The page goes out of sight, as when WeCom is put aside."""
    page.evaluate("Object.defineProperty(document, 'visibilityState', {value: 'hidden', configurable: true})")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def expect_kept(page: Page) -> None:
    """It is said below the form; and the address is the draft's from then on."""
    expect(page.locator("[data-kept]")).to_contain_text("已自动保存草稿")
    expect(page).to_have_url(EDIT)


def test_what_is_typed_is_found_again_though_no_button_was_pressed(page: Page, pictures: Path) -> None:
    """F3: drafts are kept as they are typed."""
    type_name(page, "护理系自动保存群")
    expect_kept(page)
    page.screenshot(path=pictures / "form-kept.png")
    page.reload()
    expect(page.get_by_label("群名", exact=True)).to_have_value("护理系自动保存群")
    page.get_by_label("平台用途").fill("发布通知")
    page.get_by_role("button", name="保存草稿").click()
    expect(page.locator("main")).to_contain_text("草稿已保存")
    expect(page.locator("main")).to_contain_text("发布通知")


def test_leaving_in_the_middle_keeps_the_last_letter(page: Page) -> None:
    """F3: and on leaving."""
    type_name(page, "护理系离开时保存的群")
    expect_kept(page)
    page.get_by_label("平台用途").fill("离开前的最后一句")
    with page.expect_response(lambda answer: answer.url.endswith("/keep")):
        look_away(page)
    page.reload()
    expect(page.get_by_label("平台用途")).to_have_value("离开前的最后一句")


def test_a_form_that_was_refused_is_kept_as_well(page: Page) -> None:
    """F3: lost by no error."""
    page.get_by_label("平台用途").fill("还差别的没有填")
    page.get_by_role("button", name="提交备案").click()
    expect(page.get_by_role("alert").first).to_contain_text("处需要修改")
    expect_kept(page)
    page.reload()
    expect(page.get_by_label("平台用途")).to_have_value("还差别的没有填")


def test_a_sign_in_that_ran_out_loses_nothing(page: Page, phone_of: PhoneOf, pictures: Path) -> None:
    """F3: lost by no time-out: what the server could not take is there again after signing in."""
    type_name(page, "护理系登录过期的群")
    expect_kept(page)
    sign_out_silently(page)
    page.get_by_label("平台用途").fill("过期之后写的")
    page.get_by_label("群人数").fill("四十几")
    expect(page.locator("[data-kept]")).to_contain_text("登录已过期")
    page.screenshot(path=pictures / "form-signed-out.png")
    address = page.url
    page.locator("[data-kept]").get_by_role("link", name="重新登录").click()
    expect(page).to_have_url(address)
    expect(page.get_by_label("平台用途")).to_have_value("过期之后写的")
    expect(page.get_by_label("群人数")).to_have_value("四十几")
    expect(page.locator("main")).to_contain_text("已恢复您上次在这里填写")
    page.screenshot(path=pictures / "form-restored.png")
    page.get_by_role("button", name="不恢复").click()
    expect(page.get_by_label("平台用途")).to_have_value("")
    expect(page.get_by_role("button", name="不恢复")).to_have_count(0)


def test_pressing_a_button_after_the_sign_in_ran_out_loses_nothing_either(page: Page) -> None:
    """F3: a new form that was never kept comes back after signing in."""
    sign_out_silently(page)
    type_name(page, "护理系从未保存过的群")
    page.get_by_role("button", name="保存草稿").click()
    page.get_by_role("main").get_by_role("link", name="登录").click()
    expect(page.get_by_label("群名", exact=True)).to_have_value("护理系从未保存过的群")
    page.get_by_role("button", name="保存草稿").click()
    expect(page.locator("main")).to_contain_text("草稿已保存")


def test_a_second_administrator_comes_back_too(page: Page) -> None:
    """F3: the page that is opened after signing in has room for one administrator only."""
    page.get_by_role("button", name="增加管理员").click()
    second = page.get_by_role("group", name="第二位管理员", exact=True).get_by_label("姓名")
    expect(second).to_be_visible()
    sign_out_silently(page)
    second.fill("龚第二")
    expect(page.locator("[data-kept]")).to_contain_text("登录已过期")
    page.locator("[data-kept]").get_by_role("link", name="重新登录").click()
    expect(second).to_have_value("龚第二")
    expect_kept(page)


def test_what_somebody_else_typed_in_this_tab_is_gone(page: Page) -> None:
    sign_out_silently(page)
    type_name(page, "护理系不给别人看的群")
    assert page.evaluate("Object.keys(sessionStorage).length") == 1
    page.goto(page.url.partition("/filings")[0] + "/logout")
    expect(page.get_by_role("heading", name="已退出登录")).to_be_visible()
    assert page.evaluate("Object.keys(sessionStorage).length") == 0


def test_a_network_that_is_away_is_waited_for(page: Page) -> None:
    """F3: no loss on a bad network."""
    page.context.set_offline(True)
    type_name(page, "护理系断网时写的群")
    expect(page.locator("[data-kept]")).to_contain_text("暂时保存不了")
    page.context.set_offline(False)
    expect_kept(page)


def test_a_second_window_is_told_and_overwrites_nothing(page: Page, phone_of: PhoneOf) -> None:
    """F3: lost by no second tab."""
    type_name(page, "护理系两个窗口的群")
    expect_kept(page)
    other = page.context.new_page()
    other.goto(page.url)
    other.get_by_label("平台用途").fill("第二个窗口写的")
    expect(other.locator("[data-kept]")).to_contain_text("已自动保存草稿")
    page.get_by_label("平台用途").fill("第一个窗口写的")
    expect(page.locator("[data-kept]")).to_contain_text("另一个窗口保存过")
    page.get_by_role("button", name="保存草稿").click()
    expect(page.get_by_label("平台用途")).to_have_value("第一个窗口写的")
    expect(page.get_by_role("alert").first).to_contain_text("另一个窗口保存过")
    page.get_by_label("平台用途").fill("第一个窗口还没有按")
    look_away(page)
    other.reload()
    expect(other.get_by_label("平台用途")).to_have_value("第二个窗口写的")
    other.close()
