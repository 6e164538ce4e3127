"""Lists of handovers: what waits for somebody, what is open in the whole college, and the filings to take over."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import ColumnElement, ScalarSelect, and_, exists, false, func, or_, select, true
from sqlalchemy.orm import aliased, joinedload

from extensions import db
from models import Department, Filing, Group, Handover, HandoverItem, Membership, Person
from operations.actors import Actor
from operations.posts import FALL_BACK, nobody_holds
from operations.reading import PAGE_SIZE, Page, page_of
from operations.vacancies import UNFINISHED_FILINGS, is_open
from regulation import PostKind

_APPLICANT, _GROUP, _OWN, _LISTED = aliased(Person), aliased(Group), aliased(Department), aliased(Membership)


@dataclass(frozen=True)
class HandoverRow:
    """A handover in a list: how many groups are open, and whether this person is asked to take some over.

    `asked` names who is to answer, and `since` is when the first of them was asked, where the list is of those.
    """

    id: int
    person_name: str
    department_id: int
    department_name: str
    opened_at: datetime
    groups: int
    asks_you: bool
    asked: Sequence[str] = ()
    since: datetime | None = None


def handovers_waiting_for(actor: Actor, *, before: int | None = None) -> Page[HandoverRow]:
    """What this person has to hand over or to answer, newest first."""
    return _rows(actor, _waits_for(actor), before)


def handovers_awaiting_answers(actor: Actor, *, before: int | None = None) -> Page[HandoverRow]:
    """等对方确认: what this person would have to arrange anew if those who are asked said no, newest first.

    It waits for somebody else and is not counted as this person's to do.
    """
    if not actor.headed and not any(actor.holds(kind) for kind in FALL_BACK):
        return Page((), None)
    page = _rows(actor, and_(_has_item(_is_asked(), _arranges(actor)), ~_waits_for(actor)), before)
    if not page.rows:
        return page
    first = func.min(HandoverItem.proposed_at)
    query = (
        select(HandoverItem.handover_id, HandoverItem.successor_name, first)
        .join(HandoverItem.handover)
        .where(HandoverItem.handover_id.in_([row.id for row in page.rows]), is_open(), _is_asked())
        .group_by(HandoverItem.handover_id, HandoverItem.successor_name)
        .order_by(first)
    )
    asked: dict[int, list[tuple[str, datetime | None]]] = defaultdict(list)
    for handover_id, name, at in db.session.execute(query):
        asked[handover_id].append((name, at))
    # Whoever answered since the page was read is waited for no more.
    rows = [_with_asked(row, people) for row in page.rows if (people := asked.get(row.id))]
    return Page(rows, page.next_key)


def _with_asked(row: HandoverRow, asked: Sequence[tuple[str, datetime | None]]) -> HandoverRow:
    return replace(row, asked=[name for name, _ in asked], since=asked[0][1])


def open_handovers_of_all(actor: Actor, *, before: int | None = None) -> Page[HandoverRow]:
    """Every handover of the college of which something is open, newest first."""
    return _rows(actor, _has_item(), before)


def count_of_handovers(actor: Actor) -> ScalarSelect[int]:
    """How many handovers wait for this person, to be asked together with what else waits."""
    return select(func.count()).select_from(Handover).where(_waits_for(actor)).scalar_subquery()


def filings_to_take_over(actor: Actor, *, before: int | None = None) -> Page[Filing]:
    """待接办: the open filings of this head's departments whose applicant left, or moved away, newest first."""
    group = joinedload(Filing.group).joinedload(Group.department)
    query = select(Filing).where(_may_take_over(actor)).options(group, joinedload(Filing.applicant))
    return page_of(query, Filing, before)


def count_of_filings_to_take_over(actor: Actor) -> ScalarSelect[int]:
    """How many filings this head may take over, to be asked together with what else waits."""
    return select(func.count()).select_from(Filing).where(_may_take_over(actor)).scalar_subquery()


def _may_take_over(actor: Actor) -> ColumnElement[bool]:
    """The same rule as permissions.can_take_over, asked of all filings at once."""
    unit = _GROUP.department_id
    main = (_OWN.id == _APPLICANT.department_id, or_(_OWN.id == unit, _OWN.merged_into_id == unit))
    is_listed = (_LISTED.person_id == _APPLICANT.id, _LISTED.department_id == unit)
    belongs = or_(exists().where(*main).correlate_except(_OWN), exists().where(*is_listed).correlate_except(_LISTED))
    orphaned = exists().where(
        *(_APPLICANT.id == Filing.applicant_id, _APPLICANT.id != actor.id),
        *(_GROUP.id == Filing.group_id, unit.in_(actor.headed_in_person)),
        or_(_APPLICANT.left_at.is_not(None), and_(Filing.applicant_department_id == unit, ~belongs)),
    )
    return and_(Filing.state.in_(UNFINISHED_FILINGS), orphaned.correlate_except(_APPLICANT, _GROUP))


def _rows(actor: Actor, which: ColumnElement[bool], before: int | None) -> Page[HandoverRow]:
    groups = (
        select(func.count(HandoverItem.group_id.distinct()))
        .where(HandoverItem.handover_id == Handover.id, is_open())
        .correlate(Handover)
        .scalar_subquery()
    )
    query = (
        select(Handover, groups, _has_item(_asks(actor)))
        .where(which, true() if before is None else Handover.id < before)
        .options(joinedload(Handover.department))
        .order_by(Handover.id.desc())
        .limit(PAGE_SIZE + 1)
    )
    rows = [
        HandoverRow(row.id, row.person_name, row.department_id, row.department.name, row.opened_at, count, bool(asks))
        for row, count, asks in db.session.execute(query)
    ]
    shown = rows[:PAGE_SIZE]
    return Page(shown, shown[-1].id if len(rows) > PAGE_SIZE else None)


def _waits_for(actor: Actor) -> ColumnElement[bool]:
    """Something is to be arranged by this person, or to be answered."""
    to_arrange = HandoverItem.successor_id.is_(None) | HandoverItem.declined_at.is_not(None)
    return _has_item(or_(_asks(actor), and_(to_arrange, _arranges(actor))))


def _arranges(actor: Actor) -> ColumnElement[bool]:
    """Whether it is this person who sees to the handover: they head its department, or stand in where nobody does."""
    heads = Handover.department_id.in_(actor.headed)
    stands_in = [
        nobody_holds(PostKind.DEPARTMENT_HEAD, Handover.department_id) & vacant
        for kind, vacant in (
            (PostKind.ADMINISTRATOR, true()),
            (PostKind.REGISTRAR, nobody_holds(PostKind.ADMINISTRATOR)),
        )
        if actor.holds(kind)
    ]
    return or_(false(), heads, *stands_in)


def _is_asked() -> ColumnElement[bool]:
    """Whether somebody was asked to take the item over and has not answered."""
    return and_(HandoverItem.successor_id.is_not(None), HandoverItem.declined_at.is_(None))


def _asks(actor: Actor) -> ColumnElement[bool]:
    return and_(HandoverItem.successor_id == actor.id, HandoverItem.declined_at.is_(None))


def _has_item(*which: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(HandoverItem.handover_id == Handover.id, is_open(), *which).correlate_except(HandoverItem)
