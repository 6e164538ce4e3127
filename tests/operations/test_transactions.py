"""An operation that fails half-way leaves nothing behind: no state, no decision, no message, no number."""

import itertools
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from sqlalchemy import event, select

from extensions import db
from messaging.platforms.wecom_callbacks import CardTap
from models import AuditEntry, Base, Outcome
from models.audit import record
from models.database import unit_of_work
from operations.appointing import appoint
from operations.decisions import decide
from operations.directory import Accepted, fetch_person, sync_contacts
from operations.drafts import save_draft
from operations.filings import submit, withdraw
from operations.taps import answer_tap
from tests.college import College
from tests.operations.test_crowds import NewPeople

EVENTS = itertools.count()


class Broken(Exception):
    """What the tests make the database say."""


class FailingDatabase:
    """Fails the n-th statement that writes from now on."""

    def __init__(self, at: int) -> None:
        self.left = at

    def __call__(self, _connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith(("INSERT", "UPDATE", "DELETE")):
            self.left -= 1
            if self.left == 0:
                raise Broken


def _everything() -> dict[str, list[object]]:
    """Every row of every table."""
    db.session.rollback()
    with db.engine.connect() as connection:
        return {
            table.name: sorted(map(repr, connection.execute(table.select()))) for table in Base.metadata.sorted_tables
        }


ACTS: dict[str, tuple[Callable[[College], int], Callable[[College, int], object]]] = {
    "save": (
        College.draft,
        lambda c, f: save_draft(c.actor("lilaoshi"), c.facts(name="护理系新群"), form_key="", filing_id=f),
    ),
    "submit": (College.draft, lambda c, f: submit(c.actor("lilaoshi"), f)),
    "approve": (College.submitted, lambda c, f: decide(c.actor("zhangzhuren"), f, Outcome.APPROVED)),
    "return": (College.submitted, lambda c, f: decide(c.actor("zhangzhuren"), f, Outcome.RETURNED, reason="改")),
    "reject": (College.submitted, lambda c, f: decide(c.actor("zhangzhuren"), f, Outcome.REJECTED, reason="不")),
    "tap": (
        College.submitted,
        lambda c, _: answer_tap(
            CardTap("zhangzhuren", c.told("zhangzhuren")[0].task_id, "approve", "code", f"event-{next(EVENTS)}")
        ),
    ),
    "sync": (College.submitted, lambda c, _: sync_contacts(NewPeople(), accepts=Accepted(9, 9))),  # type: ignore[arg-type]
    "sign in": (College.submitted, lambda c, _: fetch_person("new1", NewPeople())),  # type: ignore[arg-type]
    "register": (College.approved, lambda c, f: decide(c.actor("zhougan"), f, Outcome.REGISTERED)),
    "withdraw": (College.submitted, lambda c, f: withdraw(c.actor("lilaoshi"), f)),
    "appoint": (College.submitted, lambda c, _: appoint("jiwai", "DEPARTMENT_HEAD", "8")),
}


@pytest.fixture
def fail_at() -> Iterator[Callable[[int], FailingDatabase]]:
    listeners: list[FailingDatabase] = []

    def start(at: int) -> FailingDatabase:
        listeners.append(FailingDatabase(at))
        event.listen(db.engine, "before_cursor_execute", listeners[-1])
        return listeners[-1]

    yield start
    for listener in listeners:
        event.remove(db.engine, "before_cursor_execute", listener)


@pytest.mark.usefixtures("context")
@pytest.mark.every_case
@pytest.mark.parametrize("act", ACTS)
def test_an_operation_that_fails_at_any_of_its_writes_leaves_nothing_behind(
    college: College, act: str, fail_at: Callable[[int], FailingDatabase]
) -> None:
    prepare, carry_out = ACTS[act]
    filing_id = prepare(college)
    before = _everything()
    for at in range(1, 60):
        database = fail_at(at)
        try:
            carry_out(college, filing_id)
        except Broken:
            assert _everything() == before
        else:
            assert database.left > 0, "the operation swallowed the failure"
            break
    else:
        pytest.fail("the operation never succeeded")
    assert at > 2
    assert _everything() != before


def test_what_is_recorded_outside_a_unit_of_work_is_refused_and_not_lost(context: Flask) -> None:
    with unit_of_work() as session:
        record(session, "test.within", Base.metadata.tables["people"], by=(None, "test"))
    with pytest.raises(KeyError):
        record(db.session(), "test.outside", Base.metadata.tables["people"], by=(None, "test"))
    assert db.session.scalars(select(AuditEntry.action)).all() == ["test.within"]
