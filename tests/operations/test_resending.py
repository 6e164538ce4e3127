"""A message that failed is sent again while it is to the point, and put away when it is not."""

from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update

from extensions import db
from messaging.cards import COLLEGE_TIME
from messaging.worker import deliver_due
from models import AuditEntry, Handover, Message, MessageState, Opinion, Outcome, Person, Step, utc_now
from models.database import unit_of_work
from operations.appointing import appoint, dismiss
from operations.decisions import decide
from operations.errors import NotFound
from operations.handovers import fingerprint, propose
from operations.leaving import mark_left
from operations.opinions import answer_opinion, ask_opinion
from operations.reminders import remind
from operations.resending import resend, resend_all, to_the_point
from operations.vacancies import get_handover
from tests.college import College
from tests.platform import simulated_platform


@pytest.fixture(autouse=True)
def _context(context: Flask) -> None:
    """Every test here calls operations directly."""


def fail(*messages: Message) -> None:
    """What a platform's last word, four days after the message was written, leaves behind."""
    long_ago = utc_now() - timedelta(days=4)
    values = {"state": MessageState.FAILED, "error": "81013 x", "attempts": 5, "created_at": long_ago}
    with unit_of_work() as session:
        session.execute(update(Message).where(Message.id.in_([m.id for m in messages])).values(**values))


def listed() -> list[int]:
    db.session.rollback()
    return list(db.session.scalars(select(Message.id).where(*to_the_point())))


def ask_to_take_over(college: College, user_id: str) -> None:
    """Let the head ask this person for all that is to be handed over."""
    record = get_handover(db.session.scalars(select(Handover.id)).one())
    items, seen = {item.id for item in record.open}, fingerprint(record)
    propose(college.actor("zhangzhuren"), record.handover.id, items, college.people[user_id], seen=seen)


def test_it_goes_out_anew_with_all_its_tries_before_it(context: Flask, college: College) -> None:
    college.submitted()
    [request] = college.told("zhangzhuren")
    fail(request)
    with simulated_platform(context) as platform:
        with platform.state.lock:
            platform.state.directory.put({"userid": "zhangzhuren", "name": "张主任", "departments": [8]})
        assert resend(college.actor("wuguanli"), request.id)
        [request] = college.told("zhangzhuren")
        assert (request.state, request.attempts, request.error) == (MessageState.PENDING, 0, "")
        deliver_due(utc_now())
        [request] = college.told("zhangzhuren")
        assert request.state is MessageState.SENT


def test_its_time_is_counted_anew_where_the_platform_is_away_again(college: College) -> None:
    college.submitted()
    [request] = college.told("zhangzhuren")
    with unit_of_work() as session:
        # While the platform is away, one message is tried for all.
        session.execute(update(Message).where(Message.id != request.id).values(state=MessageState.SENT))
    fail(request)
    resend(college.actor("wuguanli"), request.id)
    deliver_due(utc_now())
    [request] = college.told("zhangzhuren")
    assert (request.state, request.attempts) == (MessageState.PENDING, 1)


def test_a_request_that_was_decided_meanwhile_is_put_away(college: College) -> None:
    filing_id = college.submitted()
    [request] = college.told("zhangzhuren")
    fail(request)
    assert listed() == [request.id]
    decide(college.actor("zhangzhuren"), filing_id, Outcome.APPROVED)
    assert request.id not in listed()
    assert not resend(college.actor("wuguanli"), request.id)
    request = college.told("zhangzhuren")[0]
    assert request.state is MessageState.CANCELLED


def test_a_request_to_somebody_who_gave_the_post_up_is_put_away_and_asked_anew_when_they_return(
    college: College,
) -> None:
    college.submitted()
    [request] = college.told("zhangzhuren")
    fail(request)
    dismiss("zhangzhuren", "DEPARTMENT_HEAD", "8")
    assert not resend(college.actor("wuguanli"), request.id)
    appoint("zhangzhuren", "DEPARTMENT_HEAD", "8")
    assert [m.state for m in college.told("zhangzhuren")] == [MessageState.CANCELLED, MessageState.PENDING]


def test_whoever_gets_the_post_back_is_asked_anew_though_the_card_before_had_failed(college: College) -> None:
    college.submitted()
    fail(*college.told("zhangzhuren"))
    appoint("jiwai", "DEPARTMENT_HEAD", "8")
    dismiss("zhangzhuren", "DEPARTMENT_HEAD", "8")
    assert listed() == []
    appoint("zhangzhuren", "DEPARTMENT_HEAD", "8")
    assert [m.state for m in college.told("zhangzhuren")] == [MessageState.CANCELLED, MessageState.PENDING]


def test_a_takeover_that_was_given_to_somebody_else_is_put_away(college: College) -> None:
    college.submitted("jiwai")
    mark_left(college.actor("wuguanli"), college.people["wangqunzhu"])
    ask_to_take_over(college, "lilaoshi")
    [request] = college.told("lilaoshi")
    fail(request)
    assert listed() == [request.id]
    ask_to_take_over(college, "zhaoguanli")
    assert listed() == []
    assert not resend(college.actor("wuguanli"), request.id)
    assert [m.state for m in college.told("lilaoshi")] == [MessageState.CANCELLED]


def test_what_somebody_who_left_was_to_read_is_not_listed(college: College) -> None:
    college.submitted()
    [request] = college.told("zhangzhuren")
    fail(request)
    with unit_of_work() as session:
        session.get_one(Person, college.people["zhangzhuren"]).left_at = utc_now()
    assert listed() == []
    assert not resend(college.actor("wuguanli"), request.id)


def test_a_failed_message_about_what_is_over_is_neither_listed_nor_sent_again(college: College) -> None:
    """L2: a reminder of a step that was decided, and a request for an opinion that was given."""
    filing_id = college.submitted()
    ask_opinion(college.actor("zhangzhuren"), filing_id, college.people["zhougan"], "这个群有必要吗？")
    with unit_of_work() as session:
        long_ago = utc_now() - timedelta(days=20)
        session.execute(update(Step).values(asked_since=long_ago, pending_since=long_ago))
    remind(datetime(2026, 12, 1, 10, tzinfo=COLLEGE_TIME))
    asked = college.told("zhougan")[0]
    reminder = next(m for m in college.told("zhangzhuren") if m.event_key.startswith("reminder:"))
    fail(asked, reminder)
    assert set(listed()) == {asked.id, reminder.id}
    opinion_id = db.session.scalars(select(Opinion.id)).one()
    answer_opinion(college.actor("zhougan"), filing_id, opinion_id, "有必要。")
    assert listed() == [reminder.id]
    decide(college.actor("zhangzhuren"), filing_id, Outcome.APPROVED)
    assert listed() == []
    assert not resend(college.actor("wuguanli"), reminder.id)


def test_one_that_has_not_failed_stays_as_it_is(college: College) -> None:
    college.submitted()
    [request] = college.told("zhangzhuren")
    before = (request.state, request.created_at, request.event_key)
    assert resend(college.actor("wuguanli"), request.id)
    [request] = college.told("zhangzhuren")
    assert (request.state, request.created_at, request.event_key) == before
    assert not db.session.scalars(select(AuditEntry).where(AuditEntry.action == "message.resend")).all()


def test_pressed_twice_it_goes_once_and_leaves_one_trace(college: College) -> None:
    college.submitted()
    [request] = college.told("zhangzhuren")
    fail(request)
    for _ in range(2):
        assert resend(college.actor("wuguanli"), request.id)
    [entry] = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "message.resend"))
    assert (entry.subject_type, entry.subject_id) == ("messages", request.id)


def test_all_that_failed_go_at_once_and_the_others_stay(college: College) -> None:
    filing_id = college.submitted()
    college.submitted(name="护理系二群", number="700001")
    first, second = college.told("zhangzhuren")
    fail(first, second)
    decide(college.actor("zhangzhuren"), filing_id, Outcome.APPROVED)
    notice = college.told("zhougan")[0]
    fail(notice)
    assert resend_all(college.actor("wuguanli")) == 2
    assert listed() == []
    states = [m.state for m in college.told("zhangzhuren")[:2]]
    assert states == [MessageState.CANCELLED, MessageState.PENDING]


def test_an_unknown_message_is_refused(college: College) -> None:
    with pytest.raises(NotFound):
        resend(college.actor("wuguanli"), 404)
