"""Filing a department's ordinary group on a phone: what has to be typed, counted."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.conftest import Phone

PhoneOf = Callable[[str], Phone]
MOST_TYPED = 8


class Typist:
    """Somebody who fills in a form, and counts the boxes they typed into."""

    def __init__(self, page: Page) -> None:
        self.page, self.count = page, 0

    def type(self, label: str, text: str, legend: str = "") -> None:
        """Type into the box of this label, in the fieldset of this legend."""
        place = self.page.get_by_role("group", name=legend, exact=True) if legend else self.page
        place.get_by_label(label, exact=not legend).first.fill(text)
        self.count += 1


def give_mobile(phone: Phone, mobile: str) -> None:
    """Whoever answers for groups gives their number once, at 我的信息."""
    page = phone.open_app("/me")
    page.get_by_label("手机").fill(mobile)
    page.get_by_role("button", name="保存").first.click()
    expect(page.locator("main")).to_contain_text("已保存")


def test_an_ordinary_group_is_filed_with_at_most_eight_typed_fields(phone_of: PhoneOf) -> None:
    """F2: what the directory, the posts and the people themselves told before is not typed again."""
    give_mobile(phone_of("liumei"), "19900000031")
    give_mobile(phone_of("wangfang"), "19900000032")
    phone = phone_of("wangfang")
    page = phone.open_app("/filings/new")
    page.get_by_label("群组类型").select_option(label="QQ群")
    page.get_by_label("建群主体").select_option(label="部门")
    typist = Typist(page)
    typist.type("群名", "护理系两分钟工作群")
    typist.type("群号", "700000028")
    typist.type("群人数", "46")
    typist.type("成员组成", "护理系全体教师")
    typist.type("平台用途", "发布教学安排")
    typist.type("姓名", "蔡云", legend="管理员")
    typist.type("手机", "19900000033", legend="管理员")
    page.get_by_role("button", name="提交备案").click()
    page.get_by_label("承诺").check()
    page.get_by_role("button", name="确认提交").click()
    expect(page).to_have_url(re.compile(r"/filings/\d+$"))
    expect(page.locator("[data-state]").first).to_have_attribute("data-state", "in_review")
    expect(page.locator("main")).to_contain_text("199****0031")
    assert "19900000031" not in page.content()
    assert typist.count <= MOST_TYPED
