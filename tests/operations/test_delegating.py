"""委托: a holder on leave lets somebody act, from a day to a day; the record says for whom (E5)."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from extensions import db
from messaging.platforms.wecom_callbacks import CardTap
from models import (
    AuditEntry,
    Delegation,
    Department,
    FilingState,
    Message,
    MessageKind,
    MessageState,
    Outcome,
    Person,
    Post,
    Step,
    StepState,
    utc_now,
)
from operations.appointing import Term, appoint, dismiss, end_post
from operations.clock import college_today
from operations.decisions import decide
from operations.delegating import delegable, delegate, end_delegation
from operations.errors import NotAllowed, NotFound, NotTheHolder, RefusedField
from operations.permissions import can_take
from operations.reading import steps_waiting_for
from operations.taps import answer_tap
from operations.terms import change_over
from regulation import PostKind, Tier
from tests.college import College, steps_waiting

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _context(context: Flask) -> None:
    """Every test here calls operations directly."""


def post_id(college: College, user_id: str = "zhangzhuren", kind: PostKind = PostKind.DEPARTMENT_HEAD) -> int:
    held = select(Post.id).where(Post.person_id == college.people[user_id], Post.kind == kind, Post.ended_at.is_(None))
    return db.session.scalars(held).one()


def lend(college: College, giver: str, to: str, *, days: tuple[int, int] = (0, 7), post: int | None = None) -> int:
    """Delegate the head's post from so many days on, for so long."""
    today = college_today()
    return delegate(
        college.actor(giver),
        post or post_id(college),
        college.people[to],
        starts_on=today + days[0] * DAY,
        ends_on=today + days[1] * DAY,
    )


def set_days(delegation_id: int, **days: object) -> None:
    """Let time have passed for this delegation."""
    row = db.session.get_one(Delegation, delegation_id)
    for name, value in days.items():
        setattr(row, name, value)
    db.session.commit()


def let_pass(delegation_id: int) -> None:
    """Let its last day have been yesterday."""
    today = college_today()
    set_days(delegation_id, starts_on=today - 7 * DAY, ends_on=today - DAY)


def asked(college: College, user_id: str) -> list[Message]:
    return [message for message in college.told(user_id) if message.kind is MessageKind.REQUEST and message.step_id]


def leads(college: College, user_id: str) -> list[str]:
    return [message.card["lead"] for message in college.told(user_id) if message.kind is MessageKind.NOTICE]


class TestActingForSomebody:
    def test_the_card_goes_to_the_delegate_and_the_decision_is_recorded_as_for_the_holder(
        self, college: College
    ) -> None:
        """F22: 王某（代李某）, in the card's closing and in the record."""
        lend(college, "zhangzhuren", "wangqunzhu")
        filing_id = college.submitted()
        assert asked(college, "zhangzhuren") == []
        [message] = asked(college, "wangqunzhu")
        answer_tap(CardTap("wangqunzhu", message.task_id, "approve", "code", "event-of-delegate"))
        filing = college.filing(filing_id)
        assert filing.state is FilingState.APPROVED
        decision = filing.steps[0].decision
        assert decision is not None
        assert decision.who == "王群主（代张主任）"
        assert (decision.person_id, decision.on_behalf_of_id) == (
            college.people["wangqunzhu"],
            college.people["zhangzhuren"],
        )
        assert decision.post_label == "护理系部门负责人"

    def test_the_delegate_is_told_from_when_until_when_and_nobody_is_told_twice(self, college: College) -> None:
        for _ in range(2):
            lend(college, "zhangzhuren", "wangqunzhu")
        assert leads(college, "wangqunzhu") == ["张主任委托王群主代为办理"]
        card = college.told("wangqunzhu")[0].card
        assert (card["title"], card["path"]) == ("护理系部门负责人", "/delegations")
        today = college_today()
        assert card["rows"] == [["期限", f"{today} 至 {today + 7 * DAY}"]]
        assert len(db.session.scalars(select(Delegation)).all()) == 1

    def test_the_holder_may_still_decide_themselves(self, college: College) -> None:
        lend(college, "zhangzhuren", "wangqunzhu")
        filing_id = college.submitted()
        decide(college.actor("zhangzhuren"), filing_id, Outcome.APPROVED)
        decision = college.filing(filing_id).steps[0].decision
        assert decision is not None
        assert decision.who == "张主任"

    def test_what_waits_already_is_asked_of_the_delegate_at_once(self, college: College) -> None:
        college.submitted()
        lend(college, "zhangzhuren", "wangqunzhu")
        assert len(asked(college, "wangqunzhu")) == 1
        assert asked(college, "zhangzhuren")[0].state is MessageState.PENDING

    def test_one_of_the_days_to_come_begins_on_its_first_day(self, college: College) -> None:
        college.submitted()
        delegation_id = lend(college, "zhangzhuren", "wangqunzhu", days=(1, 7))
        assert asked(college, "wangqunzhu") == []
        assert not college.actor("wangqunzhu").headed
        set_days(delegation_id, starts_on=college_today())
        change_over()
        assert college.actor("wangqunzhu").headed
        assert len(asked(college, "wangqunzhu")) == 1

    def test_it_ends_by_itself_after_its_last_day_and_the_holder_is_asked(self, college: College) -> None:
        """E5: it ends with its last day."""
        delegation_id = lend(college, "zhangzhuren", "wangqunzhu")
        filing_id = college.submitted()
        asked(college, "wangqunzhu")[0].state = MessageState.SENT
        db.session.commit()
        let_pass(delegation_id)
        # From midnight on, whether the worker came by or not.
        with pytest.raises(NotTheHolder):
            decide(college.actor("wangqunzhu"), filing_id, Outcome.APPROVED)
        change_over()
        assert len(asked(college, "zhangzhuren")) == 1
        assert "已转由现任审核人办理" in [m.card.get("text") for m in college.told("wangqunzhu")]
        row = db.session.get_one(Delegation, delegation_id)
        assert row.ended_at is not None
        last = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
        assert last is not None
        assert (last.action, last.actor_name) == ("delegation.end", "calendar")

    def test_its_last_day_is_a_day_of_the_college(self, college: College) -> None:
        lend(college, "zhangzhuren", "wangqunzhu", days=(0, 0))
        change_over()
        assert college.actor("wangqunzhu").headed

    def test_a_delegate_who_files_is_not_asked_and_the_holder_is(self, college: College) -> None:
        """E5: not to the applicant."""
        lend(college, "zhangzhuren", "wangqunzhu")
        filing_id = college.submitted("wangqunzhu")
        assert asked(college, "wangqunzhu") == []
        assert len(asked(college, "zhangzhuren")) == 1
        with pytest.raises(NotTheHolder):
            decide(college.actor("wangqunzhu"), filing_id, Outcome.APPROVED)
        decide(college.actor("zhangzhuren"), filing_id, Outcome.APPROVED)

    def test_what_the_giver_files_themselves_is_passed_on_as_their_own(self, college: College) -> None:
        lend(college, "zhangzhuren", "wangqunzhu")
        lend(college, "wangqunzhu", "zhaoguanli")
        filing_id = college.submitted("zhangzhuren")
        filing = college.filing(filing_id)
        assert filing.state is FilingState.APPROVED
        assert [s.decision.reason for s in filing.steps if s.decision] == ["申请人即审核人"]
        assert asked(college, "wangqunzhu") == asked(college, "zhaoguanli") == []

    def test_what_the_giver_files_themselves_is_asked_of_another_holder(self, college: College) -> None:
        lend(college, "zhangzhuren", "wangqunzhu")
        appoint("jiwai", "DEPARTMENT_HEAD", "8")
        filing_id = college.submitted("zhangzhuren")
        assert len(asked(college, "jiwai")) == 1
        assert asked(college, "wangqunzhu") == []
        for user_id in ("zhangzhuren", "wangqunzhu"):
            with pytest.raises(NotTheHolder):
                decide(college.actor(user_id), filing_id, Outcome.APPROVED)
        decide(college.actor("jiwai"), filing_id, Outcome.APPROVED)

    def test_whoever_passed_a_post_on_does_not_have_it_used_for_them(self, college: College) -> None:
        lend(college, "zhangzhuren", "wangqunzhu")
        lend(college, "wangqunzhu", "zhaoguanli")
        filing_id = college.submitted("wangqunzhu")
        with pytest.raises(NotTheHolder):
            decide(college.actor("zhaoguanli"), filing_id, Outcome.APPROVED)
        decide(college.actor("zhangzhuren"), filing_id, Outcome.APPROVED)

    def test_a_deputys_delegate_acts_only_while_nobody_holds_the_post(self, college: College) -> None:
        appoint("lilaoshi", "DEPARTMENT_HEAD", "8", Term(is_deputy=True))
        lend(college, "lilaoshi", "wangqunzhu", post=post_id(college, "lilaoshi"))
        assert not college.actor("wangqunzhu").headed
        dismiss("zhangzhuren", "DEPARTMENT_HEAD", "8")
        filing_id = college.submitted("zhaoguanli")
        decide(college.actor("wangqunzhu"), filing_id, Outcome.APPROVED)
        decision = college.filing(filing_id).steps[0].decision
        assert decision is not None
        assert (decision.who, decision.post_label) == ("王群主（代李老师）", "护理系部门负责人（副职）")

    def test_whoever_agreed_for_somebody_is_not_asked_again_in_their_own_post(self, college: College) -> None:
        lend(college, "zhangzhuren", "liuyuanzhang")
        filing_id = college.submitted(tier=Tier.COLLEGE, name="川护教职工群")
        decide(college.actor("liuyuanzhang"), filing_id, Outcome.APPROVED)
        assert college.filing(filing_id).state is FilingState.APPROVED
        assert len(asked(college, "liuyuanzhang")) == 1

    def test_nobody_acts_for_somebody_who_left(self, college: College) -> None:
        lend(college, "zhangzhuren", "wangqunzhu")
        db.session.get_one(Person, college.people["zhangzhuren"]).left_at = utc_now()
        db.session.commit()
        assert not college.actor("wangqunzhu").headed
        filing_id = college.submitted()
        assert asked(college, "wangqunzhu") == []
        with pytest.raises(NotTheHolder):
            decide(college.actor("wangqunzhu"), filing_id, Outcome.APPROVED)


class TestTwoHeadsOneOfThemDelegating:
    @pytest.fixture(autouse=True)
    def _both(self, college: College) -> None:
        db.session.get_one(Department, college.departments["8"]).all_heads = True
        db.session.commit()
        appoint("jiwai", "DEPARTMENT_HEAD", "8")

    def test_the_delegate_counts_for_one_of_them_only(self, college: College) -> None:
        lend(college, "zhangzhuren", "wangqunzhu")
        filing_id = college.submitted()
        decide(college.actor("wangqunzhu"), filing_id, Outcome.APPROVED)
        for user_id in ("wangqunzhu", "zhangzhuren"):
            with pytest.raises(NotTheHolder):
                decide(college.actor(user_id), filing_id, Outcome.APPROVED)
        decide(college.actor("jiwai"), filing_id, Outcome.APPROVED)
        assert college.filing(filing_id).state is FilingState.APPROVED

    def test_where_the_other_is_the_applicant_one_agreement_is_all_there_can_be(self, college: College) -> None:
        lend(college, "zhangzhuren", "wangqunzhu")
        filing_id = college.submitted("jiwai")
        decide(college.actor("wangqunzhu"), filing_id, Outcome.APPROVED)
        assert college.filing(filing_id).state is FilingState.APPROVED


class TestPassingOn:
    def test_a_chain_of_two_works_and_a_third_is_refused(self, college: College) -> None:
        """E5: no chain longer than two."""
        lend(college, "zhangzhuren", "wangqunzhu")
        lend(college, "wangqunzhu", "zhaoguanli")
        filing_id = college.submitted()
        with pytest.raises(RefusedField) as refused:
            lend(college, "zhaoguanli", "jiwai")
        assert refused.value.field == "post_id"
        assert "最多2层" in refused.value.sentence
        decide(college.actor("zhaoguanli"), filing_id, Outcome.APPROVED)
        decision = college.filing(filing_id).steps[0].decision
        assert decision is not None
        assert decision.who == "赵管理（代张主任）"

    @pytest.mark.parametrize(("giver", "to"), [("wangqunzhu", "zhangzhuren"), ("zhangzhuren", "zhangzhuren")])
    def test_there_is_no_loop(self, college: College, giver: str, to: str) -> None:
        """E5: no loop."""
        lend(college, "zhangzhuren", "wangqunzhu")
        with pytest.raises(RefusedField) as refused:
            lend(college, giver, to)
        assert refused.value.field == "person"

    def test_nobody_gets_the_same_post_twice(self, college: College) -> None:
        lend(college, "zhangzhuren", "wangqunzhu")
        with pytest.raises(RefusedField) as refused:
            lend(college, "zhangzhuren", "wangqunzhu", days=(0, 3))
        assert "已经委托给这位同事" in refused.value.sentence

    def test_it_does_not_outlast_what_it_comes_from(self, college: College) -> None:
        lend(college, "zhangzhuren", "wangqunzhu")
        with pytest.raises(RefusedField) as refused:
            lend(college, "wangqunzhu", "zhaoguanli", days=(0, 8))
        assert refused.value.field == "ends_on"

    def test_a_delegate_who_left_passes_nothing_on(self, college: College) -> None:
        lend(college, "zhangzhuren", "wangqunzhu")
        lend(college, "wangqunzhu", "zhaoguanli")
        db.session.get_one(Person, college.people["wangqunzhu"]).left_at = utc_now()
        db.session.commit()
        assert not college.actor("zhaoguanli").headed
        college.submitted()
        assert len(asked(college, "zhangzhuren")) == 1
        assert asked(college, "zhaoguanli") == []


class TestEnding:
    @pytest.mark.parametrize(
        ("by", "told"),
        [
            ("zhangzhuren", {"wangqunzhu"}),
            ("wangqunzhu", {"zhangzhuren"}),
            ("wuguanli", {"zhangzhuren", "wangqunzhu"}),
        ],
    )
    def test_giver_delegate_or_administrator_ends_it_and_the_others_are_told(
        self, college: College, by: str, told: set[str]
    ) -> None:
        delegation_id = lend(college, "zhangzhuren", "wangqunzhu")
        filing_id = college.submitted()
        for _ in range(2):
            end_delegation(college.actor(by), delegation_id)
        ended = "张主任对王群主的委托已结束"
        assert {user_id for user_id in college.people if leads(college, user_id).count(ended) == 1} == told
        assert len(asked(college, "zhangzhuren")) == 1
        with pytest.raises(NotTheHolder):
            decide(college.actor("wangqunzhu"), filing_id, Outcome.APPROVED)

    @pytest.mark.parametrize("by", ["jiwai", "zhougan", "zhaoguanli"])
    def test_nobody_else_ends_it(self, college: College, by: str) -> None:
        delegation_id = lend(college, "zhangzhuren", "wangqunzhu")
        with pytest.raises(NotAllowed):
            end_delegation(college.actor(by), delegation_id)
        with pytest.raises(NotFound):
            end_delegation(college.actor(by), 404)

    def test_what_was_passed_on_ends_with_it(self, college: College) -> None:
        first = lend(college, "zhangzhuren", "wangqunzhu")
        lend(college, "wangqunzhu", "zhaoguanli")
        end_delegation(college.actor("zhangzhuren"), first)
        assert not college.actor("zhaoguanli").headed
        assert "王群主对赵管理的委托已结束" in leads(college, "zhaoguanli")

    def test_it_ends_with_the_post_and_the_delegate_is_told(self, college: College) -> None:
        lend(college, "zhangzhuren", "wangqunzhu")
        dismiss("zhangzhuren", "DEPARTMENT_HEAD", "8")
        assert not college.actor("wangqunzhu").headed
        assert leads(college, "wangqunzhu")[-1] == "张主任对王群主的委托已结束"

    def test_it_ends_with_the_term_of_the_post(self, college: College) -> None:
        lend(college, "zhangzhuren", "wangqunzhu")
        db.session.get_one(Post, post_id(college)).ends_on = college_today() - DAY
        db.session.commit()
        assert not college.actor("wangqunzhu").headed
        change_over()
        assert db.session.scalars(select(Delegation)).one().ended_at is not None

    def test_one_that_ran_out_is_given_anew_before_the_worker_came_by(self, college: College) -> None:
        let_pass(lend(college, "zhangzhuren", "wangqunzhu"))
        lend(college, "zhangzhuren", "wangqunzhu")
        assert college.actor("wangqunzhu").headed


class TestRefusing:
    @pytest.mark.parametrize(("days", "field"), [((-1, 3), "starts_on"), ((3, 2), "ends_on"), ((0, 400), "ends_on")])
    def test_days_that_cannot_be_are_refused_at_their_field(
        self, college: College, days: tuple[int, int], field: str
    ) -> None:
        with pytest.raises(RefusedField) as refused:
            lend(college, "zhangzhuren", "wangqunzhu", days=days)
        assert refused.value.field == field

    def test_it_does_not_outlast_the_term_of_the_post(self, college: College) -> None:
        db.session.get_one(Post, post_id(college)).ends_on = college_today() + 3 * DAY
        db.session.commit()
        with pytest.raises(RefusedField) as refused:
            lend(college, "zhangzhuren", "wangqunzhu")
        assert refused.value.field == "ends_on"

    def test_a_post_of_somebody_else_is_not_there_to_be_delegated(self, college: College) -> None:
        with pytest.raises(NotFound):
            lend(college, "jiwai", "wangqunzhu")

    def test_running_the_service_and_auditing_are_not_delegated(self, college: College) -> None:
        with pytest.raises(RefusedField):
            lend(college, "wuguanli", "jiwai", post=post_id(college, "wuguanli", PostKind.ADMINISTRATOR))
        assert delegable(college.actor("wuguanli")) == []
        assert [post.label for post in delegable(college.actor("zhangzhuren"))] == ["护理系部门负责人"]

    def test_somebody_who_left_is_no_delegate(self, college: College) -> None:
        db.session.get_one(Person, college.people["jiwai"]).left_at = utc_now()
        db.session.commit()
        with pytest.raises(RefusedField) as refused:
            lend(college, "zhangzhuren", "jiwai")
        assert refused.value.field == "person"


def a_college_in_motion(college: College) -> None:
    """Filings at every kind of step, with two heads who must both agree, a deputy, and delegations in a chain."""
    db.session.get_one(Department, college.departments["8"]).all_heads = True
    db.session.commit()
    appoint("jiwai", "DEPARTMENT_HEAD", "8")
    appoint("zhaoguanli", "DEPARTMENT_HEAD", "7", Term(is_deputy=True))
    appoint("chenshuji", "DEPARTMENT_HEAD", "3", Term(is_deputy=True))
    appoint("sunchuzhang", "DEPARTMENT_HEAD", "3")
    lend(college, "zhangzhuren", "wangqunzhu")
    lend(college, "wangqunzhu", "lilaoshi")
    lend(college, "zhougan", "zhaoguanli", post=post_id(college, "zhougan", PostKind.REGISTRAR))
    applicants = ("lilaoshi", "wangqunzhu", "zhangzhuren", "jiwai", "zhougan")
    for number, user_id in enumerate(applicants):
        college.submitted(user_id, name=f"护理系第{number}群", number=f"62000{number}")
        again = college.submitted(user_id, name=f"护理系再{number}群", number=f"63000{number}")
        taker = next(u for u in ("jiwai", "zhangzhuren") if u != user_id)
        decide(college.actor(taker), again, Outcome.APPROVED)
    decide(college.actor("zhangzhuren"), again, Outcome.APPROVED)
    for number, key in enumerate(("3", "5", "7")):
        college.submitted(
            tier=Tier.COLLEGE_ORGANIZATION,
            name=f"川护学生会{number}群",
            number=f"64000{number}",
            supervisor_id=college.departments[key],
        )
    college.submitted(tier=Tier.FACULTY_ORGANIZATION, name="护理系2026级1班群", number="650001")


def test_the_list_of_what_waits_holds_what_each_person_may_take_and_nothing_else(college: College) -> None:
    a_college_in_motion(college)
    pending = db.session.scalars(select(Step).where(Step.state == StepState.PENDING)).all()
    assert len({step.post for step in pending}) == 3
    for user_id in college.people:
        actor = college.actor(user_id)
        may = {step.id for step in pending if can_take(actor, step.filing, step)}
        assert {step.id for step in steps_waiting_for(actor).rows} == may, user_id
        assert steps_waiting(actor) == len(may)


def test_whoever_may_take_a_step_by_the_rule_is_taken_at_their_word_and_nobody_else(college: College) -> None:
    a_college_in_motion(college)
    steps = db.session.scalars(select(Step).where(Step.state == StepState.PENDING)).all()
    open_ones = [(step.filing_id, step.id) for step in steps]
    for filing_id, step_id in open_ones:
        for user_id in college.people:
            actor = college.actor(user_id)
            filing = college.filing(filing_id)
            step = next(step for step in filing.steps if step.id == step_id)
            if step.decision is None and not can_take(actor, filing, step):
                outcome = Outcome.REGISTERED if step.is_registration else Outcome.APPROVED
                with pytest.raises(NotTheHolder):
                    decide(actor, filing_id, outcome, step_id=step_id)


class TestTheRecordOfItsEnd:
    """However a delegation ends, the record says so, with who or what ended it."""

    def ended(self) -> list[tuple[int, str]]:
        db.session.rollback()
        query = select(AuditEntry.subject_id, AuditEntry.actor_name).where(AuditEntry.action == "delegation.end")
        return [(row.subject_id, row.actor_name) for row in db.session.execute(query.order_by(AuditEntry.id))]

    def test_what_was_passed_on_ends_by_whoever_ended_the_first(self, college: College) -> None:
        first = lend(college, "zhangzhuren", "wangqunzhu")
        second = lend(college, "wangqunzhu", "zhaoguanli")
        for _ in range(2):
            end_delegation(college.actor("zhangzhuren"), first)
        assert self.ended() == [(first, "张主任"), (second, "张主任")]

    def test_one_that_ends_with_its_post_ends_by_whoever_ended_the_post(self, college: College) -> None:
        delegation_id = lend(college, "zhangzhuren", "wangqunzhu")
        end_post((college.people["wuguanli"], "吴系统"), post_id(college))
        assert self.ended() == [(delegation_id, "吴系统")]

    def test_one_that_ends_with_the_last_day_of_its_post_ends_by_the_calendar(self, college: College) -> None:
        delegation_id = lend(college, "zhangzhuren", "wangqunzhu")
        post = db.session.get_one(Post, post_id(college))
        post.ends_on = college_today() - DAY
        db.session.commit()
        change_over()
        assert self.ended() == [(delegation_id, "calendar")]

    def test_one_that_lapsed_ends_by_the_calendar_though_it_is_found_when_another_is_given(
        self, college: College
    ) -> None:
        delegation_id = lend(college, "zhangzhuren", "wangqunzhu")
        let_pass(delegation_id)
        lend(college, "zhangzhuren", "zhaoguanli")
        change_over()
        assert self.ended() == [(delegation_id, "calendar")]
