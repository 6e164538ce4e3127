"""WeCom in our own words: signing in, the directory, sending; and answers that leave things out."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask

from messaging.platforms.errors import PlatformRefused
from messaging.platforms.wecom import UNUSABLE_CODE, Login, wecom_client
from messaging.platforms.wecom_directory import DirectoryMember, departments_of, member_of, members_of
from simulator.server import Handle
from tests.conftest import wecom_settings
from tests.messaging.conftest import MEMBER, one_database
from tests.messaging.odd_platform import Call, OddPlatform, said


@pytest.mark.usefixtures("odd")
@one_database
def test_the_way_to_sign_in_has_the_documented_order_and_quotes(context: Flask) -> None:
    url = wecom_client().authorize_url("http://127.0.0.1:8000/login/wecom/callback?a=b&c=一", "0a1b")
    ours = wecom_settings()
    assert url.endswith(f"&response_type=code&scope=snsapi_base&state=0a1b&agentid={ours.agent_id}#wechat_redirect")
    assert f"?appid={ours.corp_id}&redirect_uri=http%3A%2F%2F127.0.0.1%3A8000%2F" in url
    query = parse_qs(urlsplit(url).query, strict_parsing=True)
    assert query["redirect_uri"] == ["http://127.0.0.1:8000/login/wecom/callback?a=b&c=一"]


@pytest.mark.usefixtures("odd")
@one_database
def test_the_way_to_somebodys_consent_differs_in_the_scope_alone(context: Flask) -> None:
    silent, asking = (wecom_client().authorize_url("http://127.0.0.1:8000/", "0a1b", private=p) for p in (False, True))
    assert asking == silent.replace("scope=snsapi_base", "scope=snsapi_privateinfo")
    assert "&agentid=" in asking


@pytest.mark.usefixtures("odd")
@one_database
def test_the_way_to_scan_names_the_app(context: Flask) -> None:
    query = parse_qs(urlsplit(wecom_client().sso_url("http://127.0.0.1:8000/back", "0a1b")).query)
    ours = wecom_settings()
    assert query == {
        "login_type": ["CorpApp"],
        "appid": [ours.corp_id],
        "agentid": [str(ours.agent_id)],
        "redirect_uri": ["http://127.0.0.1:8000/back"],
        "state": ["0a1b"],
    }


@one_database
@pytest.mark.parametrize(
    ("answer", "login"),
    [
        ({"userid": "zhangsan"}, Login("zhangsan", True)),
        ({"UserId": "zhangsan"}, Login("zhangsan", True)),
        ({"openid": "o-1", "external_userid": "e-1"}, Login(None, False)),
        ({"userid": "wwlinked/zhangsan"}, Login(None, False)),
        ({"userid": ""}, Login(None, False)),
        ({"userid": ["zhangsan"]}, Login(None, False)),
        ({}, Login(None, False)),
    ],
)
def test_whoever_signs_in_is_a_member_or_not(
    context: Flask, odd: OddPlatform, answer: dict[str, Any], login: Login
) -> None:
    odd.tell("auth/getuserinfo", said(**answer))
    assert wecom_client().user_of_code("a-code") == login


@one_database
@pytest.mark.parametrize("errcode", [-1, 40029])
def test_a_code_is_never_asked_about_twice(context: Flask, odd: OddPlatform, errcode: int) -> None:
    odd.tell("auth/getuserinfo", said(errcode=errcode, errmsg="no"))
    with pytest.raises(PlatformRefused) as caught:
        wecom_client().user_of_code("a-code")
    assert caught.value.errcode == errcode
    assert odd.count("auth/getuserinfo") == 1


@one_database
@pytest.mark.parametrize("code", ["", "c" * 513, "一"])
def test_a_code_that_cannot_be_one_is_refused_without_asking(context: Flask, odd: OddPlatform, code: str) -> None:
    with pytest.raises(PlatformRefused) as caught:
        wecom_client().user_of_code(code)
    assert caught.value.errcode in UNUSABLE_CODE
    assert odd.calls == []


@one_database
@pytest.mark.parametrize(("busy_times", "tries"), [(2, 3), (3, 3)])
def test_a_busy_platform_is_asked_three_times_for_what_is_only_read(
    context: Flask, odd: OddPlatform, monkeypatch: pytest.MonkeyPatch, busy_times: int, tries: int
) -> None:
    monkeypatch.setattr("messaging.platforms.wecom.PAUSES", (0, 0))

    def busy_at_first(call: Call) -> Any:
        return said(errcode=-1) if odd.count(call.path) <= busy_times else said(department=[{"id": 1}])

    odd.tell("department/list", busy_at_first)
    if busy_times < tries:
        assert [department.key for department in wecom_client().departments()] == ["1"]
    else:
        with pytest.raises(PlatformRefused, match="-1"):
            wecom_client().departments()
    assert odd.count("department/list") == tries


@one_database
def test_a_busy_platform_is_asked_once_to_send(context: Flask, odd: OddPlatform) -> None:
    odd.tell("message/send", said(errcode=-1))
    with pytest.raises(PlatformRefused, match="-1"):
        wecom_client().send({"touser": "a"})
    assert odd.count("message/send") == 1


@one_database
def test_the_simulated_directory_is_read_as_it_is(context: Flask, simulated: Handle) -> None:
    client = wecom_client()
    departments = client.departments()
    assert all(department.name and department.parent_key for department in departments)
    members = [member for department in departments for member in client.members(department.key)]
    visible = {member.userid for member in simulated.state.directory.visible_members()}
    assert {member.user_id for member in members} == visible
    assert any(member.leads for member in members)
    assert all(not member.mobile and not member.email for member in members)


@one_database
def test_one_member_is_read_or_is_none(context: Flask, simulated: Handle) -> None:
    member = wecom_client().member(MEMBER)
    assert member is not None
    assert (member.user_id, member.name, member.active) == (MEMBER, "测试员工", True)
    assert wecom_client().member("nobody.at.all") is None


@one_database
def test_a_department_out_of_sight_is_refused(context: Flask, simulated: Handle) -> None:
    with pytest.raises(PlatformRefused) as caught:
        wecom_client().members("99999")
    assert caught.value.errcode in {60003, 60011, 60123}


def test_whatever_an_answer_leaves_out_is_told_as_absent() -> None:
    bare = DirectoryMember("lisi", "lisi", "", "", (), frozenset(), None, True)
    assert member_of({"userid": "lisi"}) == bare
    assert member_of({"userid": "lisi", "department": "8", "is_leader_in_dept": 1, "name": None}) == bare
    assert members_of({}) == members_of({"userlist": None}) == members_of({"userlist": [None, 1, {}]}) == []
    assert departments_of({}) == departments_of({"department": {"id": 1}}) == []


def test_who_leads_is_read_beside_the_departments() -> None:
    member = member_of({"userid": "lisi", "department": [8, "9", 10], "is_leader_in_dept": [0, 1]})
    assert (member.department_keys, member.leads) == (("8", "9", "10"), frozenset({"9"}))


@pytest.mark.parametrize(
    ("status", "active"), [(1, True), (4, True), (None, True), (2, False), (5, False), ("5", False)]
)
def test_the_disabled_and_those_who_left_are_not_active(status: object, active: bool) -> None:
    assert member_of({"userid": "lisi", "status": status}).active is active


def test_texts_are_cut_to_their_columns_and_cleaned() -> None:
    member = member_of({"userid": "lisi", "name": "李\x00四\n" + "五" * 80, "telephone": 28})
    assert member.name.startswith("李 四 五")
    assert len(member.name) == 64
    assert member.office_phone == "28"


def test_a_department_is_read_whatever_its_numbers_look_like() -> None:
    answer = {"department": [{"id": "8", "name": "护理系", "parentid": 0, "order": 2**32 - 1}]}
    (department,) = departments_of(answer)
    assert (department.key, department.parent_key) == ("8", None)
    assert department.order == 2**31 - 1


@one_database
@pytest.mark.parametrize("refused", ["ZhangSan|lisi", ["zhangsan", "LiSi"], "zhangsan | lisi"])
def test_those_who_got_nothing_are_told_in_lower_case(context: Flask, odd: OddPlatform, refused: object) -> None:
    odd.tell("message/send", said(errcode=0, msgid="m-1", invaliduser=refused, response_code="r-1"))
    sent = wecom_client().send({"touser": "a"})
    assert (sent.msgid, sent.response_code, sent.refused) == ("m-1", "r-1", frozenset({"zhangsan", "lisi"}))
