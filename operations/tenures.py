"""A person's posts and delegations, for the pages: held now, to come, and past."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import joinedload

from extensions import db
from models import Delegation, Department, Membership, Person, Post
from operations.clock import college_today
from operations.errors import NotFound

#: How many of a person's posts are shown, the latest first.
MOST_SHOWN = 60


@dataclass(frozen=True)
class Acting:
    """Somebody who acts in a post by delegation."""

    delegation: Delegation
    begun: bool


@dataclass(frozen=True)
class Tenure:
    """One holding of a post as a page shows it. `state` is held, planned or past; `ended`: how it ended."""

    post: Post
    state: str
    last_day: date | None
    ended: str = ""
    acting: Sequence[Acting] = ()


@dataclass(frozen=True)
class Record:
    """What the page of a person shows beside who they are."""

    departments: Sequence[tuple[Department, bool]]
    held: Sequence[Tenure]
    planned: Sequence[Tenure]
    past: Sequence[Tenure]
    #: What this person has delegated, and what others have delegated to them, now or ahead.
    given: Sequence[Delegation]
    received: Sequence[Delegation]


def get_somebody(person_id: int) -> Person:
    """The person, gone or not, with their main department; raises NotFound."""
    person = db.session.get(Person, person_id, options=[joinedload(Person.department)])
    if person is None:
        raise NotFound
    return person


def get_post(post_id: int) -> Post:
    """The post with its holder and department; raises NotFound."""
    post = db.session.get(Post, post_id, options=[joinedload(Post.person), joinedload(Post.department)])
    if post is None:
        raise NotFound
    return post


def get_delegation(delegation_id: int) -> Delegation:
    """The delegation with its post and both people; raises NotFound."""
    delegation = db.session.get(Delegation, delegation_id, options=_whole())
    if delegation is None:
        raise NotFound
    return delegation


def _whole() -> list[Any]:
    of_post = joinedload(Delegation.post).options(joinedload(Post.department), joinedload(Post.person))
    return [of_post, joinedload(Delegation.from_person), joinedload(Delegation.to_person)]


def open_delegations(today: date) -> ColumnElement[bool]:
    """The delegations that hold today or will."""
    return and_(Delegation.ended_at.is_(None), Delegation.ends_on >= today)


def delegations_from(person_id: int) -> Sequence[Delegation]:
    """What this person has delegated, now or ahead."""
    return _delegations(Delegation.from_person_id == person_id)


def delegations_to(person_id: int) -> Sequence[Delegation]:
    """What others have delegated to this person, now or ahead."""
    return _delegations(Delegation.to_person_id == person_id)


def _delegations(whose: ColumnElement[bool]) -> Sequence[Delegation]:
    query = (
        select(Delegation)
        .where(whose, open_delegations(college_today()))
        .options(*_whole())
        .order_by(Delegation.starts_on, Delegation.id)
    )
    return db.session.scalars(query).all()


def tenures_held_by(person_id: int) -> Sequence[Tenure]:
    """The posts that this person holds now, each with who acts in it."""
    query = (
        select(Post)
        .where(Post.person_id == person_id, Post.held(college_today()))
        .options(joinedload(Post.department))
        .order_by(Post.id)
    )
    return tenures_of(db.session.scalars(query).all())


def record_of(person: Person) -> Record:
    """The person's departments, their posts held, planned and past, and what is delegated to them."""
    query = (
        select(Department, Membership.is_leader)
        .join(Membership, Membership.department_id == Department.id)
        .where(Membership.person_id == person.id)
        .order_by(Department.sort_order.desc(), Department.id)
    )
    departments = [(unit, leads) for unit, leads in db.session.execute(query)]
    posts = (
        select(Post).where(Post.person_id == person.id).options(joinedload(Post.department)).order_by(Post.id.desc())
    )
    tenures = tenures_of(db.session.scalars(posts.limit(MOST_SHOWN)).all())
    by_state = {state: [t for t in tenures if t.state == state] for state in ("held", "planned", "past")}
    return Record(departments, **by_state, given=delegations_from(person.id), received=delegations_to(person.id))


def posts_of(people: Iterable[Person]) -> dict[int, list[Post]]:
    """The posts that these people hold now, by person."""
    ids = [person.id for person in people]
    query = (
        select(Post)
        .where(Post.person_id.in_(ids), Post.held(college_today()))
        .options(joinedload(Post.department))
        .order_by(Post.id)
    )
    found: dict[int, list[Post]] = {person_id: [] for person_id in ids}
    for post in db.session.scalars(query):
        found[post.person_id].append(post)
    return found


def tenures_of(posts: Sequence[Post]) -> list[Tenure]:
    """These posts as a page shows them, each with who acts in it; one query."""
    today = college_today()
    open_ones = [post.id for post in posts if post.ended_at is None]
    query = (
        select(Delegation)
        .where(Delegation.post_id.in_(open_ones), open_delegations(today))
        .options(joinedload(Delegation.to_person), joinedload(Delegation.from_person))
        .order_by(Delegation.starts_on, Delegation.id)
    )
    acting: dict[int, list[Acting]] = {}
    for row in db.session.scalars(query):
        acting.setdefault(row.post_id, []).append(Acting(row, row.starts_on <= today))
    return [_tenure(post, today, acting.get(post.id, ())) for post in posts]


def _tenure(post: Post, today: date, acting: Sequence[Acting]) -> Tenure:
    ran_out = post.ends_on is not None and post.ends_on < (college_today(post.ended_at) if post.ended_at else today)
    if post.ended_at is not None or ran_out:
        last_day = post.ends_on if ran_out or post.ended_at is None else college_today(post.ended_at)
        return Tenure(post, "past", last_day, "任期届满" if ran_out else "免去")
    return Tenure(post, "held" if post.begun else "planned", post.ends_on, acting=acting)
