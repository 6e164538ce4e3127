"""Access tokens, and contacts as an app with a limited visible range sees them."""

from collections.abc import Callable

import pytest
import requests

from tests.simulator.support import SETTINGS, Platform


@pytest.mark.parametrize(
    ("code", "args"),
    [
        (41002, {"corpsecret": "app-secret"}),
        (41004, {"corpid": SETTINGS.corp_id}),
        (40013, {"corpid": "wwother", "corpsecret": "app-secret"}),
        (40001, {"corpid": SETTINGS.corp_id, "corpsecret": "wrong"}),
        (0, {"corpid": SETTINGS.corp_id, "corpsecret": "app-secret"}),
    ],
)
def test_gettoken_checks_corp_and_secret(platform: Platform, code: int, args: dict[str, str]) -> None:
    assert platform.get("gettoken", access_token=None, **args)["errcode"] == code


def test_a_secret_has_one_token_while_it_works(platform: Platform) -> None:
    first = platform.token()
    assert platform.token() == first
    platform.control("clock", seconds=7201)
    assert platform.token() != first


def test_missing_unknown_revoked_and_expired_tokens_have_their_codes(platform: Platform) -> None:
    assert platform.get("getcallbackip", access_token=None)["errcode"] == 41001
    assert platform.get("getcallbackip", access_token="nonsense")["errcode"] == 40014
    token = platform.token()
    platform.control("tokens/expire")
    assert platform.get("getcallbackip", access_token=token)["errcode"] == 42001
    token = platform.token()
    platform.control("tokens/revoke")
    assert platform.get("getcallbackip", access_token=token)["errcode"] == 40014


def test_a_token_in_the_body_does_not_count(platform: Platform) -> None:
    reply = requests.post(f"{platform.url}/cgi-bin/message/send", json={"access_token": platform.token()}, timeout=5)
    assert reply.json()["errcode"] == 41001


def test_the_wrong_method_is_refused(platform: Platform) -> None:
    assert platform.get("message/send")["errcode"] == 40063
    assert platform.post("user/get", {"userid": "liumei"})["errcode"] == 40058


def test_unknown_paths_are_not_found(platform: Platform) -> None:
    assert requests.get(f"{platform.url}/cgi-bin/user/delete_all", timeout=5).status_code == 404


def test_the_app_sees_only_departments_in_its_range(platform: Platform) -> None:
    ids = [department["id"] for department in platform.get("department/list")["department"]]
    assert ids == [2, 3, 4, 5, 6, 7, 8, 9, 10, 11]
    assert platform.get("department/get", id=8)["department"]["department_leader"] == ["liumei"]
    assert platform.get("department/get", id=20)["errcode"] == 60011
    assert platform.get("department/get", id=99)["errcode"] == 60003
    assert platform.get("department/get", id="八")["errcode"] == 60123
    assert [d["id"] for d in platform.get("department/simplelist", id=8)["department_id"]] == [8]


def test_members_out_of_range_and_unknown_members_look_alike(platform: Platform) -> None:
    assert platform.get("user/get", userid="shenjiayi")["errcode"] == 60111
    assert platform.get("user/get", userid="nobody")["errcode"] == 60111
    assert platform.get("user/get")["errcode"] == 41009
    assert platform.get("user/list", department_id=20)["errcode"] == 60011
    assert platform.get("user/list")["errcode"] == 60123


def test_a_member_comes_without_the_fields_new_apps_lost(platform: Platform) -> None:
    member = platform.get("user/get", userid="LiuMei")
    assert member["userid"] == "liumei"
    assert member["is_leader_in_dept"] == [1]
    assert not {"mobile", "email", "biz_mail", "gender", "avatar", "qr_code", "address"} & set(member)


def test_parallel_lists_lose_the_departments_that_are_not_visible(platform: Platform) -> None:
    platform.control("members", userid="songpeng", departments=[20, 8, 5], leads=[1, 0, 1])
    platform.control("visible-range", departments=[5], members=[])
    member = platform.get("user/get", userid="songpeng")
    assert (member["department"], member["is_leader_in_dept"], member["order"]) == ([5], [1], [0])
    assert "main_department" not in member


def test_a_visible_department_includes_those_below_it(platform: Platform) -> None:
    platform.control("visible-range", departments=[1], members=[])
    assert len(platform.get("department/list")["department"]) == 12
    assert platform.get("user/get", userid="shenjiayi")["errcode"] == 0


def test_user_list_covers_one_department_only(platform: Platform) -> None:
    platform.control("visible-range", departments=[1], members=[])
    assert platform.get("user/list", department_id=1)["userlist"] == []
    names = {member["userid"] for member in platform.get("user/simplelist", department_id=8)["userlist"]}
    assert {"liumei", "wangfang", "songpeng"} <= names


def test_contact_sync_may_list_ids_and_nothing_else(platform: Platform) -> None:
    token = platform.token("contact-secret")
    first = platform.post("user/list_id", {"limit": 40}, token=token)
    rest = platform.post("user/list_id", {"limit": 40, "cursor": first["next_cursor"]}, token=token)
    rows = first["dept_user"] + rest["dept_user"]
    assert len(rows) == 61  # sixty people, one of them in two departments
    assert rest["next_cursor"] == ""
    assert platform.get("user/get", userid="liumei", access_token=token)["errcode"] == 48009
    assert platform.post("message/send", {}, token=token)["errcode"] == 48002
    assert platform.post("user/list_id", {})["errcode"] == 48002


def test_the_app_describes_itself_and_no_other(platform: Platform) -> None:
    assert platform.get("agent/get", agentid=SETTINGS.agent_id)["home_url"] == SETTINGS.home_url
    assert platform.get("agent/get", agentid=5)["errcode"] == 301002


def test_ordered_faults_happen_as_often_as_ordered(platform: Platform) -> None:
    platform.control("faults", path="user/get", errcode=45033, times=2)
    assert [fault["times"] for fault in platform.look("faults")["faults"]] == [2]
    codes = [platform.get("user/get", userid="liumei")["errcode"] for _ in range(3)]
    assert codes == [45033, 45033, 0]
    assert platform.look("faults")["faults"] == []
    calls = platform.look("calls")
    assert calls["calls"]["user/get"] == 3
    assert calls["errors"]["user/get"] == {"45033": 2}


def test_a_fault_may_concern_one_member_only(platform: Platform) -> None:
    platform.control("faults", path="message/send", errcode=-1, userid="lijing")
    assert platform.send("text", {"content": "某"}, touser="lijing2")["errcode"] == 0
    assert platform.send("text", {"content": "某"}, touser="lijing|liumei")["errcode"] == -1
    assert platform.send("text", {"content": "某"}, touser="lijing")["errcode"] == 0


def test_orders_that_could_never_happen_are_refused(platform: Platform) -> None:
    assert "no endpoint" in platform.control("faults", path="message/sned", errcode=1)["error"]
    assert "error" in platform.control("faults", path="user/get", code=1)
    assert "error" in platform.control("members", userid="xinren")


def test_a_member_who_moves_stays_whole(platform: Platform) -> None:
    platform.control("members", userid="liumei", departments=[5, 6])
    member = platform.get("user/get", userid="liumei")
    assert (member["department"], member["is_leader_in_dept"]) == ([5, 6], [0, 0])


def test_a_lost_answer_leaves_the_message_delivered(platform: Platform) -> None:
    platform.control("faults", path="message/send", http_status=502, after=True)
    body = {"touser": "liumei", "agentid": SETTINGS.agent_id, "msgtype": "text", "text": {"content": "x"}}
    params = {"access_token": platform.token()}
    assert requests.post(f"{platform.url}/cgi-bin/message/send", params=params, json=body, timeout=5).status_code == 502
    assert len(platform.copies()) == 1


def test_the_demo_college_is_whole(launch: Callable[..., Platform]) -> None:
    members = launch().look("members")["members"]
    assert len(members) == 60
    assert len({member["mobile"] for member in members}) == 60
    assert all(member["mobile"].startswith("1990000") for member in members)
    names = [member["name"] for member in members]
    assert {name for name in names if names.count(name) > 1} == {"李静"}
