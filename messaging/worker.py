"""The worker: delivers the outbox in a few threads, says that it is alive, and sweeps what has lapsed."""

import logging
import os
import socket
import threading
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Flask
from sqlalchemy import delete, exists, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from messaging import tallies
from messaging.claiming import bring_forward
from messaging.delivery import AwakeFrom, deliver_due, deliver_next
from models import ReceivedCallback, SharedValue, WorkerHeartbeat, utc_now
from models.database import insert_for, unit_of_work

__all__ = ["Chore", "deliver_due", "run_worker", "worker_is_alive"]

log = logging.getLogger(__name__)

#: Seconds between two looks into an empty outbox, two beats, two looks at what waits for the platform, and two sweeps.
LOOK = 0.5
BEAT = 5.0
FORWARD = 60.0
SWEEP = 3600.0
#: Seconds to wait after each failure in a row; the last is repeated.
BACK_OFF = (1.0, 2.0, 5.0, 10.0)
ALIVE = timedelta(seconds=30)
KEPT = timedelta(days=1)


@dataclass(frozen=True)
class Chore:
    """Something else that the worker does, in a thread of its own: `act` says True if there is more to do at once.

    After it said otherwise it is asked again in `pause` seconds. Several workers do it at the same time.
    """

    act: Callable[[], object]
    pause: float


def run_worker(
    app: Flask,
    stop: threading.Event,
    *,
    threads: int = 4,
    chores: Sequence[Chore] = (),
    awake_from: AwakeFrom | None = None,
) -> None:
    """Deliver messages and do the chores until `stop` is set, then finish those in hand.

    `awake_from` as in `deliver_next`. Outlives a database that is away.
    """
    deliver = [Chore(_deliverer(awake_from), LOOK) for _ in range(threads)]
    forward = Chore(lambda: bring_forward(utc_now()), FORWARD)
    own = [*deliver, forward, Chore(beat, BEAT), Chore(sweep, SWEEP)]
    tasks = [_Task(app, stop, chore.act, pause=chore.pause) for chore in (*own, *chores)]
    running = [threading.Thread(target=task.run, name=f"worker-{number}") for number, task in enumerate(tasks)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    _Task(app, stop, end_beats, pause=0).once()


def _deliverer(awake_from: AwakeFrom | None) -> Callable[[], bool]:
    """What one thread does again and again: it looks first, unless it found something the time before."""
    found = False

    def deliver() -> bool:
        nonlocal found
        look, found = not found, False
        found = deliver_next(utc_now(), awake_from, look=look)
        return found

    return deliver


def worker_is_alive(session: Session, now: datetime) -> bool:
    """Whether a worker gave a sign of life within the last half minute."""
    return bool(session.scalar(select(exists().where(WorkerHeartbeat.beat_at >= now - ALIVE))))


def beat() -> None:
    """Say that this worker is alive."""
    now = utc_now()
    with unit_of_work() as session:
        session.execute(
            insert_for(session, WorkerHeartbeat)
            .values(name=_name(), beat_at=now)
            .on_conflict_do_update(index_elements=["name"], set_={"beat_at": now})
        )


def end_beats() -> None:
    """Say that this worker is not there any more."""
    with unit_of_work() as session:
        session.execute(delete(WorkerHeartbeat).where(WorkerHeartbeat.name == _name()))


def sweep() -> None:
    """Remove what lapsed a day ago: shared values, known callbacks, the beats of workers gone. Fold old tallies."""
    before = utc_now() - KEPT
    with unit_of_work() as session:
        session.execute(delete(SharedValue).where(SharedValue.expires_at < before))
        session.execute(delete(ReceivedCallback).where(ReceivedCallback.received_at < before))
        session.execute(delete(WorkerHeartbeat).where(WorkerHeartbeat.beat_at < before))
        tallies.fold(session, utc_now())


def _name() -> str:
    return f"{socket.gethostname()[:100]}:{os.getpid()}"


class _Task:
    """One thing done again and again in a thread of its own. `act` says True if there is more to do at once."""

    def __init__(self, app: Flask, stop: threading.Event, act: Callable[[], object], *, pause: float) -> None:
        self.app, self.stop, self.act, self.pause = app, stop, act, pause
        self.failures = 0

    def run(self) -> None:
        while not self.stop.is_set():
            more = self.once()
            if not more:
                self.stop.wait(self._wait())

    def once(self) -> bool:
        """Do it; what goes wrong is logged once, and again only after it went well."""
        try:
            with self.app.app_context():
                more = self.act()
        except Exception as error:
            self._note(error)
            return False
        if self.failures:
            log.info("worker goes on")
        self.failures = 0
        return bool(more)

    def _wait(self) -> float:
        return BACK_OFF[min(self.failures, len(BACK_OFF)) - 1] if self.failures else self.pause

    def _note(self, error: Exception) -> None:
        if self.failures == 0:
            # Only where it happened: a database error's text quotes the row.
            known = isinstance(error, SQLAlchemyError)
            trace = "" if known else "\n" + "".join(traceback.format_tb(error.__traceback__))
            log.error("worker waits: %s%s", type(error).__name__, trace)
        self.failures += 1
