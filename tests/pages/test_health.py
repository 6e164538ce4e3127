"""What the service says of itself."""

from flask import Flask
from flask.testing import FlaskClient

from extensions import db
from messaging.worker import beat


def test_a_process_that_lives_says_so(client: FlaskClient) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.text) == (200, "ok")


def test_it_is_ready_once_a_worker_has_reported(app: Flask, client: FlaskClient) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert set(answer.json) == {"database", "migrated", "worker"}
    assert (answer.json["database"], answer.json["migrated"]) == ("ok", "ok")
    assert "worker" in answer.json["worker"]
    with app.app_context():
        beat()
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json) == (200, {"database": "ok", "migrated": "ok", "worker": "ok"})


def test_a_database_without_its_tables_is_named(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        db.drop_all()
        db.session.connection().exec_driver_sql("DROP TABLE alembic_version")
        db.session.commit()
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert set(answer.json) == {"database", "migrated", "worker"}
    assert answer.json["database"] == "ok"
    assert "db upgrade" in answer.json["migrated"]
    assert answer.json["worker"] != "ok"
    assert client.get("/healthz").status_code == 200
