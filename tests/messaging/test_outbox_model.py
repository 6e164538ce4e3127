"""The outbox against a model of it: whatever happens in whatever order, each message arrives once or is accounted for.

Hypothesis makes up what is told, ended and resent, how the platform fails, when workers die and how the clock goes. At
the end everything is mended and the clock runs on until the outbox is still: then the phones are looked at.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from sqlalchemy import delete, select, update

from extensions import db
from messaging import delivery, outbox, sharing
from messaging.cards import Card
from messaging.claiming import bring_forward, claim
from messaging.delivery import deliver_next
from models import (
    UNDER_WAY,
    AuditEntry,
    Message,
    MessageKind,
    MessageState,
    MessageTally,
    Person,
    PlatformIdentity,
    SharedValue,
    Urgency,
    utc_now,
)
from models.database import unit_of_work
from operations import resending
from operations.actors import Actor
from operations.resending import resend
from simulator.faults import Fault
from simulator.server import Handle

SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
PEOPLE = ("anna", "bo", "chen")
#: How a call to the platform may fail: what a fault says, and whether the work was done all the same.
PASSING: tuple[dict[str, Any], ...] = (
    {"errcode": -1},
    {"errcode": 45009},
    {"errcode": 45033},
    {"http_status": 500},
    {"http_status": 504, "after": True},
    {"errcode": 40014},
    {"errcode": 42001},
)
CALLS = ("message/send", "message/update_template_card", "message/recall", "gettoken")
ENDED = "已由他人处理"


@dataclass
class World:
    """What all examples of a test share: the app, its platform, and a clock that the example sets forward."""

    app: Flask
    platform: Handle
    offset: timedelta = field(default=timedelta())

    def now(self) -> datetime:
        return utc_now() + self.offset

    def begin(self) -> None:
        """An empty outbox and an empty platform, as at the beginning of an example."""
        self.offset = timedelta()
        self.app.extensions.pop("outbox_day", None)
        with self.platform.state.lock:
            self.platform.state.reset()
            for name in PEOPLE:
                self.platform.state.directory.put({"userid": name, "name": name, "departments": [8]})
        with unit_of_work() as session:
            session.execute(update(Message).values(closes_id=None, carried_by_id=None, kind=MessageKind.NOTICE))
            for table in (Message, MessageTally, SharedValue, AuditEntry, PlatformIdentity, Person):
                session.execute(delete(table))
            for name in PEOPLE:
                person = Person(name=name)
                person.identities.append(PlatformIdentity(platform="wecom", user_id=name, user_key=name))
                session.add(person)

    def advance(self, by: timedelta) -> None:
        self.offset += by
        with self.platform.state.lock:
            self.platform.state.advance(by.total_seconds())


class Outbox(RuleBasedStateMachine):
    """What may happen to the outbox; `world` is set by the test."""

    world: World

    @initialize()
    def begin(self) -> None:
        self.world.begin()
        self.events = 0
        #: People who were unknown to the platform for a while, and messages of which an answer may have been lost.
        self.unknown: set[str] = set()
        self.answers_lost = False

    @rule(
        name=st.sampled_from(PEOPLE),
        asks=st.booleans(),
        urgency=st.sampled_from(Urgency),
        count=st.sampled_from([1, 1, 1, 2, 35]),
    )
    def tell(self, name: str, asks: bool, urgency: Urgency, count: int) -> None:
        """Somebody is told or asked something, or a lot."""
        for _ in range(count):
            self.events += 1
            card = Card(title=f"群{self.events}", lead="请您审核", path="/filings/1", decides=asks)
            with unit_of_work() as session:
                people = session.scalars(select(PlatformIdentity).where(PlatformIdentity.user_id == name)).all()
                outbox.tell(session, f"event:{self.events}", card, recipients=people, urgency=urgency)
                session.flush()
                # The row's own clock is the machine's.
                told = Message.event_key.startswith(f"event:{self.events}:")
                now = self.world.now()
                session.execute(update(Message).where(told).values(created_at=now, run_at=now))

    @rule(pick=st.integers(0, 1000), recalls=st.booleans())
    def end(self, pick: int, recalls: bool) -> None:
        """What a card asked for was decided by somebody else, or withdrawn."""
        with unit_of_work() as session:
            closed = select(Message.closes_id).where(Message.closes_id.is_not(None))
            which = select(Message.id).where(
                Message.kind == MessageKind.REQUEST, Message.id.not_in(closed), Message.state != MessageState.CANCELLED
            )
            ids = session.scalars(which.order_by(Message.id)).all()
            if ids:
                outbox._free_requests(session, Message.id == ids[pick % len(ids)], text=ENDED, recalls=recalls)

    @rule(path=st.sampled_from(CALLS), how=st.sampled_from(PASSING), times=st.sampled_from([1, 2, 5]))
    def fail(self, path: str, how: dict[str, Any], times: int) -> None:
        """The platform will fail so often in such a way."""
        self.answers_lost |= bool(how.get("after"))
        with self.world.platform.state.lock:
            self.world.platform.state.faults.add(Fault(path, times=times, **how))

    @rule(name=st.sampled_from(PEOPLE))
    def lose(self, name: str) -> None:
        """The app does not see this member any more."""
        self.unknown.add(name)
        with self.world.platform.state.lock:
            self.world.platform.state.directory.remove(name)

    @rule()
    def find(self) -> None:
        """The app sees all of them again, and an administrator has what failed sent again."""
        self._show_everybody()
        self._resend_what_failed()

    @rule(times=st.sampled_from([1, 3, 40]))
    def work(self, times: int) -> None:
        """A worker delivers: never something while what is needed more could leave."""
        for _ in range(times):
            now, before = self.world.now(), self._tried()
            if not deliver_next(now):
                return
            self._check_order(now, before)

    @rule(sends=st.booleans())
    def die(self, sends: bool) -> None:
        """A worker is killed with a message in hand: before the platform has it, or before that is written down."""
        now = self.world.now()
        message = claim(now, Urgency.CAMPAIGN)
        if message is not None and sends:
            delivery._outcome(message, now)
            self.answers_lost = True

    @rule(by=st.sampled_from([SECOND, 31 * SECOND, 61 * SECOND, 3 * MINUTE, 11 * MINUTE, HOUR, 25 * HOUR]))
    def wait(self, by: timedelta) -> None:
        """Time passes."""
        self.world.advance(by)
        bring_forward(self.world.now())

    def teardown(self) -> None:
        """Everything is mended; then the outbox comes to rest, and the phones are looked at."""
        with self.world.platform.state.lock:
            self.world.platform.state.faults.clear()
        self._show_everybody()
        self._resend_what_failed()
        for _ in range(200):
            while deliver_next(self.world.now()):
                pass
            if not self._moving():
                break
            self.world.advance(self._until_something_is_due())
        db.session.rollback()
        self._check_rows()
        self._check_phones()
        with self.world.platform.state.lock:
            assert not any(message.dropped for message in self.world.platform.state.mailbox.messages.values())

    def _show_everybody(self) -> None:
        with self.world.platform.state.lock:
            for name in PEOPLE:
                self.world.platform.state.directory.put({"userid": name, "name": name, "departments": [8]})

    def _resend_what_failed(self) -> None:
        db.session.rollback()
        failed = db.session.scalars(select(Message.id).where(Message.state == MessageState.FAILED)).all()
        somebody = db.session.scalars(select(Person)).first()
        assert somebody is not None
        actor = Actor(id=somebody.id, name=somebody.name)
        for message_id in failed:
            resend(actor, message_id)

    def _tried(self) -> dict[int, datetime | None]:
        db.session.rollback()
        return {row.id: row.tried_at for row in db.session.execute(select(Message.id, Message.tried_at))}

    def _check_order(self, now: datetime, before: dict[int, datetime | None]) -> None:
        db.session.rollback()
        rows = db.session.execute(
            select(Message.id, Message.urgency, Message.tried_at, Message.state, Message.run_at)
        ).all()
        tried = [row.urgency for row in rows if row.tried_at == now and before.get(row.id) != now]
        due = [row.urgency for row in rows if row.state is MessageState.PENDING and row.run_at <= now]
        if tried and not self.world.app.extensions.get("sending_stopped_by"):
            assert min(due, default=Urgency.CAMPAIGN) >= min(tried)

    def _moving(self) -> bool:
        db.session.rollback()
        under_way = Message.state.in_(UNDER_WAY)
        return db.session.scalar(select(Message.id).where(under_way).limit(1)) is not None

    def _until_something_is_due(self) -> timedelta:
        now = self.world.now()
        pending = select(Message.run_at).where(Message.state == MessageState.PENDING)
        leased = select(Message.lease_until).where(Message.state == MessageState.SENDING)
        moments = [at for at in db.session.scalars(pending.union_all(leased)) if at]
        # What is due and does not leave waits for a campaign's next minute, or for a refusal to be forgotten.
        return max(min(moments) - now, 31 * SECOND)

    def _check_rows(self) -> None:
        for message in db.session.scalars(select(Message)):
            assert message.state in (MessageState.SENT, MessageState.CANCELLED, MessageState.FAILED)
            if message.state is MessageState.FAILED:
                # Only what only changes a card may have failed: nobody resends that.
                assert message.kind is MessageKind.CLOSE
            if message.state is MessageState.CANCELLED and message.kind is not MessageKind.CLOSE:
                assert self._is_carried(message) or self._is_ended(message)

    def _is_carried(self, message: Message) -> bool:
        """Whether it arrived as a line of another's, which is nobody's line itself."""
        carrier = message.carried_by
        return carrier is not None and carrier.state is MessageState.SENT and carrier.carried_by_id is None

    def _is_ended(self, message: Message) -> bool:
        return message.event_key.startswith(f"{message.id}:")

    def _check_phones(self) -> None:
        rows = {
            row.task_id: row for row in db.session.scalars(select(Message).where(Message.kind != MessageKind.CLOSE))
        }
        with self.world.platform.state.lock:
            sent = self.world.platform.state.mailbox.messages.values()
            arrived = Counter((message.task_id, user_id) for message in sent for user_id in message.copies)
            dead = {message.task_id for message in sent for copy in message.copies.values() if copy.dead_button}
        assert set(arrived.values()) <= {1}
        delivered = (row for row in rows.values() if row.state is MessageState.SENT)
        assert {(row.task_id, row.recipient_user_id) for row in delivered} <= set(arrived)
        for task_id, user_id in arrived:
            row = rows[task_id]
            assert row.recipient_user_id == user_id
            # What is on a phone was sent, or is the one case that is told by the tap alone: its answer was lost.
            assert row.state is MessageState.SENT or (self.answers_lost and self._is_ended(row))
        for row in rows.values():
            self._check_closed(row, dead)

    def _check_closed(self, row: Message, dead: set[str]) -> None:
        closing = db.session.scalar(select(Message).where(Message.closes_id == row.id))
        if closing is not None and closing.state is MessageState.SENT:
            assert row.task_id in dead or not row.response_code


@contextmanager
def clock_of(world: World) -> Iterator[None]:
    """Whatever asks for the time while the examples run gets the machine's."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (sharing, outbox, resending):
            patch.setattr(module, "utc_now", world.now)
        yield


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_whatever_happens_each_message_arrives_once(context: Flask, simulated: Handle) -> None:
    """F27, L2, E61."""
    _run(World(context, simulated), examples=10, steps=25)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_whatever_happens_each_message_arrives_once_on_postgresql_too(context: Flask, simulated: Handle) -> None:
    """F27, L2, E61."""
    _run(World(context, simulated), examples=3, steps=20)


def _run(world: World, *, examples: int, steps: int) -> None:
    machine = type("OutboxOfWorld", (Outbox,), {"world": world})
    chosen = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    with clock_of(world):
        run_state_machine_as_test(machine, settings=chosen)
