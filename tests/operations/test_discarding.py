"""Deleting a draft: its author's to do, once, and nothing personal stays."""

import threading
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text

from extensions import db
from models import AuditEntry, Contact, Filing, Group, WrongState
from operations import evidence_files, reading
from operations.discarding import delete_draft
from operations.drafts import save_draft
from operations.errors import NotAllowed, NotFound
from tests.college import College
from tests.operations.test_evidence import add


@pytest.mark.usefixtures("context")
def test_nothing_of_a_deleted_draft_is_found_or_kept(college: College) -> None:
    """F3: a draft is deleted by its author."""
    author = college.actor("lilaoshi")
    filing_id, other = college.draft(), college.draft(name="护理系另一个群", number="712345683")
    delete_draft(author, filing_id)
    assert [filing.id for filing in reading.filings_of(author).rows] == [other]
    with pytest.raises(NotFound):
        reading.get_filing(filing_id)
    with pytest.raises(NotFound):
        reading.get_group_filings(db.session.get_one(Filing, filing_id).group_id)
    group = college.filing(filing_id).group
    assert (group.name, group.name_key, group.number, group.purpose, group.platform) == ("", "", "", "", None)
    assert list(db.session.scalars(select(Contact).where(Contact.group_id == group.id))) == []
    acts = db.session.execute(select(AuditEntry.action, AuditEntry.subject_id).order_by(AuditEntry.id)).all()
    assert acts[-1] == ("filing.delete", filing_id)


@pytest.mark.usefixtures("context")
def test_the_files_of_a_deleted_draft_are_gone(college: College) -> None:
    filing_id = college.draft()
    kept = add(college, filing_id)
    path = evidence_files.path_of(kept.stored_name)
    assert path.is_file()
    delete_draft(college.actor("lilaoshi"), filing_id)
    assert not path.exists()


@pytest.mark.usefixtures("context")
def test_every_fact_of_the_group_is_emptied(college: College) -> None:
    filing_id = college.draft(size_reason="人数多", is_project=True)
    delete_draft(college.actor("lilaoshi"), filing_id)
    row = db.session.execute(text("SELECT * FROM groups")).mappings().one()
    kept = {name for name, value in row.items() if value not in (None, "", False, 0)}
    assert kept == {"id", "state", "created_at"}


@pytest.mark.usefixtures("context")
def test_only_its_author_deletes_a_draft(college: College) -> None:
    filing_id = college.draft()
    with pytest.raises(NotAllowed):
        delete_draft(college.actor("zhangzhuren"), filing_id)
    assert reading.get_filing(filing_id).group.name


@pytest.mark.usefixtures("context")
def test_a_second_deletion_and_a_late_save_find_nothing(college: College) -> None:
    author, filing_id = college.actor("lilaoshi"), college.draft()
    delete_draft(author, filing_id)
    with pytest.raises(NotFound):
        delete_draft(author, filing_id)
    with pytest.raises(NotFound):
        save_draft(author, college.facts(), form_key="0" * 32, filing_id=filing_id)
    assert college.filing(filing_id).group.name == ""


@pytest.mark.usefixtures("context")
def test_the_form_of_a_deleted_draft_may_be_sent_anew(college: College) -> None:
    author = college.actor("lilaoshi")
    first = save_draft(author, college.facts(), form_key="1" * 32)
    delete_draft(author, first)
    again = save_draft(author, college.facts(), form_key="1" * 32)
    assert again != first
    assert reading.get_filing(again).group.name == "护理系教师工作群"


@pytest.mark.usefixtures("context")
def test_what_was_sent_once_stays(college: College) -> None:
    filing_id = college.submitted()
    with pytest.raises(WrongState):
        delete_draft(college.actor("lilaoshi"), filing_id)
    assert reading.get_filing(filing_id).group.name


def test_a_draft_deleted_and_saved_at_once_is_one_or_the_other(app: Flask, college: College) -> None:
    with app.app_context():
        author, filing_id, facts = college.actor("lilaoshi"), college.draft(), college.facts(name="护理系改名群")
    start, outcomes = threading.Barrier(2), list[str]()

    def act(does: Any) -> None:
        with app.app_context():
            start.wait()
            try:
                does()
                outcomes.append("done")
            except NotFound:
                outcomes.append("gone")

    threads = [
        threading.Thread(target=act, args=[lambda: delete_draft(author, filing_id)]),
        threading.Thread(target=act, args=[lambda: save_draft(author, facts, form_key="2" * 32, filing_id=filing_id)]),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) in (["done", "done"], ["done", "gone"])
    with app.app_context():
        assert db.session.scalar(select(Group.name)) == ""
