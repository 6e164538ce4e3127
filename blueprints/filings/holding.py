"""Who has the filing now and since when, or for what reason nobody has: for the top of its page, and for lists."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from messaging.cards import moment
from models import EventKind, Filing, FilingEvent, FilingState, Step
from operations.posts import Holders
from operations.turns import SELF_APPROVAL
from operations.vacancies import UNFINISHED_FILINGS
from regulation import PostKind

VACANT = "岗位空缺"
#: What a list says of a filing that waits for nobody.
RESTING = {
    FilingState.DRAFT: "还没有提交",
    FilingState.REJECTED: "备案未获同意",
    FilingState.WITHDRAWN: "申请人已撤回",
}


@dataclass(frozen=True)
class Holding:
    """Who is to act and on what, or why nobody is there to, and since when that is so.

    `waits_since` is when a step began to wait for its post, `reported` the line that says to whom that was reported.
    """

    text: str
    since: datetime
    waits_since: datetime | None = None
    reported: FilingEvent | None = None

    @property
    def in_short(self) -> str:
        """For one line of a list."""
        return f"{self.text} · {moment(self.since)} 起"


def holding_of(filing: Filing, held: Holders, events: Sequence[FilingEvent] = ()) -> Holding | None:
    """Who has a filing that is under way; None: it waits for nobody.

    `held` are the holders of its posts, `events` its timeline, where that is at hand.
    """
    step = filing.pending_step
    if step is not None:
        return Holding(_asked(step, held), _since(step, events), step.pending_since, _reported(step, events))
    if filing.state not in UNFINISHED_FILINGS:
        return None
    returned_at = max(s.decision.decided_at for s in filing.steps if s.decision)
    if filing.applicant.left_at is None:
        return Holding(f"等待申请人{filing.applicant_name}修改后重新提交", returned_at)
    return Holding(_orphaned(filing, held), max(returned_at, filing.applicant.left_at))


def headline(filing: Filing, held: Holders) -> str:
    """Where the filing stands, for one line of a list."""
    holding = holding_of(filing, held)
    if holding is not None:
        return holding.in_short
    return RESTING.get(filing.state) or filing.group.registration_number or filing.state.label


def whereabouts(step: Step, held: Holders) -> str:
    """Where a step has gone that nobody can take as things are."""
    if held.of_step(step):
        return SELF_APPROVAL
    told = _names(account.person.name for account in held.fall_back())
    return f"{VACANT}，已转{told}" if told else VACANT


def _asked(step: Step, held: Holders) -> str:
    names = _names(taker.who for taker in held.to_ask(step))
    if not names:
        return f"{step.post_label}{whereabouts(step, held)}"
    return f"等待{step.post_label} {names} {'办理备案' if step.is_registration else '审核'}"


def _since(step: Step, events: Iterable[FilingEvent]) -> datetime:
    """From when the step has been with whoever has it: passed on to somebody, from then."""
    assert step.pending_since is not None  # noqa: S101 - the table says so of a pending step
    passed = (e.at for e in events if e.kind is EventKind.REASSIGNED and e.step_id == step.id)
    return max((step.pending_since, *passed))


def _reported(step: Step, events: Iterable[FilingEvent]) -> FilingEvent | None:
    """The line by which the step was reported as overdue, since it has waited for whoever has it."""
    assert step.pending_since is not None  # noqa: S101 - the table says so of a pending step
    lines = (e for e in events if e.kind is EventKind.ESCALATED and e.step_id == step.id and e.at >= step.pending_since)
    return next(lines, None)


def _orphaned(filing: Filing, held: Holders) -> str:
    """Sent back to somebody who is gone: the head of the department goes on with it (接办)."""
    unit = filing.group.department_id
    heads = held.in_person(PostKind.DEPARTMENT_HEAD, unit)
    post = PostKind.DEPARTMENT_HEAD.at(filing.department_name)
    names = _names(account.person.name for account in heads or held.fall_back())
    waits = f"等待{post} {names} 接办" if heads else f"{post}{VACANT}，已转{names}"
    return f"申请人{filing.applicant_name}已离职，{waits}"


def _names(names: Iterable[str]) -> str:
    return "、".join(names)
