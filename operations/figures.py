"""The figures of the outbox and its workers, in a fixed number of statements."""

import math
from dataclasses import dataclass

from sqlalchemy import case, func, select

from extensions import db
from models import UNDER_WAY, Message, MessageState, MessageTally, Urgency, WorkerHeartbeat, utc_now
from operations.alarm import find_alarm


@dataclass(frozen=True)
class Figures:
    """What was done since the beginning (`tried`, `sent`, `failed`: these only rise), and how it stands now.

    `waiting` counts what is under way by state and urgency; `oldest_due` and `since_beat` are seconds.
    """

    tried: int
    sent: int
    failed: int
    waiting: dict[tuple[MessageState, Urgency], int]
    oldest_due: float
    since_beat: float
    is_stopped: bool


def read_figures() -> Figures:
    """The figures at this moment. Four statements."""
    now, session = utc_now(), db.session
    sums = [func.sum(column) for column in (MessageTally.tried, MessageTally.sent, MessageTally.failed)]
    tried, sent, failed = (int(number or 0) for number in session.execute(select(*sums)).one())
    due_at = case(((Message.state == MessageState.PENDING) & (Message.run_at <= now), Message.run_at))
    counted = select(Message.state, Message.urgency, func.count(), func.min(due_at)).where(Message.state.in_(UNDER_WAY))
    rows = session.execute(counted.group_by(Message.state, Message.urgency)).all()
    beat_at = session.scalar(select(func.max(WorkerHeartbeat.beat_at)))
    return Figures(
        tried=tried,
        sent=sent,
        failed=failed,
        waiting={(state, Urgency(urgency)): count for state, urgency, count, _ in rows},
        oldest_due=max(((now - due).total_seconds() for *_, due in rows if due is not None), default=0.0),
        since_beat=(now - beat_at).total_seconds() if beat_at is not None else math.inf,
        is_stopped=find_alarm(now) is not None,
    )
