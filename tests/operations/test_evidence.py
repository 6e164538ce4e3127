"""附件 of a filing: who adds and removes when, five at most, and rows and files that agree."""

import os
import time
from functools import partial
from io import BytesIO

import pytest
from flask import Flask
from sqlalchemy import select

from extensions import db
from models import AuditEntry, Evidence, EvidenceKind, Filing, FilingState, Group, Post, utc_now
from models.database import unit_of_work
from operations import evidence_files, permissions
from operations.clock import college_today
from operations.delegating import delegate
from operations.errors import NotAllowed, NotFound, OperationRefused, RefusedField
from operations.evidence import (
    EvidenceClosed,
    add_evidence,
    evidence_of,
    get_evidence,
    note_seen,
    remove_all_of,
    remove_evidence,
    sweep_files,
)
from operations.evidence_files import Prepared, folder, path_of, prepare
from regulation import PostKind
from tests.college import College
from tests.operations.test_crowds import at_once
from tests.pictures import PDF, picture

BEFORE = {FilingState.DRAFT, FilingState.IN_REVIEW, FilingState.APPROVED, FilingState.RETURNED}


def file(number: int = 0) -> Prepared:
    return prepare(BytesIO(PDF + b"%d %%%%EOF" % number))


def add(college: College, filing_id: int, by: str = "lilaoshi", number: int = 0) -> Evidence:
    add_evidence(college.actor(by), filing_id, EvidenceKind.QR_CODE, [file(number)])
    return evidence_of(filing_id)[-1]


def set_state(filing_id: int, state: FilingState) -> None:
    with unit_of_work() as session:
        filing = session.get_one(Filing, filing_id)
        filing.state, filing.submitted_at = state, utc_now()
        filing.registered_at = utc_now() if state is FilingState.REGISTERED else None
        session.get_one(Group, filing.group_id).live = state not in (FilingState.WITHDRAWN, FilingState.REJECTED)


def acts() -> list[str]:
    return [act for act in db.session.scalars(select(AuditEntry.action)) if act.startswith("evidence")]


@pytest.mark.usefixtures("context")
@pytest.mark.parametrize("state", FilingState)
@pytest.mark.parametrize("kind", EvidenceKind)
@pytest.mark.parametrize("by", ["zhougan", "wuguanli", "sunchuzhang"])
def test_a_scan_of_the_signed_form_is_also_added_by_a_registrar_while_an_approval_waits(
    college: College, state: FilingState, kind: EvidenceKind, by: str
) -> None:
    """E50: every state and kind, and nobody but a registrar."""
    filing_id = college.submitted()
    set_state(filing_id, state)
    if by == "zhougan" and (state, kind) == (FilingState.IN_REVIEW, EvidenceKind.SIGNED_FORM):
        add_evidence(college.actor(by), filing_id, kind, [file()])
        remove_evidence(college.actor(by), filing_id, evidence_of(filing_id)[0].id)
        assert acts() == ["evidence.add", "evidence.remove"]
        return
    with pytest.raises(OperationRefused) as error:
        add_evidence(college.actor(by), filing_id, kind, [file()])
    if by == "zhougan" and state is FilingState.IN_REVIEW:
        assert isinstance(error.value, RefusedField)
        assert (error.value.field, error.value.sentence) == (
            "kind",
            "您只能添加签字的登记表，其他附件由申请人添加。",
        )
    else:
        told = by == "zhougan" and state is not FilingState.DRAFT
        assert isinstance(error.value, EvidenceClosed if told else NotAllowed)
    assert (list(evidence_of(filing_id)), list(folder().iterdir())) == ([], [])


@pytest.mark.usefixtures("context")
def test_a_registrar_adds_no_scan_to_a_filing_of_their_own_as_one(college: College) -> None:
    """E50, E1: theirs as its applicant, of every kind; who stands in for them adds none."""
    filing_id = college.submitted("zhougan")
    assert permissions.kinds_to_add(college.actor("zhougan"), college.filing(filing_id)) == tuple(EvidenceKind)
    post_id = db.session.scalars(select(Post.id).where(Post.kind == PostKind.REGISTRAR)).one()
    today = college_today()
    delegate(college.actor("zhougan"), post_id, college.people["jiwai"], starts_on=today, ends_on=today)
    assert permissions.kinds_to_add(college.actor("jiwai"), college.filing(filing_id)) == ()


@pytest.mark.usefixtures("context")
@pytest.mark.parametrize("state", FilingState)
@pytest.mark.parametrize("by", ["lilaoshi", "wangqunzhu", "zhangzhuren", "zhougan", "jiwai"])
def test_files_are_added_by_the_applicant_before_the_registration_and_after_it_by_whoever_answers_for_the_group(
    college: College, state: FilingState, by: str
) -> None:
    """F11: every state, and each kind of person. 张主任 is the group's 第一责任人."""
    filing_id = college.submitted()
    with unit_of_work() as session:
        for contact in session.get_one(Filing, filing_id).group.contacts:
            contact.person_id = college.people[{"张主任": "zhangzhuren", "王群主": "wangqunzhu"}.get(contact.name, by)]
    if by in ("zhougan", "jiwai"):
        with unit_of_work() as session:
            for contact in session.get_one(Filing, filing_id).group.contacts:
                if contact.person_id == college.people[by]:
                    contact.person_id = None
    set_state(filing_id, state)
    answers = by in ("wangqunzhu", "zhangzhuren")
    fine = (by == "lilaoshi" and state in BEFORE | {FilingState.REGISTERED}) or (
        answers and state is FilingState.REGISTERED
    )
    if fine:
        add(college, filing_id, by)
        assert acts() == ["evidence.add"]
        return
    with pytest.raises(OperationRefused) as error:
        add(college, filing_id, by)
    enters_paper = by == "zhougan" and state is not FilingState.DRAFT
    told = by == "lilaoshi" or (answers and state is not FilingState.DRAFT) or enters_paper
    # Of a filing in review a registrar adds another kind.
    expected = RefusedField if enters_paper and state is FilingState.IN_REVIEW else EvidenceClosed
    assert isinstance(error.value, expected if told else NotAllowed)
    assert (list(evidence_of(filing_id)), list(folder().iterdir())) == ([], [])


@pytest.mark.usefixtures("context")
@pytest.mark.parametrize("state", FilingState)
def test_a_file_is_removed_until_the_registration_and_never_afterwards(college: College, state: FilingState) -> None:
    """F11: what a registration rests on stays."""
    filing_id = college.submitted()
    evidence_id = add(college, filing_id).id
    set_state(filing_id, state)
    with pytest.raises(NotAllowed):
        remove_evidence(college.actor("zhougan"), filing_id, evidence_id)
    if state in BEFORE:
        remove_evidence(college.actor("lilaoshi"), filing_id, evidence_id)
        remove_evidence(college.actor("lilaoshi"), filing_id, evidence_id)
        assert acts() == ["evidence.add", "evidence.remove"]
        assert list(folder().iterdir()) == []
        with pytest.raises(NotFound):
            get_evidence(evidence_id)
        return
    with pytest.raises(EvidenceClosed):
        remove_evidence(college.actor("lilaoshi"), filing_id, evidence_id)
    assert path_of(get_evidence(evidence_id).stored_name).is_file()


@pytest.mark.usefixtures("context")
def test_a_file_is_removed_from_its_own_filing_only(college: College) -> None:
    """L8: the id of a file is checked against its filing."""
    first, second = college.submitted(), college.submitted(name="护理系第二群", number="612345699")
    evidence_id = add(college, first).id
    with pytest.raises(NotFound):
        remove_evidence(college.actor("lilaoshi"), second, evidence_id)


@pytest.mark.usefixtures("context")
def test_a_filing_has_five_files_at_most_and_each_of_them_once(college: College) -> None:
    filing_id = college.draft()
    for number in range(4):
        add(college, filing_id, number=number)
    with pytest.raises(RefusedField) as twice:
        add(college, filing_id, number=3)
    assert "已经在附件里" in twice.value.sentence
    with pytest.raises(RefusedField) as too_many:
        add_evidence(college.actor("lilaoshi"), filing_id, EvidenceKind.OTHER, [file(8), file(9)])
    assert too_many.value.sentence == "附件最多5个，已有4个，这次选了2个，请减少一些。"
    add(college, filing_id, number=4)
    assert len(evidence_of(filing_id)) == len(list(folder().iterdir())) == 5


def test_many_who_add_at_once_make_five_at_most(app: Flask, college: College) -> None:
    """F11: two tabs and two people at the same moment."""
    with app.app_context():
        filing_id = college.draft()
        actor = college.actor("lilaoshi")
        files = [file(number) for number in range(8)]
    adding = [partial(add_evidence, actor, filing_id, EvidenceKind.OTHER, [one]) for one in files]
    raised = at_once(app, adding)
    assert [type(error) for error in raised] == [RefusedField] * 3
    with app.app_context():
        names = {row.stored_name for row in evidence_of(filing_id)}
        assert len(names) == 5
        assert {path.name for path in folder().iterdir()} == names


def test_the_same_file_added_at_once_is_there_once(app: Flask, college: College) -> None:
    with app.app_context():
        filing_id = college.draft()
        actor = college.actor("lilaoshi")
        files = [prepare(BytesIO(picture())) for _ in range(4)]
    raised = at_once(app, [partial(add_evidence, actor, filing_id, EvidenceKind.OTHER, [one]) for one in files])
    assert [type(error) for error in raised] == [RefusedField] * 3
    with app.app_context():
        assert len(evidence_of(filing_id)) == len(list(folder().iterdir())) == 1


@pytest.mark.usefixtures("context")
def test_a_file_leaves_with_the_transaction_that_failed(college: College, monkeypatch: pytest.MonkeyPatch) -> None:
    filing_id = college.draft()

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the database went away")

    monkeypatch.setattr("operations.evidence.record", fail)
    with pytest.raises(RuntimeError):
        add(college, filing_id)
    assert (list(evidence_of(filing_id)), list(folder().iterdir())) == ([], [])


@pytest.mark.usefixtures("context")
def test_files_that_nothing_names_are_swept_after_a_day(college: College) -> None:
    filing_id = college.draft()
    named, removed = add(college, filing_id, number=1), add(college, filing_id, number=2)
    lost, fresh = file(3).stored_name, file(4).stored_name
    with unit_of_work() as session:
        session.get_one(Evidence, removed.id).removed_at = utc_now()
    a_day_ago = time.time() - 25 * 3600
    for name in (named.stored_name, removed.stored_name, lost):
        os.utime(path_of(name), (a_day_ago, a_day_ago))
    sweep_files()
    assert {path.name for path in folder().iterdir()} == {named.stored_name, fresh}


@pytest.mark.usefixtures("context")
def test_the_files_of_a_draft_go_with_it(college: College) -> None:
    filing_id = college.draft()
    add(college, filing_id, number=1)
    add(college, filing_id, number=2)
    with unit_of_work() as session:
        names = remove_all_of(session, college.actor("lilaoshi"), session.get_one(Filing, filing_id))
    evidence_files.discard(names)
    assert (list(evidence_of(filing_id)), list(folder().iterdir())) == ([], [])


@pytest.mark.usefixtures("context")
def test_a_look_by_somebody_else_leaves_one_trace(college: College) -> None:
    evidence = add(college, college.submitted())
    note_seen(college.actor("lilaoshi"), evidence)
    assert acts() == ["evidence.add"]
    for _ in range(2):
        note_seen(college.actor("zhougan"), get_evidence(evidence.id))
    note_seen(college.actor("zhangzhuren"), get_evidence(evidence.id))
    assert acts() == ["evidence.add", "evidence.view", "evidence.view"]
