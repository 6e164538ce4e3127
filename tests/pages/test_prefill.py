"""What the form knows beforehand: the last filing, today, and numbers that their owners gave, which stay theirs."""

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select, text

from extensions import db
from models import AuditEntry, Contact, Filing, Outcome, Person
from models.database import unit_of_work
from operations.clock import college_today
from operations.decisions import decide
from operations.drafts import ContactFacts
from operations.errors import RefusedByRules
from operations.filings import submit
from regulation import Platform, Tier
from tests.college import College
from tests.pages.conftest import Made, SignIn, one_database
from tests.pages.reading import read
from tests.pages.test_filing_form import COMPLETE

NEW = "/filings/new"
ON_RECORD = "已登记，提交后自动填入"
GIVEN = {"zhangzhuren": "19900000041", "zhaoguanli": "19900000043", "lilaoshi": "19900000040"}
#: What a member of staff types, whose colleagues gave their numbers: 第一责任人 and 群主 are filled in.
TYPED = {
    "name": "护理系教师工作群",
    "member_count": "46",
    "composition": "护理系全体教师",
    "purpose": "发布教学安排",
    "administrators__0__name": "赵管理",
}


@pytest.fixture
def _gave_theirs(app: Flask, college: College) -> None:
    with app.app_context(), unit_of_work() as session:
        for user_id, mobile in GIVEN.items():
            session.get_one(Person, college.people[user_id]).mobile = mobile


@pytest.fixture
def contacts(app: Flask) -> Callable[[], dict[str, tuple[str, bool]]]:
    """The contacts of the first group by name: their mobile, and whether they gave it themselves."""

    def read_contacts() -> dict[str, tuple[str, bool]]:
        with app.app_context():
            return {c.name: (c.mobile, c.given_by_owner) for c in db.session.scalars(select(Contact))}

    return read_contacts


@one_database
@pytest.mark.usefixtures("_gave_theirs")
class TestNumbersOnRecord:
    def test_a_department_s_ordinary_group_takes_five_typed_fields_the_second_time(
        self, sign_in: SignIn, college: College, app: Flask
    ) -> None:
        """F2: what the directory, the posts and earlier filings know is filled in."""
        browser = sign_in("lilaoshi")
        chosen = {"platform": "wechat", "tier": "department"}
        assert browser.send(browser.open(NEW), NEW, **TYPED, **chosen, action="send").location == "/filings/1/confirm"
        assert (
            browser.send(browser.open("/filings/1/confirm"), "/filings/1/confirm", promise="y").location == "/filings/1"
        )
        again = {**TYPED, "name": "护理系教研群"}
        assert len(again) <= 8
        assert browser.send(browser.open(NEW), NEW, **again, action="send").location == "/filings/2/confirm"

    def test_they_are_filled_in_when_it_is_sent_and_shown_to_those_who_decide_alone(
        self, sign_in: SignIn, contacts: Callable[[], dict[str, tuple[str, bool]]], app: Flask
    ) -> None:
        """E47: whoever names a colleague learns nothing of their number, before or after it is sent."""
        browser = sign_in("lilaoshi")
        form = browser.open(NEW)
        browser.send(form, NEW, **TYPED, platform="wechat", tier="department", action="send")
        assert contacts()["张主任"] == ("", False)
        confirm = browser.open("/filings/1/confirm")
        assert confirm.text.count(ON_RECORD) == 2
        browser.send(browser.open("/filings/1/confirm"), "/filings/1/confirm", promise="y")
        assert contacts() == {
            "张主任": ("19900000041", True),
            "李老师": ("19900000040", False),
            "赵管理": ("19900000043", True),
        }
        pages = [browser.open(path) for path in ("/filings/1", "/groups/1")]
        assert not any(GIVEN[who] in p.html for p in (form, confirm, *pages) for who in ("zhangzhuren", "zhaoguanli"))
        assert all("199****0041" in page.html and GIVEN["lilaoshi"] in page.html for page in pages)
        with app.app_context():
            assert not db.session.scalars(select(AuditEntry).where(AuditEntry.action == "contacts.view")).all()
        assert GIVEN["zhaoguanli"] in sign_in("zhangzhuren").open("/filings/1").html

    def test_sent_back_they_stay_and_are_not_shown(
        self, sign_in: SignIn, contacts: Callable[[], dict[str, tuple[str, bool]]]
    ) -> None:
        browser = sign_in("lilaoshi")
        browser.send(browser.open(NEW), NEW, **TYPED, platform="wechat", tier="department", action="send")
        browser.send(browser.open("/filings/1/confirm"), "/filings/1/confirm", promise="y")
        sign_in("zhangzhuren").post("/filings/1/decision", outcome="returned", reason="请改")
        edit = browser.open("/filings/1/edit")
        assert not any(GIVEN[who] in edit.html for who in ("zhangzhuren", "zhaoguanli"))
        browser.send(edit, "/filings/1/edit", member_count="47", action="save")
        assert contacts()["赵管理"] == ("19900000043", True)
        browser.send(
            browser.open("/filings/1/edit"), "/filings/1/edit", administrators__0__name="王群主", action="save"
        )
        assert contacts()["王群主"] == ("", False)

    def test_where_none_is_on_record_it_is_asked_for(self, sign_in: SignIn) -> None:
        browser = sign_in("lilaoshi")
        typed = {**TYPED, "administrators__0__name": "王群主", "platform": "wechat", "tier": "department"}
        page = read(browser.send(browser.open(NEW), NEW, **typed, action="send"), 422)
        assert set(page.errors) == {"administrators-0-mobile"}

    def test_a_number_of_somebody_outside_the_directory_is_asked_for(self, sign_in: SignIn) -> None:
        browser = sign_in("lilaoshi")
        typed = {**TYPED, "administrators__0__name": "校外人", "platform": "wechat", "tier": "department"}
        page = read(browser.send(browser.open(NEW), NEW, **typed, action="send"), 422)
        assert set(page.errors) == {"administrators-0-mobile"}

    def test_one_that_no_key_opens_is_asked_for(self, app: Flask, sign_in: SignIn, college: College) -> None:
        with app.app_context():
            lost = {"id": college.people["zhaoguanli"]}
            db.session.execute(text("UPDATE people SET mobile = 'gAAAAAB-lost' WHERE id = :id"), lost)
            db.session.commit()
        browser = sign_in("lilaoshi")
        page = read(
            browser.send(browser.open(NEW), NEW, **TYPED, platform="wechat", tier="department", action="send"), 422
        )
        assert set(page.errors) == {"administrators-0-mobile"}

    def test_a_number_that_was_typed_is_taken_as_typed(
        self, sign_in: SignIn, contacts: Callable[[], dict[str, tuple[str, bool]]]
    ) -> None:
        browser = sign_in("lilaoshi")
        browser.send(browser.open(NEW), NEW, **COMPLETE, action="send")
        browser.send(browser.open("/filings/1/confirm"), "/filings/1/confirm", promise="y")
        assert contacts()["赵管理"] == ("19900000003", False)
        assert "19900000003" in browser.open("/filings/1").html

    def test_the_search_says_whether_and_not_which(self, sign_in: SignIn) -> None:
        answer = sign_in("lilaoshi").client.get("/people/search", query_string={"q": "赵管理"})
        assert [person["mobile_is_on_record"] for person in answer.get_json()["people"]] == [True]
        assert GIVEN["zhaoguanli"] not in answer.text


def test_who_took_their_number_back_meanwhile_is_asked_for_it(app: Flask, college: College) -> None:
    """Between the confirming page and the sending the colleague emptied it: nothing is sent."""
    with app.app_context():
        admin = ContactFacts(college.facts().contacts[2].role, 1, "赵管理")
        filing_id = college.draft(contacts=(*college.facts().contacts[:2], admin))
        with pytest.raises(RefusedByRules) as refused:
            submit(college.actor("lilaoshi"), filing_id)
        assert [finding.field for finding in refused.value.findings] == ["administrator"]
        assert not db.session.get_one(Filing, filing_id).group.live


def test_a_number_is_filled_in_on_both_databases(app: Flask, college: College) -> None:
    with app.app_context():
        with unit_of_work() as session:
            session.get_one(Person, college.people["zhaoguanli"]).mobile = "19900000043"
        admin = ContactFacts(college.facts().contacts[2].role, 1, "赵管理")
        filing_id = college.submitted(contacts=(*college.facts().contacts[:2], admin))
        given = [c.mobile for c in college.filing(filing_id).group.contacts if c.given_by_owner]
        assert given == ["19900000043"]
        decide(college.actor("zhangzhuren"), filing_id, Outcome.APPROVED)


@one_database
class TestHabits:
    def test_a_new_form_begins_with_the_kind_of_the_last_group_that_was_sent(self, sign_in: SignIn, made: Made) -> None:
        """F2: somebody who files class groups chooses neither 群组类型 nor 建群主体 again."""
        made.submitted(tier=Tier.FACULTY_ORGANIZATION, platform=Platform.OTHER, other_platform="豆瓣", number="")
        made.draft(name="护理系草稿群", number="71000001")
        values = sign_in("lilaoshi").open(NEW).form(NEW).values
        assert [values[name] for name in ("tier", "platform", "other_platform")] == [
            *("faculty_organization", "other", "豆瓣")
        ]

    def test_the_first_time_nothing_is_chosen_for_them(self, sign_in: SignIn, made: Made) -> None:
        made.submitted("wangqunzhu")
        values = sign_in("lilaoshi").open(NEW).form(NEW).values
        assert (values["tier"], values["platform"]) == ("", "")

    def test_a_new_group_opens_today_unless_they_say_otherwise(self, sign_in: SignIn) -> None:
        """F1: 开通时间 is the annex's, as a day of the calendar."""
        page = sign_in("lilaoshi").open(NEW)
        assert page.form(NEW).values["opened_on"] == college_today().isoformat()
        assert "补办备案填实际开通的日期（第八条）" in page.text

    def test_choosing_another_kind_keeps_all_that_was_typed(self, sign_in: SignIn) -> None:
        """F4: a form of 补办备案 that lacks something is shown again as it was."""
        browser = sign_in("lilaoshi")
        typed = {**COMPLETE, "kind": "retroactive", "opened_on": "2020-09-01", "purpose": ""}
        page = read(browser.send(browser.open(NEW), NEW, **typed, action="send"), 422)
        shown = page.form(NEW).values
        assert {name: shown[name.replace("__", "-")] for name in typed} == typed
        assert set(page.errors) == {"purpose"}
