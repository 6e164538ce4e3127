"""Leaving the college: what becomes of whoever is gone from the directory, or was marked 离职, and of their return.

Leaving ends what gives rights over the whole college, and every delegation: they are given anew, or not at all. The
posts of a department are kept but give nothing meanwhile. A directory that shows too little for an hour would
otherwise take the heads of whole departments for good; the health page names what stands like that, and appointing
somebody else ends it.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import exists, or_, select, tuple_
from sqlalchemy.orm import Session, joinedload

from extensions import db
from models import Delegation, Filing, Group, Handover, Person, Post, utc_now
from models.audit import By, record
from models.database import POSTS_TURN, take_turn, unit_of_work
from operations import administrators
from operations.actors import Actor
from operations.appointing import ask_what_waits, details_of
from operations.ending import end_delegations, end_delegations_of
from operations.errors import NotFound, RefusedField
from operations.posts import PostKey
from operations.reassigning import return_what_was_passed_on
from operations.vacancies import (
    UNFINISHED_FILINGS,
    close_handovers,
    let_go_of_successors,
    open_handovers,
    tell_of_filings,
)
from regulation import PostKind

DIRECTORY: By = (None, "directory")
#: The posts that leaving ends: they give rights over the whole college.
WIDE = (PostKind.ADMINISTRATOR, PostKind.REGISTRAR, PostKind.AUDITOR)


def leave(session: Session, people: Sequence[Person], *, by: By = DIRECTORY) -> None:
    """Mark these people as gone, in the transaction at hand, which has taken the turn of the posts.

    From the next request on they are let in no more. Their history stays; their posts of the whole college and what
    they delegated or were delegated end. What waits for them goes on to whoever acts in their posts now, and what
    they answer for in live groups is to be handed over.
    """
    gone = {person.id for person in people}
    if not gone:
        return
    leavers = [person for person in people if person.left_at is None]
    for person in leavers:
        person.left_at = utc_now()
    session.flush()
    posts = _posts_of(session, gone)
    _end_wide_posts(session, gone, by)
    _end_delegations(session, gone, by)
    session.flush()
    for kind, department_id in posts:
        ask_what_waits(session, kind, department_id)
    return_what_was_passed_on(session, gone)
    let_go_of_successors(session, gone)
    open_handovers(session, gone)
    tell_of_filings(session, _departments_of_filings(session, gone))
    session.flush()
    _record(session, "person.leave", leavers, _open_handovers_of(session, gone), by)


def _record(session: Session, action: str, people: Iterable[Person], handovers: dict[int, list[int]], by: By) -> None:
    """Record that these people left or are back, each with the handovers that opened or closed with it."""
    for person in people:
        record(session, action, person, by=by, details={"handovers": handovers.get(person.id, [])})


def _open_handovers_of(session: Session, people: Collection[int]) -> dict[int, list[int]]:
    query = select(Handover.person_id, Handover.id).where(Handover.person_id.in_(people), Handover.closed_at.is_(None))
    found: dict[int, list[int]] = defaultdict(list)
    for person_id, handover_id in session.execute(query.order_by(Handover.id)):
        found[person_id].append(handover_id)
    return found


def _end_wide_posts(session: Session, people: Collection[int], by: By) -> None:
    theirs = (Post.person_id.in_(people), Post.kind.in_(WIDE), Post.ended_at.is_(None))
    posts = session.scalars(select(Post).where(*theirs).options(joinedload(Post.person)).order_by(Post.id)).all()
    for post in posts:
        post.ended_at = utc_now()
        end_delegations_of(session, post, by=by)
        record(session, "post.end", post.person, by=by, details=details_of(post.kind, post.department_id))


def _end_delegations(session: Session, people: Collection[int], by: By) -> None:
    """End what these people delegated or were delegated, and what was passed on from there."""
    concerns = or_(Delegation.from_person_id.in_(people), Delegation.to_person_id.in_(people))
    first = session.scalars(select(Delegation).where(Delegation.ended_at.is_(None), concerns)).all()
    passed_on = [(row.post_id, row.to_person_id) for row in first]
    further = select(Delegation).where(
        Delegation.ended_at.is_(None),
        tuple_(Delegation.post_id, Delegation.from_person_id).in_(passed_on),
    )
    found = {row.id: row for row in [*first, *(session.scalars(further) if passed_on else ())]}
    end_delegations(session, [found[delegation_id] for delegation_id in sorted(found)], by=by)


def come_back(session: Session, person: Person, *, by: By = DIRECTORY) -> None:
    """Let somebody in again who had left, unless an administrator marked them 离职; the turn of the posts is taken."""
    if person.left_at is None or person.marked_left:
        return
    person.left_at = None
    session.flush()
    take_up_again(session, {person.id}, by=by)


def take_up_again(session: Session, people: Collection[int], *, by: By = DIRECTORY) -> None:
    """These people are back, and are kept so already; the turn of the posts is taken.

    What nobody has taken over yet stays with them, and what waits at their posts is asked of them.
    """
    if not people:
        return
    returned = session.scalars(select(Person).where(Person.id.in_(people)).order_by(Person.id)).all()
    _record(session, "person.return", returned, _open_handovers_of(session, people), by)
    close_handovers(session, people)
    for kind, department_id in _posts_of(session, people):
        ask_what_waits(session, kind, department_id)


def mark_left(actor: Actor, person_id: int) -> None:
    """Mark somebody 离职, whatever the directory lists; they are let in no more.

    Raises NotFound, or RefusedField for oneself and for the last administrator. Marked before, nothing changes.
    """
    with unit_of_work() as session:
        take_turn(session, POSTS_TURN)
        person = _person(session, person_id)
        if person.marked_left:
            return
        _refuse_leaving(session, actor, person)
        leave(session, [person], by=(actor.id, actor.name))
        person.marked_left = True
        session.flush()
        record(session, "person.mark_left", person, by=(actor.id, actor.name))


def why_not_left(actor: Actor, person: Person) -> str:
    """Why the person cannot be marked 离职 as things stand, for a page that asks first; empty where they can."""
    try:
        _refuse_leaving(db.session(), actor, person)
    except RefusedField as refused:
        return refused.sentence
    return ""


def unmark_left(actor: Actor, person_id: int) -> None:
    """Take the mark 离职 back: the person is let in again, until the directory lists them no more. Raises NotFound."""
    with unit_of_work() as session:
        take_turn(session, POSTS_TURN)
        person = _person(session, person_id)
        if not person.marked_left:
            return
        person.marked_left = False
        come_back(session, person, by=(actor.id, actor.name))
        session.flush()
        record(session, "person.unmark_left", person, by=(actor.id, actor.name))


def _person(session: Session, person_id: int) -> Person:
    person = session.get(Person, person_id)
    if person is None:
        raise NotFound
    return person


def _refuse_leaving(session: Session, actor: Actor, person: Person) -> None:
    if person.id == actor.id:
        raise RefusedField("person", "不能把自己标记为离职，请由另一位系统管理员办理。")
    administrators.refuse_leaving(session, person)


def _departments_of_filings(session: Session, people: Collection[int]) -> set[int]:
    """Where these people have filings under way."""
    query = (
        select(Group.department_id)
        .join(Filing, Filing.group_id == Group.id)
        .where(Filing.applicant_id.in_(people), Filing.state.in_(UNFINISHED_FILINGS), Group.department_id.is_not(None))
    )
    return {department_id for department_id in session.scalars(query) if department_id is not None}


def _posts_of(session: Session, people: Collection[int]) -> list[PostKey]:
    """The posts that these people hold, or act in for somebody."""
    delegated = exists().where(
        Delegation.post_id == Post.id, Delegation.to_person_id.in_(people), Delegation.ended_at.is_(None)
    )
    query = (
        select(Post.kind, Post.department_id)
        .where(Post.ended_at.is_(None), or_(Post.person_id.in_(people), delegated))
        .distinct()
        .order_by(Post.kind, Post.department_id)
    )
    return [(kind, department_id) for kind, department_id in session.execute(query)]
