"""The callback address over HTTP: who is believed, how fast the rest is refused, what a tap does."""

import time
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from extensions import db
from models import Message
from models.database import unit_of_work
from operations.hearing import WECOM_CALLBACK, WECOM_CONTACTS, last_heard
from simulator.crypto import Crypto
from tests.conftest import wecom_settings
from tests.pages.conftest import Made, one_database

pytestmark = one_database

OURS = wecom_settings()
CRYPTO = Crypto(OURS.receiver.token, OURS.receiver.aes_key, OURS.corp_id)
CALLBACK = "/callbacks/wecom"


def xml(**elements: str) -> str:
    return "<xml>" + "".join(f"<{name}><![CDATA[{text}]]></{name}>" for name, text in elements.items()) + "</xml>"


def signed(encrypted: str) -> dict[str, str]:
    now = str(int(time.time()))
    return {"msg_signature": CRYPTO.sign(now, "nonce1", encrypted), "timestamp": now, "nonce": "nonce1"}


def push(client: FlaskClient, **event: str) -> tuple[int, str]:
    """Deliver an event as the platform does; status and body of the answer."""
    encrypted = CRYPTO.encrypt(xml(ToUserName=OURS.corp_id, MsgType="event", AgentID=str(OURS.agent_id), **event))
    body = xml(ToUserName=OURS.corp_id, Encrypt=encrypted)
    answer = client.post(CALLBACK, query_string=signed(encrypted), data=body, content_type="text/xml")
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
