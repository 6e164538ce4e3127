"""A filing is sent back, mended and sent again: to whoever sent it back, with the reason in sight."""

from pathlib import Path
from typing import Any

import requests
from playwright.sync_api import Page, expect

from tests.browser.conftest import Phone, Stack
from tests.browser.steps import PhoneOf, agree, expect_state, send, send_back, take_pictures
from tests.browser.visitors import Visitor, file_a_group, messages
from tests.script.processes import wait_for

GROUP = "护理系带教联络群"
ASKS = "请您审核"


def test_a_filing_that_is_sent_back_twice_is_mended_and_registered(
    stack: Stack, phone_of: PhoneOf, pictures: Path
) -> None:
    """F19, L3: the head is asked anew, and E15: the old card is harmless.

    L4, E17: what the registrar sent back comes straight back to the registrar.
    """
    path = file_a_group(Visitor(stack, "wangfang"), GROUP, unit="护理系")
    applicant, head, registrar = phone_of("wangfang"), phone_of("liumei"), phone_of("tangwenjing")

    head.card(GROUP, ASKS).get_by_role("link", name="退回修改").click()
    refuse_without_a_reason(head.page)
    send_back(head.page, "请写明带教医院")
    expect_reason_on_top(applicant, path, "护理系部门负责人 刘梅 已退回修改：请写明带教医院")
    take_pictures(applicant.page, pictures, "returned")
    mend(applicant.page, "平台用途", "与带教医院联络")
    expect_state(applicant.page, "in_review")

    old = expect_two_cards_and_the_old_one_spent(head)
    tap_on_spent_card(stack, old)
    expect_state(applicant.go(path), "in_review")
    agree(head, GROUP, by="刘梅")

    send_back(registrar.open_app(path), "请写明成员来自哪些医院")
    head.card(GROUP, "备案已退回，请修改后重新提交")
    expect_reason_on_top(applicant, path, "唐文静 已退回修改：请写明成员来自哪些医院")
    mend(applicant.page, "成员组成", "带教教师和两所医院的联系人")
    expect_state(applicant.page, "approved")
    expect(asking_cards(head)).to_have_count(2)

    registrar.go(path).get_by_role("button", name="办理备案").click()
    expect_state(registrar.page, "registered")
    expect_timeline(applicant.go(path))
    take_pictures(applicant.page, pictures, "returned-twice")


def refuse_without_a_reason(page: Page) -> None:
    """退回修改 alone says that a reason is due."""
    page.get_by_role("button", name="退回修改").click()
    expect(page.locator(".invalid-feedback").first).to_contain_text("请写明理由")


def expect_reason_on_top(phone: Phone, path: str, reason: str) -> None:
    """首页 says who has it, and the filing's page says why before anything else, without scrolling."""
    row = phone.open_app().locator(f'a[href="{path}"]')
    expect(row).to_contain_text("等待申请人王芳修改后重新提交")
    expect(row).to_contain_text("已退回修改")
    row.click()
    notice = phone.page.locator(".notice-danger")
    expect(notice).to_contain_text(reason)
    expect(notice).to_be_in_viewport(ratio=1)


def mend(page: Page, label: str, text: str) -> None:
    """Change one field and send the filing again; everything else is as it was."""
    page.get_by_role("link", name="修改").first.click()
    page.get_by_label(label).fill(text)
    send(page)


def asking_cards(phone: Phone) -> Any:
    return phone.chat().locator("article").filter(has_text=GROUP).filter(has_text=ASKS)


def expect_two_cards_and_the_old_one_spent(head: Phone) -> dict[str, Any]:
    """A second card asks, the first one reads what became of it and has no button; the first, as the phone has it."""
    cards = asking_cards(head)
    expect(cards).to_have_count(2)
    spent = cards.filter(has_text="已退回修改 · 刘梅")
    expect(spent).to_have_count(1)
    expect(spent.get_by_role("button")).to_have_count(0)
    expect(cards.get_by_role("button", name="同意")).to_have_count(1)
    return next(m for m in messages(head.stack, "liumei", GROUP) if m["dead_button"])


def tap_on_spent_card(stack: Stack, card: dict[str, Any]) -> None:
    """A phone that has not heard yet still shows the button: its tap changes nothing and the card says why again."""
    tap = {"userid": "liumei", "task_id": card["task_id"], "key": "approve", "force": True}
    requests.post(f"{stack.simulator}/simulator/tap", json=tap, timeout=20).raise_for_status()

    def told() -> list[dict[str, Any]]:
        here = next(m for m in messages(stack, "liumei", GROUP) if m["task_id"] == card["task_id"])
        assert here["dead_button"].startswith("已退回修改 · 刘梅")
        return here["updates"][len(card["updates"]) :]

    wait_for(told)


def expect_timeline(page: Page) -> None:
    """Each thing where it happened."""
    heads = page.locator(".stage-head")
    expect(heads).to_have_text(
        [
            "申请人已提交",
            "护理系部门负责人已退回修改",
            "申请人第2次提交",
            "护理系部门负责人已同意",
            "宣传统战部备案登记已退回修改",
            "申请人第3次提交",
            "宣传统战部备案登记已备案",
        ]
    )
