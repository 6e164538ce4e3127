"""What a finger meets on a phone of 390 px, and what long names and the keyboard's focus do to the look."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import IN_WECOM, Phone, Stack

#: What a tap this far from the middle of anything meets still belongs to it: 40 px for a link, 44 for a control.
SMALL_TARGETS = """() => {
  const controls = "select, textarea, input:not([type=hidden], [type=checkbox])";
  const meets = (target, x, y) => {
    const hit = document.elementFromPoint(x, y);
    return hit && (target.contains(hit) || hit.closest("label")?.control === target);
  };
  const within = (target) => {
    target.scrollIntoView({ block: "center", behavior: "instant" });
    const box = target.getBoundingClientRect();
    const x = box.left + box.width / 2, y = box.top + box.height / 2;
    const reach = target.matches(controls) ? 21 : 19;
    return [[0, -reach], [0, reach], [-19, 0], [19, 0]].every(([right, down]) => meets(target, x + right, y + down));
  };
  const shown = (target) => target.checkVisibility() && !target.matches(".skip-link, :disabled");
  return [...document.querySelectorAll(`a, button, ${controls}, [type=checkbox]`)]
    .filter((target) => shown(target) && !within(target))
    .map((target) => `${target.tagName} ${target.name || target.textContent.trim()}`);
}"""
LONG = "继续教育与职业技能培训管理中心暨成人高等教育函授站及对外合作交流办公室" * 2


@pytest.mark.parametrize(
    ("user_id", "addresses"),
    [
        ("wangfang", ["/", "/guide", "/filings/new", "/me", "/approvals", "/messages", "/nix"]),
        ("liumei", ["/delegations", "/handovers", "/filings/6", "/filings/5", "/groups/5"]),
        (
            "xujiahao",
            [
                *("/administration/", "/administration/posts", "/administration/people?q=li"),
                *("/administration/departments", "/administration/departments/8", "/administration/directory"),
                *("/administration/messages", "/administration/messages?show=all"),
            ],
        ),
    ],
)
def test_everything_to_tap_is_within_a_fingers_reach(
    user_id: str, addresses: list[str], phone_of: Callable[[str], Phone]
) -> None:
    phone = phone_of(user_id)
    phone.open_app()
    small = {}
    for address in addresses:
        phone.page.goto(phone.stack.service + address)
        small[address] = phone.page.evaluate(SMALL_TARGETS)
    assert {address: found for address, found in small.items() if found} == {}


def test_the_departments_to_choose_from_unfold_and_are_within_reach(phone_of: Callable[[str], Phone]) -> None:
    page = phone_of("wangfang").open_app("/filings/new")
    assert not page.get_by_label("学生处").is_visible()
    page.locator("summary", has_text="参与单位").click()
    page.get_by_label("学生处").check()
    assert page.evaluate(SMALL_TARGETS) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_links_of_a_refused_form_and_within_a_sentence_are_within_reach(phone_of: Callable[[str], Phone]) -> None:
    page = phone_of("wangfang").open_app("/filings/new")
    page.get_by_role("button", name="提交备案").click()
    page.locator("#errors").wait_for()
    assert page.evaluate(SMALL_TARGETS) == []


def test_a_long_name_leaves_the_brand_on_one_line(phone_of: Callable[[str], Phone]) -> None:
    page = phone_of("wangfang").open_app()
    before = _height(page, ".brand")
    page.locator(".who-name").evaluate("(name, long) => name.firstChild.data = long", LONG)
    assert _height(page, ".brand") == before
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_long_post_to_delegate_is_shown_whole(phone_of: Callable[[str], Phone]) -> None:
    page = phone_of("liumei").open_app("/delegations")
    page.locator("#post_id option").first.evaluate("(option, long) => option.text = long", LONG)
    assert _height(page, "#post_id") >= 4 * 24


def test_a_long_department_leaves_the_badges_on_one_line(stack: Stack, browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, user_agent=IN_WECOM, locale="zh-CN")
    page = Phone(stack, context, "xujiahao").open_app("/administration/departments")
    page.locator(".units tbody tr").first.evaluate(
        """(row, long) => {
          row.querySelector("th a").textContent = row.cells[3].textContent = long;
          const badge = Object.assign(document.createElement("span"), { className: "state state-amber" });
          badge.textContent = "类别、负责人、党总支负责人、主管院领导";
          row.lastElementChild.append(badge);
        }""",
        LONG,
    )
    assert _height(page, ".units tbody tr:first-child .state") < 25
    badge, table = (page.locator(found).bounding_box() for found in (".units tbody tr:first-child .state", ".units"))
    assert badge is not None
    assert table is not None
    assert badge["x"] + badge["width"] <= table["x"] + table["width"]
    context.close()


def test_a_focused_tick_has_the_ring_of_everything_else(phone_of: Callable[[str], Phone]) -> None:
    page = phone_of("xujiahao").open_app("/administration/people")
    page.locator("#q").focus()
    page.keyboard.press("Tab")
    ring = page.locator("#gone:focus").evaluate("(tick) => ({ ...getComputedStyle(tick) })")
    link = page.locator(".brand").evaluate("(link) => getComputedStyle(link).getPropertyValue('--link')")
    assert (ring["outlineWidth"], ring["outlineStyle"], ring["boxShadow"]) == ("3px", "solid", "none")
    assert ring["outlineColor"] == _as_rgb(link)


def _height(page: Page, found: str) -> Any:
    return page.locator(found).first.evaluate("(each) => each.getBoundingClientRect().height")


def _as_rgb(colour: str) -> str:
    digits = colour.strip().removeprefix("#")
    return f"rgb({', '.join(str(int(digits[at : at + 2], 16)) for at in (0, 2, 4))})"
