"""线下已审: what was signed on the paper form is entered by a registrar, with the scan at hand."""

from datetime import timedelta
from functools import partial

import pytest
from flask import Flask
from sqlalchemy import select

from extensions import db
from models import (
    Department,
    Evidence,
    EvidenceKind,
    Filing,
    FilingState,
    MessageKind,
    MessageState,
    Outcome,
    Person,
    Post,
    utc_now,
)
from models.database import unit_of_work
from operations import permissions, reading
from operations.appointing import appoint, dismiss
from operations.clock import college_today
from operations.decisions import decide
from operations.delegating import delegate
from operations.errors import AlreadyDecided, NoLongerPending, NotAllowed, OperationRefused, RefusedField
from operations.evidence import EvidenceClosed, evidence_of, get_evidence, remove_evidence
from operations.paper import enter_paper_approval, is_open_to_paper, whose_signature
from regulation import PostKind, Tier
from tests.college import College, steps_waiting
from tests.operations.test_crowds import at_once
from tests.operations.test_every_state import REACHED

REGISTRAR = "zhougan"


@pytest.fixture(autouse=True)
def _context(context: Flask) -> None:
    """Every test here calls operations directly."""


def scan(college: College, filing_id: int, kind: EvidenceKind = EvidenceKind.SIGNED_FORM) -> None:
    """Put a scan of the signed form beside the filing."""
    facts = {"stored_name": f"scan-{filing_id}-{kind}", "media_type": "application/pdf", "size": 1, "digest": "0" * 64}
    by = {"uploaded_by_id": college.people[REGISTRAR], "uploaded_by_name": "周干事"}
    with unit_of_work() as session:
        session.add(Evidence(filing_id=filing_id, kind=kind, **facts, **by))


def enter(college: College, filing_id: int, by: str = REGISTRAR, signer: str = "张主任", days_ago: int = 0) -> None:
    day = college_today() - timedelta(days=days_ago)
    enter_paper_approval(college.actor(by), filing_id, signer=signer, signed_on=day)


def test_an_approval_signed_on_paper_is_entered_and_the_filing_goes_on(college: College) -> None:
    """E50: 线下已审, marked so, with who signed and who entered it."""
    filing_id = college.submitted()
    scan(college, filing_id)
    enter(college, filing_id, days_ago=3)
    filing = college.filing(filing_id)
    decision = filing.steps[0].decision
    assert decision is not None
    assert filing.state is FilingState.APPROVED
    assert (decision.on_paper, decision.label) == (True, "线下已审")
    assert decision.who == "张主任（周干事录入）"
    assert decision.post_label == "护理系部门负责人"
    assert "在登记表上签字同意" in decision.reason
    assert steps_waiting(college.actor("zhangzhuren")) == 0
    [card] = [message for message in college.told("zhangzhuren") if message.kind is MessageKind.REQUEST]
    assert card.state is MessageState.CANCELLED
    assert college.told("lilaoshi")[-1].card["lead"] == "审核通过，尚未备案，不得运营"
    assert "审核通过，请办理备案" in [message.card["lead"] for message in college.told(REGISTRAR)]


def test_without_a_scan_of_the_signed_form_nothing_is_entered(college: College) -> None:
    filing_id = college.submitted()
    scan(college, filing_id, EvidenceKind.OTHER)
    with pytest.raises(NotAllowed):
        enter(college, filing_id)
    scan(college, filing_id)
    with unit_of_work() as session:
        for row in session.query(Evidence):
            row.removed_at = utc_now()
    with pytest.raises(NotAllowed):
        enter(college, filing_id)


@pytest.mark.parametrize("kind", [EvidenceKind.SIGNED_FORM, EvidenceKind.OTHER])
def test_the_scan_that_an_approval_rests_on_stays_and_nothing_else_does(college: College, kind: EvidenceKind) -> None:
    """E50: removed before the approval was entered at the latest."""
    filing_id = college.submitted()
    for which in EvidenceKind.SIGNED_FORM, EvidenceKind.OTHER:
        scan(college, filing_id, which)
    ids = {row.kind: row.id for row in evidence_of(filing_id)}
    applicant = college.actor("lilaoshi")
    assert permissions.can_remove_evidence(applicant, college.filing(filing_id), get_evidence(ids[kind]))
    enter(college, filing_id)
    if kind is EvidenceKind.OTHER:
        remove_evidence(applicant, filing_id, ids[kind])
        return
    assert not permissions.can_remove_evidence(applicant, college.filing(filing_id), get_evidence(ids[kind]))
    with pytest.raises(EvidenceClosed) as refused:
        remove_evidence(applicant, filing_id, ids[kind])
    assert "登记表要留存" in refused.value.sentence
    assert get_evidence(ids[kind]).removed_at is None


@pytest.mark.parametrize("user_id", ["zhangzhuren", "lilaoshi", "wuguanli", "jiwai"])
def test_nobody_but_a_registrar_enters_it(college: College, user_id: str) -> None:
    filing_id = college.submitted()
    scan(college, filing_id)
    with pytest.raises(NotAllowed):
        enter(college, filing_id, by=user_id)


def test_not_of_a_filing_of_their_own(college: College) -> None:
    filing_id = college.submitted(REGISTRAR)
    scan(college, filing_id)
    with pytest.raises(NotAllowed):
        enter(college, filing_id)


@pytest.mark.parametrize(
    ("said", "field"), [({"signer": " "}, "signer"), ({"days_ago": -1}, "signed_on"), ({"days_ago": 366}, "signed_on")]
)
def test_what_cannot_be_is_refused_at_its_field(college: College, said: dict[str, object], field: str) -> None:
    filing_id = college.submitted()
    scan(college, filing_id)
    with pytest.raises(RefusedField) as refused:
        enter(college, filing_id, **said)  # type: ignore[arg-type]
    assert refused.value.field == field
    assert college.filing(filing_id).state is FilingState.IN_REVIEW


def test_what_was_signed_a_year_ago_may_still_be_entered(college: College) -> None:
    """E50: both sides of the limit; a day more is refused above."""
    filing_id = college.submitted()
    scan(college, filing_id)
    enter(college, filing_id, days_ago=365)
    assert college.filing(filing_id).state is FilingState.APPROVED


def test_the_signature_asked_for_is_the_holders_or_that_of_whoever_has_the_step(college: College) -> None:
    """E50: a delegate acts for the holder, who signs; without a holder nobody is named."""
    filing_id = college.submitted()
    post_id = db.session.scalars(select(Post.id).where(Post.person_id == college.people["zhangzhuren"])).one()
    today = college_today()
    delegate(college.actor("zhangzhuren"), post_id, college.people["jiwai"], starts_on=today, ends_on=today)
    assert signatures(college, filing_id) == ["张主任"]
    appoint("sunchuzhang", "DEPARTMENT_HEAD", "8")
    assert signatures(college, filing_id) == ["张主任", "孙处长"]
    with unit_of_work() as session:
        college_filing = session.get_one(Filing, filing_id)
        college_filing.current_steps[0].assignee_id = college.people["wangqunzhu"]
    assert signatures(college, filing_id) == ["王群主"]
    with unit_of_work() as session:
        session.get_one(Filing, filing_id).current_steps[0].assignee_id = None
    for head in ("zhangzhuren", "sunchuzhang"):
        dismiss(head, "DEPARTMENT_HEAD", "8")
    assert signatures(college, filing_id) == []


def signatures(college: College, filing_id: int) -> list[str]:
    filing = college.filing(filing_id)
    assert filing.pending_step is not None
    return [taker.identity.person.name for taker in whose_signature(filing.pending_step, reading.holders_of(filing))]


@pytest.mark.parametrize("signer", ["李老师", " 李老师 "])
def test_the_applicant_has_not_signed_for_their_own_filing(college: College, signer: str) -> None:
    """E1: approval by oneself is worth nothing, on paper neither."""
    filing_id = college.submitted()
    scan(college, filing_id)
    with pytest.raises(RefusedField) as refused:
        enter(college, filing_id, signer=signer)
    assert refused.value.field == "signer"
    said = "申请人不能审核自己的备案（第八条），请填写在登记表上签字的护理系部门负责人的姓名。"
    assert refused.value.sentence == said
    assert college.filing(filing_id).state is FilingState.IN_REVIEW


def test_somebody_of_the_applicants_name_who_holds_the_post_may_have_signed(college: College) -> None:
    """E1, E14: two people of one name are two."""
    with unit_of_work() as session:
        session.get_one(Person, college.people["zhangzhuren"]).name = "李老师"
    filing_id = college.submitted()
    scan(college, filing_id)
    enter(college, filing_id, signer="李老师")
    assert college.filing(filing_id).state is FilingState.APPROVED


def test_a_head_who_files_is_passed_on_by_rule_so_that_nothing_waits_for_paper(college: College) -> None:
    """E1: 申请人即审核人 is recorded already."""
    filing_id = college.submitted("zhangzhuren")
    scan(college, filing_id)
    filing = college.filing(filing_id)
    assert filing.state is FilingState.APPROVED
    assert not is_open_to_paper(filing)
    with pytest.raises(NoLongerPending):
        enter(college, filing_id)


def with_two_heads(college: College, second: str) -> int:
    """A filing of a unit that asks both of its heads: 张主任 and this person; its id."""
    appoint(second, "DEPARTMENT_HEAD", "8")
    with unit_of_work() as session:
        session.get_one(Department, college.departments["8"]).all_heads = True
    return college.submitted()


@pytest.mark.parametrize(("signer", "asked"), [("张主任", {REGISTRAR}), ("某主任", {"zhangzhuren", REGISTRAR})])
def test_whoever_enters_what_another_head_signed_has_their_own_say_left(
    college: College, signer: str, asked: set[str]
) -> None:
    """E50, E7: by rule and by list alike: the signer has decided, if it is known who that is, and the registrar not."""
    filing_id = with_two_heads(college, REGISTRAR)
    scan(college, filing_id)
    enter(college, filing_id, signer=signer)
    filing = college.filing(filing_id)
    step = filing.pending_step
    assert step is not None
    assert {
        user_id for user_id in college.people if permissions.can_take(college.actor(user_id), filing, step)
    } == asked
    assert {user_id for user_id in college.people if steps_waiting(college.actor(user_id))} == asked
    decide(college.actor(REGISTRAR), filing_id, Outcome.APPROVED)
    assert college.filing(filing_id).state is FilingState.APPROVED


def test_what_a_head_signed_on_paper_passes_their_next_step_in_their_own_name(college: College) -> None:
    """E50: the leader who signed as head is not asked again, and the registrar stands for nobody."""
    dismiss("zhangzhuren", "DEPARTMENT_HEAD", "8")
    appoint("liuyuanzhang", "DEPARTMENT_HEAD", "8")
    filing_id = college.submitted(tier=Tier.COLLEGE, name="川护教职工群")
    scan(college, filing_id)
    enter(college, filing_id, signer="刘院长")
    filing = college.filing(filing_id)
    passed = filing.steps[1].decision
    assert passed is not None
    assert (passed.person_name, passed.person_id) == ("刘院长", college.people["liuyuanzhang"])
    assert filing.state is FilingState.APPROVED


def test_a_registrar_who_leads_is_asked_for_what_they_only_entered(college: College) -> None:
    """E50: entering the head's signature is not the leader's consent."""
    dismiss("liuyuanzhang", "COLLEGE_LEADER", "8")
    appoint(REGISTRAR, "COLLEGE_LEADER", "8")
    filing_id = college.submitted(tier=Tier.COLLEGE, name="川护教职工群")
    scan(college, filing_id)
    enter(college, filing_id)
    assert college.filing(filing_id).state is FilingState.IN_REVIEW
    assert steps_waiting(college.actor(REGISTRAR)) == 1


def test_whoever_registers_for_the_applicant_alone_enters_nothing(college: College) -> None:
    """E50, E1: 委托: the say would be the applicant's; with a post of their own they may."""
    filing_id = college.submitted(REGISTRAR)
    scan(college, filing_id)
    post = db.session.scalars(select(Post).where(Post.kind == PostKind.REGISTRAR)).one()
    today = college_today()
    delegate(college.actor(REGISTRAR), post.id, college.people["jiwai"], starts_on=today, ends_on=today)
    with pytest.raises(NotAllowed):
        enter(college, filing_id, by="jiwai")
    appoint("jiwai", "REGISTRAR", None)
    enter(college, filing_id, by="jiwai")
    assert college.filing(filing_id).state is FilingState.APPROVED


@pytest.mark.parametrize("state", [state for state in FilingState if state is not FilingState.IN_REVIEW])
def test_it_is_entered_only_while_an_approval_waits(college: College, state: FilingState) -> None:
    filing_id = REACHED[state](college)
    scan(college, filing_id)
    with pytest.raises(OperationRefused) as refused:
        enter(college, filing_id)
    assert refused.value.sentence
    assert college.filing(filing_id).state is state


def test_of_a_decision_and_an_entry_at_once_one_counts(app: Flask, college: College) -> None:
    filing_id = college.submitted()
    scan(college, filing_id)
    head, registrar = college.actor("zhangzhuren"), college.actor(REGISTRAR)
    step = college.filing(filing_id).pending_step
    assert step is not None
    step_id = step.id
    db.session.rollback()
    signed = {"signer": "张主任", "signed_on": college_today(), "step_id": step_id}
    acts = [
        partial(decide, head, filing_id, Outcome.APPROVED, step_id=step_id),
        partial(enter_paper_approval, registrar, filing_id, **signed),
    ]
    [refused] = at_once(app, acts)
    assert isinstance(refused, AlreadyDecided)
