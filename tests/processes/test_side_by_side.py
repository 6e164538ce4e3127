"""Two workers on one database: a periodic job is done once, and rows of another version are left or read as meant."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select, text, update

from extensions import db
from models import FORMAT, EventKind, FilingEvent, Message, MessageState, Step, StepState, utc_now
from models.database import unit_of_work
from operations.clock import in_college
from operations.filings import submit
from operations.rules import rules_in_force
from tests.processes.filings import Post, Unit, settle
from tests.processes.harness import Stage, until

#: What a worker of the version before wrote into a row: the columns of migration 0009.
BEFORE = """
    INSERT INTO messages (event_key, task_id, kind, platform, recipient_id, recipient_user_id, card, state, attempts,
        created_at, run_at, error, platform_message_id, response_code)
    SELECT 'before:' || id, 'before-' || id, kind, platform, recipient_id, recipient_user_id, card, 'pending', 0,
        created_at, created_at, '', '', '' FROM messages WHERE event_key = 'test:0'
"""
REMINDED = Message.event_key.startswith("reminder:")
ROUNDS = 5


@pytest.fixture(scope="module")
def units(stage: Stage) -> list[Unit]:
    return settle(stage)


@pytest.fixture(scope="module")
def workers(stage: Stage, units: list[Unit]) -> None:
    """Two workers at work."""
    stage.worker()
    stage.worker()


def test_rows_of_an_older_version_are_delivered_and_those_of_a_newer_one_left_to_it(
    stage: Stage, units: list[Unit], workers: None
) -> None:
    post = Post(stage)
    newer = {"urgency": 0, "format": FORMAT + 1}
    post.put(1, state=MessageState.SENT, sent_at=utc_now())  # the row that the older one's is made from
    post.put(3, **newer)
    post.put(1, **newer, state=MessageState.SENDING, lease_until=utc_now() - timedelta(minutes=5))
    post.put(3)
    with stage.app.app_context(), unit_of_work() as session:
        session.execute(text(BEFORE))
    until(lambda: stage.settled(Message.format == FORMAT), "that all but the newer ones left")
    assert stage.states(Message.format > FORMAT) == {MessageState.PENDING: 3, MessageState.SENDING: 1}
    assert set(stage.ask("copies")["copies"]) == {"test-5", "test-6", "test-7", "before-1"}
    with stage.app.app_context(), unit_of_work() as session:
        session.execute(update(Message).where(Message.format > FORMAT).values(state=MessageState.CANCELLED))


def test_each_is_reminded_once_though_two_workers_look_again_and_again(
    stage: Stage, units: list[Unit], workers: None
) -> None:
    per_round = len(units) // ROUNDS
    for number in range(ROUNDS):
        mine = units[number * per_round : (number + 1) * per_round]
        with stage.app.app_context():
            for unit in mine:
                submit(unit.applicant, unit.college.draft("教师群", f"{units.index(unit) + 1}00000000"))
            let_wait_a_day()
        until(lambda number=number: sum(stage.states(REMINDED).values()) >= (number + 1) * per_round, "a reminder")
    until(stage.settled, "that all left")
    with stage.app.app_context():
        told = db.session.execute(
            select(Message.recipient_id, func.count()).where(REMINDED).group_by(Message.recipient_id)
        )
        lines = select(FilingEvent.filing_id, func.count()).where(FilingEvent.kind == EventKind.REMINDED)
        said = db.session.execute(lines.group_by(FilingEvent.filing_id)).all()
        assert [count for _, count in told] == [1] * len(units)
        assert [count for _, count in said] == [1] * len(units)
        reminders = set(db.session.scalars(select(Message.task_id).where(REMINDED)))
    seen = stage.ask("copies")["copies"]
    assert {task_id: seen[task_id] for task_id in reminders} == dict.fromkeys(reminders, 1)


def let_wait_a_day() -> None:
    """Every step that waits is due to be reminded of, and not yet to be reported."""
    due = rules_in_force().latest_due(in_college(utc_now()), rules_in_force().deadlines.remind_after)
    with unit_of_work() as session:
        waiting = update(Step).where(Step.state == StepState.PENDING)
        session.execute(waiting.values(asked_since=due - timedelta(minutes=1)))
