"""Messages that failed: sent again while they are to the point, put away when they are not."""

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session, aliased

from extensions import db
from messaging import outbox
from models import Message, MessageKind, MessageState, Person, utc_now
from models.audit import record
from models.database import unit_of_work
from operations.actors import Actor
from operations.errors import NotFound
from operations.questions import IS_OVER
from operations.turns import holders_for, locked_filing

#: How many are sent again at one press; a further press sends more.
MOST_AT_ONCE = 200


def to_the_point() -> tuple[ColumnElement[bool], ...]:
    """Of the messages: those that failed, whose recipient is here, and about which there is still something to do.

    A failed closing only leaves an old card as it was, and is not listed.
    """
    closing, recipient = aliased(Message), aliased(Person)
    return (
        Message.state == MessageState.FAILED,
        Message.kind != MessageKind.CLOSE,
        exists().where(recipient.id == Message.recipient_id, recipient.left_at.is_(None)),
        ~exists().where(closing.closes_id == Message.id),
        ~IS_OVER,
    )


def resend(actor: Actor, message_id: int) -> bool:
    """Send the failed message again with all its tries before it; False when it is not to the point any more.

    That one is put away, if it is not yet. A message that has not failed stays as it is. Raises NotFound.
    """
    with unit_of_work() as session:
        message = session.get(Message, message_id)
        if message is None:
            raise NotFound
        asked = _still_asked(session, message)
        session.refresh(message, with_for_update=True)
        if message.state is not MessageState.FAILED:
            return message.state is not MessageState.CANCELLED
        fits = asked and session.scalar(select(Message.id).where(Message.id == message_id, *to_the_point())) is not None
        if fits:
            _begin_anew(message)
        else:
            _put_away(message)
        record(session, "message.resend" if fits else "message.drop", message, by=(actor.id, actor.name))
        return fits


def resend_all(actor: Actor) -> int:
    """Send again what failed and is to the point, each in a transaction of its own; how many were."""
    query = select(Message.id).where(*to_the_point()).order_by(Message.id).limit(MOST_AT_ONCE)
    return sum(resend(actor, message_id) for message_id in db.session.scalars(query).all())


def _still_asked(session: Session, message: Message) -> bool:
    """Whether whom the message asks for a decision may still take it; locks its filing, so that it stays so."""
    if message.filing_id is None or message.kind is not MessageKind.REQUEST:
        return True
    filing = locked_filing(session, message.filing_id)
    step = filing.pending_step
    if step is None or step.id != message.step_id:
        return message.step_id is None
    return message.recipient_id in {taker.person_id for taker in holders_for(session, filing).able(step)}


def _begin_anew(message: Message) -> None:
    """As if it had been written now: how long it is tried is counted from when it was written."""
    message.state, message.attempts, message.error, message.errcode = MessageState.PENDING, 0, "", None
    message.created_at = message.run_at = utc_now()


def _put_away(message: Message) -> None:
    """Its event is freed: whoever is to be asked again is."""
    message.state = MessageState.CANCELLED
    outbox.free(message)
