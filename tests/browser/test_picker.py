"""Picking a person on the annex's form: by our own search, and by WeCom's picker inside a client that checks us."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import Phone, Stack

PhoneOf = Callable[[str], Phone]

#: What a client puts into each page: it takes a call by its name and answers it later [90514].
BRIDGE = """
window.WeixinJSBridge = {
  on() {},
  invoke(name, params, answer) {
    window.client(name, params, location.href.split("#")[0]).then(answer);
  },
};
"""


class Client:
    """A WeCom client around a page: takes only pages whose signature is right, and picks `choice`."""

    def __init__(self, page: Page, stack: Stack) -> None:
        self.calls: list[str] = []
        self.choice: str | None = "caiyun"
        self.refuses = False
        self._stack = stack
        page.expose_function("client", self.answer)
        page.add_init_script(BRIDGE)

    def answer(self, name: str, params: dict[str, Any], url: str) -> dict[str, Any]:
        """What the client answers a call of the page at `url`."""
        self.calls.append(name)
        if name == "agentConfig":
            return {"err_msg": f"agentConfig:{'ok' if self._takes(params, url) else 'fail'}"}
        assert (params["mode"], params["type"], params["fromDepartmentId"]) == ("single", ["user"], 0)
        if self.choice is None:
            return {"err_msg": f"{name}:cancel"}
        chosen = {"departmentList": [], "userList": [{"id": self.choice, "name": "某人", "avatar": ""}]}
        return {"err_msg": f"{name}:ok", "result": json.dumps(chosen)}

    def _takes(self, params: dict[str, Any], url: str) -> bool:
        assert params["jsApiList"] == ["selectEnterpriseContact"]
        checked = requests.post(
            f"{self._stack.simulator}/simulator/agent-config", json={**params, "url": url}, timeout=10
        ).json()
        return checked["errcode"] == 0 and not self.refuses


@pytest.fixture
def desktop(stack: Stack, browser: Browser) -> Iterator[Page]:
    """The form of 石倩 in an ordinary desktop browser."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="zh-CN")
    page = context.new_page()
    page.set_default_timeout(15_000)
    page.goto(f"{stack.service}/filings/new")
    page.get_by_text("石倩").first.click()
    page.wait_for_url(f"{stack.service}/filings/new**")
    yield page
    context.close()


def fieldset(page: Page, legend: str = "群主") -> Locator:
    return page.get_by_role("group", name=legend, exact=True)


def button(page: Page, legend: str = "群主") -> Locator:
    return fieldset(page, legend).get_by_role("button", name="选择")


def values(page: Page, legend: str = "群主") -> dict[str, str]:
    labels = ("姓名", "职务", "手机", "办公电话")
    return {label: fieldset(page, legend).get_by_label(label).input_value() for label in labels}


def picked_id(page: Page, legend: str = "群主") -> str:
    return fieldset(page, legend).locator("input[name$=person_id]").input_value()


def options(page: Page) -> Locator:
    return page.locator("dialog [role=option]")


def search(page: Page, text: str) -> Locator:
    box = page.get_by_role("combobox", name="查找人员")
    expect(box).to_be_focused()
    box.press_sequentially(text)
    expect(options(page).first).to_be_visible()
    return box


CAIYUN = {"姓名": "蔡云", "职务": "专任教师", "手机": "", "办公电话": "028-00001035"}


def test_a_person_is_picked_by_keyboard_alone(desktop: Page) -> None:
    button(desktop, "管理员").focus()
    desktop.keyboard.press("Enter")
    expect(desktop.get_by_role("dialog", name="选择管理员")).to_be_visible()
    box = search(desktop, "李静")
    expect(desktop.locator("dialog [role=status]")).to_have_text("找到2人。")
    first, second = options(desktop).all()
    expect(first).to_have_attribute("aria-selected", "true")
    assert first.inner_text() != second.inner_text()
    box.press("ArrowDown")
    expect(second).to_have_attribute("aria-selected", "true")
    expect(box).to_have_attribute("aria-activedescendant", second.get_attribute("id") or "")
    unit, title = second.locator(".row-below").inner_text().split(" · ")
    box.press("Enter")
    expect(desktop.locator("dialog")).to_have_count(0)
    expect(button(desktop, "管理员")).to_be_focused()
    assert (values(desktop, "管理员")["姓名"], values(desktop, "管理员")["职务"]) == ("李静", title)
    assert picked_id(desktop, "管理员")
    desktop.get_by_role("button", name="保存草稿").click()
    expect(desktop.locator(".person-name", has_text="李静")).to_contain_text(unit)


def test_escape_leaves_the_form_as_it_was(desktop: Page) -> None:
    before = values(desktop)
    button(desktop).click()
    search(desktop, "caiyun").press("Escape")
    expect(desktop.locator("dialog")).to_have_count(0)
    assert values(desktop) == before
    expect(button(desktop)).to_be_enabled()


def test_what_was_typed_is_not_written_over_and_what_was_picked_before_is(desktop: Page) -> None:
    fieldset(desktop, "管理员").get_by_label("职务").fill("实训教师")
    for pinyin in ("caiyun", "jintong"):
        button(desktop, "管理员").click()
        search(desktop, pinyin).press("Enter")
    assert values(desktop, "管理员") == {"姓名": "金彤", "职务": "实训教师", "手机": "", "办公电话": "028-00001038"}


def test_nobodys_particulars_stay_beside_another_persons_name(desktop: Page) -> None:
    assert values(desktop)["姓名"] == "石倩"
    button(desktop).click()
    search(desktop, "caiyun").press("Enter")
    assert values(desktop) == CAIYUN


def test_typing_over_a_name_takes_the_choice_back(desktop: Page) -> None:
    assert picked_id(desktop)
    name = fieldset(desktop).get_by_label("姓名")
    name.fill("外聘专家")
    assert picked_id(desktop) == ""
    name.press("Tab")
    assert values(desktop) == {"姓名": "外聘专家", "职务": "", "手机": "", "办公电话": ""}


def test_nobody_found_and_no_network_are_said(desktop: Page) -> None:
    button(desktop).click()
    box, status = desktop.get_by_role("combobox", name="查找人员"), desktop.locator("dialog [role=status]")
    box.fill("没有这个人")
    expect(status).to_contain_text("没有找到")
    desktop.context.set_offline(True)
    box.fill("caiyun")
    expect(status).to_contain_text("请检查网络")
    expect(options(desktop)).to_have_count(0)
    desktop.context.set_offline(False)


def test_whoever_was_signed_out_is_told_so(desktop: Page) -> None:
    button(desktop).click()
    desktop.context.clear_cookies()
    desktop.get_by_role("combobox", name="查找人员").fill("caiyun")
    expect(desktop.locator("dialog [role=status]")).to_contain_text("登录已过期")


def test_inside_wecom_its_own_picker_is_used_on_a_page_whose_signature_is_right(
    phone_of: PhoneOf, stack: Stack
) -> None:
    phone = phone_of("wangfang")
    client = Client(phone.page, stack)
    page = phone.open_app("/filings/new")
    button(page).click()
    expect(fieldset(page).get_by_label("姓名")).to_have_value("蔡云")
    assert values(page) == CAIYUN
    assert client.calls == ["agentConfig", "selectEnterpriseContact"]
    client.choice = "jintong"
    button(page, "管理员").click()
    expect(fieldset(page, "管理员").get_by_label("姓名")).to_have_value("金彤")
    assert client.calls[2:] == ["selectEnterpriseContact"]
    expect(page.locator("dialog")).to_have_count(0)


def test_whoever_thinks_better_of_it_in_wecom_is_left_alone(phone_of: PhoneOf, stack: Stack) -> None:
    phone = phone_of("wangfang")
    client = Client(phone.page, stack)
    client.choice = None
    page = phone.open_app("/filings/new")
    button(page).click()
    expect(button(page)).to_be_focused()
    expect(page.locator("dialog")).to_have_count(0)
    assert values(page)["姓名"] == "王芳"


def test_where_wecom_refuses_the_page_our_search_opens_and_another_ticket_is_asked_for(
    phone_of: PhoneOf, stack: Stack
) -> None:
    phone = phone_of("wangfang")
    client = Client(phone.page, stack)
    client.refuses = True
    asked: list[str] = []
    phone.page.on("request", lambda request: asked.append(request.url))
    page = phone.open_app("/filings/new")
    for _ in range(2):
        button(page).click()
        search(page, "caiyun").press("Escape")
    signatures = [url for url in asked if "/people/signature" in url]
    assert ["refused=1" in url for url in signatures] == [False, True]
    client.refuses = False
    button(page).click()
    expect(fieldset(page).get_by_label("姓名")).to_have_value("蔡云")
    # WeCom's own script leaves the refusals, which it also tells us of, in a promise that nobody looks at.
    assert phone.complaints == ["Object", "Object"]
    phone.complaints.clear()


def test_somebody_whom_the_service_does_not_know_is_searched_for(phone_of: PhoneOf, stack: Stack) -> None:
    phone = phone_of("wangfang")
    Client(phone.page, stack).choice = "xiongweihua"
    page = phone.open_app("/filings/new")
    button(page).click()
    expect(page.locator("dialog [role=status]")).to_contain_text("群备的通讯录里没有这个人")


def test_a_client_without_a_bridge_has_our_search(phone_of: PhoneOf) -> None:
    page = phone_of("wangfang").open_app("/filings/new")
    button(page).click()
    search(page, "caiyun")
    box = page.locator("dialog").bounding_box()
    assert box
    assert (box["x"], box["width"], box["y"] + box["height"]) == (0, 390, 844)
    options(page).first.click()
    assert values(page) == CAIYUN
