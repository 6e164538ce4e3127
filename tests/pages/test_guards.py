"""Who reaches which route: every route has its rule, and the rule is kept."""

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from models import Person, PlatformIdentity, Post, utc_now
from models.database import unit_of_work
from operations import permissions
from operations.appointing import appoint
from tests.college import PEOPLE, College
from tests.pages.conftest import Made, SignIn, one_database
from tests.pages.reading import read

pytestmark = one_database

PUBLIC = None
EXPECTED = {
    "home.show": permissions.is_member,
    "home.approvals": permissions.is_member,
    "guide.show": permissions.is_member,
    "inbox.show": permissions.is_member,
    "inbox.read": permissions.is_member,
    "inbox.read_everything": permissions.is_member,
    "batches.confirm": permissions.is_member,
    "batches.decide": permissions.is_member,
    "filings.new": permissions.is_member,
    "checking.check": permissions.is_member,
    "keeping.keep_new": permissions.is_member,
    "keeping.keep": permissions.is_applicant,
    "filings.show": permissions.can_see,
    "copying.earlier": permissions.is_member,
    "filings.edit": permissions.is_applicant,
    "filings.confirm": permissions.is_applicant,
    "filings.decision": permissions.is_approver,
    "filings.withdrawal": permissions.is_applicant,
    "deletion.ask": permissions.is_applicant,
    "opinions.ask": permissions.is_approver,
    "opinions.answer": permissions.can_answer,
    "filings.nudge": permissions.is_applicant,
    "filings.takeover": permissions.heads_its_department,
    "duties.confirm": permissions.has_duties,
    "owing.number": permissions.completes_group,
    "owing.name": permissions.completes_group,
    "owing.giving_up": permissions.completes_group,
    "nicknames.show": permissions.can_check_nicknames,
    "nicknames.check": permissions.can_check_nicknames,
    "evidence.index": permissions.sees_evidence,
    "evidence.add": permissions.brings_evidence,
    "evidence.show": permissions.can_see_evidence,
    "evidence.removal": permissions.brought_evidence,
    "reassigning.choose": permissions.may_reassign,
    "paper.enter": permissions.may_enter_paper,
    "groups.show": permissions.can_see_group,
    "people.search": permissions.is_member,
    "people.signature": permissions.is_member,
    "own.show": permissions.is_member,
    "own.begin_consent": permissions.is_member,
    "own.end_consent": permissions.is_member,
    "handovers.index": permissions.is_member,
    "handovers.show": permissions.can_see_handover,
    "handovers.choose": permissions.can_hand_over,
    "handovers.answer": permissions.can_see_handover,
    "registry.show": permissions.can_see_registry,
    "administration.show": permissions.can_administer,
    "administration.departments": permissions.can_administer,
    "administration.set_kinds": permissions.can_administer,
    "administration.new_branch": permissions.can_administer,
    "administration.department": permissions.can_administer_department,
    "administration.remove_department": permissions.can_administer_department,
    "administration.merge_department": permissions.can_administer_department,
    "administration.split_department": permissions.can_administer_department,
    "departments.names": permissions.can_see_names,
    "administration.directory": permissions.can_administer,
    "administration.sync_directory": permissions.can_administer,
    "administration.removals": permissions.can_administer,
    "administration.accept_removals": permissions.can_administer,
    "administration.leaving": permissions.can_administer_person,
    "administration.check_platform": permissions.can_administer,
    "administration.messages": permissions.can_administer,
    "administration.resend_messages": permissions.can_administer,
    "administration.resend_many": permissions.can_administer,
    "administration.people": permissions.can_administer,
    "administration.person": permissions.can_administer_person,
    "administration.give_post": permissions.can_administer_person,
    "administration.posts": permissions.can_administer,
    "administration.oversee": permissions.can_administer,
    "administration.proposals": permissions.can_administer,
    "administration.end_post": permissions.can_end_post,
    "posts.delegations": permissions.is_member,
    "posts.end_delegation": permissions.can_end_delegation,
    "login.choose": PUBLIC,
    "login.begin_wecom": PUBLIC,
    "login.end_wecom": PUBLIC,
    "login.leave": PUBLIC,
    "login.verify_domain": PUBLIC,
    "callbacks.check_wecom": PUBLIC,
    "callbacks.receive_wecom": PUBLIC,
    "callbacks.check_contacts": PUBLIC,
    "callbacks.receive_contacts": PUBLIC,
    "health.alive": PUBLIC,
    "health.ready": PUBLIC,
    "metrics.show": PUBLIC,
}
#: The framework's own, which serve files only.
FILES = {"static", "bootstrap.static"}

AUDITOR = "shenjiyuan"
EVERYBODY = [*PEOPLE, AUDITOR]
#: Who may see a filing of 护理系 that is under way: those who take part, those who oversee.
SEE_IT = {"lilaoshi", "wangqunzhu", "zhaoguanli", "zhangzhuren", "zhougan", "wuguanli", AUDITOR}
OVERSEE = {"zhougan", "wuguanli", AUDITOR}
HEAD, REGISTRAR, APPLICANT = "zhangzhuren", "zhougan", "lilaoshi"

FILING = "/filings/1"
EDIT, CONFIRM, DECISION, WITHDRAWAL = (f"{FILING}/{to}" for to in ("edit", "confirm", "decision", "withdrawal"))
SAVE = {"action": "save", "kind": "establish"}
NOBODY: dict[str, int] = {}
#: What is posted: (how far filing 1 is, where to, what is said, who gets through and with which status).
#: Everybody else gets 403, and nothing but a 302 may change anything.
POSTED = [
    ("submitted", DECISION, {"outcome": "approved"}, {HEAD: 302, REGISTRAR: 403}),
    ("submitted", DECISION, {"outcome": "returned"}, {HEAD: 422, REGISTRAR: 403}),
    ("submitted", DECISION, {"outcome": "rejected", "reason": "重复"}, {HEAD: 302, REGISTRAR: 403}),
    ("approved", DECISION, {"outcome": "registered"}, {REGISTRAR: 302, HEAD: 403}),
    ("approved", DECISION, {"outcome": "returned", "reason": "请改"}, {REGISTRAR: 302, HEAD: 403}),
    ("draft", DECISION, {"outcome": "approved"}, NOBODY),
    ("draft", EDIT, SAVE, {APPLICANT: 302}),
    ("draft", EDIT, {**SAVE, "action": "send"}, {APPLICANT: 422}),
    ("submitted", EDIT, SAVE, {APPLICANT: 302}),
    ("draft", CONFIRM, {"promise": "y"}, {APPLICANT: 302}),
    ("draft", CONFIRM, {}, {APPLICANT: 422}),
    ("submitted", CONFIRM, {"promise": "y"}, {APPLICANT: 302}),
    ("submitted", WITHDRAWAL, {}, {APPLICANT: 302}),
    ("draft", WITHDRAWAL, {}, {APPLICANT: 302}),
    ("submitted", "/filings/new", SAVE, dict.fromkeys(EVERYBODY, 302)),
    ("submitted", "/administration/messages/resend", {}, {"wuguanli": 302}),
    *(
        ("submitted", f"/filings/404/{to}", {}, dict.fromkeys(EVERYBODY, 404))
        for to in ("edit", "confirm", "decision", "withdrawal")
    ),
]


@pytest.fixture(autouse=True)
def _an_auditor(app: Flask, college: College) -> None:
    """One more person, with the one post that nobody in the college holds."""
    with app.app_context():
        with unit_of_work() as session:
            account = PlatformIdentity(platform="wecom", user_id=AUDITOR, user_key=AUDITOR)
            auditor = Person(name="沈审计", department_id=college.departments["3"], identities=[account])
            session.add(auditor)
            session.flush()
            college.people[AUDITOR] = auditor.id
        appoint(AUDITOR, "AUDITOR", None)


def test_every_route_names_its_rule(app: Flask) -> None:
    rules = {name: getattr(view, "rule", "none named") for name, view in app.view_functions.items()}
    assert {name: rule for name, rule in rules.items() if name not in FILES} == EXPECTED


@pytest.mark.parametrize("user_id", EVERYBODY)
def test_a_filing_its_group_and_the_ledger_open_to_whom_they_concern(user_id: str, sign_in: SignIn, made: Made) -> None:
    filing_id = made.submitted()
    client = sign_in(user_id).client
    seen = 200 if user_id in SEE_IT else 403
    assert client.get(f"/filings/{filing_id}").status_code == seen
    assert client.get("/groups/1").status_code == seen
    assert client.get("/registry").status_code == (200 if user_id in OVERSEE else 403)
    assert client.get("/administration/").status_code == (200 if user_id == "wuguanli" else 403)
    assert client.get("/").status_code == client.get("/approvals").status_code == 200


@pytest.mark.parametrize("user_id", EVERYBODY)
def test_a_draft_is_its_authors_alone(user_id: str, sign_in: SignIn, made: Made) -> None:
    filing_id = made.draft()
    client = sign_in(user_id).client
    for address in (
        f"/filings/{filing_id}",
        f"/filings/{filing_id}/edit",
        f"/filings/{filing_id}/confirm",
        "/groups/1",
    ):
        assert client.get(address).status_code == (200 if user_id == "lilaoshi" else 403)


@pytest.mark.parametrize("user_id", sorted(SEE_IT - {"lilaoshi"}))
def test_only_the_applicant_changes_or_sends_a_filing_that_was_sent_back(
    user_id: str, sign_in: SignIn, made: Made, college: College
) -> None:
    filing_id = made.submitted()
    returned = sign_in("zhangzhuren").post(f"/filings/{filing_id}/decision", outcome="returned", reason="请改")
    assert returned.status_code == 302
    browser = sign_in(user_id)
    assert browser.client.get(f"/filings/{filing_id}/edit").status_code == 403
    assert browser.client.get(f"/filings/{filing_id}/confirm").status_code == 403
    assert browser.post(f"/filings/{filing_id}/edit", action="save").status_code == 403
    assert browser.post(f"/filings/{filing_id}/confirm", promise="y").status_code == 403
    assert browser.post(f"/filings/{filing_id}/withdrawal").status_code == 403


@pytest.mark.parametrize("user_id", EVERYBODY)
@pytest.mark.parametrize(("made_as", "address", "said", "through"), POSTED)
def test_what_is_posted_is_taken_only_from_whom_it_concerns(
    made_as: str,
    address: str,
    said: dict[str, str],
    through: dict[str, int],
    user_id: str,
    sign_in: SignIn,
    made: Made,
    state_of: Callable[[int], str],
) -> None:
    filing_id = getattr(made, made_as)()
    before = state_of(filing_id)
    status = through.get(user_id, 403)
    assert sign_in(user_id).post(address, **said).status_code == status
    assert status == 302 or state_of(filing_id) == before


@pytest.mark.parametrize("address", ["/filings/404", "/groups/404", f"/filings/{2**31}", f"/groups/{10**30}", "/nix"])
def test_an_unknown_id_or_address_is_a_page_that_says_so(address: str, sign_in: SignIn) -> None:
    page = sign_in("zhougan").open(address, 404)
    assert page.headings[0]


@pytest.mark.parametrize("address", ["/", "/approvals", "/filings/new", "/filings/1", "/groups/1", "/registry"])
def test_a_page_asks_to_sign_in_first_and_is_shown_afterwards(address: str, client: FlaskClient) -> None:
    answer = client.get(f"{address}?before=3")
    assert answer.status_code == 302
    assert answer.location.startswith("/login?")
    assert parse_qs(urlsplit(answer.location).query) == {"next": [f"{address}?before=3"]}


def test_what_is_posted_without_a_sign_in_is_refused_with_a_way_to_it(client: FlaskClient) -> None:
    answer = client.post("/filings/1/decision", headers={"Referer": "http://localhost/filings/1?decision=return"})
    page = read(answer, 401)
    assert "/login?next=/filings/1?decision%3Dreturn" in page.links


def test_somebody_who_left_the_college_is_signed_out(app: Flask, sign_in: SignIn, college: College) -> None:
    browser = sign_in("jiwai")
    with app.app_context(), unit_of_work() as session:
        session.get_one(Person, college.people["jiwai"]).left_at = utc_now()
    assert browser.client.get("/").location.startswith("/login")


def test_a_post_that_ended_opens_nothing_any_more(app: Flask, sign_in: SignIn, college: College) -> None:
    browser = sign_in("zhougan")
    assert browser.client.get("/registry").status_code == 200
    with app.app_context(), unit_of_work() as session:
        session.execute(update(Post).where(Post.person_id == college.people["zhougan"]).values(ended_at=utc_now()))
    assert browser.client.get("/registry").status_code == 403
