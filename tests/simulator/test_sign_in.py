"""OAuth inside the client and SSO outside it."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from tests.simulator.support import SETTINGS, Platform

CLIENT = {"User-Agent": "Mozilla/5.0 MicroMessenger/7.0.1 wxwork/4.1.0"}
OAUTH = {
    "appid": SETTINGS.corp_id,
    "redirect_uri": "http://127.0.0.1:8000/login/wecom/callback?next=%2F",
    "response_type": "code",
    "scope": "snsapi_base",
    "state": "abc123",
    "agentid": str(SETTINGS.agent_id),
}
SSO = {key: OAUTH[key] for key in ("appid", "redirect_uri", "state", "agentid")} | {"login_type": "CorpApp"}


def ask(platform: Platform, args: dict[str, Any], *, person: str = "", sso: bool = False) -> requests.Response:
    path = "wwlogin/sso/login" if sso else "connect/oauth2/authorize"
    return requests.get(
        f"{platform.url}/{path}",
        params={key: value for key, value in args.items() if value is not None},
        headers={} if sso else CLIENT,
        cookies={"simulated_phone": person} if person else {},
        allow_redirects=False,
        timeout=5,
    )


def code_of(response: requests.Response) -> str:
    assert response.status_code == 302, response.text
    return parse_qs(urlsplit(response.headers["Location"]).query)["code"][0]


def test_the_phone_s_owner_is_sent_back_at_once_with_code_and_state(platform: Platform) -> None:
    response = ask(platform, OAUTH, person="wangfang")
    target = urlsplit(response.headers["Location"])
    assert (response.status_code, target.netloc, target.path) == (302, "127.0.0.1:8000", "/login/wecom/callback")
    query = parse_qs(target.query)
    assert (query["next"], query["state"], list(query)) == (["/"], ["abc123"], ["next", "code", "state"])
    assert platform.get("auth/getuserinfo", code=code_of(response)) == {
        "errcode": 0,
        "errmsg": "ok",
        "userid": "wangfang",
    }


def test_a_code_works_once_and_for_five_minutes(platform: Platform) -> None:
    code = code_of(ask(platform, OAUTH, person="wangfang"))
    assert platform.get("auth/getuserinfo", code=code)["errcode"] == 0
    assert platform.get("auth/getuserinfo", code=code)["errcode"] == 40029
    assert platform.get("auth/getuserinfo", code="unknown")["errcode"] == 40029
    assert platform.get("auth/getuserinfo")["errcode"] == 41008
    late = code_of(ask(platform, OAUTH, person="wangfang"))
    platform.control("clock", seconds=301)
    assert platform.get("auth/getuserinfo", code=late)["errcode"] == 42003


def test_without_a_phone_one_chooses_who_signs_in(platform: Platform) -> None:
    page = ask(platform, OAUTH)
    assert page.status_code == 200
    assert "simulated_person=wangfang" in page.text
    assert "微信客户" in page.text
    assert code_of(ask(platform, OAUTH | {"simulated_person": "wangfang"}))


def test_somebody_out_of_range_is_known_and_a_customer_has_an_openid(platform: Platform) -> None:
    code = code_of(ask(platform, OAUTH, person="shenjiayi"))
    assert platform.get("auth/getuserinfo", code=code)["userid"] == "shenjiayi"
    code = code_of(ask(platform, OAUTH | {"simulated_person": "customer:"}))
    reply = platform.get("auth/getuserinfo", code=code)
    assert "userid" not in reply
    assert reply["openid"]


def test_somebody_who_left_signs_in_nowhere(platform: Platform) -> None:
    assert ask(platform, OAUTH, person="duxiaoli").status_code == 200  # the choice of persons


def test_an_ordinary_browser_is_refused(platform: Platform) -> None:
    response = requests.get(f"{platform.url}/connect/oauth2/authorize", params=OAUTH, timeout=5)
    assert "请在企业微信客户端打开链接" in response.text


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"appid": "wwother"}, "appid"),
        ({"agentid": None}, "agentid"),
        ({"agentid": "1"}, "agentid"),
        ({"redirect_uri": "http://evil.example/"}, "redirect_uri参数错误"),
        ({"redirect_uri": "http://127.0.0.1:8001/"}, "redirect_uri参数错误"),
        ({"redirect_uri": "http://127.0.0.1/"}, "redirect_uri参数错误"),
        ({"redirect_uri": "javascript://127.0.0.1:8000/"}, "redirect_uri参数错误"),
        ({"redirect_uri": None}, "redirect_uri参数错误"),
        ({"response_type": "token"}, "response_type"),
        ({"scope": "snsapi_login"}, "scope"),
        ({"state": "a-b_c"}, "state"),
        ({"state": "a" * 129}, "state"),
    ],
)
def test_a_wrong_authorize_address_is_refused(platform: Platform, changes: dict[str, Any], text: str) -> None:
    response = ask(platform, OAUTH | changes, person="wangfang")
    assert response.status_code == 400
    assert text in response.text


def test_sso_gives_a_code_but_no_ticket(platform: Platform) -> None:
    code = code_of(ask(platform, SSO, person="wangfang", sso=True))
    reply = platform.get("auth/getuserinfo", code=code)
    assert reply == {"errcode": 0, "errmsg": "ok", "userid": "wangfang"}


def test_sso_refuses_people_out_of_range_and_other_kinds_of_login(platform: Platform) -> None:
    assert "可见范围" in ask(platform, SSO, person="shenjiayi", sso=True).text
    assert "login_type" in ask(platform, SSO | {"login_type": "ServiceApp"}, person="wangfang", sso=True).text
    assert "redirect_uri" in ask(platform, SSO | {"redirect_uri": "http://evil.example/"}, sso=True).text


def test_private_information_needs_consent_and_comes_by_a_ticket(platform: Platform) -> None:
    private = OAUTH | {"scope": "snsapi_privateinfo"}
    assert "授权个人信息" in ask(platform, private, person="wangfang").text
    code = code_of(ask(platform, private | {"simulated_consent": "all"}, person="wangfang"))
    ticket = platform.get("auth/getuserinfo", code=code)["user_ticket"]
    detail = platform.post("auth/getuserdetail", {"user_ticket": ticket})
    assert detail["mobile"].startswith("1990000")
    assert platform.post("auth/getuserdetail", {"user_ticket": "unknown"})["errcode"] == 84015
    platform.control("clock", seconds=1801)
    assert platform.post("auth/getuserdetail", {"user_ticket": ticket})["errcode"] == 84014
    assert "可见范围" in ask(platform, private, person="shenjiayi").text


def given(platform: Platform, answer: str = "") -> dict[str, Any]:
    """The sensitive fields that come of a consent, just given or remembered."""
    asked = {"scope": "snsapi_privateinfo"} | ({"simulated_consent": answer} if answer else {})
    code = code_of(ask(platform, OAUTH | asked, person="wangfang"))
    ticket = platform.get("auth/getuserinfo", code=code)["user_ticket"]
    detail = platform.post("auth/getuserdetail", {"user_ticket": ticket})
    assert (detail["errcode"], detail["userid"], detail["gender"]) == (0, "wangfang", "0")
    return {name: detail[name] for name in detail if name in ("mobile", "email", "biz_mail", "qr_code", "address")}


def test_only_fields_that_are_ticked_and_agreed_to_are_there_at_all(platform: Platform) -> None:
    assert sorted(given(platform, "all")) == ["email", "mobile"]
    assert list(given(platform, "mobile")) == ["mobile"]
    assert given(platform, "none") == {}
    platform.control("private-fields", fields=["email"])
    assert list(given(platform, "all")) == ["email"]
    assert given(platform, "mobile") == {}


def test_a_consent_is_remembered_for_thirty_days(platform: Platform) -> None:
    given(platform, "mobile")
    platform.control("clock", seconds=29 * 86400)
    assert list(given(platform)) == ["mobile"]
    platform.control("clock", seconds=2 * 86400)
    assert "授权个人信息" in ask(platform, OAUTH | {"scope": "snsapi_privateinfo"}, person="wangfang").text
