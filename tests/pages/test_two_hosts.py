"""Several hosts on one database: what came to one of them is known to the other."""

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app import create_app
from extensions import db
from models import AuditEntry, Decision, DirectoryEvent, Message, ReceivedCallback
from tests.pages import test_contact_callbacks
from tests.pages.conftest import Made
from tests.pages.test_callbacks import tap


def written(app: Flask) -> list[int | None]:
    """How much is there of all that a tap or a change of the directory leaves behind."""
    with app.app_context():
        tables = (Message, Decision, AuditEntry, ReceivedCallback, DirectoryEvent)
        return [db.session.scalar(select(func.count()).select_from(table)) for table in tables]


def test_an_event_that_is_delivered_again_to_another_host_acts_once(
    app: Flask, client: FlaskClient, made: Made
) -> None:
    made.submitted()
    with app.app_context():
        task_id = db.session.scalars(select(Message.task_id).where(Message.step_id.is_not(None))).one()
    before = written(app)
    other = create_app(app.config["SETTINGS"])
    try:
        deliver(client, task_id)
        first = written(app)
        assert all(then > now for then, now in zip(first, before, strict=True))
        deliver(other.test_client(), task_id)
        assert written(app) == first
    finally:
        with other.app_context():
            db.engine.dispose()


def deliver(client: FlaskClient, task_id: str) -> None:
    """A tap on the card of this id, and a member of the directory that was changed."""
    assert tap(client, task_id) == (200, "")
    assert test_contact_callbacks.push(client, ChangeType="update_user", UserID="jiwai") == (200, "")
