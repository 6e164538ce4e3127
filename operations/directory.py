"""The college as the platform's directory knows it: copied whole by `sync_contacts`, one person by `fetch_person`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from flask import current_app
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from extensions import db
from messaging.platforms.wecom import DirectoryDepartment, DirectoryMember, WeComClient, wecom_client
from models import Department, Membership, Person, PlatformIdentity, utc_now
from models.database import POSTS_TURN, take_turn, unit_of_work
from operations.appointing import appoint_first_administrators, find_person
from operations.errors import OperationRefused
from operations.finding import spell
from operations.leaving import leave

PLATFORM = "wecom"
#: WeCom's root department: the college itself [90208].
COLLEGE_KEY = "1"


class EmptyDirectory(OperationRefused):
    """The platform shows the app nobody at all: rather a wrong setting than a college that everybody left."""

    sentence = "The app sees no members. Set its 可见范围 in the WeCom console; nothing was changed."


@dataclass(frozen=True)
class SyncReport:
    """What a sync found and wrote."""

    departments: int
    people: int
    left: int


def sync_contacts(client: WeComClient | None = None) -> SyncReport:
    """Make our departments and people those of the app's visible range.

    Everything is fetched before anything is written, so a platform that fails half-way changes nothing.
    Raises EmptyDirectory, or messaging's PlatformUnreachable or PlatformRefused.
    """
    client = client or wecom_client()
    departments = client.departments()
    members = _members(client, departments)
    if not members:
        raise EmptyDirectory
    members |= _seen_one_by_one(client, members)
    with unit_of_work() as session:
        take_turn(session, POSTS_TURN)
        known = _write_departments(session, departments)
        people = _write_people(session, members.values(), known)
        left = _mark_leavers(session, kept=set(people))
        appoint_first_administrators(session, current_app.config["SETTINGS"].initial_administrators)
        return SyncReport(len(known), len(people), left)


def fetch_person(user_id: str, client: WeComClient | None = None) -> int | None:
    """Read one member and write them; the person's id, or None for somebody the app may not see or who left."""
    client = client or wecom_client()
    member = client.member(user_id)
    if member is None or not member.active:
        return None
    said = client.departments() if _names_unknown_department(member) else ()
    with unit_of_work() as session:
        take_turn(session, POSTS_TURN)
        departments = _write_departments(session, said) if said else _known_departments(session)
        person = _write_people(session, [member], departments)[member.user_id.lower()]
        appoint_first_administrators(session, current_app.config["SETTINGS"].initial_administrators)
        return person.id


def _seen_one_by_one(client: WeComClient, listed: dict[str, DirectoryMember]) -> dict[str, DirectoryMember]:
    """Those we know whom no department lists: the visible range may hold single members and tags."""
    query = (
        select(PlatformIdentity.user_id, PlatformIdentity.user_key)
        .join(PlatformIdentity.person)
        .where(PlatformIdentity.platform == PLATFORM, Person.left_at.is_(None))
    )
    known = [user_id for user_id, user_key in db.session.execute(query).all() if user_key not in listed]
    found = (client.member(user_id) for user_id in known)
    return {member.user_id.lower(): member for member in found if member is not None and member.active}


def know_person(user_id: str) -> None:
    """Read the member from the directory unless we know them already. Raises as `sync_contacts`."""
    if find_person(db.session(), user_id) is None:
        fetch_person(user_id)


def _names_unknown_department(member: DirectoryMember) -> bool:
    return not set(member.department_keys) <= set(_known_departments(db.session()))


def _members(client: WeComClient, departments: Iterable[DirectoryDepartment]) -> dict[str, DirectoryMember]:
    """Every active member once, by lower-case user id: a person in two departments is listed in both."""
    found = (member for department in departments for member in client.members(department.key))
    return {member.user_id.lower(): member for member in found if member.active}


def _known_departments(session: Session) -> dict[str, Department]:
    rows = session.scalars(select(Department).where(Department.platform == PLATFORM))
    return {row.platform_key: row for row in rows}


def _write_departments(session: Session, said: Sequence[DirectoryDepartment]) -> dict[str, Department]:
    rows = _known_departments(session)
    now = utc_now()
    for department in said:
        row = rows.setdefault(department.key, Department(platform=PLATFORM, platform_key=department.key))
        row.name, row.sort_order, row.removed_at = department.name, department.order, None
        row.is_college = department.key == COLLEGE_KEY
        session.add(row)
    session.flush()
    for department in said:
        parent = rows.get(department.parent_key or "")
        rows[department.key].parent_id = parent.id if parent and parent.platform_key != department.key else None
    seen = {department.key for department in said}
    for key, row in rows.items():
        if key not in seen:
            row.removed_at = row.removed_at or now
    return {key: row for key, row in rows.items() if key in seen}


def _write_people(
    session: Session, members: Iterable[DirectoryMember], departments: dict[str, Department]
) -> dict[str, Person]:
    """The people by lower-case user id. Only what changed is written."""
    members = list(members)
    query = (
        select(PlatformIdentity)
        .where(PlatformIdentity.platform == PLATFORM)
        .options(selectinload(PlatformIdentity.person).selectinload(Person.memberships))
    )
    if len(members) == 1:
        query = query.where(PlatformIdentity.user_key == members[0].user_id.lower())
    known = {identity.user_key: identity for identity in session.scalars(query)}
    people = {member.user_id.lower(): _write_person(session, member, departments, known) for member in members}
    session.flush()
    return people


def _write_person(
    session: Session,
    member: DirectoryMember,
    departments: dict[str, Department],
    known: dict[str, PlatformIdentity],
) -> Person:
    key = member.user_id.lower()
    identity = known.get(key)
    if identity is None:
        identity = PlatformIdentity(platform=PLATFORM, user_id=member.user_id, user_key=key)
        identity.person = Person(memberships=[])
        session.add(identity)
    person = identity.person
    if person.name != member.name:
        person.pinyin, person.initials = spell(member.name)
    person.name, person.job_title, person.office_phone = member.name, member.job_title, member.office_phone
    person.left_at = None
    # Only apps of before 2022 are given these [90196]; what a person gave us themselves stays.
    person.mobile, person.email = person.mobile or member.mobile or None, person.email or member.email or None
    _write_memberships(person, member, departments)
    return person


def _write_memberships(person: Person, member: DirectoryMember, departments: dict[str, Department]) -> None:
    """The person's departments that we know; the main one, where the platform does not name it, is the first."""
    visible = [key for key in dict.fromkeys(member.department_keys) if key in departments]
    main = member.main_department_key if member.main_department_key in visible else next(iter(visible), None)
    person.department_id = departments[main].id if main else None
    rows = {row.department_id: row for row in person.memberships}
    person.memberships[:] = [
        rows.get(departments[key].id) or Membership(department_id=departments[key].id) for key in visible
    ]
    for key, row in zip(visible, person.memberships, strict=True):
        row.is_leader = key in member.leads


def _mark_leavers(session: Session, *, kept: set[str]) -> int:
    """Whoever the directory no longer shows has left; their history stays, and what waits for them goes on."""
    query = (
        select(PlatformIdentity)
        .join(PlatformIdentity.person)
        .where(PlatformIdentity.platform == PLATFORM, Person.left_at.is_(None))
        .options(selectinload(PlatformIdentity.person).selectinload(Person.posts))
    )
    gone = [identity.person for identity in session.scalars(query) if identity.user_key not in kept]
    leave(session, gone)
    return len(gone)
