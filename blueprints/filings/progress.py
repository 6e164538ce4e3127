"""办理进度: what has happened to a filing, strictly by time, and what lies ahead of it; for the page to list."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from blueprints.filings.holding import VACANT, whereabouts
from models import Channel, Decision, EventKind, Filing, FilingEvent, FilingState, Step, StepState
from operations.actors import Actor
from operations.decisions import OWN_REGISTRATION
from operations.group_people import PersonChange
from operations.posts import Holders

#: What the service does by itself, to those whom the line names.
BY_ITSELF = {EventKind.REMINDED: "已提醒", EventKind.ESCALATED: "已上报"}
HOW = {Channel.CARD: "在消息卡片上办理", Channel.PAGE: "在页面上办理", Channel.RULE: ""}


@dataclass(frozen=True)
class Stage:
    """One line of the list: what it is about, what has come of it, who did it and to whom, when and how.

    `mark` is done, refused, pending or waiting; `remark` is what somebody wrote, `rule` the article.
    """

    mark: str
    title: str
    status: str
    who: str = ""
    to: str = ""
    at: datetime | None = None
    rule: str = ""
    remark: str = ""
    how: str = ""


def acting_as(actor: Actor, filing: Filing, held: Holders) -> str:
    """In which post this person would decide now, and for whom; one person may hold several."""
    step = filing.pending_step
    taker = next((t for t in held.able(step) if t.person_id == actor.id), None) if step else None
    if step is None or taker is None:
        return ""
    verb = "办理备案" if step.is_registration else "审核"
    if step.is_registration and filing.applicant_id in taker.people:
        return f"这是您申请的备案，没有其他备案登记人，办理后记为“{OWN_REGISTRATION}”"
    if taker.on_behalf_of and taker.holder_id is None:
        return f"您代{step.post_label}{verb}"
    if taker.on_behalf_of:
        return f"您代{taker.on_behalf_of}（{step.post_label}{'副职' if taker.is_deputy else ''}）{verb}"
    return f"您以{step.post_label}{'（副职）' if taker.is_deputy else ''}身份{verb}"


def stages(
    filing: Filing, held: Holders, events: Sequence[FilingEvent], changes: Sequence[PersonChange] = ()
) -> list[Stage]:
    """The filing's way: what has happened, each thing where it happened, and then whose turn it is and who follows.

    `changes` are those among the group's people.
    """
    return [*_past(filing, events, changes), *_ahead(filing, held)]


def _past(filing: Filing, events: Sequence[FilingEvent], changes: Sequence[PersonChange]) -> list[Stage]:
    # Of two things of one moment, what people did comes before what the rules made of it.
    told = [*_happened(filing, events), *(_changed(change) for change in changes)]
    told += [_decided(step) for step in filing.steps if step.decision is not None]
    return sorted(told, key=lambda stage: stage.at or filing.created_at)


def _happened(filing: Filing, events: Sequence[FilingEvent]) -> Iterator[Stage]:
    sent = 0
    for event in events:
        sent += event.kind is EventKind.SUBMITTED
        stage = _event(event, sent)
        asked = event.kind is EventKind.OPINION_ASKED
        yield replace(stage, status=_became_of(filing, event)) if asked else stage


def _became_of(filing: Filing, event: FilingEvent) -> str:
    """What has become of the question for somebody's opinion. One that was asked anew is no longer the one it was."""
    found = [opinion for step in filing.steps for opinion in step.opinions if step.id == event.step_id]
    opinion = next((o for o in found if o.asked_at == event.at and o.adviser_name == event.to_names), None)
    if opinion is None or not (opinion.answered_at or opinion.is_open):
        return "已不需要答复"
    return "已答复" if opinion.answered_at else "待答复"


def _event(event: FilingEvent, sent: int) -> Stage:
    """`sent` is how often the filing had been sent by then."""
    stage = Stage(
        "done",
        event.kind.label,
        "",
        who=" ".join(word for word in (event.post_label, _who_did(event)) if word),
        to=event.to_names,
        at=event.at,
        remark=event.text,
        how=HOW[event.channel] if event.channel is Channel.CARD else "",
    )
    if event.kind is EventKind.SUBMITTED:
        return replace(stage, title="申请人", status="已提交" if sent == 1 else f"第{sent}次提交")
    if event.kind is EventKind.WITHDRAWN:
        return replace(stage, title="申请人", status="已撤回", to="")
    if event.kind in BY_ITSELF:
        return replace(stage, who=f"{BY_ITSELF[event.kind]}{event.to_names}", to="")
    if event.kind is EventKind.TAKEN_OVER:
        return replace(stage, who=f"{stage.who}接办（原申请人{event.to_names}）", to="")
    return stage


def _who_did(event: FilingEvent) -> str:
    return f"{event.person_name}（代{event.on_behalf_of}）" if event.on_behalf_of else event.person_name


def _changed(change: PersonChange) -> Stage:
    who = f"{change.role}：{change.former}"
    return Stage("done", "人员变动", "已确认接任", who=who, to=change.successor, at=change.at)


def _decided(step: Step) -> Stage:
    decision = step.decision
    assert decision is not None  # noqa: S101 - asked by the caller
    refused = decision.outcome.value in ("returned", "rejected")
    return Stage(
        "refused" if refused else "done",
        _title(step),
        decision.reason if decision.by_rule else decision.label,
        who=decision.who,
        at=decision.decided_at,
        rule=_rule(step),
        remark="" if decision.by_rule else decision.reason,
        how=HOW[decision.channel],
    )


def _ahead(filing: Filing, held: Holders) -> Iterator[Stage]:
    if filing.state is FilingState.RETURNED:
        yield Stage("pending", "申请人", "待修改后重新提交", who=filing.applicant_name)
    for step in filing.current_steps:
        if step.state is StepState.CANCELLED:
            yield Stage("waiting", _title(step), "未办理", rule=_rule(step))
        elif step.decision is None:
            yield _to_come(step, held)


def _to_come(step: Step, held: Holders) -> Stage:
    pending = step.state is StepState.PENDING
    status = ("待办理" if step.is_registration else "待审核") if pending else "未开始"
    mark = "pending" if pending else "waiting"
    return Stage(mark, _title(step), status, who=_who(step, held), at=step.pending_since, rule=_rule(step))


def _who(step: Step, held: Holders) -> str:
    """Who could take the step now, or where it has gone meanwhile."""
    if able := held.able(step):
        return "、".join(taker.who for taker in able)
    return whereabouts(step, held) if step.state is StepState.PENDING or held.of_step(step) else VACANT


def _title(step: Step) -> str:
    return f"{step.department_name}备案登记" if step.is_registration else step.post_label


def _rule(step: Step) -> str:
    return f"{step.article}：{step.sentence}"


def refusal_of(filing: Filing) -> Decision | None:
    """Why a filing was sent back or refused, while that is how it stands."""
    decisions = [step.decision for step in filing.steps if step.decision is not None]
    refused = filing.state in (FilingState.RETURNED, FilingState.REJECTED)
    return decisions[-1] if decisions and refused else None
