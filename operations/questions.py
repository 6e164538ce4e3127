"""What a message asks of its person, and whether that is over: the same for an inbox and for a count, in SQL.

The page is the truth: what was asked is over when the step, the opinion, the handover or the commitment says so,
whatever became of the message and of its card. So no inbox shows a task that is over as one, and deciding, on the page
or by a card, settles the message without a write of its own.
"""

from collections.abc import Iterator

from sqlalchemy import ColumnElement, and_, exists, or_, select

from messaging import outbox
from models import Commitment, Handover, Message, MessageKind, MessageState, Opinion, Step, StepState
from operations.opinions import is_still_open

#: What the events are called by which a notice, that has no button, asks for something all the same.
VACANT, NUDGED = "vacant", "nudged"
OPINION_ASKED = "opinion:%:asked:%"
HANDOVER_OPENED = "handover:%:open:%"


def _of_turn(*words: str) -> ColumnElement[bool]:
    """Whether it tells of a step's turn, by one of the events of these names (`turns.event_of`)."""
    named = (Message.event_key.like(f"%:{word}:%") for word in words)
    return and_(Message.step_id.is_not(None), or_(*named))


def _waits_for_opinion() -> ColumnElement[bool]:
    """Whether any opinion on the filing is still asked of the person: one that was asked anew is the same question."""
    theirs = (Step.filing_id == Message.filing_id, Opinion.adviser_id == Message.recipient_id)
    asked = select(Opinion.id).join(Opinion.step).where(*theirs, is_still_open())
    return asked.correlate(Message).exists()


def _asks() -> ColumnElement[bool]:
    return or_(
        Message.kind == MessageKind.REQUEST,
        _of_turn(VACANT),
        Message.event_key.like(OPINION_ASKED),
        Message.event_key.like(HANDOVER_OPENED),
    )


def _ways_to_be_over() -> Iterator[ColumnElement[bool]]:
    yield and_(Message.state == MessageState.CANCELLED, Message.carried_by_id.is_(None))
    yield outbox.is_freed()
    about_step = or_(Message.kind == MessageKind.REQUEST, _of_turn(VACANT, NUDGED))
    waits = exists().where(Step.id == Message.step_id, Step.state == StepState.PENDING).correlate(Message)
    yield and_(Message.step_id.is_not(None), about_step, ~waits)
    yield and_(Message.event_key.like(OPINION_ASKED), ~_waits_for_opinion())
    yield outbox.is_reminder_that_is_over()
    about_handover = or_(Message.kind == MessageKind.REQUEST, Message.event_key.like(HANDOVER_OPENED))
    closed = exists().where(Handover.id == Message.handover_id, Handover.closed_at.is_not(None)).correlate(Message)
    yield and_(about_handover, closed)
    confirmed = (Commitment.id == Message.commitment_id, Commitment.confirmed_at.is_not(None))
    yield exists().where(*confirmed).correlate(Message)


# Kept, since every page asks: to build them takes longer than to ask.
#: Whether the message is a request: a card that asks, or the notice that first told of a task. What only comes back to
#: it, such as a reminder, is none: a task is listed once.
ASKS = _asks()
#: Whether there is nothing to do about it any more. News is never over: it is only read or not.
IS_OVER = or_(*_ways_to_be_over())
