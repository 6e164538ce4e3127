"""One message on its way: claimed by one worker, put to the platform, and what came of it written down."""

import logging
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from flask import current_app
from sqlalchemy import BindParameter, ColumnElement, bindparam, exists, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from extensions import db
from messaging import limits, tallies
from messaging.cards import Card, digest
from messaging.claiming import LEASE, any_due, claim
from messaging.outbox import is_reminder_that_is_over
from messaging.platforms.errors import PlatformError, PlatformRefused, PlatformUnreachable
from messaging.platforms.wecom import Sent, wecom_client
from messaging.platforms.wecom_cards import render, render_closing
from messaging.platforms.wecom_codes import ALREADY_KNOWN, CARD_SPENT, NO_RECIPIENT, NO_TOKEN, may_pass
from messaging.platforms.wecom_transport import NOT_TRUSTED
from models import UNDER_WAY, Message, MessageKind, MessageState, Urgency, utc_now
from models.database import unit_of_work

log = logging.getLogger(__name__)

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
#: A right to change a card lasts this long [94888], the right to take it back so long [94867].
CODE_LASTS = timedelta(hours=72)
RECALLED_WITHIN = timedelta(hours=24)
#: Seconds between two tries to write an outcome down.
LOOK_AGAIN = 0.5


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


def deliver_next(now: datetime, awake_from: AwakeFrom | None = None, *, look: bool = True) -> bool:
    """Deliver the message that is needed first of those due; False if none may leave. Takes no lock when none is due.

    Without `look` it claims straight away, for whoever just found one: there are mostly more. While the platform
    keeps us out nothing is claimed, with or without.
    A reminder is put off to `awake_from`: it was written by day, but what did not leave then may come due at night.
    """
    least_urgent = limits.least_urgent(now)
    if (look and not any_due(now, least_urgent)) or wecom_client().trouble():
        return False
    message = claim(now, least_urgent)
    if message is None:
        return False
    outcome = _outcome(message, now, awake_from)
    if outcome.state is MessageState.SENT:
        _note_stop("")
    _record(message, outcome, now)
    return True


def _outcome(message: Message, now: datetime, awake_from: AwakeFrom | None = None) -> Fate:
    try:
        held_back = _held_back(message, now, awake_from)
        if held_back is not None:
            return held_back
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
    if message.reminds_of and _is(message, is_reminder_that_is_over()):
        return Fate(MessageState.CANCELLED)
    if message.urgency != Urgency.CAMPAIGN and message.reminds_of is None:
        return None
    leaves = limits.next_clear(awake_from(now) if awake_from else now)
    return _untried(message, leaves) if leaves > now else None


def _untried(message: Message, run_at: datetime, **changes: Any) -> Fate:
    """It was not put to the platform this time: no try of it, and nothing that the limits count."""
    return Fate(MessageState.PENDING, {"run_at": run_at, "tried_at": message.tried_at, **changes}, counts=False)


def _is(message: Message, so: ColumnElement[bool]) -> bool:
    found = db.session.scalar(select(exists().where(Message.id == message.id, so)))
    db.session.rollback()
    return bool(found)


def _is_closed(message: Message) -> bool:
    """Whether what the card asks for was decided while the message was on its way: then nobody need be asked."""
    closed = db.session.scalar(select(exists().where(Message.closes_id == message.id)))
    db.session.rollback()
    return bool(closed)


def _card(message: Message) -> Card:
    """What the message says: its own card, or the digest of all that it carries, which never changes once tried."""
    own = Card.restored(message.card)
    if message.urgency != Urgency.CAMPAIGN:
        return own
    carried = db.session.scalars(select(Message.card).where(Message.carried_by_id == message.id).order_by(Message.id))
    cards = [own, *map(Card.restored, carried)]
    db.session.rollback()
    return digest(cards) if len(cards) > 1 else own


def _sent(message: Message, now: datetime) -> Fate:
    payload = render(_card(message), message, current_app.config["SETTINGS"])
    try:
        sent = wecom_client().send(payload)
    except PlatformRefused as refusal:
        # The platform may mean an id that it does not like, too. One that it never had it cannot know.
        if refusal.errcode not in ALREADY_KNOWN or message.tried_at is None:
            raise
        # What is known of the message it said to whoever sent it, who may be about to write it down.
        return _done(now)
    _check_reached(message, sent)
    return _done(now, {"platform_message_id": sent.msgid, "response_code": sent.response_code})


def _closed(message: Message, now: datetime) -> Fate:
    """Make the card harmless, and take it off the phone where that is wanted and possible."""
    card = message.closes
    fate = _disarmed(message, card, now)
    if card is None or not message.card.get("recalls") or fate.state is MessageState.PENDING:
        return fate
    taken_back = _recalled(card, now)
    return _done(now, spends_code_of_card=fate.spends_code_of_card) if taken_back else fate


def _disarmed(message: Message, card: Message | None, now: datetime) -> Fate:
    """Use the right that came with the tap, or else the one that came when the card was sent."""
    own = message.response_code if _is_valid(message.created_at, now) else ""
    if own and _changed(message, own):
        return _done(now)
    if card is not None and card.state in UNDER_WAY:
        return Fate(MessageState.PENDING, {"run_at": max(now, card.run_at) + CARD_FIRST}, counts=False)
    if card is not None and card.response_code and _is_valid(card.sent_at, now):
        _changed(message, card.response_code)
        return _done(now, spends_code_of_card=True)
    # A right of its own that proved spent means that the card was changed; without any, nothing can be done.
    return _done(now) if own else Fate(MessageState.CANCELLED)


def _recalled(card: Message, now: datetime) -> bool:
    """Whether the card was taken off the phone, which the platform does within a day. Raises PlatformUnreachable."""
    if not card.platform_message_id or card.sent_at is None or now - card.sent_at >= RECALLED_WITHIN:
        return False
    try:
        wecom_client().recall(card.platform_message_id)
    except PlatformRefused as refusal:
        if may_pass(refusal.errcode):
            raise
        return False
    return True


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


def _done(now: datetime, changes: dict[str, Any] | None = None, *, spends_code_of_card: bool = False) -> Fate:
    values = {"sent_at": now, "error": "", "errcode": None, **(changes or {})}
    return Fate(MessageState.SENT, values, spends_code_of_card=spends_code_of_card)


def _failed_or_later(message: Message, error: PlatformError, now: datetime) -> Fate:
    refused = error.errcode if isinstance(error, PlatformRefused) else None
    said = {"error": str(error), "errcode": refused}
    if refused in NO_TOKEN:
        # Nothing of this app's is let in. The others are not even claimed while that is remembered.
        _note_stop(str(refused))
        return _untried(message, message.run_at, **said)
    # What waited for days before it was first tried has its tries like any other.
    late = now - message.created_at >= GIVE_UP_AFTER and message.attempts >= len(WAITS)
    if late or (refused is not None and _fails_at_once(message, refused)):
        log.warning("message %s failed: %s", message.id, _logged(error))
        return Fate(MessageState.FAILED, said)
    wait = WAITS[min(message.attempts, len(WAITS) - 1)]
    log.info("message %s is tried again in %s: %s", message.id, wait, _logged(error))
    return Fate(MessageState.PENDING, {**said, "run_at": now + wait})


def _fails_at_once(message: Message, errcode: int) -> bool:
    """Of a refused address an administrator hears sooner by what failed; but nobody can send a closing again."""
    return not may_pass(errcode) or (errcode == NOT_TRUSTED and message.kind is not MessageKind.CLOSE)


def _logged(error: PlatformError) -> str:
    """The platform's own text may quote what was sent; its number does not."""
    return str(error.errcode) if isinstance(error, PlatformRefused) else str(error)


def _note_stop(errcode: str) -> None:
    """Say once that the platform lets nothing of ours in, and once that it does again."""
    before = current_app.extensions.get("sending_stopped_by", "")
    if errcode and not before:
        log.error("sending is stopped: the platform refuses this app (%s)", errcode)
    elif before and not errcode:
        log.warning("sending goes on")
    current_app.extensions["sending_stopped_by"] = errcode


def _record(message: Message, outcome: Fate, now: datetime) -> None:
    """Write the outcome down, though the database be away for a while: until the lease ends the message is ours."""
    deadline = time.monotonic() + LEASE.total_seconds()
    while True:
        try:
            return _written(message, outcome, now)
        except SQLAlchemyError:
            # Unwritten, it would be sent a second time, and the right to change its card be lost.
            if time.monotonic() > deadline:
                raise
            time.sleep(LOOK_AGAIN)


def _written(message: Message, outcome: Fate, now: datetime) -> None:
    """Where the lease ended meanwhile, the message is somebody else's: they are left the right to change its card."""
    values = {"state": outcome.state, "lease_until": None, "lease_token": None, **outcome.changes}
    if outcome.counts:
        values["attempts"] = message.attempts + 1
    given = {f"new_{name}": value for name, value in values.items()}
    ours = {"message_id": message.id, "token": message.lease_token}
    with unit_of_work() as session:
        # The card before its closing: in the order of their ids, as whoever locks several.
        if outcome.spends_code_of_card:
            session.execute(_update(Message.id == message.closes_id).values(response_code=""))
        if session.scalar(_writing(frozenset(values)), {**ours, **given}) is not None:
            _count(session, message, outcome, now)
        elif "response_code" in outcome.changes:
            taken = {name: outcome.changes[name] for name in ("platform_message_id", "response_code")}
            theirs = (Message.id == message.id, Message.response_code == "", Message.closes_id.is_(None))
            session.execute(_update(*theirs).values(taken))


# Kept for each set of columns that an outcome changes: there are few, and the turn to write is held meanwhile.
@cache
def _writing(columns: frozenset[str]) -> Any:
    new: dict[str, BindParameter[Any]] = {name: bindparam(f"new_{name}") for name in columns}
    ours = (Message.id == bindparam("message_id"), Message.lease_token == bindparam("token"))
    return _update(*ours).values(new).returning(Message.id)


def _count(session: Session, message: Message, outcome: Fate, now: datetime) -> None:
    """Only what goes to a person counts; a closing changes what is there."""
    if outcome.counts and message.kind is not MessageKind.CLOSE and outcome.state is not MessageState.CANCELLED:
        sent, failed = outcome.state is MessageState.SENT, outcome.state is MessageState.FAILED
        tallies.count(session, now, tried=1, sent=int(sent), failed=int(failed))


def _update(*where: ColumnElement[bool]) -> Any:
    return update(Message).where(*where).execution_options(synchronize_session=False)
