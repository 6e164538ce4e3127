"""A person's own mobile and e-mail: what is kept, what it completes, and whose the platform's answer must be."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text

from extensions import db
from models import AuditEntry, Contact, ContactRole, Group, Outcome, Person
from models.database import unit_of_work
from operations.decisions import decide
from operations.drafts import ContactFacts, save_draft
from operations.errors import OperationRefused
from operations.particulars import (
    ConsentLapsed,
    ConsentOfAnother,
    NothingGiven,
    PlatformAway,
    ask_platform,
    lacks_mobile,
    save_particulars,
)
from simulator.faults import Fault
from simulator.server import Handle
from tests.college import College
from tests.platform import simulated_platform

MOBILE, EMAIL = "19900000021", "owner@example.edu.cn"
OWNER = ContactFacts(ContactRole.OWNER, 1, "王群主", "教师", "19900000002")


@pytest.fixture(autouse=True)
def _context(context: Flask) -> None:
    """Every test here calls operations directly."""


@pytest.fixture
def platform(app: Flask) -> Iterator[Handle]:
    """The simulator as the app's platform, with two of our people in it."""
    with simulated_platform(app) as handle:
        with handle.state.lock:
            for user_id, number in (("wangqunzhu", 21), ("lilaoshi", 22)):
                member = {"name": user_id, "departments": [8], "mobile": f"199000000{number}", "email": EMAIL}
                handle.state.directory.put({"userid": user_id, **member})
        yield handle


def code_of(
    handle: Handle, user_id: str, *, agreed: tuple[str, ...] = ("mobile", "email"), private: bool = True
) -> str:
    """A code as a member's consent brings it."""
    with handle.state.lock:
        handle.state.sign_ins.agree(user_id, agreed, now=handle.state.now())
        return handle.state.sign_ins.new_code(now=handle.state.now(), userid=user_id, private=private)


def person_of(college: College, user_id: str = "wangqunzhu") -> Person:
    db.session.expire_all()
    return db.session.get_one(Person, college.people[user_id])


def audited() -> list[dict[str, Any]]:
    db.session.expire_all()
    query = select(AuditEntry.details).where(AuditEntry.action == "person.particulars").order_by(AuditEntry.id)
    return list(db.session.scalars(query))


def mobiles_of_owner(group_id: int) -> list[str]:
    db.session.expire_all()
    query = select(Contact.mobile).where(Contact.group_id == group_id, Contact.role == ContactRole.OWNER)
    return list(db.session.scalars(query))


def lose_mobile(filing_id: int, college: College) -> int:
    """Leave the owner's mobile out, as when somebody took the role over without having given theirs; the group."""
    group_id = college.filing(filing_id).group_id
    with unit_of_work() as session:
        group = session.get_one(Group, group_id)
        next(contact for contact in group.contacts if contact.role is ContactRole.OWNER).mobile = ""
    return group_id


def test_what_somebody_says_of_themselves_is_kept_encrypted_and_noted_without_saying_it(college: College) -> None:
    actor = college.actor("wangqunzhu")
    assert lacks_mobile(actor)
    save_particulars(actor, mobile=MOBILE, email=EMAIL, source="typed")
    person = person_of(college)
    assert (person.mobile, person.email, lacks_mobile(actor)) == (MOBILE, EMAIL, False)
    raw = db.session.execute(text("SELECT mobile, email FROM people WHERE id = :id"), {"id": person.id}).one()
    assert not {MOBILE, EMAIL} & set(raw)
    assert audited() == [{"changed": ["mobile", "email"], "source": "typed", "contacts": 0}]


def test_what_is_not_said_stays_and_what_is_emptied_goes(college: College) -> None:
    actor = college.actor("wangqunzhu")
    save_particulars(actor, mobile=MOBILE, email=EMAIL, source="typed")
    save_particulars(actor, email="other@example.edu.cn", source="wecom")
    assert (person_of(college).mobile, person_of(college).email) == (MOBILE, "other@example.edu.cn")
    save_particulars(actor, mobile="", source="typed")
    assert (person_of(college).mobile, lacks_mobile(actor)) == (None, True)


def test_saving_what_is_kept_already_leaves_no_trace(college: College) -> None:
    actor = college.actor("wangqunzhu")
    for _ in range(2):
        save_particulars(actor, mobile=MOBILE, email="", source="typed")
    assert len(audited()) == 1


def test_a_mobile_completes_the_persons_contacts_in_live_groups_that_lack_one(college: College) -> None:
    lacking = lose_mobile(college.submitted(), college)
    complete = college.filing(college.submitted(name="护理系教研群", number="612345683")).group_id
    save_particulars(college.actor("wangqunzhu"), mobile=MOBILE, source="typed")
    assert (mobiles_of_owner(lacking), mobiles_of_owner(complete)) == ([MOBILE], ["19900000002"])
    assert audited() == [{"changed": ["mobile"], "source": "typed", "contacts": 1}]


def test_the_own_form_completes_them_too(college: College) -> None:
    lacking = lose_mobile(college.submitted(), college)
    own = ContactFacts(ContactRole.OWNER, 1, "王群主", "教师", MOBILE)
    college.draft("wangqunzhu", name="护理系教研群", contacts=(own,))
    assert mobiles_of_owner(lacking) == [MOBILE]


def test_what_somebody_gave_does_not_pass_to_whoever_stands_there_next(college: College) -> None:
    filing_id = college.submitted()
    group_id = lose_mobile(filing_id, college)
    save_particulars(college.actor("wangqunzhu"), mobile=MOBILE, source="typed")
    decide(college.actor("zhangzhuren"), filing_id, Outcome.RETURNED, reason="请改")
    contacts = college.facts().contacts
    others = (contacts[0], ContactFacts(ContactRole.OWNER, 1, "纪外人", "教师", MOBILE), contacts[2])
    save_draft(college.actor("lilaoshi"), college.facts(contacts=others), form_key="x" * 32, filing_id=filing_id)
    assert mobiles_of_owner(group_id) == [""]


def given_by_owner(group_id: int) -> dict[str, str]:
    """Who gave their own number in this group, and which."""
    db.session.expire_all()
    query = select(Contact.name, Contact.mobile).where(Contact.group_id == group_id, Contact.given_by_owner)
    return {row.name: row.mobile for row in db.session.execute(query)}


@pytest.mark.parametrize("changed", [{"email": EMAIL}, {"job_title": "副教授"}, {"office_phone": "028-00000009"}])
def test_a_number_stays_its_owners_whatever_else_the_form_says_of_them(
    college: College, changed: dict[str, str]
) -> None:
    filing_id = college.submitted()
    group_id = lose_mobile(filing_id, college)
    save_particulars(college.actor("wangqunzhu"), mobile=MOBILE, source="typed")
    decide(college.actor("zhangzhuren"), filing_id, Outcome.RETURNED, reason="请改")
    contacts = college.facts().contacts
    owner = replace(OWNER, mobile=MOBILE, **changed)
    said = college.facts(contacts=(contacts[0], owner, contacts[2]))
    save_draft(college.actor("lilaoshi"), said, form_key="x" * 32, filing_id=filing_id)
    assert given_by_owner(group_id) == {"王群主": MOBILE}
    other = college.facts(contacts=(contacts[0], replace(OWNER, mobile="19900000055"), contacts[2]))
    save_draft(college.actor("lilaoshi"), other, form_key="x" * 32, filing_id=filing_id)
    assert given_by_owner(group_id) == {}


def test_a_number_stays_its_owners_when_the_administrators_move_up(college: College) -> None:
    contacts = college.facts().contacts
    second = ContactFacts(ContactRole.ADMINISTRATOR, 2, "纪外人", "", MOBILE)
    filing_id = college.submitted(contacts=(*contacts, second))
    group_id = college.filing(filing_id).group_id
    with unit_of_work() as session:
        session.scalars(select(Contact).where(Contact.position == 2)).one().given_by_owner = True
    decide(college.actor("zhangzhuren"), filing_id, Outcome.RETURNED, reason="请改")
    moved = (
        *contacts[:2],
        replace(second, position=1),
        ContactFacts(ContactRole.ADMINISTRATOR, 2, "孙处长", "", MOBILE),
    )
    save_draft(college.actor("lilaoshi"), college.facts(contacts=moved), form_key="x" * 32, filing_id=filing_id)
    assert given_by_owner(group_id) == {"纪外人": MOBILE}
    kept = dict(db.session.execute(select(Contact.name, Contact.mobile)).all())
    assert kept["孙处长"] == ""


def test_naming_somebody_in_a_draft_never_brings_their_mobile_into_it(college: College) -> None:
    draft = college.draft(contacts=(ContactFacts(ContactRole.OWNER, 1, "王群主", "教师"),))
    save_particulars(college.actor("wangqunzhu"), mobile=MOBILE, source="typed")
    assert mobiles_of_owner(college.filing(draft).group_id) == [""]


def test_nobody_elses_contacts_are_touched(college: College) -> None:
    lacking = lose_mobile(college.submitted(), college)
    save_particulars(college.actor("zhaoguanli"), mobile=MOBILE, source="typed")
    assert mobiles_of_owner(lacking) == [""]


def test_the_platform_gives_what_the_member_agreed_to(college: College, platform: Handle) -> None:
    given = ask_platform(college.actor("wangqunzhu"), code_of(platform, "wangqunzhu"))
    assert (given.mobile, given.email) == (MOBILE, EMAIL)
    some = ask_platform(college.actor("wangqunzhu"), code_of(platform, "wangqunzhu", agreed=("email",)))
    assert (some.mobile, some.email) == ("", EMAIL)


def test_the_code_of_another_person_gives_nothing(college: College, platform: Handle) -> None:
    with pytest.raises(ConsentOfAnother):
        ask_platform(college.actor("wangqunzhu"), code_of(platform, "lilaoshi"))
    with platform.state.lock:
        assert platform.state.calls.counts["auth/getuserdetail"] == 0


@pytest.mark.parametrize(
    ("made", "error"),
    [
        ({"agreed": ()}, NothingGiven),
        ({"private": False}, NothingGiven),
    ],
)
def test_a_consent_to_nothing_is_told_apart(
    college: College, platform: Handle, made: dict[str, Any], error: type[OperationRefused]
) -> None:
    with pytest.raises(error):
        ask_platform(college.actor("wangqunzhu"), code_of(platform, "wangqunzhu", **made))


def test_a_used_or_unknown_code_asks_to_begin_again(college: College, platform: Handle) -> None:
    code = code_of(platform, "wangqunzhu")
    ask_platform(college.actor("wangqunzhu"), code)
    for wrong in (code, "unknown", "一"):
        with pytest.raises(ConsentLapsed):
            ask_platform(college.actor("wangqunzhu"), wrong)


@pytest.mark.parametrize(
    ("errcode", "error"), [(84014, ConsentLapsed), (84015, ConsentLapsed), (60111, PlatformAway), (-1, PlatformAway)]
)
def test_a_ticket_that_lapsed_is_told_apart_from_a_platform_that_fails(
    college: College, platform: Handle, errcode: int, error: type[OperationRefused]
) -> None:
    with platform.state.lock:
        platform.state.faults.add(Fault(path="auth/getuserdetail", errcode=errcode))
    with pytest.raises(error):
        ask_platform(college.actor("wangqunzhu"), code_of(platform, "wangqunzhu"))


def test_a_platform_that_is_away_changes_nothing(college: College) -> None:
    with pytest.raises(PlatformAway):
        ask_platform(college.actor("wangqunzhu"), "a-code")


def test_no_refusal_leaves_a_trace_or_a_mobile(college: College, platform: Handle) -> None:
    with pytest.raises(ConsentOfAnother):
        ask_platform(college.actor("wangqunzhu"), code_of(platform, "lilaoshi"))
    assert [person_of(college, user_id).mobile for user_id in ("wangqunzhu", "lilaoshi")] == [None, None]
    assert audited() == []
