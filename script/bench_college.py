"""The data of a benchmark: a made-up college with many departments, and one filing copied as often as needed."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Table, insert, select, text, update
from sqlalchemy.orm import Session

from models import (
    Contact,
    ContactRole,
    Department,
    Filing,
    Group,
    Message,
    MessageKind,
    MessageState,
    Person,
    PlatformIdentity,
    Post,
    Step,
    utc_now,
)
from models.database import unit_of_work
from operations.actors import Actor
from operations.drafts import ContactFacts, FilingFacts, save_draft
from operations.filings import submit
from regulation import FilingKind, Platform, PostKind, Tier

DEPARTMENTS, PEOPLE_EACH = 30, 10
#: The first department's people who play a part, by user id; its first one is its head.
APPROVER, APPLICANT, REGISTRAR = "bench0x0", "bench0x1", "bench0x2"
#: A copy's ids are those of its original plus a multiple of this; no id of an original is larger.
STRIDE = 1000
#: A filing with all that hangs on it, each table after those it refers to.
COPIED = (Group, Filing, Contact, Step, Message)
TABLES: tuple[Table, ...] = tuple(model.__table__ for model in COPIED)  # type: ignore[misc]
#: Columns that must differ from the original's: how, for the copy with this number.
UNIQUE: dict[str, Callable[[Any, int], Any]] = {
    "groups.name": lambda name, number: f"{name}{number}",
    "groups.number": lambda value, number: str(int(value) + number),
    "groups.number_key": lambda value, number: str(int(value) + number),
    "filings.form_key": lambda _key, _number: uuid.uuid4().hex,
    "messages.task_id": lambda _id, _number: uuid.uuid4().hex,
    "messages.event_key": lambda key, number: f"{key}:{number}",
}


@dataclass(frozen=True)
class College:
    """Who files the groups, and for which department."""

    applicant: Actor
    department_id: int
    department_name: str

    def draft(self, name: str = "教师工作群", group_number: str = "100000000") -> int:
        """A complete draft; its filing's id. Copies of it take the group numbers that follow."""
        facts = FilingFacts(
            kind=FilingKind.ESTABLISH,
            tier=Tier.DEPARTMENT,
            department_id=self.department_id,
            platform=Platform.QQ,
            name=f"{self.department_name}{name}",
            number=group_number,
            member_count=46,
            composition="全体教师",
            opened_on=date(2099, 1, 1),
            purpose="发布教学安排和工作通知",
            contacts=tuple(ContactFacts(role, name="示例人", mobile="19900000001") for role in ContactRole),
        )
        return save_draft(self.applicant, facts, form_key=uuid.uuid4().hex)

    def filing_with_card(self) -> int:
        """A filing that waits for its approver, whose card was delivered; its id."""
        filing_id = self.draft("学生工作群", "200000000")
        submit(self.applicant, filing_id)
        card = (Message.filing_id == filing_id) & (Message.kind == MessageKind.REQUEST)
        with unit_of_work() as session:
            # What the worker would do.
            sent = {"state": MessageState.SENT, "sent_at": utc_now(), "response_code": uuid.uuid4().hex}
            session.execute(update(Message).where(card).values(sent))
        return filing_id


def fill() -> College:
    """Write the college into the migrated but empty database of the app at hand."""
    with unit_of_work() as session:
        for number in range(DEPARTMENTS):
            _add_department(session, number)
        people = {person.name: person for person in session.scalars(select(Person))}
        session.add(Post(kind=PostKind.REGISTRAR, person_id=people[REGISTRAR].id))
        applicant = people[APPLICANT]
        unit = session.get_one(Department, applicant.department_id)
        return College(Actor(applicant.id, applicant.name, unit.id, unit.name), unit.id, unit.name)


def _add_department(session: Session, number: int) -> None:
    unit = Department(platform="wecom", platform_key=f"bench{number}", name=f"示范{number}系")
    session.add(unit)
    session.flush()
    people = [_person(f"bench{number}x{n}", unit) for n in range(PEOPLE_EACH)]
    session.add_all(people)
    session.flush()
    session.add(Post(kind=PostKind.DEPARTMENT_HEAD, person_id=people[0].id, department_id=unit.id))


def _person(user_id: str, unit: Department) -> Person:
    identity = PlatformIdentity(platform="wecom", user_id=user_id, user_key=user_id)
    return Person(name=user_id, job_title="教师", department_id=unit.id, identities=[identity])


def copies(filing_id: int, count: int) -> list[int]:
    """The ids of `count` new filings that are as this one is, each of a group of its own."""
    with unit_of_work() as session:
        group_id = session.get_one(Filing, filing_id).group_id
        for table in TABLES:
            rows = _rows(session, table, filing_id, group_id)
            new = [_copy(table, row, number) for number in range(1, count + 1) for row in rows]
            if new:
                session.execute(insert(table), new)
            _count_on(session, table)
    return [filing_id + number * STRIDE for number in range(1, count + 1)]


def _rows(session: Session, table: Table, filing_id: int, group_id: int) -> list[dict[str, Any]]:
    if table is Group.__table__:
        mine = table.c.id == group_id
    elif table is Contact.__table__:
        mine = table.c.group_id == group_id
    else:
        mine = (table.c.id if table is Filing.__table__ else table.c.filing_id) == filing_id
    return [dict(row._mapping) for row in session.execute(select(table).where(mine))]


def _copy(table: Table, row: dict[str, Any], number: int) -> dict[str, Any]:
    copy = dict(row)
    for column in table.columns:
        refers = any(key.column.table in TABLES for key in column.foreign_keys)
        if (column.name == "id" or refers) and copy[column.name] is not None:
            copy[column.name] += number * STRIDE
        elif change := UNIQUE.get(f"{table.name}.{column.name}"):
            copy[column.name] = change(copy[column.name], number)
    return copy


def _count_on(session: Session, table: Table) -> None:
    """PostgreSQL's sequence of ids does not see ids that were given; SQLite needs no telling."""
    if session.get_bind().dialect.name == "postgresql":
        move = "SELECT setval(pg_get_serial_sequence(:name, 'id'), (SELECT max(id) FROM {}))"
        session.execute(text(move.format(table.name)), {"name": table.name})  # table names of ours
