"""The benchmark itself: it measures what it says, and notices what goes wrong. How fast things are is not tested."""

import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests
from flask import Flask

from script import bench, bench_outbox
from script.bench_load import Request, send
from script.bench_recipes import Statement, Values, recipes

FEW = ["--seconds", "0.05", "--rounds", "2", "--concurrency", "4"]


def figures(printed: str, task: str, side: str) -> dict[str, float]:
    """The figures of one line of the table, by column."""
    lines = [line.split() for line in printed.splitlines()]
    columns = next(line for line in printed.splitlines() if "req/s" in line)
    names = columns.replace("p50 ms", "p50").replace("p99 ms", "p99").replace("CPU ms", "CPU").split()[2:]
    values = next(line[2:] for line in lines if line[:2] == [task, side])
    return dict(zip(names, map(float, values), strict=True))


@pytest.mark.parametrize(
    ("database", "tasks"), [("sqlite", ["submit", "decide", "form"]), ("postgresql", ["decide"])], ids=str
)
def test_a_handful_of_requests_is_measured_on_both_sides(
    database: str, tasks: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # A second process would measure no more, and starting it is half of what this takes.
    monkeypatch.setenv("GUNICORN_CMD_ARGS", "--workers 1")
    task = "all" if len(tasks) > 1 else tasks[0]
    assert bench.main([task, "--database", database, *FEW]) == 0
    printed = capsys.readouterr().out
    for name in tasks:
        floor, service = figures(printed, name, "floor"), figures(printed, name, "service")
        assert floor["errors"] == service["errors"] == 0
        assert floor["SQL"] == service["SQL"] > 0
        assert min(floor["sent"], floor["req/s"], service["sent"], service["req/s"]) > 0


def test_a_small_directory_is_synced_twice_beside_its_floor(capsys: pytest.CaptureFixture[str]) -> None:
    size = ["--members", "60", "--departments", "25"]
    assert bench.main(["directory", "--database", "postgresql", *size]) == 0
    lines = {line.split()[0]: line.split()[1:] for line in capsys.readouterr().out.splitlines()}
    assert [lines[name][3:] for name in ("first", "again", "floor")] == [["60", "60"], ["60", "0"], ["60", "60"]]
    assert all(float(figure) > 0 for figure in [*lines["first"][:3], *lines["ratio"]])


@pytest.mark.parametrize("platform", ["stub", "simulator"])
def test_a_few_messages_are_delivered_beside_bare_rows(platform: str, capsys: pytest.CaptureFixture[str]) -> None:
    few = ["--messages", "12", "--rounds", "1", "--workers", "1", "--platform", platform]
    assert bench.main(["outbox", *few]) == 0
    lines = {line.split()[0]: line.split()[1:] for line in capsys.readouterr().out.splitlines()}
    assert lines["floor"][0] == lines["outbox"][0] == "1"
    assert min(float(lines[side][1]) for side in ("floor", "outbox")) > 0


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_message_that_was_put_to_the_platform_and_is_none_of_ours_fails_the_outbox(
    context: Flask, capsys: pytest.CaptureFixture[str]
) -> None:
    with bench_outbox._platform("stub", os.environ) as api_url:
        assert bench_outbox._put_once(api_url)
        requests.post(f"{api_url}message/send?access_token=t", json={"template_card": {"task_id": "a"}}, timeout=5)
        assert not bench_outbox._put_once(api_url)
    assert capsys.readouterr().out == "outbox: 0 messages never put to the platform, 1 too often\n"


def test_a_database_in_use_is_left_alone(database_url: str) -> None:
    with pytest.raises(SystemExit, match="has tables already"):
        bench.main(["form", "--database", database_url, *FEW])


@pytest.mark.parametrize("options", [["--rounds", "0"], ["--seconds", "nan"], ["--concurrency", "x"], ["delete"]])
def test_what_cannot_be_measured_is_refused(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        bench.main(options)
    assert "usage: script/bench" in capsys.readouterr().err


FIRST = [
    Statement("SELECT id, group_id FROM filings WHERE id = ?", (12,), rows=[(12, 31)]),
    Statement("UPDATE groups SET live = ?, at = ? WHERE id = ?", (1, "2026-01-01 08:00:00.000000", 31)),
    Statement("INSERT INTO messages VALUES (?, ?)", [("aaaa", '{"path": "/filings/12"}')], many=True),
]
SECOND = [
    Statement("SELECT id, group_id FROM filings WHERE id = ?", (13,), rows=[(13, 47)]),
    Statement("UPDATE groups SET live = ?, at = ? WHERE id = ?", (1, "2026-01-01 08:00:01.000000", 47)),
    Statement("INSERT INTO messages VALUES (?, ?)", [("bbbb", '{"path": "/filings/13"}')], many=True),
]


def test_a_recorded_request_is_sent_again_for_another_object() -> None:
    made, values = recipes(["12", "13"], FIRST, SECOND), Values("99")
    assert values.of(made[0].parameters) == [99]
    values.rows.append([(99, 7)])
    live, moment, group_id = values.of(made[1].parameters)
    assert (live, group_id) == (1, 7)
    assert moment > "2026-01-01 08:00:01.000000"
    [[event_key, card]] = values.of(made[2].parameters)
    assert event_key not in ("aaaa", "bbbb")
    assert len(event_key) == 4
    assert card == '{"path": "/filings/12"}'


def test_requests_that_send_different_statements_are_not_mistaken_for_each_other() -> None:
    with pytest.raises(ValueError, match="same statements"):
        recipes(["12", "13"], FIRST, SECOND[:2])


class _Answers(BaseHTTPRequestHandler):
    """Answers 200 with its own path; for /elsewhere a redirect."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.send_response(302 if self.path == "/elsewhere" else 200)
        if self.path == "/elsewhere":
            self.send_header("Location", "/there")
        self.send_header("Content-Length", str(len(self.path)))
        self.end_headers()
        self.wfile.write(self.path.encode())

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def port() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Answers) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def test_every_request_is_sent_once_and_wrong_answers_are_errors(port: int) -> None:
    requests = [
        *[Request("GET", f"/{number}", contains=f"/{number}".encode()) for number in range(20)],
        Request("GET", "/elsewhere", status=302, location="/there"),
        Request("GET", "/wrong-text", contains=b"other"),
        Request("GET", "/elsewhere", status=302, location="/here"),
        Request("GET", "/wrong-status", status=204),
    ]
    load = send(port, requests, concurrency=3, seconds=20)
    assert (len(load.times), load.errors) == (21, 3)


def test_a_server_that_is_not_there_gives_errors_and_no_exception() -> None:
    load = send(9, [Request("GET", "/")] * 3, concurrency=2, seconds=20)
    assert (len(load.times), load.errors) == (0, 3)


def test_no_more_is_sent_after_the_time_is_up(port: int) -> None:
    assert send(port, [Request("GET", "/")] * 3, concurrency=2, seconds=0).sent == 0
