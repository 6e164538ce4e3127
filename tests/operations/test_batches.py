"""批量同意 and 批量办理备案: every rule of a single decision, asked of each; one that fails stops no other."""

from collections.abc import Sequence
from functools import partial
from itertools import product

import pytest
from flask import Flask
from sqlalchemy import func, select

from extensions import db
from models import AuditEntry, Decision, FilingState, Group, Message, Outcome, Post
from operations.actors import Actor
from operations.appointing import appoint
from operations.batches import Results, decide_all, preview
from operations.clock import college_today
from operations.decisions import decide
from operations.delegating import delegate
from operations.errors import NotFound, NotTheHolder
from operations.filings import withdraw
from regulation import Severity
from tests.college import PEOPLE, College
from tests.operations.test_crowds import at_once

HEAD, REGISTRAR, APPLICANT = "zhangzhuren", "zhougan", "lilaoshi"


def some(college: College, how: str, count: int, first: int = 0) -> list[int]:
    """Filings of 护理系 that have come so far: their ids."""
    return [getattr(college, how)(name=f"护理系第{n}群", number=f"6123{n:04}") for n in range(first, first + count)]


def steps_of(college: College, filing_ids: Sequence[int], *, registration: bool = False) -> list[int]:
    """The approval of each, or its 备案登记."""
    filings = [college.filing(filing_id) for filing_id in filing_ids]
    return [next(s.id for s in filing.steps if s.is_registration is registration) for filing in filings]


def states(college: College, filing_ids: Sequence[int]) -> list[FilingState]:
    return [college.filing(filing_id).state for filing_id in filing_ids]


def said(results: Results) -> list[str]:
    return [left.sentence for left in results.left]


def count(model: type, *which: object) -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(model).where(*which)) or 0  # type: ignore[arg-type]


@pytest.mark.usefixtures("context")
def test_three_are_agreed_to_and_then_registered_each_with_its_own_number(college: College) -> None:
    """F23: one press decides on each, in the order in which they came."""
    filing_ids = some(college, "submitted", 3)
    agreed = decide_all(college.actor(HEAD), steps_of(college, filing_ids), Outcome.APPROVED)
    assert [done.filing_id for done in agreed.done] == filing_ids
    assert {done.state for done in agreed.done} == {FilingState.APPROVED}
    steps = steps_of(college, filing_ids, registration=True)
    registered = decide_all(college.actor(REGISTRAR), steps, Outcome.REGISTERED)
    year = college_today().year
    assert [done.number for done in registered.done] == [f"川护群备〔{year}〕{n:04}号" for n in (1, 2, 3)]
    assert [*agreed.left, *registered.left] == []


@pytest.mark.usefixtures("context")
def test_a_batch_leaves_what_one_by_one_would_have_left(college: College) -> None:
    """L9: the same decision, record and messages as on the filing's own page."""
    single, batched = some(college, "submitted", 2)
    decide(college.actor(HEAD), single, Outcome.APPROVED)
    decide_all(college.actor(HEAD), steps_of(college, [batched]), Outcome.APPROVED)

    def left_by(filing_id: int) -> list[object]:
        messages = db.session.scalars(select(Message).where(Message.filing_id == filing_id).order_by(Message.id))
        told = [(message.kind, message.recipient_id, message.state) for message in messages]
        entries = db.session.scalars(
            select(AuditEntry).where(AuditEntry.subject_type == "filing", AuditEntry.subject_id == filing_id)
        )
        decision = college.filing(filing_id).steps[0].decision
        assert decision is not None
        done = (decision.outcome, decision.person_id, decision.post_label, decision.channel, decision.reason)
        return [*told, *[(entry.action, entry.actor_id) for entry in entries], done]

    assert left_by(single) == left_by(batched)


@pytest.mark.usefixtures("context")
@pytest.mark.parametrize(
    ("how", "outcome", "may"), [("submitted", Outcome.APPROVED, HEAD), ("approved", Outcome.REGISTERED, REGISTRAR)]
)
def test_only_whoever_may_decide_on_each_may_do_so_on_several(
    college: College, how: str, outcome: Outcome, may: str
) -> None:
    """L9: no role gets further in a batch than with a single filing."""
    filing_ids = some(college, how, 2)
    steps = steps_of(college, filing_ids, registration=outcome is Outcome.REGISTERED)
    before = states(college, filing_ids)
    for user_id in set(PEOPLE) - {may}:
        looked_at = preview(college.actor(user_id), steps, outcome)
        results = decide_all(college.actor(user_id), steps, outcome)
        assert (looked_at.choices, results.done, len(results.left)) == ([], [], 2), user_id
        assert [left.sentence for left in looked_at.left] == said(results)
        assert states(college, filing_ids) == before
    assert len(preview(college.actor(may), steps, outcome).choices) == 2
    assert len(decide_all(college.actor(may), steps, outcome).done) == 2


#: How a filing comes to its state, once it has been sent.
WAYS = {
    FilingState.IN_REVIEW: (),
    FilingState.APPROVED: (Outcome.APPROVED,),
    FilingState.REGISTERED: (Outcome.APPROVED, Outcome.REGISTERED),
    FilingState.RETURNED: (Outcome.RETURNED,),
    FilingState.REJECTED: (Outcome.REJECTED,),
    FilingState.WITHDRAWN: (),
}


#: What each state leads on from: which act, on the registry's step or on an approval.
FITS = {
    FilingState.IN_REVIEW: (Outcome.APPROVED, False),
    FilingState.APPROVED: (Outcome.REGISTERED, True),
    # Theirs already: pressed again it is still done, and the first press is what counts.
    FilingState.REGISTERED: (Outcome.REGISTERED, True),
}


@pytest.mark.usefixtures("context")
@pytest.mark.parametrize("state", WAYS)
def test_what_does_not_follow_from_its_state_is_refused_and_changes_nothing(
    college: College, state: FilingState
) -> None:
    """L9: every state with either act, on either kind of step."""
    # One person who may decide on both, as the head of the registry's own office is.
    appoint(REGISTRAR, "DEPARTMENT_HEAD", "8")
    [filing_id] = some(college, "submitted", 1)
    for taken in WAYS[state]:
        decide(college.actor(REGISTRAR if taken is Outcome.REGISTERED else HEAD), filing_id, taken, reason="请改")
    if state is FilingState.WITHDRAWN:
        withdraw(college.actor(APPLICANT), filing_id)
    entries, decisions = count(AuditEntry), count(Decision)
    for outcome, registration in product((Outcome.APPROVED, Outcome.REGISTERED), (False, True)):
        if (outcome, registration) == FITS.get(state):
            continue
        steps = steps_of(college, [filing_id], registration=registration)
        ahead = preview(college.actor(REGISTRAR), steps, outcome)
        results = decide_all(college.actor(REGISTRAR), steps, outcome)
        assert (results.done, ahead.choices) == ([], [])
        assert said(results) == [left.sentence for left in ahead.left]
        assert all(said(results))
        assert (count(AuditEntry), count(Decision), states(college, [filing_id])) == (entries, decisions, [state])
    if state in FITS:
        outcome, registration = FITS[state]
        steps = steps_of(college, [filing_id], registration=registration)
        assert len(decide_all(college.actor(REGISTRAR), steps, outcome).done) == 1
    assert count(Decision) == decisions + (state in (FilingState.IN_REVIEW, FilingState.APPROVED))


@pytest.mark.usefixtures("context")
def test_one_that_fails_keeps_none_of_the_others_from_being_done(college: College) -> None:
    """F23: what happened to the others meanwhile is said of each."""
    filing_ids = some(college, "submitted", 4)
    steps = steps_of(college, filing_ids)
    appoint("jiwai", "DEPARTMENT_HEAD", "8")
    decide(college.actor("jiwai"), filing_ids[0], Outcome.RETURNED, reason="请改")
    withdraw(college.actor(APPLICANT), filing_ids[2])
    results = decide_all(college.actor(HEAD), [*steps, 404_404], Outcome.APPROVED)
    assert [done.filing_id for done in results.done] == [filing_ids[1], filing_ids[3]]
    returned, withdrawn, unknown = results.left
    assert (returned.filing_id, returned.sentence) == (
        filing_ids[0],
        "这一步已由纪外人处理（已退回修改），您的操作没有改变结果。",
    )
    assert (withdrawn.filing_id, withdrawn.sentence) == (filing_ids[2], "申请人已撤回这份备案，无需处理。")
    assert (unknown.filing_id, unknown.name, unknown.sentence) == (None, "", NotFound.sentence)


@pytest.mark.usefixtures("context")
def test_whoever_has_lost_the_post_meanwhile_is_told_so_and_learns_nothing_else(college: College) -> None:
    """L9: who holds the post is asked when each is decided, and not when the list was shown."""
    filing_ids = some(college, "submitted", 2)
    steps = steps_of(college, filing_ids)
    actor = college.actor("sunchuzhang")
    results = decide_all(actor, steps, Outcome.APPROVED)
    assert {(left.filing_id, left.name, left.sentence) for left in results.left} == {(None, "", NotTheHolder.sentence)}
    # As the list was shown while they still held it.
    head = college.actor(HEAD)
    stale = Actor(actor.id, actor.name, seats=head.seats)
    results = decide_all(stale, steps, Outcome.APPROVED)
    assert (results.done, said(results)) == ([], [NotTheHolder.sentence] * 2)
    assert set(states(college, filing_ids)) == {FilingState.IN_REVIEW}


@pytest.mark.usefixtures("context")
def test_pressed_twice_it_happens_once_and_reads_as_done(college: College) -> None:
    """F23: the second press does nothing, and does not say that anything went wrong."""
    filing_ids = some(college, "approved", 3)
    steps = steps_of(college, filing_ids, registration=True)
    first = decide_all(college.actor(REGISTRAR), steps, Outcome.REGISTERED)
    written = count(Message), count(AuditEntry)
    second = decide_all(college.actor(REGISTRAR), steps, Outcome.REGISTERED)
    assert second == first
    assert (count(Message), count(AuditEntry)) == written


@pytest.mark.usefixtures("context")
def test_a_delegates_batch_is_recorded_as_for_the_holder(college: College) -> None:
    """E5: each decision of a batch says for whom it was taken."""
    head, today = college.actor(HEAD), college_today()
    post_id = db.session.scalars(select(Post.id).where(Post.person_id == head.id)).one()
    delegate(head, post_id, college.people["jiwai"], starts_on=today, ends_on=today)
    filing_ids = some(college, "submitted", 2)
    decide_all(college.actor("jiwai"), steps_of(college, filing_ids), Outcome.APPROVED)
    decided = [college.filing(filing_id).steps[0].decision for filing_id in filing_ids]
    assert [decision.who for decision in decided if decision] == ["纪外人（代张主任）"] * 2


def test_two_registrars_who_batch_the_same_at_once_give_each_filing_one_number_without_a_gap(
    app: Flask, college: College
) -> None:
    """F23: at the same second, on either database; between them both say of each what came of it."""
    with app.app_context():
        filing_ids = some(college, "approved", 12)
        steps = steps_of(college, filing_ids, registration=True)
        appoint("jiwai", "REGISTRAR", None)
        actors = [college.actor(REGISTRAR), college.actor("jiwai")]
    results: list[Results] = []
    assert (
        at_once(app, [lambda who=who: results.append(decide_all(who, steps, Outcome.REGISTERED)) for who in actors])
        == []
    )
    with app.app_context():
        numbers = sorted(db.session.scalars(select(Group.registration_number)))
        year = college_today().year
        assert numbers == [f"川护群备〔{year}〕{n:04}号" for n in range(1, 13)]
        assert sorted(done.filing_id for result in results for done in result.done) == filing_ids
        assert sorted(left.filing_id or 0 for result in results for left in result.left) == filing_ids
        assert all("处理（已备案）" in sentence for result in results for sentence in said(result))


def test_two_heads_who_batch_the_same_at_once_agree_once_to_each(app: Flask, college: College) -> None:
    """F23: one decision a step, and the registry is asked once for each."""
    with app.app_context():
        filing_ids = some(college, "submitted", 8)
        steps = steps_of(college, filing_ids)
        appoint("jiwai", "DEPARTMENT_HEAD", "8")
        actors = [college.actor(HEAD), college.actor("jiwai")]
    assert at_once(app, [partial(decide_all, who, steps, Outcome.APPROVED) for who in actors * 2]) == []
    with app.app_context():
        assert set(states(college, filing_ids)) == {FilingState.APPROVED}
        assert count(Decision) == 8
        assert sorted(message.filing_id or 0 for message in college.told(REGISTRAR)) == filing_ids


@pytest.mark.usefixtures("context")
def test_what_one_might_rather_look_at_stands_beside_each(college: College) -> None:
    """L9: the page that asks once more shows what the rules point out, as each filing's own page does."""
    plain = college.submitted()
    large = college.submitted(name="护理系大群", number="61230002", member_count=101, size_reason="全系教师")
    batch = preview(college.actor(HEAD), steps_of(college, [plain, large]), Outcome.APPROVED)
    found = {choice.filing.id: [w.article for w in choice.warnings] for choice in batch.choices}
    assert {filing_id: "第十条" in articles for filing_id, articles in found.items()} == {plain: False, large: True}
    assert {w.severity for choice in batch.choices for w in choice.warnings} == {Severity.WARN}
