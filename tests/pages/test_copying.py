"""从以前的备案复制: what the new form begins with, and what is never copied."""

import pytest
from flask import Flask
from sqlalchemy import select

from extensions import db
from models import AuditEntry, Contact, ContactRole, Outcome, Person
from models.database import POSTS_TURN, take_turn, unit_of_work
from operations.clock import college_today
from operations.decisions import decide
from operations.leaving import leave
from regulation import FilingKind, Platform
from tests.college import College
from tests.pages.conftest import Made, SignIn, one_database
from tests.pages.test_every_page import assert_well_made

pytestmark = one_database
NEW, COPY = "/filings/new", "/filings/new?from=1"


def test_a_form_begins_with_what_an_earlier_filing_said(sign_in: SignIn, made: Made, college: College) -> None:
    """E52: whoever files ten groups for others types what differs, and no more."""
    made.submitted(member_count=130, size_reason="全系都在群里")
    page = sign_in("lilaoshi").open(COPY)
    values = page.form(NEW).values
    same = ("kind", "platform", "tier", "department_id", "member_count", "composition", "purpose")
    assert [values[name] for name in same] == [
        *("establish", "qq", "department", str(college.departments["8"]), "130"),
        *("护理系全体教师", "发布教学安排和工作通知"),
    ]
    assert [values[f"{who}-mobile"] for who in ("responsible", "owner", "administrators-0")] == [
        *("19900000001", "19900000002", "19900000003")
    ]
    assert [values[name] for name in ("name", "number", "size_reason")] == [""] * 3
    assert values["opened_on"] == college_today().isoformat()
    assert 'placeholder="例如 护理系教师工作群"' in page.html
    assert_well_made(page)


def test_a_copy_is_a_filing_of_its_own(sign_in: SignIn, made: Made) -> None:
    made.submitted()
    browser = sign_in("lilaoshi")
    typed = {"name": "护理系学生工作群", "number": "612345683", "action": "send"}
    assert browser.send(browser.open(COPY), NEW, **typed).location == "/filings/2/confirm"
    assert browser.send(browser.open("/filings/2/confirm"), "/filings/2/confirm", promise="y").location == "/filings/2"
    assert "护理系教师工作群" in browser.open("/filings/1").html


def test_a_group_that_was_filed_late_gives_no_day_to_its_copy(sign_in: SignIn, made: Made) -> None:
    """F4: the day on which a group opened is its own."""
    made.draft(kind=FilingKind.RETROACTIVE)
    values = sign_in("lilaoshi").open(COPY).form(NEW).values
    assert (values["kind"], values["opened_on"]) == ("retroactive", "")


def test_a_number_that_its_owner_gave_is_not_copied_and_still_need_not_be_typed(
    app: Flask, college: College, sign_in: SignIn, made: Made
) -> None:
    """E47: no phone of somebody else is taken from another filing."""
    made.submitted()
    with app.app_context(), unit_of_work() as session:
        session.get_one(Person, college.people["wangqunzhu"]).mobile = "19900000044"
        owner = session.scalars(select(Contact).where(Contact.role == ContactRole.OWNER)).one()
        owner.mobile, owner.email, owner.given_by_owner = "19900000044", "own@example.edu.cn", True
    browser = sign_in("lilaoshi")
    page = browser.open(COPY)
    assert "19900000044" not in page.html
    assert "own@example.edu.cn" not in page.html
    assert "已登记，提交后自动填入" in page.html
    answer = browser.send(page, NEW, name="护理系学生工作群", number="612345683", action="send")
    assert answer.location == "/filings/2/confirm"


def test_nobody_who_has_left_is_named_again(app: Flask, college: College, sign_in: SignIn, made: Made) -> None:
    made.submitted()
    with app.app_context(), unit_of_work() as session:
        take_turn(session, POSTS_TURN)
        leave(session, [session.get_one(Person, college.people["zhaoguanli"])])
    values = sign_in("lilaoshi").open(COPY).form(NEW).values
    assert (values["owner-name"], values["administrators-0-name"]) == ("王群主", "")


@pytest.mark.parametrize("user_id", ["zhangzhuren", "zhougan", "wangqunzhu", "jiwai"])
def test_only_whoever_filed_it_may_copy_it(sign_in: SignIn, made: Made, user_id: str) -> None:
    made.submitted()
    assert sign_in(user_id).client.get(COPY).status_code == 403


@pytest.mark.parametrize("said", ["999", "x", "-1", "99999999999999999999", "1'"])
def test_what_names_no_filing_is_not_found(sign_in: SignIn, said: str) -> None:
    assert sign_in("lilaoshi").client.get(NEW, query_string={"from": said}).status_code == 404


def test_the_list_to_choose_from_and_the_ways_to_it(app: Flask, college: College, sign_in: SignIn, made: Made) -> None:
    browser = sign_in("lilaoshi")
    page = browser.open("/filings/earlier")
    assert "没有可以复制的内容" in page.text
    assert "/filings/earlier" not in browser.open("/").html
    filing_id = made.approved()
    made.submitted("wangqunzhu", name="护理系别人群", number="612345683")
    page = browser.open("/filings/earlier")
    assert 'href="/filings/new?from=1"' in page.html
    assert "护理系别人群" not in page.html
    assert_well_made(page)
    for address in ("/", NEW):
        assert 'href="/filings/earlier"' in browser.open(address).html
    assert "再备案一个" in browser.open("/filings/1").html
    with app.app_context():
        decide(college.actor("zhougan"), filing_id, Outcome.REGISTERED)
    assert 'href="/filings/new?from=1"' in browser.open("/filings/1").html
    assert "再备案一个" not in sign_in("wangqunzhu").open("/filings/1").html


def test_opening_the_copy_changes_nothing_and_looks_at_nothing_of_others(
    app: Flask, sign_in: SignIn, made: Made
) -> None:
    made.submitted(platform=Platform.WECHAT, number="")
    browser = sign_in("lilaoshi")
    browser.open(COPY)
    assert browser.client.get("/filings/2").status_code == 404
    with app.app_context():
        assert not db.session.scalars(select(AuditEntry).where(AuditEntry.action == "contacts.view")).all()
