"""What the platform's directory says, written into our tables: of each row only what changed."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Select, Text, bindparam, delete, exists, func, insert, select, type_coerce, update
from sqlalchemy.orm import Session

from messaging.platforms.wecom import PLATFORM, DirectoryDepartment, DirectoryMember
from models import Department, Membership, Message, MessageState, Person, PlatformIdentity, utc_now
from models.audit import record
from operations.appointing import REISSUED
from operations.departments import note_renamed
from operations.finding import spell
from operations.leaving import DIRECTORY, take_up_again

T = TypeVar("T")

#: WeCom's root department: the college itself [90208].
COLLEGE_KEY = "1"
#: Rows that are written, or asked for by their ids, at a time.
BATCH = 500

#: Our id of the department that a key of the directory stands for.
Units = dict[str, int]


@dataclass
class Copied:
    """Whom a copy found here, by lower-case user id, who of them is a stranger there, and how many it wrote."""

    present: dict[str, int] = field(default_factory=dict)
    strangers: set[int] = field(default_factory=set)
    joined: int = 0
    changed: int = 0


def write_departments(session: Session, said: Sequence[DirectoryDepartment], *, whole: bool) -> None:
    """Make our departments those of the directory; where `whole`, those it does not name are removed.

    One that an administrator merged into another stays removed; one that an administrator entered is not touched.
    """
    query = select(Department).where(Department.platform == PLATFORM)
    rows = {row.platform_key: row for row in session.scalars(query)}
    for department in said:
        rows[department.key] = _write_department(session, department, rows.get(department.key))
    session.flush()
    for key, parent in parents(said).items():
        rows[key].parent_id = rows[parent].id if parent else None
    if whole:
        _remove(row for key, row in rows.items() if key not in {department.key for department in said})


def _write_department(session: Session, said: DirectoryDepartment, row: Department | None) -> Department:
    if row is None:
        row = Department(platform=PLATFORM, platform_key=said.key, name=said.name)
        session.add(row)
    old_name, row.name = row.name, said.name
    row.sort_order, row.is_college = said.order, said.key == COLLEGE_KEY
    if old_name != row.name:
        note_renamed(session, row, old_name)
    if row.removed_at is not None and row.merged_into_id is None:
        _bring_back(session, row)
    return row


def _bring_back(session: Session, row: Department) -> None:
    """The directory lists the department again; its 单位简称 may be another's by now."""
    taken = exists().where(Department.short_name == row.short_name, Department.removed_at.is_(None))
    if row.short_name and session.scalar(select(taken)):
        row.short_name = None
    row.removed_at = None


def _remove(rows: Iterable[Department]) -> None:
    for row in rows:
        row.removed_at = row.removed_at or utc_now()


def parents(said: Sequence[DirectoryDepartment]) -> dict[str, str | None]:
    """Each department's parent among those named, so that every walk upwards ends.

    Where departments stand in a circle, the one of the lowest id there loses its parent and stands at the top.
    """
    named = {department.key for department in said}
    above = {d.key: d.parent_key if d.parent_key in named else None for d in said}
    settled: set[str] = set()
    for start in above:
        way: list[str] = []
        key: str | None = start
        while key is not None and key not in settled:
            settled.add(key)
            way.append(key)
            key = above[key]
        if key in way:
            above[min(way[way.index(key) :], key=_by_id)] = None
    return above


def _by_id(key: str) -> tuple[int, str]:
    """WeCom's ids are numbers: 9 comes before 10."""
    return len(key), key


def units(session: Session, keys: Collection[str] | None = None) -> Units:
    """The departments of the directory that are here, or those of `keys`; a merged one is what it was merged into."""
    query = select(Department).where(Department.platform == PLATFORM)
    if keys is not None:
        query = query.where(Department.platform_key.in_(keys))
    homes = ((row.platform_key, _home(session, row)) for row in session.scalars(query))
    return {key: home for key, home in homes if home is not None}


def _home(session: Session, row: Department) -> int | None:
    passed: set[int] = set()
    while row.merged_into_id is not None and row.id not in passed:
        passed.add(row.id)
        row = session.get_one(Department, row.merged_into_id)
    return row.id if row.removed_at is None else None


def write_people(
    session: Session, members: Iterable[DirectoryMember], known_units: Units, *, read_at: datetime
) -> Copied:
    """Write the members, whom the directory was asked for from `read_at` on.

    Whoever an administrator marked 离职, or was seen to leave since, stays as they are. Somebody who left and is listed
    under another name is a stranger: the id was given anew.
    """
    listed = {member.user_id.lower(): member for member in members}
    only = next(iter(listed)) if len(listed) == 1 else None
    known = {row.user_key: row for row in session.execute(_known_people(only))}
    held = _known_memberships(session, [row.id for row in known.values()] if only else None)
    copied, new, returned, writer = Copied(), [], [], _Writer(_own_units(session))
    former: dict[str, int] = {}
    for key, member in listed.items():
        row = known.get(key)
        if row is None:
            new.append((key, member))
        elif _stays_away(row, read_at):
            continue
        elif row.left_at is not None and row.name != member.name:
            former[key] = row.id
            new.append((key, member))
        else:
            copied.present[key] = row.id
            changed = writer.compare(row, held.get(row.id, {}), member, known_units)
            if row.left_at is not None:
                returned.append(row.id)
            copied.changed += changed and row.left_at is None
    writer.write(session)
    copied.joined += len(returned)
    take_up_again(session, returned)
    _part(session, former)
    _add(session, new, known_units, copied)
    _note_strangers(session, former, copied)
    return copied


def _stays_away(row: Any, read_at: datetime) -> bool:
    """Whether the reading says nothing of them: it may be older than their leaving."""
    return row.marked_left or (row.left_at is not None and row.left_at > read_at)


def _part(session: Session, former: dict[str, int]) -> None:
    """Take the accounts from those who left: strangers have them now. What is on its way there is not for these."""
    for keys in in_batches(list(former)):
        theirs = (PlatformIdentity.platform == PLATFORM, PlatformIdentity.user_key.in_(keys))
        session.execute(delete(PlatformIdentity).where(*theirs))
        waiting = (
            *(Message.recipient_id.in_([former[key] for key in keys]), Message.platform == PLATFORM),
            Message.state == MessageState.PENDING,
        )
        session.execute(update(Message).where(*waiting).values(state=MessageState.CANCELLED))


def _note_strangers(session: Session, former: dict[str, int], copied: Copied) -> None:
    for key, left_id in former.items():
        person = session.get_one(Person, copied.present[key])
        copied.strangers.add(person.id)
        record(session, REISSUED, person, by=DIRECTORY, details={"formerly": left_id})


def _known_people(user_key: str | None) -> Select[Any]:
    """What is kept of each account's person; of what is encrypted only what the directory says too is opened."""
    columns: list[Any] = [
        *(PlatformIdentity.user_key, Person.id, Person.name, Person.pinyin, Person.initials, Person.job_title),
        *(Person.office_phone, Person.department_id, Person.left_at, Person.marked_left),
        (func.coalesce(type_coerce(Person.mobile, Text), "") == "").label("lacks_mobile"),
        (func.coalesce(type_coerce(Person.email, Text), "") == "").label("lacks_email"),
    ]
    query = select(*columns).join(PlatformIdentity.person).where(PlatformIdentity.platform == PLATFORM)
    return query if user_key is None else query.where(PlatformIdentity.user_key == user_key)


def _known_memberships(session: Session, person_ids: list[int] | None) -> dict[int, dict[int, bool]]:
    """By person and department, whether they lead there."""
    query = select(Membership.person_id, Membership.department_id, Membership.is_leader)
    if person_ids is not None:
        query = query.where(Membership.person_id.in_(person_ids))
    held: dict[int, dict[int, bool]] = defaultdict(dict)
    for person_id, department_id, is_leader in session.execute(query):
        held[person_id][department_id] = is_leader
    return held


def _own_units(session: Session) -> frozenset[int]:
    """The departments that no directory lists: who is in them is not for a directory to say."""
    return frozenset(session.scalars(select(Department.id).where(Department.platform != PLATFORM)))


def _memberships(member: DirectoryMember, known_units: Units) -> dict[int, bool]:
    """The member's departments that are here, the main one first, and whether they lead there.

    The main one, where the platform does not name it, is the first.
    """
    keys = sorted(dict.fromkeys(member.department_keys), key=lambda key: key != member.main_department_key)
    leads: dict[int, bool] = {}
    for key in (key for key in keys if key in known_units):
        leads[known_units[key]] = leads.get(known_units[key], False) or key in member.leads
    return leads


class _Writer:
    """Gathers what differs, and writes it in few statements."""

    def __init__(self, own_units: frozenset[int]) -> None:
        self._own_units = own_units
        self._people: dict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
        self._ended: list[dict[str, Any]] = []
        self._begun: list[dict[str, Any]] = []
        self._turned: list[dict[str, Any]] = []

    def compare(self, row: Any, held: dict[int, bool], member: DirectoryMember, known_units: Units) -> bool:
        """Note what the directory says otherwise than our row; whether there is anything."""
        wanted = _memberships(member, known_units)
        changes = _changes(row, member, next(iter(wanted), None))
        if changes:
            self._people[tuple(sorted(changes))].append({"id": row.id, **changes})
        ended = held.keys() - wanted.keys() - self._own_units
        self._ended += [{"person": row.id, "unit": unit} for unit in ended]
        told = {unit: leads for unit, leads in wanted.items() if held.get(unit) is not leads}
        for unit, leads in told.items():
            values = {"person_id": row.id, "department_id": unit, "is_leader": leads}
            (self._turned if unit in held else self._begun).append(values)
        return bool(changes or ended or told)

    def write(self, session: Session) -> None:
        """Send what was gathered."""
        for rows in self._people.values():
            session.execute(update(Person), rows)
        for rows in (self._begun, self._turned):
            if rows:
                session.execute(insert(Membership) if rows is self._begun else update(Membership), rows)
        if self._ended:
            gone = delete(Membership.__table__).where(  # type: ignore[arg-type]
                Membership.person_id == bindparam("person"), Membership.department_id == bindparam("unit")
            )
            session.execute(gone, self._ended)


def _changes(row: Any, member: DirectoryMember, department_id: int | None) -> dict[str, Any]:
    """The columns of the person that the directory says otherwise."""
    said = {**_particulars(member), "department_id": department_id, "left_at": None}
    if row.name != member.name or not row.pinyin:
        said["pinyin"], said["initials"] = spell(member.name)
    changes = {column: value for column, value in said.items() if getattr(row, column) != value}
    # Only apps of before 2022 are given these [90196]; what a person gave us themselves stays.
    if member.mobile and row.lacks_mobile:
        changes["mobile"] = member.mobile
    if member.email and row.lacks_email:
        changes["email"] = member.email
    return changes


def _particulars(member: DirectoryMember) -> dict[str, Any]:
    return {"name": member.name, "job_title": member.job_title, "office_phone": member.office_phone}


def _add(session: Session, new: Sequence[tuple[str, DirectoryMember]], known_units: Units, copied: Copied) -> None:
    for batch in in_batches(new):
        units_of = [_memberships(member, known_units) for _, member in batch]
        people = [_new_person(member, within) for (_, member), within in zip(batch, units_of, strict=True)]
        ids = session.scalars(insert(Person).returning(Person.id, sort_by_parameter_order=True), people).all()
        copied.present.update(zip((key for key, _ in batch), ids, strict=True))
        accounts = [
            {"person_id": person_id, "platform": PLATFORM, "user_id": member.user_id, "user_key": key}
            for person_id, (key, member) in zip(ids, batch, strict=True)
        ]
        session.execute(insert(PlatformIdentity), accounts)
        memberships = [
            {"person_id": person_id, "department_id": unit, "is_leader": leads}
            for person_id, within in zip(ids, units_of, strict=True)
            for unit, leads in within.items()
        ]
        if memberships:
            session.execute(insert(Membership), memberships)
    copied.joined += len(new)


def _new_person(member: DirectoryMember, within: dict[int, bool]) -> dict[str, Any]:
    sounds, initials = spell(member.name)
    return {
        **_particulars(member),
        "pinyin": sounds,
        "initials": initials,
        "mobile": member.mobile or None,
        "email": member.email or None,
        "department_id": next(iter(within), None),
    }


def in_batches(rows: Sequence[T]) -> Iterator[Sequence[T]]:
    """The rows, as many at a time as one statement takes."""
    return (rows[start : start + BATCH] for start in range(0, len(rows), BATCH))
