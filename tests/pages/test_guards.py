"""Who reaches which route: every route has its rule, and the rule is kept."""

from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from blueprints.groups.views import can_see_group
from models import Person, Post, utc_now
from models.database import unit_of_work
from operations import permissions
from tests.college import PEOPLE, College
from tests.pages.conftest import Made, SignIn, one_database
from tests.pages.reading import read

pytestmark = one_database

PUBLIC = None
EXPECTED = {
    "home.show": permissions.is_member,
    "home.approvals": permissions.is_member,
    "filings.new": permissions.is_member,
    "filings.show": permissions.can_see,
    "filings.edit": permissions.can_see,
    "filings.confirm": permissions.can_see,
    "filings.decision": permissions.can_see,
    "filings.withdrawal": permissions.can_see,
    "groups.show": can_see_group,
    "registry.show": permissions.can_see_registry,
    "login.choose": PUBLIC,
    "login.begin_wecom": PUBLIC,
    "login.end_wecom": PUBLIC,
    "login.leave": PUBLIC,
    "callbacks.check_wecom": PUBLIC,
    "callbacks.receive_wecom": PUBLIC,
    "health.alive": PUBLIC,
    "health.ready": PUBLIC,
}
#: The framework's own, which serve files only.
FILES = {"static", "bootstrap.static"}

#: Who may see a filing of 护理系 that is under way: those who take part, those who oversee.
SEE_IT = {"lilaoshi", "wangqunzhu", "zhaoguanli", "zhangzhuren", "zhougan", "wuguanli"}
OVERSEE = {"zhougan", "wuguanli"}


def test_every_route_names_its_rule(app: Flask) -> None:
    rules = {name: getattr(view, "rule", "none named") for name, view in app.view_functions.items()}
    assert {name: rule for name, rule in rules.items() if name not in FILES} == EXPECTED


@pytest.mark.parametrize("user_id", PEOPLE)
def test_a_filing_its_group_and_the_ledger_open_to_whom_they_concern(user_id: str, sign_in: SignIn, made: Made) -> None:
    filing_id = made.submitted()
    client = sign_in(user_id).client
    seen = 200 if user_id in SEE_IT else 403
    assert client.get(f"/filings/{filing_id}").status_code == seen
    assert client.get("/groups/1").status_code == seen
    assert client.get("/registry").status_code == (200 if user_id in OVERSEE else 403)
    assert client.get("/").status_code == client.get("/approvals").status_code == 200


@pytest.mark.parametrize("user_id", PEOPLE)
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
