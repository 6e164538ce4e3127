"""Filling in: what a form says becomes a draft, and the draft is checked before it goes to anybody."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models import (
    Action,
    Contact,
    ContactRole,
    Department,
    Filing,
    FilingState,
    Group,
    Person,
)
from models.audit import record
from models.database import unit_of_work
from models.groups import number_key
from operations import permissions
from operations.actors import Actor
from operations.errors import NotAllowed, SavedElsewhere
from operations.namesakes import whom_they_mean
from operations.particulars import complete_contacts
from operations.turns import locked_filing
from regulation import (
    FilingKind,
    Platform,
    Tier,
)


@dataclass(frozen=True)
class ContactFacts:
    """One person of the annex: 第一责任人, 群主 or 管理员."""

    role: ContactRole
    position: int = 1
    name: str = ""
    job_title: str = ""
    mobile: str = ""
    office_phone: str = ""
    email: str = ""
    #: Who was picked from the directory; believed only as far as the name is theirs.
    person_id: int | None = None


@dataclass(frozen=True)
class FilingFacts:
    """What the form says about a group. A draft may leave out anything but the kind."""

    kind: FilingKind
    tier: Tier | None = None
    department_id: int | None = None
    supervisor_id: int | None = None
    platform: Platform | None = None
    other_platform: str = ""
    name: str = ""
    number: str = ""
    owner_account: str = ""
    member_count: int | None = None
    size_reason: str = ""
    composition: str = ""
    opened_on: date | None = None
    purpose: str = ""
    is_project: bool = False
    ends_on: date | None = None
    #: 参与单位, by their ids.
    partner_ids: tuple[int, ...] = ()
    contacts: tuple[ContactFacts, ...] = field(default=())


#: What a group's row takes from the form as it is.
AS_SAID = (
    *("tier", "department_id", "platform", "number", "owner_account"),
    *("member_count", "size_reason"),
    *("composition", "opened_on", "purpose", "is_project", "ends_on"),
)
AS_FOLDED = ("name", "supervisor_id", "other_platform")
PARTICULARS = ("name", "job_title", "mobile", "office_phone", "email")


class Kept(NamedTuple):
    """A draft that was saved, and the version it has now."""

    filing_id: int
    version: int


#: A number or an address that its owner gave (Contact.given_by_owner): the name, or names, it is given under.
Given = dict[str, set[str]]


def save_draft(
    actor: Actor, facts: FilingFacts, *, form_key: str, filing_id: int | None = None, version: int | None = None
) -> int:
    """Keep what the form says, as a new draft or over the one it was opened from; the filing's id.

    `version` is that of the filing when the form was opened: SavedElsewhere says that it was saved otherwise since.

    A form that arrives again (`form_key`) is the same draft. Raises NotAllowed when the filing is another's,
    WrongState when it has been sent already.
    """
    save = partial(_save, actor, facts, form_key, filing_id, version)
    return _once(save).filing_id


def keep_draft(
    actor: Actor, facts: FilingFacts, *, form_key: str, filing_id: int | None = None, version: int | None = None
) -> Kept:
    """Keep what a form says while it is being filled in, as `save_draft` does and with its errors.

    Half of it may be typed yet: nothing of it is taken for the person's own particulars, and the record is told of the
    first time alone.
    """
    save = partial(_save, actor, facts, form_key, filing_id, version, in_passing=True)
    return _once(save)


def _once(save: Callable[[], Kept]) -> Kept:
    try:
        return save()
    except IntegrityError:
        # The same form arrived twice at the same moment. Now the first one is there to be found.
        return save()


def _save(
    actor: Actor,
    facts: FilingFacts,
    form_key: str,
    filing_id: int | None,
    version: int | None,
    *,
    in_passing: bool = False,
) -> Kept:
    with unit_of_work() as session:
        filing = _draft_of(session, form_key, filing_id)
        if filing is None:
            filing = _new_draft(actor, facts, form_key)
            session.add(filing)
        elif not permissions.is_applicant(actor, filing):
            raise NotAllowed
        filing.move(Action.EDIT)
        is_new, before = filing.id is None, fingerprint(filing)
        _fill(session, filing, facts)
        if not in_passing:
            _remember_own_particulars(session, actor, filing.group)
        # The same press may arrive twice: what changes nothing is no second save.
        if version not in (None, filing.version) and fingerprint(filing) != before:
            raise SavedElsewhere
        filing.version += 1
        session.flush()
        if is_new or not in_passing:
            record(session, "filing.save", filing, by=(actor.id, actor.name))
        return Kept(filing.id, filing.version)


def meaning(facts: FilingFacts) -> FilingFacts:
    """The same facts, their people told by id where the directory knows whom the names mean, and by no other id."""
    people = _whom_they_mean(facts)
    contacts = zip(facts.contacts, people, strict=True)
    known = (
        replace(_named_as_known(said, person), person_id=person.id if person else None) for said, person in contacts
    )
    return replace(facts, contacts=tuple(known))


def _whom_they_mean(facts: FilingFacts) -> list[Person | None]:
    found = whom_they_mean([(said.name, said.person_id) for said in facts.contacts], near=facts.department_id)
    return [meant[0] if len(meant) == 1 else None for meant in found]


def fingerprint(filing: Filing) -> str:
    """What the filing's form says now, as a short text: the same for the same facts, another for any other."""
    group = filing.group
    contacts = sorted(
        (c.role.value, c.position, *(getattr(c, name) for name in (*PARTICULARS, "person_id"))) for c in group.contacts
    )
    plain = (str(getattr(group, name)) for name in (*AS_SAID, *AS_FOLDED))
    facts = [filing.kind.value, *plain, sorted(group.partner_ids), contacts]
    return hashlib.sha256(json.dumps(facts, ensure_ascii=False).encode()).hexdigest()[:32]


def _draft_of(session: Session, form_key: str, filing_id: int | None) -> Filing | None:
    if filing_id is None:
        filing_id = session.scalar(select(Filing.id).where(Filing.form_key == form_key))
    return None if filing_id is None else locked_filing(session, filing_id)


def _new_draft(actor: Actor, facts: FilingFacts, form_key: str) -> Filing:
    return Filing(
        group=Group(contacts=[], partners=[]),
        kind=facts.kind,
        applicant_id=actor.id,
        applicant_name=actor.name,
        form_key=form_key,
        state=FilingState.DRAFT,
        version=0,
        steps=[],
    )


def _fill(session: Session, filing: Filing, facts: FilingFacts) -> None:
    group = filing.group
    filing.kind = facts.kind
    for name in AS_SAID:
        setattr(group, name, getattr(facts, name))
    group.supervisor_id = facts.supervisor_id if facts.tier is Tier.COLLEGE_ORGANIZATION else None
    group.other_platform = facts.other_platform if facts.platform is Platform.OTHER else ""
    group.call(facts.name)
    group.number_key = number_key(facts.number)
    _fill_partners(session, group, facts)
    _fill_contacts(group, facts)


def _fill_partners(session: Session, group: Group, facts: FilingFacts) -> None:
    """Keep the departments that there are; one that is no more by the time it is sent is refused then."""
    if set(group.partner_ids) != set(facts.partner_ids):
        chosen = select(Department).where(Department.id.in_(facts.partner_ids)).order_by(Department.id)
        group.partners[:] = session.scalars(chosen) if facts.partner_ids else ()


def _fill_contacts(group: Group, facts: FilingFacts) -> None:
    people = _whom_they_mean(facts)
    given = _given(group.contacts)
    own = {contact.person_id: (contact.mobile, contact.email) for contact in group.contacts if contact.given_by_owner}
    rows = {(contact.role, contact.position): contact for contact in group.contacts}
    group.contacts[:] = [
        _contact(rows.get((said.role, said.position)) or Contact(role=said.role, position=said.position), said, given)
        for said in map(_named_as_known, facts.contacts, people)
    ]
    for contact, person in zip(group.contacts, people, strict=True):
        contact.person_id = person.id if person else contact.person_id
        _keep_own(contact, own.get(contact.person_id))


def _named_as_known(said: ContactFacts, person: Person | None) -> ContactFacts:
    """With the person's own name, where the form said in brackets behind it which of several they are."""
    return replace(said, name=person.name) if person else said


def _given(contacts: Iterable[Contact]) -> Given:
    given: dict[str, set[str]] = defaultdict(set)
    for contact in contacts:
        for value in (contact.mobile, contact.email) if contact.given_by_owner else ():
            given[value].add(contact.name)
    return {value: names for value, names in given.items() if value}


def _contact(contact: Contact, said: ContactFacts, given: Given) -> Contact:
    if contact.name != said.name:
        contact.person_id = None
    # What somebody gave of themselves does not pass to whoever stands there next.
    mobile, email = (
        "" if said.name not in given.get(value, {said.name}) else value for value in (said.mobile, said.email)
    )
    contact.given_by_owner = any(value in given for value in (mobile, email))
    # The same name again is the same person, even where they have left since: that is found when it is sent.
    contact.name, contact.job_title = said.name, said.job_title
    contact.mobile, contact.office_phone, contact.email = mobile, said.office_phone, email
    return contact


def _keep_own(contact: Contact, own: tuple[str, str] | None) -> None:
    """Leave what somebody gave of themselves as it was, where the form says nothing instead: it does not show it."""
    if own is None or contact.person_id is None:
        return
    mobile, email = own
    if mobile and contact.mobile not in ("", mobile):
        # Whoever fills it in says otherwise of the person: all of it is theirs to see again.
        return
    kept = bool(mobile and not contact.mobile), bool(email and not contact.email)
    contact.mobile, contact.email = contact.mobile or mobile, contact.email or email
    contact.given_by_owner = contact.given_by_owner or any(kept)


def _remember_own_particulars(session: Session, actor: Actor, group: Group) -> None:
    """A person's own mobile and e-mail are asked once and remembered; nobody else's are ever taken from a form."""
    for contact in group.contacts:
        if contact.person_id == actor.id:
            _remember(session, session.get_one(Person, actor.id), contact)


def _remember(session: Session, person: Person, contact: Contact) -> None:
    person.email = contact.email or person.email
    if contact.mobile and contact.mobile != person.mobile:
        person.mobile = contact.mobile
        complete_contacts(session, person)
