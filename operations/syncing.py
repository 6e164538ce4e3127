"""The syncs of the directory: asked for by the clock, an administrator or a command, and run one at a time."""

import logging
import time
from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import exists, not_, or_, select
from sqlalchemy.orm import joinedload

from extensions import db
from messaging.platforms.errors import PlatformError
from models import DirectorySync, SyncState, utc_now
from models.audit import By, record
from models.database import SYNC_TURN, take_turn, unit_of_work
from operations.clock import college_today
from operations.directory import (
    NOTHING,
    Accepted,
    Progress,
    SyncReport,
    TooManyGone,
    sync_contacts,
)
from operations.errors import OperationRefused
from operations.reading import PAGE_SIZE, Page
from operations.sync_problems import problem_of
from operations.sync_runs import LeaseLost, Run, Tell, begin, claim, claimable, is_open, new_key

log = logging.getLogger(__name__)

#: How long after midnight in the college the night's sync is due.
DUE_AFTER = timedelta(hours=2, minutes=30)
#: Seconds between two looks whether another process's run has ended.
LOOK = 1.0


class Interrupted(Exception):
    """The process is to end: the run is left to the next one."""


def ask(by: By, *, accepts: Accepted = NOTHING) -> int:
    """Ask for a sync, on a page; its id. While one waits or is under way, it is that one.

    One that is under way accepts no more than it did when it began: what is accepted meanwhile is the next one's.
    """
    with unit_of_work() as session:
        take_turn(session, SYNC_TURN)
        waiting_first = DirectorySync.state == SyncState.WAITING
        query = select(DirectorySync).where(is_open()).order_by(waiting_first.desc(), DirectorySync.id)
        row = session.scalars(query).first()
        if row is not None and accepts.people <= row.accepts and accepts.departments <= row.accepts_departments:
            return row.id
        if row is None or row.state is SyncState.RUNNING:
            row = DirectorySync(key=new_key("asked"), accepts=0, accepts_departments=0)
            session.add(row)
        row.requested_by_id = by[0]
        row.accepts = max(row.accepts, accepts.people)
        row.accepts_departments = max(row.accepts_departments, accepts.departments)
        session.flush()
        record(session, "directory.ask", row, by=by, details={"accepts": vars(accepts)})
        return row.id


def run_due(stopping: Callable[[], bool] = lambda: False) -> bool:
    """Carry out the sync that waits, the night's among them; False if none does or one is under way elsewhere.

    A night that was missed is made up for. What another process began and did not live to end is begun anew, and
    so is what this one leaves because it is `stopping`.
    """
    now = utc_now()
    night = f"nightly:{college_today(now - DUE_AFTER)}"
    known = exists().where(DirectorySync.key == night)
    due = db.session.scalar(select(or_(not_(known), exists().where(claimable(now)))))
    db.session.rollback()
    run = claim(night, _ending_when(stopping)) if due else None
    if run is None:
        return False
    try:
        _carry_out(run, stopping)
    except (PlatformError, OperationRefused, LeaseLost, Interrupted) as error:
        log.warning("sync %s of the directory came to nothing: %s", run.id, type(error).__name__)
    return True


def run_now(*, accepts: Accepted = NOTHING, tell: Tell, wait: Callable[[], None]) -> SyncReport:
    """Sync at once in this process, after the one that is under way, if any: `wait` is called until it has ended.

    Raises as `sync_contacts`.
    """
    key = new_key("command")
    while (run := begin(key, accepts=accepts, tell=tell)) is None:
        wait()
        time.sleep(LOOK)
    return _carry_out(run)


def recent_syncs(*, before: int | None = None) -> Page[DirectorySync]:
    """Every sync, newest first, with who asked for it."""
    query = select(DirectorySync).options(joinedload(DirectorySync.requested_by)).order_by(DirectorySync.id.desc())
    if before is not None:
        query = query.where(DirectorySync.id < before)
    rows = db.session.scalars(query.limit(PAGE_SIZE + 1)).all()
    return Page(rows[:PAGE_SIZE], rows[PAGE_SIZE - 1].id if len(rows) > PAGE_SIZE else None)


def find_refused() -> DirectorySync | None:
    """The newest sync that has ended, if it changed nothing because too many would have been taken for gone, and
    nobody has accepted that yet."""
    ended = select(DirectorySync).where(~is_open()).order_by(DirectorySync.id.desc()).limit(1)
    newest = db.session.scalars(ended).first()
    if newest is None or not newest.asks_to_accept:
        return None
    enough = (
        DirectorySync.accepts >= newest.would_leave,
        DirectorySync.accepts_departments >= newest.would_remove,
    )
    accepted = exists().where(is_open(), *enough)
    return None if db.session.scalar(select(accepted)) else newest


def shown_by(refused: DirectorySync | None) -> Accepted:
    """What somebody accepts who accepts this refusal: what it counted of people and of departments; without one,
    nothing."""
    return Accepted(refused.would_leave, refused.would_remove) if refused else NOTHING


def _carry_out(run: Run, stopping: Callable[[], bool] = lambda: False) -> SyncReport:
    try:
        return sync_contacts(accepts=run.accepts, tell=run.tell, seal=run.seal)
    except LeaseLost:
        raise
    except BaseException as error:
        # A platform may be away because everything is being stopped: that says nothing about the sync.
        if stopping():
            run.put_back()
        else:
            # Whatever it is, an administrator waits for this run to end.
            run.fail(problem_of(error), error if isinstance(error, TooManyGone) else None)
        raise


def _ending_when(stopping: Callable[[], bool]) -> Tell:
    def tell(_progress: Progress) -> None:
        if stopping():
            raise Interrupted

    return tell
