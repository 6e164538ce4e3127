"""The page of figures: who may read it, what it says, and that it costs the same however much there is."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from ipaddress import ip_network

import pytest
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from messaging.worker import beat, end_beats
from models import Message, MessageState, MessageTally, Urgency, utc_now
from models.database import unit_of_work
from tests.college import College
from tests.conftest import StatementCounter
from tests.pages.conftest import one_database

Figures = Callable[[], dict[str, float]]


@pytest.fixture
def figures(client: FlaskClient) -> Figures:
    """Reads the page as Prometheus does: each sample by its name and labels."""

    def read() -> dict[str, float]:
        answer = client.get("/metrics")
        assert (answer.status_code, answer.mimetype) == (200, "text/plain")
        samples = [sample for family in text_string_to_metric_families(answer.text) for sample in family.samples]
        return {
            "".join([sample.name, *(f" {value}" for value in sample.labels.values())]): sample.value
            for sample in samples
        }

    return read


def count(*rows: tuple[date, str, int, int, int]) -> None:
    with unit_of_work() as session:
        names = ("day", "worker", "tried", "sent", "failed")
        session.add_all(MessageTally(**dict(zip(names, row, strict=True))) for row in rows)


def put(college: College, number: int, *, due_for: timedelta = timedelta(), **values: object) -> None:
    """So many messages that have been due for that long."""
    at = utc_now() - due_for
    given = {"platform": "wecom", "kind": "notice", "card": {}, "created_at": at, "run_at": at, **values}
    recipient = {"recipient_id": college.people["jiwai"], "recipient_user_id": "jiwai"}
    with unit_of_work() as session:
        have = session.query(Message).count()
        for n in range(have, have + number):
            session.add(Message(event_key=f"e{n}", task_id=f"t{n}", **recipient, **given))


def test_an_idle_service_has_all_its_figures(figures: Figures) -> None:
    found = figures()
    for name in ("qunbei_message_tries_total", "qunbei_messages_sent_total", "qunbei_messages_failed_total"):
        assert found[name] == 0
    for urgency in ("urgent", "ordinary", "campaign"):
        assert found[f"qunbei_messages_pending {urgency}"] == found[f"qunbei_messages_sending {urgency}"] == 0
    assert found["qunbei_messages_oldest_due_seconds"] == 0
    assert found["qunbei_worker_seconds_since_beat"] == float("inf")
    assert found["qunbei_sending_stopped"] == 0


def test_what_was_done_is_added_up_over_all_days_and_workers(app: Flask, figures: Figures) -> None:
    today = date(2026, 11, 27)
    with app.app_context():
        count((today, "a", 7, 4, 1), (today, "b", 5, 5, 0), (today - timedelta(days=400), "a", 100, 80, 20))
    found = figures()
    assert found["qunbei_message_tries_total"] == 112
    assert found["qunbei_messages_sent_total"] == 89
    assert found["qunbei_messages_failed_total"] == 21


def test_what_is_under_way_is_told_by_its_urgency_and_since_when_it_is_due(
    app: Flask, college: College, figures: Figures
) -> None:
    leased = {"state": MessageState.SENDING, "lease_until": utc_now()}
    with app.app_context():
        put(college, 3, urgency=Urgency.URGENT, due_for=timedelta(minutes=5))
        put(college, 2, urgency=Urgency.CAMPAIGN, due_for=timedelta(hours=-3))
        put(college, 1, urgency=Urgency.ORDINARY, due_for=timedelta(hours=2), **leased)
        put(college, 4, state=MessageState.FAILED, due_for=timedelta(days=9))
    found = figures()
    assert [found[f"qunbei_messages_pending {urgency}"] for urgency in ("urgent", "ordinary", "campaign")] == [3, 0, 2]
    assert [found[f"qunbei_messages_sending {urgency}"] for urgency in ("urgent", "ordinary", "campaign")] == [0, 1, 0]
    assert 300 <= found["qunbei_messages_oldest_due_seconds"] < 320


@one_database
def test_messages_that_are_not_due_yet_are_none_that_wait_too_long(
    app: Flask, college: College, figures: Figures
) -> None:
    with app.app_context():
        put(college, 1, due_for=timedelta(hours=-1))
    assert figures()["qunbei_messages_oldest_due_seconds"] == 0


@one_database
def test_a_worker_is_seen_until_it_ends(app: Flask, figures: Figures) -> None:
    with app.app_context():
        beat()
    assert 0 <= figures()["qunbei_worker_seconds_since_beat"] < 10
    with app.app_context():
        end_beats()
    assert figures()["qunbei_worker_seconds_since_beat"] == float("inf")


def test_a_refused_secret_shows_while_a_message_waits_for_it(app: Flask, college: College, figures: Figures) -> None:
    with app.app_context():
        put(college, 1, errcode=40001)
    assert figures()["qunbei_sending_stopped"] == 1


def test_it_sends_the_same_four_statements_however_much_there_is(
    app: Flask, college: College, figures: Figures, counted: StatementCounter
) -> None:
    for number in (1, 60):
        with app.app_context():
            put(college, number)
            count(*((date(2026, 1, 1), f"{number} {n}", 1, 1, 0) for n in range(number)))
        counted.statements.clear()
        figures()
        assert len(counted) == 4


@one_database
@pytest.mark.parametrize(
    ("peer", "forwarded", "let_in"),
    [
        ("127.0.0.1", None, True),
        ("127.8.8.8", None, True),
        ("::1", None, True),
        ("::ffff:127.0.0.1", None, True),
        ("192.0.2.7", None, False),
        ("::ffff:192.0.2.7", None, False),
        ("127.0.0.1", "192.0.2.7", False),
        # What somebody outside writes there, a proxy that adds nothing passes on.
        ("127.0.0.1", "127.0.0.1", False),
        ("127.0.0.1", "192.0.2.7, 127.0.0.1", False),
        ("127.0.0.1", "rubbish", False),
        ("127.0.0.1", "10.2.3.4", True),
        ("127.0.0.1", "10.2.3.4, 192.0.2.7", False),
        ("10.2.3.4", None, True),
        ("2001:db8::5", None, True),
    ],
)
def test_this_machine_and_those_named_are_let_in_and_nobody_else(
    app: Flask, client: FlaskClient, peer: str, forwarded: str | None, let_in: bool
) -> None:
    named = (ip_network("10.2.0.0/16"), ip_network("2001:db8::/64"))
    app.config["SETTINGS"] = replace(app.config["SETTINGS"], metrics_from=named)
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    answer = client.get("/metrics", headers=headers, environ_base={"REMOTE_ADDR": peer})
    assert answer.status_code == (200 if let_in else 403)
    assert ("qunbei_" in answer.text) is let_in


@one_database
def test_without_the_setting_only_this_machine_is_let_in(client: FlaskClient) -> None:
    assert client.get("/metrics").status_code == 200
    assert client.get("/metrics", environ_base={"REMOTE_ADDR": "10.2.3.4"}).status_code == 403


@one_database
@pytest.mark.parametrize("name", ["X-Real-IP", "X-Forwarded-Proto", "Forwarded"])
def test_whoever_comes_through_a_proxy_that_does_not_say_for_whom_is_not_let_in(client: FlaskClient, name: str) -> None:
    assert client.get("/metrics", headers={name: "127.0.0.1"}).status_code == 403


@one_database
def test_a_database_that_is_away_is_said_in_a_word(app: Flask, client: FlaskClient) -> None:
    with app.app_context(), unit_of_work() as session:
        session.connection().exec_driver_sql("DROP TABLE message_tallies")
    answer = client.get("/metrics")
    assert (answer.status_code, answer.mimetype) == (503, "text/plain")
    assert len(answer.text) < 100
