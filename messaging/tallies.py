"""How much was sent: counted by each thread of a worker for itself, so that none waits for another's row."""

import os
import socket
import threading
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from messaging.cards import COLLEGE_TIME
from models import MessageTally
from models.database import insert_for


def count(session: Session, at: datetime, *, tried: int = 0, sent: int = 0, failed: int = 0) -> None:
    """Add to what this thread did on that day, in the transaction that writes the outcome down."""
    added = {"tried": tried, "sent": sent, "failed": failed}
    new = insert_for(session, MessageTally).values(day=day_of(at), worker=_name(), **added)
    so_far = {name: getattr(MessageTally, name) + number for name, number in added.items()}
    session.execute(new.on_conflict_do_update(index_elements=["day", "worker"], set_=so_far))


def tried_on(session: Session, day: date) -> int:
    """How many messages were put to the platform on that day."""
    return session.scalar(select(func.coalesce(func.sum(MessageTally.tried), 0)).where(MessageTally.day == day)) or 0


def day_of(at: datetime) -> date:
    """The day in the college, which the platform counts by, too."""
    return at.astimezone(COLLEGE_TIME).date()


def _name() -> str:
    return f"{socket.gethostname()[:90]}:{os.getpid()}:{threading.get_ident() % 1_000_000}"
