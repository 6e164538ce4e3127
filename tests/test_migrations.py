"""The schema: the same by migrations as by models, up and down on both databases, and no row lost on the way."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.util import CommandError
from flask import Flask
from flask_migrate import check, downgrade, upgrade

from extensions import db
from models import Outcome, Person
from models.database import unit_of_work
from operations.decisions import decide
from operations.filings import submit, withdraw
from tests.college import College
from tests.conftest import CHECKOUT

MIGRATIONS = str(CHECKOUT / "migrations")


@pytest.mark.usefixtures("context")
def test_the_migrations_make_what_the_models_say() -> None:
    check(directory=MIGRATIONS)


@pytest.mark.usefixtures("context")
def test_the_migrations_go_down_and_up_again() -> None:
    downgrade(directory=MIGRATIONS, revision="base")
    assert set(sa.inspect(db.engine).get_table_names()) == {"alembic_version"}
    upgrade(directory=MIGRATIONS)
    check(directory=MIGRATIONS)


def stored_phones() -> list[str]:
    """The office phones as they stand in the table."""
    found = list(db.session.scalars(sa.text("SELECT office_phone FROM people ORDER BY id")))
    db.session.rollback()
    return found


def test_office_phones_are_encrypted_and_opened_again(context: Flask, college: College) -> None:
    phones = ["199-0000-0021", "", *["028-00000000"] * (len(college.people) - 4), "19900000022"]
    with unit_of_work() as session:
        people = session.scalars(sa.select(Person).order_by(Person.id)).all()
        for person, phone in zip(people, [*phones, "lost"], strict=True):
            person.office_phone = phone
        lost_id = people[-1].id
    db.session.execute(sa.text(f"UPDATE people SET office_phone = 'gAAAAAB-lost' WHERE id = {lost_id}"))
    db.session.commit()
    downgrade(directory=MIGRATIONS, revision="0006")
    assert stored_phones() == [*phones, ""]
    upgrade(directory=MIGRATIONS)
    assert [bool(token) for token in stored_phones()] == [bool(phone) for phone in [*phones, ""]]
    assert not set(phones) - {""} & set(stored_phones())
    assert list(db.session.scalars(sa.select(Person.office_phone).order_by(Person.id))) == [*phones, ""]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_no_office_phone_is_left_in_the_file_once_they_are_encrypted(context: Flask, college: College) -> None:
    with unit_of_work() as session:
        session.add_all(Person(name=f"第{number}人") for number in range(500))
    downgrade(directory=MIGRATIONS, revision="0006")
    db.session.execute(sa.text("UPDATE people SET office_phone = '19900000021'"))
    db.session.commit()
    upgrade(directory=MIGRATIONS)
    db.session.execute(sa.text("PRAGMA wal_checkpoint(TRUNCATE)"))
    path = db.engine.url.database
    assert path
    assert b"19900000021" not in Path(path).read_bytes()


def test_what_only_the_record_had_kept_comes_to_the_timeline(context: Flask, college: College) -> None:
    """L10: filings of before have their timeline too, with the names and moments of that day."""
    filing_id = college.submitted("zhangzhuren")
    decide(college.actor("zhougan"), filing_id, Outcome.RETURNED, reason="请补充用途")
    submit(college.actor("zhangzhuren"), filing_id)
    withdraw(college.actor("zhangzhuren"), filing_id)
    college.draft(name="护理系草稿群", number="70000001")
    asked = sa.text("SELECT kind, person_name, person_id, at FROM filing_events ORDER BY id")
    before = db.session.execute(asked).all()
    db.session.rollback()
    downgrade(directory=MIGRATIONS, revision="0008")
    upgrade(directory=MIGRATIONS)
    after = db.session.execute(asked).all()
    assert [row.kind for row in after] == ["submitted", "submitted", "withdrawn"]
    assert [row[:3] for row in after] == [row[:3] for row in before]
    assert [row.at for row in after[:2]] == [row.at for row in before[:2]]


def test_groups_of_before_are_found_by_their_folded_names(context: Flask, college: College) -> None:
    """E21: a name that was filed before names were folded stands against its like, too."""
    group_id = college.filing(college.draft(name="护理系ＩＴ  工作群")).group_id
    db.session.rollback()
    downgrade(directory=MIGRATIONS, revision="0008")
    upgrade(directory=MIGRATIONS)
    found = db.session.execute(sa.text(f"SELECT name, name_key FROM groups WHERE id = {group_id}")).one()
    assert tuple(found) == ("护理系ＩＴ 工作群", "护理系it 工作群")


def test_messages_of_before_are_sorted_by_need_and_none_of_them_is_unread(context: Flask, college: College) -> None:
    college.submitted("zhangzhuren")
    db.session.rollback()
    downgrade(directory=MIGRATIONS, revision="0009")
    db.session.execute(sa.text("UPDATE messages SET error = '60020 not allow to access from your ip'"))
    db.session.commit()
    upgrade(directory=MIGRATIONS)
    asked = sa.text("SELECT urgency, errcode, read_at IS NULL FROM messages WHERE kind = 'request'")
    assert {tuple(row) for row in db.session.execute(asked)} == {(0, 60020, False)}


REVISION = """
import sqlalchemy as sa
from alembic import op

revision, down_revision = "next", "0010"


def upgrade():
    with op.batch_alter_table("groups", recreate="always") as table:
        table.add_column(sa.Column("motto", sa.String(20)))
{more}

def downgrade():
    pass
"""


def _migrate_with(app: Flask, folder: Path, more: str = "") -> None:
    """Run our own env.py over a folder that has one revision more."""
    for name in ("env.py", "script.py.mako", "alembic.ini"):
        (folder / name).write_text((Path(MIGRATIONS) / name).read_text())
    (folder / "versions").mkdir()
    for path in Path(MIGRATIONS, "versions").glob("*.py"):
        (folder / "versions" / path.name).write_text(path.read_text())
    (folder / "versions" / "next.py").write_text(REVISION.format(more=more))
    upgrade(directory=str(folder))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_remaking_a_table_keeps_the_rows_that_hang_on_it(context: Flask, college: College, tmp_path: Path) -> None:
    college.submitted()
    before = db.session.scalar(sa.text("SELECT count(*) FROM contacts"))
    db.session.rollback()
    folder = tmp_path / "migrations"
    folder.mkdir()
    _migrate_with(context, folder)
    assert db.session.scalar(sa.text("SELECT count(*) FROM contacts")) == before == 3
    assert db.session.scalar(sa.text("PRAGMA foreign_keys")) == 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_migration_that_would_leave_orphans_is_refused(context: Flask, college: College, tmp_path: Path) -> None:
    college.submitted()
    db.session.rollback()
    folder = tmp_path / "migrations"
    folder.mkdir()
    with pytest.raises((RuntimeError, SystemExit, CommandError)):
        _migrate_with(context, folder, more='    op.execute("DELETE FROM groups")')
