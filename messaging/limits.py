"""How much the platform lets through: kept here, since what is over a limit it drops without a word [90236, 90312]."""

import time
from datetime import datetime, timedelta

from flask import current_app
from sqlalchemy import ColumnElement, ScalarSelect, and_, func, select
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


def member_has_room(session: Session, message: Message, now: datetime) -> ColumnElement[bool]:
    """SQL: whether the limits let the message go to its member now.

    Takes the member's turn, until the transaction ends: two who ask at once must not both see the last room.
    """
    take_turn(session, MEMBER_TURN, of=f"{message.platform}:{message.recipient_user_id.lower()}")
    return and_(*(_tried(message, most, now - span).is_(None) for most, span in TO_ONE_MEMBER))


def room_from(session: Session, message: Message, now: datetime) -> datetime:
    """When the limits will let something go to the message's member again."""
    oldest = ((session.scalar(select(_tried(message, most, now - span))), span) for most, span in TO_ONE_MEMBER)
    # A moment later, when the oldest of those counted is out of the span.
    return max([now, *(at + span for at, span in oldest if at)]) + timedelta(milliseconds=1)


def _tried(message: Message, number: int, since: datetime) -> ScalarSelect[datetime | None]:
    """When the `number`th of the others to this member was tried, from the latest backwards; NULL if since then fewer
    were."""
    other = aliased(Message)
    to_member = (other.recipient_user_id == message.recipient_user_id, other.platform == message.platform)
    counts = (other.kind != MessageKind.CLOSE, other.id != message.id)
    tried = select(other.tried_at).where(*to_member, *counts, other.tried_at > since)
    return tried.order_by(other.tried_at.desc()).offset(number - 1).limit(1).scalar_subquery()


def campaign_has_room(now: datetime) -> ColumnElement[bool]:
    """SQL: whether one more of what goes to many at once may leave now."""
    most, span = CAMPAIGN
    other = aliased(Message)
    tried = select(other.tried_at).where(other.urgency == Urgency.CAMPAIGN, other.tried_at > now - span)
    return tried.order_by(other.tried_at.desc()).offset(most - 1).limit(1).scalar_subquery().is_(None)


def next_clear(at: datetime) -> datetime:
    """When what goes to many at once may leave from `at` on: not in the minutes in which everybody's does."""
    return at if at.minute not in CROWDED_MINUTES else at.replace(second=0, microsecond=0) + timedelta(minutes=1)


def least_urgent(now: datetime) -> Urgency | None:
    """The least urgent that may leave now with what is left of the day's messages; None: nothing may."""
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
