"""What a command names: a person by their account, a post by its code word, a department by its id or its name."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from models import Department, Person, PlatformIdentity
from operations.errors import UnknownSubject
from regulation import PostKind


def named_post(post: str) -> PostKind:
    """The post of this code word, in any case; raises UnknownSubject."""
    try:
        return PostKind(post.strip().lower().replace("-", "_"))
    except ValueError:
        words = ", ".join(kind.name for kind in PostKind)
        raise UnknownSubject(f"No post {post!r}. The posts are {words}.") from None


def whoever_had(session: Session, user_id: str) -> Person:
    """Who has this account, here or gone; raises UnknownSubject."""
    account = PlatformIdentity.user_key == user_id.strip().lower()
    query = select(Person).join(PlatformIdentity).where(account).order_by(Person.left_at.is_not(None))
    person = session.scalars(query).first()
    if person is None:
        raise UnknownSubject(f"Nobody here has or had the account {user_id!r}. The command posts lists who holds what.")
    return person


def living_department(session: Session, kind: PostKind, department: str | None) -> Department | None:
    """The department that a post of this kind is to be given for; None for a post of the whole college.

    Raises UnknownSubject.
    """
    name = _said_of_department(kind, department)
    if not name:
        return None
    found = _named(session, name, Department.removed_at.is_(None))
    if not found:
        raise UnknownSubject(f"No department {name!r}. Give its id or name in the directory, then try sync-contacts.")
    return the_only(found, name)


def departments_ever(session: Session, kind: PostKind, department: str | None) -> list[Department]:
    """The departments of this id or name, those that are gone among them; none for a post of the whole college.

    Raises UnknownSubject.
    """
    name = _said_of_department(kind, department)
    found = _named(session, name) if name else []
    if name and not found:
        raise UnknownSubject(f"There is and was no department {name!r}. Give its id or name in the directory.")
    return found


def the_only(units: Sequence[Department], name: str) -> Department:
    """The one that there is; raises UnknownSubject with the ids of several."""
    if len(units) > 1:
        ids = ", ".join(unit.platform_key for unit in units)
        raise UnknownSubject(f"{len(units)} departments are named {name!r}: give one of the ids {ids}.")
    return units[0]


def _said_of_department(kind: PostKind, department: str | None) -> str:
    name = (department or "").strip()
    if kind.for_department and not name:
        raise UnknownSubject(f"{kind.name} is given for a department: add --department ID_OR_NAME.")
    if name and not kind.for_department:
        raise UnknownSubject(f"{kind.name} is given for the whole college: leave --department out.")
    return name


def _named(session: Session, name: str, *among: ColumnElement[bool]) -> list[Department]:
    """Those with this id in the platform's directory, else of this name or short name."""
    query = select(Department).where(*among)
    by_key = session.scalars(query.where(Department.platform_key == name)).all()
    named = or_(Department.name == name, Department.short_name == name)
    return list(by_key or session.scalars(query.where(named)).all())
