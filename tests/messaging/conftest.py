"""Platforms for the tests of messaging, and rows of the outbox."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from extensions import db
from messaging.cards import Card
from models import Message, MessageKind, Person, Urgency
from models.database import unit_of_work
from simulator.server import Handle
from tests.conftest import wecom_settings
from tests.messaging.odd_platform import OddPlatform, odd_platform
from tests.platform import point_at, simulated_platform

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


@pytest.fixture
def odd(app: Flask) -> Iterator[OddPlatform]:
    """The app's platform answers as the test tells it to."""
    with odd_platform() as platform:
        point_at(app, wecom_settings(platform.url))
        yield platform


@pytest.fixture
def simulated(app: Flask) -> Iterator[Handle]:
    """The app's platform is the strict simulator, with one more member."""
    with simulated_platform(app) as handle:
        with handle.state.lock:
            handle.state.directory.put({"userid": MEMBER, "name": "测试员工", "departments": [8]})
        yield handle


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
        given = {"closes_id": card_id, "card": {"text": "同意 · 张主任"}, "urgency": Urgency.URGENT, **values}
        return self.put(MessageKind.CLOSE, **given)

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
