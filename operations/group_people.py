"""Who answers for a group: whether somebody of them left (责任人缺位), and who handed over to whom (人员变动)."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, select

from extensions import db
from models import Contact, ContactRole, Filing, FilingState, Group, Handover, HandoverItem, Person


@dataclass(frozen=True)
class OpenHandover:
    """The handover in which a role is to be arranged: whose it was, and whose department's head sees to it."""

    id: int
    person_name: str
    department_id: int


@dataclass(frozen=True)
class Vacancy:
    """What is known of a group of which somebody left: the roles, what is being done about them, and where."""

    roles: tuple[str, ...]
    doing: str
    handovers: tuple[OpenHandover, ...] = ()


def vacancies_of(groups: Iterable[int]) -> dict[int, Vacancy]:
    """Which of these groups are 责任人缺位, by their id, in one query."""
    item = (
        select(HandoverItem, Handover.person_id.label("leaver_id"), Handover.person_name, Handover.department_id)
        .join(HandoverItem.handover)
        .where(HandoverItem.confirmed_at.is_(None), Handover.closed_at.is_(None))
        .subquery()
    )
    same = and_(
        *(item.c.group_id == Contact.group_id, item.c.role == Contact.role),
        *(item.c.position == Contact.position, item.c.leaver_id == Contact.person_id),
    )
    asked = (item.c.successor_name, item.c.declined_at, item.c.handover_id, item.c.person_name, item.c.department_id)
    query = (
        select(Contact.group_id, Contact.role, *asked)
        .join(Group, Group.id == Contact.group_id)
        .join(Person, Person.id == Contact.person_id)
        .outerjoin(item, same)
        .where(Contact.group_id.in_(list(groups)), Group.live, Person.left_at.is_not(None))
        .order_by(Contact.group_id, Contact.role, Contact.position)
    )
    found: dict[int, list[_Lacking]] = defaultdict(list)
    for group_id, role, successor, declined_at, *handover in db.session.execute(query):
        within = OpenHandover(*handover) if handover[0] else None
        found[group_id].append(_Lacking(role, "" if declined_at else successor or "", within))
    return {group_id: _vacancy(said) for group_id, said in found.items()}


@dataclass(frozen=True)
class _Lacking:
    """A role of which the holder left, who is asked to take it over, and in which handover."""

    role: ContactRole
    successor: str
    handover: OpenHandover | None


def _vacancy(said: list[_Lacking]) -> Vacancy:
    names = list(dict.fromkeys(one.successor for one in said if one.successor))
    waits = [f"等待{'、'.join(names)}确认接任"] if names else []
    unasked = ["等待部门负责人安排接任人"] if any(not one.successor for one in said) else []
    roles = tuple(dict.fromkeys(one.role.label for one in said))
    handovers = tuple(dict.fromkeys(one.handover for one in said if one.handover))
    return Vacancy(roles, "；".join([*waits, *unasked]), handovers)


@dataclass(frozen=True)
class PersonChange:
    """人员变动: who handed a role of the group over to whom, in the names of that day."""

    role: str
    former: str
    successor: str
    at: datetime


def changes_of(group_id: int) -> list[PersonChange]:
    """The changes among the people of a group, newest first."""
    query = (
        select(HandoverItem.role, Handover.person_name, HandoverItem.successor_name, HandoverItem.confirmed_at)
        .join(HandoverItem.handover)
        .where(HandoverItem.group_id == group_id, HandoverItem.confirmed_at.is_not(None))
        .order_by(HandoverItem.confirmed_at.desc(), HandoverItem.id)
    )
    rows = db.session.execute(query)
    return [PersonChange(role.label, former, successor, at) for role, former, successor, at in rows if at]


def changes_during(filing: Filing) -> list[PersonChange]:
    """The changes among the people of a filing's group since it was made, until it was registered; newest first."""
    if filing.state is FilingState.DRAFT:
        return []
    changes = changes_of(filing.group_id)
    return [
        c for c in changes if c.at >= filing.created_at and not (filing.registered_at and c.at > filing.registered_at)
    ]
