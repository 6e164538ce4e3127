"""The college as the platform's directory knows it: copied whole by `sync_contacts`, one person by `fetch_person`."""

import logging
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from flask import current_app
from sqlalchemy import exists, select
from sqlalchemy.orm import Session, selectinload

from extensions import db
from messaging.platforms.errors import PlatformError
from messaging.platforms.wecom import PLATFORM, DirectoryDepartment, DirectoryMember, WeComClient, wecom_client
from models import Department, Person, PlatformIdentity, utc_now
from models.database import POSTS_TURN, SYNC_TURN, take_turn, unit_of_work
from operations.appointing import appoint_first_administrators, find_person
from operations.copying import Copied, in_batches, units, write_departments, write_people
from operations.errors import OperationRefused
from operations.leaving import leave

log = logging.getLogger(__name__)


class EmptyDirectory(OperationRefused):
    """The platform shows the app nobody at all: rather a wrong setting than a college that everybody left."""

    sentence = (
        "The app sees no members by their departments or names; who has a tag cannot be listed. "
        "Set its 可见范围 to departments or members in the WeCom console; nothing was changed."
    )


@dataclass(frozen=True)
class Unseen:
    """Of the `known` ones of ours, the ids of those that the directory shows no more."""

    ids: Sequence[int]
    known: int

    def are_too_many(self, accepted: int) -> bool:
        """Whether they are more than a tenth, and more than were accepted."""
        return len(self.ids) > accepted and len(self.ids) * 10 > self.known


class TooManyGone(OperationRefused):
    """More than a tenth of the people, or of the departments, would be taken for gone: rather a narrowed range than so
    many who left or were closed.

    Both are counted, whichever of them is too many. Of the people, those whom the platform was not asked for any more
    count as well: the refusal was certain before.
    """

    def __init__(self, people: Unseen, departments: Unseen) -> None:
        counted = [(people, "people"), (departments, "departments")]
        what = " and ".join(f"{len(unseen.ids)} of {unseen.known} {name}" for unseen, name in counted if unseen.ids)
        super().__init__(
            f"{what} are not in the directory any more, more than a tenth; nothing was changed. Check the app's "
            "可见范围 in the WeCom console. 管理 › 通讯录 lists them; if they are really gone, run this again with "
            "--accept-removals."
        )
        self.people, self.departments = people, departments


@dataclass(frozen=True)
class Accepted:
    """So many people, and so many departments, may be gone though they are more than a tenth."""

    people: int = 0
    departments: int = 0


NOTHING = Accepted()


@dataclass(frozen=True)
class SyncReport:
    """What a sync found and wrote: departments and people now, and whose row is new, otherwise, or ended."""

    departments: int
    people: int
    left: int
    joined: int
    changed: int


@dataclass(frozen=True)
class Progress:
    """How far a sync has read."""

    departments_read: int
    departments_total: int
    people_read: int


@dataclass
class _Listed:
    """The members whom the platform names, by lower-case user id, and those it says are disabled or gone."""

    active: dict[str, DirectoryMember] = field(default_factory=dict)
    inactive: set[str] = field(default_factory=set)


def _quietly(_progress: Progress) -> None:
    """Tell nobody."""


def _unsealed(_session: Session, _report: SyncReport) -> None:
    """Add nothing."""


def sync_contacts(
    client: WeComClient | None = None,
    *,
    accepts: Accepted = NOTHING,
    tell: Callable[[Progress], None] = _quietly,
    seal: Callable[[Session, SyncReport], None] = _unsealed,
) -> SyncReport:
    """Make our departments and people those of the app's visible range.

    Everything is fetched before anything is written, so a platform that fails half-way changes nothing. `tell` is
    called again and again as it reads, `seal` last in the transaction that writes; what either raises ends the sync.
    Raises EmptyDirectory, TooManyGone, or messaging's PlatformUnreachable or PlatformRefused.
    """
    client, read_at = client or wecom_client(), utc_now()
    departments = client.departments()
    listed = _read_members(client, departments, tell)
    _read_single_members(client, listed, lambda: tell(_whole(departments, listed)))
    if not listed.active:
        raise EmptyDirectory
    gone = _ask_after_the_others(client, listed, accepts.people, lambda: tell(_whole(departments, listed)))
    _refuse_too_many(gone, _vanished(departments), accepts)
    with unit_of_work() as session:
        take_turn(session, SYNC_TURN)
        take_turn(session, POSTS_TURN)
        write_departments(session, departments, whole=True)
        copied = write_people(session, listed.active.values(), units(session), read_at=read_at)
        left = _mark_leavers(session, gone.ids)
        _appoint_first_administrators(session, copied)
        report = SyncReport(len(departments), len(copied.present), left, copied.joined, copied.changed)
        seal(session, report)
        return report


def fetch_person(user_id: str, client: WeComClient | None = None) -> int | None:
    """Read one member and write them; the person's id, or None for somebody the app may not see or who left."""
    client, read_at = client or wecom_client(), utc_now()
    member = client.member(user_id)
    if member is None or not member.active:
        return None
    said = client.departments() if _names_unknown_department(member) else ()
    with unit_of_work() as session:
        take_turn(session, POSTS_TURN)
        if said:
            write_departments(session, said, whole=False)
        copied = write_people(session, [member], units(session, member.department_keys), read_at=read_at)
        _appoint_first_administrators(session, copied)
        return copied.present.get(member.user_id.lower())


def fetch_departments(client: WeComClient | None = None) -> None:
    """Read the departments and write what changed. Raises as `sync_contacts`."""
    said = (client or wecom_client()).departments()
    if not said:
        raise EmptyDirectory
    _refuse_too_many(Unseen((), 0), _vanished(said), NOTHING)
    with unit_of_work() as session:
        take_turn(session, POSTS_TURN)
        write_departments(session, said, whole=True)


def know_person(user_id: str) -> None:
    """Read the member from the directory unless we know them already. Raises as `sync_contacts`."""
    if find_person(db.session(), user_id) is None:
        fetch_person(user_id)


def is_marked_left(user_id: str) -> bool:
    """Whether an administrator marked this member as 离职, whatever the directory says."""
    account = (PlatformIdentity.platform == PLATFORM, PlatformIdentity.user_key == user_id.strip().lower())
    query = select(exists().where(*account, PlatformIdentity.person_id == Person.id, Person.marked_left))
    return bool(db.session.scalar(query))


def _appoint_first_administrators(session: Session, copied: Copied) -> None:
    named = current_app.config["SETTINGS"].initial_administrators
    appoint_first_administrators(session, named, strangers=copied.strangers)


def _names_unknown_department(member: DirectoryMember) -> bool:
    return not set(member.department_keys) <= set(units(db.session(), member.department_keys))


def _read_members(
    client: WeComClient, departments: Sequence[DirectoryDepartment], tell: Callable[[Progress], None]
) -> _Listed:
    """Every member once: a person in two departments is listed in both."""
    listed = _Listed()
    tell(Progress(0, len(departments), 0))
    for number, department in enumerate(departments, start=1):
        for member in client.members(department.key):
            key = member.user_id.lower()
            if member.active:
                listed.active[key] = member
            else:
                listed.inactive.add(key)
        tell(Progress(number, len(departments), len(listed.active)))
    return listed


def _read_single_members(client: WeComClient, listed: _Listed, tell: Callable[[], None]) -> None:
    """The members whom the visible range names one by one join those listed: a call for each whom no list has.

    Without the range's answer only newcomers are missed: everybody we know is asked for in any case.
    """
    try:
        named = {user_id.lower(): user_id for user_id in client.single_members()}
    except PlatformError as error:
        log.warning("the visible range could not be read, the sync goes on without its single members: %s", error)
        return
    unlisted = [key for key in named if key not in listed.active and key not in listed.inactive]
    for key in unlisted:
        member = client.member(named[key])
        if member is not None and member.active:
            listed.active[key] = member
        else:
            listed.inactive.add(key)
        tell()


def _whole(departments: Sequence[DirectoryDepartment], listed: _Listed) -> Progress:
    return Progress(len(departments), len(departments), len(listed.active))


def _ask_after_the_others(client: WeComClient, listed: _Listed, accepts: int, tell: Callable[[], None]) -> Unseen:
    """Of those we know whom no department lists, those who are gone; the others join the listed.

    The visible range may hold tags, whose members are not listed, so each is asked for, until it is certain that they
    are too many: whoever is listed as gone first, since that takes no call. Those still to ask count as gone then.
    """
    known = _known_accounts()
    absent = {person: accounts for person, accounts in known.items() if not accounts.keys() & listed.active.keys()}
    order = sorted(absent, key=lambda person: bool(absent[person].keys() - listed.inactive))
    gone: list[int] = []
    for number, person in enumerate(order, start=1):
        member = _found(client, absent[person], listed.inactive)
        if member is not None:
            listed.active[member.user_id.lower()] = member
        else:
            gone.append(person)
        if Unseen(gone, len(known)).are_too_many(accepts):
            return Unseen([*gone, *order[number:]], len(known))
        tell()
    return Unseen(gone, len(known))


def _known_accounts() -> dict[int, dict[str, str]]:
    """User ids by lower-case user id, of each person who is here and has an account on the platform."""
    query = (
        select(PlatformIdentity.person_id, PlatformIdentity.user_key, PlatformIdentity.user_id)
        .join(PlatformIdentity.person)
        .where(PlatformIdentity.platform == PLATFORM, Person.left_at.is_(None))
        .order_by(PlatformIdentity.person_id)
    )
    accounts: dict[int, dict[str, str]] = defaultdict(dict)
    for person_id, user_key, user_id in db.session.execute(query):
        accounts[person_id][user_key] = user_id
    return accounts


def _found(client: WeComClient, accounts: dict[str, str], inactive: set[str]) -> DirectoryMember | None:
    asked = (client.member(user_id) for user_key, user_id in accounts.items() if user_key not in inactive)
    return next((member for member in asked if member is not None and member.active), None)


def _vanished(said: Sequence[DirectoryDepartment]) -> Unseen:
    """The departments of the directory that we know and that are not named."""
    living = (Department.platform == PLATFORM, Department.removed_at.is_(None))
    query = select(Department.platform_key, Department.id).where(*living)
    known = db.session.execute(query).all()
    named = {department.key for department in said}
    return Unseen([row.id for row in known if row.platform_key not in named], len(known))


def _refuse_too_many(people: Unseen, departments: Unseen, accepts: Accepted) -> None:
    """Raise TooManyGone if there are more than a tenth, one department apart, and more than were accepted."""
    if people.are_too_many(accepts.people) or departments.are_too_many(max(accepts.departments, 1)):
        raise TooManyGone(people, departments)


def _mark_leavers(session: Session, person_ids: Sequence[int]) -> int:
    """Whoever the directory no longer shows has left; their history stays, and what waits for them goes on."""
    people: list[Person] = []
    for batch in in_batches(person_ids):
        query = select(Person).where(Person.id.in_(batch), Person.left_at.is_(None)).options(selectinload(Person.posts))
        people += session.scalars(query)
    leave(session, people)
    return len(people)
