"""Platforms for the tests of messaging, and rows of the outbox."""

import uuid
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from config import WeComSettings
from extensions import db
from messaging.cards import Card
from models import Message, MessageKind, Person
from models.database import unit_of_work
from simulator import Settings as SimulatorSettings
from simulator.server import Handle, start
from tests.conftest import wecom_settings
from tests.messaging.odd_platform import OddPlatform, odd_platform

#: For tests of what is the same on both databases.
one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
#: A member whom the app sees; one is added to the simulated college.
MEMBER = "ceshi.yuangong"
CARD = Card(
    title="护理系教师工作群",
    lead="新建备案，请您审核（第八条）",
    path="/filings/1",
    rows=(("备案部门", "护理系"), ("群人数", "46人")),
    text="用途：发布教学安排和工作通知",
    decides=True,
)


def point_at(app: Flask, wecom: WeComSettings) -> None:
    """Let the app use this platform from now on."""
    app.config["SETTINGS"] = replace(app.config["SETTINGS"], wecom=wecom)
    app.extensions.pop("wecom_client", None)


@pytest.fixture
def odd(app: Flask) -> Iterator[OddPlatform]:
    """The app's platform answers as the test tells it to."""
    with odd_platform() as platform:
        point_at(app, wecom_settings(platform.url))
        yield platform


@pytest.fixture
def simulated(app: Flask) -> Iterator[Handle]:
    """The app's platform is the strict simulator, with one more member."""
    ours = wecom_settings()
    handle = start(
        SimulatorSettings(
            corp_id=ours.corp_id,
            agent_id=ours.agent_id,
            secret=ours.secret,
            callback_token=ours.callback_token,
            callback_aes_key=ours.callback_aes_key,
            callback_url="http://127.0.0.1:9/callbacks/wecom",
            home_url="http://127.0.0.1:8000/",
        )
    )
    with handle.state.lock:
        handle.state.directory.put({"userid": MEMBER, "name": "测试员工", "departments": [8]})
    point_at(app, wecom_settings(f"{handle.url}/"))
    yield handle
    handle.stop()


class Outbox:
    """Writes messages as an operation would, and reads what became of them."""

    def __init__(self) -> None:
        with unit_of_work() as session:
            person = Person(name="测试员工")
            session.add(person)
            session.flush()
            self.person_id = person.id

    def put(self, kind: MessageKind = MessageKind.REQUEST, **values: Any) -> int:
        """A message that is due; its id."""
        task_id = uuid.uuid4().hex
        given = {"card": CARD.stored(), "recipient_user_id": MEMBER, "event_key": task_id, **values}
        with unit_of_work() as session:
            message = Message(task_id=task_id, kind=kind, platform="wecom", recipient_id=self.person_id, **given)
            session.add(message)
            session.flush()
            return message.id

    def put_closing(self, card_id: int, **values: Any) -> int:
        """A closing of that card; its id."""
        return self.put(MessageKind.CLOSE, closes_id=card_id, card={"text": "同意 · 张主任"}, **values)

    def change(self, message_id: int, **values: Any) -> None:
        """Set columns of a row, as time or another process would."""
        with unit_of_work() as session:
            session.execute(update(Message).where(Message.id == message_id).values(**values))

    def get(self, message_id: int) -> Message:
        """The row as it is now."""
        db.session.rollback()
        return db.session.get_one(Message, message_id)

    def all(self) -> list[Message]:
        """All rows as they are now, oldest first."""
        db.session.rollback()
        return list(db.session.scalars(select(Message).order_by(Message.id)))


@pytest.fixture
def outbox(context: Flask) -> Outbox:
    return Outbox()
