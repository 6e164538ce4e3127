"""A filing of whoever would have to decide on it: recorded, passed to the leader, registered by another."""

from datetime import timedelta

import pytest
from flask import Flask

from extensions import db
from models import Department, FilingState, MessageKind, MessageState, Outcome, Person, Post, StepState, utc_now
from models.database import unit_of_work
from operations import clock
from operations.appointing import appoint, dismiss
from operations.checks import findings_of
from operations.decisions import OWN_REGISTRATION, decide
from operations.errors import NotTheHolder
from operations.filings import submit, take_over
from operations.left_behind import left_behind_by
from operations.permissions import can_register
from operations.reading import get_filing
from operations.routing import preview, preview_takeover
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


def test_a_registrars_own_filing_waits_for_them_from_the_day_the_other_is_none_any_more(
    college: College, monkeypatch: pytest.MonkeyPatch
) -> None:
    appoint("jiwai", "REGISTRAR", None)
    with unit_of_work() as session:
        session.query(Post).filter_by(person_id=college.people["jiwai"]).one().ends_on = clock.college_today()
    filing_id = of_registrar(college)
    assert not registers(college, filing_id, REGISTRAR)
    monkeypatch.setattr(clock, "utc_now", lambda: utc_now() + timedelta(days=1))
    assert registers(college, filing_id, REGISTRAR)


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


FACULTY_GROUP = {"tier": Tier.FACULTY_ORGANIZATION, "name": "护理系2026级1班群"}


def waits_for_leader(college: College, filing_id: int) -> None:
    """Nobody but the leader of the unit decides it, and whoever was asked before is not any more."""
    filing = college.filing(filing_id)
    step = filing.pending_step
    assert step is not None
    assert (filing.state, step.post_label) == (FilingState.IN_REVIEW, "护理系主管院领导")
    assert step.sentence == "申请人即审核人，由主管院领导审核"
    assert {user_id for user_id in college.people if steps_waiting(college.actor(user_id))} == {"liuyuanzhang"}
    assert [m.kind for m in college.told("liuyuanzhang")] == [MessageKind.REQUEST]
    decide(college.actor("liuyuanzhang"), filing_id, Outcome.APPROVED)
    assert college.filing(filing_id).state is FilingState.APPROVED


@pytest.mark.usefixtures("leader_is_asked")
def test_the_leader_is_asked_where_the_head_takes_it_over(college: College) -> None:
    """E1: a head who goes on with a filing that waits for them does not approve it by that; the page before says so."""
    filing_id = college.submitted()
    college.move("lilaoshi", "5")
    head = college.actor("zhangzhuren")
    shown = preview_takeover(head, get_filing(filing_id))
    assert (shown[0].post_label, shown[0].names) == ("护理系主管院领导", ("刘院长",))
    take_over(head, filing_id)
    [request, *_] = college.told("zhangzhuren")
    assert request.state is MessageState.CANCELLED
    waits_for_leader(college, filing_id)


@pytest.mark.usefixtures("leader_is_asked")
def test_the_leader_is_asked_where_the_applicant_becomes_the_head(college: College) -> None:
    """E1: what waits in the post that its applicant is given is not theirs to pass."""
    filing_id = college.submitted()
    dismiss("zhangzhuren", "DEPARTMENT_HEAD", "8")
    appoint("lilaoshi", "DEPARTMENT_HEAD", "8")
    waits_for_leader(college, filing_id)


@pytest.mark.usefixtures("leader_is_asked")
def test_the_leader_has_it_from_the_moment_it_is_handed_to_them(college: College) -> None:
    """E1: how long the head had it is no delay of the leader's, whoever saw to the empty post meanwhile."""
    appoint("liuyuanzhang", "ADMINISTRATOR", None)
    filing_id = college.submitted()
    dismiss("zhangzhuren", "DEPARTMENT_HEAD", "8")
    before = college.filing(filing_id).steps[0].pending_since
    appoint("lilaoshi", "DEPARTMENT_HEAD", "8")
    step = college.filing(filing_id).steps[0]
    assert before is not None
    assert step.pending_since is not None
    assert step.pending_since > before
    assert step.asked_since == step.pending_since


@pytest.mark.usefixtures("leader_is_asked")
def test_the_leader_is_asked_where_the_secretary_is_the_applicant(college: College) -> None:
    """E1: an approval is an approval: a faculty's own group of its 党总支负责人 as well."""
    filing_id = college.draft("chenshuji", **FACULTY_GROUP)
    assert preview(get_filing(filing_id))[0].post_label == "护理系主管院领导"
    submit(college.actor("chenshuji"), filing_id)
    waits_for_leader(college, filing_id)


@pytest.mark.usefixtures("leader_is_asked")
def test_of_a_secretary_of_another_branch_the_leader_above_the_group_is_asked(college: College) -> None:
    """E1: a 党总支 has no 主管院领导 of its own: the unit whose group it is has."""
    with unit_of_work() as session:
        session.get_one(Department, college.departments["8"]).party_branch_id = college.departments["7"]
    appoint("lilaoshi", "PARTY_SECRETARY", "7")
    waits_for_leader(college, college.submitted(**FACULTY_GROUP))


@pytest.mark.usefixtures("leader_is_asked")
def test_a_leader_who_is_asked_anyhow_is_not_asked_twice_where_the_head_takes_over(college: College) -> None:
    """E1: the leader's own step is ahead: the head's is recorded as theirs."""
    filing_id = college.submitted(tier=Tier.COLLEGE, name="川护教职工群")
    college.move("lilaoshi", "5")
    take_over(college.actor("zhangzhuren"), filing_id)
    first, second, _ = college.filing(filing_id).steps
    assert first.decision is not None
    assert (first.decision.reason, second.state) == (SELF_APPROVAL, StepState.PENDING)
    assert second.post is PostKind.COLLEGE_LEADER


@pytest.mark.usefixtures("leader_is_asked")
def test_it_is_said_beforehand_where_the_leader_will_be_asked_for_whoever_leaves(college: College) -> None:
    """E1: of two heads the one who is not the applicant leaves: the page that asks first names the leader."""
    appoint("jiwai", "DEPARTMENT_HEAD", "8")
    filing_id = college.submitted("zhangzhuren")
    leaving = db.session.get_one(Person, college.people["jiwai"])
    [tasks] = [part for part in left_behind_by(leaving) if part.title == "等本人办理的"]
    assert [line.fate for line in tasks.lines] == ["护理系部门负责人 · 改由主管院领导刘院长审核。"]
    db.session.rollback()
    dismiss("jiwai", "DEPARTMENT_HEAD", "8")
    waits_for_leader(college, filing_id)


@pytest.mark.usefixtures("leader_is_asked")
def test_a_leader_who_files_is_recorded_as_their_own_approver(college: College) -> None:
    """E1: there is nobody above them to ask."""
    dismiss("zhangzhuren", "DEPARTMENT_HEAD", "8")
    appoint("liuyuanzhang", "DEPARTMENT_HEAD", "8")
    filing = college.filing(college.submitted("liuyuanzhang"))
    assert filing.steps[0].decision is not None
    assert (filing.state, filing.steps[0].decision.reason) == (FilingState.APPROVED, SELF_APPROVAL)


@pytest.mark.usefixtures("leader_is_asked")
def test_what_the_registry_returned_of_such_a_filing_comes_straight_back(college: College) -> None:
    """E17: the leader's step was the way it took; E1."""
    filing_id = college.submitted("chenshuji", **FACULTY_GROUP)
    decide(college.actor("liuyuanzhang"), filing_id, Outcome.APPROVED)
    decide(college.actor(REGISTRAR), filing_id, Outcome.RETURNED, reason="群号有误")
    submit(college.actor("chenshuji"), filing_id)
    assert college.filing(filing_id).state is FilingState.APPROVED


def test_by_default_each_of_these_is_recorded_and_goes_on(college: College) -> None:
    """E1: a secretary's own, one that its head took over, and one whose applicant became the head."""
    filings = [college.submitted("chenshuji", **FACULTY_GROUP), college.submitted(number="712345678")]
    filings.append(college.submitted("wangqunzhu", name="护理系学工群", number="71234567"))
    college.move("lilaoshi", "5")
    take_over(college.actor("zhangzhuren"), filings[1])
    dismiss("zhangzhuren", "DEPARTMENT_HEAD", "8")
    appoint("wangqunzhu", "DEPARTMENT_HEAD", "8")
    for filing_id in filings:
        filing = college.filing(filing_id)
        assert filing.state is FilingState.APPROVED
        assert filing.steps[0].decision is not None
        assert filing.steps[0].decision.reason == SELF_APPROVAL
    assert college.told("liuyuanzhang") == []


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
