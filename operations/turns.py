"""Whose turn it is: loading a filing under its lock, giving a step its turn, asking whoever holds the post."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from messaging import cards, outbox
from models import Action, Channel, Decision, Department, EventKind, Filing, Group, Outcome, Step, StepState
from models.audit import By
from models.database import POSTS_TURN, take_turn
from operations import timeline
from operations.errors import NotFound
from operations.posts import UNDER_A_LEADER, Holders, PostKey, Taker, decided_beside, holders
from operations.rules import rules_for
from regulation import OwnFiling, PostKind

SELF_APPROVAL = "申请人即审核人"
APPROVED_BEFORE = "同一审核人在前一步已同意"
#: Who lets a step go back to its post that nobody took back, and what the timeline says of it.
SERVICE: By = (None, "系统")
LAPSED = "转办对象不能再办理，转回原岗位"


@dataclass(frozen=True)
class Passed:
    """Why an approval needs nobody's click, and the decision that stands for it, where somebody agreed before."""

    reason: str
    before: Decision | None = None


def locked_filing(session: Session, filing_id: int) -> Filing:
    """The filing with its group and steps, locked until the transaction ends; raises NotFound."""
    # Nobody is appointed between a look at who holds a post and the asking.
    take_turn(session, POSTS_TURN, shared=True)
    # Locked first, read afterwards: PostgreSQL reads joined rows as they were before it waited for the lock.
    session.execute(select(Filing.id).where(Filing.id == filing_id).with_for_update())
    query = (
        select(Filing)
        .where(Filing.id == filing_id, Filing.deleted_at.is_(None))
        .options(
            joinedload(Filing.group).options(
                joinedload(Group.department), joinedload(Group.supervisor), joinedload(Group.partners)
            ),
            joinedload(Filing.steps).options(joinedload(Step.decision), joinedload(Step.assigned_by)),
        )
        .execution_options(populate_existing=True)
    )
    filing = session.scalars(query).unique().one_or_none()
    if filing is None:
        raise NotFound
    return filing


def holders_for(session: Session, filing: Filing, *, besides: Collection[int] = ()) -> Holders:
    """Whoever may have to be told of this filing, and the people `besides`, in one query."""
    keys: set[PostKey] = {(step.post, step.department_id) for step in filing.current_steps}
    keys.add((PostKind.DEPARTMENT_HEAD, filing.group.department_id))
    assigned = (step.assignee_id for step in filing.current_steps if step.assignee_id)
    return holders(session, keys, besides={filing.applicant_id, *assigned, *besides})


def give_turn(session: Session, filing: Filing, held: Holders, now: datetime) -> None:
    """Give the next step its turn and ask whoever holds its post.

    An approval that only the applicant or whoever stands for them could give is recorded as such and passed on: a
    click on one's own request is worth nothing, and the next one sees the remark; or the leader is asked instead. So is
    one that only people could give who agreed before, in this or another post: nobody is asked the same twice.
    """
    steps = filing.current_steps
    step = next(step for step in steps if step.state in (StepState.WAITING, StepState.PENDING))
    if step.assignee_id is not None and not held.able(step):
        unassign(session, filing, step, by=SERVICE, text=LAPSED, now=now)
    leads = leader_instead(filing, step, held, applicant_id=filing.applicant_id, beside=steps)
    if leads is not None:
        hand_to_leader(step, session.get_one(Department, leads))
        step.wait_from(now)
        held = holders_for(session, filing)
    if (passed := _passing(filing, step, held)) is not None:
        passed.decided_at = now
        if step.state is StepState.PENDING:
            outbox.close_requests(session, step, cards.closing_text(passed))
        step.state, step.pending_since, step.decision = StepState.DONE, now, passed
        if next(s for s in filing.current_steps if s.state is StepState.WAITING).is_registration:
            filing.move(Action.APPROVE_LAST)
        give_turn(session, filing, held, now)
        return
    again = step.state is StepState.PENDING
    if not again:
        step.state = StepState.PENDING
        step.wait_from(now)
    ask(session, filing, step, held, now, again=again)


def why_passed(step: Step, held: Holders, *, applicant_id: int) -> Passed | None:
    """Why the approval passes without a click with this person as the applicant, if nobody's click would say more.

    One that was passed on to somebody (转办) waits for them, as long as they can take it.
    """
    ways = held.ways(step.post, step.department_id)
    passed_on = step.assignee_id is not None and held.able(step, applicant_id=applicant_id)
    if not ways or step.is_registration or passed_on:
        return None
    if all(applicant_id in way.people for way in ways):
        return Passed(SELF_APPROVAL)
    agreed = [decision for _, decision in decided_beside(step) if decision.outcome is Outcome.APPROVED]
    takers, done = {way.person_id for way in ways}, {d.decider[0] for d in agreed}
    before = next((d for d in agreed if {d.decider[0], d.on_behalf_of_id} & takers), None)
    # Whose say does not count acted in this very post already, or is the applicant.
    if before and done.issuperset(taker.person_id for taker in held.able(step, applicant_id=applicant_id)):
        return Passed(APPROVED_BEFORE, before)
    return None


def leader_instead(
    filing: Filing, step: Step, held: Holders, *, applicant_id: int, beside: Sequence[Step]
) -> int | None:
    """The department whose 主管院领导 is asked instead, where only this applicant could give the approval.

    By the rules of the filing, and unless that leader is asked anyhow: `beside` are the steps of its round.
    """
    passed = why_passed(step, held, applicant_id=applicant_id)
    is_own = passed is not None and passed.before is None and step.post in UNDER_A_LEADER
    if not is_own or rules_for(filing).own_filing is not OwnFiling.COLLEGE_LEADER:
        return None
    group = filing.group
    # A secretary's post may be that of a 党总支: the leader is the unit's whose group it is.
    unit_id = group.supervisor_id if step.department_id == group.supervisor_id else group.department_id
    leader = (PostKind.COLLEGE_LEADER, unit_id)
    return None if leader in [(other.post, other.department_id) for other in beside] else unit_id


def hand_to_leader(step: Step, unit: Department) -> None:
    """Make the step that of the unit's 主管院领导, and let it say why."""
    step.post, step.department_id, step.department_name = PostKind.COLLEGE_LEADER, unit.id, unit.name
    step.sentence = f"{SELF_APPROVAL}，由主管院领导审核"


def _passing(filing: Filing, step: Step, held: Holders) -> Decision | None:
    """The decision that passes the approval on without a click, if one does."""
    passed = why_passed(step, held, applicant_id=filing.applicant_id)
    if passed is None:
        return None
    if passed.before is None:
        return _by_rule(step, filing.applicant_id, filing.applicant_name, passed.reason)
    person_id, name = passed.before.decider
    assert person_id is not None  # noqa: S101 - they are a taker of this step
    return _by_rule(step, person_id, name, passed.reason)


def _by_rule(step: Step, person_id: int, person_name: str, reason: str) -> Decision:
    return Decision(
        outcome=Outcome.APPROVED,
        person_id=person_id,
        person_name=person_name,
        post_label=step.post_label,
        reason=reason,
        channel=Channel.RULE,
    )


def unassign(
    session: Session, filing: Filing, step: Step, *, by: By, text: str, now: datetime, taker: Taker | None = None
) -> None:
    """Let the step be its post's again; the caller gives it its turn anew, which asks whoever acts there.

    `taker` is how whoever does it acts in the post, if they do.
    """
    step.assignee_id, step.assigned_by = None, None
    step.wait_from(now)
    # The step of a round that is just being sent has no id before that.
    session.flush()
    note_reassigned(session, filing, step, by=by, taker=taker, text=text, now=now)


def note_reassigned(
    session: Session,
    filing: Filing,
    step: Step,
    *,
    by: By,
    taker: Taker | None,
    text: str,
    now: datetime,
    to: Sequence[str] = (),
) -> None:
    """Note that the step was passed on to those named in `to`, or given back; in which post, and for whom.

    Whoever only sees to it that somebody does (`taker` None) acts in no post and for nobody.
    """
    post, whom = (step.post_label, taker.on_behalf_of) if taker else ("", "")
    timeline.note(
        session,
        filing,
        EventKind.REASSIGNED,
        by=by,
        step=step,
        post_label=post,
        on_behalf_of=whom,
        to=to,
        text=text,
        at=now,
    )


def ask(
    session: Session,
    filing: Filing,
    step: Step,
    held: Holders,
    now: datetime,
    *,
    again: bool = False,
    handed_on: tuple[str, str] | None = None,
) -> None:
    """Ask those who are to take the step; where there is nobody, tell the fall-back.

    `again`: the step had its turn before, so only those are asked who have not been, and the card of whoever
    may not take it any more is closed; where nobody of those was asked before, it is with them from `now` on.
    `handed_on` is by whom the step was passed on just now, and what they wrote.
    """
    takers = held.to_ask(step)
    people = [taker.identity for taker in takers]
    asks = "ask" if people else "vacant"
    card = _request(filing, step, handed_on) if people else cards.vacancy(filing, step)
    event = f"{event_of(step)}:{asks}"
    people = people or held.fall_back()
    if again:
        if asks == "ask":
            outbox.free_event(session, f"{event_of(step)}:vacant", step)
        able = {taker.person_id: taker.identity for taker in held.able(step)}
        text = cards.passed_on_to(takers[0].identity.person.name) if step.assignee_id else cards.PASSED_ON
        outbox.close_requests_of_others(session, step, able, text)
        if step.is_registration:
            # Before their card had a button, registrars were asked by a notice.
            outbox.free_event(session, f"{event_of(step)}:ask", step, besides=able)
        everybody = list(able.values()) or people
        untold = outbox.not_yet_told(session, event, everybody)
        if len(untold) == len(everybody):
            step.asked_since = now
        people = [identity for identity in people if identity in untold]
    outbox.tell(session, event, card, recipients=people, filing=filing, step=step)


def event_of(step: Step) -> str:
    """What the events of a step's turn are called in the outbox."""
    return f"filing:{step.filing.id}:{step.round}.{step.position}"


def _request(filing: Filing, step: Step, handed_on: tuple[str, str] | None) -> cards.Card:
    card = cards.registration_request(filing) if step.is_registration else cards.decision_request(filing, step)
    return cards.handed_on(card, *handed_on) if handed_on else card
