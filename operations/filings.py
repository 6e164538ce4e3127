"""Sending a filing to its approvers, taking it back, and taking over somebody else's."""

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from messaging import cards, outbox
from models import Action, EventKind, Filing, FilingState, Membership, Step, StepState, utc_now
from models.audit import record
from models.database import unit_of_work
from operations import permissions, timeline
from operations.actors import Actor, as_held
from operations.checks import refuse_what_the_rules_refuse, taken_meanwhile
from operations.drafts import fingerprint
from operations.duties import ask_of_duties
from operations.errors import ChangedMeanwhile, NotAllowed
from operations.particulars import give_own_mobiles
from operations.posts import accounts_of
from operations.routing import resume, route_of
from operations.rules import note_kept
from operations.turns import give_turn, holders_for, locked_filing
from regulation import PostKind


def submit(actor: Actor, filing_id: int, *, seen: str | None = None) -> None:
    """Send the filing to the approver whom 第八条 names, or back to the one who returned it.

    `seen` is the fingerprint of what the person was shown. Raises NotFound, NotAllowed, WrongState,
    ChangedMeanwhile, or RefusedByRules with what stands against it. A filing that is already under way is left
    as it is: the same press may arrive twice.
    """
    try:
        # One flush at the end: the rows are built before the first of them is written.
        with unit_of_work() as session, session.no_autoflush:
            digest = _submit(session, actor, filing_id, seen)
    except IntegrityError as error:
        raise taken_meanwhile(error) from None
    note_kept(digest)


def _submit(session: Session, actor: Actor, filing_id: int, seen: str | None) -> str | None:
    """The digest of the rules that the filing was filed under."""
    filing = locked_filing(session, filing_id)
    if not permissions.is_applicant(actor, filing):
        raise NotAllowed
    if filing.state in (FilingState.IN_REVIEW, FilingState.APPROVED):
        return filing.regulation_digest
    if seen not in (None, fingerprint(filing)):
        raise ChangedMeanwhile
    refuse_what_the_rules_refuse(filing)
    give_own_mobiles(filing.group)
    resumed = resume(filing, route_of(session, filing))
    filing.move(Action.RESUBMIT_TO_REGISTRY if resumed[0].is_registration else Action.SUBMIT)
    now = utc_now()
    filing.submitted_at, filing.round = now, filing.round + 1
    _note_whether_own(actor, filing)
    filing.group.live = True
    for step in resumed:
        step.round = filing.round
    filing.steps.extend(resumed)
    timeline.note(session, filing, EventKind.SUBMITTED, by=(actor.id, actor.name), at=now)
    give_turn(session, filing, holders_for(session, filing), now)
    ask_of_duties(session, filing)
    session.flush()
    # Nobody sends without the annex's 承诺: what it was is in the text of these rules.
    details = {"round": filing.round, "promised": True, "rules": filing.regulation_digest}
    record(session, "filing.submit", filing, by=(actor.id, actor.name), details=details)
    return filing.regulation_digest


def withdraw(actor: Actor, filing_id: int, *, reason: str = "") -> None:
    """Take the filing back: it leaves every list, and the cards that asked for a decision say so.

    `reason` may be given and stays on the timeline. Raises NotFound, NotAllowed or WrongState.
    """
    with unit_of_work() as session:
        filing = locked_filing(session, filing_id)
        if not permissions.is_applicant(actor, filing):
            raise NotAllowed
        filing.move(Action.WITHDRAW)
        filing.group.live = False
        by, pending = (actor.id, actor.name), filing.pending_step
        asked = _tell_of_withdrawal(session, filing, pending) if pending else []
        for step in filing.current_steps:
            if step.state in (StepState.PENDING, StepState.WAITING):
                step.state = StepState.CANCELLED
        outbox.close_commitments(session, filing.group_id, cards.WITHDRAWN, recalls=True)
        timeline.note(session, filing, EventKind.WITHDRAWN, by=by, step=pending, to=asked, text=reason.strip())
        session.flush()
        record(session, "filing.withdraw", filing, by=by)


def take_over(actor: Actor, filing_id: int) -> None:
    """Make the head of the filing's department its applicant, where whoever filed it left or moved to another.

    The former name stays with the filing. What only the new applicant could approve is passed on as
    申请人即审核人. Raises NotFound or NotAllowed; a filing that is the actor's own already is left as it is.
    """
    with unit_of_work() as session:
        filing = locked_filing(session, filing_id)
        if permissions.is_applicant(actor, filing):
            return
        if not permissions.can_take_over(as_held(actor, holders_for(session, filing)), filing):
            raise NotAllowed
        former, former_name, now = filing.applicant_id, filing.applicant_name, utc_now()
        filing.taken_over_from = filing.taken_over_from or former_name
        filing.applicant_id, filing.applicant_name, filing.applicant_department_id = actor.id, actor.name, None
        _note_whether_own(actor, filing)
        post = PostKind.DEPARTMENT_HEAD.at(filing.department_name)
        by = (actor.id, actor.name)
        timeline.note(session, filing, EventKind.TAKEN_OVER, by=by, post_label=post, to=[former_name], at=now)
        session.flush()
        if filing.pending_step is not None:
            give_turn(session, filing, holders_for(session, filing), now)
        # Two heads may go on with it in turn: each time is told, and the state it is in lets nobody do it twice.
        event = f"filing:{filing.id}:taken_over:{now}"
        recipients = accounts_of(session, {former}).values()
        outbox.tell(session, event, cards.taken_over(filing), recipients=recipients, filing=filing)
        session.flush()
        record(session, "filing.take_over", filing, by=by, details={"from": former})


def _note_whether_own(actor: Actor, filing: Filing) -> None:
    """Keep the department with the filing, if the applicant belongs to it, or did when they sent it before.

    Asked in the very UPDATE that writes it: sending costs no further statement.
    """
    unit = filing.group.department_id
    kept = unit if filing.applicant_id == actor.id and filing.applicant_department_id == unit else None
    own = select(Membership.department_id).where(Membership.person_id == actor.id, Membership.department_id == unit)
    filing.applicant_department_id = func.coalesce(own.scalar_subquery(), kept)


def _tell_of_withdrawal(session: Session, filing: Filing, step: Step) -> list[str]:
    """Cards that asked will say so and are recalled; registrars, who may be at it already, are told besides.

    The names of those who had been asked.
    """
    held = holders_for(session, filing)
    outbox.close_requests(session, step, cards.withdrawal_text(utc_now()), recalls=True)
    if step.is_registration:
        event = f"filing:{filing.id}:{step.round}.{step.position}:withdrawn"
        people = [taker.identity for taker in held.able(step)]
        outbox.tell(session, event, cards.withdrawn(filing), recipients=people, filing=filing, step=step)
    return [taker.who for taker in held.to_ask(step)]
