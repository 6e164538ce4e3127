"""Workers that die or are stopped in the middle of what they do: real processes, since nothing else can be killed."""

import signal

import pytest
from sqlalchemy import func, select

from extensions import db
from models import Message, MessageState
from tests.processes.filings import FILINGS, Post, settle, submitted
from tests.processes.harness import Stage, end, until

#: So many threads of a worker deliver.
THREADS = 4

both_databases = pytest.mark.parametrize("stage", ["sqlite", "postgresql"], indirect=True, scope="module")


@both_databases
def test_a_worker_killed_amid_two_hundred_filings_leaves_no_message_out_and_sends_none_twice(stage: Stage) -> None:
    submitted(stage, settle(stage))
    assert stage.states() == {MessageState.PENDING: FILINGS}
    victim, other = stage.worker(), stage.worker()
    until(lambda: sum(stage.ask("copies")["copies"].values()) > FILINGS // 4)
    # Whatever is sent now is on its phone at once, and its sender does not hear of it: so both have their hands full.
    stage.order("faults", path="message/send", delay_ms=1500, times=2 * THREADS, after=True)
    until(stage.held)
    victim.kill()
    victim.wait()
    stage.check_each_arrived_once()
    with stage.app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Message)) == FILINGS
    repeated = stage.ask("copies")["duplicates"]
    assert len(repeated) >= THREADS  # what the victim had in hand was on the phones, and was sent again
    assert end(other) == 0


def test_a_worker_asked_to_stop_finishes_the_messages_in_hand(stage: Stage) -> None:
    settle(stage)
    post = Post(stage)
    stage.order("faults", path="message/send", delay_ms=700, times=THREADS)
    post.put(3 * THREADS)
    worker = stage.worker()
    until(stage.held)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(20) == 0
    assert stage.states() == {MessageState.SENT: THREADS, MessageState.PENDING: 2 * THREADS}
    assert sum(stage.ask("copies")["copies"].values()) == THREADS
    # The next one does the rest.
    stage.worker()
    stage.check_each_arrived_once()
