"""Giving posts: by command or to the first administrators; whatever waits at the post is asked of the holder."""

from collections.abc import Iterable

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from models import Department, Person, PlatformIdentity, Post, Step, StepState, utc_now
from models.audit import record
from models.database import POSTS_TURN, take_turn, unit_of_work
from operations.errors import UnknownSubject
from operations.turns import give_turn, holders_for, locked_filing
from regulation import PostKind

COMMAND_LINE = (None, "command line")
SETTINGS = (None, "INITIAL_ADMINISTRATORS")


def appoint(user_id: str, post: str, department: str | None) -> bool:
    """Give `user_id` the post named by its code word, for a department where the post is a department's.

    `department` is the id in the platform's directory, or the name. False when the person holds the post
    already. Raises UnknownSubject naming what is wrong. The person must have been synced.
    """
    kind = _post_kind(post)
    with unit_of_work() as session:
        take_turn(session, POSTS_TURN)
        person = _person(session, user_id)
        department_id = _department_id(session, kind, department)
        return give_post(session, person, kind, department_id, by=COMMAND_LINE)


def dismiss(user_id: str, post: str, department: str | None) -> bool:
    """End the post that `appoint` gave; False when the person does not hold it. Raises UnknownSubject.

    What waits at the post is the other holders' now; where there is none, the fall-back is told.
    """
    kind = _post_kind(post)
    with unit_of_work() as session:
        take_turn(session, POSTS_TURN)
        person = _person(session, user_id)
        department_id = _department_id(session, kind, department)
        held = session.scalars(_held(person, kind, department_id)).first()
        if held is None:
            return False
        held.ended_at = utc_now()
        session.flush()
        ask_what_waits(session, kind, department_id)
        details = {"post": kind.value, "department": department_id}
        record(session, "post.end", person, by=COMMAND_LINE, details=details)
        return True


def _person(session: Session, user_id: str) -> Person:
    person = find_person(session, user_id)
    if person is None:
        raise UnknownSubject(f"No member {user_id!r} within the app's visible range. Check the id, then sync-contacts.")
    return person


def _held(person: Person, kind: PostKind, department_id: int | None) -> Select[Post]:
    return select(Post).where(
        Post.person_id == person.id, Post.kind == kind, Post.department_id == department_id, Post.ended_at.is_(None)
    )


def _post_kind(post: str) -> PostKind:
    try:
        return PostKind(post.strip().lower().replace("-", "_"))
    except ValueError:
        words = ", ".join(kind.name for kind in PostKind)
        raise UnknownSubject(f"No post {post!r}. The posts are {words}.") from None


def _department_id(session: Session, kind: PostKind, department: str | None) -> int | None:
    if not kind.for_department:
        if department:
            raise UnknownSubject(f"{kind.name} is given for the whole college: leave --department out.")
        return None
    if not department:
        raise UnknownSubject(f"{kind.name} is given for a department: add --department ID_OR_NAME.")
    found = _departments(session, department)
    if len(found) != 1:
        ids = ", ".join(row.platform_key for row in found)
        raise UnknownSubject(
            f"{len(found)} departments are named {department!r}: give one of the ids {ids}."
            if found
            else f"No department {department!r}. Give its id or name in the directory, then try sync-contacts."
        )
    return found[0].id


def _departments(session: Session, key_or_name: str) -> list[Department]:
    """The departments with this id in the platform's directory, else of this name or short name."""
    living = select(Department).where(Department.removed_at.is_(None))
    by_key = session.scalars(living.where(Department.platform_key == key_or_name.strip())).all()
    named = or_(Department.name == key_or_name.strip(), Department.short_name == key_or_name.strip())
    return list(by_key or session.scalars(living.where(named)).all())


def find_person(session: Session, user_id: str) -> Person | None:
    """Who has this account on a platform and is still with the college."""
    query = (
        select(Person)
        .join(PlatformIdentity)
        .where(PlatformIdentity.user_key == user_id.strip().lower(), Person.left_at.is_(None))
    )
    return session.scalars(query).first()


def give_post(
    session: Session, person: Person, kind: PostKind, department_id: int | None, *, by: tuple[int | None, str]
) -> bool:
    """Give the post in the transaction at hand, which has taken the turn of the posts; False if it is held already."""
    if session.scalars(_held(person, kind, department_id)).first() is not None:
        return False
    session.add(Post(kind=kind, person_id=person.id, department_id=department_id))
    session.flush()
    ask_what_waits(session, kind, department_id)
    record(session, "post.give", person, by=by, details={"post": kind.value, "department": department_id})
    return True


def ask_what_waits(session: Session, kind: PostKind, department_id: int | None) -> None:
    """Ask whoever holds the post now for every decision that waits there, or tell the fall-back that nobody does.

    Whoever was asked before is not asked again. The caller has taken the turn of the posts.
    """
    here = (Step.state == StepState.PENDING, Step.post == kind, Step.department_id == department_id)
    # In one order everywhere: two who lock the same filings must not wait for each other.
    waiting = select(Step.filing_id).where(*here).order_by(Step.filing_id)
    for filing_id in session.scalars(waiting).all():
        filing = locked_filing(session, filing_id)
        give_turn(session, filing, holders_for(session, filing), utc_now())
        session.flush()


def appoint_first_administrators(session: Session, user_ids: Iterable[str]) -> None:
    """Give the administrators' post to those whom the settings name, as far as the directory knows them."""
    for user_id in user_ids:
        person = find_person(session, user_id)
        if person is not None:
            give_post(session, person, PostKind.ADMINISTRATOR, None, by=SETTINGS)


def set_short_name(department_key: str, short_name: str) -> None:
    """Set a department's 单位简称; the table refuses one that another department has."""
    with unit_of_work() as session:
        session.scalars(
            select(Department).where(Department.platform_key == department_key)
        ).one().short_name = short_name
