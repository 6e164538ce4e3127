"""Who, and which departments, a sync that was refused would have taken for gone: kept to be looked through."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Select, delete, func, insert, select
from sqlalchemy.orm import Session, contains_eager, joinedload

from extensions import db
from models import Department, DirectoryAbsence, Person, Post
from operations.clock import college_today

#: How many departments are named, how many posts with their holders, and of each department how many people.
MOST_NAMED, MOST_IN_ONE = 100, 8


@dataclass
class AbsentUnit:
    """The people of one department who are not seen any more: how many, and the first of their names."""

    name: str
    count: int
    names: list[str] = field(default_factory=list)

    @property
    def unnamed(self) -> int:
        """How many of them are not named."""
        return self.count - len(self.names)


@dataclass(frozen=True)
class Absences:
    """What would be gone: departments by name, posts with their holders, people by department; each bounded."""

    departments: Sequence[str]
    department_count: int
    posts: Sequence[Post]
    post_count: int
    units: Sequence[AbsentUnit]
    people_count: int

    @property
    def people_elsewhere(self) -> int:
        """How many people are in departments that are not listed here."""
        return self.people_count - sum(unit.count for unit in self.units)


def keep_absences(session: Session, sync_id: int, *, people: Sequence[int], departments: Sequence[int]) -> None:
    """Note what the sync would have taken for gone. Only the newest refusal can be accepted: older ones are let go."""
    session.execute(delete(DirectoryAbsence))
    rows = [{"sync_id": sync_id, "person_id": person, "department_id": None} for person in people]
    rows += [{"sync_id": sync_id, "person_id": None, "department_id": unit} for unit in departments]
    if rows:
        session.execute(insert(DirectoryAbsence), rows)


def absences_of(sync_id: int) -> Absences:
    """What this refused sync would have taken for gone, in a fixed number of queries."""
    session = db.session()
    here = DirectoryAbsence.sync_id == sync_id
    departments = _departments().where(here)
    posts = _posts().where(here)
    return Absences(
        departments=session.scalars(departments.limit(MOST_NAMED)).all(),
        department_count=_count(session, departments),
        posts=session.scalars(posts.limit(MOST_NAMED)).all(),
        post_count=_count(session, posts),
        units=_units(session, sync_id),
        people_count=_count(session, select(DirectoryAbsence.id).where(here, DirectoryAbsence.person_id.is_not(None))),
    )


def _departments() -> Select[Any]:
    query = select(Department.name).join(DirectoryAbsence, DirectoryAbsence.department_id == Department.id)
    return query.order_by(Department.sort_order.desc(), Department.id)


def _posts() -> Select[Any]:
    """The posts that would be left by their holders."""
    return (
        select(Post)
        .join(Post.person)
        .join(DirectoryAbsence, DirectoryAbsence.person_id == Person.id)
        .where(Post.held(college_today()))
        .options(contains_eager(Post.person), joinedload(Post.department))
        .order_by(Post.kind, Post.id)
    )


def _units(session: Session, sync_id: int) -> list[AbsentUnit]:
    """The departments with the first of their people, the largest loss first."""
    numbered = (
        select(
            Person.department_id,
            Person.name,
            func.row_number()
            .over(partition_by=Person.department_id, order_by=(Person.name, Person.id))
            .label("number"),
            func.count().over(partition_by=Person.department_id).label("people"),
        )
        .join(DirectoryAbsence, DirectoryAbsence.person_id == Person.id)
        .where(DirectoryAbsence.sync_id == sync_id)
        .subquery()
    )
    query = (
        select(numbered.c.department_id, Department.name, numbered.c.name, numbered.c.people)
        .outerjoin(Department, Department.id == numbered.c.department_id)
        .where(numbered.c.number <= MOST_IN_ONE)
        .order_by(numbered.c.people.desc(), numbered.c.department_id, numbered.c.number)
        .limit(MOST_NAMED * MOST_IN_ONE)
    )
    units: dict[int | None, AbsentUnit] = {}
    for unit_id, unit, name, count in session.execute(query):
        units.setdefault(unit_id, AbsentUnit(unit or "无部门", count)).names.append(name)
    return list(units.values())


def _count(session: Session, query: Select[Any]) -> int:
    return session.scalar(select(func.count()).select_from(query.order_by(None).subquery())) or 0
