"""The worker as a whole: delivers in threads, says that it lives, outlives the database, stops when asked."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select, text
from sqlalchemy.exc import OperationalError

from extensions import db
from messaging import worker
from messaging.delivery import AwakeFrom
from messaging.worker import run_worker, sweep, worker_is_alive
from models import MessageState, ReceivedCallback, SharedValue, WorkerHeartbeat, utc_now
from models.database import unit_of_work
from simulator.faults import Fault
from simulator.server import Handle
from tests.messaging.conftest import Outbox, one_database
from tests.messaging.odd_platform import Answer, Call, OddPlatform, said

PATIENCE = 20.0


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


@contextmanager
def working(app: Flask, threads: int = 4) -> Iterator[threading.Event]:
    """A worker at work; it has ended when the block has."""
    stop = threading.Event()
    thread = threading.Thread(target=run_worker, args=(app, stop), kwargs={"threads": threads})
    thread.start()
    try:
        yield stop
    finally:
        stop.set()
        thread.join(PATIENCE)
        assert not thread.is_alive()


def states(outbox: Outbox) -> set[MessageState]:
    return {row.state for row in outbox.all()}


def test_messages_written_while_it_works_leave_at_once(app: Flask, outbox: Outbox, simulated: Handle) -> None:
    with working(app):
        for _ in range(10):
            outbox.put()
        until(lambda: states(outbox) == {MessageState.SENT})
    with simulated.state.lock:
        assert len(simulated.state.mailbox.messages) == 10


@one_database
def test_a_slow_answer_for_one_person_holds_up_nobody_else(app: Flask, outbox: Outbox, simulated: Handle) -> None:
    with simulated.state.lock:
        simulated.state.directory.put({"userid": "slow.person", "name": "慢", "departments": [8]})
        simulated.state.faults.add(Fault("message/send", delay_ms=1500, times=2, userid="slow.person"))
    slow = [outbox.put(recipient_user_id="slow.person") for _ in range(2)]
    others = [outbox.put() for _ in range(5)]
    with working(app):
        until(lambda: {outbox.get(other).state for other in others} == {MessageState.SENT})
        assert MessageState.SENDING in {outbox.get(message_id).state for message_id in slow}
        until(lambda: states(outbox) == {MessageState.SENT})


def test_it_says_that_it_lives_until_it_ends(context: Flask) -> None:
    assert not worker_is_alive(db.session(), utc_now())

    def alive() -> bool:
        db.session.rollback()
        return worker_is_alive(db.session(), utc_now())

    with working(context):
        until(alive)
        assert not worker_is_alive(db.session(), utc_now() + timedelta(seconds=40))
    assert not alive()


@one_database
def test_it_stops_at_once_when_idle_and_finishes_what_it_has_in_hand(
    app: Flask, outbox: Outbox, odd: OddPlatform
) -> None:
    arrived = threading.Event()

    def slow(_call: Call) -> Answer:
        arrived.set()
        time.sleep(0.5)
        return said(errcode=0, msgid="m")

    odd.tell("message/send", slow)
    with working(app) as stop:
        first = outbox.put()
        assert arrived.wait(PATIENCE)
        stop.set()
        asked_at = time.monotonic()
    assert time.monotonic() - asked_at < 5
    assert outbox.get(first).state is MessageState.SENT


@one_database
def test_a_thread_that_found_a_message_claims_the_next_without_a_look(
    app: Flask, outbox: Outbox, odd: OddPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    outbox.put(), outbox.put()
    looks: list[bool] = []
    deliver_next = worker.deliver_next

    def seen(now: datetime, awake_from: AwakeFrom | None, *, look: bool) -> bool:
        looks.append(look)
        return deliver_next(now, awake_from, look=look)

    monkeypatch.setattr(worker, "deliver_next", seen)
    monkeypatch.setattr(worker, "LOOK", 0.01)
    with working(app, threads=1):
        until(lambda: len(looks) >= 5)
    assert looks[:5] == [True, False, False, True, True]


@one_database
def test_it_outlives_a_database_that_is_away_and_says_so_once(
    app: Flask, outbox: Outbox, odd: OddPlatform, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="messaging.worker")
    monkeypatch.setattr(worker, "BACK_OFF", (0.05,))
    away, tries = threading.Event(), []
    away.set()
    deliver_next = worker.deliver_next

    def refused(now: datetime, awake_from: AwakeFrom | None, *, look: bool) -> bool:
        if away.is_set():
            tries.append(now)
            raise OperationalError("SELECT 'zhang.san'", {}, Exception("gone"))
        return deliver_next(now, awake_from, look=look)

    monkeypatch.setattr(worker, "deliver_next", refused)
    message_id = outbox.put()
    with working(app, threads=1):
        until(lambda: len(tries) >= 3)
        away.clear()
        until(lambda: outbox.get(message_id).state is MessageState.SENT)
    assert caplog.text.count("worker waits: OperationalError") == 1
    assert caplog.text.count("worker goes on") == 1
    assert "zhang.san" not in caplog.text


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_it_outlives_the_loss_of_its_connections(app: Flask, outbox: Outbox, odd: OddPlatform) -> None:
    with working(app):
        first = outbox.put()
        until(lambda: outbox.get(first).state is MessageState.SENT)
        db.session.remove()
        others = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        with db.engine.connect() as connection:
            assert connection.scalar(text(f"{others} AND datname = current_database()"))
        second = outbox.put()
        until(lambda: outbox.get(second).state is MessageState.SENT)


def test_what_lapsed_a_day_ago_is_swept_and_the_rest_stays(context: Flask) -> None:
    old, new = utc_now() - timedelta(hours=25), utc_now() - timedelta(hours=23)
    with unit_of_work() as session:
        for name, at in (("old", old), ("new", new)):
            session.add(SharedValue(key=name, value="v", expires_at=at))
            session.add(WorkerHeartbeat(name=name, beat_at=at))
            session.add(ReceivedCallback(platform="wecom", event_key=name, event="e", received_at=at))
    sweep()
    for table in (SharedValue, WorkerHeartbeat, ReceivedCallback):
        assert db.session.scalar(select(func.count()).select_from(table)) == 1
    assert db.session.get(WorkerHeartbeat, "new") is not None
