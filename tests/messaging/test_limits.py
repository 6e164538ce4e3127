"""In order of need, and within what the platform lets through: nothing it would drop is ever sent."""

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from extensions import db
from messaging import limits
from messaging.claiming import bring_forward
from messaging.delivery import deliver_due, deliver_next
from messaging.tallies import day_of
from models import FORMAT, Message, MessageKind, MessageState, MessageTally, Urgency, utc_now
from models.database import unit_of_work
from simulator.server import Handle
from tests.messaging.conftest import CARD, MEMBER, Outbox, one_database
from tests.messaging.odd_platform import Answer, Call, OddPlatform, said

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
#: Not one of the minutes that campaigns keep clear of.
START = datetime(2026, 3, 2, 1, 35, tzinfo=UTC)
DUE: dict[str, Any] = {"created_at": START, "run_at": START}
NOTICE = {**CARD.stored(), "decides": False}
CAMPAIGN: dict[str, Any] = {"kind": MessageKind.NOTICE, "card": NOTICE, "urgency": Urgency.CAMPAIGN, **DUE}


def order_of(odd: OddPlatform, *message_ids: int) -> list[int]:
    """The messages by when they were put to the platform."""
    bodies = odd.bodies("message/send")
    tasks = {message_id: db.session.get_one(Message, message_id).task_id.encode() for message_id in message_ids}
    return sorted(message_ids, key=lambda each: next(i for i, body in enumerate(bodies) if tasks[each] in body))


def test_what_somebody_waits_for_leaves_before_news_and_both_before_a_campaign(
    outbox: Outbox, odd: OddPlatform
) -> None:
    campaign = outbox.put(**{**CAMPAIGN, "run_at": START - HOUR, "recipient_user_id": "other"})
    news = outbox.put(run_at=START - MINUTE, urgency=Urgency.ORDINARY)
    urgent = outbox.put(run_at=START, urgency=Urgency.URGENT)
    assert deliver_due(START) == 3
    assert order_of(odd, campaign, news, urgent) == [urgent, news, campaign]


def test_nobody_gets_more_in_a_minute_than_the_platform_lets_through(outbox: Outbox, simulated: Handle) -> None:
    """E61: the thirty-first would be dropped without a word; it waits, and holds up nobody else."""
    many = [outbox.put(**DUE) for _ in range(70)]
    with simulated.state.lock:
        simulated.state.directory.put({"userid": "another", "name": "另一人", "departments": [8]})
    other = outbox.put(recipient_user_id="another", **{**DUE, "run_at": START + SECOND})
    now, delivered = START + SECOND, []
    while any(row.state is MessageState.PENDING for row in outbox.all()):
        delivered.append(deliver_due(now))
        assert outbox.get(other).state is MessageState.SENT
        later = min((row.run_at for row in outbox.all() if row.state is MessageState.PENDING), default=now)
        with simulated.state.lock:
            simulated.state.advance((later - now).total_seconds())
        now = later
    assert delivered == [31, 30, 10]
    assert all(outbox.get(message_id).attempts == 1 for message_id in many)
    with simulated.state.lock:
        assert len(simulated.state.mailbox.of(MEMBER)) == 70
        assert not any(message.dropped for message in simulated.state.mailbox.messages.values())


def test_a_thousand_that_wait_for_one_person_are_put_off_at_once(
    outbox: Outbox, odd: OddPlatform, counted: Any
) -> None:
    """E61: not one by one, each in a transaction of its own."""
    for _ in range(30):
        outbox.put(tried_at=START, state=MessageState.SENT)
    with unit_of_work() as session:
        session.add_all(_row(outbox, number) for number in range(1000))
    counted.statements.clear()
    assert deliver_due(START + SECOND) == 0
    assert len(counted.statements) < 20
    waiting = {row.run_at for row in outbox.all() if row.state is MessageState.PENDING}
    assert waiting == {START + 75 * SECOND + timedelta(milliseconds=1)}


def _row(outbox: Outbox, number: int) -> Message:
    return Message(
        event_key=f"many:{number}",
        task_id=f"many{number}",
        kind=MessageKind.NOTICE,
        platform="wecom",
        recipient_id=outbox.person_id,
        recipient_user_id=MEMBER,
        card=NOTICE,
        **DUE,
    )


@one_database
def test_what_is_tried_again_counts_a_second_time(outbox: Outbox, odd: OddPlatform) -> None:
    """E61: all thirty may have arrived, though no answer came."""
    for _ in range(30):
        outbox.put(**DUE)
    odd.tell("message/send", Answer(status=504))
    assert deliver_due(START) == 30
    assert deliver_due(START + 30 * SECOND) == 0
    assert {row.run_at for row in outbox.all()} == {START + 75 * SECOND + timedelta(milliseconds=1)}
    odd.tell("message/send", said(errcode=0, msgid="m"))
    assert deliver_due(START + 76 * SECOND) == 30


@one_database
def test_what_waited_for_days_before_it_was_first_tried_has_its_tries(outbox: Outbox, odd: OddPlatform) -> None:
    message_id = outbox.put(created_at=START - 96 * HOUR, run_at=START)
    odd.tell("message/send", said(errcode=-1))
    deliver_due(START)
    assert outbox.get(message_id).state is MessageState.PENDING


@one_database
def test_a_thousand_in_an_hour_are_the_limit_too(outbox: Outbox, odd: OddPlatform) -> None:
    """E61."""
    with unit_of_work() as session:
        for number in range(1000):
            row = _row(outbox, number)
            row.state, row.tried_at = MessageState.SENT, START + number * 3 * SECOND
            session.add(row)
    late = outbox.put(created_at=START, run_at=START + 3000 * SECOND)
    assert deliver_due(START + 3000 * SECOND) == 0
    assert outbox.get(late).run_at == START + HOUR + 15 * SECOND + timedelta(milliseconds=1)
    assert deliver_due(outbox.get(late).run_at) == 1


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_two_who_ask_at_once_do_not_both_take_the_last_room(app: Flask, outbox: Outbox, odd: OddPlatform) -> None:
    """E61."""
    for _ in range(29):
        outbox.put(tried_at=START, state=MessageState.SENT)
    for _ in range(8):
        outbox.put(**DUE)
    together = threading.Barrier(8)

    def work() -> None:
        with app.app_context():
            together.wait()
            deliver_due(START + SECOND)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(odd.bodies("message/send")) == 1


def test_what_only_changes_a_card_is_no_message_and_has_no_limit(outbox: Outbox, odd: OddPlatform) -> None:
    cards = [outbox.put(state=MessageState.SENT, tried_at=START, sent_at=START, response_code="c") for _ in range(30)]
    closings = [outbox.put_closing(card, **DUE) for card in cards]
    assert deliver_due(START + SECOND) == 30
    assert {outbox.get(closing).state for closing in closings} == {MessageState.SENT}
    later = outbox.put(run_at=START + 76 * SECOND)
    for closing in closings:
        outbox.change(closing, tried_at=START + 76 * SECOND)
    assert deliver_due(START + 76 * SECOND) == 1
    assert outbox.get(later).state is MessageState.SENT


def test_a_campaign_is_spread_over_minutes_and_leaves_the_crowded_ones_clear(outbox: Outbox, odd: OddPlatform) -> None:
    """E61: a hundred a minute, none of them on the hour or the half-hour, and news pass them by."""
    for number in range(250):
        outbox.put(**{**CAMPAIGN, "recipient_user_id": f"person{number}"})
    assert deliver_due(START) == 100
    outbox.put(run_at=START, recipient_user_id="somebody")
    assert deliver_due(START + SECOND) == 1
    assert deliver_due(START + MINUTE) == 100
    half_past = START.replace(minute=30) + HOUR
    assert deliver_due(half_past) == 50
    assert len(odd.bodies("message/send")) == 201
    assert {row.run_at for row in outbox.all() if row.state is MessageState.PENDING} == {half_past + MINUTE}


def test_several_of_a_campaign_reach_one_person_as_one_digest(outbox: Outbox, simulated: Handle) -> None:
    """E61, F28."""
    first, second, third = (
        outbox.put(**{**CAMPAIGN, "card": {**NOTICE, "title": title}}) for title in ("甲群", "乙群", "丙群")
    )
    assert deliver_due(START) == 1
    assert outbox.get(first).state is MessageState.SENT
    carried = [outbox.get(each) for each in (second, third)]
    assert {(row.state, row.carried_by_id) for row in carried} == {(MessageState.CANCELLED, first)}
    with simulated.state.lock:
        ((_, copy),) = simulated.state.mailbox.of(MEMBER)
    assert copy.content["main_title"] == {"title": "消息汇总", "desc": "您有3条新消息"}
    assert copy.content["sub_title_text"] == "甲群、乙群、丙群"
    assert copy.content["card_action"]["url"].endswith("/messages")


def test_a_digest_that_was_tried_goes_out_again_as_it_was(outbox: Outbox, odd: OddPlatform) -> None:
    """E61: what comes later does not change a body that may have arrived."""
    for _ in range(2):
        outbox.put(**CAMPAIGN)
    odd.tell("message/send", Answer(status=500))
    assert deliver_due(START) == 1
    later = outbox.put(**CAMPAIGN)
    odd.tell("message/send", said(errcode=0, msgid="m"))
    assert deliver_due(START + 30 * SECOND) == 2
    first, second, third = odd.bodies("message/send")
    assert sum(body == first for body in (second, third)) == 1
    assert outbox.get(later).state is MessageState.SENT


def test_a_digest_put_off_by_night_gathers_what_the_night_brings(outbox: Outbox, odd: OddPlatform) -> None:
    """F28: in the morning there is one."""
    first = outbox.put(**CAMPAIGN, reminds_of=[])
    second = outbox.put(**CAMPAIGN, reminds_of=[])
    morning = START + 10 * HOUR
    assert deliver_next(START, lambda _: morning)
    assert not deliver_next(START, lambda _: morning)
    third = outbox.put(**{**CAMPAIGN, "run_at": START - HOUR}, reminds_of=[])
    assert deliver_next(START, lambda _: morning)
    assert deliver_due(morning) == 1
    told = [outbox.get(each) for each in (first, second, third)]
    assert [row.state for row in told].count(MessageState.SENT) == 1
    carrier = next(row.id for row in told if row.state is MessageState.SENT)
    assert [row.carried_by_id for row in told if row.id != carrier] == [carrier, carrier]


def used(count: int, at: datetime) -> None:
    """As when so many have been put to the platform on that day."""
    with unit_of_work() as session:
        session.add(MessageTally(day=day_of(at), worker="another", tried=count, sent=count))


@one_database
@pytest.mark.parametrize(("part", "leave"), [(0.89, {0, 1, 2}), (0.9, {0, 1}), (1.0, set())])
def test_what_is_left_of_a_day_is_kept_for_those_who_need_it(
    outbox: Outbox, odd: OddPlatform, part: float, leave: set[int]
) -> None:
    """E61: two hundred for each account and day; what is over is dropped without a word."""
    used(int(part * limits.PER_ACCOUNT * limits.FEWEST_ACCOUNTS), START)
    for urgency in Urgency:
        outbox.put(**{**CAMPAIGN, "urgency": urgency, "recipient_user_id": f"person{urgency}"})
    deliver_due(START)
    assert {row.urgency for row in outbox.all() if row.state is MessageState.SENT} == leave


def test_cards_are_closed_though_the_day_is_used_up(outbox: Outbox, odd: OddPlatform) -> None:
    """E61: that is no message, and a button must not stay."""
    card, other = (outbox.put(state=MessageState.SENT, sent_at=START, response_code=code) for code in "ab")
    waits = outbox.put(**DUE)
    left = outbox.put(state=MessageState.SENDING, lease_until=START - HOUR)
    closing = outbox.put_closing(card, **DUE)
    left_closing = outbox.put_closing(other, state=MessageState.SENDING, lease_until=START - HOUR)
    used(limits.PER_ACCOUNT * limits.FEWEST_ACCOUNTS, START)
    assert deliver_due(START) == 2
    assert {outbox.get(each).state for each in (closing, left_closing)} == {MessageState.SENT}
    assert [outbox.get(each).attempts for each in (waits, left)] == [0, 0]


@one_database
def test_a_new_day_has_all_of_its_messages_again(outbox: Outbox, odd: OddPlatform) -> None:
    """E61: the day is the college's."""
    before_midnight = datetime(2026, 3, 2, 15, 59, tzinfo=UTC)
    used(limits.PER_ACCOUNT * limits.FEWEST_ACCOUNTS, before_midnight)
    outbox.put(**DUE)
    assert deliver_due(before_midnight) == 0
    assert deliver_due(before_midnight + MINUTE) == 1


def test_what_the_workers_did_is_counted(outbox: Outbox, odd: OddPlatform) -> None:
    """F27."""
    outbox.put(**DUE)
    outbox.put(recipient_user_id="nobody", **DUE)
    outbox.put(recipient_user_id="later", **DUE)

    def answer(call: Call) -> Answer:
        if b'"nobody"' in call.body:
            return said(errcode=81013)
        return said(errcode=-1) if b'"later"' in call.body else said(errcode=0, msgid="m")

    odd.tell("message/send", answer)
    deliver_due(START)
    (row,) = db.session.query(MessageTally).all()
    assert (row.day, row.tried, row.sent, row.failed) == (day_of(START), 3, 1, 1)


def test_a_row_that_a_newer_version_wrote_is_left_to_it(outbox: Outbox, odd: OddPlatform) -> None:
    newer = outbox.put(format=FORMAT + 1, **DUE)
    left = outbox.put(format=FORMAT + 1, state=MessageState.SENDING, lease_until=START - HOUR)
    campaign = outbox.put(**{**CAMPAIGN, "format": FORMAT + 1})
    outbox.put(**CAMPAIGN)
    assert deliver_due(START) == 1
    assert {outbox.get(each).attempts for each in (newer, left, campaign)} == {0}
    assert outbox.get(campaign).carried_by_id is None


def test_a_row_that_the_version_before_wrote_is_delivered(outbox: Outbox, odd: OddPlatform) -> None:
    """It names none of the columns that came since."""
    columns = "event_key, task_id, kind, platform, recipient_id, recipient_user_id, card, state, attempts, created_at, "
    columns += "run_at, error, platform_message_id, response_code"
    values = ":key, :key, 'request', 'wecom', :person, :user, :card, 'pending', 0, :now, :now, '', '', ''"
    given = {"key": "of-before", "person": outbox.person_id, "user": MEMBER, "now": utc_now()}
    stored = '{"title": "甲群", "lead": "请审核", "path": "/filings/1", "rows": [], "text": "", "decides": true}'
    with unit_of_work() as session:
        insert = text(f"INSERT INTO messages ({columns}) VALUES ({values})")
        session.execute(insert, {**given, "card": stored})
    assert deliver_due(utc_now() + SECOND) == 1
    (row,) = outbox.all()
    assert (row.state, row.urgency) == (MessageState.SENT, Urgency.ORDINARY)


def failed_at(outbox: Outbox, at: datetime, **values: Any) -> int:
    """A message that the platform, being away, did not take then; it waits for the next day."""
    return outbox.put(
        **{"created_at": START, "tried_at": at, "attempts": 5, "error": "ConnectionError", **values},
        run_at=at + 24 * HOUR,
    )


def test_what_waits_since_the_platform_was_away_leaves_once_it_is_back(outbox: Outbox, odd: OddPlatform) -> None:
    waits = failed_at(outbox, START)
    card = outbox.put(state=MessageState.SENT, tried_at=START, sent_at=START - HOUR, response_code="c")
    odd.tell("message/update_template_card", Answer(status=500))
    closing = outbox.put_closing(card, attempts=4, **DUE)
    assert deliver_due(START) == 1
    busy = failed_at(outbox, START, error="-1 system busy", errcode=-1)
    throttled = failed_at(outbox, START, error="45009 too often", errcode=45009)
    mended = failed_at(outbox, START, error="40056 invalid agentid", errcode=40056)
    tried_often = failed_at(outbox, START, attempts=12)
    lately = failed_at(outbox, START + HOUR - MINUTE)
    now = START + HOUR
    bring_forward(now)
    assert outbox.get(waits).run_at > now
    outbox.put(state=MessageState.SENT, sent_at=now)
    bring_forward(now)
    assert {outbox.get(each).run_at for each in (waits, busy, throttled, mended, closing)} == {now}
    assert min(outbox.get(each).run_at for each in (lately, tried_often)) > now


def test_a_message_that_alone_cannot_be_taken_keeps_its_wait_after_the_others(outbox: Outbox, odd: OddPlatform) -> None:
    """Brought forward once, it is tried, and then counts its waits again."""
    outbox.put(state=MessageState.SENT, sent_at=START + MINUTE)
    alone = failed_at(outbox, START)
    odd.tell("message/send", Answer(status=500))
    bring_forward(START + HOUR)
    assert deliver_due(START + HOUR) == 1
    for minute in range(1, 11):
        bring_forward(START + HOUR + minute * MINUTE)
    assert outbox.get(alone).run_at == START + 25 * HOUR
