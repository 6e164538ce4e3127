"""How much was sent: what is added up stays the same, however often old rows are folded and by whom."""

from datetime import UTC, datetime, timedelta

from flask import Flask
from sqlalchemy import func, select

from extensions import db
from messaging import tallies
from messaging.worker import sweep
from models import MessageTally, utc_now
from models.database import unit_of_work
from tests.operations.test_crowds import at_once

#: Two hours after midnight in the college.
NOW = datetime(2026, 11, 27, 18, 0, tzinfo=UTC)
TODAY = tallies.day_of(NOW)


def count(days_ago: int, worker: str, tried: int = 3, sent: int = 2, failed: int = 1) -> None:
    with unit_of_work() as session:
        day = TODAY - timedelta(days=days_ago)
        session.add(MessageTally(day=day, worker=worker, tried=tried, sent=sent, failed=failed))


def rows() -> list[tuple[int, str, int, int, int]]:
    """Each row, by how many days ago it was."""
    db.session.rollback()
    found = db.session.scalars(select(MessageTally).order_by(MessageTally.day.desc(), MessageTally.worker))
    return [((TODAY - row.day).days, row.worker, row.tried, row.sent, row.failed) for row in found]


def fold() -> None:
    with unit_of_work() as session:
        tallies.fold(session, NOW)


def test_each_day_that_is_long_over_becomes_one_row_with_its_sums(context: Flask) -> None:
    for days_ago in (0, 2, 3, 400):
        for worker in ("a", "b"):
            count(days_ago, worker)
    recent = [(days_ago, worker, 3, 2, 1) for days_ago in (0, 2) for worker in ("a", "b")]
    fold()
    assert rows() == [*recent, (3, "", 6, 4, 2), (400, "", 6, 4, 2)]
    fold()
    assert rows() == [*recent, (3, "", 6, 4, 2), (400, "", 6, 4, 2)]


def test_what_comes_late_to_a_day_is_added_to_what_was_folded(context: Flask) -> None:
    count(5, "a")
    fold()
    count(5, "a", tried=10, sent=0, failed=0)
    fold()
    assert rows() == [(5, "", 13, 2, 1)]


def test_workers_that_fold_at_once_lose_nothing(context: Flask) -> None:
    for n in range(20):
        count(3 + n % 2, str(n))
    assert at_once(context, [fold] * 4) == []
    assert rows() == [(3, "", 30, 20, 10), (4, "", 30, 20, 10)]


def test_the_sweep_folds(context: Flask) -> None:
    with unit_of_work() as session:
        for worker in ("a", "b"):
            session.add(MessageTally(day=tallies.day_of(utc_now()) - timedelta(days=9), worker=worker, tried=1))
    sweep()
    assert db.session.scalar(select(func.count()).select_from(MessageTally)) == 1
    assert db.session.scalar(select(func.sum(MessageTally.tried))) == 2
