"""Steps that have waited too long: who is to be reminded of them, and to whom they are reported.

Asked of the tables as they are: what was decided, taken back, returned or given to somebody else drops out by itself,
and what was given anew begins anew. It gives nobody a right to decide.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, literal, or_, select
from sqlalchemy.orm import Session, contains_eager, joinedload

from messaging import reminders as said
from messaging.reminders import Notice
from models import EventKind, Filing, FilingEvent, PlatformIdentity, Step, StepState
from operations.clock import in_college
from operations.posts import FALL_BACK, UNDER_A_LEADER, Holders, holders
from operations.rules import rules_in_force
from operations.timeline import Line
from regulation import PostKind


@dataclass(frozen=True)
class Due:
    """One thing that is due to be said, and to whom: all of them are told together.

    `line` is what the filing's timeline says of it; `key` names what is remembered where there is none.
    """

    notices: dict[int, Notice] = field(hash=False)
    line: Line | None = None
    key: str = ""

    def to(self, people: Collection[int]) -> "Due":
        """The same, told to nobody but these people."""
        return replace(self, notices={who: notice for who, notice in self.notices.items() if who in people})


def find_overdue(session: Session, now: datetime) -> list[Due]:
    """The steps that have waited so long that somebody is to be reminded of them, or that it is reported."""
    steps = _overdue_steps(session, now)
    held = _held(session, steps)
    return [due for step in steps if (due := _of_step(step, held, now))]


def lock_overdue(session: Session, now: datetime) -> None:
    """Lock the filings of `_overdue_steps`: nobody decides on one between the look at it and the end of all this."""
    query = select(Filing.id).join(Step, Step.filing_id == Filing.id).where(_is_overdue(now)).order_by(Filing.id)
    session.execute(query.with_for_update(of=Filing, read=True, key_share=True)).all()


def _overdue_steps(session: Session, now: datetime) -> Sequence[Step]:
    query = (
        select(Step)
        .join(Step.filing)
        .join(Filing.group)
        .where(_is_overdue(now))
        .options(
            contains_eager(Step.filing).options(
                contains_eager(Filing.group), joinedload(Filing.steps).joinedload(Step.decision)
            ),
            joinedload(Step.assigned_by),
        )
        .order_by(Step.filing_id)
    )
    return session.scalars(query).unique().all()


def _is_overdue(now: datetime) -> ColumnElement[bool]:
    """The steps of which something is to be said: once after a while, and once more when they are reported."""
    rules, at = rules_in_force(), in_college(now)
    late = Step.asked_since <= rules.latest_due(at, rules.deadlines.remind_after)
    overdue = Step.asked_since <= rules.latest_due(at, rules.deadlines.escalate_after)
    reminded = _was_said(EventKind.REMINDED, EventKind.ESCALATED)
    to_say = or_(and_(overdue, ~_was_said(EventKind.ESCALATED)), and_(~overdue, ~reminded))
    # Written out, not bound: neither database takes the index of the pending ones for a value that it does not know.
    pending = Step.state == literal(StepState.PENDING, Step.state.type, literal_execute=True)
    return and_(pending, late, to_say)


def _was_said(*kinds: EventKind) -> ColumnElement[bool]:
    """Whether the step's timeline has such a line since it has been with whoever has it now."""
    here = (FilingEvent.filing_id == Step.filing_id, FilingEvent.step_id == Step.id)
    return exists().where(*here, FilingEvent.kind.in_(kinds), FilingEvent.at >= Step.asked_since)


def _held(session: Session, steps: Sequence[Step]) -> Holders:
    if not steps:
        return Holders(())
    keys = {(step.post, step.department_id) for step in steps}
    keys |= {(PostKind.COLLEGE_LEADER, unit) for step in steps for unit in _units(step)}
    return holders(session, keys, besides={step.assignee_id for step in steps if step.assignee_id})


def _of_step(step: Step, held: Holders, now: datetime) -> Due | None:
    asked = [(taker.who, taker.identity) for taker in held.to_ask(step)]
    is_vacant = not asked
    asked = asked or _named(_fall_back(held, {step.filing.applicant_id}))
    assert step.asked_since is not None  # noqa: S101 - the steps at hand were found by it
    rules, at = rules_in_force(), in_college(now)
    days = rules.waited(in_college(step.asked_since), at)
    waits = _Waiting(step, asked, is_vacant, days)
    return waits.escalated(held) if days >= rules.deadlines.escalate_after else waits.reminded()


@dataclass(frozen=True)
class _Waiting:
    """A step that has waited for so many working days, and who is asked to take it, or stands in for its empty post."""

    step: Step
    asked: list[tuple[str, PlatformIdentity]]
    is_vacant: bool
    days: int

    def reminded(self) -> Due | None:
        """Those who are asked, told that it waits."""
        if not self.asked:
            return None
        make = said.post_is_vacant if self.is_vacant else said.step_waits
        notice = make(self.step.filing, self.step, self.days)
        return Due(dict.fromkeys(_ids(self.asked), notice), self._line(EventKind.REMINDED, self.asked))

    def escalated(self, held: Holders) -> Due | None:
        """Those above told what waits, and the applicant and those who are asked, that it was reported and to whom."""
        above = self._above(held)
        if not above:
            return None
        step, filing, names = self.step, self.step.filing, [name for name, _ in above]
        told = ("岗位空缺",) if self.is_vacant else [name for name, _ in self.asked]
        hurried = said.post_is_vacant(filing, step, self.days)
        if not self.is_vacant:
            hurried = said.step_was_escalated(filing, step, self.days, names)
        notices = {
            filing.applicant_id: said.your_filing_was_escalated(filing, step, self.days, names),
            **dict.fromkeys(_ids(self.asked), hurried),
            **dict.fromkeys(_ids(above), said.escalated(filing, step, self.days, told)),
        }
        return Due(notices, self._line(EventKind.ESCALATED, above))

    def _above(self, held: Holders) -> list[tuple[str, PlatformIdentity]]:
        """The leader of the department, or the fall-back: others than those who are asked as far as there are any."""
        applicant = {self.step.filing.applicant_id}
        others = applicant.union(_ids(self.asked))
        leaders = (held.asked_in(PostKind.COLLEGE_LEADER, unit) for unit in _units(self.step))
        found = next((free for each in leaders if (free := [t for t in each if t.person_id not in others])), [])
        if found:
            return [(taker.who, taker.identity) for taker in found]
        return _named(_fall_back(held, others) or _fall_back(held, applicant))

    def _line(self, kind: EventKind, to: Sequence[tuple[str, PlatformIdentity]]) -> Line:
        text = f"已等待{self.days}个工作日" + ("，岗位空缺" if self.is_vacant else "")
        return Line(self.step.filing_id, self.step.id, kind, [name for name, _ in to], text)


def _units(step: Step) -> list[int]:
    """The departments whose 主管院领导 is above the step: its own, and the group's, where that is another one."""
    if step.post not in UNDER_A_LEADER:
        return []
    return [unit for unit in dict.fromkeys((step.department_id, step.filing.group.department_id)) if unit is not None]


def _fall_back(held: Holders, barred: Collection[int]) -> list[PlatformIdentity]:
    """Who stands in for an empty post, without these people: the first kind of post that somebody else holds."""
    kinds = ([account for account in held.of(kind) if account.person_id not in barred] for kind in FALL_BACK)
    return next((found for found in kinds if found), [])


def _named(accounts: Sequence[PlatformIdentity]) -> list[tuple[str, PlatformIdentity]]:
    return [(account.person.name, account) for account in accounts]


def _ids(named: Sequence[tuple[str, PlatformIdentity]]) -> list[int]:
    return [account.person_id for _, account in named]
