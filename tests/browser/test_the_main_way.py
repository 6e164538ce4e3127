"""One filing of each tier from the form to its number, on phones, decided by a tap on the card."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Phone, Stack
from tests.browser.steps import PhoneOf, Way, agree, expect_state, file, fill_in, register

WAYS = [
    Way("以学院名义", "dengyulan", "川护值班工作群", (("yangxuemei", "杨雪梅"), ("chenguodong", "陈国栋"))),
    Way("部门", "wangfang", "护理系教研室工作群", (("liumei", "刘梅"),)),
    Way("院级团学组织", "tianyufei", "川护志愿者工作群", (("mazhiyuan", "马志远"),), supervisor="学生处"),
    Way("系部团学组织或班级", "shiqian", "护理系2026级2班群", (("wuxiuying", "吴秀英"),)),
]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.tier)
def test_a_filing_goes_from_the_form_to_its_number_by_a_tap_on_the_card(phone_of: PhoneOf, way: Way) -> None:
    path = file(phone_of(way.applicant), way)
    for user_id, name in way.approvers:
        agree(phone_of(user_id), way.name, by=name)
    page = phone_of(way.applicant).open_app(path)
    expect_state(page, "approved")
    expect(page.get_by_text("审核通过，尚未备案，不得运营").first).to_be_visible()
    register(phone_of("tangwenjing"), path)
    told = phone_of(way.applicant).card(way.name, "已办理备案")
    expect(told).to_contain_text(re.compile(r"川护群备〔\d{4}〕\d{4}号"))  # type: ignore[arg-type]


def test_what_was_typed_survives_a_refusal_and_each_sentence_names_its_article(phone_of: PhoneOf) -> None:
    page = phone_of("wangfang").open_app("/filings/new")
    way = Way("部门", "wangfang", "快乐大家庭", ())
    fill_in(page, way)
    page.get_by_label("群人数").fill("101")
    page.get_by_label("成员组成").fill("")
    page.get_by_label("专项工作群").check()
    page.get_by_role("button", name="提交备案").click()
    page.locator(".error-summary").wait_for()
    # What the refused page says of a field, its script says there again.
    sentences = page.locator(".invalid-feedback, .live-finding")
    for said in ("第九条", "第十条", "第五条", "第十二条", "「护理系快乐大家庭"):
        expect(sentences.filter(has_text=said).first).to_be_visible()
    expect(page.get_by_label("群名")).to_have_value("快乐大家庭")
    expect(page.get_by_label("平台用途")).to_have_value("发布工作通知")
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_without_scripts_the_form_works_the_same(stack: object, browser: object) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, java_script_enabled=False)  # type: ignore[attr-defined]
    phone = Phone(stack, context, "hanlu")  # type: ignore[arg-type]
    path = file(phone, Way("系部团学组织或班级", "hanlu", "护理系团总支群", (("wuxiuying", "吴秀英"),)))
    assert path.startswith("/filings/")
    context.close()


def test_in_a_desktop_browser_the_sso_page_signs_in(stack: object, browser: object) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 900})  # type: ignore[attr-defined]
    page = context.new_page()
    page.goto(f"{stack.service}/registry")  # type: ignore[attr-defined]
    assert page.url.startswith(stack.simulator)  # type: ignore[attr-defined]
    page.get_by_text("唐文静").first.click()
    expect(page).to_have_url(f"{stack.service}/registry")  # type: ignore[attr-defined]
    expect(page.locator("h1")).to_contain_text("台账")
    assert page.evaluate("document.documentElement.scrollWidth") == 1280
    context.close()


def test_after_signing_in_the_address_is_clean(phone_of: PhoneOf, stack: Stack) -> None:
    page = phone_of("jintong").page
    page.goto(f"{stack.simulator}/phones/jintong")
    page.goto(f"{stack.service}/approvals")
    expect(page).to_have_url(f"{stack.service}/approvals")


def test_going_back_to_the_form_finds_what_was_kept_of_it(phone_of: PhoneOf) -> None:
    page = phone_of("weilan").open_app("/filings/new")
    fill_in(page, Way("部门", "weilan", "护理系读书会群", ()))
    page.get_by_role("button", name="提交备案").click()
    page.wait_for_url("**/confirm")
    filing = page.url.rsplit("/", 1)[0]
    page.go_back()
    expect(page).to_have_url(f"{filing}/edit")
    expect(page.get_by_role("group", name="管理员", exact=True).get_by_label("姓名")).to_have_value("蔡云")


def test_one_more_administrator_is_where_the_page_goes_on(phone_of: PhoneOf) -> None:
    page = phone_of("weilan").open_app("/filings/new")
    fill_in(page, Way("部门", "weilan", "护理系教研群", ()))
    page.get_by_role("button", name="增加管理员").click()
    added = page.get_by_role("group", name="第二位管理员")
    expect(added).to_be_focused()
    expect(added).to_be_in_viewport()
    expect(page.get_by_label("群名")).to_have_value("护理系教研群")
    page.get_by_role("button", name="增加管理员").click()
    expect(page.get_by_text("管理员最多3位")).to_be_visible()


def test_a_button_that_has_the_focus_looks_like_a_button(phone_of: PhoneOf) -> None:
    page = phone_of("weilan").open_app("/filings/new")
    page.get_by_role("button", name="保存草稿").focus()
    page.keyboard.press("Tab")
    button = page.get_by_role("button", name="提交备案")
    expect(button).to_be_focused()
    background, outline = button.evaluate(
        "b => [getComputedStyle(b).backgroundColor, getComputedStyle(b).outlineStyle]"
    )
    assert background not in ("rgba(0, 0, 0, 0)", "transparent")
    assert outline == "solid"
