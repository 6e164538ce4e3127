"""Changes of the directory, pushed to the 通讯录同步 receiver with no more in them than the platform says now."""

from collections.abc import Callable
from typing import Any

import pytest
import requests

from tests.simulator.support import CONTACT_CRYPTO, CONTACTS, SETTINGS, Platform, Service, wait_until


@pytest.fixture
def platform(launch: Callable[..., Platform], service: Service) -> Platform:
    """A platform whose 通讯录同步 has its receiver; the app's own address is nowhere."""
    service.crypto = CONTACT_CRYPTO
    return launch(contact_callback_url=service.url, callback_url="http://127.0.0.1:9/", **CONTACTS)


def pushed(service: Service, count: int = 1) -> list[dict[str, Any]]:
    """What arrived, once so many events are there: their own elements alone, after the head of each was checked."""
    wait_until(lambda: len(service.events) >= count)
    assert len(service.events) == count
    events = [dict(event) for event in service.events]
    for event in events:
        head = [event.pop(name) for name in ("ToUserName", "FromUserName", "MsgType", "Event")]
        assert head == [SETTINGS.corp_id, "sys", "event", "change_contact"]
        assert event.pop("CreateTime").isdecimal()
        assert "AgentID" not in event
    service.events.clear()
    return events


def change(platform: Platform, path: str, **what: Any) -> int:
    """Change the directory; how many events that makes."""
    answer = platform.control(path, **what)
    told: int = answer["told"]
    return told


def test_a_member_made_is_told_with_the_departments(platform: Platform, service: Service) -> None:
    assert change(platform, "members", userid="xinren", name="新人", departments=[8, 5], mobile="19900000099") == 1
    assert pushed(service) == [{"ChangeType": "create_user", "UserID": "xinren", "Department": "8,5"}]


@pytest.mark.parametrize("changes", [{"departments": [5]}, {"departments": [8, 5]}, {"leads": [0]}])
def test_a_member_who_changes_department_or_heads_one_is_told_of(
    platform: Platform, service: Service, changes: dict[str, Any]
) -> None:
    change(platform, "members", userid="liumei", **changes)
    departments = ",".join(map(str, changes.get("departments", [8])))
    assert pushed(service) == [{"ChangeType": "update_user", "UserID": "liumei", "Department": departments}]


@pytest.mark.parametrize("changes", [{"name": "刘美"}, {"position": "教师"}, {"mobile": "19900000098"}, {"status": 2}])
def test_of_anything_else_about_a_member_nobody_is_told(platform: Platform, changes: dict[str, Any]) -> None:
    assert change(platform, "members", userid="liumei", **changes) == 0


def test_a_renamed_account_is_told_under_its_former_id(platform: Platform, service: Service) -> None:
    platform.send("text", {"content": "某"})
    change(platform, "members", userid="liumei", new_userid="liu.mei")
    assert pushed(service) == [
        {"ChangeType": "update_user", "UserID": "liumei", "NewUserID": "liu.mei", "Department": "8"}
    ]
    assert platform.get("user/get", userid="liumei")["errcode"] == 60111
    assert platform.get("user/get", userid="liu.mei")["name"] == "刘梅"
    assert platform.get("department/get", id=8)["department"]["department_leader"] == ["liu.mei"]
    assert [copy["content"] for copy in platform.copies("liu.mei")] == [{"content": "某"}]


@pytest.mark.parametrize("new_userid", ["wangfang", "WangFang"])
def test_an_account_is_not_renamed_to_what_another_has(platform: Platform, new_userid: str) -> None:
    assert "error" in platform.control("members", userid="liumei", new_userid=new_userid)
    assert platform.get("user/get", userid="liumei")["errcode"] == 0


def test_a_member_deleted_is_told_by_id_alone(platform: Platform, service: Service) -> None:
    change(platform, "members", userid="liumei", remove=True)
    assert pushed(service) == [{"ChangeType": "delete_user", "UserID": "liumei"}]
    assert change(platform, "members", userid="liumei", remove=True) == 0


def test_departments_are_told_of_when_made_moved_and_deleted_but_not_when_renamed(
    platform: Platform, service: Service
) -> None:
    change(platform, "departments", id=80, name="助产教研室", parentid=8)
    assert pushed(service) == [{"ChangeType": "create_party", "Id": "80", "ParentId": "8"}]
    assert change(platform, "departments", id=80, name="助产系", order=7, leaders=["liumei"]) == 0
    assert platform.get("department/get", id=80)["department"]["name"] == "助产系"
    change(platform, "departments", id=80, parentid=9)
    assert pushed(service) == [{"ChangeType": "update_party", "Id": "80", "ParentId": "9"}]
    change(platform, "departments", id=80, remove=True)
    assert pushed(service) == [{"ChangeType": "delete_party", "Id": "80"}]
    assert platform.get("department/get", id=80)["errcode"] == 60003


@pytest.mark.parametrize(
    "what",
    [
        {"id": 8, "remove": True},
        {"id": 1, "remove": True},
        {"id": 999, "remove": True},
        {"id": 80, "name": "某", "parentid": 999},
        {"id": 8, "parentid": 8},
        {"name": "某"},
    ],
    ids=["with members", "the root", "none", "no such parent", "its own parent", "no id"],
)
def test_a_department_is_not_changed_against_the_platforms_rules(platform: Platform, what: dict[str, Any]) -> None:
    assert "error" in platform.control("departments", **what)


def test_a_department_with_others_below_it_stays(platform: Platform, service: Service) -> None:
    change(platform, "departments", id=80, name="上", parentid=8)
    change(platform, "departments", id=81, name="下", parentid=80)
    pushed(service, 2)
    assert "error" in platform.control("departments", id=80, remove=True)
    assert "error" in platform.control("departments", id=80, parentid=81)


def test_a_failed_push_is_repeated_as_the_same_event(platform: Platform, service: Service) -> None:
    service.statuses = [500, 503]
    change(platform, "members", userid="liumei", remove=True)
    (first, *rest) = (wait_until(lambda: len(service.events) == 3 and service.events))[:]
    assert [event == first for event in rest] == [True, True]


def test_any_one_event_may_be_pushed_as_it_stands(platform: Platform, service: Service) -> None:
    elements = {"ChangeType": "update_tag", "TagId": 1, "AddUserItems": "liumei"}
    answer = platform.control("contact-events", elements=elements, created_at=1700000000, deliveries=2)
    assert [delivery["ok"] for delivery in answer["deliveries"]] == [True, True]
    assert [event["CreateTime"] for event in service.events] == ["1700000000"] * 2
    assert pushed(service, 2)[0] == {"ChangeType": "update_tag", "TagId": "1", "AddUserItems": "liumei"}
    (delivery, _) = platform.look("callbacks", contacts=1)["callbacks"]
    assert delivery["facts"]["TagId"] == 1


def test_the_url_check_of_the_receiver_is_made_with_its_own_key(platform: Platform, service: Service) -> None:
    assert platform.control("check-url", contacts=True)["ok"]
    assert not platform.control("check-url")["ok"]  # the app's address is nowhere
    service.echo_suffix = "\n"
    assert not platform.control("check-url", contacts=True)["ok"]


def test_without_a_receiver_nobody_is_told(launch: Callable[..., Platform], service: Service) -> None:
    platform = launch(callback_url=service.url)
    assert change(platform, "members", userid="liumei", remove=True) == 0
    assert "error" in platform.control("contact-events", elements={"ChangeType": "delete_user", "UserID": "liumei"})
    assert "error" in platform.control("check-url", contacts=True)
    assert platform.look("callbacks", contacts=1) == {"callbacks": []}
    assert service.events == []


def test_the_console_lets_somebody_leave_and_come_back(platform: Platform, service: Service) -> None:
    page = requests.get(f"{platform.url}/console/contacts", timeout=5).text
    assert 'action="/console/contacts/liumei/remove"' in page
    page = requests.post(f"{platform.url}/console/contacts/liumei/remove", timeout=5).text
    assert 'action="/console/contacts/liumei/remove"' not in page
    assert pushed(service) == [{"ChangeType": "delete_user", "UserID": "liumei"}]
    page = requests.post(f"{platform.url}/console/contacts/liumei/restore", timeout=5).text
    assert 'action="/console/contacts/liumei/remove"' in page
    assert pushed(service) == [{"ChangeType": "create_user", "UserID": "liumei", "Department": "8"}]
    assert platform.get("user/get", userid="liumei")["is_leader_in_dept"] == [1]


@pytest.mark.parametrize("path", ["nobody/remove", "nobody/restore", "liumei/restore"])
def test_nobody_leaves_twice_or_comes_back_who_is_there(platform: Platform, path: str) -> None:
    assert requests.post(f"{platform.url}/console/contacts/{path}", timeout=5).status_code == 404


def test_the_console_checks_each_address_by_its_own_button(platform: Platform) -> None:
    page = requests.post(f"{platform.url}/console/check-url", data={"contacts": "1"}, timeout=5).text
    assert "✓ 验证通过" in page
    page = requests.post(f"{platform.url}/console/check-url", timeout=5).text
    assert "✗ openapi回调地址请求不通过" in page
