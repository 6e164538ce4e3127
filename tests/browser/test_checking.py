"""What the regulation says of a form is said at its fields while it is filled in, and takes nothing from anybody."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import PHONE, Phone, Stack
from tests.browser.steps import PhoneOf, take_pictures

CHECK = "**/filings/check"
TYPED = {"群名": "带教老师群", "群号": "６１２３ 0003", "群人数": "101", "平台用途": "安排带教"}


@pytest.fixture
def form(phone_of: PhoneOf) -> Page:
    """The form of a teacher of 护理系, empty but for what is known of them."""
    return phone_of("weilan").open_app("/filings/new")


def field(page: Page, label: str) -> Locator:
    """The field of this label, with all that is said there."""
    return page.locator(".field").filter(has=page.get_by_label(label, exact=True))


def said(page: Page, label: str) -> Locator:
    """What is said at the field since it was typed in."""
    return field(page, label).locator("[aria-live]")


def type_all(page: Page) -> None:
    """A form with something wrong in most fields."""
    page.get_by_label("群组类型").select_option(label="QQ群")
    for label, text in TYPED.items():
        page.get_by_label(label, exact=True).fill(text)


def test_a_wrong_name_is_said_with_its_article_and_one_press_takes_the_proposal(form: Page, pictures: Path) -> None:
    """F7, F10: whoever types stays where they are, and so does what they typed."""
    form.get_by_label("平台用途").fill("安排带教")
    name = form.get_by_label("群名", exact=True)
    name.press_sequentially("带教老师群")
    expect(said(form, "群名")).to_contain_text("第九条：")
    expect(name).to_be_focused()
    expect(name).to_have_value("带教老师群")
    expect(form.get_by_label("平台用途")).to_have_value("安排带教")
    take_pictures(form, pictures, "checking-name")
    said(form, "群名").get_by_role("button", name="采用「护理系带教老师群」").click()
    expect(name).to_have_value("护理系带教老师群")
    expect(said(form, "群名")).to_be_empty()
    expect(name).to_be_focused()


def test_what_was_refused_is_said_once_and_mended_by_the_same_press(form: Page) -> None:
    """F7: the proposal is there after sending as it is while typing."""
    form.get_by_label("群名", exact=True).fill("快乐大家庭")
    form.get_by_role("button", name="提交备案").click()
    expect(form.get_by_role("alert").first).to_contain_text("处需要修改")
    proposal = said(form, "群名").get_by_role("button", name="采用「护理系快乐大家庭」")
    expect(proposal).to_be_visible()
    expect(form.get_by_text("建议改为「护理系快乐大家庭」")).to_have_count(1)
    proposal.click()
    expect(form.get_by_label("群名", exact=True)).to_have_value("护理系快乐大家庭")


def test_number_size_and_tier_are_answered_at_their_fields(form: Page, pictures: Path) -> None:
    """E21, E22, E26, F12: as it will be kept, whose it is, what is missing, and who decides by which item."""
    type_all(form)
    form.get_by_label("群名", exact=True).fill("护理系2026级9班群")
    expect(said(form, "群号")).to_contain_text("将记为 61230003")
    expect(said(form, "群号")).to_contain_text(re.compile(r"护理系.*川护群备〔\d{4}〕\d{4}号"))
    expect(said(form, "群号")).not_to_contain_text(re.compile(r"1\d{10}|1\d\d\*{4}"))
    expect(said(form, "群人数")).to_contain_text("第十条：群人数为101人，超过100人须注明原因和必要性。")
    expect(form.get_by_label("建群主体")).to_have_value("faculty_organization")
    expect(said(form, "建群主体")).to_contain_text("第八条第4项")
    take_pictures(form, pictures, "checking-fields")
    form.get_by_role("button", name=re.compile("^填入")).first.click()
    expect(said(form, "群人数")).not_to_contain_text("须注明")
    expect(form.get_by_label("超过100人的原因和必要性")).not_to_be_empty()
    form.get_by_label("群人数").fill("100")
    expect(form.get_by_label("超过100人的原因和必要性")).to_be_hidden()
    expect(said(form, "群人数")).to_be_empty()


@pytest.fixture
def plain(stack: Stack, browser: Browser) -> Iterator[Page]:
    """The same form in a browser that runs no scripts."""
    context = browser.new_context(viewport=PHONE, java_script_enabled=False)
    yield Phone(stack, context, "weilan").open_app("/filings/new")
    context.close()


def test_without_scripts_the_same_is_said_when_the_form_is_sent(form: Page, plain: Page) -> None:
    """F10: there is one set of rules."""
    labels = ("群名", "群号", "群人数")
    for page in (form, plain):
        type_all(page)
        page.get_by_label("建群主体").select_option(label="部门")
    for label in labels:
        expect(said(form, label)).to_contain_text("条：")
    live = [said(form, label).locator(".live-finding").first.inner_text() for label in labels]
    plain.get_by_role("button", name="提交备案").click()
    # Full-width digits come back as ordinary ones; nothing else of what was typed is touched.
    kept = TYPED | {"群号": "6123 0003"}
    for label, sentence in zip(labels, live, strict=True):
        expect(field(plain, label).locator(".invalid-feedback")).to_contain_text(sentence)
        expect(plain.get_by_label(label, exact=True)).to_have_value(kept[label])


def test_a_check_that_fails_takes_nothing_away(stack: Stack, browser: Browser) -> None:
    """F10: what was typed stays, nothing is said, and the next answer is shown as ever."""
    context = browser.new_context(viewport=PHONE, locale="zh-CN")
    phone = Phone(stack, context, "weilan")
    form = phone.open_app("/filings/new")
    signed_in = context.cookies()
    name = form.get_by_label("群名", exact=True)

    def expect_silence() -> None:
        expect(name).to_be_focused()
        for label, text in TYPED.items():
            expect(form.get_by_label(label, exact=True)).to_have_value(text)
        expect(form.locator(".live-finding")).to_have_count(0)

    form.route(CHECK, lambda route: route.abort())
    with form.expect_event("requestfailed"):
        type_all(form)
        name.focus()
    expect_silence()
    form.route(CHECK, lambda route: route.fulfill(status=503, body=""))
    with form.expect_response(CHECK):
        name.fill(TYPED["群名"])
    expect_silence()
    form.unroute_all()
    context.clear_cookies()
    with form.expect_response(CHECK) as refused:
        name.fill(TYPED["群名"])
    assert not refused.value.ok
    expect_silence()
    context.add_cookies(signed_in)  # type: ignore[arg-type]
    name.fill(TYPED["群名"])
    expect(said(form, "群名")).to_contain_text("第九条：")
    # Chromium itself says on its console that a question was not answered; the page's scripts say nothing.
    assert [complaint for complaint in phone.complaints if "Failed to load resource" not in complaint] == []
    context.close()
