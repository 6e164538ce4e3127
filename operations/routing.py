"""The way a filing takes: the posts of 第八条 in order, and the registry at the end."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from extensions import db
from models import Department, Filing, Group, Outcome, Step, StepState
from operations.actors import Actor
from operations.checks import incomplete
from operations.errors import RefusedByRules
from operations.posts import UNDER_A_LEADER, Holders, PostKey, holders
from operations.rules import keep_rules, rules_for
from operations.turns import hand_to_leader, leader_instead, why_passed
from regulation import Finding, OwnFiling, PostKind, RouteStep, Severity, Whose

REGISTRATION_ARTICLE = "第八条"


def route_of(session: Session, filing: Filing) -> list[Step]:
    """The steps of this filing, new and unsent; the filing keeps its rules and its departments' names of today."""
    filing.regulation_digest = filing.regulation_digest or keep_rules(session, rules_for(filing))
    filing.department_name = filing.group.department.name if filing.group.department else ""
    filing.supervisor_name = filing.group.supervisor.name if filing.group.supervisor else ""
    return steps_of(session, filing)


def steps_of(session: Session, filing: Filing) -> list[Step]:
    """The approvals that 第八条 asks of this filing, and the registry's step; raises RefusedByRules."""
    rules = rules_for(filing)
    group = filing.group
    if group.tier is None or group.department is None:
        raise RefusedByRules([incomplete("tier", "请选择建群主体和备案部门。")])
    route = rules.route(group.tier)
    if any(turn.of is Whose.SUPERVISOR for turn in route) and group.supervisor is None:
        raise RefusedByRules([incomplete("supervisor_id", "请选择主管部门（第八条第3项）。")])
    for turn in route:
        _refuse_gone_branch(turn, _unit_of(group, turn))
    turns = [(turn, _seat_of(turn, _unit_of(group, turn))) for turn in route]
    # Few routes depend on who holds a post; the others are spared the question.
    own_to_leader = rules.own_filing is OwnFiling.COLLEGE_LEADER
    depends = {
        (turn.post, unit.id)
        for turn, unit in turns
        if _lacks_branch(turn, unit) or _wants_all(turn, unit) or (own_to_leader and turn.post in UNDER_A_LEADER)
    }
    held = holders(session, depends) if depends else Holders(())
    for turn, unit in turns:
        _refuse_without_branch(turn, unit, held)
    asked = [(turn, unit) for turn, unit in turns for _ in range(_how_many(turn, unit, held))]
    approvals = [_approval(turn, unit, position) for position, (turn, unit) in enumerate(asked, start=1)]
    for step in approvals:
        leads = leader_instead(filing, step, held, applicant_id=filing.applicant_id, beside=approvals)
        if leads is not None:
            hand_to_leader(step, session.get_one(Department, leads))
    return [*approvals, _registration(len(approvals) + 1, rules.registry_office)]


def _unit_of(group: Group, turn: RouteStep) -> Department:
    """The filing's department or its supervisor, whichever the turn names."""
    unit = group.department if turn.of is Whose.UNIT else group.supervisor
    assert unit is not None  # noqa: S101 - both are checked before the route is made
    return unit


def _seat_of(turn: RouteStep, unit: Department) -> Department:
    """Whose post decides: the unit's own, but a secretary's is that of the unit's 党总支."""
    return unit.party_branch or unit if turn.post is PostKind.PARTY_SECRETARY else unit


def _refuse_gone_branch(turn: RouteStep, unit: Department) -> None:
    """Stop where the unit's 党总支 is no more, whoever held its post: as with a unit that is no more itself."""
    branch = _seat_of(turn, unit)
    if branch is not unit and branch.removed_at is not None:
        sentence = f"{unit.name}的所属党总支“{branch.name}”已撤销，找不到审核人。"
        raise _without_approver(turn, sentence, "请改选建群主体或备案部门，或请系统管理员为该部门重新设置所属党总支。")


def _lacks_branch(turn: RouteStep, unit: Department) -> bool:
    """An office has no 党总支 of its own (第八条第4项); a unit of no known kind may have one."""
    return turn.post is PostKind.PARTY_SECRETARY and unit.kind is not None and not unit.kind.has_secretary


def _refuse_without_branch(turn: RouteStep, unit: Department, held: Holders) -> None:
    """Stop where nobody could ever be appointed, rather than wait for a post that stays vacant."""
    if not _lacks_branch(turn, unit) or held.takers(turn.post, unit.id):
        return
    sentence = f"{unit.name}还没有对应的党总支，找不到审核人。"
    remedy = "请改选建群主体或备案部门，或请系统管理员为该部门设置所属党总支。"
    raise _without_approver(turn, sentence, remedy)


def _without_approver(turn: RouteStep, sentence: str, remedy: str) -> RefusedByRules:
    return RefusedByRules([Finding(turn.article, Severity.REFUSE, "department_id", sentence, remedy)])


def _wants_all(turn: RouteStep, unit: Department) -> bool:
    return unit.all_heads and turn.post is PostKind.DEPARTMENT_HEAD


def _how_many(turn: RouteStep, unit: Department, held: Holders) -> int:
    """How often the post is asked: once for each head where the unit wants all of them (党政负责人), else once."""
    if not _wants_all(turn, unit):
        return 1
    own = [taker for taker in held.takers(turn.post, unit.id) if not taker.on_behalf_of and not taker.is_deputy]
    return max(len(own), 1)


def _approval(turn: RouteStep, unit: Department, position: int) -> Step:
    return Step(
        round=0,
        state=StepState.WAITING,
        position=position,
        post=turn.post,
        department_id=unit.id,
        department_name=unit.name,
        article=turn.article,
        sentence=turn.sentence,
        decision=None,
    )


def _registration(position: int, office: str) -> Step:
    return Step(
        round=0,
        state=StepState.WAITING,
        position=position,
        post=PostKind.REGISTRAR,
        department_id=None,
        department_name=office,
        article=REGISTRATION_ARTICLE,
        sentence=f"审核通过后在{office}办理备案手续，方可建立运营",
        decision=None,
    )


def resume(filing: Filing, steps: list[Step]) -> list[Step]:
    """Back to the post that returned the filing, if its whole way is the same as before; else from the beginning.

    What those before the returner agreed to counts only while they would be asked still: a group of another 建群主体
    or 备案部门 has an approver who has not seen it (第八条). Where a unit wants all of its heads, all are asked again:
    what one of them sent back, the others have not seen. Whoever returned what was passed on to them (转办) has it
    again.
    """
    earlier = filing.current_steps
    returned = next((s for s in earlier if s.decision and s.decision.outcome is Outcome.RETURNED), None)
    if returned is None or _way_of(steps) != _way_taken(filing):
        return steps
    post = (returned.post, returned.department_id)
    first = min(s.position for s in earlier if (s.post, s.department_id) == post)
    ahead = [step for step in steps if step.position >= first]
    again = next(step for step in ahead if step.position == returned.position)
    again.assignee_id = returned.assignee_id
    again.assigned_by_id, again.assigned_by = returned.assigned_by_id, returned.assigned_by
    return ahead


def _way_of(steps: Sequence[Step]) -> dict[int, PostKey]:
    """Whose turn comes at each position; of several rounds, in the last that came by there."""
    return {step.position: (step.post, step.department_id) for step in steps}


def _way_taken(filing: Filing) -> dict[int, PostKey]:
    """The whole way of the present round: what came before its first step was decided in the rounds before it."""
    end = max(step.position for step in filing.current_steps)
    return _way_of([step for step in filing.steps if step.position <= end])


@dataclass(frozen=True)
class PreviewStep:
    """One step as the confirming page shows it. `passed`: why it will need nobody's click, if that is so."""

    article: str
    sentence: str
    post_label: str
    names: tuple[str, ...]
    passed: str


def preview(filing: Filing) -> list[PreviewStep]:
    """The way this filing will take when it is sent now, with who holds each post; changes nothing.

    Raises RefusedByRules when a department is missing that the route needs.
    """
    steps = resume(filing, steps_of(db.session(), filing))
    return _previewed(filing, steps, filing.applicant_id)


def preview_takeover(actor: Actor, filing: Filing) -> list[PreviewStep]:
    """The steps still ahead of a filing as they would be taken if this person became its applicant; changes nothing."""
    ahead = [step for step in filing.current_steps if step.state in (StepState.PENDING, StepState.WAITING)]
    return _previewed(filing, ahead, actor.id)


def _previewed(filing: Filing, steps: Sequence[Step], applicant_id: int) -> list[PreviewStep]:
    session, group = db.session(), filing.group
    keys = {(step.post, step.department_id) for step in steps}
    keys |= {(PostKind.COLLEGE_LEADER, unit_id) for unit_id in (group.department_id, group.supervisor_id)}
    held = holders(session, keys, besides={step.assignee_id for step in steps if step.assignee_id})
    shown: list[Step] = []
    for step in steps:
        leads = leader_instead(filing, step, held, applicant_id=applicant_id, beside=[*shown, *steps])
        shown.append(step if leads is None else _as_led(step, session.get_one(Department, leads)))
    return [_preview_of(step, held, applicant_id) for step in shown]


def _as_led(step: Step, unit: Department) -> Step:
    """A step such as this one would be when it is handed to the leader; the step itself stays as it is."""
    led = Step(round=step.round, state=step.state, position=step.position, article=step.article)
    hand_to_leader(led, unit)
    return led


def _preview_of(step: Step, held: Holders, applicant_id: int) -> PreviewStep:
    passed = why_passed(step, held, applicant_id=applicant_id)
    # What was passed on to somebody who can take it no more is its post's again.
    asked = held.able(step, applicant_id=applicant_id) or held.in_post(step, applicant_id=applicant_id)
    able = asked if passed is None else ()
    names, reason = tuple(taker.who for taker in able), passed.reason if passed else ""
    return PreviewStep(step.article, step.sentence, step.post_label, names, reason)
