"""What pages show: each list and each record in a fixed number of queries, whatever the number of rows."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from sqlalchemy import ColumnElement, ScalarSelect, Select, and_, exists, false, func, or_, select, true
from sqlalchemy.orm import (
    aliased,
    contains_eager,
    joinedload,
    load_only,
    selectinload,
    with_expression,
)

from extensions import db
from models import (
    MOVES,
    Action,
    Contact,
    Decision,
    Department,
    EventKind,
    Filing,
    FilingEvent,
    FilingState,
    Group,
    GroupState,
    Membership,
    Person,
    Post,
    Step,
    StepState,
)
from operations.actors import Actor
from operations.clock import college_today
from operations.errors import NotFound
from operations.posts import UNDER_A_LEADER, Holders, holders, registers_alone
from operations.turns import holders_for
from regulation import Platform, PostKind, Tier

PAGE_SIZE = 20

#: What its applicant is to complete and to send.
UNSENT, _ = MOVES[Action.EDIT]

T = TypeVar("T")

_BEARER, _EARLIER, _REPORTED = aliased(Person), aliased(Step), aliased(Step)
#: The two kinds of steps: the approvals of 第八条, and the registry's 备案登记.
APPROVALS, REGISTRATIONS = Step.post != PostKind.REGISTRAR, Step.post == PostKind.REGISTRAR


@dataclass(frozen=True)
class Page(Generic[T]):
    """Some rows, newest first, and the key to ask for the next ones with (None: there are no more)."""

    rows: Sequence[T]
    next_key: int | None


def get_filing(filing_id: int) -> Filing:
    """The filing with its group, contacts, departments, steps and decisions; raises NotFound."""
    query = _whole(select(Filing).where(Filing.id == filing_id, Filing.deleted_at.is_(None)))
    filing = db.session.scalars(query).unique().one_or_none()
    if filing is None:
        raise NotFound
    return filing


def filings_of_steps(step_ids: Collection[int]) -> Sequence[Filing]:
    """The filings that these steps are of, each whole, in the order of their ids; none for a step there is not."""
    of_steps = select(Step.filing_id).where(Step.id.in_(step_ids))
    return db.session.scalars(_whole(select(Filing).where(Filing.id.in_(of_steps)).order_by(Filing.id))).unique().all()


def get_group_filings(group_id: int) -> Sequence[Filing]:
    """All filings of a group, newest first, each whole; raises NotFound when there is no such group."""
    query = _whole(
        select(Filing).where(Filing.group_id == group_id, Filing.deleted_at.is_(None)).order_by(Filing.id.desc())
    )
    filings = db.session.scalars(query).unique().all()
    if not filings:
        raise NotFound
    return filings


def _whole(query: Select[Filing]) -> Select[Filing]:
    return query.options(
        joinedload(Filing.group).options(
            joinedload(Group.department),
            joinedload(Group.supervisor),
            # Hardly ever more than a few: they cost no statement of their own.
            joinedload(Group.partners),
            selectinload(Group.contacts).options(
                joinedload(Contact.person).joinedload(Person.department), with_expression(Contact.bearers, _bearers())
            ),
        ),
        joinedload(Filing.applicant).joinedload(Person.department),
        selectinload(Filing.steps).options(
            joinedload(Step.decision), joinedload(Step.opinions), joinedload(Step.assigned_by)
        ),
        with_expression(Filing.was_escalated, _was_escalated()),
    )


def _was_escalated() -> ColumnElement[bool]:
    """Whether an approval of the filing was ever reported: its 主管院领导 sees it from then on."""
    reported = (FilingEvent.filing_id == Filing.id, FilingEvent.kind == EventKind.ESCALATED)
    approval = (_REPORTED.id == FilingEvent.step_id, _REPORTED.post.in_(UNDER_A_LEADER))
    return exists().where(*reported, *approval).correlate_except(FilingEvent, _REPORTED)


def _bearers() -> ScalarSelect[int]:
    """How many people here bear a contact's name: where there are several, the page says which of them it is."""
    here = (_BEARER.name == Contact.name, _BEARER.left_at.is_(None))
    return select(func.count()).select_from(_BEARER).where(*here).correlate(Contact).scalar_subquery()


def holders_of(filing: Filing) -> Holders:
    """Who holds the posts of this filing's steps now."""
    return holders_for(db.session(), filing)


def holders_of_all(filings: Collection[Filing]) -> Holders:
    """Who may take the steps that these filings wait at, in one query; none, if none waits."""
    pending = [step for filing in filings if (step := filing.pending_step)]
    if not pending:
        return Holders(())
    assigned = {step.assignee_id for step in pending if step.assignee_id}
    return holders(db.session(), {(step.post, step.department_id) for step in pending}, besides=assigned)


def steps_waiting_for(actor: Actor, *which: ColumnElement[bool], before: int | None = None) -> Page[Step]:
    """The steps this person may take now, of either kind or of one, each with its filing and group; newest first."""
    query = (
        select(Step)
        .join(Step.filing)
        .join(Filing.group)
        .where(_waits_for(actor), *which)
        .options(contains_eager(Step.filing).contains_eager(Filing.group).joinedload(Group.department))
    )
    return page_of(query, Step, before)


def registrations_waiting(actor: Actor) -> tuple[Sequence[Step], int]:
    """The approved filings that have waited longest for this person's 备案登记, and how many wait in all."""
    here = (_waits_for(actor), REGISTRATIONS)
    query = (
        select(Step)
        .join(Step.filing)
        .join(Filing.group)
        .where(*here)
        .options(contains_eager(Step.filing).contains_eager(Filing.group).joinedload(Group.department))
        .order_by(Step.pending_since, Step.id)
        .limit(PAGE_SIZE)
    )
    count = select(func.count()).select_from(Step).join(Step.filing).where(*here)
    return db.session.scalars(query).all(), db.session.scalar(count) or 0


def count_of_steps(actor: Actor, *which: ColumnElement[bool]) -> ScalarSelect[int]:
    """How many steps wait for this person, of either kind or of one, as part of a query that asks for more."""
    waiting = select(func.count()).select_from(Step).join(Step.filing).where(_waits_for(actor), *which)
    return waiting.scalar_subquery()


def _waits_for(actor: Actor) -> ColumnElement[bool]:
    """The same rule as permissions.can_take, asked of all steps at once."""
    by_people: dict[frozenset[int], list[ColumnElement[bool]]] = defaultdict(list)
    for seat in actor.seats:
        by_people[seat.people].append(and_(Step.post == seat.kind, Step.department_id == seat.department_id))
    ways = [and_(or_(*held), _is_free(people)) for people, held in by_people.items()]
    in_post = and_(Step.assignee_id.is_(None), or_(false(), *ways))
    return and_(Step.state == StepState.PENDING, or_(in_post, _is_assigned_to(actor)))


def _is_assigned_to(actor: Actor) -> ColumnElement[bool]:
    """Whether it was passed on to this person (转办); whoever registers is a registrar."""
    registers = true() if actor.holds(PostKind.REGISTRAR) else Step.post != PostKind.REGISTRAR
    others = (Filing.applicant_id.is_distinct_from(person) for person in (Step.assignee_id, Step.assigned_by_id))
    return and_(Step.assignee_id == actor.id, registers, *others)


def _is_free(people: Collection[int]) -> ColumnElement[bool]:
    """The same rule as posts.is_free, and posts.registers_alone of a registrar's own filing."""
    alone = and_(Step.post == PostKind.REGISTRAR, registers_alone(Filing.applicant_id))
    return or_(Filing.applicant_id.not_in(people) & ~_acted_in_this_post(people), alone)


def _acted_in_this_post(people: Collection[int]) -> ColumnElement[bool]:
    """Whether one of these people, or somebody for them, decided on an earlier step of the same post in this round.

    The same rule as posts.barred_from: whoever entered what another signed on paper decided nothing.
    """
    return exists().where(
        _EARLIER.filing_id == Step.filing_id,
        _EARLIER.round == Step.round,
        _EARLIER.post == Step.post,
        _EARLIER.department_id == Step.department_id,
        Decision.step_id == _EARLIER.id,
        or_(and_(~Decision.on_paper, Decision.person_id.in_(people)), Decision.on_behalf_of_id.in_(people)),
    )


def decided_by(actor: Actor, *, before: int | None = None) -> Page[Step]:
    """The steps this person has decided, newest first."""
    query = (
        select(Step)
        .join(Step.decision)
        .where(Decision.person_id == actor.id)
        .options(
            contains_eager(Step.decision),
            joinedload(Step.filing).joinedload(Filing.group).joinedload(Group.department),
        )
    )
    return page_of(query, Step, before)


def filings_of(actor: Actor, *, before: int | None = None, unsent: bool | None = None) -> Page[Filing]:
    """What this person has filed, newest first, each with its group and the step it waits at.

    `unsent`: only what is theirs to complete and send, or only what is not; None: all of it.
    """
    states = FilingState if unsent is None else UNSENT if unsent else set(FilingState) - UNSENT
    query = (
        select(Filing)
        .where(Filing.applicant_id == actor.id, Filing.deleted_at.is_(None), Filing.state.in_(states))
        .options(
            joinedload(Filing.group).joinedload(Group.department),
            joinedload(Filing.applicant),
            selectinload(Filing.steps).options(joinedload(Step.decision), joinedload(Step.assigned_by)),
        )
    )
    return page_of(query, Filing, before)


def groups_of(actor: Actor, *, before: int | None = None) -> Page[Group]:
    """The registered groups this person answers for: as 第一责任人, 群主 or 管理员, or as their department's head."""
    named = select(Contact.group_id).where(Contact.person_id == actor.id)
    query = (
        select(Group)
        .where(Group.state != GroupState.PROPOSED, or_(Group.id.in_(named), Group.department_id.in_(actor.headed)))
        .options(joinedload(Group.department))
    )
    return page_of(query, Group, before)


def registry(*, before: int | None = None) -> Page[Filing]:
    """The ledger: every filing that was ever sent, newest first."""
    query = (
        select(Filing)
        .where(Filing.state != FilingState.DRAFT)
        .options(joinedload(Filing.group).joinedload(Group.department), selectinload(Filing.steps))
    )
    return page_of(query, Filing, before)


def page_of(query: Select[T], model: type, before: int | None) -> Page[T]:
    """A page of these rows, newest first, from before this key on."""
    if before is not None:
        query = query.where(model.id < before)  # type: ignore[attr-defined]
    rows = db.session.scalars(query.order_by(model.id.desc()).limit(PAGE_SIZE + 1)).unique().all()  # type: ignore[attr-defined]
    shown = rows[:PAGE_SIZE]
    return Page(shown, shown[-1].id if len(rows) > PAGE_SIZE else None)  # type: ignore[attr-defined]


def living_departments() -> list[Department]:
    """The departments that there are, in the directory's order."""
    living = select(Department).where(Department.removed_at.is_(None))
    return list(db.session.scalars(living.order_by(Department.sort_order.desc(), Department.id)))


@dataclass(frozen=True)
class FormChoices:
    """What the form offers: departments (the person's own first) and who heads each."""

    own: Sequence[Department]
    others: Sequence[Department]
    heads: dict[int, Person]
    #: Those heads who gave their mobile.
    reachable: frozenset[int]


def form_choices(actor: Actor) -> FormChoices:
    """The departments to choose from and their heads, for prefilling 第一责任人."""
    departments = living_departments()
    mine = set(db.session.scalars(select(Membership.department_id).where(Membership.person_id == actor.id)))
    mine.add(actor.department_id or 0)
    heads, reachable = _heads()
    return FormChoices(
        own=sorted((d for d in departments if d.id in mine), key=lambda d: d.id != actor.department_id),
        others=[department for department in departments if department.id not in mine],
        heads=heads,
        reachable=reachable,
    )


def _heads() -> tuple[dict[int, Person], frozenset[int]]:
    """Who heads each department, and the ids of those who gave their mobile; nobody's number is read."""
    query = (
        select(Person, Post.department_id, Person.mobile.is_not(None))
        .join(Person.posts)
        .where(
            *(Post.kind == PostKind.DEPARTMENT_HEAD, Post.held(college_today()), ~Post.is_deputy),
            Person.left_at.is_(None),
        )
        .options(load_only(Person.name, Person.job_title, Person.office_phone))
        .order_by(Post.id.desc())
    )
    rows = db.session.execute(query).all()
    heads = {department_id: person for person, department_id, _ in rows if department_id}
    return heads, frozenset(person.id for person, _, gave in rows if gave)


def find_filing_of_form(actor: Actor, form_key: str) -> int | None:
    """The filing that this person made from the form with this key, if it was ever kept."""
    own = (Filing.form_key == form_key, Filing.applicant_id == actor.id)
    return db.session.scalar(select(Filing.id).where(*own)) if form_key else None


def find_own_filing(actor: Actor, filing_id: int | None) -> Filing | None:
    """The filing of this id that the person filed; its facts are not loaded with it."""
    own = (Filing.id == filing_id, Filing.applicant_id == actor.id)
    return db.session.scalar(select(Filing).where(*own)) if filing_id is not None else None


@dataclass(frozen=True)
class Habits:
    """Whoever fills in a form, and what their last filing that was sent was about."""

    person: Person
    tier: Tier | None
    supervisor_id: int | None
    platform: Platform | None
    other_platform: str | None


def habits_of(actor: Actor) -> Habits:
    """What a new form of this person's begins with, in one query."""
    sent = (Filing.applicant_id == actor.id, Filing.state != FilingState.DRAFT)
    last = select(func.max(Filing.id)).where(*sent).scalar_subquery()
    query = (
        select(Person, Group.tier, Group.supervisor_id, Group.platform, Group.other_platform)
        .select_from(Person)
        .outerjoin(Filing, Filing.id == last)
        .outerjoin(Group, Group.id == Filing.group_id)
        .where(Person.id == actor.id)
    )
    return Habits(*db.session.execute(query).one())


def get_person(person_id: int) -> Person:
    """The person's own row; raises NotFound."""
    person = db.session.get(Person, person_id)
    if person is None:
        raise NotFound
    return person
