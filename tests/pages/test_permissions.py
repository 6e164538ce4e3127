"""Every route as everybody: let in or refused as docs/permissions.md says, and no list shows what may not be opened."""

import re
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import make_url, select

from extensions import db
from models import Filing
from operations import permissions, reading
from tests.college import steps_waiting
from tests.conftest import CHECKOUT
from tests.pages.conftest import one_database
from tests.pages.reading import Page
from tests.pages.walking import NOBODY, ROLES, Ground, address_of, make_ground, page

pytestmark = one_database

PAGE = CHECKOUT / "docs" / "permissions.md"


@pytest.fixture
def ground(app: Flask, database_url: str) -> Ground:
    """Everybody and everything that the walk needs."""
    return make_ground(app, Path(make_url(database_url).database or ""))


def test_everybody_reaches_what_the_page_of_permissions_says_and_nothing_else(ground: Ground) -> None:
    kept, found = PAGE.read_text().splitlines(), page(ground).splitlines()
    changed = [line for line in found if line not in kept] + [f"no more: {line}" for line in kept if line not in found]
    assert changed == [], "look at each of these, then run script/permissions"
    assert kept == found


HEADS = {"head", "delegate", "other head"}
ASKED = {*HEADS, "secretary", "leader", "adviser"}
OVERSEERS = {"registrar", "auditor", "administrator"}
ADMINISTRATOR = {"administrator"}
#: Each list, and who finds a page about one object in it; the others may be shown the list, but nothing in it.
LISTS: dict[str, set[str]] = {
    "/": {"applicant", *ASKED},
    "/approvals": ASKED,
    "/registry": OVERSEERS,
    "/handovers": HEADS | OVERSEERS,
    "/delegations": HEADS,
    "/departments/<int:department_id>/names": set(),
    "/administration/": ADMINISTRATOR,
    "/administration/people?q=李": ADMINISTRATOR,
    "/administration/people/<int:person_id>": ADMINISTRATOR,
    "/administration/posts": ADMINISTRATOR,
    "/administration/posts?kind=party_secretary": ADMINISTRATOR,
    "/administration/departments": ADMINISTRATOR,
    "/administration/departments/<int:department_id>": ADMINISTRATOR,
    "/administration/directory/removals": set(),
}
#: A page about one object.
OBJECT = re.compile(r"/([a-z]+/)+[0-9]+")


@pytest.mark.parametrize("role", [role for role in ROLES if role not in (NOBODY, "left")])
def test_whatever_a_list_shows_somebody_they_may_open(ground: Ground, role: str) -> None:
    client = ground.sign_in(ROLES[role])
    opened: dict[str, int] = {}
    for pattern, finders in LISTS.items():
        address = address_of(pattern, ground.objects["own"])
        answer = client.get(address)
        links = {link.partition("#")[0] for link in Page(answer.text).links if link.startswith("/")}
        for link in links - set(opened):
            opened[link] = client.get(link).status_code
        assert {link: opened[link] for link in links if opened[link] != 200} == {}, address
        # Whoever should find something does: an empty list would prove nothing.
        found = {link for link in links if OBJECT.match(link)}
        assert bool(found) is (role in finders), (address, found)


@pytest.mark.parametrize("role", [role for role in ROLES if role not in (NOBODY, "left")])
def test_the_count_of_what_waits_is_the_number_of_those_that_one_may_decide(ground: Ground, role: str) -> None:
    user_id = ROLES[role]
    with ground.app.app_context():
        actor = ground.college.actor(user_id)
        filings = db.session.scalars(select(Filing)).all()
        able = {f.id for f in filings if permissions.can_decide(actor, f) or permissions.can_register(actor, f)}
        assert {step.filing_id for step in reading.steps_waiting_for(actor).rows} == able
        assert steps_waiting(actor) == len(able)
