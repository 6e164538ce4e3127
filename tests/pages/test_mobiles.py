"""Mobiles: masked but to those whose task needs them, and whoever is shown one in full leaves a trace."""

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select, text

from extensions import db
from models import AuditEntry, ContactRole, Filing, Handover, Outcome, Person
from models.database import POSTS_TURN, take_turn, unit_of_work
from operations.decisions import decide
from operations.drafts import ContactFacts
from operations.handovers import confirm, fingerprint, propose
from operations.leaving import leave
from operations.particulars import save_particulars
from operations.vacancies import get_handover
from tests.college import College
from tests.pages.conftest import Made, SignIn, one_database
from tests.pages.test_every_page import assert_well_made

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
        *(("(199) 0000 0008", "(199****0008"), ("028-61390000-1234", "028-61390000-1234")),
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


def test_an_applicant_sees_them_on_the_groups_page_until_the_filing_is_over(
    sign_in: SignIn, made: Made, college: College, app: Flask
) -> None:
    filing_id = made.approved()
    assert FULL in sign_in("lilaoshi").client.get("/groups/1").text
    with app.app_context():
        decide(college.actor("zhougan"), filing_id, Outcome.REGISTERED)
    page = sign_in("lilaoshi").client.get("/groups/1").text
    assert MASKED in page
    assert FULL not in page
    assert FULL in sign_in("lilaoshi").client.get("/filings/1").text


def hand_over(app: Flask, college: College, leaver: str, successor: str) -> None:
    """The one leaves, and the other takes over what they answered for."""
    with app.app_context():
        with unit_of_work() as session:
            take_turn(session, POSTS_TURN)
            leave(session, [session.get_one(Person, college.people[leaver])])
        handover_id = db.session.scalars(select(Handover.id).order_by(Handover.id.desc())).first()
        assert handover_id is not None
        record = get_handover(handover_id)
        items, to = {item.id for item in record.open}, college.people[successor]
        propose(college.actor("zhangzhuren"), handover_id, items, to, seen=fingerprint(record))
        confirm(college.actor(successor), handover_id)


class TestWhatItsOwnerGave:
    """王群主 left; 纪外人 took over as 群主 of the registered group that 李老师 filed, with a mobile of their own."""

    OWN = "19900000044"

    @pytest.fixture(autouse=True)
    def _taken_over(self, app: Flask, sign_in: SignIn, made: Made, college: College) -> None:
        filing_id = made.approved()
        with app.app_context():
            decide(college.actor("zhougan"), filing_id, Outcome.REGISTERED)
            with unit_of_work() as session:
                session.get_one(Person, college.people["jiwai"]).mobile = self.OWN
        hand_over(app, college, "wangqunzhu", "jiwai")

    def test_the_filing_names_those_of_its_day_and_the_group_those_of_today(self, sign_in: SignIn) -> None:
        for user_id in ("zhougan", "lilaoshi"):
            filing, group = sign_in(user_id).open("/filings/1"), sign_in(user_id).open("/groups/1")
            assert "王群主" in filing.text
            assert "这是备案时的相关人员" in filing.text
            assert self.OWN not in filing.html
            assert FULL in filing.html
            assert "纪外人" in group.text

    def test_those_of_today_are_masked_to_the_applicant_of_a_filing_that_is_over(
        self, sign_in: SignIn, looks: Callable[[], list[str]]
    ) -> None:
        page = sign_in("lilaoshi").open("/groups/1")
        assert "199****0044" in page.text
        assert self.OWN not in page.html
        assert looks() == []
        assert self.OWN in sign_in("zhougan").open("/groups/1").html
        assert looks() == ["周干事"]

    def test_a_given_number_that_the_filing_keeps_is_masked_to_its_applicant(
        self, app: Flask, sign_in: SignIn, college: College, looks: Callable[[], list[str]]
    ) -> None:
        """The filing was under way when 纪外人 took over, and over when they left: it keeps their number."""
        with app.app_context(), unit_of_work() as session:
            session.get_one(Filing, 1).people_as_filed = ""
        hand_over(app, college, "jiwai", "zhaoguanli")
        page = sign_in("lilaoshi").open("/filings/1")
        assert "199****0044" in page.text
        assert self.OWN not in page.html
        assert "19900000003" in page.html
        assert looks() == []
        assert self.OWN in sign_in("zhougan").open("/filings/1").html
        assert looks() == ["周干事"]

    def test_what_no_key_opens_is_not_made_up_from_those_of_today(self, app: Flask, sign_in: SignIn) -> None:
        with app.app_context():
            db.session.execute(text("UPDATE filings SET people_as_filed = 'gAAAAAB-lost'"))
            db.session.commit()
        page = sign_in("zhougan").open("/filings/1")
        assert page.text.count("无法解密") >= 3
        assert "纪外人" not in page.text
        assert_well_made(page)

    def test_what_was_kept_is_encrypted(self, app: Flask) -> None:
        with app.app_context():
            kept = db.session.scalar(text("SELECT people_as_filed FROM filings"))
        assert kept
        assert FULL not in kept
        assert "王群主" not in kept


def test_an_approver_reads_in_the_progress_that_somebody_took_over(
    app: Flask, sign_in: SignIn, made: Made, college: College
) -> None:
    filing_id = made.submitted()
    hand_over(app, college, "wangqunzhu", "jiwai")
    head = sign_in("zhangzhuren")
    page = head.open(f"/filings/{filing_id}")
    assert "人员变动" in page.text
    assert "群主：王群主 → 纪外人" in page.text
    assert page.text.index("已提交") < page.text.index("人员变动") < page.text.index("待审核")
    assert_well_made(page)
    head.post(f"/filings/{filing_id}/decision", outcome="approved")
    sign_in("zhougan").post(f"/filings/{filing_id}/decision", outcome="registered")
    hand_over(app, college, "jiwai", "lilaoshi")
    page = head.open(f"/filings/{filing_id}")
    assert "群主：王群主 → 纪外人" in page.text
    assert "李老师" not in page.text.split("相关人员")[1].split("办理进度")[0]
    assert "纪外人 → 李老师" not in page.text


def test_a_form_leaves_blank_and_keeps_what_its_owner_gave(
    app: Flask, sign_in: SignIn, made: Made, college: College, looks: Callable[[], list[str]]
) -> None:
    filing_id = made.submitted()
    with app.app_context():
        save_particulars(college.actor("jiwai"), mobile="19900000044", source="typed")
    hand_over(app, college, "wangqunzhu", "jiwai")
    sign_in("zhangzhuren").post(f"/filings/{filing_id}/decision", outcome="returned", reason="请改")
    browser, edit = sign_in("lilaoshi"), f"/filings/{filing_id}/edit"
    page = browser.open(edit)
    assert page.form(edit).values["owner-mobile"] == ""
    assert "已登记，提交后自动填入" in page.html
    again = browser.send(page, edit, member_count="x", action="send")
    assert again.status_code == 422
    assert browser.send(page, edit, member_count="47", action="send").location == f"/filings/{filing_id}/confirm"
    confirm = browser.open(f"/filings/{filing_id}/confirm").html
    assert "199****0044" in confirm
    assert not any("19900000044" in html for html in (page.html, again.text, confirm))
    assert looks() == []
    browser.send(browser.open(f"/filings/{filing_id}/confirm"), f"/filings/{filing_id}/confirm", promise="y")
    assert "19900000044" in sign_in("zhangzhuren").open(f"/filings/{filing_id}").html


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
