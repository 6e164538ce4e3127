"""Mobiles: masked but to those whose task needs them, and whoever is shown one in full leaves a trace."""

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select, text

from extensions import db
from models import AuditEntry, ContactRole, Outcome, Person
from models.database import POSTS_TURN, take_turn, unit_of_work
from operations.decisions import decide
from operations.drafts import ContactFacts
from operations.handovers import confirm, fingerprint, propose
from operations.leaving import leave
from operations.vacancies import get_handover
from tests.college import College
from tests.pages.conftest import Made, SignIn, one_database

pytestmark = one_database
FULL, MASKED = "19900000002", "199****0002"


@pytest.fixture
def looks(app: Flask) -> Callable[[], list[str]]:
    """Who has been noted as having seen mobiles, in order."""

    def noted() -> list[str]:
        with app.app_context():
            query = select(AuditEntry.actor_name).where(AuditEntry.action == "contacts.view").order_by(AuditEntry.id)
            return list(db.session.scalars(query))

    return noted


@pytest.mark.parametrize(
    ("user_id", "name"), [("zhangzhuren", "张主任"), ("zhougan", "周干事"), ("wuguanli", "吴系统")]
)
@pytest.mark.parametrize("page", ["/filings/1", "/groups/1"])
def test_whoever_needs_them_sees_them_in_full_and_is_noted(
    sign_in: SignIn, made: Made, looks: Callable[[], list[str]], user_id: str, name: str, page: str
) -> None:
    made.submitted()
    assert FULL in sign_in(user_id).client.get(page).text
    assert looks() == [name]


@pytest.mark.parametrize("user_id", ["wangqunzhu", "zhangzhuren"])
def test_others_see_them_masked_and_nothing_is_noted(
    sign_in: SignIn, made: Made, looks: Callable[[], list[str]], user_id: str
) -> None:
    made.approved()
    page = sign_in(user_id).client.get("/filings/1").text
    assert MASKED in page
    assert FULL not in page
    assert looks() == []


@pytest.mark.parametrize(
    ("office_phone", "shown"),
    [
        *(("19900000008", "199****0008"), ("199-0000 0008", "199****0008"), ("+8619900000008", "199****0008")),
        ("028-00000001 19900000008", "028-00000001 199****0008"),
        *(("028-13900000", "028-13900000"), ("02813900000转8001", "02813900000转8001")),
    ],
)
def test_a_mobile_given_as_an_office_phone_is_masked_alike(
    office_phone: str, shown: str, sign_in: SignIn, made: Made, college: College
) -> None:
    owner = ContactFacts(ContactRole.OWNER, 1, "王群主", "教师", "19900000002", office_phone)
    made.submitted(contacts=(*college.facts().contacts[::2], owner))
    for page in ("/filings/1", "/groups/1"):
        assert f"<dd>{shown}</dd>" in sign_in("wangqunzhu").client.get(page).text
        assert f"<dd>{office_phone}</dd>" in sign_in("zhangzhuren").client.get(page).text


def test_a_mobile_in_the_directory_as_an_office_phone_is_given_to_its_owner_alone(
    sign_in: SignIn, college: College, app: Flask
) -> None:
    with app.app_context(), unit_of_work() as session:
        session.get_one(Person, college.people["zhangzhuren"]).office_phone = "19900000008"
    assert "19900000008" not in sign_in("lilaoshi").client.get("/filings/new").text
    form = sign_in("zhangzhuren").open("/filings/new").form("/filings/new")
    assert form.values["owner-office_phone"] == "19900000008"


def test_applicants_see_what_they_typed_without_a_note(
    sign_in: SignIn, made: Made, looks: Callable[[], list[str]]
) -> None:
    made.submitted()
    assert FULL in sign_in("lilaoshi").client.get("/filings/1").text
    assert looks() == []


class TestWhatItsOwnerGave:
    """王群主 left; 纪外人 took over as 群主 of the registered group that 李老师 filed, with a mobile of their own."""

    OWN = "19900000044"

    @pytest.fixture(autouse=True)
    def _taken_over(self, app: Flask, sign_in: SignIn, made: Made, college: College) -> None:
        filing_id = made.approved()
        with app.app_context():
            decide(college.actor("zhougan"), filing_id, Outcome.REGISTERED)
            with unit_of_work() as session:
                take_turn(session, POSTS_TURN)
                session.get_one(Person, college.people["jiwai"]).mobile = self.OWN
                leave(session, [session.get_one(Person, college.people["wangqunzhu"])])
            record = get_handover(1)
            items = {item.id for item in record.open}
            propose(college.actor("zhangzhuren"), 1, items, college.people["jiwai"], seen=fingerprint(record))
            confirm(college.actor("jiwai"), 1)

    def test_the_filing_names_those_of_its_day_and_the_group_those_of_today(self, sign_in: SignIn) -> None:
        for user_id in ("zhougan", "lilaoshi"):
            filing, group = sign_in(user_id).open("/filings/1"), sign_in(user_id).open("/groups/1")
            assert "王群主" in filing.text
            assert "这是备案时的相关人员" in filing.text
            assert self.OWN not in filing.html
            assert FULL in filing.html
            assert "纪外人" in group.text
            assert self.OWN in group.html

    def test_the_applicant_who_is_shown_it_leaves_a_trace(
        self, sign_in: SignIn, looks: Callable[[], list[str]]
    ) -> None:
        assert self.OWN in sign_in("lilaoshi").client.get("/groups/1").text
        assert looks() == ["李老师"]

    def test_what_was_kept_is_encrypted(self, app: Flask) -> None:
        with app.app_context():
            kept = db.session.scalar(text("SELECT people_as_filed FROM filings"))
        assert kept
        assert FULL not in kept
        assert "王群主" not in kept


def test_a_head_who_goes_on_with_a_filing_leaves_a_trace_at_its_form(
    app: Flask, sign_in: SignIn, made: Made, college: College, looks: Callable[[], list[str]]
) -> None:
    filing_id = made.submitted()
    head = sign_in("zhangzhuren")
    head.post(f"/filings/{filing_id}/decision", outcome="returned", reason="请改")
    with app.app_context(), unit_of_work() as session:
        take_turn(session, POSTS_TURN)
        leave(session, [session.get_one(Person, college.people["lilaoshi"])])
    head.post(f"/filings/{filing_id}/takeover")
    assert looks() == []
    assert FULL in head.client.get(f"/filings/{filing_id}/edit").text
    assert looks() == ["张主任"]
