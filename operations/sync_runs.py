"""One run of the directory's sync in the hands of one process: a lease that it renews, its progress, its end."""

import time
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, exists, or_, select, update
from sqlalchemy.orm import Session

from models import DirectorySync, SyncState, utc_now
from models.audit import By, record
from models.database import SYNC_TURN, insert_for, take_turn, unit_of_work
from operations.absences import keep_absences
from operations.appointing import COMMAND_LINE
from operations.directory import NOTHING, Accepted, Progress, SyncReport, TooManyGone
from operations.ending import CLOCK

#: How long a process that died keeps a run to itself; longer than any one call to the platform takes.
LEASE = timedelta(minutes=2)
#: Seconds between two notes of how far a run has come.
NOTE = 1.0
Tell = Callable[[Progress], None]


class LeaseLost(Exception):
    """Another process has taken the run up: this one was not heard of for too long."""


class Run:
    """A run that this process has claimed. Each step of it raises LeaseLost once the run is another's."""

    def __init__(self, row: DirectorySync, lease_until: datetime, tell: Tell) -> None:
        self.id, self.accepts = row.id, Accepted(row.accepts, row.accepts_departments)
        self._lease_until, self._tell = lease_until, tell
        self._noted_at = float("-inf")

    def tell(self, progress: Progress) -> None:
        """Renew the lease and note how far the run has come, at most once in NOTE seconds."""
        self._tell(progress)
        if time.monotonic() < self._noted_at + NOTE:
            return
        until = utc_now() + LEASE
        with unit_of_work() as session:
            self._change(session, lease_until=until, **vars(progress))
        self._lease_until, self._noted_at = until, time.monotonic()

    def seal(self, session: Session, report: SyncReport) -> None:
        """End the run as done, in the transaction that writes what it read."""
        counts = {"joined": report.joined, "changed": report.changed, "left": report.left}
        read = {"departments_read": report.departments, "departments_total": report.departments}
        self._change(session, **_ended(SyncState.DONE), **read, people_read=report.people, **counts)
        row = session.get_one(DirectorySync, self.id)
        details = {**counts, "accepts": vars(self.accepts)}
        record(session, "directory.sync", row, by=_by(row), details=details)

    def fail(self, problem: str, too_many: TooManyGone | None = None) -> None:
        """End the run as one that changed nothing, and say why; where too many would be gone, keep who and which."""
        people, departments = (too_many.people.ids, too_many.departments.ids) if too_many else ((), ())
        counts = {"would_leave": len(people), "would_remove": len(departments)}
        with unit_of_work() as session:
            self._change(session, **_ended(SyncState.FAILED), problem=problem, **counts)
            if too_many is not None:
                keep_absences(session, self.id, people=people, departments=departments)

    def put_back(self) -> None:
        """Leave the run to the next process that looks."""
        with unit_of_work() as session:
            self._change(session, state=SyncState.WAITING, lease_until=None)

    def _change(self, session: Session, **values: Any) -> None:
        ours = (DirectorySync.id == self.id, DirectorySync.lease_until == self._lease_until)
        if session.scalar(update(DirectorySync).where(*ours).values(**values).returning(DirectorySync.id)) is None:
            raise LeaseLost


def is_open() -> ColumnElement[bool]:
    """The runs that wait or are under way."""
    return DirectorySync.state.in_((SyncState.WAITING, SyncState.RUNNING))


def claimable(now: datetime) -> ColumnElement[bool]:
    """The runs that wait, or whose process has died; unless one is under way, any of them may begin."""
    abandoned = (DirectorySync.state == SyncState.RUNNING) & (DirectorySync.lease_until <= now)
    return or_(DirectorySync.state == SyncState.WAITING, abandoned)


def claim(night: str, tell: Tell) -> Run | None:
    """The oldest run that may begin, of the night with this key if there is none yet; None while one is under way."""
    now = utc_now()
    with unit_of_work() as session:
        take_turn(session, SYNC_TURN)
        session.execute(insert_for(session, DirectorySync).values(key=night).on_conflict_do_nothing())
        if _one_is_under_way(session, now):
            return None
        query = select(DirectorySync).where(claimable(now)).order_by(DirectorySync.id).limit(1)
        row = session.scalars(query).first()
        return None if row is None else _begin(session, row, now, tell)


def begin(key: str, *, accepts: Accepted = NOTHING, tell: Tell) -> Run | None:
    """A new run, begun at once; None while one is under way."""
    now = utc_now()
    with unit_of_work() as session:
        take_turn(session, SYNC_TURN)
        if _one_is_under_way(session, now):
            return None
        row = DirectorySync(key=key, accepts=accepts.people, accepts_departments=accepts.departments)
        session.add(row)
        return _begin(session, row, now, tell)


def new_key(kind: str) -> str:
    """A key that no other run has."""
    return f"{kind}:{uuid.uuid4().hex}"


def _one_is_under_way(session: Session, now: datetime) -> bool:
    running = exists().where(DirectorySync.state == SyncState.RUNNING, DirectorySync.lease_until > now)
    return bool(session.scalar(select(running)))


def _begin(session: Session, row: DirectorySync, now: datetime, tell: Tell) -> Run:
    row.state, row.lease_until, row.started_at = SyncState.RUNNING, now + LEASE, now
    row.departments_read = row.departments_total = row.people_read = 0
    session.flush()
    return Run(row, now + LEASE, tell)


def _ended(state: SyncState) -> dict[str, Any]:
    return {"state": state, "lease_until": None, "finished_at": utc_now()}


def _by(row: DirectorySync) -> By:
    if row.requested_by is not None:
        return row.requested_by.id, row.requested_by.name
    return CLOCK if row.is_nightly else COMMAND_LINE
