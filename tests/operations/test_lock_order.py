"""Nobody waits for somebody who waits for them: locks are taken in one order, that of the audit chain last."""

import threading
from collections.abc import Callable, Iterable
from functools import partial

import pytest
from flask import Flask
from sqlalchemy import select, text

from extensions import db
from models import AuditEntry, Group, Person
from models.audit import record
from models.database import AUDIT_TURN, take_turn, unit_of_work
from operations.appointing import appoint
from operations.directory import Accepted, sync_contacts
from operations.particulars import save_particulars
from tests.college import DEPARTMENTS, PEOPLE, College
from tests.conftest import StatementCounter
from tests.operations.test_crowds import at_once
from tests.operations.test_directory import Platform
from tests.simulator.support import wait_until

WAITING = text(
    "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database "
    "WHERE datname = current_database() AND locktype = 'advisory' AND NOT granted"
)


def somebody_waits_for_a_turn() -> bool:
    """Whether a transaction waits for an advisory lock, asked beside the transaction at hand."""
    with db.engine.connect() as connection:
        return bool(connection.scalar(WAITING))


def while_they_are_recorded(app: Flask, people: Iterable[int], act: Callable[[], object]) -> list[Exception]:
    """Carry out the act between another's taking the audit chain and their recording what these people did."""
    taken = threading.Event()

    def look_at_mobiles() -> None:
        with unit_of_work() as session:
            take_turn(session, AUDIT_TURN)
            taken.set()
            wait_until(somebody_waits_for_a_turn)
            group = session.scalars(select(Group)).one()
            for person_id in people:
                record(session, "contacts.view", group, by=(person_id, "somebody"))

    def act_meanwhile() -> None:
        assert taken.wait(timeout=5)
        act()

    return at_once(app, [look_at_mobiles, act_meanwhile])


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_somebody_saves_their_particulars_while_another_act_of_theirs_is_recorded(app: Flask, college: College) -> None:
    with app.app_context():
        college.submitted()
        actor = college.actor("jiwai")
    save = partial(save_particulars, actor, mobile="19900000077", source="typed")
    assert while_they_are_recorded(app, [actor.id], save) == []
    with app.app_context():
        theirs = select(AuditEntry.action).where(AuditEntry.actor_id == actor.id)
        assert set(db.session.scalars(theirs)) == {"contacts.view", "person.particulars"}


@pytest.mark.usefixtures("context")
def test_a_sync_writes_what_is_recorded_of_it_when_all_else_is_written(
    college: College, counted: StatementCounter
) -> None:
    departments = [{"id": int(key), "name": name, "parentid": int(up or 0)} for key, (name, up) in DEPARTMENTS.items()]
    everybody = [{"userid": key, "name": name, "department": [int(unit)]} for key, (name, unit, _) in PEOPLE.items()]
    appoint("jiwai", "AUDITOR", None)
    without = [member for member in everybody if member["userid"] not in ("lilaoshi", "wangqunzhu")]
    sync_contacts(Platform(departments, without), accepts=Accepted(2))  # type: ignore[arg-type]
    strange = {"userid": "lilaoshi", "name": "另一人", "department": [8]}
    back = next(member for member in everybody if member["userid"] == "wangqunzhu")
    now = [member for member in without if member["userid"] != "jiwai"]
    counted.statements.clear()
    report = sync_contacts(Platform(departments, [*now, back, strange]), accepts=Accepted(1))  # type: ignore[arg-type]
    assert (report.left, report.joined) == (1, 2)
    first = next(n for n, said in enumerate(counted.statements) if said.startswith("SELECT audit_entries.hash"))
    assert all(said.startswith("INSERT INTO audit_entries") for said in counted.statements[first + 1 :])
    left = select(Person.id).where(Person.left_at.is_not(None)).order_by(Person.id)
    assert db.session.scalars(left).all() == [college.people["lilaoshi"], college.people["jiwai"]]
