"""Several filings agreed to, and registered, by one press: ticked on the page and asked about once more."""

import re
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.conftest import Stack
from tests.browser.steps import PhoneOf, expect_state, take_pictures
from tests.browser.visitors import Visitor, file_a_group, messages
from tests.script.processes import wait_for

GROUPS = ("教务处考务安排群", "教务处教材征订群", "教务处督导反馈群")
#: Pixels from one line of a row to the next, at most.
LINE = 32
NUMBER = re.compile(r"川护群备〔\d{4}〕\d{4}号")


def test_several_filings_are_agreed_to_and_registered_together(stack: Stack, phone_of: PhoneOf, pictures: Path) -> None:
    """F23: each by the same checks, so what somebody else did meanwhile is said and not done again."""
    applicant = Visitor(stack, "xieting")
    paths = [file_a_group(applicant, name, unit="教务处") for name in GROUPS]

    head = phone_of("huangzhiqiang").open_app("/approvals")
    head.get_by_label("全选").check()
    expect(head.get_by_role("status")).to_have_text("已选3份")
    take_pictures(head, pictures, "batch-ticked")
    head.get_by_role("button", name="批量同意").click()
    expect(head.get_by_role("heading", name="待确认 3 份")).to_be_visible()
    head.get_by_role("button", name="确认同意").click()
    expect(head.locator("h1")).to_have_text("批量同意：已办理3份")
    head.get_by_role("link", name="返回待我办理").click()
    expect(head.locator("main")).to_contain_text("目前没有等您办理的事项")

    registrar = phone_of("tangwenjing").open_app("/approvals")
    ask_to_register(registrar)
    take_pictures(registrar, pictures, "batch-confirm")
    register_meanwhile(Visitor(stack, "panyue"), paths[0])
    registrar.get_by_role("button", name="确认办理备案").click()
    expect_two_done_and_one_left(registrar)
    take_pictures(registrar, pictures, "batch-done")

    registrar.get_by_role("link", name=GROUPS[0]).click()
    expect_state(registrar, "registered")
    expect(registrar.locator(".stage", has_text="备案登记")).to_have_count(1)
    expect(registrar.locator(".stage", has_text="备案登记")).to_contain_text("潘悦")
    for name in GROUPS:
        told = wait_for(lambda name=name: registered(messages(stack, "xieting", name)))
        assert len(told) == 1


def registered(told: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The messages that give a number."""
    return [message for message in told if NUMBER.search(str(message["body"]))]


def ask_to_register(page: Page) -> None:
    """Tick these three among whatever waits; the page that asks once more lists them, line by line, and no other."""
    for name in GROUPS:
        page.get_by_role("checkbox", name=name).check()
    expect(page.get_by_role("status")).to_have_text("已选3份")
    page.get_by_role("button", name="批量办理备案").click()
    expect(page.locator(".ticked .row-name")).to_have_text(list(GROUPS))
    name, below = (page.locator(f".ticked {line}").first.bounding_box() for line in (".row-name", ".row-below"))
    assert name is not None
    assert below is not None
    assert below["y"] - name["y"] < LINE


def register_meanwhile(other: Visitor, path: str) -> None:
    """Another registrar registers one of them on its page."""
    answer = other.post(other.get(path), f"{path}/decision", outcome="registered", reason="")
    assert NUMBER.search(answer.text)


def expect_two_done_and_one_left(page: Page) -> None:
    """The page of what came of it gives two numbers, each another, and says of the third who was first."""
    expect(page.locator("h1")).to_have_text("批量办理备案：已办理2份")
    done, left = (page.locator("section").filter(has_text=title) for title in ("已备案 2 份", "没有办理 1 份"))
    numbers = [NUMBER.search(text) for text in done.locator(".row-below").all_inner_texts()]
    assert len({number[0] for number in numbers if number}) == 2
    expect(left).to_contain_text(GROUPS[0])
    expect(left).to_contain_text("这一步已由潘悦处理")
