"""Deciding on a step, by page or by card: 同意, 退回修改, 不同意, and the registry's 办理备案."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from messaging import cards, outbox
from models import (
    Action,
    Channel,
    Decision,
    Filing,
    GroupState,
    Message,
    Outcome,
    RegistrationCounter,
    Step,
    StepState,
    WrongState,
    utc_now,
)
from models.audit import record
from models.database import insert_for, unit_of_work
from operations import permissions
from operations.actors import Actor, as_held
from operations.clock import college_today
from operations.errors import (
    AlreadyDecided,
    NoLongerPending,
    NotTheHolder,
    OperationRefused,
    PassedOn,
    ReasonMissing,
)
from operations.owing import note_what_is_owed
from operations.partnering import tell_partners
from operations.posts import Holders, Taker, accounts_of
from operations.rules import rules_for
from operations.turns import give_turn, holders_for, locked_filing
from regulation import PostKind

#: A registrar's own filing, registered by themselves.
OWN_REGISTRATION = "本部门自备案"
ACTIONS = {
    Outcome.APPROVED: Action.APPROVE,
    Outcome.RETURNED: Action.RETURN,
    Outcome.REJECTED: Action.REJECT,
    Outcome.REGISTERED: Action.REGISTER,
}


@dataclass(frozen=True)
class Tap:
    """The card whose tap brought a decision, and the right to change it that came with the tap."""

    message: Message
    response_code: str


def decide(actor: Actor, filing_id: int, outcome: Outcome, *, reason: str = "", step_id: int | None = None) -> None:
    """Decide, on a page, on the step whose turn it is; registering gives the 备案编号.

    `step_id` is the step the page showed. Raises AlreadyDecided, NoLongerPending, NotTheHolder, PassedOn or
    ReasonMissing, and changes nothing then.
    """
    with unit_of_work() as session:
        decide_in(session, actor, filing_id, outcome, reason=reason, step_id=step_id)


def decide_in(
    session: Session,
    actor: Actor,
    filing_id: int,
    outcome: Outcome,
    *,
    reason: str = "",
    step_id: int | None = None,
    tap: Tap | None = None,
) -> None:
    """`decide` inside a transaction that does more; `tap` is the card it came by, if any."""
    filing = locked_filing(session, filing_id)
    step = step_meant(filing, step_id)
    held = holders_for(session, filing)
    _refuse_decision(actor, step, held, outcome, reason)
    now = utc_now()
    move_on(filing, step, outcome)
    if outcome is Outcome.REGISTERED:
        filing.registered_at = now
    step.decision = _decision(actor, step, held, outcome, reason, tap, now)
    step.state = StepState.DONE
    # One flush at the end: the rows are built before the first of them is written.
    with session.no_autoflush:
        close_cards(session, step, step.decision, tap)
        carry_on(session, filing, step, held, now)
    session.flush()
    details = {"step": step.id, "channel": step.decision.channel.value}
    record(session, f"filing.{outcome.value}", filing, by=(actor.id, actor.name), details=details)


def refusal_of(actor: Actor, filing: Filing, outcome: Outcome, held: Holders, *, step_id: int) -> str:
    """Why `decide` would refuse this as things stand, in a sentence; "" where it would not. Changes nothing.

    `held` are the holders of the post whose turn it is.
    """
    try:
        step = step_meant(filing, step_id)
        _refuse_decision(actor, step, held, outcome, reason="")
    except OperationRefused as refused:
        return refused.sentence
    action = _action(filing, step, outcome)
    return "" if filing.allows(action) else WrongState(action, filing.state).sentence


def close_cards(session: Session, step: Step, decision: Decision, tap: Tap | None = None) -> None:
    """End the cards that asked for this decision; `tap` is the one it came by, if any."""
    text = cards.closing_text(decision)
    if tap is None:
        outbox.close_requests(session, step, text)
    else:
        outbox.close_requests(session, step, text, tapped=tap.message, code=tap.response_code)


def step_meant(filing: Filing, step_id: int | None) -> Step:
    """The step that is meant: the one named, else the one whose turn it is, else the one decided last.

    Raises AlreadyDecided or NoLongerPending where it is not its turn.
    """
    pending = filing.pending_step
    meant = next((s for s in filing.steps if s.id == step_id), None) if step_id else pending
    meant = meant or next((s for s in reversed(filing.steps) if s.decision), None)
    if meant is None:
        raise NoLongerPending("这份备案目前没有等待处理的步骤。")
    if meant.decision is not None:
        raise AlreadyDecided(meant.decision)
    if meant is not pending:
        raise NoLongerPending("" if meant.state is StepState.CANCELLED else "还没有轮到这一步，暂时不能处理。")
    return meant


def _refuse_decision(actor: Actor, step: Step, held: Holders, outcome: Outcome, reason: str) -> None:
    """Who holds the post is asked of the database, in this transaction: posts change while cards lie about."""
    if not permissions.can_take(as_held(actor, held), step.filing, step):
        raise not_the_holder(step)
    if outcome in (Outcome.RETURNED, Outcome.REJECTED) and not reason.strip():
        raise ReasonMissing


def not_the_holder(step: Step) -> NotTheHolder:
    """What to raise to somebody who may not take the step: who has it, where it was passed on (转办)."""
    return PassedOn(step.assignee.name) if step.assignee else NotTheHolder()


def move_on(filing: Filing, step: Step, outcome: Outcome) -> None:
    """Let the filing become what this outcome of the step makes of it; raises WrongState."""
    filing.move(_action(filing, step, outcome))


def _action(filing: Filing, step: Step, outcome: Outcome) -> Action:
    following = [s for s in filing.current_steps if s.state is StepState.WAITING]
    if outcome is Outcome.APPROVED and not step.is_registration and following[0].is_registration:
        return Action.APPROVE_LAST
    return ACTIONS[outcome]


def _taker(held: Holders, step: Step, actor: Actor) -> Taker | None:
    return next((taker for taker in held.able(step) if taker.person_id == actor.id), None)


def _decision(
    actor: Actor, step: Step, held: Holders, outcome: Outcome, reason: str, tap: Tap | None, now: datetime
) -> Decision:
    taker = _taker(held, step, actor)
    return Decision(
        outcome=outcome,
        person_id=actor.id,
        person_name=actor.name,
        on_behalf_of_id=taker.holder_id if taker else None,
        on_behalf_of=taker.on_behalf_of if taker else "",
        post_label=f"{step.post_label}（副职）" if taker and taker.is_deputy else step.post_label,
        reason=_reason(step, taker, outcome, reason.strip()),
        channel=Channel.CARD if tap else Channel.PAGE,
        decided_at=now,
    )


def _reason(step: Step, taker: Taker | None, outcome: Outcome, reason: str) -> str:
    """What was written; before it that a registrar registered a filing of their own, there being no other."""
    own = outcome is Outcome.REGISTERED and taker is not None and step.filing.applicant_id in taker.people
    return "：".join(word for word in (OWN_REGISTRATION if own else "", reason) if word)


def carry_on(session: Session, filing: Filing, step: Step, held: Holders, now: datetime) -> None:
    """What the decision brings about: the next turn, the end, or the way back, and who is told of it."""
    decision = step.decision
    assert decision is not None  # noqa: S101 - decide_in has just made it
    if decision.outcome is Outcome.APPROVED:
        give_turn(session, filing, held, now)
        _tell(session, filing, decision, held, cards.progress(filing, decision), {filing.applicant_id})
        return
    for following in filing.current_steps:
        if following.state is StepState.WAITING:
            following.state = StepState.CANCELLED
    if decision.outcome is Outcome.REGISTERED:
        _register(session, filing, now)
        concerned = _concerned(filing, held)
        _tell(session, filing, decision, held, cards.registered(filing), concerned)
        tell_partners(session, filing, besides=concerned)
        return
    filing.group.live = False
    if decision.outcome is Outcome.REJECTED:
        outbox.close_commitments(session, filing.group_id, cards.REJECTED)
    told = {filing.applicant_id} | (_approvers(filing) if step.is_registration else set())
    _tell(session, filing, decision, held, cards.refusal(filing, decision), told)


def _register(session: Session, filing: Filing, now: datetime) -> None:
    group = filing.group
    year = college_today(now).year
    number = rules_for(filing).format_registration_number(year, _next_sequence(session, year))
    group.registered_at = now
    group.registration_number, group.state = number, GroupState.OPERATING
    note_what_is_owed(filing, college_today(now))


def _next_sequence(session: Session, year: int) -> int:
    """The next number of the year, from 1 on. Its row is locked until the transaction ends, and a transaction
    that fails gives its number back: no gap, nothing twice."""
    first = insert_for(session, RegistrationCounter).values(year=year, last_sequence=1)
    counter = first.on_conflict_do_update(
        index_elements=["year"], set_={"last_sequence": RegistrationCounter.last_sequence + 1}
    )
    return session.execute(counter.returning(RegistrationCounter.last_sequence)).scalar_one()


def _concerned(filing: Filing, held: Holders) -> set[int]:
    """申请人, 群主, 管理员, 第一责任人 and the head of the department: who hears of a registration."""
    heads = held.of(PostKind.DEPARTMENT_HEAD, filing.group.department_id)
    contacts = {contact.person_id for contact in filing.group.contacts if contact.person_id}
    return {filing.applicant_id, *contacts, *(head.person_id for head in heads)}


def _approvers(filing: Filing) -> set[int]:
    decisions = [step.decision for step in filing.steps if step.decision is not None]
    return {d.person_id for d in decisions if d.outcome is Outcome.APPROVED}


def _tell(
    session: Session, filing: Filing, decision: Decision, held: Holders, card: cards.Card, people: set[int]
) -> None:
    """Tell each of these people once, at the account they have."""
    accounts = {**held.accounts, **accounts_of(session, people - held.accounts.keys())}
    event = f"filing:{filing.id}:{decision.step.round}.{decision.step.position}:{decision.outcome.value}"
    recipients = [accounts[person_id] for person_id in sorted(people & accounts.keys())]
    outbox.tell(session, event, card, recipients=recipients, filing=filing, step=decision.step)
