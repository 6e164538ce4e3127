"""Web processes that die or are two on one database: what people and the platform send again is done once."""

import contextlib
import queue
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from urllib.parse import urlencode

import pytest
import requests
from sqlalchemy import func, select

from extensions import db
from models import AuditEntry, Decision, Filing, FilingState, Message, MessageKind, Step
from operations.drafts import fingerprint
from script.bench_load import Request
from script.bench_tasks import signed_in, tap
from tests.processes.filings import FILINGS, Unit, card_on_phone, drafts, settle
from tests.processes.harness import PATIENCE, Server, Stage, until

CLIENTS = 8


@pytest.fixture(scope="module")
def units(stage: Stage) -> list[Unit]:
    return settle(stage)


@pytest.fixture(scope="module")
def server(stage: Stage, units: list[Unit]) -> Iterator[Server]:
    """The service with two web processes; a worker of its own delivers what they write."""
    stage.worker()
    with stage.server(workers=2) as server:
        yield server


def on(kind: str) -> pytest.MarkDecorator:
    """The database of a test. The other kind would cost seconds more and be asked nothing else."""
    return pytest.mark.parametrize("stage", [kind], indirect=True, scope="module")


@on("sqlite")
def test_two_hundred_filings_are_sent_once_though_web_processes_are_killed(
    stage: Stage, units: list[Unit], server: Server
) -> None:
    waiting: queue.SimpleQueue[Request] = queue.SimpleQueue()
    for request in confirmations(stage, drafts(stage, units)):
        waiting.put(request)
    repeats: list[str] = []
    with ThreadPoolExecutor(CLIENTS) as pool:
        clients = [pool.submit(press_until_answered, server, waiting, repeats) for _ in range(CLIENTS)]
        for left in (2 * FILINGS // 3, FILINGS // 3):
            until(lambda left=left: waiting.qsize() < left or any(map(Future.done, clients)), "so many presses")
            server.kill_one()
        for client in clients:
            client.result()
    assert repeats  # somebody was without an answer and pressed again
    with stage.app.app_context():
        assert count(Filing, Filing.state == FilingState.IN_REVIEW) == FILINGS
        assert count(Step) == 2 * FILINGS
        assert count(Message) == FILINGS
        assert count(AuditEntry, AuditEntry.action == "filing.submit") == FILINGS
    stage.check_each_arrived_once()


@on("postgresql")
def test_one_tap_pushed_ten_times_to_two_hosts_decides_once(stage: Stage, units: list[Unit], server: Server) -> None:
    filing_id, task_id = card_on_phone(stage, units[0], "990000000")
    until(stage.settled, "that the card arrived")
    pushed = tap(stage.settings.wecom, units[0].head, task_id)
    with stage.server() as other:
        at_once = threading.Barrier(10)

        def push(to: Server) -> int:
            at_once.wait(PATIENCE)
            return requests.post(f"{to.url}{pushed.path}", data=pushed.body, timeout=PATIENCE).status_code

        with ThreadPoolExecutor(10) as pool:
            assert list(pool.map(push, [server, other] * 5)) == [200] * 10
    stage.check_each_arrived_once()
    with stage.app.app_context():
        assert db.session.get_one(Filing, filing_id).state is FilingState.APPROVED
        assert count(Decision, Decision.step_id.in_(select(Step.id).where(Step.filing_id == filing_id))) == 1
        told = Counter(db.session.scalars(select(Message.kind).where(Message.filing_id == filing_id)))
    assert told == {MessageKind.REQUEST: 2, MessageKind.NOTICE: 1, MessageKind.CLOSE: 1}


def count(model: type, *which: object) -> int:
    return db.session.scalar(select(func.count()).select_from(model).where(*which)) or 0


def confirmations(stage: Stage, owners: dict[int, Unit]) -> Iterator[Request]:
    """What each applicant's browser sends from the confirming page of each draft."""
    # Outside of the context: inside, all would be given the first one's token.
    session = {unit.applicant.id: signed_in(stage.app, unit.applicant.id) for unit in set(owners.values())}
    with stage.app.app_context():
        for filing in db.session.scalars(select(Filing).order_by(Filing.id)):
            headers, token = session[owners[filing.id].applicant.id]
            body = urlencode({"csrf_token": token, "promise": "y", "seen": fingerprint(filing)}).encode()
            form = {**headers, "Content-Type": "application/x-www-form-urlencoded"}
            yield Request("POST", f"/filings/{filing.id}/confirm", body, form)


def press_until_answered(server: Server, waiting: queue.SimpleQueue[Request], repeats: list[str]) -> None:
    """One browser after the other: a press that got no answer is repeated, as people do."""
    with contextlib.suppress(queue.Empty), requests.Session() as session:
        while True:
            request = waiting.get_nowait()
            while (answer := pressed(session, server, request)) is None:
                repeats.append(request.path)
                assert len(repeats) < FILINGS, "nobody answers"
            assert (answer.status_code, answer.headers.get("Location")) == (302, request.path.removesuffix("/confirm"))


def pressed(session: requests.Session, server: Server, request: Request) -> requests.Response | None:
    try:
        return session.post(
            f"{server.url}{request.path}",
            data=request.body,
            headers=dict(request.headers),
            timeout=PATIENCE,
            allow_redirects=False,
        )
    except requests.ConnectionError:
        return None
