"""A filing of whoever would have to decide on it: recorded, passed to the leader, registered by another."""

import pytest
from flask import Flask

from models import FilingState, Outcome
from operations.appointing import appoint
from operations.checks import findings_of
from operations.decisions import OWN_REGISTRATION, decide
from operations.errors import NotTheHolder
from operations.filings import submit
from operations.permissions import can_register
from operations.reading import get_filing
from operations.routing import preview
from operations.rules import rules_for
from operations.turns import SELF_APPROVAL
from regulation import PostKind, Tier, parse_regulation
from regulation.loading import DEFAULT_FILE
from tests.college import College, steps_waiting

REGISTRAR = "zhougan"


@pytest.fixture(autouse=True)
def _context(context: Flask) -> None:
    """Every test here calls operations directly."""


def of_registrar(college: College) -> int:
    filing_id = college.submitted(REGISTRAR)
    decide(college.actor("zhangzhuren"), filing_id, Outcome.APPROVED)
    return filing_id


def registers(college: College, filing_id: int, user_id: str) -> bool:
    """By the rule and by the list alike."""
    actor = college.actor(user_id)
    may = can_register(actor, get_filing(filing_id))
    assert steps_waiting(actor) == int(may)
    return may


def test_a_registrars_own_filing_is_registered_by_another(college: College) -> None:
    """E2: where there is another registrar, the applicant is neither asked nor let."""
    appoint("jiwai", "REGISTRAR", None)
    filing_id = of_registrar(college)
    assert (registers(college, filing_id, REGISTRAR), registers(college, filing_id, "jiwai")) == (False, True)
    assert "审核通过，请办理备案" not in [message.card["lead"] for message in college.told(REGISTRAR)]
    with pytest.raises(NotTheHolder):
        decide(college.actor(REGISTRAR), filing_id, Outcome.REGISTERED)
    decide(college.actor("jiwai"), filing_id, Outcome.REGISTERED)
    decision = college.filing(filing_id).steps[-1].decision
    assert decision is not None
    assert decision.reason == ""


def test_the_only_registrar_registers_their_own_and_it_is_marked(college: College) -> None:
    """E2: nobody else is there: 本部门自备案 stands with the decision."""
    filing_id = of_registrar(college)
    assert registers(college, filing_id, REGISTRAR)
    decide(college.actor(REGISTRAR), filing_id, Outcome.REGISTERED)
    filing = college.filing(filing_id)
    decision = filing.steps[-1].decision
    assert decision is not None
    assert filing.state is FilingState.REGISTERED
    assert decision.reason == OWN_REGISTRATION == "本部门自备案"


def test_heads_who_file_are_recorded_as_their_own_approvers(college: College) -> None:
    """E1: 申请人即审核人 is recorded, and the registrar sees it."""
    filing = college.filing(college.submitted("zhangzhuren"))
    decision = filing.steps[0].decision
    assert decision is not None
    assert (decision.reason, decision.by_rule) == (SELF_APPROVAL, True)
    assert filing.state is FilingState.APPROVED


@pytest.fixture
def leader_is_asked(app: Flask) -> None:
    """The college's rules, but for own_filing."""
    rules = parse_regulation(
        DEFAULT_FILE.read_text("utf-8").replace('own_filing = "pass"', 'own_filing = "college_leader"')
    )
    app.extensions["regulations"].update({None: rules, rules.digest: rules})


@pytest.mark.usefixtures("leader_is_asked")
def test_the_leader_is_asked_where_the_head_is_the_applicant_if_the_rules_say_so(college: College) -> None:
    """E1: instead of passing, the approval is the 主管院领导's; the page before sending says so."""
    filing_id = college.draft("zhangzhuren")
    [first, _] = preview(get_filing(filing_id))
    assert (first.post_label, first.names) == ("护理系主管院领导", ("刘院长",))
    assert first.sentence == "申请人即审核人，由主管院领导审核"
    submit(college.actor("zhangzhuren"), filing_id)
    filing = college.filing(filing_id)
    assert filing.state is FilingState.IN_REVIEW
    decide(college.actor("liuyuanzhang"), filing_id, Outcome.APPROVED)
    assert college.filing(filing_id).state is FilingState.APPROVED


@pytest.mark.usefixtures("leader_is_asked")
def test_the_leader_is_not_asked_twice(college: College) -> None:
    filing_id = college.submitted("zhangzhuren", tier=Tier.COLLEGE, name="川护教职工群")
    posts = [step.post for step in college.filing(filing_id).steps]
    assert posts == [PostKind.DEPARTMENT_HEAD, PostKind.COLLEGE_LEADER, PostKind.REGISTRAR]


@pytest.mark.usefixtures("leader_is_asked")
def test_the_head_decides_as_ever_what_somebody_else_filed(college: College) -> None:
    filing_id = college.submitted()
    assert college.filing(filing_id).steps[0].post is PostKind.DEPARTMENT_HEAD
    appoint("jiwai", "DEPARTMENT_HEAD", "8")
    own = college.submitted("zhangzhuren", name="护理系学工群", number="71234567")
    assert college.filing(own).steps[0].post is PostKind.DEPARTMENT_HEAD


def test_a_running_filing_keeps_the_way_it_was_sent_on(app: Flask, college: College) -> None:
    """F24: the file is changed while a filing is under way: its steps, its limits and its deadlines stay; L6."""
    filing_id = college.submitted()
    before = [(step.post, step.article, step.sentence) for step in college.filing(filing_id).steps]
    old = rules_for(college.filing(filing_id))
    source = (
        DEFAULT_FILE.read_text("utf-8")
        .replace("size = 100", "size = 30")
        .replace("escalate_after = 3", "escalate_after = 9")
    )
    rules = parse_regulation(source.replace('own_filing = "pass"', 'own_filing = "college_leader"'))
    app.extensions["regulations"] = {None: rules, rules.digest: rules}
    decide(college.actor("zhangzhuren"), filing_id, Outcome.RETURNED, reason="请补充用途")
    assert not [finding for finding in findings_of(get_filing(filing_id)) if finding.article == "第十条"]
    submit(college.actor("lilaoshi"), filing_id)
    filing = college.filing(filing_id)
    assert [(step.post, step.article, step.sentence) for step in filing.current_steps] == before
    kept = rules_for(filing)
    assert (kept.digest, kept.size_limit, kept.deadlines) == (old.digest, 100, old.deadlines)
    assert rules_for(None).size_limit == 30
