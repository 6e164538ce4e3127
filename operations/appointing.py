"""Giving posts and ending them; whatever waits at a post is asked of whoever acts in it then."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Select, exists, select
from sqlalchemy.orm import Session

from extensions import db
from models import Department, Person, PlatformIdentity, Post, Step, StepState, utc_now
from models.audit import AuditEntry, By, record
from models.database import POSTS_TURN, take_turn, unit_of_work
from operations.administrators import administrators, refuse_ending, refuse_last_day
from operations.clock import college_today, first_moment
from operations.ending import end_delegations_of
from operations.errors import NotFound, RefusedField, UnknownSubject
from operations.students import why_not_appointed
from operations.subjects import departments_ever, living_department, named_post, the_only, whoever_had
from operations.turns import give_turn, holders_for, locked_filing
from operations.vacancies import tell_heads, tell_of_filings
from regulation import PostKind

COMMAND_LINE: By = (None, "command line")
SETTINGS: By = (None, "INITIAL_ADMINISTRATORS")
#: In the record: the directory gave the id of somebody who had left to this person.
REISSUED = "account.reissue"
#: The first and the last day that a term may name.
EARLIEST, LATEST = date(2000, 1, 1), date(2100, 12, 31)


@dataclass(frozen=True)
class Term:
    """From when until when a post is given, and whether as its deputy. Nothing said: from now on, without an end."""

    starts_on: date | None = None
    ends_on: date | None = None
    is_deputy: bool = False

    @property
    def is_ahead(self) -> bool:
        """Whether it begins on a day to come."""
        return self.starts_on is not None and self.starts_on > college_today()


def appoint(user_id: str, post: str, department: str | None, term: Term = Term()) -> bool:
    """Give `user_id` the post named by its code word, for a department where the post is a department's.

    `department` is the id in the platform's directory, or the name. False when the person holds the post
    already. Raises UnknownSubject naming what is wrong, RefusedField as `give_post` does. The person must have
    been synced.
    """
    kind = named_post(post)
    with unit_of_work() as session:
        take_turn(session, POSTS_TURN)
        person = _person(session, user_id)
        unit = living_department(session, kind, department)
        if unit is not None:
            _refuse_branch_less(kind, unit)
        return give_post(session, person, kind, unit.id if unit else None, by=COMMAND_LINE, term=term)


def dismiss(user_id: str, post: str, department: str | None) -> bool:
    """End the post that `appoint` gave; False when the person does not hold it.

    Whatever was given can be ended: the person may have left, the department may be gone or of another kind now.
    Raises UnknownSubject, or RefusedField where no administrator would remain.

    What waits at the post is the other holders' now; where there is none, the fall-back is told.
    """
    kind = named_post(post)
    with unit_of_work() as session:
        take_turn(session, POSTS_TURN)
        person = whoever_had(session, user_id)
        held = _held_as_named(session, person, kind, department)
        if held is None or is_over(held):
            return False
        refuse_ending(session, held)
        end_post_in(session, held, by=COMMAND_LINE)
        return True


def give(by: By, person_id: int, kind: PostKind, department_id: int | None, term: Term) -> bool:
    """Give the post, on a page; False when the person holds it already. Raises NotFound or RefusedField."""
    with unit_of_work() as session:
        take_turn(session, POSTS_TURN)
        person = appointee(session, person_id, field="kind")
        _refuse_department(session, kind, department_id)
        return give_post(session, person, kind, department_id, by=by, term=term)


def appointee(session: Session, person_id: int, *, field: str) -> Person:
    """Whom a page appoints. Raises NotFound, or RefusedField naming `field` for somebody who left."""
    person = session.get(Person, person_id)
    if person is None:
        raise NotFound
    if person.left_at is not None:
        raise RefusedField(field, f"{person.name}已离职，不能任命。")
    return person


def end_post(by: By, post_id: int) -> None:
    """End the post, on a page; one that has ended stays as it is. Raises NotFound, or RefusedField where no
    administrator would remain: somebody must be able to appoint the next."""
    with unit_of_work() as session:
        take_turn(session, POSTS_TURN)
        post = session.get(Post, post_id)
        if post is None:
            raise NotFound
        if post.ended_at is not None:
            return
        refuse_ending(session, post)
        end_post_in(session, post, by=by)


def why_kept(post: Post) -> str:
    """Why the post cannot be ended as things stand, for a page that asks first; empty where it can."""
    try:
        refuse_ending(db.session(), post)
    except RefusedField as refused:
        return refused.sentence
    return ""


def end_post_in(session: Session, post: Post, *, by: By) -> None:
    """End the post in the transaction at hand, which has taken the turn of the posts, and what was delegated of it."""
    post.ended_at = utc_now()
    end_delegations_of(session, post, by=by)
    session.flush()
    ask_what_waits(session, post.kind, post.department_id)
    details = details_of(post.kind, post.department_id)
    record(session, "post.end", session.get_one(Person, post.person_id), by=by, details=details)


def _refuse_department(session: Session, kind: PostKind, department_id: int | None) -> None:
    if not kind.for_department:
        if department_id is not None:
            raise RefusedField("department_id", f"{kind.label}面向全院，不用选择部门。")
        return
    department = session.get(Department, department_id) if department_id else None
    if department is None or department.removed_at is not None:
        raise RefusedField("department_id", f"{kind.label}按部门任命，请选择部门。")
    _refuse_branch_less(kind, department)


def _refuse_branch_less(kind: PostKind, department: Department) -> None:
    """党总支负责人 is a post of a faculty or of a 党总支 (第八条第4项); a unit of no known kind is let through."""
    if kind is PostKind.PARTY_SECRETARY and department.kind is not None and not department.kind.has_secretary:
        sentence = (
            f"{department.name}的类别是{department.kind.label}，{kind.label}只能任命到系部或党总支（第八条第4项）。"
        )
        raise RefusedField("department_id", sentence)


def _person(session: Session, user_id: str) -> Person:
    person = find_person(session, user_id)
    if person is None and _is_marked_left(session, user_id):
        raise UnknownSubject(f"{user_id!r} is marked 离职. Take the mark back on their page under 管理 › 人员 first.")
    if person is None:
        raise UnknownSubject(f"No member {user_id!r} within the app's visible range. Check the id, then sync-contacts.")
    return person


def _is_marked_left(session: Session, user_id: str) -> bool:
    account = PlatformIdentity.user_key == user_id.strip().lower()
    marked = exists().where(account, PlatformIdentity.person_id == Person.id, Person.marked_left)
    return bool(session.scalar(select(marked)))


def _held(person_id: int, kind: PostKind, department_id: int | None) -> Select[Post]:
    return _held_anywhere(person_id, kind).where(Post.department_id == department_id)


def _held_anywhere(person_id: int, kind: PostKind) -> Select[Post]:
    return select(Post).where(Post.person_id == person_id, Post.kind == kind, Post.ended_at.is_(None))


def _held_as_named(session: Session, person: Person, kind: PostKind, department: str | None) -> Post | None:
    """The person's post, of the department that was named."""
    posts = {post.department_id: post for post in session.scalars(_held_anywhere(person.id, kind))}
    theirs = [unit for unit in departments_ever(session, kind, department) if unit.id in posts]
    return posts[the_only(theirs, department or "").id] if theirs else posts.get(None)


def find_person(session: Session, user_id: str) -> Person | None:
    """Who has this account on a platform and is still with the college."""
    query = (
        select(Person)
        .join(PlatformIdentity)
        .where(PlatformIdentity.user_key == user_id.strip().lower(), Person.left_at.is_(None))
    )
    return session.scalars(query).first()


def give_post(
    session: Session, person: Person, kind: PostKind, department_id: int | None, *, by: By, term: Term = Term()
) -> bool:
    """Give the post in the transaction at hand, which has taken the turn of the posts; False if it is held already.

    Raises RefusedField when the term cannot be, when the person is deputy and is to be more, or the other way, and
    where a student would decide on filings.
    """
    _refuse_term(term)
    if sentence := why_not_appointed(person, kind):
        raise RefusedField("kind", sentence)
    if kind is PostKind.ADMINISTRATOR and term.ends_on is not None:
        refuse_last_day(session, person)
    held = session.scalars(_held(person.id, kind, department_id)).first()
    if held is not None and is_over(held):
        end_post_in(session, held, by=by)
    elif held is not None:
        _refuse_other_rank(person, held, term)
        return False
    started_at, begun = _beginning(term)
    session.add(
        Post(
            kind=kind,
            person_id=person.id,
            department_id=department_id,
            is_deputy=term.is_deputy,
            started_at=started_at,
            begun=begun,
            ends_on=term.ends_on,
        )
    )
    session.flush()
    if not term.is_deputy:
        _end_posts_of_leavers(session, kind, department_id, by=by)
    ask_what_waits(session, kind, department_id)
    record(session, "post.give", person, by=by, details={**details_of(kind, department_id), **_said(term)})
    return True


def _end_posts_of_leavers(session: Session, kind: PostKind, department_id: int | None, *, by: By) -> None:
    """Whoever left and is followed by somebody else does not find the post again, should they come back."""
    here = (Post.kind == kind, Post.department_id == department_id, Post.ended_at.is_(None))
    left = (Post.is_deputy.is_(False), Person.left_at.is_not(None))
    for post in session.scalars(select(Post).join(Post.person).where(*here, *left)).all():
        end_post_in(session, post, by=by)


def details_of(kind: PostKind, department_id: int | None) -> dict[str, object]:
    """What the record of a post given or ended says of it."""
    return {"post": kind.value, "department": department_id}


def _said(term: Term) -> dict[str, object]:
    """What was said of the term, for the record; an ordinary post from now on says nothing."""
    days = {"from": term.starts_on, "until": term.ends_on}
    said: dict[str, object] = {name: str(day) for name, day in days.items() if day is not None}
    return {**said, "deputy": True} if term.is_deputy else said


def is_over(post: Post) -> bool:
    """Whether its last day has passed, though nothing has ended it yet."""
    return post.ends_on is not None and post.ends_on < college_today()


def _refuse_other_rank(person: Person, held: Post, term: Term) -> None:
    if held.is_deputy is not term.is_deputy:
        other = "正职" if held.is_deputy else "副职"
        raise RefusedField("is_deputy", f"{person.name}已担任{held.label}，请先免去，再任命为{other}。")


def _refuse_term(term: Term) -> None:
    for field, day in (("starts_on", term.starts_on), ("ends_on", term.ends_on)):
        if day is not None and not EARLIEST <= day <= LATEST:
            raise RefusedField(field, f"请填写{EARLIEST.year}年到{LATEST.year}年之间的日期。")
    if term.ends_on is not None and term.ends_on < max(college_today(), term.starts_on or date.min):
        raise RefusedField("ends_on", "结束日期不能早于开始日期，也不能早于今天。")


def _beginning(term: Term) -> tuple[datetime, bool]:
    """The moment the post begins, and whether that has come."""
    if term.starts_on is None or term.starts_on == college_today():
        return utc_now(), True
    return first_moment(term.starts_on), term.starts_on < college_today()


def ask_what_waits(session: Session, kind: PostKind, department_id: int | None) -> None:
    """Ask whoever acts in the post now for every decision that waits there, or tell the fall-back that nobody does.

    A head is told of what is to be handed over in the department, too. Whoever was asked before is not asked again.
    The caller has taken the turn of the posts.
    """
    here = (Step.state == StepState.PENDING, Step.post == kind, Step.department_id == department_id)
    # In one order everywhere: two who lock the same filings must not wait for each other.
    waiting = select(Step.filing_id).where(*here).order_by(Step.filing_id)
    for filing_id in session.scalars(waiting).all():
        filing = locked_filing(session, filing_id)
        give_turn(session, filing, holders_for(session, filing), utc_now())
        session.flush()
    if kind is PostKind.DEPARTMENT_HEAD and department_id is not None:
        tell_heads(session, {department_id})
        tell_of_filings(session, {department_id})


def appoint_first_administrators(
    session: Session, user_ids: Iterable[str], *, strangers: Collection[int] = frozenset()
) -> None:
    """Give the administrators' post to those whom the settings name, as far as the directory knows them.

    Once each: whoever was relieved of it on a page, or left, is not given it again by the next sync, unless nobody
    holds it any more. A stranger who has the id of somebody who left was never meant: of today (`strangers`) or before.
    """
    nobody = session.scalars(administrators()).first() is None
    for user_id in user_ids:
        person = find_person(session, user_id)
        if person is None or person.id in strangers or _is_stranger(session, person):
            continue
        if nobody or not _ever_administered(session, person):
            give_post(session, person, PostKind.ADMINISTRATOR, None, by=SETTINGS)


def _is_stranger(session: Session, person: Person) -> bool:
    """Whether the directory gave the person the id of somebody who had left."""
    said = (AuditEntry.subject_type == Person.__tablename__, AuditEntry.subject_id == person.id)
    return bool(session.scalar(select(exists().where(*said, AuditEntry.action == REISSUED))))


def _ever_administered(session: Session, person: Person) -> bool:
    had = (Post.person_id == person.id, Post.kind == PostKind.ADMINISTRATOR)
    return bool(session.scalar(select(exists().where(*had))))
