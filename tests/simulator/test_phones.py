"""The pages: every one a simulation, strict about what loads and where it leads."""

import re
from collections.abc import Callable
from urllib.parse import quote, urlsplit

import pytest
import requests

from tests.simulator.support import SETTINGS, Platform, Service, button_card, notice_card, wait_until

HOME = SETTINGS.home_url
SIGN_IN = "http://127.0.0.1:8000/login/wecom?next={path}"
PAGES = [
    "/",
    "/?q=护理",
    "/phones/liumei",
    "/phones/shenjiayi",
    "/console",
    "/console/contacts",
    "/connect/oauth2/authorize",
    "/nowhere",
]


@pytest.mark.parametrize("path", PAGES)
def test_every_page_says_it_is_a_simulation_and_loads_only_our_own_files(platform: Platform, path: str) -> None:
    platform.send_card(button_card(source={"desc": "群备", "icon_url": "https://cdn.example/icon.png"}))
    response = requests.get(platform.url + path, timeout=5)
    assert "模拟企业微信 · 演示环境" in response.text
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert " style=" not in response.text
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', response.text)


def test_the_first_page_shows_the_five_to_begin_with_and_what_is_unread(platform: Platform) -> None:
    platform.send("text", {"content": "某"})
    page = requests.get(platform.url, timeout=5).text
    top = page[: page.index("搜索")]
    assert re.findall(r'href="/phones/(\w+)"', top) == ["wangfang", "liumei", "zhaohuimin", "tangwenjing", "xujiahao"]
    assert '<span class="hidden">未读</span>1' in top
    requests.get(f"{platform.url}/phones/liumei", timeout=5)
    assert "未读" not in requests.get(platform.url, timeout=5).text


def test_a_search_narrows_the_list(platform: Platform) -> None:
    page = requests.get(platform.url, params={"q": "李静"}, timeout=5).text
    assert re.findall(r'href="/phones/(\w+)"', page) == ["lijing", "lijing2"]


def test_somebody_who_left_has_no_phone(platform: Platform) -> None:
    assert requests.get(f"{platform.url}/phones/duxiaoli", timeout=5).status_code == 404
    assert requests.get(f"{platform.url}/phones/nobody", timeout=5).status_code == 404


def test_a_card_shows_its_facts_cut_as_a_phone_cuts_them(platform: Platform) -> None:
    rows = [{"keyname": "备案部门", "value": "护" * 31}]
    platform.send_card(button_card(horizontal_content_list=rows, source={"desc": "群备"}))
    page = requests.get(f"{platform.url}/phones/liumei", timeout=5).text
    assert "<dt>备案部门</dt><dd>" + "护" * 29 + "…</dd>" in page
    assert 'value="approve">同意</button>' in page


def test_a_tap_on_the_page_reaches_the_service_and_waits_for_the_update(platform: Platform, service: Service) -> None:
    platform.send_card(button_card())
    form = {"task_id": "t-1", "key": "approve"}
    page = requests.post(f"{platform.url}/phones/liumei/tap", data=form, timeout=5)
    assert "正在处理…" in page.text
    event = wait_until(lambda: service.events)[0]
    platform.update(event["ResponseCode"], userids=["liumei"], button={"replace_name": "已同意 · 刘梅"})
    page = requests.get(f"{platform.url}/phones/liumei/chat", timeout=5).text
    assert "已同意 · 刘梅" in page
    assert "<button" not in page


def test_a_tap_nobody_answers_says_so_and_may_be_repeated(launch: Callable[..., Platform]) -> None:
    platform = launch(callback_url="http://127.0.0.1:9/", callback_retries=0)
    platform.send_card(button_card())
    requests.post(f"{platform.url}/phones/liumei/tap", data={"task_id": "t-1", "key": "approve"}, timeout=5)
    page = wait_until(lambda: failed(requests.get(f"{platform.url}/phones/liumei/chat", timeout=5).text))
    assert "<button" in page


def failed(page: str) -> str:
    return page if "应用没有响应" in page else ""


def test_a_name_stands_where_the_text_asks_for_it(platform: Platform) -> None:
    card = notice_card(main_title={"title": "$userName=wangfang$ 提交，$userName=nobody$"})
    platform.send_card(card, enable_id_trans=1)
    page = requests.get(f"{platform.url}/phones/liumei", timeout=5).text
    assert "王芳 提交，$userName=nobody$" in page


def test_markup_in_messages_cannot_leave_its_place(platform: Platform) -> None:
    platform.send("text", {"content": '<script>alert(1)</script><a href="http://127.0.0.1:8000/x">看</a>'})
    platform.send("markdown", {"content": "**粗** <img src=x> [链](http://127.0.0.1:8000/y)"})
    platform.send("textcard", {"title": "<i>题</i>", "description": '<div class="x">说明</div></div>', "url": HOME})
    page = requests.get(f"{platform.url}/phones/liumei/chat", timeout=5).text
    assert not re.findall(r"<(script|img|i)\b", page)
    assert "&lt;i&gt;题&lt;/i&gt;" in page
    for path in ("x", "y"):
        assert f'href="/phones/liumei/open?url={HOME}{path}"' in page


def follow(platform: Platform, userid: str, url: str, *, last: str = "") -> requests.Response:
    cookies = {"simulated_phone_opened": last} if last else {}
    return requests.get(
        f"{platform.url}/phones/{userid}/open",
        params={"url": url},
        cookies=cookies,
        allow_redirects=False,
        timeout=5,
    )


@pytest.mark.parametrize(
    "url",
    ["http://evil.example/", "javascript:alert(1)", "//evil.example", "", HOME + "other", "http://127.0.0.1:8000@evil"],
)
def test_an_address_no_message_gave_is_not_opened(platform: Platform, url: str) -> None:
    platform.send_card(notice_card())
    assert follow(platform, "liumei", url).status_code == 403


def test_an_address_in_a_message_opens_for_those_who_got_it(platform: Platform) -> None:
    platform.send_card(notice_card())
    target = "http://127.0.0.1:8000/filings/1"
    response = follow(platform, "liumei", target)
    assert (response.status_code, response.headers["Location"]) == (302, target)
    assert response.cookies["simulated_phone"] == "liumei"
    assert follow(platform, "wangfang", target).status_code == 403


def test_a_message_cannot_smuggle_in_a_script_address(platform: Platform) -> None:
    platform.send("text", {"content": '<a href="javascript:alert(1)">看</a>'})
    assert follow(platform, "liumei", "javascript:alert(1)").status_code == 403


def test_opening_the_workbench_entry_tells_the_service(platform: Platform, service: Service) -> None:
    assert follow(platform, "wangfang", HOME).headers["Location"] == HOME
    event = wait_until(lambda: service.events)[0]
    assert (event["Event"], event["FromUserName"]) == ("enter_agent", "wangfang")


def test_another_person_in_the_same_browser_signs_in_anew(launch: Callable[..., Platform]) -> None:
    platform = launch(sign_in_url=SIGN_IN)
    target = "http://127.0.0.1:8000/filings/1?from=card"
    platform.send_card(notice_card(card_action={"type": 1, "url": target}))
    assert follow(platform, "liumei", target, last="liumei").headers["Location"] == target
    through = f"http://127.0.0.1:8000/login/wecom?next={quote('/filings/1?from=card', safe='')}"
    assert follow(platform, "liumei", target, last="wangfang").headers["Location"] == through
    assert follow(platform, "liumei", target).headers["Location"] == through


def test_other_sites_addresses_never_go_through_the_sign_in(launch: Callable[..., Platform]) -> None:
    platform = launch(sign_in_url=SIGN_IN)
    elsewhere = "http://127.0.0.1:8002/"
    platform.send_card(notice_card(card_action={"type": 1, "url": elsewhere}))
    assert follow(platform, "liumei", elsewhere).headers["Location"] == elsewhere


def test_pages_of_other_sites_cannot_press_buttons_here(platform: Platform) -> None:
    url, headers = f"{platform.url}/simulator/reset", {"Origin": "http://evil.example"}
    assert requests.post(url, headers=headers, timeout=5).status_code == 403
    port = urlsplit(platform.url).port
    assert requests.get(platform.url, headers={"Host": f"evil.example:{port}"}, timeout=5).status_code == 403


def test_the_console_checks_the_callback_address(platform: Platform, service: Service) -> None:
    assert "验证通过" in requests.post(f"{platform.url}/console/check-url", timeout=5).text
    service.echo_suffix = "x"
    assert "请求不通过" in requests.post(f"{platform.url}/console/check-url", timeout=5).text
