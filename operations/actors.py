"""Who acts: a signed-in person with the posts they act in now, as a plain value."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import ColumnElement, Date, Integer, Select, and_, bindparam, exists, not_, or_, select
from sqlalchemy.orm import aliased

from extensions import db
from models import Department, Person, Post
from operations.clock import college_today
from operations.posts import Holders, Seat, acts_for, giver_of
from regulation import PostKind

_HOLDER, _OTHER, _OTHER_HOLDER = aliased(Person), aliased(Post), aliased(Person)


@dataclass(frozen=True)
class Actor:
    """A person at the moment of a request. `seats` are the ways they act in posts now: those they hold, those
    delegated to them, and as a deputy those that nobody else holds."""

    id: int
    name: str
    department_id: int | None = None
    department_name: str = ""
    seats: frozenset[Seat] = frozenset()

    def seats_in(self, kind: PostKind, department_id: int | None = None) -> list[Seat]:
        """The ways the person acts in this post now; for a department's post, in that department."""
        return [seat for seat in self.seats if (seat.kind, seat.department_id) == (kind, department_id)]

    def holds(self, kind: PostKind, department_id: int | None = None) -> bool:
        """Whether the person acts in this post now, by whatever right."""
        return bool(self.seats_in(kind, department_id))

    def holds_in_person(self, kind: PostKind, department_id: int | None = None) -> bool:
        """Whether the person holds this post now, as deputy where nobody else does; a delegate does not."""
        return any(seat.people == {self.id} for seat in self.seats_in(kind, department_id))

    @property
    def headed(self) -> frozenset[int]:
        """The departments in whose head's post the person acts."""
        return _units_of(self.seats)

    @property
    def headed_in_person(self) -> frozenset[int]:
        """The departments whose head the person is, as deputy where nobody else is."""
        return _units_of(seat for seat in self.seats if seat.people == {self.id})

    @property
    def oversees(self) -> bool:
        """Registrars, auditors and administrators see every group of the college."""
        return any(self.holds(kind) for kind in (PostKind.REGISTRAR, PostKind.AUDITOR, PostKind.ADMINISTRATOR))


def _units_of(seats: Iterable[Seat]) -> frozenset[int]:
    heads = (seat for seat in seats if seat.kind is PostKind.DEPARTMENT_HEAD)
    return frozenset(seat.department_id for seat in heads if seat.department_id is not None)


def as_held(actor: Actor, held: Holders) -> Actor:
    """The actor with the posts that `held` says they act in: what was asked in the transaction at hand."""
    return replace(actor, seats=held.seats_of(actor.id))


def _select_acting(
    person_id: ColumnElement[int], today: ColumnElement[date]
) -> Select[str, int | None, str, PostKind, int | None, int, int | None]:
    """The person's name and department, with each post that they act in on this day, its holder and its giver."""
    somebody_else_holds_it = exists().where(
        _OTHER.kind == Post.kind,
        _OTHER.department_id.is_not_distinct_from(Post.department_id),
        not_(_OTHER.is_deputy),
        _OTHER.held(today),
        _OTHER_HOLDER.id == _OTHER.person_id,
        _OTHER_HOLDER.left_at.is_(None),
    )
    acts = and_(
        Post.held(today),
        or_(Post.person_id == Person.id, acts_for(Person.id, today)),
        # Nobody acts for somebody who left.
        exists().where(_HOLDER.id == Post.person_id, _HOLDER.left_at.is_(None)),
        or_(not_(Post.is_deputy), not_(somebody_else_holds_it)),
    )
    asked = (Person.name, Person.department_id, Department.name, Post.kind, Post.department_id, Post.person_id)
    return (
        select(*asked, giver_of(Person.id, today))
        .outerjoin(Department, Department.id == Person.department_id)
        .outerjoin(Post, acts)
        .where(Person.id == person_id, Person.left_at.is_(None))
    )


#: Kept, since every request asks it: to build it takes longer than to ask it.
_ACTING = _select_acting(bindparam("person_id", type_=Integer), bindparam("today", type_=Date))


def find_actor(person_id: int) -> Actor | None:
    """The person as an actor, or None if there is no such person in the college (any more)."""
    rows = db.session.execute(_ACTING, {"person_id": person_id, "today": college_today()}).all()
    if not rows:
        return None
    name, department_id, department_name, *_ = rows[0]
    # Somebody without a post has one row, with nothing in these.
    seats = frozenset(
        Seat(kind, unit, frozenset({person_id, holder_id, giver_id or holder_id}))
        for _, _, _, kind, unit, holder_id, giver_id in rows
        if kind is not None and holder_id is not None
    )
    return Actor(person_id, name, department_id, department_name or "", seats)
