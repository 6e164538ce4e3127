"""The callback address over HTTP: who is believed, how fast the rest is refused, what a tap does, what is counted."""

import logging
import time
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from blueprints.callbacks import watching
from blueprints.metrics.instruments import (
    CALLBACK_TIME,
    CALLBACKS,
    CHECK,
    FAILED,
    OK,
    OTHER,
    REFUSED,
    TAP,
    UNREAD,
)
from extensions import db
from models import Message
from models.database import unit_of_work
from operations.hearing import WECOM_CALLBACK, WECOM_CONTACTS, last_heard
from simulator.crypto import Crypto
from tests.conftest import wecom_settings
from tests.messaging.odd_platform import odd_platform
from tests.pages.conftest import Made, one_database
from tests.platform import point_at

pytestmark = one_database

OURS = wecom_settings()
CRYPTO = Crypto(OURS.receiver.token, OURS.receiver.aes_key, OURS.corp_id)
CALLBACK = "/callbacks/wecom"


def xml(**elements: str) -> str:
    return "<xml>" + "".join(f"<{name}><![CDATA[{text}]]></{name}>" for name, text in elements.items()) + "</xml>"


def signed(encrypted: str, age: int = 0) -> dict[str, str]:
    now = str(int(time.time()) - age)
    return {"msg_signature": CRYPTO.sign(now, "nonce1", encrypted), "timestamp": now, "nonce": "nonce1"}


def push(client: FlaskClient, *, age: int = 0, **event: str) -> tuple[int, str]:
    """Deliver an event as the platform does; status and body of the answer."""
    encrypted = CRYPTO.encrypt(xml(ToUserName=OURS.corp_id, MsgType="event", AgentID=str(OURS.agent_id), **event))
    body = xml(ToUserName=OURS.corp_id, Encrypt=encrypted)
    answer = client.post(CALLBACK, query_string=signed(encrypted, age), data=body, content_type="text/xml")
    return answer.status_code, answer.text


def tap(client: FlaskClient, task_id: str, user_id: str = "zhangzhuren", at: str = "1772415000") -> tuple[int, str]:
    return push(
        client,
        FromUserName=user_id,
        CreateTime=at,
        Event="template_card_event",
        EventKey="approve",
        TaskId=task_id,
        ResponseCode="code",
    )


@pytest.fixture
def task_id(app: Flask, made: Made) -> str:
    """The card that asks the head of the department about filing 1."""
    made.submitted()
    with app.app_context():
        return db.session.scalars(select(Message.task_id).where(Message.step_id.is_not(None))).one()


def test_the_platforms_check_is_answered_with_what_it_sent(client: FlaskClient) -> None:
    echo = CRYPTO.encrypt("1616140317555161061")
    answer = client.get(CALLBACK, query_string={**signed(echo), "echostr": echo})
    assert (answer.status_code, answer.text) == (200, "1616140317555161061")
    assert answer.mimetype == "text/plain"


def test_a_tap_decides_and_is_answered_with_nothing(
    client: FlaskClient, task_id: str, state_of: Callable[[int], str]
) -> None:
    assert tap(client, task_id) == (200, "")
    assert state_of(1) == "approved"
    assert tap(client, task_id) == (200, "")


def test_a_tap_from_somebody_else_changes_nothing(
    client: FlaskClient, task_id: str, state_of: Callable[[int], str]
) -> None:
    assert tap(client, task_id, user_id="wangqunzhu") == (200, "")
    assert state_of(1) == "in_review"


def test_each_authenticated_call_says_that_the_address_is_heard(app: Flask, client: FlaskClient, task_id: str) -> None:
    assert client.post(CALLBACK, query_string=signed("x"), data=b"<xml/>").status_code == 400
    with app.app_context():
        assert last_heard().get(WECOM_CALLBACK) is None
    tap(client, task_id)
    with app.app_context():
        assert last_heard().get(WECOM_CALLBACK) is not None
        assert last_heard().get(WECOM_CONTACTS) is None


def test_the_platforms_check_counts_as_heard(app: Flask, client: FlaskClient) -> None:
    echo = CRYPTO.encrypt("1616140317555161061")
    client.get(CALLBACK, query_string={**signed(echo), "echostr": echo})
    with app.app_context():
        assert last_heard().get(WECOM_CALLBACK) is not None


@pytest.mark.parametrize("event", [{"Event": "enter_agent"}, {"Event": "template_card_event", "TaskId": "nix"}, {}])
def test_whatever_else_is_reported_is_taken_and_left(
    event: dict[str, str], client: FlaskClient, task_id: str, state_of: Callable[[int], str]
) -> None:
    assert push(client, FromUserName="zhangzhuren", CreateTime="1772415000", **event) == (200, "")
    assert state_of(1) == "in_review"


@pytest.mark.parametrize("body", [b"", b"not xml", b"<xml/>", b"<xml><Encrypt>x</Encrypt></xml>", b"\xff\x00" * 50])
def test_what_is_not_the_platforms_is_refused_shortly(body: bytes, client: FlaskClient) -> None:
    for query in ({}, signed("something else")):
        answer = client.post(CALLBACK, query_string=query, data=body)
        assert 400 <= answer.status_code < 500
        assert len(answer.text) < 100
        assert answer.mimetype == "text/plain"


def test_a_large_body_is_refused_whatever_length_it_claims(client: FlaskClient) -> None:
    large = b"x" * (10 * 1024 * 1024)
    answer = client.post(CALLBACK, query_string=signed("x"), data=large)
    assert (answer.status_code, answer.mimetype) == (413, "text/plain")
    over = {"wsgi.input_terminated": True, "CONTENT_LENGTH": ""}
    answer = client.post(CALLBACK, query_string=signed("x"), data=large, environ_overrides=over)
    assert answer.status_code == 413


def test_a_failure_inside_is_no_success(app: Flask, client: FlaskClient, task_id: str) -> None:
    app.config.update(TESTING=False, PROPAGATE_EXCEPTIONS=False)
    with app.app_context(), unit_of_work() as session:
        session.connection().exec_driver_sql("DROP TABLE received_callbacks")
    assert tap(client, task_id)[0] == 500


def test_what_was_signed_more_than_five_minutes_ago_or_ahead_is_refused(client: FlaskClient) -> None:
    opened = {"FromUserName": "zhangzhuren", "CreateTime": "1772415000", "Event": "enter_agent"}
    assert push(client, age=290, **opened)[0] == push(client, age=-290, **opened)[0] == 200
    assert push(client, age=301, **opened)[0] == push(client, age=-310, **opened)[0] == 403


def test_a_tap_waits_for_no_platform(app: Flask, client: FlaskClient, task_id: str) -> None:
    with odd_platform() as platform:
        point_at(app, wecom_settings(platform.url))
        assert tap(client, task_id) == (200, "")
        assert platform.calls == []


def counts(kind: str, outcome: str) -> tuple[float, float]:
    """How many calls were counted as this, and how many of the kind were timed."""
    timed = CALLBACK_TIME.labels(kind).collect()[0].samples
    return CALLBACKS.labels(kind, outcome)._value.get(), next(s.value for s in timed if s.name.endswith("_count"))


@pytest.mark.parametrize(
    "came", [(TAP, OK), (OTHER, OK), (CHECK, OK), (CHECK, REFUSED), (UNREAD, REFUSED), (TAP, FAILED)]
)
def test_each_call_is_counted_once_by_kind_and_outcome_and_timed(
    came: tuple[str, str], app: Flask, client: FlaskClient, task_id: str
) -> None:
    echo = CRYPTO.encrypt("1616140317555161061")
    calls = {
        (TAP, OK): lambda: tap(client, task_id),
        (OTHER, OK): lambda: push(client, FromUserName="jiwai", CreateTime="1", Event="enter_agent"),
        (CHECK, OK): lambda: client.get(CALLBACK, query_string={**signed(echo), "echostr": echo}),
        (CHECK, REFUSED): lambda: client.get(CALLBACK),
        (UNREAD, REFUSED): lambda: client.post(CALLBACK, data=b"rubbish"),
        (TAP, FAILED): lambda: tap(client, task_id),
    }
    if FAILED in came:
        app.config.update(TESTING=False, PROPAGATE_EXCEPTIONS=False)
        with app.app_context(), unit_of_work() as session:
            session.connection().exec_driver_sql("DROP TABLE received_callbacks")
    before = {each: counts(*each) for each in calls}
    calls[came]()
    risen = {each: counts(*each)[0] - before[each][0] for each in calls}
    assert risen == {each: float(each == came) for each in calls}
    assert counts(*came)[1] == before[came][1] + 1


def test_an_event_that_is_left_is_logged_by_its_kind_alone(
    client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    """One that comes with each visit is not logged at all."""
    caplog.set_level(logging.INFO, logger="blueprints.callbacks")
    said = {"FromUserName": "zhangzhuren", "CreateTime": "1772415000", "Content": "13900000000", "EventKey": "密"}
    assert push(client, Event="low_active_alert", **said) == (200, "")
    assert push(client, Event="a\nb[31m群<c>.d-e_9", **said) == (200, "")
    assert push(client, Event="群", **said) == (200, "")
    assert push(client, Event="x" * 5000, **said) == (200, "")
    assert push(client, Event="enter_agent", **said) == (200, "")
    lines = [record.getMessage() for record in caplog.records]
    left = ["low_active_alert", "ab31mc.d-e_9", "unnamed", "event"]
    assert lines == [f"callback left: {kind}" for kind in left]


def test_what_is_refused_is_logged_once_a_minute_for_each_reason(
    app: Flask, client: FlaskClient, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.INFO, logger="blueprints.callbacks")
    for _ in range(30):
        client.post(CALLBACK, data=b"rubbish", query_string={"msg_signature": "SECRET", "timestamp": "x"})
        client.post(CALLBACK, query_string=signed("x"), data=b"SECRET")
    monkeypatch.setattr(watching, "SELDOM", 0.0)
    client.post(CALLBACK, query_string=signed("x"), data=b"SECRET")
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("WARNING", "callback refused: 400 nonce missing or given twice (0 more before)"),
        ("WARNING", "callback refused: 400 not the XML expected (0 more before)"),
        ("WARNING", "callback refused: 400 not the XML expected (29 more before)"),
    ]
