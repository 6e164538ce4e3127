"""消息: what somebody was told, as they find it here whether or not a push reached them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, ScalarSelect, Select, and_, func, or_, select, update
from sqlalchemy.orm import aliased, joinedload

from extensions import db
from messaging import cards
from messaging.platforms.wecom_codes import OUT_OF_REACH
from models import Message, MessageKind, MessageState, Step, StepState, utc_now
from models.database import unit_of_work
from operations.actors import Actor
from operations.errors import NotFound
from operations.questions import ASKS, IS_OVER
from operations.reading import PAGE_SIZE, Page

#: Unread messages are counted so far: the navigation says 99+, and a page costs the same for somebody with thousands.
MOST_COUNTED = 100
#: So many of those that were not opened are looked at: whoever never opens any may have thousands, nearly all over.
MOST_LOOKED_AT = 300
_CLOSING = aliased(Message)
#: How it ended, where nobody said more.
OVER, NOT_YOURS = "已办结，不用再处理", "已不由您办理，不用再处理"


class Shown(StrEnum):
    """Which of the messages are listed."""

    ALL = "all"
    UNREAD = "unread"
    OPEN = "open"

    @property
    def label(self) -> str:
        return {"all": "全部", "unread": "未读", "open": "待办"}[self.value]


@dataclass(frozen=True)
class Entry:
    """One message in the inbox. `ended` says how what it asked ended, once it has: an old one is harmless."""

    id: int
    title: str
    lead: str
    at: datetime
    is_unread: bool
    is_open: bool
    ended: str


def inbox_of(actor: Actor, shown: Shown = Shown.ALL, *, before: int | None = None) -> Page[Entry]:
    """What this person was told, newest first, in one query: as soon as it is written, however it is pushed.

    What told of several things at once is one entry, and so is each of those that it carried.
    """
    which = {Shown.ALL: (), Shown.UNREAD: (_is_unread(),), Shown.OPEN: (ASKS, ~IS_OVER)}[shown]
    query = _entries().where(Message.recipient_id == actor.id, Message.kind != MessageKind.CLOSE, *which)
    if before is not None:
        query = query.where(Message.id < before)
    rows = db.session.execute(query.order_by(Message.id.desc()).limit(PAGE_SIZE + 1)).all()
    entries = [_entry(*row) for row in rows[:PAGE_SIZE]]
    return Page(entries, entries[-1].id if len(rows) > PAGE_SIZE else None)


def _entries() -> Select[Message, bool, bool, str | None]:
    closed = (
        select(_CLOSING.card["text"].as_string())
        # Somebody else's tap on the card has a closing of its own.
        .where(_CLOSING.closes_id == Message.id, _CLOSING.recipient_user_id == Message.recipient_user_id)
        .order_by(_CLOSING.id.desc())
        .limit(1)
        .correlate(Message)
        .scalar_subquery()
    )
    of_step = joinedload(Message.step).joinedload(Step.decision)
    return select(Message, ASKS, IS_OVER, closed).options(of_step, joinedload(Message.commitment))


def _entry(message: Message, is_request: bool, over: bool, closed: str | None) -> Entry:
    return Entry(
        message.id,
        message.card["title"],
        message.card["lead"],
        message.created_at,
        is_unread=message.read_at is None and not over,
        is_open=is_request and not over,
        ended=(closed or _how_it_ended(message)) if over else "",
    )


def _how_it_ended(message: Message) -> str:
    """Of a message without a card that was closed: it has no button, or it never left."""
    if message.step is not None and message.step.decision is not None:
        return cards.closing_text(message.step.decision)
    if message.step is not None and message.step.state is StepState.CANCELLED:
        return cards.TAPPED_AFTER_WITHDRAWAL
    if message.commitment is not None and message.commitment.confirmed_at is not None:
        return cards.committed_text(message.commitment)
    return NOT_YOURS if message.kind is MessageKind.REQUEST else OVER


def count_of_unread(actor: Actor) -> ScalarSelect[int]:
    """How many messages this person has not read, up to MOST_COUNTED, as part of a query that asks for more.

    What it asked for is over: that counts as read, whoever answered it, and where.
    """
    newest = select(Message.id).where(*_theirs(actor), Message.read_at.is_(None)).order_by(Message.id.desc())
    unread = select(Message.id).where(Message.id.in_(newest.limit(MOST_LOOKED_AT)), ~IS_OVER).limit(MOST_COUNTED)
    return select(func.count()).select_from(unread.subquery()).scalar_subquery()


def _theirs(actor: Actor) -> Sequence[ColumnElement[bool]]:
    return Message.recipient_id == actor.id, Message.kind != MessageKind.CLOSE


def _is_unread() -> ColumnElement[bool]:
    return and_(Message.read_at.is_(None), ~IS_OVER)


def open_message(actor: Actor, message_id: int) -> str:
    """Note that the person saw the message, and answer the path of what it is about.

    The first time stays. Raises NotFound, also for another's.
    """
    seen = (
        update(Message)
        .where(Message.id == message_id, *_theirs(actor))
        .values(read_at=func.coalesce(Message.read_at, utc_now()))
        .returning(Message.card)
        .execution_options(synchronize_session=False)
    )
    with unit_of_work() as session:
        card = session.scalar(seen)
        if card is None:
            raise NotFound
        return str(card["path"])


def read_all(actor: Actor, *, newest: int) -> None:
    """Note that the person saw all their messages up to this one, the newest that their page showed."""
    unread = (*_theirs(actor), Message.read_at.is_(None), Message.id <= newest)
    # One that a worker has in hand is not waited for: the worker may want another of these.
    ids = select(Message.id).where(*unread).with_for_update(skip_locked=True)
    seen = update(Message).where(Message.id.in_(ids)).values(read_at=utc_now())
    with unit_of_work() as session:
        session.execute(seen.execution_options(synchronize_session=False))


def is_out_of_reach(actor: Actor) -> bool:
    """Whether the last push to this person that came to an end was refused since the app does not reach them."""
    refused = Message.errcode.in_(OUT_OF_REACH)
    last = (
        select(Message.state)
        .where(*_theirs(actor), or_(Message.state == MessageState.SENT, refused))
        .order_by(Message.id.desc())
        .limit(1)
    )
    return db.session.scalar(last) not in (None, MessageState.SENT)
