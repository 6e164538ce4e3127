"""A draft that is kept while its form is being filled in."""

import uuid
from dataclasses import replace

import pytest
from sqlalchemy import func, select

from extensions import db
from models import AuditEntry, ContactRole, Filing, Person, WrongState
from operations.discarding import delete_draft
from operations.drafts import ContactFacts, keep_draft, save_draft
from operations.errors import NotAllowed, NotFound, SavedElsewhere
from tests.college import College

pytestmark = pytest.mark.usefixtures("context")
OWN_MOBILE = "19900000055"


def named_with_own_number(college: College) -> tuple[ContactFacts, ...]:
    others = college.facts().contacts[:1]
    return (*others, ContactFacts(ContactRole.OWNER, 1, "李老师", "教师", OWN_MOBILE))


def saves(filing_id: int) -> int:
    query = select(func.count()).where(AuditEntry.action == "filing.save", AuditEntry.subject_id == filing_id)
    return db.session.scalar(query) or 0


def test_what_is_typed_is_kept_again_and_again_as_one_draft(college: College) -> None:
    """F3: a form that is left unfinished is found again."""
    author, key = college.actor("lilaoshi"), uuid.uuid4().hex
    first = keep_draft(author, college.facts(purpose="发布"), form_key=key)
    second = keep_draft(author, college.facts(purpose="发布教学"), form_key=key)
    third = keep_draft(
        author, college.facts(purpose="发布教学安排"), form_key=key, filing_id=first.filing_id, version=second.version
    )
    assert [first.filing_id, second.filing_id, third.filing_id] == [first.filing_id] * 3
    assert first.version < second.version < third.version
    assert college.filing(first.filing_id).group.purpose == "发布教学安排"
    assert db.session.scalar(select(func.count()).select_from(Filing)) == 1


def test_the_record_is_told_once_that_a_draft_was_begun_and_each_time_it_is_saved(college: College) -> None:
    author, key = college.actor("lilaoshi"), uuid.uuid4().hex
    filing_id = keep_draft(author, college.facts(), form_key=key).filing_id
    keep_draft(author, college.facts(purpose="别的"), form_key=key)
    assert saves(filing_id) == 1
    save_draft(author, college.facts(purpose="又一个"), form_key=key, filing_id=filing_id)
    assert saves(filing_id) == 2


def test_a_number_that_may_be_half_typed_is_not_taken_for_the_persons_own(college: College) -> None:
    """F2: one's own mobile is remembered when the form is saved, and not while it is typed."""
    author, key = college.actor("lilaoshi"), uuid.uuid4().hex
    facts = replace(college.facts(), contacts=named_with_own_number(college))
    filing_id = keep_draft(author, facts, form_key=key).filing_id
    db.session.expire_all()
    assert db.session.get_one(Person, author.id).mobile != OWN_MOBILE
    save_draft(author, facts, form_key=key, filing_id=filing_id)
    db.session.expire_all()
    assert db.session.get_one(Person, author.id).mobile == OWN_MOBILE


def test_an_older_window_keeps_nothing_unless_it_says_the_same(college: College) -> None:
    """F3: lost by no second tab."""
    author, filing_id = college.actor("lilaoshi"), college.draft(purpose="甲")
    opened = college.filing(filing_id).version
    keep_draft(author, college.facts(purpose="乙"), form_key="k", filing_id=filing_id, version=opened)
    keep_draft(author, college.facts(purpose="乙"), form_key="k", filing_id=filing_id, version=opened)
    with pytest.raises(SavedElsewhere):
        keep_draft(author, college.facts(purpose="丙"), form_key="k", filing_id=filing_id, version=opened)
    assert college.filing(filing_id).group.purpose == "乙"


def test_nobody_keeps_a_draft_that_is_anothers_or_sent_or_deleted(college: College) -> None:
    author, other = college.actor("lilaoshi"), college.actor("jiwai")
    draft, sent, deleted = college.draft(), college.submitted(name="护理系乙群", number="7123456"), college.draft()
    delete_draft(author, deleted)
    for actor, filing_id, refusal in (
        (other, draft, NotAllowed),
        (author, sent, WrongState),
        (author, deleted, NotFound),
    ):
        with pytest.raises(refusal):
            keep_draft(actor, college.facts(purpose="后来"), form_key=uuid.uuid4().hex, filing_id=filing_id)
        assert college.filing(filing_id).group.purpose != "后来"
