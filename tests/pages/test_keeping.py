"""A form that its script keeps while it is filled in: what is kept, what is left out, and what is refused."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from extensions import db
from models import Contact, ContactRole, Filing, Group
from tests.college import College
from tests.conftest import StatementCounter
from tests.pages.conftest import Browser, Made, SignIn, one_database
from tests.pages.reading import Page
from tests.pages.test_filing_form import COMPLETE, NEW

pytestmark = one_database

KEEP, KEEP_IT, EDIT = "/filings/keep", "/filings/1/keep", "/filings/1/edit"
Said = dict[str, Any]


@pytest.fixture
def browser(sign_in: SignIn) -> Browser:
    return sign_in("lilaoshi")


def kept(app: Flask) -> Group:
    with app.app_context():
        return db.session.scalars(select(Group).order_by(Group.id.desc())).first()  # type: ignore[return-value]


def contact(app: Flask, role: ContactRole) -> tuple[str, str]:
    with app.app_context():
        person = db.session.scalars(select(Contact).where(Contact.role == role)).one()
        return person.name, person.mobile


def keep(browser: Browser, page: Page, address: str, **typed: str) -> TestResponse:
    """Have the page's form kept at `address`, as its script does, with this typed over what it shows."""
    form = NEW if address == KEEP else EDIT
    values = {**page.form(form).values, **{name.replace("__", "-"): value for name, value in typed.items()}}
    return browser.client.post(address, data=values)


def begin(browser: Browser, **typed: str) -> Said:
    """Open a new form and have it kept as typed."""
    page = browser.open(NEW)
    said: Said = keep(browser, page, KEEP, **{**COMPLETE, **typed}).get_json()
    return said


def go_on(browser: Browser, **typed: str) -> TestResponse:
    """Have the form of filing 1 kept as typed, at the version that its page shows."""
    return keep(browser, browser.open(EDIT), KEEP_IT, **typed)


def test_a_new_form_becomes_a_draft_and_goes_on_as_that_draft(browser: Browser, app: Flask) -> None:
    """F3: drafts are kept as they are typed, and listed."""
    said = begin(browser, purpose="发布教学")
    assert said == {"version": 1, "filing_id": 1, "edit": EDIT, "keep": KEEP_IT, "left": []}
    page = browser.open(said["edit"])
    assert page.form(EDIT).values["purpose"] == "发布教学"
    assert page.form(EDIT).values["version"] == "1"
    assert browser.send(page, EDIT, purpose="发布教学安排", action="send").location == "/filings/1/confirm"
    assert COMPLETE["name"] in browser.open("/").text


def test_the_same_new_form_kept_twice_is_one_draft(browser: Browser, app: Flask) -> None:
    page = browser.open(NEW)
    ids = {
        keep(browser, page, KEEP, **{**COMPLETE, "purpose": purpose}).get_json()["filing_id"] for purpose in "甲乙丙"
    }
    assert ids == {1}
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Filing)) == 1


def test_a_form_with_nothing_but_its_beginnings_is_kept(browser: Browser, app: Flask) -> None:
    page = browser.open(NEW)
    assert keep(browser, page, KEEP, name="护").get_json()["left"] == []
    assert kept(app).name == "护"


def test_what_cannot_be_read_is_left_out_by_name_and_the_rest_is_kept(browser: Browser, app: Flask) -> None:
    said = begin(browser, member_count="很多", opened_on="2026-02-30", purpose="长" * 1001, owner__mobile="1990000")
    assert said["left"] == ["群人数", "开通时间", "群主手机", "平台用途"]
    group = kept(app)
    assert (group.name, group.member_count, group.opened_on, group.purpose) == (COMPLETE["name"], None, None, "")
    assert contact(app, ContactRole.OWNER) == (COMPLETE["owner__name"], "")


def test_what_was_kept_of_a_field_stays_while_it_cannot_be_read(browser: Browser, app: Flask) -> None:
    begin(browser, purpose="发布教学安排")
    said = go_on(browser, purpose="长" * 1001, member_count="x", owner__mobile="1").get_json()
    assert said["left"] == ["群人数", "群主手机", "平台用途"]
    group = kept(app)
    assert (group.purpose, str(group.member_count)) == ("发布教学安排", COMPLETE["member_count"])
    assert contact(app, ContactRole.OWNER) == (COMPLETE["owner__name"], COMPLETE["owner__mobile"])


def test_one_persons_number_is_not_put_under_anothers_name(browser: Browser, app: Flask) -> None:
    begin(browser)
    go_on(browser, owner__name="钱大同", owner__mobile="1")
    assert contact(app, ContactRole.OWNER) == ("钱大同", "")


def test_an_older_window_is_told_and_keeps_nothing(browser: Browser, app: Flask) -> None:
    """F3: lost by no second tab."""
    begin(browser)
    first, second = browser.open(EDIT), browser.open(EDIT)
    assert keep(browser, first, KEEP_IT, purpose="甲").status_code == 200
    answer = keep(browser, second, KEEP_IT, purpose="乙")
    assert answer.status_code == 409
    assert "另一个窗口保存过" in answer.get_json()["sentence"]
    assert kept(app).purpose == "甲"


def test_a_filing_that_was_sent_meanwhile_is_not_changed(browser: Browser, made: Made, app: Flask) -> None:
    made.submitted()
    form = {**COMPLETE, "kind": "establish", "purpose": "后来"}
    answer = browser.post(KEEP_IT, **form)
    assert answer.status_code == 409
    assert answer.get_json()["sentence"]
    assert kept(app).purpose != "后来"


def test_a_second_press_on_the_deletion_reads_as_the_first_and_tells_nobody_else(
    browser: Browser, sign_in: SignIn
) -> None:
    """F3: a draft is deleted once, however often the button is pressed."""
    begin(browser)
    page = browser.open("/filings/1/deletion")
    for _ in range(2):
        assert browser.send(page, "/filings/1/deletion").location == "/"
        assert "草稿已删除。" in browser.open("/").text
    for other in ("zhangzhuren", "zhougan"):
        assert sign_in(other).post("/filings/1/deletion").status_code == 404
    for wrong in ("/filings/2/deletion", f"/filings/{10**20}/deletion"):
        assert browser.post(wrong).status_code == 404


def test_a_deleted_draft_does_not_come_back_by_a_forgotten_window(browser: Browser, app: Flask) -> None:
    begin(browser)
    page = browser.open(EDIT)
    browser.send(browser.open("/filings/1/deletion"), "/filings/1/deletion")
    answer = keep(browser, page, KEEP_IT, purpose="后来")
    assert answer.status_code == 404
    assert "没有找到" in answer.get_json()["sentence"]
    with app.app_context():
        assert db.session.scalar(select(func.count()).where(Filing.deleted_at.is_(None))) == 0


def test_nobody_keeps_anothers_draft(browser: Browser, sign_in: SignIn, app: Flask) -> None:
    begin(browser)
    answer = sign_in("jiwai").post(KEEP_IT, **{**COMPLETE, "purpose": "别人写的"})
    assert answer.status_code == 403
    assert answer.get_json()["sentence"]
    assert kept(app).purpose != "别人写的"


def test_a_choice_that_no_form_offers_is_refused(browser: Browser, app: Flask) -> None:
    assert browser.post(KEEP, **{**COMPLETE, "kind": "nonsense"}).status_code == 422
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Filing)) == 0


def test_whoever_is_not_signed_in_is_told_by_the_status(client: FlaskClient, college: College) -> None:
    assert client.post(KEEP, data=COMPLETE).status_code == 401


def test_the_answer_tells_nobodys_number(browser: Browser) -> None:
    page = browser.open(NEW)
    assert "199" not in keep(browser, page, KEEP, **COMPLETE).text


def test_keeping_costs_the_same_however_often(browser: Browser, counted: StatementCounter) -> None:
    begin(browser)
    counts = []
    for purpose in ("甲", "乙"):
        page = browser.open(EDIT)
        counted.statements.clear()
        keep(browser, page, KEEP_IT, purpose=purpose)
        counts.append(len(counted))
    assert counts[0] == counts[1] <= 16
