"""What becomes of a message: sent once, tried again in good time, given up with a reason, closed when it is spent."""

import logging
import multiprocessing
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app import create_app
from config import WeComSettings
from messaging import delivery
from messaging.claiming import claim
from messaging.delivery import GIVE_UP_AFTER, deliver_due, deliver_next
from models import UNDER_WAY, MessageKind, MessageState, SharedValue, Urgency, utc_now
from models.database import unit_of_work
from simulator.faults import Fault
from simulator.server import Handle
from tests.conftest import make_settings
from tests.messaging.conftest import CARD, MEMBER, Outbox, one_database
from tests.messaging.odd_platform import Answer, Call, OddPlatform, said

SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
START = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
DUE: dict[str, Any] = {"created_at": START, "run_at": START}
RECALLING = {"text": "已撤回", "recalls": True}


def shown(simulated: Handle, user_id: str = MEMBER) -> list[tuple[str, str | None]]:
    """Title and dead button of each card on this person's phone."""
    with simulated.state.lock:
        copies = [copy for _, copy in simulated.state.mailbox.of(user_id)]
        return [(copy.content["main_title"]["title"], copy.dead_button) for copy in copies]


def forget_trouble() -> None:
    """As when the time is over for which the processes remember a refusal."""
    with unit_of_work() as session:
        session.execute(delete(SharedValue).where(SharedValue.key.endswith(":trouble")))


def test_a_message_reaches_the_phone_once_and_its_rights_are_kept(outbox: Outbox, simulated: Handle) -> None:
    sent = outbox.put()
    assert deliver_due() == 1
    assert deliver_due() == 0
    assert shown(simulated) == [(CARD.title, None)]
    row = outbox.get(sent)
    assert (row.state, row.attempts, row.lease_token) == (MessageState.SENT, 1, None)
    assert row.sent_at
    assert row.platform_message_id
    assert row.response_code


def test_messages_leave_in_the_order_in_which_they_are_due(outbox: Outbox, odd: OddPlatform) -> None:
    later, first = outbox.put(run_at=START + SECOND), outbox.put(run_at=START)
    not_due = outbox.put(run_at=utc_now() + HOUR)
    assert deliver_due() == 2
    sent = [outbox.get(message_id).task_id.encode() for message_id in (first, later)]
    assert [task in body for task, body in zip(sent, odd.bodies("message/send"), strict=True)] == [True, True]
    assert outbox.get(not_due).state is MessageState.PENDING


def test_a_reminder_that_comes_due_at_night_is_put_off_and_no_other_message_is(
    outbox: Outbox, simulated: Handle
) -> None:
    """F28: put off, it has not been tried, and leaves in the morning."""
    morning = START + 11 * HOUR + MINUTE
    reminder = outbox.put(MessageKind.NOTICE, reminds_of=[], **DUE)
    notice = outbox.put(MessageKind.NOTICE, **DUE)
    for now in (START, START + HOUR):
        while deliver_next(now, lambda _: morning):
            pass
    assert outbox.get(notice).state is MessageState.SENT
    row = outbox.get(reminder)
    assert (row.state, row.attempts, row.run_at) == (MessageState.PENDING, 0, morning)
    assert deliver_next(morning, lambda now: now)
    assert outbox.get(reminder).state is MessageState.SENT
    assert len(shown(simulated)) == 2


PASSING = {
    "a server's error": Answer(status=502),
    "no JSON": Answer(b"<html>"),
    "busy": said(errcode=-1),
    "too often": said(errcode=45009, errmsg="reach max api freq limit"),
    "too many at once": said(errcode=45033),
    "a code that nobody documented": said(errcode=99999),
}


@one_database
@pytest.mark.parametrize("name", PASSING)
def test_what_may_pass_is_tried_again_in_half_a_minute(outbox: Outbox, odd: OddPlatform, name: str) -> None:
    message_id = outbox.put(**DUE)
    odd.tell("message/send", PASSING[name])
    assert deliver_due(START) == 1
    row = outbox.get(message_id)
    assert (row.state, row.attempts, row.run_at - START) == (MessageState.PENDING, 1, 30 * SECOND)
    assert row.error


@one_database
@pytest.mark.parametrize("errcode", [40001, 50003, 40014])
def test_while_the_app_may_not_speak_at_all_nothing_is_tried_and_that_is_said_once(
    outbox: Outbox, odd: OddPlatform, errcode: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, logger="messaging.delivery")
    first, *others = [outbox.put(**DUE) for _ in range(20)]
    odd.tell("message/send", said(errcode=errcode, errmsg="the app is disabled"))
    assert deliver_due(START) == 1
    assert deliver_due(START + MINUTE) == 0
    row = outbox.get(first)
    assert (row.state, row.attempts, row.run_at, row.tried_at) == (MessageState.PENDING, 0, START, None)
    assert row.errcode == errcode
    asked = odd.count("message/send")
    assert asked <= 2
    forget_trouble()
    assert deliver_due(START + HOUR) == 1
    forget_trouble()
    odd.tell("message/send", said(errcode=0, msgid="m"))
    assert deliver_due(START + DAY) == 20
    assert {outbox.get(other).state for other in [first, *others]} == {MessageState.SENT}
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]
    assert f"({errcode})" in caplog.text


@one_database
def test_a_request_that_was_decided_while_it_was_on_its_way_is_not_sent_any_more(
    outbox: Outbox, odd: OddPlatform
) -> None:
    message_id = outbox.put(**DUE, kind=MessageKind.REQUEST)
    odd.tell("message/send", Answer(status=500))
    deliver_due(START)
    outbox.put(kind=MessageKind.CLOSE, closes_id=message_id, card={"text": "已同意"}, run_at=START + HOUR)
    deliver_due(START + MINUTE)
    assert outbox.get(message_id).state is MessageState.CANCELLED
    assert len(odd.bodies("message/send")) == 1


def test_a_message_that_keeps_failing_waits_longer_and_is_given_up_after_three_days(
    outbox: Outbox, odd: OddPlatform
) -> None:
    message_id = outbox.put(**DUE)
    odd.tell("message/send", Answer(status=500))
    now, waits = START, []
    while outbox.get(message_id).state is MessageState.PENDING:
        assert deliver_due(now) == 1
        row = outbox.get(message_id)
        waits.append(row.run_at - now)
        now = max(now, row.run_at)
    assert waits[:-1] == [30 * SECOND, 2 * MINUTE, 10 * MINUTE, HOUR, DAY, DAY, DAY]
    assert row.state is MessageState.FAILED
    assert GIVE_UP_AFTER <= now - START < GIVE_UP_AFTER + DAY
    assert len(set(odd.bodies("message/send"))) == 1


@one_database
@pytest.mark.parametrize("errcode", [81013, 40003, 60020, 41016, 42035, 45002])
def test_what_will_be_wrong_the_second_time_too_fails_at_once(outbox: Outbox, odd: OddPlatform, errcode: int) -> None:
    message_id = outbox.put()
    odd.tell("message/send", said(errcode=errcode, errmsg="not so, hint: [1], from ip: 127.0.0.1"))
    deliver_due()
    row = outbox.get(message_id)
    assert (row.state, row.error) == (MessageState.FAILED, f"{errcode} not so")


@one_database
def test_somebody_whom_the_platform_does_not_know_fails_and_holds_up_nobody(outbox: Outbox, simulated: Handle) -> None:
    stranger, known = outbox.put(recipient_user_id="nobody.at.all"), outbox.put()
    deliver_due()
    assert outbox.get(stranger).state is MessageState.FAILED
    assert outbox.get(known).state is MessageState.SENT


@one_database
def test_a_success_that_names_the_recipient_as_invalid_is_a_failure(outbox: Outbox, odd: OddPlatform) -> None:
    message_id = outbox.put(recipient_user_id="LiSi")
    odd.tell("message/send", said(errcode=0, invaliduser="lisi", msgid="m"))
    deliver_due()
    assert outbox.get(message_id).state is MessageState.FAILED


def test_an_answer_that_was_lost_does_not_send_twice(outbox: Outbox, simulated: Handle) -> None:
    message_id = outbox.put(**DUE)
    with simulated.state.lock:
        simulated.state.faults.add(Fault("message/send", http_status=504, after=True))
    deliver_due(START)
    assert outbox.get(message_id).state is MessageState.PENDING
    deliver_due(START + 30 * SECOND)
    assert outbox.get(message_id).state is MessageState.SENT
    assert shown(simulated) == [(CARD.title, None)]


@one_database
def test_a_task_that_the_platform_knows_counts_as_sent(outbox: Outbox, odd: OddPlatform) -> None:
    message_id = outbox.put(tried_at=START)
    odd.tell("message/send", said(errcode=42014))
    deliver_due()
    assert outbox.get(message_id).state is MessageState.SENT


@one_database
def test_a_task_that_the_platform_cannot_know_yet_is_one_that_it_refuses(outbox: Outbox, odd: OddPlatform) -> None:
    """The number is that of an id that it does not like, too: never sent before, the message has not arrived."""
    message_id = outbox.put()
    odd.tell("message/send", said(errcode=42014))
    deliver_due()
    assert outbox.get(message_id).state is MessageState.FAILED


def test_one_throttled_person_holds_up_nobody_else(outbox: Outbox, odd: OddPlatform) -> None:
    def throttled(call: Call) -> Answer:
        return said(errcode=45009) if b"busy.person" in call.body else said(errcode=0, msgid="m")

    odd.tell("message/send", throttled)
    busy = [outbox.put(recipient_user_id="busy.person") for _ in range(3)]
    others = [outbox.put() for _ in range(3)]
    assert deliver_due() == 6
    assert {outbox.get(message_id).state for message_id in busy} == {MessageState.PENDING}
    assert {outbox.get(message_id).state for message_id in others} == {MessageState.SENT}


def test_a_refused_secret_is_tried_twice_a_minute_however_many_messages_wait(outbox: Outbox, odd: OddPlatform) -> None:
    odd.tell("gettoken", said(errcode=40001, errmsg="invalid credential"))
    for _ in range(50):
        outbox.put()
    assert [deliver_due() for _ in range(3)] == [1, 0, 0]
    assert {row.state for row in outbox.all()} == {MessageState.PENDING}
    assert odd.count("gettoken") == 1
    assert odd.count("message/send") == 0


@one_database
def test_an_address_that_is_not_trusted_costs_one_message_and_not_all_of_them(outbox: Outbox, odd: OddPlatform) -> None:
    messages = [outbox.put() for _ in range(20)]
    odd.tell("message/send", said(errcode=60020, errmsg="not allow to access from your ip"))
    assert [deliver_due(), deliver_due()] == [1, 0]
    assert [outbox.get(message_id).state for message_id in messages].count(MessageState.FAILED) == 1
    forget_trouble()
    odd.tell("message/send", said(errcode=0, msgid="m"))
    assert deliver_due() == 19


@one_database
def test_a_closing_waits_until_our_address_is_trusted_again(outbox: Outbox, odd: OddPlatform) -> None:
    """L11: nobody can send it again, and until it leaves the button is live. So does the recall that goes with it."""
    card = outbox.put(state=MessageState.SENT, sent_at=utc_now(), response_code="c", platform_message_id="m")
    closing = outbox.put_closing(card, card=RECALLING)
    for path in ("message/update_template_card", "message/recall"):
        odd.tell(path, said(errcode=60020, errmsg="not allow to access from your ip"))
        outbox.change(closing, run_at=START)
        forget_trouble()
        assert deliver_due() == 1
        assert outbox.get(closing).state is MessageState.PENDING
        odd.tell(path, said(errcode=0))
    outbox.change(closing, run_at=START)
    forget_trouble()
    deliver_due()
    assert (outbox.get(closing).state, outbox.get(card).response_code) == (MessageState.SENT, "")


@pytest.mark.parametrize("errmsg", ["a\ud800b", "a\0b"])
def test_an_error_that_no_database_can_hold_is_kept_without_what_it_cannot(
    outbox: Outbox, odd: OddPlatform, errmsg: str
) -> None:
    """Unwritten, the message would be sent again whenever its lease ends."""
    message_id = outbox.put()
    odd.tell("message/send", said(errcode=81013, errmsg=errmsg))
    deliver_due()
    assert (outbox.get(message_id).state, outbox.get(message_id).error) == (MessageState.FAILED, "81013 a b")


@one_database
def test_a_reminder_whose_hour_cannot_be_told_is_put_off_like_any_that_fails(outbox: Outbox, odd: OddPlatform) -> None:
    message_id = outbox.put(reminds_of=[], run_at=START)

    def fails(_now: datetime) -> datetime:
        raise RuntimeError

    assert deliver_next(START, fails)
    row = outbox.get(message_id)
    assert (row.state, row.attempts, row.error) == (MessageState.PENDING, 1, "RuntimeError")


@one_database
def test_a_message_that_cannot_even_be_written_is_put_off_and_its_text_is_not_logged(
    outbox: Outbox, odd: OddPlatform, caplog: pytest.LogCaptureFixture
) -> None:
    message_id = outbox.put(card={"title": "护理系教师工作群", "unknown": 1, "rows": []})
    deliver_due()
    row = outbox.get(message_id)
    assert (row.state, row.error) == (MessageState.PENDING, "TypeError")
    assert f"message {message_id}" in caplog.text
    assert "护理系" not in caplog.text


@one_database
def test_nothing_about_a_person_is_logged(outbox: Outbox, odd: OddPlatform, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    outbox.put(recipient_user_id="zhang.san")
    odd.tell("message/send", said(errcode=40003, errmsg="invalid UserID : zhang.san"))
    deliver_due()
    assert "40003" in caplog.text
    assert "zhang.san" not in caplog.text


def test_two_workers_never_take_the_same_message(app: Flask, outbox: Outbox, odd: OddPlatform) -> None:
    for _ in range(20):
        outbox.put()
    start = threading.Barrier(4)

    def work() -> None:
        start.wait(10)
        with app.app_context():
            deliver_due()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert odd.count("message/send") == len(set(odd.bodies("message/send"))) == 20


def _deliver_in_a_process(database_url: str, folder: str, wecom: WeComSettings) -> None:
    app = create_app(make_settings(database_url, Path(folder), wecom))
    with app.app_context():
        deliver_due()


def test_a_worker_killed_after_sending_leaves_a_message_that_is_sent_again_the_same(
    app: Flask, outbox: Outbox, odd: OddPlatform, database_url: str, tmp_path: Path
) -> None:
    arrived = threading.Event()

    def never_answered(call: Call) -> Answer:
        arrived.set()
        odd.released.wait(30)
        return said(errcode=0)

    odd.tell("message/send", never_answered)
    message_id = outbox.put()
    process = multiprocessing.get_context("spawn").Process(
        target=_deliver_in_a_process, args=(database_url, str(tmp_path), app.config["SETTINGS"].wecom)
    )
    process.start()
    assert arrived.wait(30)
    process.kill()
    process.join()
    odd.tell("message/send", said(errcode=0, msgid="m-2"))
    assert outbox.get(message_id).state is MessageState.SENDING
    assert deliver_due() == 0
    assert deliver_due(utc_now() + 61 * SECOND) == 1
    assert outbox.get(message_id).state is MessageState.SENT
    first, second = odd.bodies("message/send")
    assert first == second


def test_an_outcome_is_not_written_over_another_workers(app: Flask, outbox: Outbox, odd: OddPlatform) -> None:
    message_id = outbox.put()

    def taken_over_meanwhile(_call: Call) -> Answer:
        with app.app_context():
            outbox.change(message_id, lease_token="another worker's")
        return said(errcode=81013)

    odd.tell("message/send", taken_over_meanwhile)
    assert deliver_next(utc_now())
    row = outbox.get(message_id)
    assert (row.state, row.lease_token, row.attempts) == (MessageState.SENDING, "another worker's", 0)


def test_the_right_to_change_a_card_is_kept_though_another_worker_has_it_meanwhile(
    outbox: Outbox, odd: OddPlatform
) -> None:
    """That one is told that the platform knows the message, and nothing more."""
    message_id = outbox.put()
    odd.tell("message/send", said(errcode=0, msgid="m", response_code="c"))
    first = claim(utc_now(), Urgency.ORDINARY)
    assert first is not None
    outbox.change(message_id, lease_until=START)
    second = claim(utc_now(), Urgency.ORDINARY)
    assert second is not None
    now = utc_now()
    delivery._record(first, delivery._outcome(first, now), now)
    odd.tell("message/send", said(errcode=42014))
    delivery._record(second, delivery._outcome(second, now), now)
    row = outbox.get(message_id)
    assert (row.state, row.attempts, row.platform_message_id) == (MessageState.SENT, 1, "m")
    assert row.response_code == "c"


@one_database
def test_what_the_platform_took_is_written_down_though_the_database_is_away_for_a_while(
    outbox: Outbox, odd: OddPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sent a second time, it would be a second message to whoever does not know the first one's id."""
    message_id, tries = outbox.put(), []

    @contextmanager
    def away_at_first() -> Iterator[Session]:
        tries.append(1)
        if len(tries) < 3:
            raise OperationalError("UPDATE", {}, Exception("gone"))
        with unit_of_work() as session:
            yield session

    monkeypatch.setattr(delivery, "unit_of_work", away_at_first)
    monkeypatch.setattr(delivery, "LOOK_AGAIN", 0.01)
    assert deliver_next(utc_now())
    assert outbox.get(message_id).state is MessageState.SENT
    assert odd.count("message/send") == 1


def test_without_a_look_the_same_is_delivered_and_nothing_while_the_app_is_refused(
    outbox: Outbox, odd: OddPlatform
) -> None:
    """Claimed then, a message would be put to a platform that fails it at once."""
    assert not deliver_next(utc_now(), look=False)
    odd.tell("message/send", said(errcode=60020, errmsg="not allow to access from your ip"))
    failed, waits = outbox.put(), outbox.put()
    assert deliver_next(utc_now(), look=False)
    assert not deliver_next(utc_now(), look=False)
    assert outbox.get(failed).state is MessageState.FAILED
    assert (outbox.get(waits).state, outbox.get(waits).tried_at) == (MessageState.PENDING, None)
    forget_trouble()
    odd.tell("message/send", said(errcode=0, msgid="m"))
    assert deliver_next(utc_now(), look=False)
    assert outbox.get(waits).state is MessageState.SENT


def test_an_empty_outbox_takes_no_lock(outbox: Outbox, counted: Any) -> None:
    assert not deliver_next(utc_now())
    assert not deliver_next(utc_now())
    # What the day has used up is counted once in a while.
    assert len(counted.statements) == 4
    assert all(statement.startswith("SELECT") for statement in counted.statements)


@one_database
class TestClosing:
    """The end of a card that asked for a decision."""

    @pytest.fixture
    def sent(self, outbox: Outbox, simulated: Handle) -> int:
        """A card on the phone."""
        message_id = outbox.put()
        deliver_due()
        return message_id

    def test_a_decided_card_reads_the_outcome_and_its_right_is_spent(
        self, outbox: Outbox, simulated: Handle, sent: int
    ) -> None:
        closing = outbox.put_closing(sent)
        deliver_due()
        assert shown(simulated) == [(CARD.title, "同意 · 张主任")]
        assert outbox.get(closing).state is MessageState.SENT
        assert outbox.get(sent).response_code == ""

    def test_the_right_that_came_with_the_tap_is_used_first(self, outbox: Outbox, simulated: Handle, sent: int) -> None:
        with simulated.state.lock:
            (message,) = simulated.state.mailbox.messages.values()
            code = simulated.state.mailbox.new_code(message, now=simulated.state.now())
        outbox.put_closing(sent, response_code=code)
        deliver_due()
        assert shown(simulated) == [(CARD.title, "同意 · 张主任")]
        assert outbox.get(sent).response_code

    def test_when_the_taps_right_is_spent_the_cards_is_used(self, outbox: Outbox, simulated: Handle, sent: int) -> None:
        closing = outbox.put_closing(sent, response_code="spent")
        deliver_due()
        assert shown(simulated) == [(CARD.title, "同意 · 张主任")]
        assert outbox.get(closing).state is MessageState.SENT
        assert outbox.get(sent).response_code == ""

    def test_when_every_right_is_spent_the_card_is_closed_already(
        self, outbox: Outbox, simulated: Handle, sent: int
    ) -> None:
        outbox.change(sent, response_code="spent as well")
        closing = outbox.put_closing(sent, response_code="spent")
        deliver_due()
        assert outbox.get(closing).state is MessageState.SENT

    def test_a_card_whose_right_has_lapsed_stays_as_it_is(self, outbox: Outbox, simulated: Handle, sent: int) -> None:
        outbox.change(sent, sent_at=utc_now() - 73 * HOUR)
        closings = [
            outbox.put_closing(sent),
            outbox.put_closing(sent, response_code="old", created_at=utc_now() - 73 * HOUR),
        ]
        deliver_due()
        assert {outbox.get(closing).state for closing in closings} == {MessageState.CANCELLED}

    def test_a_card_that_is_to_be_recalled_says_what_happened_and_leaves_the_phone(
        self, outbox: Outbox, simulated: Handle, sent: int
    ) -> None:
        """L11: what a client that does not take it back still shows is harmless."""
        closing = outbox.put_closing(sent, card=RECALLING)
        deliver_due()
        assert shown(simulated) == []
        with simulated.state.lock:
            (message,) = simulated.state.mailbox.messages.values()
            assert (message.recalled_at is not None, message.copies[MEMBER].dead_button) == (True, "已撤回")
        assert outbox.get(closing).state is MessageState.SENT
        assert outbox.get(sent).response_code == ""

    def test_a_card_older_than_a_day_is_not_recalled_and_only_says_what_happened(
        self, outbox: Outbox, simulated: Handle, sent: int
    ) -> None:
        outbox.change(sent, sent_at=utc_now() - 25 * HOUR)
        closing = outbox.put_closing(sent, card=RECALLING)
        deliver_due()
        assert shown(simulated) == [(CARD.title, "已撤回")]
        with simulated.state.lock:
            assert simulated.state.calls.counts["message/recall"] == 0
        assert outbox.get(closing).state is MessageState.SENT

    def test_a_card_without_any_right_is_recalled_all_the_same(
        self, outbox: Outbox, simulated: Handle, sent: int
    ) -> None:
        outbox.change(sent, response_code="")
        closing = outbox.put_closing(sent, card=RECALLING)
        deliver_due()
        assert shown(simulated) == []
        assert outbox.get(closing).state is MessageState.SENT

    @pytest.mark.parametrize(("errcode", "state"), [(42052, MessageState.SENT), (-1, MessageState.PENDING)])
    def test_a_recall_that_is_refused_leaves_a_harmless_card_and_one_that_may_pass_is_tried_again(
        self, outbox: Outbox, simulated: Handle, sent: int, errcode: int, state: MessageState
    ) -> None:
        with simulated.state.lock:
            simulated.state.faults.add(Fault("message/recall", errcode=errcode))
        closing = outbox.put_closing(sent, card=RECALLING)
        deliver_due()
        assert shown(simulated) == [(CARD.title, "已撤回")]
        assert outbox.get(closing).state is state
        outbox.change(closing, run_at=utc_now())
        deliver_due()
        assert outbox.get(closing).state is MessageState.SENT
        assert len(shown(simulated)) == (1 if errcode == 42052 else 0)

    def test_a_card_without_any_right_stays_as_it_is(self, outbox: Outbox, simulated: Handle, sent: int) -> None:
        outbox.change(sent, response_code="")
        closing = outbox.put_closing(sent)
        deliver_due()
        assert outbox.get(closing).state is MessageState.CANCELLED


@one_database
@pytest.mark.parametrize("state", UNDER_WAY)
def test_a_closing_waits_for_its_card_without_counting(outbox: Outbox, odd: OddPlatform, state: MessageState) -> None:
    later = utc_now() + HOUR
    card = outbox.put(state=state, run_at=later, lease_until=later)
    closing = outbox.put_closing(card, run_at=START)
    assert deliver_due(START) == 1
    row = outbox.get(closing)
    assert (row.state, row.attempts, row.run_at) == (MessageState.PENDING, 0, later + 3 * SECOND)


@one_database
@pytest.mark.parametrize("state", [MessageState.FAILED, MessageState.CANCELLED])
def test_a_closing_of_a_card_that_was_never_sent_is_cancelled(
    outbox: Outbox, odd: OddPlatform, state: MessageState
) -> None:
    closing = outbox.put_closing(outbox.put(state=state))
    deliver_due()
    assert outbox.get(closing).state is MessageState.CANCELLED
    assert odd.calls == []


@one_database
def test_a_closing_that_fails_is_tried_again_like_any_message(outbox: Outbox, odd: OddPlatform) -> None:
    card = outbox.put(state=MessageState.SENT, response_code="right", sent_at=START)
    closing = outbox.put_closing(card, **DUE)
    odd.tell("message/update_template_card", said(errcode=45009))
    deliver_due(START)
    assert outbox.get(closing).run_at == START + 30 * SECOND
    assert outbox.get(card).response_code == "right"


@one_database
def test_a_closing_whose_recipient_is_gone_fails(outbox: Outbox, odd: OddPlatform) -> None:
    card = outbox.put(state=MessageState.SENT, response_code="right", sent_at=utc_now())
    closing = outbox.put_closing(card)
    odd.tell("message/update_template_card", said(errcode=0, invaliduser=[MEMBER]))
    deliver_due()
    assert outbox.get(closing).state is MessageState.FAILED


@one_database
def test_a_notice_is_sent_as_one(outbox: Outbox, simulated: Handle) -> None:
    notice = outbox.put(MessageKind.NOTICE, card={**CARD.stored(), "decides": False})
    deliver_due()
    assert outbox.get(notice).state is MessageState.SENT
    assert outbox.get(notice).response_code == ""
