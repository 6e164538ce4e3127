"""Who answers for a group: whether somebody of them left (责任人缺位), and who handed over to whom (人员变动)."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, select

from extensions import db
from models import Contact, ContactRole, Filing, FilingState, Group, Handover, HandoverItem, Person


@dataclass(frozen=True)
class Vacancy:
    """What is known of a group of which somebody left: the roles, and what is being done about them."""

    roles: tuple[str, ...]
    doing: str


def vacancies_of(groups: Iterable[int]) -> dict[int, Vacancy]:
    """Which of these groups are 责任人缺位, by their id, in one query."""
    item = (
        select(HandoverItem, Handover.person_id.label("leaver_id"))
        .join(HandoverItem.handover)
        .where(HandoverItem.confirmed_at.is_(None), Handover.closed_at.is_(None))
        .subquery()
    )
    same = and_(
        *(item.c.group_id == Contact.group_id, item.c.role == Contact.role),
        *(item.c.position == Contact.position, item.c.leaver_id == Contact.person_id),
    )
    query = (
        select(Contact.group_id, Contact.role, item.c.successor_name, item.c.declined_at)
        .join(Group, Group.id == Contact.group_id)
        .join(Person, Person.id == Contact.person_id)
        .outerjoin(item, same)
        .where(Contact.group_id.in_(list(groups)), Group.live, Person.left_at.is_not(None))
        .order_by(Contact.group_id, Contact.role, Contact.position)
    )
    found: dict[int, list[tuple[ContactRole, str]]] = defaultdict(list)
    for group_id, role, successor, declined_at in db.session.execute(query):
        found[group_id].append((role, "" if declined_at else successor or ""))
    return {group_id: _vacancy(said) for group_id, said in found.items()}


def _vacancy(said: list[tuple[ContactRole, str]]) -> Vacancy:
    names = list(dict.fromkeys(name for _, name in said if name))
    waits = [f"等待{'、'.join(names)}确认接任"] if names else []
    unasked = ["等待部门负责人安排接任人"] if any(not name for _, name in said) else []
    return Vacancy(tuple(dict.fromkeys(role.label for role, _ in said)), "；".join([*waits, *unasked]))


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
