"""What the people of several tests do in the same way: fill in the form, file a group, register it, take pictures."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.conftest import DESK, PHONE, Phone

PhoneOf = Callable[[str], Phone]


@dataclass(frozen=True)
class Way:
    """A tier of 第八条 in the demo college: who files what, and who has to agree."""

    tier: str
    applicant: str
    name: str
    approvers: tuple[tuple[str, str], ...]
    supervisor: str = ""


def fill_in(page: Page, way: Way) -> None:
    """The annex's form, as a person fills it in."""
    page.get_by_label("备案类型").select_option(label="新建备案")
    page.get_by_label("群组类型").select_option(label="微信群")
    page.get_by_label("建群主体").select_option(label=way.tier)
    if way.supervisor:
        page.get_by_label("主管部门").select_option(label=way.supervisor)
    page.get_by_label("群名").fill(way.name)
    page.get_by_label("群人数").fill("46")
    page.get_by_label("成员组成").fill("相关教师和学生")
    page.get_by_label("开通时间").fill("2099-01-01")
    page.get_by_label("平台用途").fill("发布工作通知")
    for legend, name in (("第一责任人", "刘梅"), ("群主", "王芳"), ("管理员", "蔡云")):
        group = page.get_by_role("group", name=legend, exact=True)
        group.get_by_label("姓名").fill(name)
        group.get_by_label("手机").fill("19900000032")


def file(phone: Phone, way: Way) -> str:
    """File the group from the workbench; the path of the filing."""
    page = phone.open_app()
    page.get_by_role("link", name="新建备案").first.click()
    fill_in(page, way)
    page.get_by_role("button", name="提交备案").click()
    expect(page.get_by_text("第八条").first).to_be_visible()
    for _, name in way.approvers:
        expect(page.locator("main")).to_contain_text(name)
    page.get_by_label("承诺").check()
    page.get_by_role("button", name="确认提交").click()
    expect(page).to_have_url(re.compile(r"/filings/\d+$"))
    expect_state(page, "in_review")
    return "/" + page.url.split("/", 3)[3]


def register(phone: Phone, path: str) -> None:
    """The registrar finds the filing among what waits, and registers it."""
    page = phone.open_app("/approvals")
    page.locator(f'a[href^="{path}"]').first.click()
    page.get_by_role("button", name="办理备案").click()
    expect_state(page, "registered")
    expect(page.locator("main")).to_contain_text(re.compile(r"川护群备〔\d{4}〕\d{4}号"))


def expect_state(page: Page, state: str) -> None:
    """The page's own object is in this state."""
    expect(page.locator("[data-state]").first).to_have_attribute("data-state", state)


def send(page: Page) -> None:
    """From the form that is filled in past the page that confirms it."""
    page.get_by_role("button", name="提交备案").click()
    page.get_by_label("承诺").check()
    page.get_by_role("button", name="确认提交").click()
    expect(page).to_have_url(re.compile(r"/filings/\d+$"))


def send_back(page: Page, reason: str) -> None:
    """退回修改 on the filing's page."""
    page.get_by_label("审核意见").fill(reason)
    page.get_by_role("button", name="退回修改").click()
    expect_state(page, "returned")


def agree(phone: Phone, group: str, by: str) -> None:
    """Tap 同意 on the card, and see that it says who agreed."""
    about = phone.chat().locator("article").filter(has_text=group)
    about.filter(has_text="请您审核").get_by_role("button", name="同意").click()
    about.filter(has_text=f"已同意 · {by}").first.wait_for()


def take_pictures(page: Page, folder: Path, name: str) -> None:
    """The page on a phone and on a desk; on neither does anything stand beyond the edge."""
    before = page.viewport_size
    for size, where in ((PHONE, "phone"), (DESK, "desk")):
        page.set_viewport_size(size)
        page.screenshot(path=folder / f"{name}-{where}.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth") == size["width"]
    if before:
        page.set_viewport_size(before)
