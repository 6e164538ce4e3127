"""A new secret key: what former ones wrote is read all the same, and encrypted anew while the service goes on."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text, update

from app import create_app
from extensions import db
from messaging import sharing
from models import AuditEntry, Base, Contact, Filing, Group, Outcome, Person, utc_now
from models.base import EncryptedText
from models.database import unit_of_work
from models.encryption import UNREADABLE, FieldCipher
from operations.decisions import decide
from operations.filed_people import keep_people, people_of
from operations.keys import rotate_keys
from tests.college import College
from tests.conftest import make_settings
from tests.operations.test_lock_order import while_they_are_recorded

#: The key of the app of `tests.conftest`, which wrote everything so far.
FORMER = "a-key-of-the-tests-only-000000000000"
PRESENT = "another-key-of-the-tests-only-111111"


def _app(database_url: str, folder: Path, key: str, *former: str) -> Flask:
    settings = replace(make_settings(database_url, folder), secret_key=key, secret_key_fallbacks=former)
    app = create_app(settings)
    app.config["TESTING"] = True
    return app


@pytest.fixture
def people(app: Flask, college: College) -> dict[str, int]:
    """Everybody has a mobile, and a group its contacts, all written with the former key."""
    with app.app_context():
        with unit_of_work() as session:
            for number, person_id in enumerate(college.people.values()):
                session.get_one(Person, person_id).mobile = f"199000000{number:02}"
        decide(college.actor("zhangzhuren"), college.submitted(), Outcome.REJECTED, reason="重复")
        with unit_of_work() as session:
            keep_people(session, set(session.scalars(select(Group.id))))
        sharing.write("a-token", "TOKEN", lasts=timedelta(hours=1))
    return college.people


@pytest.fixture
def rotating(people: dict[str, int], database_url: str, tmp_path: Path) -> Iterator[Flask]:
    """The service with a new key that knows the former one, in a context of its own."""
    app = _app(database_url, tmp_path, PRESENT, FORMER)
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


def mobiles() -> list[str | None]:
    db.session.rollback()
    return list(db.session.scalars(select(Person.mobile).order_by(Person.id)))


def tokens(table: str, column: str) -> list[str]:
    """The values as they are stored."""
    found = list(db.session.scalars(text(f"SELECT {column} FROM {table} WHERE {column} <> '' ORDER BY 1")))
    db.session.rollback()
    return found


def all_tokens() -> list[str]:
    """Every encrypted value of the database, whatever table it is in."""
    return [
        token
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, EncryptedText)
        for token in tokens(table.name, column.name)
    ]


def test_what_a_former_key_wrote_is_read_until_it_is_rotated(rotating: Flask) -> None:
    assert mobiles()[0] == "19900000000"
    assert sharing.read("a-token") == "TOKEN"


def test_every_encrypted_value_of_every_table_is_under_the_present_key_afterwards(rotating: Flask) -> None:
    before, stored = mobiles(), all_tokens()
    [*_, rotation] = rotate_keys(batch=4)
    assert (rotation.left, rotation.unreadable) == (0, [])
    present = FieldCipher(PRESENT)
    assert stored
    assert len(all_tokens()) == len(stored)
    assert all(present.is_present(token) for token in all_tokens())
    assert mobiles() == before
    assert all(map(present.is_present, tokens("filings", "people_as_filed")))
    assert [person.name for person in people_of(db.session.scalars(select(Filing)).one())] == [
        *("赵管理", "王群主", "张主任"),
    ]
    assert {c.mobile for c in db.session.scalars(select(Contact))} == {"19900000001", "19900000002", "19900000003"}


def test_a_second_run_writes_nothing(rotating: Flask) -> None:
    [*_, first] = rotate_keys()
    stored = all_tokens()
    [*_, second] = rotate_keys()
    assert first.renewed > 0
    assert second.renewed == 0
    assert all_tokens() == stored


def test_one_that_was_killed_half_way_is_ended_by_the_next(rotating: Flask, people: dict[str, int]) -> None:
    before = mobiles()
    run = rotate_keys(batch=3)
    while not any(map(FieldCipher(PRESENT).is_present, tokens("people", "mobile"))):
        next(run)
    run.close()
    assert not all(map(FieldCipher(PRESENT).is_present, tokens("people", "mobile")))
    assert mobiles() == before
    [*_, rotation] = rotate_keys(batch=3)
    assert rotation.renewed > 0
    assert all(map(FieldCipher(PRESENT).is_present, all_tokens()))
    assert mobiles() == before


def test_nothing_is_lost_that_the_service_writes_meanwhile(
    rotating: Flask, people: dict[str, int], database_url: str, tmp_path: Path
) -> None:
    """A process that has not been restarted goes on writing with the former key, in another thread."""
    others = _app(database_url, tmp_path, FORMER)
    written: dict[int, str] = {}
    stop = threading.Event()

    def write() -> None:
        number = 0
        with others.app_context():
            while not stop.is_set():
                person_id = sorted(people.values())[number % len(people)]
                with unit_of_work() as session:
                    session.get_one(Person, person_id).mobile = f"1990001{number:04}"
                written[person_id] = f"1990001{number:04}"
                number += 1
            db.session.remove()
            db.engine.dispose()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(5):
            list(rotate_keys(batch=2))
    finally:
        stop.set()
        writer.join()
    [*_, rotation] = rotate_keys(batch=2)
    assert rotation.left == 0
    assert all(map(FieldCipher(PRESENT).is_present, all_tokens()))
    assert written
    assert {p.id: p.mobile for p in db.session.scalars(select(Person)) if p.id in written} == written


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_row_that_somebody_is_writing_is_not_waited_for_and_is_told(
    rotating: Flask, people: dict[str, int], database_url: str, tmp_path: Path
) -> None:
    held = people["lilaoshi"]
    others = _app(database_url, tmp_path, FORMER)
    with others.app_context():
        with unit_of_work() as session:
            session.execute(update(Person).where(Person.id == held).values(mobile="19900000077"))
            with rotating.app_context():
                [*_, rotation] = rotate_keys()
                assert rotation.left == 1
        db.session.remove()
        db.engine.dispose()
    [*_, rotation] = rotate_keys()
    assert (rotation.renewed, rotation.left) == (1, 0)
    assert db.session.get_one(Person, held).mobile == "19900000077"


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_row_that_is_written_anew_may_be_named_meanwhile(
    rotating: Flask, people: dict[str, int], database_url: str, tmp_path: Path
) -> None:
    list(rotate_keys())
    others = _app(database_url, tmp_path, FORMER)
    with others.app_context():
        with unit_of_work() as session:
            session.execute(update(Person).values(mobile="19900000077"))
        db.session.remove()
        db.engine.dispose()
    assert while_they_are_recorded(rotating, people.values(), lambda: list(rotate_keys())) == []
    assert all(map(FieldCipher(PRESENT).is_present, all_tokens()))


def test_each_transaction_that_wrote_leaves_its_trace_without_a_number(rotating: Flask) -> None:
    [*_, rotation] = rotate_keys(batch=5)
    entries = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "keys.rotate")).all()
    assert sum(entry.details["rows"] for entry in entries) == rotation.renewed
    assert {(entry.subject_type, entry.subject_id) for entry in entries} >= {("people", 0), ("contacts", 0)}
    assert "199" not in str([entry.details for entry in entries])


class TestALostKey:
    @pytest.fixture
    def lost(self, people: dict[str, int], database_url: str, tmp_path: Path) -> Iterator[Flask]:
        """The service with a new key that does not know the former one."""
        app = _app(database_url, tmp_path, PRESENT)
        with app.app_context():
            yield app
            db.session.remove()
            db.engine.dispose()

    def test_what_it_wrote_is_counted_and_named_and_stays(self, lost: Flask, people: dict[str, int]) -> None:
        stored = all_tokens()
        [*_, rotation] = rotate_keys(batch=4)
        assert rotation.renewed == 0
        assert {("people", person_id) for person_id in people.values()} <= set(rotation.unreadable)
        assert all_tokens() == stored

    def test_a_page_shows_that_it_cannot_be_read(self, lost: Flask, people: dict[str, int]) -> None:
        client = _signed_in(lost.test_client(), people["lilaoshi"])
        answer = client.get("/filings/1")
        assert answer.status_code == 200
        assert UNREADABLE in answer.text

    def test_saving_something_else_of_the_row_does_not_destroy_it(self, lost: Flask, people: dict[str, int]) -> None:
        stored = tokens("people", "mobile")
        with unit_of_work() as session:
            person = session.get_one(Person, people["lilaoshi"])
            assert person.mobile == UNREADABLE
            person.job_title, person.mobile = "教授", str(person.mobile)
        assert tokens("people", "mobile") == stored

    def test_copied_elsewhere_it_is_copied_whole(self, lost: Flask, people: dict[str, int]) -> None:
        with unit_of_work() as session:
            contact = session.scalars(select(Contact).order_by(Contact.id)).first()
            assert contact is not None
            contact.mobile = session.get_one(Person, people["lilaoshi"]).mobile or ""
            contact_id = contact.id
        former = FieldCipher(FORMER)
        [token] = db.session.scalars(text(f"SELECT mobile FROM contacts WHERE id = {contact_id}"))
        assert former.decrypt(token).startswith("199000000")

    def test_a_form_asks_for_it_again(self, lost: Flask, people: dict[str, int], app: Flask, college: College) -> None:
        with app.app_context():
            filing_id = college.draft(name="护理系二群", number="700001")
        lost.config["WTF_CSRF_ENABLED"] = False
        client = _signed_in(lost.test_client(), people["lilaoshi"])
        address = f"/filings/{filing_id}/edit"
        assert f'value="{UNREADABLE}"' in client.get(address).text
        stored = tokens("contacts", "mobile")
        answer = client.post(address, data={"action": "save", "kind": "establish", "owner-mobile": UNREADABLE})
        assert answer.status_code == 422
        assert "11位手机号码" in answer.text
        assert tokens("contacts", "mobile") == stored


def _signed_in(client: FlaskClient, person_id: int) -> FlaskClient:
    with client.session_transaction() as session:
        session.update(person_id=person_id, session_id="0" * 32, seen=int(utc_now().timestamp()))
    return client


def test_somebody_signed_in_under_the_former_key_stays_so(
    app: Flask, people: dict[str, int], database_url: str, tmp_path: Path
) -> None:
    before = _signed_in(app.test_client(), people["lilaoshi"])
    cookie = before.get_cookie("session")
    assert cookie is not None
    for former, status in ((FORMER,), 200), ((), 302):
        renewed = _app(database_url, tmp_path, PRESENT, *former)
        client = renewed.test_client()
        client.set_cookie("session", cookie.value)
        assert client.get("/").status_code == status
        with renewed.app_context():
            db.engine.dispose()


class TestTheCommand:
    def test_it_says_how_many_and_that_the_former_keys_can_go(self, rotating: Flask) -> None:
        result = rotating.test_cli_runner().invoke(args=["rotate-keys"])
        assert result.exit_code == 0, result.output
        assert "rows encrypted anew" in result.output
        assert "SECRET_KEY_FALLBACKS can be removed" in result.output
        assert "0 rows encrypted anew" in rotating.test_cli_runner().invoke(args=["rotate-keys"]).output

    def test_it_names_what_no_key_opens_and_lets_no_key_go_meanwhile(
        self, rotating: Flask, people: dict[str, int]
    ) -> None:
        token = FieldCipher("a-key-that-is-lost-for-ever-00").encrypt("19900000099")
        with unit_of_work() as session:
            session.execute(text(f"UPDATE people SET email = '{token}' WHERE id = {people['jiwai']}"))
        result = rotating.test_cli_runner().invoke(args=["rotate-keys"])
        assert result.exit_code == 1
        assert "can be removed" not in result.output
        assert f"people {people['jiwai']}" in result.output
        assert "199" not in result.output
