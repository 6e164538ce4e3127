"""转办: one step of one filing is passed on to somebody named, who decides it instead of the post's holders.

Whoever may take the step passes it on; where nobody acts in its post, whoever is told of that (the fall-back) may, too.
From then on only the assignee may take it, and their decision says for whom. They may pass it on once more, and no
further, or give it back. Whoever acts in the post may take it back while it is undecided, whoever gave it: the say is
the post's. What goes back is asked of the post anew. So it stands when the post changes hands, and lapses when the
assignee leaves or may not decide any more. A delegation does not carry it: it is about one person.
"""

from collections.abc import Collection, Iterator
from itertools import takewhile

from sqlalchemy import select
from sqlalchemy.orm import Session

from messaging import cards, outbox
from models import EventKind, Filing, FilingEvent, Person, PlatformIdentity, Step, StepState, utc_now
from models.audit import record
from models.database import unit_of_work
from operations import permissions
from operations.actors import Actor, as_held
from operations.decisions import not_the_holder, step_meant
from operations.errors import RefusedField
from operations.posts import Holders, Taker, barred_from
from operations.students import why_no_approver
from operations.turns import ask, event_of, give_turn, holders_for, locked_filing, note_reassigned, unassign

#: From the post to somebody, and from there to one more.
MOST_HAND_ONS = 2


def can_reassign(actor: Actor, filing: Filing, held: Holders) -> bool:
    """Whether the person may pass on the step whose turn it is: theirs to take, or nobody's and theirs to see to."""
    step = filing.pending_step
    return step is not None and (permissions.can_take(actor, filing, step) or _sees_to_vacancy(actor, step, held))


def can_take_back(actor: Actor, filing: Filing, held: Holders) -> bool:
    """Whether the person may let the step be its post's again: whoever has it, and whoever acts in the post."""
    step = filing.pending_step
    if step is None or step.assignee_id is None:
        return False
    return step.assignee_id == actor.id or _in_post(actor, step, held) or _sees_to_vacancy(actor, step, held)


def _in_post(actor: Actor, step: Step, held: Holders) -> bool:
    return any(taker.person_id == actor.id for taker in held.in_post(step))


def _sees_to_vacancy(actor: Actor, step: Step, held: Holders) -> bool:
    """Whether nobody could take the step by its post, and this person is told of such."""
    vacant = not held.in_post(step)
    free = actor.id not in barred_from(step)
    return vacant and free and any(account.person_id == actor.id for account in held.fall_back())


def reassign(actor: Actor, filing_id: int, to_person_id: int, *, text: str, step_id: int | None = None) -> None:
    """Pass the step whose turn it is on to somebody; the former holders' cards are closed, the new one is asked.

    `text` is what the person is told of it, `step_id` the step that the page showed. Raises AlreadyDecided,
    NoLongerPending, NotTheHolder, PassedOn, or RefusedField naming `person` or `text`. Passed on to the same person
    already, it is left as it is: the same press may arrive twice.
    """
    with unit_of_work() as session:
        filing = locked_filing(session, filing_id)
        step = step_meant(filing, step_id)
        held = holders_for(session, filing, besides=[to_person_id])
        actor = as_held(actor, held)
        if step.assignee_id == to_person_id and _in_post(actor, step, held):
            return
        if not can_reassign(actor, filing, held):
            raise not_the_holder(step)
        if not text.strip():
            raise RefusedField("text", "请写明转办的原因或要求，对方会看到。")
        _refuse_person(session, actor, filing, step, held, to_person_id)
        _refuse_chain(session, step)
        _pass_on(session, actor, filing, step, held, to_person_id, text.strip())


def take_back(actor: Actor, filing_id: int, *, step_id: int | None = None) -> None:
    """Let the step be its post's again, by whoever acts there or whoever has it; the post is asked anew.

    Raises AlreadyDecided, NoLongerPending, NotTheHolder or PassedOn. A step that is its post's is left as it is.
    """
    with unit_of_work() as session:
        filing = locked_filing(session, filing_id)
        step = step_meant(filing, step_id)
        held = holders_for(session, filing)
        actor = as_held(actor, held)
        if step.assignee_id is None and (_in_post(actor, step, held) or _sees_to_vacancy(actor, step, held)):
            return
        if not can_take_back(actor, filing, held):
            raise not_the_holder(step)
        by, now, former = (actor.id, actor.name), utc_now(), step.assignee_id
        text = "退还原岗位" if former == actor.id else "收回转办"
        taker = next((t for t in (*held.able(step), *held.in_post(step)) if t.person_id == actor.id), None)
        unassign(session, filing, step, by=by, text=text, now=now, taker=taker)
        give_turn(session, filing, held, now)
        session.flush()
        record(session, "filing.take_back", filing, by=by, details={"step": step.id, "from": former})


def return_what_was_passed_on(session: Session, gone: Collection[int]) -> None:
    """Let what these people were passed on go back to the posts: they have left. The turn of the posts is taken."""
    theirs = (Step.state == StepState.PENDING, Step.assignee_id.in_(gone))
    # In one order everywhere: two who lock the same filings must not wait for each other.
    for filing_id in session.scalars(select(Step.filing_id).where(*theirs).order_by(Step.filing_id)).all():
        filing = locked_filing(session, filing_id)
        give_turn(session, filing, holders_for(session, filing), utc_now())
        session.flush()


def _pass_on(
    session: Session, actor: Actor, filing: Filing, step: Step, held: Holders, to_person_id: int, text: str
) -> None:
    giver = next((taker for taker in held.able(step) if taker.person_id == actor.id), None)
    former, person, now = held.to_ask(step), held.accounts[to_person_id].person, utc_now()
    step.assigned_by = session.get_one(Person, _whose_say(giver)) if giver and _whose_say(giver) else None
    step.assignee = person
    step.wait_from(now)
    session.flush()
    by = (actor.id, actor.name)
    note_reassigned(session, filing, step, by=by, taker=giver, text=text, now=now, to=[person.name])
    _tell_former_registrars(session, actor, filing, step, former)
    # Whoever had been asked before, in the post, is asked once more: now it is theirs alone.
    outbox.close_requests_of_others(session, step, [], cards.passed_on_to(person.name))
    outbox.free_event(session, f"{event_of(step)}:ask", step)
    ask(session, filing, step, held, now, again=True, handed_on=(giver.who if giver else actor.name, text))
    session.flush()
    details = {"step": step.id, "to": to_person_id, "on_behalf_of": step.assigned_by_id}
    record(session, "filing.reassign", filing, by=by, details=details)


def _whose_say(giver: Taker) -> int | None:
    """The holder whose step it is; of one that was vacant when it was first passed on, nobody."""
    return giver.holder_id if giver.on_behalf_of else giver.person_id


def _tell_former_registrars(
    session: Session, actor: Actor, filing: Filing, step: Step, former: Collection[Taker]
) -> None:
    """Registrars share their task, and are told who has it alone now."""
    if not step.is_registration or step.assignee is None:
        return
    others: Iterator[PlatformIdentity] = (t.identity for t in former if t.person_id not in (actor.id, step.assignee_id))
    card = cards.passed_on(filing, step.assignee.name)
    event = f"{event_of(step)}:passed_on:{step.pending_since}"
    outbox.tell(session, event, card, recipients=others, filing=filing, step=step)


def _refuse_person(
    session: Session, actor: Actor, filing: Filing, step: Step, held: Holders, to_person_id: int
) -> None:
    if to_person_id == actor.id:
        raise RefusedField("person", "不能转办给自己，请另选一位同事。")
    account = held.accounts.get(to_person_id)
    if account is None:
        raise RefusedField("person", "对方已离职或没有账号，收不到消息，请另选一位同事。")
    if sentence := _why_not(filing, step, held, session.get_one(Person, to_person_id)):
        raise RefusedField("person", sentence)


def _why_not(filing: Filing, step: Step, held: Holders, person: Person) -> str:
    """Why this person cannot be given the step; empty where they can."""
    name, in_post = person.name, any(taker.person_id == person.id for taker in held.of_step(step))
    reasons = (
        (person.id == filing.applicant_id, f"{name}是申请人，不能办理自己的备案，请另选一位同事。"),
        (person.id in barred_from(step), f"{name}已在这个岗位审核过这份备案，请另选一位同事。"),
        (person.id == step.assigned_by_id, f"这份备案正是{name}转来的，请按“退还”。"),
        (step.is_registration and not in_post, f"备案登记只能转给另一位备案登记人（第八条），{name}不是。"),
        (in_post and _is_asked_again(filing, step), f"{step.post_label}须各自审核，{name}另有一步要审核，请另选。"),
    )
    return next((sentence for applies, sentence in reasons if applies), "") or why_no_approver(person)


def _is_asked_again(filing: Filing, step: Step) -> bool:
    """Whether the post has another step ahead: a unit that wants all of its heads (党政负责人均须审核)."""
    post = (step.post, step.department_id)
    ahead = (other for other in filing.current_steps if other is not step and other.decision is None)
    return any((other.post, other.department_id) == post for other in ahead)


def _refuse_chain(session: Session, step: Step) -> None:
    passed = (FilingEvent.step_id == step.id, FilingEvent.kind == EventKind.REASSIGNED)
    query = select(FilingEvent.to_names).where(FilingEvent.filing_id == step.filing_id, *passed)
    # What went back to the post names nobody: from there on it is counted anew.
    chain = list(takewhile(bool, session.scalars(query.order_by(FilingEvent.id.desc()))))
    if len(chain) >= MOST_HAND_ONS:
        raise RefusedField("person", f"这份备案已转办{MOST_HAND_ONS}次，不能再转，请您办理，或按“退还”。")
