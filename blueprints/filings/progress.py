"""How far a filing has come: its steps in words, for the page to list."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from models import Channel, Filing, FilingState, Step, StepState
from operations.actors import Actor
from operations.group_people import PersonChange
from operations.posts import Holders
from operations.turns import SELF_APPROVAL

VACANT = "岗位空缺"
HEADLINES = {
    FilingState.DRAFT: "还没有提交",
    FilingState.RETURNED: "请修改后重新提交",
    FilingState.REJECTED: "备案未获同意",
    FilingState.WITHDRAWN: "申请人已撤回",
}
HOW = {Channel.CARD: "在消息卡片上办理", Channel.PAGE: "在页面上办理", Channel.RULE: ""}


@dataclass(frozen=True)
class Stage:
    """One line of the list: who, what has come of it, when and how. `mark` is done, refused, pending or waiting."""

    mark: str
    title: str
    status: str
    who: str = ""
    at: datetime | None = None
    rule: str = ""
    remark: str = ""
    how: str = ""


def headline(filing: Filing) -> str:
    """Where the filing stands, for one line of a list."""
    pending = filing.pending_step
    if pending is not None and not pending.is_registration:
        return f"等待{pending.post_label}审核"
    return HEADLINES.get(filing.state) or filing.group.registration_number or filing.state.label


def acting_as(actor: Actor, filing: Filing, held: Holders) -> str:
    """In which post this person would decide now, and for whom; one person may hold several."""
    step = filing.pending_step
    taker = next((t for t in held.able(step) if t.person_id == actor.id), None) if step else None
    if step is None or taker is None:
        return ""
    verb = "办理备案" if step.is_registration else "审核"
    if taker.on_behalf_of is not None:
        return f"您代{taker.on_behalf_of.person.name}（{step.post_label}{'副职' if taker.is_deputy else ''}）{verb}"
    return f"您以{step.post_label}{'（副职）' if taker.is_deputy else ''}身份{verb}"


def stages(filing: Filing, held: Holders, changes: Sequence[PersonChange] = ()) -> list[Stage]:
    """The filing's way so far and what lies ahead: sending it, each decision taken, whose turn it is, who follows.

    `changes` among the group's people, newest first, stand where they happened.
    """
    told = [*_sent(filing), *(_stage(filing, step, held) for step in filing.steps if _is_told(filing, step))]
    for change in reversed(changes):
        told.insert(_place_of(change, told), _changed(change))
    return told


def _place_of(change: PersonChange, told: Sequence[Stage]) -> int:
    """After the last thing that had happened by then."""
    past = (
        n for n, stage in enumerate(told) if stage.mark in ("done", "refused") and stage.at and stage.at <= change.at
    )
    return max(past, default=-1) + 1


def _changed(change: PersonChange) -> Stage:
    who = f"{change.role}：{change.former} → {change.successor}"
    return Stage("done", "人员变动", "已确认接任", who=who, at=change.at)


def _sent(filing: Filing) -> Iterator[Stage]:
    if filing.submitted_at:
        status = "已提交" if filing.round == 1 else f"第{filing.round}次提交"
        yield Stage("done", "申请人", status, who=_applicant(filing), at=filing.submitted_at)


def _applicant(filing: Filing) -> str:
    former = filing.taken_over_from
    return f"{filing.applicant_name}接办（原申请人{former}）" if former else filing.applicant_name


def _is_told(filing: Filing, step: Step) -> bool:
    """What was decided stays on the page; what an earlier round left undecided does not."""
    return step.decision is not None or step.round == filing.round


def _stage(filing: Filing, step: Step, held: Holders) -> Stage:
    title = f"{step.department_name}备案登记" if step.is_registration else step.post_label
    rule = f"{step.article}：{step.sentence}"
    if step.decision is not None:
        return _decided(step, title, rule)
    if step.state is StepState.CANCELLED:
        return Stage("waiting", title, "未办理", rule=rule)
    pending = step.state is StepState.PENDING
    status = ("待办理" if step.is_registration else "待审核") if pending else "未开始"
    return Stage(
        "pending" if pending else "waiting",
        title,
        status,
        who=_who(filing, step, held),
        at=step.pending_since,
        rule=rule,
    )


def _decided(step: Step, title: str, rule: str) -> Stage:
    decision = step.decision
    assert decision is not None  # noqa: S101 - asked by the caller
    refused = decision.outcome.value in ("returned", "rejected")
    return Stage(
        "refused" if refused else "done",
        title,
        decision.reason if decision.by_rule else decision.outcome.label,
        who=decision.who,
        at=decision.decided_at,
        rule=rule,
        remark="" if decision.by_rule else decision.reason,
        how=HOW[decision.channel],
    )


def _who(filing: Filing, step: Step, held: Holders) -> str:
    """Who could take the step now, or where it has gone meanwhile."""
    if able := held.able(step):
        return "、".join(taker.who for taker in able)
    if held.of_step(step):
        return SELF_APPROVAL
    told = "、".join(account.person.name for account in held.fall_back())
    return f"{VACANT}，已转{told}" if told and step.state is StepState.PENDING else VACANT
