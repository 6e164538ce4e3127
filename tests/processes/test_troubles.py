"""Whatever the platform does, every message arrives once: two real workers on one database, through one trouble each.

Real processes, since what they share (a token, a refusal, the turn to fetch) is what is tried here.
"""

import time
from collections.abc import Iterator

import pytest
from sqlalchemy import func, select

from extensions import db
from models import UNDER_WAY, Message, MessageState
from simulator.rates import MINUTE
from tests.processes.filings import Post, settle
from tests.processes.harness import Stage, until
from tests.processes.quick_worker import REFUSED_FOR

FEW = 12


@pytest.fixture(scope="module")
def post(stage: Stage) -> Post:
    """Two workers at work that have a token, with the college's people to write to."""
    settle(stage)
    stage.worker()
    stage.worker()
    post = Post(stage)
    post.put(1)
    stage.check_each_arrived_once()
    return post


@pytest.fixture(autouse=True)
def mended(stage: Stage, post: Post) -> Iterator[None]:
    """Nothing is left of one trouble when the next begins."""
    yield
    stage.mend()
    stage.order("tokens/refuse", errcode=None)
    stage.order("refused-members")


def most_tries(stage: Stage) -> int:
    """How often the message that was tried most of those that wait was tried."""
    waiting = Message.state.in_(UNDER_WAY)
    with stage.app.app_context():
        return db.session.scalar(select(func.max(Message.attempts)).where(waiting)) or 0


AWAY = {
    "down": {"path": "*", "hang_up": True},
    "answering 500": {"path": "*", "http_status": 500},
    "busy": {"path": "*", "errcode": -1},
    "crowded": {"path": "message/send", "errcode": 45033},
}


@pytest.mark.parametrize("how", AWAY)
def test_what_was_written_while_the_platform_was_away_arrives_when_it_is_back(
    stage: Stage, post: Post, how: str
) -> None:
    stage.order("faults", times=None, **AWAY[how])
    post.put(FEW)
    until(lambda: most_tries(stage) > 1, "a second try")
    stage.mend()
    stage.check_each_arrived_once()


def test_an_answer_that_is_lost_lets_nothing_arrive_twice(stage: Stage, post: Post) -> None:
    stage.order("faults", path="message/send", hang_up=True, after=True, times=FEW)
    post.put(FEW)
    until(stage.held, "that all answers were lost")
    stage.check_each_arrived_once()


def test_a_slow_platform_is_waited_for(stage: Stage, post: Post) -> None:
    stage.order("faults", path="message/send", delay_ms=400, times=FEW)
    post.put(FEW)
    stage.check_each_arrived_once()


def test_after_45009_the_rest_of_the_minute_is_waited_for(stage: Stage, post: Post) -> None:
    stage.order("faults", path="message/send", errcode=45009)
    post.put(FEW)
    until(lambda: most_tries(stage) > 1, "a second try")
    stage.order("clock", seconds=MINUTE)
    stage.check_each_arrived_once()


def test_a_token_that_expires_under_load_is_fetched_once(stage: Stage, post: Post) -> None:
    for _ in range(3):
        before, sent = stage.calls("gettoken"), stage.calls("message/send")
        post.put(FEW)
        until(lambda sent=sent: stage.calls("message/send") > sent, "that the first of them left")
        stage.order("tokens/expire")
        post.put(FEW)
        stage.check_each_arrived_once()
        assert stage.calls("gettoken") == before + 1


@pytest.mark.parametrize("errcode", [40014, 42001])
def test_tokens_that_are_refused_for_ever_are_asked_for_now_and_then(stage: Stage, post: Post, errcode: int) -> None:
    stage.order("tokens/refuse", errcode=errcode)
    before, began = stage.calls("gettoken"), time.monotonic()
    post.put(FEW)
    until(lambda: stage.calls("gettoken") > before + 2, "a third token")
    # A fresh one when the first is refused, and no other until that refusal has been forgotten.
    assert stage.calls("gettoken") - before <= 2 * (1 + (time.monotonic() - began) / REFUSED_FOR)
    stage.order("tokens/refuse", errcode=None)
    stage.check_each_arrived_once()


def test_a_secret_that_was_reset_stops_sending_and_is_tried_now_and_then(stage: Stage, post: Post) -> None:
    stage.order("secret", secret="another")
    before, began = stage.calls("gettoken"), time.monotonic()
    post.put(FEW)
    until(lambda: stage.calls("gettoken") > before + 1, "a second try of the secret")
    assert stage.calls("gettoken") - before <= 1 + (time.monotonic() - began) / REFUSED_FOR
    stage.order("secret", secret=stage.settings.wecom.secret)
    stage.check_each_arrived_once()


def test_those_whom_the_platform_refuses_are_marked_and_the_others_get_theirs(stage: Stage, post: Post) -> None:
    to = post.next(FEW)
    gone, unlicensed = to[::3], to[1::3]
    stage.order("refused-members", invalid=gone, unlicensed=unlicensed)
    post.put(FEW)
    stage.check_each_arrived_once()
    with stage.app.app_context():
        columns = (Message.recipient_user_id, Message.attempts, Message.error)
        failed = db.session.execute(select(*columns).where(Message.state == MessageState.FAILED)).all()
    assert {user_id: (tries, error[:5]) for user_id, tries, error in failed} == dict.fromkeys(
        [*gone, *unlicensed], (1, "81013")
    )
