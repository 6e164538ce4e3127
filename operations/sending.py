"""消息发送: the outbox as an administrator looks at it: how much waits, what failed and why, and what was sent."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, select, true
from sqlalchemy.orm import aliased

from extensions import db
from messaging.platforms.wecom_codes import UNREACHABLE, reason, reason_of, remedy
from models import UNDER_WAY, Message, MessageKind, MessageState, Person
from operations.reading import PAGE_SIZE, Page
from operations.resending import to_the_point

LATELY = timedelta(hours=24)
_CLOSED, _CARRIER, _CARRIED = aliased(Message), aliased(Message), aliased(Message)


class Listed(StrEnum):
    """Which messages are listed: those that failed are those that somebody still needs."""

    FAILED = "failed"
    WAITING = "waiting"
    SENT = "sent"
    ALL = "all"

    @property
    def label(self) -> str:
        return {"failed": "未送达", "waiting": "待发送", "sent": "已送达", "all": "全部"}[self.value]


@dataclass(frozen=True)
class Glance:
    """How the outbox stands; `sent` counts what was sent lately to people, and not the closing of cards."""

    waiting: int
    oldest: datetime | None
    failed: int
    sent: int


@dataclass(frozen=True)
class Cause:
    """Why some of the messages failed; `errcode` is None where the platform was not reached."""

    errcode: int | None
    count: int

    @property
    def key(self) -> str:
        """What it is called in an address."""
        return "unreached" if self.errcode is None else str(self.errcode)

    @property
    def reason(self) -> str:
        return UNREACHABLE if self.errcode is None else reason(self.errcode)

    @property
    def remedy(self) -> str:
        return remedy(self.errcode)


@dataclass(frozen=True)
class Outgoing:
    """One message of the outbox. `error` is what the platform itself said; `fits` whether it can be sent again.

    One that went as a line of another (`is_carried`) is as far as that has come; one that `carries` others has so many.
    """

    id: int
    name: str
    title: str
    lead: str
    kind: MessageKind
    filing_id: int | None
    created_at: datetime
    state: MessageState
    is_carried: bool
    carries: int
    run_at: datetime
    sent_at: datetime | None
    attempts: int
    error: str
    fits: bool

    @property
    def reason(self) -> str:
        """What went wrong at the last try, in plain words."""
        return reason_of(self.error) if self.error else ""


def glance(now: datetime) -> Glance:
    """How the outbox stands, in one query."""
    under_way = _which(Listed.WAITING)
    # Found by when: of all that were ever sent, those are few.
    lately = (Message.sent_at >= now - LATELY, Message.kind != MessageKind.CLOSE)
    asked = (
        select(func.count()).where(under_way),
        select(func.min(Message.created_at)).where(under_way),
        select(func.count()).select_from(Message).where(*to_the_point()),
        select(func.count()).where(*lately),
    )
    return Glance(*db.session.execute(select(*(query.scalar_subquery() for query in asked))).one())


def causes(*which: ColumnElement[bool]) -> list[Cause]:
    """Why messages failed that somebody still needs, or those `which` of them, the most frequent first."""
    count = func.count()
    query = select(Message.errcode, count).where(*to_the_point(), *which).group_by(Message.errcode)
    return [Cause(*row) for row in db.session.execute(query.order_by(count.desc(), Message.errcode))]


def count_of_failed() -> int:
    """How many messages failed that somebody still needs."""
    return sum(cause.count for cause in causes())


def outbox(listed: Listed, *, cause: Cause | None = None, before: int | None = None) -> Page[Outgoing]:
    """The messages, newest first, in one query; `cause`: only those that failed for it."""
    query = _outgoing().where(_which(listed))
    if cause is not None:
        query = query.where(Message.errcode.is_not_distinct_from(cause.errcode))
    if before is not None:
        query = query.where(Message.id < before)
    rows = db.session.execute(query.order_by(Message.id.desc()).limit(PAGE_SIZE + 1)).all()
    shown = [Outgoing(*row) for row in rows[:PAGE_SIZE]]
    return Page(shown, shown[-1].id if len(rows) > PAGE_SIZE else None)


def _which(listed: Listed) -> ColumnElement[bool]:
    return {
        Listed.FAILED: and_(*to_the_point()),
        Listed.WAITING: Message.state.in_(UNDER_WAY),
        # Most were sent: from the newest backwards they are found sooner than by an index of states, which this hides.
        Listed.SENT: Message.state.concat("") == MessageState.SENT.value,
        Listed.ALL: true(),
    }[listed]


def _outgoing() -> Select[*tuple[Any, ...]]:
    """A closing is told by the title of the card that it closes, and by what that now reads."""
    title = func.coalesce(Message.card["title"].as_string(), _CLOSED.card["title"].as_string())
    lead = func.coalesce(Message.card["lead"].as_string(), Message.card["text"].as_string())
    about = (Message.id, Person.name, title, lead, Message.kind, Message.filing_id, Message.created_at)
    carries = select(func.count()).where(_CARRIED.carried_by_id == Message.id).correlate(Message).scalar_subquery()
    state, *fate = (
        func.coalesce(getattr(_CARRIER, name), getattr(Message, name))
        for name in ("state", "run_at", "sent_at", "attempts", "error")
    )
    return (
        select(*about, state, Message.carried_by_id.is_not(None), carries, *fate, and_(*to_the_point()))
        .join(Person, Person.id == Message.recipient_id)
        .outerjoin(_CLOSED, _CLOSED.id == Message.closes_id)
        .outerjoin(_CARRIER, _CARRIER.id == Message.carried_by_id)
    )
