"""The alarm: raised while the platform lets nothing in, and over as soon as it does."""

from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import update

from extensions import db
from messaging.platforms.wecom_transport import SECRET_REFUSED
from models import Message, MessageState, utc_now
from models.database import unit_of_work
from operations.alarm import find_alarm
from tests.college import College
from tests.conftest import StatementCounter

AN_HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _a_filing(context: Flask, college: College) -> None:
    """Two messages are on their way, and nothing was refused yet."""
    college.submitted()
    college.submitted(name="护理系二群", number="700001")
    db.session.rollback()


def become(user_id: str, college: College, nth: int = 0, **values: object) -> None:
    message = college.told(user_id)[nth]
    with unit_of_work() as session:
        session.execute(update(Message).where(Message.id == message.id).values(**values))


def code(now: datetime | None = None) -> int | None:
    alarm = find_alarm(now or utc_now())
    db.session.rollback()
    return alarm.errcode if alarm else None


def test_nothing_is_raised_while_messages_leave(college: College) -> None:
    assert code() is None
    become("zhangzhuren", college, state=MessageState.SENT, sent_at=utc_now())
    become("zhangzhuren", college, 1, errcode=45009, error="45009 x")
    assert code() is None


def test_each_refusal_of_the_secret_raises_it_until_the_message_has_left(college: College) -> None:
    for errcode in sorted(SECRET_REFUSED):
        become("zhangzhuren", college, errcode=errcode)
        alarm = find_alarm(utc_now())
        assert alarm is not None
        assert (alarm.errcode, str(errcode) in alarm.said, alarm.remedy[-1]) == (errcode, True, "。")
    become("zhangzhuren", college, state=MessageState.SENDING, lease_until=utc_now() + AN_HOUR)
    assert code() is not None
    become("zhangzhuren", college, state=MessageState.SENT, sent_at=utc_now(), errcode=None)
    assert code() is None


def test_one_that_is_put_off_until_the_morning_does_not_hold_it_up(college: College) -> None:
    become("zhangzhuren", college, errcode=40001, run_at=utc_now() + 9 * AN_HOUR)
    assert code() is None


def test_a_refused_address_raises_it_until_the_platform_has_taken_something(college: College) -> None:
    at = utc_now() - AN_HOUR
    become("zhangzhuren", college, state=MessageState.FAILED, errcode=60020, tried_at=at)
    assert code() == 60020
    become("zhangzhuren", college, 1, state=MessageState.SENT, sent_at=at - timedelta(seconds=1))
    assert code() == 60020
    become("zhangzhuren", college, 1, sent_at=at + timedelta(seconds=1))
    assert code() is None


def test_a_refused_address_is_forgotten_after_a_day_in_which_nothing_was_tried(college: College) -> None:
    at = utc_now() - AN_HOUR
    become("zhangzhuren", college, state=MessageState.FAILED, errcode=60020, tried_at=at)
    assert code(at + 23 * AN_HOUR) == 60020
    assert code(at + 25 * AN_HOUR) is None


def test_it_is_one_statement(counted: StatementCounter) -> None:
    code()
    assert len(counted) == 1
