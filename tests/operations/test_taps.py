"""A tap on a card: acts once for whoever holds the post now, and is answered with the truth in every other case."""

import itertools

import pytest
from flask import Flask

from extensions import db
from messaging.platforms.wecom_callbacks import CardTap
from models import FilingState, Message, MessageKind, MessageState, Outcome, Person, Post, utc_now
from models.filings import Channel
from operations.appointing import appoint
from operations.decisions import decide
from operations.filings import submit, withdraw
from operations.taps import answer_tap
from tests.college import College

EVENTS = itertools.count()


@pytest.fixture(autouse=True)
def _context(context: Flask) -> None:
    """Every test here calls operations directly."""


@pytest.fixture
def filing_id(college: College) -> int:
    """A filing whose card is on the head's phone."""
    filing_id = college.submitted()
    arrive(college)
    return filing_id


def arrive(college: College, user_id: str = "zhangzhuren") -> Message:
    """Put the person's newest card on their phone, as the worker would."""
    message = college.told(user_id)[-1]
    message.state, message.response_code = MessageState.SENT, "code-of-the-send"
    db.session.commit()
    return message


def tap(message: Message, user_id: str = "zhangzhuren", key: str = "approve") -> None:
    number = next(EVENTS)
    answer_tap(CardTap(user_id, message.task_id, key, f"code-of-tap-{number}", f"event-{number}"))


def closings(college: College, user_id: str = "zhangzhuren") -> list[Message]:
    return [message for message in college.told(user_id) if message.kind is MessageKind.CLOSE]


def test_a_tap_of_the_holder_decides_and_the_card_will_say_so(college: College, filing_id: int) -> None:
    tap(college.told("zhangzhuren")[0], "ZhangZhuren")
    filing = college.filing(filing_id)
    assert filing.state is FilingState.APPROVED
    assert filing.steps[0].decision is not None
    assert filing.steps[0].decision.channel is Channel.CARD
    [closing] = closings(college)
    assert closing.card["text"].startswith("已同意 · 张主任 · ")
    assert closing.response_code.startswith("code-of-tap")


def test_every_card_of_the_step_is_closed_whoever_got_it(college: College) -> None:
    appoint("jiwai", "DEPARTMENT_HEAD", "8")
    college.submitted()
    for user_id in ("zhangzhuren", "jiwai"):
        arrive(college, user_id)
    tap(college.told("jiwai")[0], "jiwai")
    assert closings(college)[0].card["text"].startswith("已同意 · 纪外人")
    assert closings(college)[0].response_code == ""
    assert closings(college, "jiwai")[0].response_code.startswith("code-of-tap")


def test_a_card_that_was_not_sent_yet_is_never_sent(college: College) -> None:
    filing_id = college.submitted()
    decide(college.actor("zhangzhuren"), filing_id, Outcome.APPROVED)
    [request] = [m for m in college.told("zhangzhuren") if m.kind is MessageKind.REQUEST]
    assert request.state is MessageState.CANCELLED
    assert closings(college) == []


@pytest.mark.parametrize("state", [MessageState.PENDING, MessageState.FAILED])
def test_a_card_that_arrived_though_its_send_seemed_to_fail_is_closed_when_it_is_tapped(
    college: College, state: MessageState
) -> None:
    filing_id = college.submitted()
    arrive(college).state = state
    db.session.commit()
    tap(college.told("zhangzhuren")[0])
    assert college.filing(filing_id).state is FilingState.APPROVED
    assert [closing.response_code[:11] for closing in closings(college)] == ["code-of-tap"]


@pytest.mark.parametrize("user_id", ["lilaoshi", "sunchuzhang", "wuguanli", "nobody-we-know"])
def test_a_tap_of_somebody_else_changes_nothing_and_their_card_says_so(
    college: College, filing_id: int, user_id: str
) -> None:
    tap(college.told("zhangzhuren")[0], user_id)
    assert college.filing(filing_id).state is FilingState.IN_REVIEW
    [closing] = closings(college)
    assert (closing.card["text"], closing.recipient_user_id) == ("您不是当前审核人，未作处理", user_id)


def test_a_tap_of_somebody_whose_post_has_ended_changes_nothing(college: College, filing_id: int) -> None:
    db.session.query(Post).filter_by(person_id=college.people["zhangzhuren"]).one().ended_at = utc_now()
    db.session.commit()
    tap(college.told("zhangzhuren")[0])
    assert college.filing(filing_id).state is FilingState.IN_REVIEW


def test_a_tap_of_somebody_who_left_changes_nothing(college: College, filing_id: int) -> None:
    db.session.get_one(Person, college.people["zhangzhuren"]).left_at = utc_now()
    db.session.commit()
    tap(college.told("zhangzhuren")[0])
    assert college.filing(filing_id).state is FilingState.IN_REVIEW


def test_a_tap_after_a_decision_on_the_page_tells_that_decision(college: College, filing_id: int) -> None:
    """E15: an old card after somebody else acted: no second decision."""
    message = college.told("zhangzhuren")[0]
    decide(college.actor("zhangzhuren"), filing_id, Outcome.REJECTED, reason="不需要")
    tap(message)
    assert college.filing(filing_id).state is FilingState.REJECTED
    [closing] = closings(college)
    assert closing.card["text"].startswith("不同意 · 张主任")
    assert closing.response_code.startswith("code-of-tap")


def test_a_tap_after_the_card_was_closed_closes_it_again(college: College, filing_id: int) -> None:
    """L11: and it is told the truth each time."""
    message = college.told("zhangzhuren")[0]
    tap(message)
    closings(college)[0].state = MessageState.SENT
    db.session.commit()
    tap(message)
    assert [closing.state for closing in closings(college)] == [MessageState.SENT, MessageState.PENDING]


def test_a_tap_while_its_closing_is_in_hand_brings_one_more(college: College, filing_id: int) -> None:
    """L11: the worker does not see the newer right any more, and its own may be spent."""
    message = college.told("zhangzhuren")[0]
    tap(message)
    [closing] = closings(college)
    closing.state, closing.lease_until = MessageState.SENDING, utc_now()
    db.session.commit()
    tap(message)
    tap(message)
    states = [(closing.state, bool(closing.response_code)) for closing in closings(college)]
    assert states == [(MessageState.SENDING, True), (MessageState.PENDING, True)]


def test_a_tap_after_the_withdrawal_says_so(college: College, filing_id: int) -> None:
    """E15: an old card after the withdrawal."""
    message = college.told("zhangzhuren")[0]
    withdraw(college.actor("lilaoshi"), filing_id)
    tap(message)
    assert college.filing(filing_id).state is FilingState.WITHDRAWN
    assert {"撤回" in closing.card["text"] for closing in closings(college)} == {True}


def test_a_card_of_an_earlier_round_decides_nothing_in_the_next(college: College, filing_id: int) -> None:
    """L11: an old card is harmless."""
    message = college.told("zhangzhuren")[0]
    decide(college.actor("zhangzhuren"), filing_id, Outcome.RETURNED, reason="请补充")
    submit(college.actor("lilaoshi"), filing_id)
    tap(message)
    assert college.filing(filing_id).state is FilingState.IN_REVIEW


@pytest.mark.parametrize("change", [{"task_id": "unknown"}, {"key": "no-such-button"}])
def test_an_unknown_card_or_button_does_nothing(college: College, filing_id: int, change: dict[str, str]) -> None:
    said = {"user_id": "zhangzhuren", "task_id": college.told("zhangzhuren")[0].task_id, "key": "approve"}
    answer_tap(CardTap(**{**said, **change}, response_code="code", event_key="the-event"))
    assert college.filing(filing_id).state is FilingState.IN_REVIEW
    assert closings(college) == []


def test_the_same_event_again_does_nothing(college: College, filing_id: int) -> None:
    event = CardTap("zhangzhuren", college.told("zhangzhuren")[0].task_id, "approve", "code", "the-event")
    answer_tap(event)
    told = len(college.told("zhangzhuren"))
    answer_tap(event)
    assert len(college.told("zhangzhuren")) == told
