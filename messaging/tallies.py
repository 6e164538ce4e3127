"""How much was sent: counted by each thread of a worker for itself, so that none waits for another's row."""

import os
import socket
import threading
from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime, timedelta

from sqlalchemy import BindParameter, Executable, bindparam, delete, func, select
from sqlalchemy.orm import Session

from messaging.cards import COLLEGE_TIME
from models import MessageTally
from models.database import insert_for

#: A day that is over for so long is not counted any more, wherever the clocks stand.
KEPT_APART = timedelta(days=2)
#: The name of the row that a day's rows are folded into.
FOLDED = ""
COUNTED = ("tried", "sent", "failed")
#: Each kind of database's statement, kept: to make it anew for each message took longer than to send it.
_ADDITIONS: dict[str, Executable] = {}


def count(session: Session, at: datetime, *, tried: int = 0, sent: int = 0, failed: int = 0) -> None:
    """Add to what this thread did on that day, in the transaction that writes the outcome down."""
    _add(session, day_of(at), _name(), {"tried": tried, "sent": sent, "failed": failed})


def fold(session: Session, now: datetime) -> None:
    """Make one row of all that threads did on a day, once it is long over: each start of a worker has new threads.

    Nothing that is added up changes. Several workers may fold at once.
    """
    over = (MessageTally.day < day_of(now) - KEPT_APART, MessageTally.worker != FOLDED)
    columns = (MessageTally.day, MessageTally.tried, MessageTally.sent, MessageTally.failed)
    days: dict[date, Counter[str]] = {}
    for day, tried, sent, failed in session.execute(delete(MessageTally).where(*over).returning(*columns)).all():
        days.setdefault(day, Counter()).update(tried=tried, sent=sent, failed=failed)
    for day in sorted(days):
        _add(session, day, FOLDED, days[day])


def _add(session: Session, day: date, worker: str, added: Mapping[str, int]) -> None:
    given = {f"more_{name}": added[name] for name in COUNTED}
    session.execute(_addition(session), {"on_day": day, "by": worker, **given})


def _addition(session: Session) -> Executable:
    dialect = session.get_bind().dialect.name
    if dialect not in _ADDITIONS:
        more: dict[str, BindParameter[int]] = {name: bindparam(f"more_{name}") for name in COUNTED}
        new = insert_for(session, MessageTally).values(day=bindparam("on_day"), worker=bindparam("by"), **more)
        so_far = {name: getattr(MessageTally, name) + getattr(new.excluded, name) for name in COUNTED}
        _ADDITIONS[dialect] = new.on_conflict_do_update(index_elements=["day", "worker"], set_=so_far)
    return _ADDITIONS[dialect]


def tried_on(session: Session, day: date) -> int:
    """How many messages were put to the platform on that day."""
    return session.scalar(select(func.coalesce(func.sum(MessageTally.tried), 0)).where(MessageTally.day == day)) or 0


def day_of(at: datetime) -> date:
    """The day in the college, which the platform counts by, too."""
    return at.astimezone(COLLEGE_TIME).date()


def _name() -> str:
    return f"{socket.gethostname()[:90]}:{os.getpid()}:{threading.get_ident() % 1_000_000}"
