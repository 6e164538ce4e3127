"""How many messages a second several workers deliver, beside as many writers that only write the rows.

Both sides write to one database, in turn. The workers are the service's own command, and everything is theirs: choosing
the next message, the platform's limits, the HTTP call, what became of it. docs/performance.md tells what figures mean.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, insert, select, update

from config import CHECKOUT
from extensions import db
from messaging.cards import Card
from models import UNDER_WAY, Message, MessageKind, MessageState, Person, PlatformIdentity, WorkerHeartbeat, utc_now
from models.database import unit_of_work
from script.bench_directory import college, simulator
from script.bench_platform import TASK_IDS
from script.bench_server import cpu_seconds

PLATFORMS = ("stub", "simulator")
STUB = (sys.executable, "-m", "script.bench_platform")
FLOOR = (sys.executable, "-m", "script.bench_outbox_side")
WORKER = (sys.executable, "-m", "flask", "--app", "app", "run-worker")
#: So many that the limits of the platform, thirty a minute to one member, are not what is measured.
PEOPLE = 1000
#: For each worker, before the clock starts: it loads, compiles its statements and fetches the token.
WARM_UP = 25
#: Seconds between two looks at what was delivered, and after which nothing more is expected.
LOOK, PATIENCE = 0.02, 300
CARD = Card("教师工作群", "备案已登记", "/filings/1", rows=(("备案部门", "示范系"), ("群人数", "46人"))).stored()


@dataclass
class Side:
    """What the rounds of one side measured with so many processes: messages a second, and CPU ms for each."""

    name: str
    processes: int
    rates: list[float] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)

    def note(self, count: int, seconds: float, cpu: float) -> None:
        """Keep what one round measured."""
        self.rates.append(count / seconds)
        self.cpu_ms.append(1000 * cpu / count)


def measure(url: str, environment: Mapping[str, str], options: argparse.Namespace) -> bool:
    """Measure both sides in turn and print the medians; whether every message was sent, once."""
    people = _people()
    sides = [(Side("floor", count), Side("outbox", count)) for count in options.workers]
    with _platform(options.platform, environment) as api_url:
        given = {**environment, "WECOM_API_URL": api_url}
        for _ in range(options.rounds):
            for floor, outbox in sides:
                _write_bare(floor, given, people[0], options.messages)
                _deliver(outbox, given, people, options.messages)
        # The simulator refuses a task id that it has had: nothing arrives twice there.
        once = options.platform != "stub" or _put_once(api_url)
    rounds = f"medians of {options.rounds} rounds of {options.messages} messages"
    print(f"{url.partition(':')[0]}, {options.platform}, {rounds}")
    print(f"{'side':9}" + "".join(f"{name:>11}" for name in ("processes", "messages/s", "CPU ms")))
    for floor, outbox in sides:
        _print(floor, outbox)
    return _all_sent_once() and once


def _print(floor: Side, outbox: Side) -> None:
    for side in (floor, outbox):
        print(
            f"{side.name:9}{side.processes:11}{statistics.median(side.rates):11.0f}{statistics.median(side.cpu_ms):11.2f}"
        )
    rate, cpu = (statistics.median(a) / (statistics.median(b) or float("nan")) for a, b in _pairs(floor, outbox))
    print(f"{'ratio':9}{outbox.processes:11}{rate:11.2f}{cpu:11.2f}", flush=True)


def _pairs(floor: Side, outbox: Side) -> list[tuple[list[float], list[float]]]:
    return [(outbox.rates, floor.rates), (outbox.cpu_ms, floor.cpu_ms)]


def _people() -> list[tuple[int, str]]:
    """The id and account of each recipient."""
    with unit_of_work() as session:
        session.execute(insert(Person), [{"name": f"bench{number}"} for number in range(PEOPLE)])
        people = [(person_id, name) for person_id, name in session.execute(select(Person.id, Person.name))]
        accounts = [
            {"person_id": person_id, "platform": "wecom", "user_id": name, "user_key": name}
            for person_id, name in people
        ]
        session.execute(insert(PlatformIdentity), accounts)
    return people


@contextmanager
def _platform(kind: str, environment: Mapping[str, str]) -> Iterator[str]:
    """The address of the platform's API: the simulator's, or that of one which answers at once."""
    if kind == "simulator":
        with tempfile.TemporaryDirectory(prefix="qunbei-bench-") as folder:
            path = Path(folder) / "college.toml"
            path.write_text(college(members=PEOPLE, departments=20), encoding="utf-8")
            with simulator(path, environment) as port:
                yield f"http://127.0.0.1:{port}/cgi-bin/"
        return
    with _running(STUB, environment) as process:
        yield f"{_line(process).removeprefix('platform: ')}/cgi-bin/"


def _write_bare(side: Side, environment: Mapping[str, str], person: tuple[int, str], count: int) -> None:
    each = max(1, count // side.processes)
    command = (*FLOOR, str(each), str(person[0]), person[1], json.dumps(CARD, ensure_ascii=False))
    with _several(command, side.processes, environment) as writers:
        for writer in writers:
            _line(writer)
        began = time.perf_counter()
        for writer in writers:
            _tell(writer, "begin")
        cpu = sum(float(_line(writer)) for writer in writers)
        side.note(each * len(writers), time.perf_counter() - began, cpu)


def _deliver(side: Side, environment: Mapping[str, str], people: list[tuple[int, str]], count: int) -> None:
    with _several(WORKER, side.processes, environment) as workers:
        _until(lambda: _beating() == side.processes)
        _put(people, WARM_UP * side.processes, due=True)
        _until(lambda: _waiting() == 0)
        _put(people, count, due=False)
        cpu = sum(cpu_seconds(worker.pid) for worker in workers)
        _release()
        # From when the first has left: an idle worker looks twice a second.
        _until(lambda: _waiting() < count)
        began, left = time.perf_counter(), _waiting()
        _until(lambda: _waiting() == 0)
        elapsed = time.perf_counter() - began
        used = sum(cpu_seconds(worker.pid) for worker in workers) - cpu
        side.rates.append(left / elapsed if elapsed else float("nan"))
        side.cpu_ms.append(1000 * used / count)


def _put(people: list[tuple[int, str]], count: int, *, due: bool) -> None:
    begin = (db.session.scalar(select(func.max(Message.id))) or 0) + 1
    run_at = utc_now() if due else utc_now() + timedelta(days=1)
    to = [people[number % len(people)] for number in range(begin, begin + count)]
    with unit_of_work() as session:
        session.execute(insert(Message), [_message(person_id, user_id, run_at) for person_id, user_id in to])


def _message(person_id: int, user_id: str, run_at: datetime) -> dict[str, Any]:
    return {
        "event_key": uuid.uuid4().hex,
        "task_id": uuid.uuid4().hex,
        "kind": MessageKind.NOTICE,
        "platform": "wecom",
        "recipient_id": person_id,
        "recipient_user_id": user_id,
        "card": CARD,
        "run_at": run_at,
    }


def _release() -> None:
    with unit_of_work() as session:
        session.execute(update(Message).where(Message.state == MessageState.PENDING).values(run_at=utc_now()))


def _waiting() -> int:
    return _count(Message.state.in_(UNDER_WAY))


def _beating() -> int:
    found = db.session.scalar(select(func.count()).select_from(WorkerHeartbeat)) or 0
    db.session.rollback()
    return found


def _all_sent_once() -> bool:
    """Whether all were sent, and the platform was put as many as there are."""
    ours = Message.platform == "wecom"
    ids = db.session.scalar(select(func.count(Message.platform_message_id.distinct())).where(ours))
    sent, tries = _count(ours, Message.state == MessageState.SENT, Message.attempts == 1), _count(ours)
    if not sent == tries == ids:
        print(f"outbox: {tries} messages, {sent} sent at the first try, {ids} ids of the platform")
        return False
    return True


def _put_once(api_url: str) -> bool:
    """Whether the stub was put each message that there is, once."""
    with urllib.request.urlopen(f"{api_url}{TASK_IDS}") as answer:  # noqa: S310 - an address of ours
        put = Counter[str](json.load(answer))
    ours = Counter[str](db.session.scalars(select(Message.task_id).where(Message.platform == "wecom")))
    db.session.rollback()
    if put != ours:
        print(f"outbox: {(ours - put).total()} messages never put to the platform, {(put - ours).total()} too often")
    return put == ours


def _count(*which: object) -> int:
    found = db.session.scalar(select(func.count()).select_from(Message).where(*which)) or 0  # type: ignore[arg-type]
    db.session.rollback()
    return found


def _until(question: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not question():
        if time.monotonic() > deadline:
            sys.exit("script/bench: the workers deliver nothing")
        time.sleep(LOOK)


@contextmanager
def _several(
    command: tuple[str, ...], count: int, environment: Mapping[str, str]
) -> Iterator[list["subprocess.Popen[str]"]]:
    """So many processes of one command, which have ended when the block has."""
    processes = [_start(command, environment) for _ in range(count)]
    try:
        yield processes
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.communicate()


@contextmanager
def _running(command: tuple[str, ...], environment: Mapping[str, str]) -> Iterator["subprocess.Popen[str]"]:
    with _several(command, 1, environment) as processes:
        yield processes[0]


def _start(command: tuple[str, ...], environment: Mapping[str, str]) -> "subprocess.Popen[str]":
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=CHECKOUT, env=dict(environment), text=True, stdin=pipe, stdout=pipe)


def _line(process: "subprocess.Popen[str]") -> str:
    return process.stdout.readline().strip() if process.stdout else ""


def _tell(process: "subprocess.Popen[str]", line: str) -> None:
    if process.stdin:
        process.stdin.write(f"{line}\n")
        process.stdin.flush()
