"""One message on its way: claimed by one worker, put to the platform, and what came of it written down."""

import logging
import traceback
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from flask import current_app
from sqlalchemy import ColumnElement, ScalarSelect, exists, func, or_, select, update
from sqlalchemy.orm import Session

from extensions import db
from messaging.cards import Card
from messaging.platforms.errors import PlatformError, PlatformRefused, PlatformUnreachable
from messaging.platforms.wecom import Sent, wecom_client
from messaging.platforms.wecom_cards import render, render_closing
from messaging.platforms.wecom_codes import ALREADY_KNOWN, CARD_SPENT, NO_RECIPIENT, NO_TOKEN, may_pass
from models import Message, MessageKind, MessageState, Step, StepState, utc_now
from models.database import unit_of_work

log = logging.getLogger(__name__)

#: How long a worker that died keeps a message to itself.
LEASE = timedelta(seconds=60)
#: After each failed try the next one waits longer; the last wait is repeated.
WAITS = (
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=10),
    timedelta(hours=1),
    timedelta(days=1),
)
GIVE_UP_AFTER = timedelta(days=3)
#: A closing waits for its card to be sent.
CARD_FIRST = timedelta(seconds=3)
#: A right to change a card lasts this long [94888].
CODE_LASTS = timedelta(hours=72)


#: Told the moment, says when a reminder that is due may leave.
AwakeFrom = Callable[[datetime], datetime]


@dataclass(frozen=True)
class Fate:
    """What becomes of a message's row, and of the row of the card that it closes."""

    state: MessageState
    changes: dict[str, Any] = field(default_factory=dict)
    counts: bool = True
    spends_code_of_card: bool = False


def deliver_due(now: datetime | None = None) -> int:
    """Deliver all that is due at `now`, in this thread; how many were tried. Those put off stay for later."""
    now = now or utc_now()
    tried = 0
    while deliver_next(now):
        tried += 1
    return tried


def deliver_next(now: datetime, awake_from: AwakeFrom | None = None) -> bool:
    """Deliver the message that has been due longest; False if none is. Takes no lock when none is.

    A reminder is put off to `awake_from`: it was written by day, but what did not leave then may come due at night.
    """
    message = _claimed(now) if _any_due(now) else None
    if message is None:
        return False
    _record(message, _held_back(message, now, awake_from) or _outcome(message, now))
    return True


def _any_due(now: datetime) -> bool:
    found = db.session.scalar(select(or_(exists().where(*_waiting(now)), exists().where(*_abandoned(now)))))
    db.session.rollback()
    return bool(found)


def _waiting(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return Message.state == MessageState.PENDING, Message.run_at <= now


def _abandoned(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return Message.state == MessageState.SENDING, Message.lease_until < now


def _claimed(now: datetime) -> Message | None:
    """The next message, ours until the lease ends; detached, so that no transaction is open while it is sent."""
    # Asked for apart, each is found by the index's first entry, however many wait.
    claim = (
        update(Message)
        .where(Message.id == func.coalesce(_first(*_abandoned(now)), _first(*_waiting(now))))
        .values(state=MessageState.SENDING, lease_until=now + LEASE, lease_token=uuid.uuid4().hex)
        .returning(Message.id)
        .execution_options(synchronize_session=False)
    )
    with unit_of_work() as session:
        message_id = session.scalar(claim)
        return None if message_id is None else _detached(session, message_id)


def _first(*where: ColumnElement[bool]) -> ScalarSelect[int]:
    query = select(Message.id).where(*where).order_by(Message.run_at, Message.id).limit(1)
    return query.with_for_update(skip_locked=True).scalar_subquery()


def _detached(session: Session, message_id: int) -> Message:
    message = session.get_one(Message, message_id)
    card = message.closes
    session.expunge(message)
    if card is not None:
        session.expunge(card)
    return message


def _outcome(message: Message, now: datetime) -> Fate:
    try:
        if message.kind is MessageKind.CLOSE:
            return _closed(message, now)
        if message.kind is MessageKind.REQUEST and _is_closed(message):
            return Fate(MessageState.CANCELLED)
        return _sent(message, now)
    except PlatformError as error:
        return _failed_or_later(message, error, now)
    except Exception as error:
        # Whatever it is, this message must not be tried without end nor take its worker with it. The error's own
        # text is not logged: it may quote the message.
        trace = "".join(traceback.format_tb(error.__traceback__))
        log.error("message %s: unexpected %s\n%s", message.id, type(error).__name__, trace)
        return _failed_or_later(message, PlatformUnreachable(type(error).__name__), now)


def _held_back(message: Message, now: datetime, awake_from: AwakeFrom | None) -> Fate | None:
    """What becomes of a reminder that is of nothing any more, or not for this hour; None: it may leave."""
    if message.reminds_of is None:
        return None
    if message.reminds_of and not _any_pending(message.reminds_of):
        return Fate(MessageState.CANCELLED)
    leaves = awake_from(now) if awake_from else now
    return Fate(MessageState.PENDING, {"run_at": leaves}, counts=False) if leaves > now else None


def _any_pending(steps: Sequence[int]) -> bool:
    found = db.session.scalar(select(exists().where(Step.id.in_(steps), Step.state == StepState.PENDING)))
    db.session.rollback()
    return bool(found)


def _is_closed(message: Message) -> bool:
    """Whether what the card asks for was decided while the message was on its way: then nobody need be asked."""
    closed = db.session.scalar(select(exists().where(Message.closes_id == message.id)))
    db.session.rollback()
    return bool(closed)


def _sent(message: Message, now: datetime) -> Fate:
    payload = render(Card.restored(message.card), message, current_app.config["SETTINGS"])
    try:
        sent = wecom_client().send(payload)
    except PlatformRefused as refusal:
        if refusal.errcode not in ALREADY_KNOWN:
            raise
        sent = Sent("", "", frozenset())
    _check_reached(message, sent)
    return Fate(
        MessageState.SENT,
        {"sent_at": now, "platform_message_id": sent.msgid, "response_code": sent.response_code, "error": ""},
    )


def _closed(message: Message, now: datetime) -> Fate:
    """Use the right that came with the tap, or else the one that came when the card was sent."""
    card = message.closes
    own = message.response_code if _is_valid(message.created_at, now) else ""
    if own and _changed(message, own):
        return _done(now)
    if card is not None and card.state in (MessageState.PENDING, MessageState.SENDING):
        return Fate(MessageState.PENDING, {"run_at": max(now, card.run_at) + CARD_FIRST}, counts=False)
    if card is not None and card.response_code and _is_valid(card.sent_at, now):
        _changed(message, card.response_code)
        return _done(now, spends_code_of_card=True)
    # A right of its own that proved spent means that the card was changed; without any, nothing can be done.
    return _done(now) if own else Fate(MessageState.CANCELLED)


def _is_valid(given_at: datetime | None, now: datetime) -> bool:
    return given_at is not None and now - given_at < CODE_LASTS


def _changed(message: Message, response_code: str) -> bool:
    """False if the right was spent before. Raises PlatformError."""
    payload = render_closing(message, current_app.config["SETTINGS"], response_code=response_code)
    try:
        _check_reached(message, wecom_client().update_card(payload))
    except PlatformRefused as refusal:
        if refusal.errcode not in CARD_SPENT:
            raise
        return False
    return True


def _check_reached(message: Message, sent: Sent) -> None:
    """An answer of success may name recipients that got nothing [90236]; ours is the only one."""
    if message.recipient_user_id.lower() in sent.refused:
        raise PlatformRefused(NO_RECIPIENT, "the recipient is unknown or out of the app's range")


def _done(now: datetime, *, spends_code_of_card: bool = False) -> Fate:
    return Fate(MessageState.SENT, {"sent_at": now, "error": ""}, spends_code_of_card=spends_code_of_card)


def _failed_or_later(message: Message, error: PlatformError, now: datetime) -> Fate:
    passing = not isinstance(error, PlatformRefused) or may_pass(error.errcode)
    if not passing or now - message.created_at >= GIVE_UP_AFTER:
        log.warning("message %s failed: %s", message.id, _logged(error))
        return Fate(MessageState.FAILED, {"error": str(error)})
    counts = not (isinstance(error, PlatformRefused) and error.errcode in NO_TOKEN)
    wait = WAITS[min(message.attempts, len(WAITS) - 1)] if counts else WAITS[0]
    log.info("message %s is tried again in %s: %s", message.id, wait, _logged(error))
    return Fate(MessageState.PENDING, {"error": str(error), "run_at": now + wait}, counts=counts)


def _logged(error: PlatformError) -> str:
    """The platform's own text may quote what was sent; its number does not."""
    return str(error.errcode) if isinstance(error, PlatformRefused) else str(error)


def _record(message: Message, outcome: Fate) -> None:
    """Write the outcome down, unless the lease ended meanwhile and the message is somebody else's now."""
    ours = (Message.id == message.id, Message.lease_token == message.lease_token)
    values = {"state": outcome.state, "lease_until": None, "lease_token": None, **outcome.changes}
    if outcome.counts:
        values["attempts"] = message.attempts + 1
    with unit_of_work() as session:
        session.execute(_update(*ours).values(values))
        if outcome.spends_code_of_card:
            session.execute(_update(Message.id == message.closes_id).values(response_code=""))


def _update(*where: ColumnElement[bool]) -> Any:
    return update(Message).where(*where).execution_options(synchronize_session=False)
