"""The people whom a filing names, as the regulation asks about them: what the directory says of them, and for how many
groups each answers already."""

from collections.abc import Iterable
from typing import Protocol

from sqlalchemy import func, select

from extensions import db
from models import Contact, ContactRole, Group, Person
from regulation import Named


class Somebody(Protocol):
    """One of a filing's people, whom their id tells where the directory knows them."""

    @property
    def role(self) -> ContactRole: ...
    @property
    def name(self) -> str: ...
    @property
    def job_title(self) -> str: ...
    @property
    def person_id(self) -> int | None: ...


def named_people(contacts: Iterable[Somebody], group_id: int | None) -> tuple[Named, ...]:
    """Those of them who have a name, in one query; the group that `group_id` names does not count."""
    named = [contact for contact in contacts if contact.name]
    known = _known({contact.person_id for contact in named if contact.person_id is not None}, group_id)
    return tuple(_named(contact, *known.get(contact.person_id, ("", 0))) for contact in named)


def _named(contact: Somebody, job_title: str, groups: int) -> Named:
    titles = tuple(title for title in dict.fromkeys((contact.job_title, job_title)) if title)
    return Named(contact.role.value, contact.name, titles, contact.person_id, groups)


def _known(ids: set[int], group_id: int | None) -> dict[int | None, tuple[str, int]]:
    """职务 in the directory, and the number of other live groups, by person."""
    if not ids:
        return {}
    groups = (
        select(func.count(Contact.group_id.distinct()))
        .join(Group, Group.id == Contact.group_id)
        .where(Contact.person_id == Person.id, Group.live, Group.id != group_id)
        .scalar_subquery()
    )
    query = select(Person.id, Person.job_title, groups).where(Person.id.in_(ids))
    return {person_id: (job_title, count) for person_id, job_title, count in db.session.execute(query)}
