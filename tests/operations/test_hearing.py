"""When the platform was last heard: kept to the minute, cheaply, and never at the cost of the call."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import update

from models import LastHeard, utc_now
from models.database import unit_of_work
from operations.hearing import WECOM_CALLBACK, WECOM_CONTACTS, last_heard, note_heard
from tests.conftest import StatementCounter


@pytest.fixture(autouse=True)
def _context(context: Flask) -> None:
    """Every test here calls operations directly."""


def let_time_pass(app: Flask, time: timedelta) -> None:
    """As if what is kept had been heard that long ago, and by another process."""
    app.extensions.pop("noted_heard", None)
    with unit_of_work() as session:
        session.execute(update(LastHeard).values(heard_at=utc_now() - time))


def test_each_address_has_a_time_of_its_own() -> None:
    assert last_heard().get(WECOM_CALLBACK) is None
    note_heard(WECOM_CALLBACK)
    heard = last_heard().get(WECOM_CALLBACK)
    assert heard is not None
    assert utc_now() - heard < timedelta(minutes=1)
    assert last_heard().get(WECOM_CONTACTS) is None


def test_within_a_minute_nothing_is_asked_or_written(counted: StatementCounter) -> None:
    note_heard(WECOM_CALLBACK)
    note_heard(WECOM_CONTACTS)
    counted.statements.clear()
    note_heard(WECOM_CALLBACK)
    note_heard(WECOM_CONTACTS)
    assert counted.statements == []


def test_what_another_process_heard_within_the_minute_stands(app: Flask) -> None:
    note_heard(WECOM_CALLBACK)
    let_time_pass(app, timedelta(seconds=50))
    before = last_heard().get(WECOM_CALLBACK)
    note_heard(WECOM_CALLBACK)
    assert last_heard().get(WECOM_CALLBACK) == before


def test_after_a_minute_it_is_written_again(app: Flask) -> None:
    note_heard(WECOM_CALLBACK)
    let_time_pass(app, timedelta(minutes=2))
    note_heard(WECOM_CALLBACK)
    heard = last_heard().get(WECOM_CALLBACK)
    assert heard is not None
    assert utc_now() - heard < timedelta(minutes=1)


def test_a_database_that_refuses_does_not_fail_the_call(caplog: pytest.LogCaptureFixture) -> None:
    with unit_of_work() as session:
        session.connection().exec_driver_sql("DROP TABLE last_heard")
    note_heard(WECOM_CALLBACK)
    assert "wecom.callback was heard, which could not be kept" in caplog.text
