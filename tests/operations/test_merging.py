"""Departments merged and split: what moves, who is asked, what ends, what stays as it was filed."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Barrier

import pytest
from flask import Flask
from sqlalchemy import select

from extensions import db
from models import (
    AuditEntry,
    ChangeKind,
    ContactRole,
    Department,
    DepartmentChange,
    FilingState,
    Group,
    Handover,
    HandoverItem,
    Message,
    MessageKind,
    MessageState,
    Outcome,
    Post,
    StepState,
    utc_now,
)
from models.database import unit_of_work
from operations.appointing import Term, give
from operations.decisions import decide
from operations.departments import DepartmentFacts, describe
from operations.errors import NotFound, NotTheHolder, RefusedByRules, RefusedField
from operations.filings import submit
from operations.handovers import confirm, fingerprint, propose
from operations.leaving import mark_left
from operations.merging import groups_to_split, merge, preview_merger, split
from operations.reading import registry
from operations.surveying import record_of, survey
from operations.vacancies import HandoverRecord, get_handover
from regulation import DepartmentKind, PostKind, Tier
from tests.college import College

BY = (None, "tests")

pytestmark = pytest.mark.usefixtures("context")


@dataclass(frozen=True)
class Units:
    """护理系, where the groups are, and 校团委, where they go; each has its head."""

    nursing: int
    target: int
    office: int


@pytest.fixture
def units(college: College) -> Units:
    target = college.departments["7"]
    give(BY, college.people["jiwai"], PostKind.DEPARTMENT_HEAD, target, Term())
    return Units(college.departments["8"], target, college.departments["5"])


def department(department_id: int) -> Department:
    db.session.expire_all()
    return db.session.get_one(Department, department_id)


def group(filing_id: int, college: College) -> Group:
    return college.filing(filing_id).group


def registered(college: College, **changes: object) -> int:
    filing_id = college.approved(**changes)
    decide(college.actor("zhougan"), filing_id, Outcome.REGISTERED)
    return filing_id


def supervised(college: College, units: Units) -> int:
    """A registered group of 护理系 that 学生处 supervises; its filing's id."""
    said = {"tier": Tier.COLLEGE_ORGANIZATION, "name": "护理系学生会群", "supervisor_id": units.office}
    filing_id = college.submitted(**said)
    decide(college.actor("sunchuzhang"), filing_id, Outcome.APPROVED)
    decide(college.actor("zhougan"), filing_id, Outcome.REGISTERED)
    return filing_id


def requests(college: College, user_id: str) -> list[Message]:
    return [m for m in college.told(user_id) if m.kind is MessageKind.REQUEST]


def open_handover(department_id: int) -> HandoverRecord:
    db.session.rollback()
    here = (Handover.department_id == department_id, Handover.closed_at.is_(None))
    return get_handover(db.session.scalars(select(Handover.id).where(*here)).one())


def ask_to_take_over(college: College, by: str, department_id: int) -> None:
    """Let the head ask 李老师 for all that is to be handed over in the department."""
    record = open_handover(department_id)
    items, seen = {item.id for item in record.open}, fingerprint(record)
    propose(college.actor(by), record.handover.id, items, college.people["lilaoshi"], seen=seen)


class TestMerging:
    def test_groups_and_what_is_under_way_move_and_old_filings_keep_their_names(
        self, college: College, units: Units
    ) -> None:
        operating = registered(college, name="护理系群一", number="70001")
        under_way = college.submitted(name="护理系群二", number="70002")
        draft = college.draft(name="护理系群三", number="70003")
        over = college.submitted(name="护理系群四", number="70004")
        decide(college.actor("zhangzhuren"), over, Outcome.REJECTED, reason="重复")
        merge(BY, units.nursing, units.target)
        for filing_id in (operating, under_way, draft):
            assert group(filing_id, college).department_id == units.target
        assert group(over, college).department_id == units.nursing
        assert college.filing(operating).department_name == college.filing(under_way).department_name == "护理系"
        assert "护理系部门负责人" in [d.post_label for s in college.filing(operating).steps if (d := s.decision)]

    def test_whoever_heads_the_other_department_is_asked_and_the_old_card_is_closed(
        self, college: College, units: Units
    ) -> None:
        filing_id = college.submitted()
        with unit_of_work() as session:
            (message,) = session.scalars(select(Message).where(Message.recipient_id == college.people["zhangzhuren"]))
            message.state = MessageState.SENT
        sentence = college.filing(filing_id).pending_step.sentence
        merge(BY, units.nursing, units.target)
        step = college.filing(filing_id).pending_step
        assert (step.department_id, step.department_name, step.sentence) == (units.target, "校团委", sentence)
        assert len(requests(college, "jiwai")) == 1
        closing = [m for m in college.told("zhangzhuren") if m.kind is MessageKind.CLOSE]
        assert [m.card["text"] for m in closing] == ["已转由现任审核人办理"]
        with pytest.raises(NotTheHolder):
            decide(college.actor("zhangzhuren"), filing_id, Outcome.APPROVED)
        decide(college.actor("jiwai"), filing_id, Outcome.APPROVED)
        assert college.filing(filing_id).state is FilingState.APPROVED

    def test_steps_that_still_wait_their_turn_go_too(self, college: College, units: Units) -> None:
        filing_id = college.submitted(tier=Tier.COLLEGE, name="川护教职工群")
        merge(BY, units.nursing, units.target)
        steps = [(s.post_label, s.state) for s in college.filing(filing_id).steps]
        assert steps == [
            ("校团委部门负责人", StepState.PENDING),
            ("校团委主管院领导", StepState.WAITING),
            ("宣传统战部备案登记人", StepState.WAITING),
        ]

    def test_what_was_decided_stays_decided(self, college: College, units: Units) -> None:
        filing_id = college.submitted(tier=Tier.COLLEGE, name="川护教职工群")
        decide(college.actor("zhangzhuren"), filing_id, Outcome.APPROVED)
        merge(BY, units.nursing, units.target)
        labels = [s.post_label for s in college.filing(filing_id).steps]
        assert labels == ["护理系部门负责人", "校团委主管院领导", "宣传统战部备案登记人"]

    def test_a_returned_filing_is_sent_to_the_other_departments_head(self, college: College, units: Units) -> None:
        filing_id = college.submitted(name="川护教职工群", tier=Tier.COLLEGE)
        decide(college.actor("zhangzhuren"), filing_id, Outcome.RETURNED, reason="请改")
        merge(BY, units.nursing, units.target)
        submit(college.actor("lilaoshi"), filing_id)
        assert college.filing(filing_id).pending_step.post_label == "校团委部门负责人"
        assert college.filing(filing_id).department_name == "校团委"

    def test_a_department_that_supervises_passes_that_on_as_well(self, college: College, units: Units) -> None:
        filing_id = college.submitted(tier=Tier.COLLEGE_ORGANIZATION, name="护理系学生会群", supervisor_id=units.office)
        merge(BY, units.office, units.target)
        moved = group(filing_id, college)
        assert (moved.department_id, moved.supervisor_id) == (units.nursing, units.target)
        assert college.filing(filing_id).pending_step.post_label == "校团委部门负责人"
        assert len(requests(college, "jiwai")) == 1

    def test_registered_groups_that_it_supervises_are_supervised_by_the_other(
        self, college: College, units: Units
    ) -> None:
        filing_id = supervised(college, units)
        preview = preview_merger(department(units.office), department(units.target))
        assert [shown.id for shown in preview.supervised] == [group(filing_id, college).id]
        assert (preview.groups, preview.filings) == ([], [])
        merge(BY, units.office, units.target)
        moved = group(filing_id, college)
        assert (moved.department_id, moved.supervisor_id) == (units.nursing, units.target)
        assert college.filing(filing_id).supervisor_name == "学生处"

    def test_whoever_belonged_to_it_as_their_branch_belongs_to_the_other(self, college: College, units: Units) -> None:
        describe(BY, units.office, DepartmentFacts(DepartmentKind.OFFICE, party_branch_id=units.nursing))
        filing_id = college.submitted(tier=Tier.FACULTY_ORGANIZATION, name="学生处1班群", department_id=units.office)
        merge(BY, units.nursing, units.target)
        assert department(units.office).party_branch_id == units.target
        assert college.filing(filing_id).pending_step.department_id == units.target
        assert group(filing_id, college).department_id == units.office

    def test_a_branch_merged_into_a_unit_of_its_own_leaves_that_unit_its_own(
        self, college: College, units: Units
    ) -> None:
        describe(BY, units.target, DepartmentFacts(DepartmentKind.FACULTY, party_branch_id=units.nursing))
        filing_id = college.submitted(tier=Tier.FACULTY_ORGANIZATION, name="护理系1班群")
        merge(BY, units.nursing, units.target)
        assert department(units.target).party_branch_id is None
        assert college.filing(filing_id).pending_step.department_id == units.target

    def test_the_secretary_of_the_other_departments_branch_takes_over(self, college: College, units: Units) -> None:
        give(BY, college.people["sunchuzhang"], PostKind.PARTY_SECRETARY, units.office, Term())
        describe(BY, units.target, DepartmentFacts(DepartmentKind.FACULTY, party_branch_id=units.office))
        filing_id = college.submitted(tier=Tier.FACULTY_ORGANIZATION, name="护理系1班群")
        merge(BY, units.nursing, units.target)
        assert college.filing(filing_id).pending_step.post_label == "学生处党总支负责人"
        assert len(requests(college, "sunchuzhang")) == 1

    def test_its_posts_end_and_its_history_says_so(self, college: College, units: Units) -> None:
        merge(BY, units.nursing, units.target)
        held = db.session.scalars(select(Post).where(Post.department_id == units.nursing, Post.ended_at.is_(None)))
        assert held.all() == []
        row = department(units.nursing)
        assert (row.merged_into_id, row.removed_at is not None) == (units.target, True)
        assert {p.person.name for p in record_of(row).past(row.id)} == {"张主任", "陈书记", "刘院长"}
        change = db.session.scalars(select(DepartmentChange)).one()
        assert (change.kind, change.old_name, change.new_name) == (ChangeKind.MERGED, "护理系", "校团委")
        assert (change.department_id, change.other_id) == (units.nursing, units.target)
        last = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
        assert last is not None
        assert (last.action, last.details) == (
            "department.merge",
            {"into": units.target, "groups": 0, "supervised": 0, "filings": 0},
        )
        assert "护理系" not in [shown.department.name for shown in survey()]

    def test_open_handovers_go_along_and_join_those_of_the_same_person(self, college: College, units: Units) -> None:
        groups = [group(college.submitted(name=f"护理系{n}群", number=f"7000{n}"), college).id for n in range(2)]
        other = group(
            college.submitted("jiwai", name="校团委群", number="70009", department_id=units.target), college
        ).id
        with unit_of_work() as session:
            for unit_id, ids, user_id in (
                (units.nursing, groups[:1], "wangqunzhu"),
                (units.nursing, groups[1:], "zhaoguanli"),
                (units.target, [other], "zhaoguanli"),
            ):
                items = [HandoverItem(group_id=group_id, role=ContactRole.OWNER) for group_id in ids]
                person = college.people[user_id]
                session.add(Handover(person_id=person, person_name="", department_id=unit_id, items=items))
        merge(BY, units.nursing, units.target)
        open_ones = db.session.scalars(select(Handover).where(Handover.closed_at.is_(None))).all()
        assert {handover.department_id for handover in open_ones} == {units.target}
        assert sorted(len(handover.items) for handover in open_ones) == [1, 2]

    def test_a_head_hears_again_of_a_handover_that_grew_and_arranges_what_came(
        self, college: College, units: Units
    ) -> None:
        there = college.submitted("jiwai", name="校团委群", number="70009", department_id=units.target)
        college.submitted("jiwai", name="护理系群", number="70001")
        mark_left(college.actor("wuguanli"), college.people["wangqunzhu"])
        ask_to_take_over(college, "zhangzhuren", units.nursing)
        merge(BY, units.nursing, units.target)
        leads = [m.card["lead"] for m in college.told("jiwai") if "责任人缺位" in m.card.get("lead", "")]
        assert [f"{n} 个群组" in lead for n, lead in enumerate(leads, start=1)] == [True, True]
        record = open_handover(units.target)
        assert group(there, college).id in {item.group_id for item in record.open}
        assert {item.successor_id for item in record.open} == {None}
        assert [m.state for m in college.told("lilaoshi")] == [MessageState.CANCELLED]

    def test_merged_there_again_it_does_nothing_and_elsewhere_it_is_refused(
        self, college: College, units: Units
    ) -> None:
        merge(BY, units.nursing, units.target)
        merge(BY, units.nursing, units.target)
        assert len(db.session.scalars(select(DepartmentChange)).all()) == 1
        with pytest.raises(RefusedField, match="RefusedField") as refused:
            merge(BY, units.nursing, units.office)
        assert "已经并入其他部门" in refused.value.sentence

    def test_into_itself_into_one_that_is_gone_or_of_the_college_it_is_refused(
        self, college: College, units: Units
    ) -> None:
        merge(BY, units.office, units.target)
        for source, target in (
            (units.nursing, units.nursing),
            (units.nursing, units.office),
            (units.nursing, 404),
            (college.departments["1"], units.nursing),
        ):
            with pytest.raises(RefusedField) as refused:
                merge(BY, source, target)
            assert refused.value.field == "target"
        with pytest.raises(NotFound):
            merge(BY, 404, units.target)

    def test_two_groups_of_one_name_are_refused_with_the_name_and_nothing_moves(
        self, college: College, units: Units
    ) -> None:
        mine = college.submitted(tier=Tier.COLLEGE, name="川护教职工群", number="70001")
        college.submitted(tier=Tier.COLLEGE, name="川护教职工群", number="70002", department_id=units.target)
        assert "川护教职工群" in preview_merger(department(units.nursing), department(units.target)).clash
        with pytest.raises(RefusedField) as refused:
            merge(BY, units.nursing, units.target)
        assert "校团委已有同名的QQ群「川护教职工群」" in refused.value.sentence
        assert group(mine, college).department_id == units.nursing
        assert department(units.nursing).removed_at is None

    def test_the_preview_says_what_would_move_and_end(self, college: College, units: Units) -> None:
        registered(college, name="护理系群一", number="70001")
        college.submitted(name="护理系群二", number="70002")
        affected = preview_merger(department(units.nursing), department(units.target))
        assert [row.name for row in affected.groups] == ["护理系群一", "护理系群二"]
        assert (len(affected.filings), len(affected.posts), affected.clash) == (1, 3, "")

    def test_one_that_the_directory_removed_can_be_merged_all_the_same(self, college: College, units: Units) -> None:
        filing_id = registered(college)
        with unit_of_work() as session:
            session.get_one(Department, units.nursing).removed_at = utc_now()
        merge(BY, units.nursing, units.target)
        assert group(filing_id, college).department_id == units.target

    def test_a_draft_of_one_that_is_gone_is_not_sent_to_nobody(self, college: College, units: Units) -> None:
        filing_id = college.draft()
        with unit_of_work() as session:
            session.get_one(Department, units.nursing).removed_at = utc_now()
        with pytest.raises(RefusedByRules) as refused:
            submit(college.actor("lilaoshi"), filing_id)
        assert [(f.field, f.sentence) for f in refused.value.findings] == [
            ("department_id", "护理系已撤销或已并入其他部门，请重新选择。")
        ]

    def test_a_decision_at_the_same_moment_comes_before_or_is_told_the_truth(
        self, app: Flask, college: College, units: Units
    ) -> None:
        filing_id = college.submitted()
        head = college.actor("zhangzhuren")
        start = Barrier(2)

        def act(deed: Callable[[], None]) -> str:
            with app.app_context():
                start.wait()
                try:
                    deed()
                except NotTheHolder:
                    return "too late"
                return "done"

        with ThreadPoolExecutor(2) as pool:
            merging = pool.submit(act, lambda: merge(BY, units.nursing, units.target))
            deciding = pool.submit(act, lambda: decide(head, filing_id, Outcome.APPROVED))
        assert merging.result() == "done"
        db.session.rollback()
        filing = college.filing(filing_id)
        assert filing.group.department_id == units.target
        decided = deciding.result() == "done"
        assert filing.state is (FilingState.APPROVED if decided else FilingState.IN_REVIEW)
        assert filing.steps[0].post_label == ("护理系部门负责人" if decided else "校团委部门负责人")

    def test_the_ledger_shows_the_names_of_the_day(self, college: College, units: Units) -> None:
        registered(college)
        merge(BY, units.nursing, units.target)
        assert [filing.department_name for filing in registry().rows] == ["护理系"]


class TestSplitting:
    def test_only_the_chosen_groups_go_and_the_department_lives_on(self, college: College, units: Units) -> None:
        going = college.submitted(name="护理系群一", number="70001")
        staying = college.submitted(name="护理系群二", number="70002")
        split(BY, units.nursing, units.target, [group(going, college).id])
        assert group(going, college).department_id == units.target
        assert group(staying, college).department_id == units.nursing
        assert college.filing(going).pending_step.post_label == "校团委部门负责人"
        assert college.filing(staying).pending_step.post_label == "护理系部门负责人"
        assert len(requests(college, "jiwai")) == 1
        row = department(units.nursing)
        assert (row.removed_at, row.merged_into_id) == (None, None)
        change = db.session.scalars(select(DepartmentChange)).one()
        assert (change.kind, change.other_id) == (ChangeKind.SPLIT, units.target)

    def test_what_the_department_supervises_stays_with_it(self, college: College, units: Units) -> None:
        filing_id = supervised(college, units)
        going = college.submitted(name="学生处群", number="70003", department_id=units.office)
        split(BY, units.office, units.target, [group(going, college).id])
        assert group(filing_id, college).supervisor_id == units.office

    def test_the_same_twice_moves_nothing_more(self, college: College, units: Units) -> None:
        ids = [group(college.submitted(), college).id]
        for _ in range(2):
            split(BY, units.nursing, units.target, ids)
        assert len(db.session.scalars(select(DepartmentChange)).all()) == 1

    def test_none_a_drafts_or_somebody_elses_group_is_refused(self, college: College, units: Units) -> None:
        draft = group(college.draft(), college).id
        other = college.submitted(department_id=units.office, name="学生处群", number="70003")
        for ids in ([], [draft], [group(other, college).id], [404]):
            with pytest.raises(RefusedField) as refused:
                split(BY, units.nursing, units.target, ids)
            assert refused.value.field == "groups"

    def test_a_name_that_the_other_department_has_is_refused(self, college: College, units: Units) -> None:
        mine = college.submitted(tier=Tier.COLLEGE, name="川护教职工群", number="70001")
        college.submitted(tier=Tier.COLLEGE, name="川护教职工群", number="70002", department_id=units.target)
        with pytest.raises(RefusedField) as refused:
            split(BY, units.nursing, units.target, [group(mine, college).id])
        assert "川护教职工群" in refused.value.sentence

    def test_handovers_of_the_chosen_groups_go_along_and_the_others_stay(self, college: College, units: Units) -> None:
        ids = [group(college.submitted(name=f"护理系{n}群", number=f"7000{n}"), college).id for n in range(2)]
        with unit_of_work() as session:
            items = [HandoverItem(group_id=group_id, role=ContactRole.OWNER) for group_id in ids]
            person = college.people["wangqunzhu"]
            session.add(Handover(person_id=person, person_name="王群主", department_id=units.nursing, items=items))
        split(BY, units.nursing, units.target, ids[:1])
        found = {h.department_id: [i.group_id for i in h.items] for h in db.session.scalars(select(Handover))}
        assert found == {units.nursing: ids[1:], units.target: ids[:1]}

    def test_whoever_is_to_take_over_what_stays_is_asked_anew_for_that_alone(
        self, college: College, units: Units
    ) -> None:
        filings = [college.submitted("jiwai", name=f"护理系{n}群", number=f"7000{n}") for n in range(2)]
        going, staying = (group(filing_id, college).id for filing_id in filings)
        mark_left(college.actor("wuguanli"), college.people["wangqunzhu"])
        ask_to_take_over(college, "zhangzhuren", units.nursing)
        [card] = college.told("lilaoshi")
        card.state = MessageState.SENT
        db.session.commit()
        split((None, "吴系统"), units.nursing, units.target, [going])
        [old, new, closing] = sorted(college.told("lilaoshi"), key=lambda m: (m.kind is MessageKind.CLOSE, m.id))
        assert (closing.closes_id, closing.card["text"]) == (old.id, "移交安排已变更，未作处理")
        assert (new.kind, new.card["lead"]) == (MessageKind.REQUEST, "请您接任王群主的1个群组")
        assert ["提出人", "吴系统"] in new.card["rows"]
        confirm(college.actor("lilaoshi"), new.handover_id)
        assert [(item.group_id, item.successor_id) for item in open_handover(units.target).open] == [(going, None)]
        owner = next(c for c in db.session.get_one(Group, staying).contacts if c.role is ContactRole.OWNER)
        assert owner.name == "李老师"

    def test_the_choice_holds_the_live_groups(self, college: College, units: Units) -> None:
        college.submitted()
        college.draft(name="护理系草稿群", number="70009")
        assert [row.name for row in groups_to_split(department(units.nursing))] == ["护理系教师工作群"]
