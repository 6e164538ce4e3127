"""Which message is next, and whose: claimed by one worker, in order of need, within the platform's limits."""

import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache

from sqlalchemy import BindParameter, ColumnElement, ScalarSelect, Select, bindparam, exists, func, or_, select, update
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningUpdate

from extensions import db
from messaging import limits
from messaging.outbox import is_reminder_that_is_over
from models import FORMAT, Message, MessageKind, MessageState, Urgency
from models.database import unit_of_work

#: How long a worker that died keeps a message to itself.
LEASE = timedelta(seconds=60)
#: A message that was tried so lately is not brought forward.
KEEPS_ITS_WAIT = timedelta(minutes=10)
#: Nor is one that was tried so often.
MOST_EARLY = 12


def any_due(now: datetime, least_urgent: Urgency | None) -> bool:
    """Whether there is something to claim; takes no lock. `least_urgent` as in `limits`."""
    found = db.session.scalar(_any_due(least_urgent), limits.spans(now))
    db.session.rollback()
    return bool(found)


def claim(now: datetime, least_urgent: Urgency | None) -> Message | None:
    """The next message, ours until the lease ends; detached, so that no transaction is open while it is sent.

    One whose member has had as much as the platform lets through is put off, and with it all else that would go to
    the member: then the next one is claimed. None when there is none.
    """
    lease = {"until": now + LEASE, "token": uuid.uuid4().hex}
    while True:
        with unit_of_work() as session:
            message = session.scalars(_claim(least_urgent), {**limits.spans(now), **lease}).one_or_none()
            if message is None:
                return None
            if _may_leave(session, message, now):
                return _detached(session, message)
            _put_off(session, message, now)


def bring_forward(now: datetime) -> None:
    """Let what waits since the platform was away leave now, when something has got through since then.

    What was tried a little while ago keeps its wait: it may be that message alone which the platform cannot take.
    """
    got_through = select(func.max(Message.sent_at)).scalar_subquery()
    waits = (
        Message.state == MessageState.PENDING,
        Message.run_at > now,
        Message.tried_at < now - KEEPS_ITS_WAIT,
        Message.tried_at < got_through,
        Message.error != "",
        # What leaves by day only would be put off again at once.
        Message.urgency != Urgency.CAMPAIGN,
        Message.reminds_of.is_(None),
        # What the platform never takes is not tried without end.
        Message.attempts < MOST_EARLY,
    )
    found = db.session.scalar(select(exists().where(*waits)))
    db.session.rollback()
    if found:
        with unit_of_work() as session:
            # Whoever claims one of them meanwhile has it.
            ids = select(Message.id).where(*waits).with_for_update(skip_locked=True)
            forward = update(Message).where(Message.id.in_(ids)).values(run_at=now)
            session.execute(forward.execution_options(synchronize_session=False))


def _claimable(least_urgent: Urgency | None) -> Iterator[tuple[ColumnElement[bool], ...]]:
    """What may be claimed, in order of need: what a worker that died left, then by urgency.

    Where no message may leave, cards are closed all the same: they are urgent, and the platform counts none of it.
    """
    now: BindParameter[datetime] = bindparam("now")
    always = (Message.format <= FORMAT, *((Message.kind == MessageKind.CLOSE,) if least_urgent is None else ()))
    yield Message.state == MessageState.SENDING, Message.lease_until < now, *always
    for urgency in Urgency:
        if urgency <= (least_urgent or Urgency.URGENT):
            room = (limits.CAMPAIGN_HAS_ROOM,) if urgency is Urgency.CAMPAIGN else ()
            due = (Message.state == MessageState.PENDING, Message.urgency == urgency, Message.run_at <= now)
            yield *due, *always, *room


# Kept, as those of `limits`.
@cache
def _any_due(least_urgent: Urgency | None) -> Select[bool]:
    return select(or_(*(exists().where(*which) for which in _claimable(least_urgent))))


@cache
def _claim(least_urgent: Urgency | None) -> ReturningUpdate[Message]:
    # Asked for apart, each is found by the index's first entry, however many wait.
    first = func.coalesce(*(_first(*which) for which in _claimable(least_urgent)))
    return (
        update(Message)
        .where(Message.id == first)
        .values(state=MessageState.SENDING, lease_until=bindparam("until"), lease_token=bindparam("token"))
        .returning(Message)
        .execution_options(synchronize_session=False, populate_existing=True)
    )


def _first(*where: ColumnElement[bool]) -> ScalarSelect[int]:
    query = select(Message.id).where(*where).order_by(Message.run_at, Message.id).limit(1)
    return query.with_for_update(skip_locked=True).scalar_subquery()


@cache
def _note_try(*, counts: bool) -> ReturningUpdate[int]:
    room = (limits.MEMBER_HAS_ROOM,) if counts else ()
    tried = update(Message).where(Message.id == bindparam("message_id"), *room).values(tried_at=bindparam("now"))
    return tried.returning(Message.id).execution_options(synchronize_session=False)


def _may_leave(session: Session, message: Message, now: datetime) -> bool:
    """Note that the message is put to the platform now, unless its member has had as much as the limits let through.

    The platform counts messages; what only changes a card that is there is none.
    """
    counts = message.kind is not MessageKind.CLOSE
    if counts:
        limits.take_turn_of(session, message)
    if message.urgency == Urgency.CAMPAIGN and message.tried_at is None and not message.attempts:
        _gather(session, message)
    given = {"message_id": message.id, **limits.spans(now), **limits.of_message(message)}
    return session.scalar(_note_try(counts=counts), given) is not None


def _gather(session: Session, message: Message) -> None:
    """Let the message carry whatever else of its kind waits for the same person: they get one digest.

    A reminder that is over carries nothing and is not carried: it will not leave.
    """
    over = is_reminder_that_is_over()
    if message.reminds_of and session.scalar(select(exists().where(Message.id == message.id, over))):
        return
    others = (
        select(Message.id)
        .where(
            Message.recipient_id == message.recipient_id,
            Message.recipient_user_id == message.recipient_user_id,
            Message.state == MessageState.PENDING,
            Message.urgency == Urgency.CAMPAIGN,
            # What was tried may have arrived, and goes out again as it was.
            Message.tried_at.is_(None),
            Message.attempts == 0,
            Message.format <= FORMAT,
            ~over,
        )
        .with_for_update(skip_locked=True)
    )
    carried = (
        update(Message)
        .where(Message.id.in_(others))
        .values(state=MessageState.CANCELLED, carried_by_id=message.id)
        .returning(Message.id, Message.reminds_of)
        .execution_options(synchronize_session=False)
    )
    gathered = session.execute(carried).all()
    for _, steps in gathered:
        # Over is the digest only when all of it is.
        message.reminds_of = [*message.reminds_of, *steps] if message.reminds_of and steps else []
    # One of them may have carried others itself, before it was put off.
    ids = [message_id for message_id, _ in gathered]
    theirs = update(Message).where(Message.carried_by_id.in_(ids)).values(carried_by_id=message.id)
    session.execute(theirs.execution_options(synchronize_session=False))


def _put_off(session: Session, message: Message, now: datetime) -> None:
    """Let all that would go to the message's member wait until the limits have room for some of it."""
    leaves = limits.room_from(session, message, now)
    message.state, message.lease_until, message.lease_token = MessageState.PENDING, None, None
    waiting = (
        Message.recipient_user_id == message.recipient_user_id,
        Message.platform == message.platform,
        Message.state == MessageState.PENDING,
        Message.kind != MessageKind.CLOSE,
        Message.run_at < leaves,
    )
    session.flush()
    # One that somebody else is just claiming is theirs to put off: they wait for the member's turn, which is ours.
    ids = select(Message.id).where(*waiting).with_for_update(skip_locked=True)
    later = update(Message).where(Message.id.in_(ids)).values(run_at=leaves)
    session.execute(later.execution_options(synchronize_session=False))


def _detached(session: Session, message: Message) -> Message:
    card = message.closes
    session.flush()
    session.expunge(message)
    if card is not None:
        session.expunge(card)
    return message
