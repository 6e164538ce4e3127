"""Posts approve, not persons: vacancies, deputies, terms, two heads, one person in several posts (E3, E4, E6-E8)."""

import itertools
from datetime import date, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from extensions import db
from messaging.platforms.wecom_callbacks import CardTap
from models import (
    AuditEntry,
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
)
from models.database import POSTS_TURN, take_turn, unit_of_work
from operations.appointing import Term, appoint, appoint_first_administrators, dismiss, end_post, give
from operations.clock import college_today
from operations.decisions import decide
from operations.errors import NotFound, NotTheHolder, RefusedField, UnknownSubject
from operations.filings import submit
from operations.leaving import leave, mark_left
from operations.posts import holders
from operations.proposals import appoint_proposed, proposals
from operations.taps import answer_tap
from operations.terms import change_over
from regulation import DepartmentKind, PostKind, Tier
from tests.college import College

EVENTS = itertools.count()
HEAD = PostKind.DEPARTMENT_HEAD
DAY = timedelta(days=1)
FROM_NOW_ON = Term()
BY = (None, "tests")


@pytest.fixture(autouse=True)
def _context(context: Flask) -> None:
    """Every test here calls operations directly."""


def requests(college: College, user_id: str) -> list[Message]:
    return [message for message in college.told(user_id) if message.kind is MessageKind.REQUEST]


def leads(college: College, user_id: str) -> list[str]:
    return [message.card["lead"] for message in college.told(user_id) if message.kind is MessageKind.NOTICE]


def arrive(college: College, user_id: str) -> Message:
    """Put the person's newest card on their phone, as the worker would."""
    message = requests(college, user_id)[-1]
    message.state, message.response_code = MessageState.SENT, "code-of-the-send"
    db.session.commit()
    return message


def closings(college: College, user_id: str) -> list[str]:
    return [message.card["text"] for message in college.told(user_id) if message.kind is MessageKind.CLOSE]


def tap(message: Message, user_id: str) -> None:
    number = next(EVENTS)
    answer_tap(CardTap(user_id, message.task_id, "approve", f"code-{number}", f"event-{number}"))


def post_of(college: College, user_id: str, kind: PostKind = HEAD) -> Post:
    db.session.expire_all()
    query = select(Post).where(Post.person_id == college.people[user_id], Post.kind == kind)
    return db.session.scalars(query.order_by(Post.id.desc())).one()


def set_days(post: Post, **days: object) -> None:
    """Let time have passed for this post."""
    for name, value in days.items():
        setattr(post, name, value)
    db.session.commit()


def let_leave(college: College, *user_ids: str) -> None:
    with unit_of_work() as session:
        take_turn(session, POSTS_TURN)
        leave(session, [session.get_one(Person, college.people[user_id]) for user_id in user_ids])


def want_all_heads(college: College) -> None:
    db.session.get_one(Department, college.departments["8"]).all_heads = True
    db.session.commit()


class TestVacancy:
    def test_a_vacant_post_falls_to_its_deputy(self, college: College) -> None:
        """E3: the approver left: the deputy of the post is asked."""
        appoint("lilaoshi", "DEPARTMENT_HEAD", "8", Term(is_deputy=True))
        filing_id = college.submitted("wangqunzhu")
        assert requests(college, "lilaoshi") == []
        dismiss("zhangzhuren", "DEPARTMENT_HEAD", "8")
        assert len(requests(college, "lilaoshi")) == 1
        assert leads(college, "wuguanli") == []
        decide(college.actor("lilaoshi"), filing_id, Outcome.APPROVED)
        decision = college.filing(filing_id).steps[0].decision
        assert decision is not None
        assert (decision.person_name, decision.post_label) == ("李老师", "护理系部门负责人（副职）")

    def test_a_deputy_steps_back_once_a_head_is_appointed_and_their_card_is_closed(self, college: College) -> None:
        dismiss("zhangzhuren", "DEPARTMENT_HEAD", "8")
        appoint("lilaoshi", "DEPARTMENT_HEAD", "8", Term(is_deputy=True))
        filing_id = college.submitted("wangqunzhu")
        message = arrive(college, "lilaoshi")
        appoint("jiwai", "DEPARTMENT_HEAD", "8")
        assert closings(college, "lilaoshi") == ["已转由现任审核人办理"]
        assert len(requests(college, "jiwai")) == 1
        with pytest.raises(NotTheHolder):
            decide(college.actor("lilaoshi"), filing_id, Outcome.APPROVED)
        assert not college.actor("lilaoshi").holds(HEAD, college.departments["8"])
        tap(message, "lilaoshi")
        assert college.filing(filing_id).state is FilingState.IN_REVIEW

    def test_a_deputy_is_asked_anew_each_time_the_post_falls_vacant(self, college: College) -> None:
        appoint("lilaoshi", "DEPARTMENT_HEAD", "8", Term(is_deputy=True))
        college.submitted("wangqunzhu")
        for _ in range(2):
            dismiss("zhangzhuren", "DEPARTMENT_HEAD", "8")
            arrive(college, "lilaoshi")
            appoint("zhangzhuren", "DEPARTMENT_HEAD", "8")
        assert len(requests(college, "lilaoshi")) == 2
        assert len(closings(college, "lilaoshi")) == 2

    def test_a_vacancy_without_a_deputy_is_told_to_the_administrators_each_time(self, college: College) -> None:
        college.submitted()
        dismiss("zhangzhuren", "DEPARTMENT_HEAD", "8")
        assert leads(college, "wuguanli") == ["岗位空缺，备案无人审核"]
        appoint("jiwai", "DEPARTMENT_HEAD", "8")
        assert len(requests(college, "jiwai")) == 1
        dismiss("jiwai", "DEPARTMENT_HEAD", "8")
        assert leads(college, "wuguanli") == ["岗位空缺，备案无人审核"] * 2

    def test_a_vacancy_never_passes_a_filing_nor_asks_its_applicant(self, college: College) -> None:
        """L1: an empty post passes nothing, and never asks the applicant."""
        dismiss("zhangzhuren", "DEPARTMENT_HEAD", "8")
        filing_id = college.submitted()
        assert college.filing(filing_id).state is FilingState.IN_REVIEW
        assert college.told("lilaoshi") == []

    def test_an_approver_who_leaves_while_a_filing_is_open_keeps_no_access_and_the_record_its_name(
        self, college: College
    ) -> None:
        """E4: deleted while the task is open."""
        decided = college.approved()
        filing_id = college.submitted(name="护理系另一个群", number="612345683")
        message = arrive(college, "zhangzhuren")
        let_leave(college, "zhangzhuren")
        handed_over = "张主任已离职，2 个群组责任人缺位，请办理移交"
        assert leads(college, "wuguanli") == ["岗位空缺，备案无人审核", handed_over]
        assert closings(college, "zhangzhuren") == ["已转由现任审核人办理"]
        tap(message, "zhangzhuren")
        assert college.filing(filing_id).state is FilingState.IN_REVIEW
        decision = college.filing(decided).steps[0].decision
        assert decision is not None
        assert (decision.person_name, decision.post_label) == ("张主任", "护理系部门负责人")
        appoint("jiwai", "DEPARTMENT_HEAD", "8")
        assert len(requests(college, "jiwai")) == 1

    def test_a_tap_of_a_former_holder_is_told_the_truth_and_changes_nothing(self, college: College) -> None:
        filing_id = college.submitted()
        message = arrive(college, "zhangzhuren")
        appoint("jiwai", "DEPARTMENT_HEAD", "8")
        dismiss("zhangzhuren", "DEPARTMENT_HEAD", "8")
        tap(message, "zhangzhuren")
        [closing] = [m for m in college.told("zhangzhuren") if m.kind is MessageKind.CLOSE]
        assert closing.card["text"] == "已转由现任审核人办理"
        # The closing on its way takes the right to change the card that came with the tap.
        assert closing.response_code.startswith("code-")
        closing.state = MessageState.SENT
        db.session.commit()
        tap(message, "zhangzhuren")
        assert closings(college, "zhangzhuren") == ["已转由现任审核人办理", "您不是当前审核人，未作处理"]
        assert college.filing(filing_id).state is FilingState.IN_REVIEW
        decide(college.actor("jiwai"), filing_id, Outcome.APPROVED)
        tap(message, "zhangzhuren")
        decision = college.filing(filing_id).steps[0].decision
        assert decision is not None
        assert decision.person_name == "纪外人"


class TestTerms:
    def test_a_post_given_ahead_is_not_held_until_its_first_day(self, college: College) -> None:
        dismiss("zhangzhuren", "DEPARTMENT_HEAD", "8")
        college.submitted()
        appoint("jiwai", "DEPARTMENT_HEAD", "8", Term(starts_on=college_today() + DAY))
        assert not college.actor("jiwai").headed
        assert requests(college, "jiwai") == []
        post = post_of(college, "jiwai")
        set_days(post, started_at=post.started_at - DAY)
        change_over()
        assert college.actor("jiwai").headed
        assert len(requests(college, "jiwai")) == 1

    def test_a_post_ends_by_itself_after_its_last_day_and_what_waits_goes_on(self, college: College) -> None:
        appoint("lilaoshi", "DEPARTMENT_HEAD", "8", Term(is_deputy=True))
        filing_id = college.submitted("wangqunzhu")
        set_days(post_of(college, "zhangzhuren"), ends_on=college_today() - DAY)
        # From midnight on, whether the worker came by or not.
        with pytest.raises(NotTheHolder):
            decide(college.actor("zhangzhuren"), filing_id, Outcome.APPROVED)
        change_over()
        assert post_of(college, "zhangzhuren").ended_at is not None
        assert len(requests(college, "lilaoshi")) == 1
        entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "post.end")).one()
        assert (entry.actor_id, entry.actor_name) == (None, "calendar")
        assert (entry.subject_type, entry.subject_id) == ("people", college.people["zhangzhuren"])

    def test_the_last_day_still_counts(self, college: College) -> None:
        filing_id = college.submitted()
        set_days(post_of(college, "zhangzhuren"), ends_on=college_today())
        change_over()
        decide(college.actor("zhangzhuren"), filing_id, Outcome.APPROVED)

    def test_changing_over_twice_changes_once(self, college: College) -> None:
        set_days(post_of(college, "zhangzhuren"), ends_on=college_today() - DAY)
        change_over()
        before = len(db.session.scalars(select(AuditEntry)).all())
        db.session.rollback()
        change_over()
        assert len(db.session.scalars(select(AuditEntry)).all()) == before

    def test_a_post_whose_last_day_has_passed_does_not_stand_in_the_way_of_the_next(self, college: College) -> None:
        set_days(post_of(college, "zhangzhuren"), ends_on=college_today() - DAY)
        assert not dismiss("zhangzhuren", "DEPARTMENT_HEAD", "8")
        assert appoint("zhangzhuren", "DEPARTMENT_HEAD", "8")
        assert college.actor("zhangzhuren").headed

    @pytest.mark.parametrize(
        ("term", "field"),
        [
            (Term(ends_on=date(2020, 1, 1)), "ends_on"),
            (Term(starts_on=date(2090, 1, 2), ends_on=date(2090, 1, 1)), "ends_on"),
            (Term(starts_on=date(1, 1, 1)), "starts_on"),
            (Term(ends_on=date(9999, 12, 31)), "ends_on"),
        ],
    )
    def test_a_term_that_cannot_be_is_refused_at_its_field(self, college: College, term: Term, field: str) -> None:
        with pytest.raises(RefusedField) as refused:
            appoint("jiwai", "DEPARTMENT_HEAD", "8", term)
        assert refused.value.field == field


class TestGiving:
    def give(self, college: College, user_id: str, kind: PostKind, key: str | None, term: Term = FROM_NOW_ON) -> bool:
        by = (college.people["wuguanli"], "吴系统")
        return give(by, college.people[user_id], kind, college.departments[key] if key else None, term)

    def test_the_same_post_again_is_held_already(self, college: College) -> None:
        assert self.give(college, "jiwai", HEAD, "8")
        assert not self.give(college, "jiwai", HEAD, "8")

    def test_a_deputy_is_not_made_head_beside_being_deputy(self, college: College) -> None:
        self.give(college, "jiwai", HEAD, "8", Term(is_deputy=True))
        with pytest.raises(RefusedField) as refused:
            self.give(college, "jiwai", HEAD, "8")
        assert refused.value.field == "is_deputy"
        assert "请先免去" in refused.value.sentence

    @pytest.mark.parametrize(("kind", "key"), [(HEAD, None), (PostKind.REGISTRAR, "8"), (PostKind.ADMINISTRATOR, "8")])
    def test_a_department_is_named_where_the_post_is_a_departments_and_only_there(
        self, college: College, kind: PostKind, key: str | None
    ) -> None:
        with pytest.raises(RefusedField) as refused:
            self.give(college, "jiwai", kind, key)
        assert refused.value.field == "department_id"

    def test_nobody_is_appointed_who_left_or_is_not_known(self, college: College) -> None:
        let_leave(college, "jiwai")
        with pytest.raises(RefusedField):
            self.give(college, "jiwai", HEAD, "8")
        with pytest.raises(NotFound):
            give((None, "test"), 4040, HEAD, college.departments["8"], Term())

    @pytest.mark.parametrize(
        ("said", "named"),
        [
            (("nobody", "REGISTRAR", None), "nobody"),
            (("jiwai", "KING", None), "KING"),
            (("jiwai", "DEPARTMENT_HEAD", "没有这个部门"), "没有这个部门"),
            (("jiwai", "DEPARTMENT_HEAD", None), "DEPARTMENT_HEAD"),
            (("jiwai", "REGISTRAR", "8"), "REGISTRAR"),
        ],
    )
    def test_what_is_unknown_is_refused_by_name(
        self, college: College, said: tuple[str, str, str | None], named: str
    ) -> None:
        with pytest.raises(UnknownSubject) as refused:
            appoint(*said)
        assert named in refused.value.sentence

    def test_the_last_administrator_stays_until_there_is_another(self, college: College) -> None:
        last = post_of(college, "wuguanli", PostKind.ADMINISTRATOR)
        with pytest.raises(RefusedField):
            end_post((college.people["wuguanli"], "吴系统"), last.id)
        with pytest.raises(RefusedField):
            dismiss("wuguanli", "ADMINISTRATOR", None)
        self.give(college, "jiwai", PostKind.ADMINISTRATOR, None)
        end_post((college.people["wuguanli"], "吴系统"), last.id)
        assert not college.actor("wuguanli").seats

    def test_an_administrator_with_a_last_day_is_never_the_only_one(self, college: College) -> None:
        today = college_today()
        with pytest.raises(RefusedField) as refused:
            self.give(college, "wuguanli", PostKind.ADMINISTRATOR, None, Term(ends_on=today))
        assert refused.value.field == "ends_on"
        self.give(college, "jiwai", PostKind.ADMINISTRATOR, None, Term(ends_on=today))
        lasting = post_of(college, "wuguanli", PostKind.ADMINISTRATOR)
        for end in (lambda: end_post(BY, lasting.id), lambda: dismiss("wuguanli", "ADMINISTRATOR", None)):
            with pytest.raises(RefusedField) as refused:
                end()
            assert "不设结束日期" in refused.value.sentence
        with pytest.raises(RefusedField) as refused:
            mark_left(college.actor("jiwai"), college.people["wuguanli"])
        assert "不设结束日期" in refused.value.sentence
        dismiss("jiwai", "ADMINISTRATOR", None)
        self.give(college, "lilaoshi", PostKind.ADMINISTRATOR, None)
        end_post(BY, lasting.id)

    def test_of_administrators_with_a_last_day_all_but_one_may_go(self, college: College) -> None:
        self.give(college, "jiwai", PostKind.ADMINISTRATOR, None, Term(ends_on=college_today()))
        self.give(college, "zhaoguanli", PostKind.ADMINISTRATOR, None, Term(ends_on=college_today()))
        set_days(post_of(college, "wuguanli", PostKind.ADMINISTRATOR), ends_on=college_today())
        assert dismiss("wuguanli", "ADMINISTRATOR", None)
        mark_left(college.actor("jiwai"), college.people["zhaoguanli"])
        with pytest.raises(RefusedField):
            dismiss("jiwai", "ADMINISTRATOR", None)
        with pytest.raises(RefusedField):
            mark_left(college.actor("zhougan"), college.people["jiwai"])

    def test_one_who_administers_from_a_day_to_come_does_not_count_yet(self, college: College) -> None:
        self.give(college, "jiwai", PostKind.ADMINISTRATOR, None, Term(starts_on=college_today() + DAY))
        with pytest.raises(RefusedField):
            dismiss("wuguanli", "ADMINISTRATOR", None)
        dismiss("jiwai", "ADMINISTRATOR", None)

    def test_the_settings_help_when_the_last_one_ran_out(self, college: College) -> None:
        set_days(post_of(college, "wuguanli", PostKind.ADMINISTRATOR), ends_on=college_today() - DAY)
        with pytest.raises(RefusedField):
            self.give(college, "jiwai", PostKind.ADMINISTRATOR, None, Term(ends_on=college_today() + DAY))
        for _ in range(2):
            with unit_of_work() as session:
                take_turn(session, POSTS_TURN)
                appoint_first_administrators(session, ["wuguanli"])
            change_over()
        posts = db.session.scalars(select(Post).where(Post.kind == PostKind.ADMINISTRATOR).order_by(Post.id)).all()
        assert [(post.ended_at is None, post.ends_on is None) for post in posts] == [(False, False), (True, True)]

    def test_ending_a_post_twice_ends_it_once_and_its_history_stays(self, college: College) -> None:
        post = post_of(college, "zhangzhuren")
        for _ in range(2):
            end_post((college.people["wuguanli"], "吴系统"), post.id)
        assert post_of(college, "zhangzhuren").ended_at is not None
        assert len(db.session.scalars(select(AuditEntry).where(AuditEntry.action == "post.end")).all()) == 1

    def test_the_first_administrators_come_from_the_settings_once(self, college: College) -> None:
        for given in (True, False):
            with unit_of_work() as session:
                take_turn(session, POSTS_TURN)
                appoint_first_administrators(session, ["JiWai", "nobody"])
            assert dismiss("jiwai", "ADMINISTRATOR", None) is given

    def test_the_audit_entry_names_ids_only(self, college: College) -> None:
        self.give(college, "jiwai", HEAD, "8")
        entry = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
        assert entry is not None
        assert (entry.action, entry.subject_id) == ("post.give", college.people["jiwai"])
        assert entry.details == {"post": "department_head", "department": college.departments["8"]}
        self.give(college, "jiwai", PostKind.REGISTRAR, None, Term(ends_on=date(2090, 1, 1), is_deputy=True))
        entry = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
        assert entry is not None
        assert entry.details == {"post": "registrar", "department": None, "until": "2090-01-01", "deputy": True}


class TestProposals:
    def lead(self, college: College, user_id: str) -> None:
        person = db.session.get_one(Person, college.people[user_id])
        person.memberships[0].is_leader = True
        db.session.commit()

    def test_whom_the_directory_calls_leader_is_proposed_where_nobody_heads(self, college: College) -> None:
        self.lead(college, "zhougan")
        self.lead(college, "lilaoshi")
        assert [(p.person.name, p.department.name) for p in proposals()] == [("周干事", "宣传统战部")]

    def test_a_proposal_gives_no_right_until_an_administrator_confirms_it(self, college: College) -> None:
        self.lead(college, "zhougan")
        assert not college.actor("zhougan").headed
        pair = (college.people["zhougan"], college.departments["3"])
        assert appoint_proposed(college.actor("wuguanli"), [pair]) == 1
        assert college.actor("zhougan").headed == {college.departments["3"]}
        assert proposals() == []
        assert appoint_proposed(college.actor("wuguanli"), [pair]) == 0

    def test_a_deputy_is_not_proposed_for_the_post_they_deputise_in(self, college: College) -> None:
        self.lead(college, "zhougan")
        appoint("zhougan", "DEPARTMENT_HEAD", "3", Term(is_deputy=True))
        assert proposals() == []

    def test_the_college_itself_and_a_party_branch_have_no_head_to_be_proposed(self, college: College) -> None:
        self.lead(college, "liuyuanzhang")
        self.lead(college, "zhougan")
        branch = db.session.get_one(Department, college.departments["3"])
        branch.kind = DepartmentKind.PARTY_BRANCH
        db.session.commit()
        assert proposals() == []
        pairs = [(college.people["liuyuanzhang"], college.departments["1"]), (college.people["zhougan"], branch.id)]
        assert appoint_proposed(college.actor("wuguanli"), pairs) == 0
        branch.kind = DepartmentKind.OFFICE
        db.session.commit()
        assert [(p.person.name, p.department.name) for p in proposals()] == [("周干事", "宣传统战部")]

    def test_nobody_else_is_appointed_by_naming_them(self, college: College) -> None:
        pair = (college.people["jiwai"], college.departments["3"])
        assert appoint_proposed(college.actor("wuguanli"), [pair, (404, 404)]) == 0

    def test_who_was_asked_in_vain_is_asked_when_the_proposal_is_confirmed(self, college: College) -> None:
        filing_id = college.submitted(
            tier=Tier.COLLEGE_ORGANIZATION, name="川护学生会群", supervisor_id=college.departments["3"]
        )
        self.lead(college, "zhougan")
        appoint_proposed(college.actor("wuguanli"), [(college.people["zhougan"], college.departments["3"])])
        assert len(requests(college, "zhougan")) == 1
        decide(college.actor("zhougan"), filing_id, Outcome.APPROVED)


class TestSeveralPosts:
    def test_one_person_with_two_posts_in_one_filing_is_asked_once(self, college: College) -> None:
        """E6: no double task for one filing."""
        dismiss("liuyuanzhang", "COLLEGE_LEADER", "8")
        appoint("zhangzhuren", "COLLEGE_LEADER", "8")
        filing_id = college.submitted(tier=Tier.COLLEGE, name="川护教职工群")
        decide(college.actor("zhangzhuren"), filing_id, Outcome.APPROVED)
        filing = college.filing(filing_id)
        assert filing.state is FilingState.APPROVED
        assert len(requests(college, "zhangzhuren")) == 1
        decision = filing.steps[1].decision
        assert decision is not None
        assert (decision.reason, decision.post_label) == ("同一审核人在前一步已同意", "护理系主管院领导")

    def test_another_holder_of_the_second_post_is_still_asked(self, college: College) -> None:
        appoint("zhangzhuren", "COLLEGE_LEADER", "8")
        filing_id = college.submitted(tier=Tier.COLLEGE, name="川护教职工群")
        decide(college.actor("zhangzhuren"), filing_id, Outcome.APPROVED)
        assert college.filing(filing_id).state is FilingState.IN_REVIEW
        assert len(requests(college, "liuyuanzhang")) == 1

    def test_a_college_leader_decides_for_the_departments_they_oversee_and_no_other(self, college: College) -> None:
        """E8: several leaders, each by the units they oversee."""
        appoint("liuyuanzhang", "COLLEGE_LEADER", "5")
        appoint("jiwai", "COLLEGE_LEADER", "3")
        appoint("jiwai", "DEPARTMENT_HEAD", "3")
        sent = {
            key: college.submitted(
                tier=Tier.COLLEGE, name=f"川护{key}群", number=f"61000{key}", department_id=college.departments[key]
            )
            for key in ("3", "5", "8")
        }
        for key, head in (("3", "jiwai"), ("5", "sunchuzhang"), ("8", "zhangzhuren")):
            decide(college.actor(head), sent[key], Outcome.APPROVED)
        leader = college.actor("liuyuanzhang")
        assert {m.filing_id for m in requests(college, "liuyuanzhang")} == {sent["5"], sent["8"]}
        for key in ("5", "8"):
            decide(leader, sent[key], Outcome.APPROVED)
        assert college.filing(sent["3"]).state is FilingState.APPROVED  # jiwai holds both of its posts


class TestTwoHeads:
    def test_one_is_enough_by_default(self, college: College) -> None:
        """E7: two heads of a unit, and one agrees."""
        appoint("jiwai", "DEPARTMENT_HEAD", "8")
        filing_id = college.submitted()
        assert len(requests(college, "zhangzhuren")) == len(requests(college, "jiwai")) == 1
        decide(college.actor("jiwai"), filing_id, Outcome.APPROVED)
        assert college.filing(filing_id).state is FilingState.APPROVED
        with pytest.raises(NotTheHolder):
            decide(college.actor("zhangzhuren"), filing_id, Outcome.APPROVED)

    @pytest.mark.parametrize("order", [("zhangzhuren", "jiwai"), ("jiwai", "zhangzhuren")])
    def test_both_must_agree_where_the_unit_says_so_in_either_order(
        self, college: College, order: tuple[str, str]
    ) -> None:
        """E7: the unit wants both."""
        want_all_heads(college)
        appoint("jiwai", "DEPARTMENT_HEAD", "8")
        filing_id = college.submitted()
        decide(college.actor(order[0]), filing_id, Outcome.APPROVED)
        assert college.filing(filing_id).state is FilingState.IN_REVIEW
        with pytest.raises(NotTheHolder):
            decide(college.actor(order[0]), filing_id, Outcome.APPROVED)
        assert len([m for m in requests(college, order[0]) if m.state is not MessageState.CANCELLED]) == 0
        decide(college.actor(order[1]), filing_id, Outcome.APPROVED)
        assert college.filing(filing_id).state is FilingState.APPROVED

    def test_one_who_leaves_half_way_is_not_waited_for(self, college: College) -> None:
        want_all_heads(college)
        appoint("jiwai", "DEPARTMENT_HEAD", "8")
        filing_id = college.submitted()
        decide(college.actor("zhangzhuren"), filing_id, Outcome.APPROVED)
        let_leave(college, "jiwai")
        filing = college.filing(filing_id)
        assert filing.state is FilingState.APPROVED
        assert [step.decision.person_name for step in filing.steps[:2] if step.decision] == ["张主任", "张主任"]

    def test_one_who_leaves_before_either_agreed_leaves_it_to_the_other(self, college: College) -> None:
        want_all_heads(college)
        appoint("jiwai", "DEPARTMENT_HEAD", "8")
        filing_id = college.submitted()
        let_leave(college, "jiwai")
        decide(college.actor("zhangzhuren"), filing_id, Outcome.APPROVED)
        assert college.filing(filing_id).state is FilingState.APPROVED

    def test_a_head_who_files_needs_the_other_and_is_not_asked(self, college: College) -> None:
        want_all_heads(college)
        appoint("jiwai", "DEPARTMENT_HEAD", "8")
        filing_id = college.submitted("zhangzhuren")
        assert requests(college, "zhangzhuren") == []
        decide(college.actor("jiwai"), filing_id, Outcome.APPROVED)
        assert college.filing(filing_id).state is FilingState.APPROVED

    def test_what_one_of_them_sent_back_is_asked_of_both_again(self, college: College) -> None:
        want_all_heads(college)
        appoint("jiwai", "DEPARTMENT_HEAD", "8")
        filing_id = college.submitted()
        decide(college.actor("zhangzhuren"), filing_id, Outcome.APPROVED)
        decide(college.actor("jiwai"), filing_id, Outcome.RETURNED, reason="请改")
        submit(college.actor("lilaoshi"), filing_id)
        decide(college.actor("zhangzhuren"), filing_id, Outcome.APPROVED)
        assert college.filing(filing_id).state is FilingState.IN_REVIEW
        decide(college.actor("jiwai"), filing_id, Outcome.APPROVED)
        assert college.filing(filing_id).state is FilingState.APPROVED


def test_who_would_act_if_a_post_ended_is_told_beforehand(college: College) -> None:
    key = (HEAD, college.departments["8"])
    appoint("lilaoshi", "DEPARTMENT_HEAD", "8", Term(is_deputy=True))
    held = holders(db.session(), {key}, without=post_of(college, "zhangzhuren").id)
    assert [taker.person_id for taker in held.takers(*key)] == [college.people["lilaoshi"]]


def test_a_pending_step_is_only_ever_one(college: College) -> None:
    filing_id = college.submitted(tier=Tier.COLLEGE, name="川护教职工群")
    dismiss("zhangzhuren", "DEPARTMENT_HEAD", "8")
    appoint("jiwai", "DEPARTMENT_HEAD", "8")
    pending = select(Step).where(Step.filing_id == filing_id, Step.state == StepState.PENDING)
    assert len(db.session.scalars(pending).all()) == 1
