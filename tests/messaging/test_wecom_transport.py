"""The way to WeCom: one token for all, bounded tries, odd answers, and no secret in anything that is said."""

import logging
import multiprocessing
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text, update

from app import create_app
from config import WeComSettings
from extensions import db
from messaging import sharing
from messaging.platforms import wecom_http
from messaging.platforms.errors import PlatformError, PlatformRefused, PlatformUnreachable
from messaging.platforms.wecom import wecom_client
from models import SharedValue, utc_now
from models.database import unit_of_work
from simulator.server import Handle
from tests.conftest import make_settings, wecom_settings
from tests.messaging.conftest import one_database, point_at
from tests.messaging.odd_platform import Answer, Call, OddPlatform, said

SECRET = wecom_settings().secret
CODE = "code-of-a-sign-in-00001"
PATIENT = 20


def ask(app: Flask) -> int:
    """One call in a context of its own; how many departments were told."""
    with app.app_context():
        return len(wecom_client().departments())


def at_once(app: Flask, callers: int) -> list[int]:
    start = threading.Barrier(callers)

    def caller(_number: int) -> int:
        start.wait(PATIENT)
        return ask(app)

    with ThreadPoolExecutor(callers) as pool:
        return list(pool.map(caller, range(callers)))


def calls_of(handle: Handle, path: str) -> int:
    with handle.state.lock:
        return handle.state.calls.counts[path]


def test_twenty_threads_that_start_together_fetch_one_token(app: Flask, simulated: Handle) -> None:
    assert all(at_once(app, 20))
    assert calls_of(simulated, "gettoken") == 1


def _ask_in_a_process(database_url: str, folder: str, wecom: WeComSettings, start: Any) -> None:
    app = create_app(make_settings(database_url, Path(folder), wecom))
    start.wait(PATIENT)
    ask(app)


def test_two_processes_that_start_together_fetch_one_token(
    app: Flask, odd: OddPlatform, database_url: str, tmp_path: Path
) -> None:
    def slow_token(call: Call) -> Answer:
        time.sleep(0.3)
        return odd.new_token(call)

    odd.tell("gettoken", slow_token)
    spawn = multiprocessing.get_context("spawn")
    start = spawn.Barrier(2)
    arguments = (database_url, str(tmp_path), app.config["SETTINGS"].wecom, start)
    processes = [spawn.Process(target=_ask_in_a_process, args=arguments) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0]
    assert (odd.count("gettoken"), odd.count("department/list")) == (1, 2)


def test_an_expired_token_is_fetched_once_by_all_who_meet_it(app: Flask, simulated: Handle) -> None:
    ask(app)
    with simulated.state.lock:
        simulated.state.tokens.expire(now=simulated.state.now())
    assert all(at_once(app, 20))
    assert calls_of(simulated, "gettoken") == 2


@one_database
def test_a_revoked_token_is_fetched_once_by_all_who_meet_it(app: Flask, simulated: Handle) -> None:
    ask(app)
    with simulated.state.lock:
        simulated.state.tokens.revoke()
    assert all(at_once(app, 20))
    assert calls_of(simulated, "gettoken") == 2


@one_database
def test_a_token_is_renewed_before_it_expires(app: Flask, odd: OddPlatform) -> None:
    odd.tell("gettoken", said(access_token="TOKEN-short", expires_in=100))
    ask(app)
    with app.app_context():
        row = db.session.scalars(select(SharedValue).where(SharedValue.value.is_not(None))).one()
        assert row.expires_at - utc_now() <= timedelta(seconds=90)


def test_a_token_refused_for_ever_ends_in_bounded_calls(app: Flask, odd: OddPlatform) -> None:
    odd.tell("department/list", said(errcode=40014, errmsg="invalid access_token"))
    for _ in range(10):
        with pytest.raises(PlatformRefused) as caught:
            ask(app)
        assert caught.value.errcode == 40014
    assert (odd.count("gettoken"), odd.count("department/list")) == (2, 2)


def test_a_refused_secret_is_remembered_by_all_and_tried_again_after_half_a_minute(
    app: Flask, odd: OddPlatform
) -> None:
    odd.tell("gettoken", said(errcode=40001, errmsg="invalid credential"))
    for _ in range(10):
        with pytest.raises(PlatformRefused, match="40001"):
            ask(app)
    assert odd.count("gettoken") == 1
    let_pass(app, timedelta(seconds=31))
    odd.tell("gettoken", odd.new_token)
    ask(app)
    assert odd.count("gettoken") == 2


def test_a_refusal_of_the_secret_in_a_call_is_not_retried(app: Flask, odd: OddPlatform) -> None:
    odd.tell("department/list", said(errcode=40001, errmsg="invalid credential"))
    for _ in range(10):
        with pytest.raises(PlatformRefused, match="40001"):
            ask(app)
    assert (odd.count("gettoken"), odd.count("department/list")) == (1, 1)


@one_database
def test_a_corrected_secret_works_at_once(app: Flask, simulated: Handle) -> None:
    right = app.config["SETTINGS"].wecom
    point_at(app, replace(right, secret="a-wrong-secret-00000000000000000000000000"))
    with pytest.raises(PlatformRefused, match="40001"):
        ask(app)
    point_at(app, right)
    assert ask(app)


@one_database
def test_an_unreachable_platform_is_tried_again_within_seconds(app: Flask, odd: OddPlatform) -> None:
    odd.tell("gettoken", Answer(status=503))
    for _ in range(5):
        with pytest.raises(PlatformUnreachable):
            ask(app)
    assert odd.count("gettoken") == 1
    let_pass(app, timedelta(seconds=4))
    odd.tell("gettoken", odd.new_token)
    ask(app)


def test_a_lease_left_by_a_process_that_died_ends(app: Flask, odd: OddPlatform) -> None:
    with app.app_context():
        key = wecom_client()._api._lease_key
        sharing.write(key, "a process that is gone", lasts=timedelta(seconds=0.4))
    ask(app)
    assert odd.count("gettoken") == 1


def let_pass(app: Flask, time_passed: timedelta) -> None:
    """Let shared values grow older by that much."""
    with app.app_context(), unit_of_work() as session:
        for row in session.scalars(select(SharedValue)):
            session.execute(
                update(SharedValue).where(SharedValue.key == row.key).values(expires_at=row.expires_at - time_passed)
            )


@one_database
def test_values_written_with_another_key_of_the_service_count_as_absent(app: Flask, odd: OddPlatform) -> None:
    ask(app)
    app.extensions["field_cipher"] = type(app.extensions["field_cipher"])("another-key-of-the-service-0000")
    ask(app)
    assert odd.count("gettoken") == 2


def test_a_call_inside_a_unit_of_work_is_refused(app: Flask, odd: OddPlatform) -> None:
    with app.app_context(), pytest.raises(RuntimeError, match="unit of work"), unit_of_work():
        wecom_client().departments()
    assert odd.calls == []


@one_database
def test_connections_are_used_again(app: Flask, odd: OddPlatform) -> None:
    for _ in range(5):
        ask(app)
    assert odd.connections == 1


@one_database
def test_the_token_is_not_stored_in_the_clear(app: Flask, odd: OddPlatform) -> None:
    ask(app)
    with app.app_context():
        stored = db.session.execute(select(text("value")).select_from(text("shared_values"))).all()
    assert len(stored) == 1
    assert "TOKEN" not in stored[0][0]


@one_database
def test_text_goes_out_as_it_is_and_not_escaped(app: Flask, odd: OddPlatform) -> None:
    with app.app_context():
        wecom_client().send({"touser": "a", "text": "护理系"})
    assert "护理系".encode() in odd.bodies("message/send")[0]


def hang(handler: BaseHTTPRequestHandler) -> None:
    time.sleep(0.6)
    handler.close_connection = True


def drip(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "10")
    handler.end_headers()
    for piece in (*[b" "] * 8, b"{", b"}"):
        handler.wfile.write(piece)
        time.sleep(0.1)


def cut_short(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"errcode":0')
    handler.close_connection = True


def nonsense(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"this is no HTTP at all\r\n\r\n")
    handler.close_connection = True


ODD = {
    "an empty body": Answer(),
    "a page": Answer(b"<html>busy</html>", headers={"Content-Type": "text/html"}),
    "a list": Answer(b"[1, 2]"),
    "a number": Answer(b"42"),
    "half an object": Answer(b'{"errcode": 0, "access_token": '),
    "deep nesting": Answer(b"[" * 200_000),
    "bad bytes": Answer(b"\xff\xfe\x00"),
    "a strange errcode": said(errcode={"a": 1}),
    "an errcode without end": Answer(b'{"errcode": ' + b"9" * 5000 + b"}"),
    "throttled by HTTP": Answer(b"{}", status=429),
    "a server's error": Answer(b'{"errcode": 0}', status=500),
    "a missing page": Answer(b"", status=404),
    "a redirect to itself": Answer(status=302, headers={"Location": "/cgi-bin/department/list"}),
    "bad compression": Answer(b"not gzip", headers={"Content-Encoding": "gzip"}),
    "too much": Answer(b" " * 4096 + b"{}"),
    "silence": Answer(script=hang),
    "a byte now and then": Answer(script=drip),
    "a cut answer": Answer(script=cut_short),
    "no HTTP": Answer(script=nonsense),
    "an errmsg that tells too much": Answer(
        f'{{"errcode": 48002, "errmsg": "no: {SECRET} TOKEN-1-of-odd {CODE}, hint: [1], from ip: 1.2.3.4"}}'.encode()
    ),
    "an errmsg of another kind": said(errcode=48002, errmsg=["a", 1]),
}


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same limits, made short."""
    monkeypatch.setattr(wecom_http, "TIMEOUT", (0.3, 0.3))
    monkeypatch.setattr(wecom_http, "LONGEST_EXCHANGE", 0.5)
    monkeypatch.setattr(wecom_http, "LARGEST_ANSWER", 3000)


def all_of(error: BaseException) -> Iterator[str]:
    """Everything that printing the error, or looking into it, could show."""
    seen: BaseException | None = error
    while seen is not None:
        yield from (str(seen), repr(seen), repr(seen.__dict__), repr(seen.args))
        seen = seen.__cause__ or seen.__context__


def check_nothing_told(error: BaseException, caplog: pytest.LogCaptureFixture) -> None:
    shown = "\n".join([*all_of(error), *(record.getMessage() for record in caplog.records), caplog.text])
    for secret in (SECRET, "TOKEN-1-of-odd", CODE):
        assert secret not in shown


@pytest.mark.usefixtures("impatient")
@one_database
@pytest.mark.parametrize("name", ODD)
def test_an_odd_answer_is_an_error_of_ours_and_tells_no_secret(
    app: Flask, odd: OddPlatform, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger="urllib3.connectionpool")
    odd.tell("auth/getuserinfo", ODD[name])
    with app.app_context(), pytest.raises(PlatformError) as caught:
        wecom_client().user_of_code(CODE)
    assert odd.count("auth/getuserinfo") == 1
    check_nothing_told(caught.value, caplog)


@pytest.mark.usefixtures("impatient")
@one_database
@pytest.mark.parametrize("name", [*ODD, "no token", "a token of another kind"])
def test_an_odd_answer_to_gettoken_is_an_error_of_ours_and_tells_no_secret(
    app: Flask, odd: OddPlatform, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    caplog.set_level(logging.DEBUG)
    more = {
        "no token": said(errcode=0),
        "a token of another kind": said(errcode=0, access_token={"a": 1}),
        "an errmsg that tells too much": said(errcode=40001, errmsg=f"corpsecret={SECRET}"),
    }
    odd.tell("gettoken", {**ODD, **more}[name])
    with pytest.raises(PlatformError) as caught:
        ask(app)
    assert odd.count("gettoken") == 1
    check_nothing_told(caught.value, caplog)


@one_database
def test_nobody_listening_is_an_error_of_ours_and_tells_no_secret(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(PlatformUnreachable) as caught:
        ask(app)
    check_nothing_told(caught.value, caplog)


@one_database
def test_a_proxy_never_stands_before_loopback(app: Flask, odd: OddPlatform, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    ask(app)
    assert odd.count("gettoken") == 1


@pytest.mark.parametrize(
    ("api_url", "by_environment"),
    [
        ("https://qyapi.weixin.qq.com/cgi-bin/", True),
        ("http://127.0.0.1:8001/cgi-bin/", False),
        ("http://[::1]:8001/cgi-bin/", False),
        ("http://localhost/cgi-bin/", False),
    ],
)
def test_only_a_platform_elsewhere_is_reached_through_the_environments_proxy(
    api_url: str, by_environment: bool
) -> None:
    assert wecom_http.open_session(api_url).trust_env is by_environment


@one_database
def test_a_process_makes_its_own_client(app: Flask) -> None:
    with app.app_context():
        client = wecom_client()
        assert wecom_client() is client
        client.pid -= 1
        assert wecom_client() is not client
