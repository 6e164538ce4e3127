"""How much the platform lets through: kept here, since what is over a limit it drops without a word [90236, 90312]."""

import time
from datetime import datetime, timedelta
from typing import Any

from flask import current_app
from sqlalchemy import ScalarSelect, and_, bindparam, func, select
from sqlalchemy.orm import Session, aliased

from extensions import db
from messaging.tallies import day_of, tried_on
from models import Message, MessageKind, Person, PlatformIdentity, Urgency
from models.database import MEMBER_TURN, take_turn

#: From when a message is claimed until it has arrived at the platform, at the longest. So much longer than the
#: platform's own are the spans that we count in: it counts by arrival.
ON_ITS_WAY = timedelta(seconds=15)
#: (how many, in which span) of one app to one member [90236].
TO_ONE_MEMBER = ((30, timedelta(minutes=1) + ON_ITS_WAY), (1000, timedelta(hours=1) + ON_ITS_WAY))
#: What goes to many at once is spread: so many in such a span, and none in the minutes that the platform asks to keep
#: clear of [90236].
CAMPAIGN = (100, timedelta(minutes=1))
CROWDED_MINUTES = frozenset({0, 30})
#: A day's messages for each account that the corp may have [90236]. How many those are an app is not told: no fewer
#: than there are members, and taken to be no fewer than a hundred.
PER_ACCOUNT = 200
FEWEST_ACCOUNTS = 100
#: When so much of a day's messages is used up, what goes to many at once waits for the next day.
KEPT_FOR_OTHERS = 0.9
#: Seconds for which a process believes what it counted of the day.
COUNTED_FOR = 10.0


# Built once: to make such a statement anew for each message took five times as long as to send it. `now` and what is
# counted from it are parameters of every statement that holds one of these, see `spans`.
_OTHER = aliased(Message)


def spans(now: datetime) -> dict[str, datetime]:
    """The parameters that all conditions here ask for."""
    since = {_since(most): now - span for most, span in TO_ONE_MEMBER}
    return {"now": now, "campaign_since": now - CAMPAIGN[1], **since}


def of_message(message: Message) -> dict[str, Any]:
    """The parameters that `MEMBER_HAS_ROOM` asks for, besides."""
    return {"member": message.recipient_user_id, "on_platform": message.platform}


def _since(most: int) -> str:
    return f"since_{most}"


def _tried(most: int) -> ScalarSelect[datetime | None]:
    """When the last but so many of those to the member was tried; NULL if since then fewer were.

    A message that is tried again counts: what came of its try before, the platform alone knows.
    """
    tried = select(_OTHER.tried_at).where(
        _OTHER.recipient_user_id == bindparam("member"),
        _OTHER.platform == bindparam("on_platform"),
        _OTHER.kind != MessageKind.CLOSE,
        _OTHER.tried_at > bindparam(_since(most)),
    )
    return tried.order_by(_OTHER.tried_at.desc()).offset(most - 1).limit(1).scalar_subquery()


def _campaign_tried() -> ScalarSelect[datetime | None]:
    tried = select(_OTHER.tried_at).where(
        _OTHER.urgency == Urgency.CAMPAIGN, _OTHER.tried_at > bindparam("campaign_since")
    )
    return tried.order_by(_OTHER.tried_at.desc()).offset(CAMPAIGN[0] - 1).limit(1).scalar_subquery()


#: SQL: whether the limits let a message go to its member now. Asked in the member's turn (`take_turn_of`).
MEMBER_HAS_ROOM = and_(*(_tried(most).is_(None) for most, _ in TO_ONE_MEMBER))
#: SQL: whether one more of what goes to many at once may leave now.
CAMPAIGN_HAS_ROOM = _campaign_tried().is_(None)
_LATEST = select(*(_tried(most) for most, _ in TO_ONE_MEMBER))


def take_turn_of(session: Session, message: Message) -> None:
    """Until the transaction ends, nobody else sends to the message's member: two must not both see the last room."""
    take_turn(session, MEMBER_TURN, of=f"{message.platform}:{message.recipient_user_id.lower()}")


def room_from(session: Session, message: Message, now: datetime) -> datetime:
    """When the limits will let something go to the message's member again."""
    latest = session.execute(_LATEST, {**spans(now), **of_message(message)}).one()
    full = (at + span for at, (_, span) in zip(latest, TO_ONE_MEMBER, strict=True) if at)
    # A moment later, when the oldest of those counted is out of the span.
    return max([now, *full]) + timedelta(milliseconds=1)


def next_clear(at: datetime) -> datetime:
    """When what goes to many at once may leave from `at` on: not in the minutes in which everybody's does."""
    return at if at.minute not in CROWDED_MINUTES else at.replace(second=0, microsecond=0) + timedelta(minutes=1)


def least_urgent(now: datetime) -> Urgency | None:
    """The least urgent that may leave now with what is left of the day's messages; None: no message may."""
    used = _used_of_day(now)
    if used >= 1:
        return None
    return Urgency.ORDINARY if used >= KEPT_FOR_OTHERS else Urgency.CAMPAIGN


def _used_of_day(now: datetime) -> float:
    """Which part of the day's messages is used up, as counted a few seconds ago."""
    day, kept = day_of(now), current_app.extensions.get("outbox_day")
    if kept is None or kept[0] != day or time.monotonic() - kept[1] >= COUNTED_FOR:
        kept = (day, time.monotonic(), tried_on(db.session(), day) / (PER_ACCOUNT * _accounts(db.session())))
        current_app.extensions["outbox_day"] = kept
    used: float = kept[2]
    return used


def _accounts(session: Session) -> int:
    here = select(func.count()).select_from(PlatformIdentity).join(Person).where(Person.left_at.is_(None))
    return max(session.scalar(here) or 0, FEWEST_ACCOUNTS)
