"""From 离职 to 确认接任: the administrator marks, the head chooses, the successor taps on the card."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.conftest import Phone

PhoneOf = Callable[[str], Phone]
GROUP = "护理系2026级1班班级群"


def open_leaving(phone: Phone, name: str, link: str) -> Page:
    """The page that asks whether to mark somebody 离职, or to take the mark back, by way of the person's own."""
    page = phone.open_app(f"/administration/people?q={name}&gone=y")
    page.get_by_role("link", name=name).click()
    page.get_by_role("link", name=link).click()
    return page


def test_a_leavers_groups_are_handed_over_by_a_tap(phone_of: PhoneOf) -> None:
    admin = phone_of("xujiahao")
    page = open_leaving(admin, "吴秀英", "标记离职")
    expect(page.locator("main")).to_contain_text("担任责任人的群组，2个")
    page.get_by_role("button", name="标记离职").click()
    expect(page.locator("main")).to_contain_text("吴秀英已标记为离职")

    head = phone_of("liumei")
    head.card("护理系群组移交", "吴秀英已离职，2 个群组责任人缺位，请办理移交").get_by_role(
        "link", name="护理系群组移交"
    ).click()
    page = head.page
    expect(page.locator("[data-state]").first).to_have_attribute("data-state", "open")
    page.get_by_label("姓名").fill("石倩")
    page.get_by_role("button", name="请对方确认").click()
    expect(page.locator("main")).to_contain_text("已请石倩确认接任2项")
    handover = page.url

    successor = phone_of("shiqian")
    card = successor.card("护理系群组移交", "请您接任吴秀英的2个群组")
    expect(card.get_by_role("link", name="不接任")).to_be_visible()
    card.get_by_role("button", name="确认接任").click()
    successor.page.locator("article").filter(has_text="请您接任").filter(has_text="已确认接任 · 石倩").wait_for()
    page = successor.open_app(handover.removeprefix(successor.stack.service))
    expect(page.locator("[data-state]").first).to_have_attribute("data-state", "closed")

    head.card("护理系群组移交", "石倩已确认接任2个群组")
    page = phone_of("tangwenjing").open_app("/registry")
    page.get_by_role("link", name=GROUP).click()
    page.get_by_role("link", name="群组档案 全部备案记录").click()
    expect(page.locator("main")).to_contain_text("管理员：吴秀英 → 石倩")
    expect(page.locator("main")).not_to_contain_text("责任人缺位")
    assert page.evaluate("document.documentElement.scrollWidth") == 390

    page = open_leaving(admin, "吴秀英", "取消离职标记")
    page.get_by_role("button", name="取消离职标记").click()
    expect(page.locator("main")).to_contain_text("已取消吴秀英的离职标记")
