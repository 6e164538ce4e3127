"""Posts: who holds which now, who acts where nobody does, and who acts for somebody."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, ScalarSelect, SQLColumnExpression, and_, exists, func, or_, select, true
from sqlalchemy.orm import Session, aliased, contains_eager

from extensions import db
from models import Decision, Delegation, Filing, Person, PlatformIdentity, Post, Step
from operations.clock import college_today
from regulation import PostKind

PostKey = tuple[PostKind, int | None]
#: Where a step lands that nobody can take: told in this order, the first kind of post that somebody holds.
FALL_BACK = (PostKind.ADMINISTRATOR, PostKind.REGISTRAR)
#: Whose work the 主管院领导 of the department looks after: told of what waits there too long.
UNDER_A_LEADER = (PostKind.DEPARTMENT_HEAD, PostKind.PARTY_SECRETARY)
#: Made once, here as elsewhere: making an alias costs more Python than asking the query it stands in.
_GIVER, _HELD, _HOLDER = aliased(Person), aliased(Post), aliased(Person)
_PRINCIPAL, _PRINCIPAL_HOLDER = aliased(Post), aliased(Person)


@dataclass(frozen=True)
class Seat:
    """One way for somebody to act in a post. `people` are those whose say it is: theirs, and where it was delegated
    to them, the holder's and that of whoever passed it on."""

    kind: PostKind
    department_id: int | None
    people: frozenset[int]


@dataclass(frozen=True)
class Taker:
    """Somebody who may act in a post now: its holder, its deputy, or `on_behalf_of` somebody.

    That is the holder `holder_id`, who delegated the post, maybe through `giver_id`, or passed one step on (转办); of a
    step that was passed on while the post was vacant it is the post itself.
    """

    identity: PlatformIdentity
    on_behalf_of: str = ""
    holder_id: int | None = None
    giver_id: int | None = None
    is_deputy: bool = False

    @property
    def person_id(self) -> int:
        return self.identity.person_id

    @property
    def people(self) -> frozenset[int]:
        """Those whose say it is, as in a Seat."""
        return frozenset(person for person in (self.person_id, self.holder_id, self.giver_id) if person is not None)

    @property
    def who(self) -> str:
        """The name, and for whom: 王某（代李某）."""
        name = self.identity.person.name
        return f"{name}（代{self.on_behalf_of}）" if self.on_behalf_of else name


class Holders:
    """The people who may act in some posts now, and perhaps a few others, each with the account they are told at."""

    def __init__(self, rows: Iterable[tuple[PlatformIdentity, Post | None, int | None]]) -> None:
        self.accounts: dict[int, PlatformIdentity] = {}
        self._posts: dict[PostKey, dict[int, tuple[Post, dict[int, int | None]]]] = defaultdict(dict)
        for identity, post, giver_id in rows:
            self.accounts.setdefault(identity.person_id, identity)
            if post is not None:
                _, givers = self._posts[post.kind, post.department_id].setdefault(post.id, (post, {}))
                givers[identity.person_id] = giver_id

    def ways(self, kind: PostKind, department_id: int | None = None) -> list[Taker]:
        """Each way to act in the post: its holders before those who act for them, deputies where there is none.

        Somebody who acts for two holders is here twice. Nobody acts for somebody who left.
        """
        present = [found for found in self._posts[kind, department_id].values() if found[0].person_id in found[1]]
        acting = [found for found in present if not found[0].is_deputy] or present
        ways = [Taker(self.accounts[post.person_id], is_deputy=post.is_deputy) for post, _ in acting]
        for post, givers in acting:
            holder = self.accounts[post.person_id]
            ways += [
                Taker(self.accounts[person_id], holder.person.name, holder.person_id, giver_id, post.is_deputy)
                for person_id, giver_id in givers.items()
                if person_id != post.person_id
            ]
        return ways

    def takers(self, kind: PostKind, department_id: int | None = None) -> list[Taker]:
        """Who may act in the post, once each."""
        return _once_each(self.ways(kind, department_id))

    def seats_of(self, person_id: int) -> frozenset[Seat]:
        """How this person may act in the posts at hand."""
        return frozenset(
            Seat(*key, way.people) for key in list(self._posts) for way in self.ways(*key) if way.person_id == person_id
        )

    def of(self, kind: PostKind, department_id: int | None = None) -> list[PlatformIdentity]:
        """The accounts of those who may act in the post, one a person."""
        return [taker.identity for taker in self.takers(kind, department_id)]

    def of_step(self, step: Step) -> list[Taker]:
        """Who may act in the step's post, the applicant and whoever decided before included."""
        return self.takers(step.post, step.department_id)

    def able(self, step: Step, *, applicant_id: int | None = None) -> list[Taker]:
        """Who may take the step: whoever it was passed on to (转办) and nobody else, or else `in_post`.

        `applicant_id`: if this person were its applicant.
        """
        if step.assignee_id is None:
            return self.in_post(step, applicant_id=applicant_id)
        assignee = self._assignee_of(step)
        stands = assignee and barred_from(step, applicant_id=applicant_id).isdisjoint(assignee.people)
        return [assignee] if assignee and stands else []

    def in_post(self, step: Step, *, applicant_id: int | None = None) -> list[Taker]:
        """Who may take the step by its post: nobody approves their own filing, nor twice in one post (all_heads).

        A registrar's own filing is registered by another; where there is none, by themselves (本部门自备案).
        """
        barred, ways = barred_from(step, applicant_id=applicant_id), self.ways(step.post, step.department_id)
        free = [way for way in ways if barred.isdisjoint(way.people)]
        return _once_each(free or (ways if step.is_registration else ()))

    def _assignee_of(self, step: Step) -> Taker | None:
        """Whoever the step was passed on to, if they are here; a registration, if they are a registrar still."""
        account = self.accounts.get(step.assignee_id) if step.assignee_id else None
        if account is None or (step.is_registration and not any(t.identity is account for t in self.of_step(step))):
            return None
        giver = step.assigned_by.name if step.assigned_by else step.post_label
        return Taker(account, on_behalf_of=giver, holder_id=step.assigned_by_id)

    def to_ask(self, step: Step) -> list[Taker]:
        """Who is asked to take the step: for a holder who has delegated, only those who act for them."""
        return _without_those_stood_for(self.able(step))

    def to_tell(self, kind: PostKind, department_id: int | None = None) -> list[PlatformIdentity]:
        """Who is told of what the post has to do: those who act in it, or else the fall-back."""
        return [taker.identity for taker in self.asked_in(kind, department_id)] or self.fall_back()

    def asked_in(self, kind: PostKind, department_id: int | None = None) -> list[Taker]:
        """Who is asked what the post has to do: for a holder who has delegated, only those who act for them."""
        return _without_those_stood_for(self.takers(kind, department_id))

    def in_person(self, kind: PostKind, department_id: int | None = None) -> list[PlatformIdentity]:
        """Who holds the post themselves, as deputy where nobody else does; no delegate."""
        return [taker.identity for taker in self.takers(kind, department_id) if not taker.on_behalf_of]

    def fall_back(self) -> list[PlatformIdentity]:
        """Who is told of a post without a holder."""
        return next((found for kind in FALL_BACK if (found := self.of(kind))), [])


def registers_alone(person_id: SQLColumnExpression[int] | int) -> ColumnElement[bool]:
    """Whether no registrar acts today but this person and whoever acts for them: then their own filing is theirs to
    register (本部门自备案). Deputies act where nobody else holds the post."""
    other = _registrar(_HELD, _HOLDER, _HELD.person_id != person_id)
    principal = exists().where(*_registrar(_PRINCIPAL, _PRINCIPAL_HOLDER, ~_PRINCIPAL.is_deputy))
    acts = or_(~_HELD.is_deputy, ~principal)
    return ~exists().where(*other, acts).correlate_except(_HELD, _HOLDER)


def is_sole_registrar(person_id: int) -> bool:
    """`registers_alone` of one person."""
    return bool(db.session.scalar(select(registers_alone(person_id))))


def _registrar(post: type[Post], holder: type[Person], *which: ColumnElement[bool]) -> tuple[ColumnElement[bool], ...]:
    here = (holder.id == post.person_id, holder.left_at.is_(None))
    return (post.kind == PostKind.REGISTRAR, post.held(college_today()), *here, *which)


def is_free(step: Step, people: Collection[int]) -> bool:
    """Whether the step may be taken where it is these people's say: none of them is barred, nor stood for."""
    return barred_from(step).isdisjoint(people)


def barred_from(step: Step, *, applicant_id: int | None = None) -> frozenset[int]:
    """Whose say does not count on this step, though they act in its post: the applicant's, and that of whoever
    decided in that post already or was stood for then. `applicant_id`: if this person were the applicant.
    Entering what somebody signed on paper is no decision (Decision.decider).
    """
    post = (step.post, step.department_id)
    same_post = [d for other, d in decided_beside(step) if (other.post, other.department_id) == post]
    acted = {person for d in same_post for person in (d.decider[0], d.on_behalf_of_id) if person is not None}
    return frozenset({step.filing.applicant_id if applicant_id is None else applicant_id, *acted})


def decided_beside(step: Step) -> list[tuple[Step, Decision]]:
    """The steps of the step's round that are decided, each with its decision."""
    # The step of a route that is only previewed belongs to no filing yet.
    filing: Filing | None = step.filing
    return [(other, other.decision) for other in filing.current_steps if other.decision] if filing else []


def _once_each(ways: Iterable[Taker]) -> list[Taker]:
    """The first way of each person."""
    found: dict[int, Taker] = {}
    for way in ways:
        found.setdefault(way.person_id, way)
    return list(found.values())


def _without_those_stood_for(takers: list[Taker]) -> list[Taker]:
    stood_for = {taker.holder_id for taker in takers}
    return [taker for taker in takers if taker.person_id not in stood_for]


def holders(
    session: Session,
    keys: Iterable[PostKey],
    *,
    besides: Collection[int] = (),
    without: int | None = None,
    gone: int | None = None,
) -> Holders:
    """Who may act in these posts and the fall-back's today, and the people `besides`, in one query.

    `without` is a post to leave out: who would act if it ended. `gone` is a person to leave out, with whatever they
    delegated or passed on: who would act if they had left.
    """
    today = college_today()
    wanted = _is_one_of({*keys, *((kind, None) for kind in FALL_BACK)})
    acts = and_(Post.held(today), wanted, or_(Post.person_id == Person.id, acts_for(Person.id, today, gone=gone)))
    acts = acts if without is None else and_(acts, Post.id != without)
    query = (
        select(PlatformIdentity, Post, giver_of(Person.id, today, gone=gone))
        .join(PlatformIdentity.person)
        .outerjoin(Post, acts)
        .where(Person.left_at.is_(None), or_(Post.id.is_not(None), Person.id.in_(besides)))
        .where(true() if gone is None else Person.id != gone)
        .options(contains_eager(PlatformIdentity.person).load_only(Person.name))
        .order_by(Post.id, PlatformIdentity.id)
    )
    return Holders((identity, post, giver_id) for identity, post, giver_id in session.execute(query))


def acts_for(
    person_id: SQLColumnExpression[int], today: date | ColumnElement[date], *, gone: int | None = None
) -> ColumnElement[bool]:
    """Whether the post at hand is delegated to this person today, by somebody who is still here and is not `gone`."""
    return exists().where(*_delegated(person_id, today, gone))


def giver_of(
    person_id: SQLColumnExpression[int], today: date | ColumnElement[date], *, gone: int | None = None
) -> ScalarSelect[int | None]:
    """Who delegated the post at hand to this person, if anybody did: nobody is given the same post twice."""
    given = select(func.min(Delegation.from_person_id)).where(*_delegated(person_id, today, gone))
    return given.correlate_except(Delegation, _GIVER).scalar_subquery()


def _delegated(
    person_id: SQLColumnExpression[int], today: date | ColumnElement[date], gone: int | None
) -> tuple[ColumnElement[bool], ...]:
    stays = true() if gone is None else _GIVER.id != gone
    here = (_GIVER.id == Delegation.from_person_id, _GIVER.left_at.is_(None), stays)
    return (Delegation.post_id == Post.id, Delegation.to_person_id == person_id, Delegation.in_force(today), *here)


def accounts_of(session: Session, people: Collection[int]) -> dict[int, PlatformIdentity]:
    """An account of each of these people who is still here and has one."""
    if not people:
        return {}
    query = (
        select(PlatformIdentity)
        .join(PlatformIdentity.person)
        .where(PlatformIdentity.person_id.in_(people), Person.left_at.is_(None))
        .order_by(PlatformIdentity.id.desc())
    )
    return {identity.person_id: identity for identity in session.scalars(query)}


def nobody_holds(kind: PostKind, department_id: SQLColumnExpression[int] | None = None) -> ColumnElement[bool]:
    """Whether nobody who is here holds the post today, a deputy neither: then nobody acts in it."""
    held = (
        *(_HELD.kind == kind, _HELD.department_id.is_not_distinct_from(department_id), _HELD.held(college_today())),
        *(_HOLDER.id == _HELD.person_id, _HOLDER.left_at.is_(None)),
    )
    return ~exists().where(*held).correlate_except(_HELD, _HOLDER)


def _is_one_of(keys: Iterable[PostKey]) -> ColumnElement[bool]:
    """Whether it is one of these posts: a term for each kind, since SQLite takes no thousand of them."""
    units: dict[PostKind, set[int | None]] = defaultdict(set)
    for kind, department_id in keys:
        units[kind].add(department_id)
    return or_(*[and_(Post.kind == kind, _is_of(wanted)) for kind, wanted in units.items()])


def _is_of(departments: Collection[int | None]) -> ColumnElement[bool]:
    among = Post.department_id.in_([department for department in departments if department is not None])
    return or_(among, Post.department_id.is_(None)) if None in departments else among
