"""What pages' scripts ask: who fits a search, and the signature for the platform's own picker."""

from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from extensions import db
from models import Department, Person, PlatformIdentity
from models.database import unit_of_work
from tests.college import College
from tests.conftest import StatementCounter
from tests.pages.conftest import SignIn, one_database
from tests.platform import simulated_platform

pytestmark = one_database

PAGE = "http://127.0.0.1:8000/filings/new?form=1"


def found(client: FlaskClient, **query: str) -> list[dict[str, Any]]:
    answer = client.get("/people/search", query_string=query)
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    people: list[dict[str, Any]] = answer.get_json()["people"]
    return people


def test_people_are_found_by_name_sound_or_department_with_what_tells_them_apart(
    sign_in: SignIn, college: College
) -> None:
    client = sign_in("jiwai").client
    assert found(client, q="wangq") == [
        {
            "id": college.people["wangqunzhu"],
            "name": "王群主",
            "department": "护理系",
            "account": "",
            "mobile_is_on_record": False,
            "job_title": "教师",
            "office_phone": "028-00000000",
        }
    ]
    assert [person["name"] for person in found(client, q="学生处")] == ["孙处长", "纪外人"]
    assert (
        found(client, q="")
        == found(client)
        == found(client, q="没有这个人\x00")
        == found(client, userid="a\x00b")
        == []
    )


def test_where_nothing_else_tells_two_apart_their_accounts_do(app: Flask, sign_in: SignIn, college: College) -> None:
    with app.app_context(), unit_of_work() as session:
        session.get_one(Person, college.people["zhaoguanli"]).name = "王群主"
        session.get_one(Person, college.people["jiwai"]).name = "王群主"
    said = found(sign_in("lilaoshi").client, q="王群主")
    assert [(person["department"], person["account"]) for person in said] == [
        *(("护理系", "wangqunzhu"), ("护理系", "zhaoguanli"), ("学生处", "")),
    ]


def test_what_a_form_asks_to_write_is_found_however_long(app: Flask, sign_in: SignIn, college: College) -> None:
    unit, title = "马克思主义学院" * 18, "思想政治理论课专任教师" * 5
    with app.app_context(), unit_of_work() as session:
        session.get_one(Department, college.departments["5"]).name = unit
        namesake = Person(name="纪外人", job_title=title, department_id=college.departments["5"])
        session.add(namesake)
        session.flush()
        asked_for = f"纪外人（{unit}，{title}）"
    assert [person["job_title"] for person in found(sign_in("lilaoshi").client, q=asked_for)] == [title]
    page = sign_in("wuguanli").open(f"/administration/people?q={asked_for}")
    assert "找到1人" in page.text


def test_an_office_phone_that_no_key_opens_is_not_told(app: Flask, sign_in: SignIn, college: College) -> None:
    with app.app_context():
        db.session.execute(text("UPDATE people SET office_phone = 'gAAAAAB-lost'"))
        db.session.commit()
    assert [person["office_phone"] for person in found(sign_in("jiwai").client, q="王群主")] == [""]
    form = sign_in("lilaoshi").open("/filings/new").form("/filings/new")
    assert form.values["responsible-office_phone"] == ""


def test_a_search_never_tells_a_mobile_or_an_email(app: Flask, sign_in: SignIn, college: College) -> None:
    with app.app_context(), unit_of_work() as session:
        person = session.get_one(Person, college.people["wangqunzhu"])
        person.mobile, person.email, person.office_phone = "19900000021", "a@example.edu.cn", "199-0000 0022"
    said = found(sign_in("jiwai").client, q="王群主")
    assert [person["office_phone"] for person in said] == [""]
    assert not any(secret in str(said) for secret in ("0021", "0022", "example"))


def test_at_most_twenty_are_told_in_as_many_queries_as_one(
    app: Flask, sign_in: SignIn, college: College, counted: StatementCounter
) -> None:
    client = sign_in("jiwai").client
    found(client, q="王群主")
    few = len(counted)
    with app.app_context(), unit_of_work() as session:
        session.add_all(Person(name="王群主", department_id=college.departments["8"]) for _ in range(30))
    counted.statements.clear()
    assert len(found(client, q="王群主")) == 20
    assert len(counted) == few


def test_an_account_of_the_platform_is_resolved_whatever_its_case(
    app: Flask, sign_in: SignIn, college: College
) -> None:
    client = sign_in("jiwai").client
    assert [person["name"] for person in found(client, userid="WangQunZhu")] == ["王群主"]
    assert found(client, userid="nobody") == []
    with app.app_context(), unit_of_work() as session:
        person_id = college.people["wangqunzhu"]
        session.add(PlatformIdentity(platform="dingtalk", person_id=person_id, user_id="wang", user_key="wang"))
    assert found(client, userid="wang") == []


def test_nobody_searches_without_being_signed_in(client: FlaskClient) -> None:
    assert client.get("/people/search?q=a").status_code == 302
    assert client.get("/people/signature", query_string={"url": PAGE}).status_code == 302


def test_each_person_has_a_share_of_searches_of_their_own(sign_in: SignIn) -> None:
    client = sign_in("jiwai").client
    statuses = [client.get("/people/search").status_code for _ in range(121)]
    assert statuses == [200] * 120 + [429]
    assert sign_in("lilaoshi").client.get("/people/search").status_code == 200


def test_a_page_of_ours_is_signed_so_that_the_client_takes_it(app: Flask, sign_in: SignIn) -> None:
    with simulated_platform(app) as handle:
        answer = sign_in("jiwai").client.get("/people/signature", query_string={"url": f"{PAGE}#here"})
        said = answer.get_json()
        assert set(said) == {"corpId", "agentId", "timestamp", "nonceStr", "signature"}
        with handle.state.lock:
            handle.state.tickets.check({**said, "url": PAGE}, now=handle.state.now())
            settings = handle.state.settings
        assert (said["corpId"], said["agentId"]) == (settings.corp_id, settings.agent_id)
        assert "ticket" not in answer.text


@pytest.mark.parametrize(
    "url",
    [
        *("", "/filings/new", "https://127.0.0.1:8000/", "http://127.0.0.1/", "http://127.0.0.1:8000.evil.example/"),
        *("http://evil.example/", "http://a@127.0.0.1:8000/", "http://[", f"{PAGE}{'x' * 2048}", f"{PAGE}\n"),
    ],
)
def test_a_page_of_anybody_else_is_not_signed(url: str, sign_in: SignIn) -> None:
    answer = sign_in("jiwai").client.get("/people/signature", query_string={"url": url})
    assert (answer.status_code, answer.mimetype) == (400, "application/json")


def test_a_public_address_is_compared_without_its_case(app: Flask, sign_in: SignIn) -> None:
    app.config["SETTINGS"] = replace(app.config["SETTINGS"], public_url="https://Qunbei.Example")
    client = sign_in("jiwai").client
    answer = client.get("/people/signature", query_string={"url": "https://qunbei.example/filings/new"})
    assert answer.status_code == 503


def test_a_platform_that_is_away_is_said_to_be(sign_in: SignIn) -> None:
    answer = sign_in("jiwai").client.get("/people/signature", query_string={"url": PAGE})
    assert (answer.status_code, answer.mimetype) == (503, "application/json")
