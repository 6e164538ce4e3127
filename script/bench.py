"""Measures the service beside a bare Flask app that sends the same SQL, both under gunicorn, in one interleaved run.

With `directory` it measures the sync of a large directory beside bare fetching and INSERTs (script/bench_directory.py),
with `outbox` the delivering of messages by several workers beside bare INSERTs and UPDATEs (script/bench_outbox.py).
docs/performance.md tells what the figures mean.
"""

import argparse
import contextlib
import math
import os
import signal
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import inspect

from app import create_app
from config import CHECKOUT, Settings, read_environment
from extensions import db
from script import bench_college, bench_directory, bench_floor, bench_outbox
from script.bench_load import Load, Request, send
from script.bench_recipes import recipes
from script.bench_recording import recorded
from script.bench_server import Server, running
from script.bench_tasks import Task, tasks
from script.trial import trial_settings
from tests.postgres import running_postgres

NAMES = ("submit", "decide", "form")
#: Those that compare processes, not servers.
DIRECTORY, OUTBOX = "directory", "outbox"
#: A round has at most so many requests for each second that it may last; a faster side is done earlier.
REQUESTS_PER_SECOND = 600
#: The most requests to each side before the first round, so that every worker has loaded and compiled what it needs.
WARM_UP = 200
#: A request that nobody counts, then the two that are compared.
RECORDED = 3


@dataclass
class Side:
    """One of the two servers: the requests it is sent, the keys they had, and what each round measured."""

    name: str
    server: Server
    request: Callable[[str], Request]
    statements: int
    keys: set[str] = field(default_factory=set)
    loads: list[Load] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)

    def load(self, keys: Sequence[str], options: argparse.Namespace, *, seconds: float) -> None:
        """Send the requests of these keys for at most `seconds`, and keep what was measured."""
        self.keys.update(keys)
        requests = [self.request(key) for key in keys]
        before = self.server.cpu_seconds()
        load = send(self.server.port, requests, concurrency=options.concurrency, seconds=seconds)
        self.loads.append(load)
        self.cpu_ms.append(1000 * (self.server.cpu_seconds() - before) / max(load.sent, 1))

    def figures(self) -> list[float]:
        """req/s, p50 and p99 in ms, CPU ms a request: medians over the rounds, the warming up left out."""
        loads = self.loads[1:]
        measured = [
            [load.rate for load in loads],
            [load.percentile(50) for load in loads],
            [load.percentile(99) for load in loads],
            self.cpu_ms[1:],
        ]
        return [statistics.median(values) for values in measured]

    @property
    def succeeded(self) -> int:
        """Requests that were answered as expected."""
        return sum(len(load.times) for load in self.loads)

    @property
    def errors(self) -> int:
        """Requests that were not."""
        return sum(load.errors for load in self.loads)


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 0 when every answer was right and the database shows the work of each."""
    options = _options(arguments)
    with _database(options.database) as url, _service(url) as (app, environment):
        with app.app_context():
            _migrate()
            if options.task == DIRECTORY:
                db.engine.dispose()
                size = {"members": options.members, "departments": options.departments}
                return 0 if bench_directory.measure(url, **size) else 1
            if options.task == OUTBOX:
                return 0 if bench_outbox.measure(url, environment, options) else 1
            known = tasks(app, bench_college.fill())
        _print_head(options)
        names = NAMES if options.task == "all" else (options.task,)
        right = [_measure(app, environment, name, known[name], options) for name in names]
    return 0 if all(right) else 1


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="script/bench", description=__doc__)
    parser.add_argument(
        "task",
        nargs="?",
        default="all",
        choices=[*NAMES, "all", DIRECTORY, OUTBOX],
        help="what to measure (all: neither directory nor outbox)",
    )
    parser.add_argument("--seconds", type=_positive(float), default=2, help="the longest that a round may last (2)")
    parser.add_argument("--rounds", type=_positive(int), default=5, help="rounds for each side, in turn (5)")
    parser.add_argument("--concurrency", type=_positive(int), default=8, help="connections at a time (8)")
    parser.add_argument(
        "--database",
        default="sqlite",
        help="sqlite (a new file), postgresql (a new server), or the address of an empty database",
    )
    parser.add_argument("--members", type=_positive(int), default=10_000, help="of the directory (10000)")
    parser.add_argument("--departments", type=_positive(int), default=300, help="of the directory (300)")
    parser.add_argument("--messages", type=_positive(int), default=600, help="of the outbox, in each round (600)")
    parser.add_argument("--workers", type=_positive(int), nargs="+", default=[1, 2, 4], help="of the outbox (1 2 4)")
    parser.add_argument(
        "--platform",
        choices=bench_outbox.PLATFORMS,
        default="stub",
        help="what the outbox's messages are put to (stub)",
    )
    parser.add_argument("--statements", action="store_true", help="print the SQL of each task")
    return parser.parse_args(arguments)


def _positive(kind: type[int] | type[float]) -> Callable[[str], float]:
    def number(text: str) -> float:
        if not 0 < (value := kind(text)) < math.inf:
            raise argparse.ArgumentTypeError("must be more than nothing")
        return value

    return number


@contextlib.contextmanager
def _database(kind: str) -> Iterator[str]:
    """The address of an empty database, removed afterwards if it was made here."""
    if kind == "postgresql":
        with running_postgres() as server:
            yield server.create_database("bench")
    elif kind == "sqlite":
        with tempfile.TemporaryDirectory(prefix="qunbei-bench-") as folder:
            yield f"sqlite:///{folder}/bench.sqlite3"
    else:
        yield kind


@contextlib.contextmanager
def _service(url: str) -> Iterator[tuple[Flask, dict[str, str]]]:
    """The app in this process, whose SQL is recorded later, and the environment of the same app under gunicorn."""
    with tempfile.TemporaryDirectory(prefix="qunbei-bench-") as folder:
        made = trial_settings({"DATABASE_URL": url}, instance=Path(folder), port=9, simulator_port=9)
        environment = {**os.environ, **made, "INSTANCE_PATH": folder}
        app = create_app(Settings.from_env(read_environment(environment)))
        try:
            yield app, environment
        finally:
            with app.app_context():
                db.engine.dispose()


def _migrate() -> None:
    """Make the tables; ends the process where some stand already, and leaves them alone."""
    if inspect(db.engine).get_table_names():
        sys.exit("script/bench: the database has tables already; name an empty one")
    upgrade(directory=str(CHECKOUT / "migrations"))


def _measure(app: Flask, environment: dict[str, str], name: str, task: Task, options: argparse.Namespace) -> bool:
    """Measure a task and print its figures; whether every answer was right."""
    per_round = math.ceil(options.seconds * REQUESTS_PER_SECOND)
    warm_up = min(WARM_UP, per_round)
    with app.app_context():
        keys = iter(task.prepare(RECORDED + 2 * (warm_up + options.rounds * per_round)))
    plan = _recorded(app, task, list(islice(keys, RECORDED)))
    if options.statements:
        _print_statements(name, plan)
    with _sides(app, environment, task, plan) as sides:
        for side in sides:
            side.load(list(islice(keys, warm_up)), options, seconds=60)
        for _ in range(options.rounds):
            for side in sides:
                side.load(list(islice(keys, per_round)), options, seconds=options.seconds)
    _print_figures(name, sides)
    with app.app_context():
        right = [_is_right(name, task, side) for side in sides]
    return all(right)


def _recorded(app: Flask, task: Task, keys: Sequence[str]) -> bench_floor.Plan:
    """The floor's plan, from the last two of the requests of these keys."""
    with app.app_context():
        engine = db.engine
    # Outside of the app's context: inside, one database session would serve all the requests.
    with recorded(engine) as take:
        seen = [(_answer(app, task.request(key)), take()) for key in keys]
    found = recipes(keys[-2:], seen[-2][1], seen[-1][1])
    return bench_floor.Plan(app.config["SQLALCHEMY_DATABASE_URI"], task.writes, found, seen[-1][0])


def _answer(app: Flask, asked: Request) -> bytes:
    client = app.test_client(use_cookies=False)
    answer = client.open(asked.path, method=asked.method, data=asked.body, headers=dict(asked.headers))
    if answer.status_code != asked.status:
        raise RuntimeError(f"the service answered {answer.status_code} to {asked.method} {asked.path}")
    return answer.data


@contextlib.contextmanager
def _sides(app: Flask, environment: dict[str, str], task: Task, plan: bench_floor.Plan) -> Iterator[list[Side]]:
    path = Path(environment["INSTANCE_PATH"]) / "floor-plan"
    plan.save(path)
    count = len(plan.recipes)
    with (
        running("script.bench_floor:create_floor()", {**environment, bench_floor.PLAN: str(path)}) as floor,
        running("app:create_app()", environment) as service,
    ):
        bare = Side("floor", floor, lambda key: Request("POST", f"/?key={key}", contains=plan.body), count)
        yield [bare, Side("service", service, task.request, count)]


def _is_right(name: str, task: Task, side: Side) -> bool:
    """Whether no request failed and the database shows what the answers said; says so when not."""
    done = task.count_done(side.keys) if task.done is not None else side.succeeded
    if side.errors or done != side.succeeded:
        print(f"{name} {side.name}: {side.errors} errors, {side.succeeded} successes, {done} done in the database")
        return False
    return True


def _print_head(options: argparse.Namespace) -> None:
    database = options.database.partition(":")[0]
    print(f"{database}, {options.concurrency} connections, medians of {options.rounds} rounds")
    columns = "".join(f"{name:>8}" for name in ("req/s", "p50 ms", "p99 ms", "CPU ms", "SQL", "errors", "sent"))
    print(f"{'task':8}{'side':9}{columns}")


def _print_figures(name: str, sides: Sequence[Side]) -> None:
    for side in sides:
        rate, p50, p99, cpu = side.figures()
        counts = f"{side.statements:8}{side.errors:8}{side.succeeded + side.errors:8}"
        print(f"{name:8}{side.name:9}{rate:8.0f}{p50:8.1f}{p99:8.1f}{cpu:8.2f}{counts}")
    pairs = zip(*(side.figures() for side in sides), strict=True)
    # A floor of nothing: all its requests failed, or they were too few for the clock of /proc.
    ratios = [service / floor if floor else math.nan for floor, service in pairs]
    print(f"{name:8}{'ratio':9}" + "".join(f"{ratio:8.2f}" for ratio in ratios), flush=True)


def _print_statements(name: str, plan: bench_floor.Plan) -> None:
    for number, recipe in enumerate(plan.recipes, start=1):
        print(f"{name} {number}: {' '.join(recipe.sql.split())}")


if __name__ == "__main__":
    # Whoever ends us ends the servers too: the exception runs their clean-up.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main())
