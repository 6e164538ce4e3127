"""The 通讯录同步 receiver's address over HTTP: who is believed, and what is queued to be read again."""

import time
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from extensions import db
from models import DirectoryEvent
from models.database import unit_of_work
from operations.hearing import WECOM_CALLBACK, WECOM_CONTACTS, last_heard
from simulator.crypto import Crypto
from tests.conftest import StatementCounter, wecom_settings
from tests.pages.conftest import one_database

pytestmark = one_database

OURS = wecom_settings()
assert OURS.contact_receiver is not None
CONTACTS = Crypto(OURS.contact_receiver.token, OURS.contact_receiver.aes_key, OURS.corp_id)
THE_APPS = Crypto(OURS.receiver.token, OURS.receiver.aes_key, OURS.corp_id)
ADDRESS = "/callbacks/wecom/contacts"


def xml(**elements: str) -> str:
    return "<xml>" + "".join(f"<{name}><![CDATA[{text}]]></{name}>" for name, text in elements.items()) + "</xml>"


def signed(encrypted: str, crypto: Crypto = CONTACTS, age: int = 0) -> dict[str, str]:
    at = str(int(time.time()) - age)
    return {"msg_signature": crypto.sign(at, "nonce1", encrypted), "timestamp": at, "nonce": "nonce1"}


def push(
    client: FlaskClient, *, to: str = ADDRESS, crypto: Crypto = CONTACTS, age: int = 0, **event: str
) -> tuple[int, str]:
    """Deliver a change of the directory as the platform does; status and body of the answer."""
    facts = {"FromUserName": "sys", "CreateTime": "1772415000", "Event": "change_contact", **event}
    encrypted = crypto.encrypt(xml(ToUserName=OURS.corp_id, MsgType="event", **facts))
    body = xml(ToUserName=OURS.corp_id, AgentID="", Encrypt=encrypted)
    answer = client.post(to, query_string=signed(encrypted, crypto, age), data=body, content_type="text/xml")
    return answer.status_code, answer.text


def queued(app: Flask) -> list[tuple[str, str]]:
    """Who is to be read again: the former and the new user id of each event; the departments are nobody."""
    with app.app_context():
        events = db.session.scalars(select(DirectoryEvent).order_by(DirectoryEvent.id))
        return [(event.user_id, event.new_user_id) for event in events]


def test_the_platforms_check_is_answered_with_what_it_sent(app: Flask, client: FlaskClient) -> None:
    echo = CONTACTS.encrypt("1616140317555161061")
    answer = client.get(ADDRESS, query_string={**signed(echo), "echostr": echo})
    assert (answer.status_code, answer.text, answer.mimetype) == (200, "1616140317555161061", "text/plain")
    with app.app_context():
        assert last_heard().get(WECOM_CONTACTS) is not None
        assert last_heard().get(WECOM_CALLBACK) is None


def test_a_change_is_queued_and_answered_with_nothing(app: Flask, client: FlaskClient) -> None:
    assert push(client, ChangeType="create_user", UserID="Li.San", Department="8") == (200, "")
    assert push(client, ChangeType="update_user", UserID="Li.San", NewUserID="Li.Si", Department="8") == (200, "")
    assert push(client, ChangeType="delete_user", UserID="wangwu") == (200, "")
    assert push(client, ChangeType="create_party", Id="80", ParentId="1") == (200, "")
    assert queued(app) == [("li.san", ""), ("li.san", "Li.Si"), ("wangwu", ""), ("", "")]
    with app.app_context():
        assert last_heard().get(WECOM_CONTACTS) is not None


def test_a_known_event_again_queues_nothing(app: Flask, client: FlaskClient) -> None:
    for _ in range(3):
        assert push(client, ChangeType="delete_user", UserID="lisan") == (200, "")
    assert queued(app) == [("lisan", "")]
    push(client, ChangeType="delete_user", UserID="lisan", CreateTime="1772415001")
    assert len(queued(app)) == 2


@pytest.mark.parametrize(
    "event",
    [
        {"ChangeType": "update_tag", "TagId": "1", "DelUserItems": "lisan"},
        {"ChangeType": "batch_job_result"},
        {"ChangeType": "delete_user"},
        {"Event": "enter_agent", "UserID": "lisan"},
        {"Event": "template_card_event", "EventKey": "approve", "TaskId": "t", "AgentID": str(OURS.agent_id)},
    ],
)
def test_whatever_else_is_told_is_taken_and_left(app: Flask, client: FlaskClient, event: dict[str, str]) -> None:
    assert push(client, **event) == (200, "")
    assert queued(app) == []


@pytest.mark.parametrize("age", [302, -302])
def test_older_or_newer_than_five_minutes_is_refused(app: Flask, client: FlaskClient, age: int) -> None:
    assert push(client, age=age, ChangeType="delete_user", UserID="lisan")[0] == 403
    assert queued(app) == []


def test_neither_receivers_key_opens_the_others_address(app: Flask, client: FlaskClient) -> None:
    change = {"ChangeType": "delete_user", "UserID": "lisan"}
    assert push(client, crypto=THE_APPS, **change)[0] == 403
    assert push(client, to="/callbacks/wecom", crypto=CONTACTS, **change)[0] == 403
    echo = THE_APPS.encrypt("1616140317555161061")
    assert client.get(ADDRESS, query_string={**signed(echo, THE_APPS), "echostr": echo}).status_code == 403
    assert queued(app) == []
    with app.app_context():
        assert last_heard().get(WECOM_CONTACTS) is None


def test_the_apps_own_address_takes_no_change_of_the_directory(app: Flask, client: FlaskClient) -> None:
    change = {"ChangeType": "delete_user", "UserID": "lisan"}
    assert push(client, to="/callbacks/wecom", crypto=THE_APPS, **change) == (200, "")
    assert queued(app) == []


def test_another_corps_change_is_refused(app: Flask, client: FlaskClient) -> None:
    assert OURS.contact_receiver is not None
    other = Crypto(OURS.contact_receiver.token, OURS.contact_receiver.aes_key, "wwanothercorp00001")
    assert push(client, crypto=other, ChangeType="delete_user", UserID="lisan")[0] == 403
    assert queued(app) == []


@pytest.mark.parametrize("body", [b"", b"not xml", b"<xml/>", b"x" * (10 * 1024 * 1024)])
def test_what_is_not_the_platforms_is_refused_shortly(client: FlaskClient, body: bytes) -> None:
    answer = client.post(ADDRESS, query_string=signed("something"), data=body)
    assert 400 <= answer.status_code < 500
    assert len(answer.text) < 100


def test_without_a_contact_receiver_there_is_no_such_address(app: Flask, client: FlaskClient) -> None:
    app.config["SETTINGS"] = replace(app.config["SETTINGS"], wecom=replace(OURS, contact_receiver=None))
    assert push(client, ChangeType="delete_user", UserID="lisan")[0] == 404
    echo = CONTACTS.encrypt("1616140317555161061")
    assert client.get(ADDRESS, query_string={**signed(echo), "echostr": echo}).status_code == 404


def test_taking_a_change_costs_two_statements(client: FlaskClient, counted: StatementCounter) -> None:
    push(client, ChangeType="delete_user", UserID="first")  # this one also notes that the platform was heard
    counted.statements.clear()
    push(client, ChangeType="delete_user", UserID="second")
    print("\n".join(counted.statements))
    assert len(counted) == 2


def test_a_failure_inside_is_no_success(app: Flask, client: FlaskClient) -> None:
    app.config.update(TESTING=False, PROPAGATE_EXCEPTIONS=False)
    with app.app_context(), unit_of_work() as session:
        session.connection().exec_driver_sql("DROP TABLE received_callbacks")
    assert push(client, ChangeType="delete_user", UserID="lisan")[0] == 500
