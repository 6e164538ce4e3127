"""转办 on the pages: the way there, the form, what is refused, and what becomes of it."""

from flask import Flask

from extensions import db
from models import Outcome, Person
from models.database import unit_of_work
from operations.decisions import decide
from operations.reassigning import reassign
from tests.college import College
from tests.pages.conftest import Made, SignIn, one_database
from tests.pages.reading import read
from tests.pages.test_every_page import assert_well_made

pytestmark = one_database
HEAD, OTHER = "zhangzhuren", "jiwai"


def address(filing_id: int) -> str:
    return f"/filings/{filing_id}/reassignment"


def test_the_holder_passes_it_on_and_takes_it_back(sign_in: SignIn, made: Made) -> None:
    """F16: 转办 from the filing's page, and 收回 while it is undecided."""
    filing_id = made.submitted()
    head, other = sign_in(HEAD), sign_in(OTHER)
    assert address(filing_id) in head.open(f"/filings/{filing_id}").links
    page = head.open(address(filing_id))
    assert_well_made(page)
    answer = head.send(page, address(filing_id), person="纪外人", text="请您核实成员组成")
    assert answer.location == "/approvals"
    assert f"/filings/{filing_id}" not in head.open("/approvals").links
    assert "纪外人（代张主任）" in head.open(f"/filings/{filing_id}").text
    theirs = other.open(f"/filings/{filing_id}")
    assert "请您核实成员组成" in theirs.text
    assert "您代张主任（护理系部门负责人）审核" in theirs.text
    back = head.open(address(filing_id))
    assert_well_made(back)
    assert "收回" in back.text
    head.post(address(filing_id), action="back")
    assert other.client.get(f"/filings/{filing_id}").status_code == 403
    assert "您以护理系部门负责人身份审核" in head.open(f"/filings/{filing_id}").text


def test_what_is_refused_stands_at_its_field_and_nothing_typed_is_lost(sign_in: SignIn, made: Made) -> None:
    filing_id = made.submitted()
    head = sign_in(HEAD)
    page = head.open(address(filing_id))
    refused = read(head.send(page, address(filing_id), person="李老师", text="请您核实"), 422)
    assert_well_made(refused)
    assert refused.errors["person"] == "李老师是申请人，不能办理自己的备案，请另选一位同事。"
    assert refused.form(address(filing_id)).values["text"] == "请您核实"
    refused = read(head.send(page, address(filing_id), person="", text=""), 422)
    assert refused.errors["person"] == "请填写姓名。"
    assert refused.errors["text"] == "请写明转办的原因或要求，对方会看到。"
    refused = read(head.send(page, address(filing_id), person="张" * 65, text=""), 422)
    assert set(refused.errors) == {"person", "text"}


def test_whoever_was_passed_it_gives_it_back(sign_in: SignIn, made: Made, app: Flask, college: College) -> None:
    filing_id = made.submitted()
    with app.app_context():
        reassign(college.actor(HEAD), filing_id, college.people[OTHER], text="请您核实")
    other = sign_in(OTHER)
    page = other.open(address(filing_id))
    assert "退还" in page.text
    assert other.post(address(filing_id), action="back").location == "/approvals"
    assert other.client.get(address(filing_id)).status_code == 403


def test_a_page_that_is_too_late_says_what_became_of_it(
    sign_in: SignIn, made: Made, app: Flask, college: College
) -> None:
    filing_id = made.submitted()
    head = sign_in(HEAD)
    page = head.open(address(filing_id))
    with app.app_context():
        decide(college.actor(HEAD), filing_id, Outcome.APPROVED)
    answer = head.send(page, address(filing_id), person="纪外人", text="请您核实")
    assert answer.location == f"/filings/{filing_id}"
    assert "已由张主任处理（已同意）" in head.open(f"/filings/{filing_id}").text


def test_whoever_decides_on_an_old_page_reads_who_has_it(
    sign_in: SignIn, made: Made, app: Flask, college: College
) -> None:
    filing_id = made.submitted()
    head = sign_in(HEAD)
    page = head.open(f"/filings/{filing_id}")
    with app.app_context():
        reassign(college.actor(HEAD), filing_id, college.people[OTHER], text="请您核实")
    answer = head.send(page, f"/filings/{filing_id}/decision", outcome="approved")
    assert answer.location == f"/filings/{filing_id}"
    assert "这一步已转由纪外人办理" in head.open(f"/filings/{filing_id}").text


def test_of_two_people_of_one_name_the_page_asks_which(
    sign_in: SignIn, made: Made, app: Flask, college: College
) -> None:
    """E14: same name, two people: chosen by id, told apart by department."""
    filing_id = made.submitted()
    with app.app_context(), unit_of_work() as session:
        session.get_one(Person, college.people[OTHER]).name = "孙处长"
    head = sign_in(HEAD)
    page = head.open(address(filing_id))
    refused = read(head.send(page, address(filing_id), person="孙处长", text="请您核实"), 422)
    assert "有2位同名" in refused.errors["person"]
    head.send(page, address(filing_id), person="孙处长", person_id=str(college.people[OTHER]), text="请您核实")
    with app.app_context():
        step = college.filing(filing_id).pending_step
        assert step is not None
        assert step.assignee_id == college.people[OTHER]
        db.session.rollback()
