"""What an administrator says about departments: short names, 党总支, and the ones that no directory has."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from flask import Flask
from sqlalchemy import select

from extensions import db
from models import OWN, AuditEntry, ChangeKind, Department, DepartmentChange, utc_now
from models.database import unit_of_work
from operations.appointing import Term, end_post, give
from operations.departments import (
    DepartmentFacts,
    add_branch,
    describe,
    note_renamed,
    remove_branch,
)
from operations.errors import NotFound, RefusedField
from operations.reading import get_person
from operations.surveying import branches_for, record_of, survey
from regulation import DepartmentKind, PostKind, Tier
from tests.college import College, set_short_name

BY = (None, "tests")
FACULTY = DepartmentFacts(kind=DepartmentKind.FACULTY)

pytestmark = pytest.mark.usefixtures("context")


def department(department_id: int) -> Department:
    db.session.expire_all()
    return db.session.get_one(Department, department_id)


def changes() -> list[tuple[ChangeKind, str, str]]:
    rows = db.session.scalars(select(DepartmentChange).order_by(DepartmentChange.id))
    return [(row.kind, row.old_name, row.new_name) for row in rows]


def gone(department_id: int) -> None:
    """The directory removed it."""
    with unit_of_work() as session:
        session.get_one(Department, department_id).removed_at = utc_now()


def recorded(action: str) -> list[dict[str, object]]:
    """What the audit says of each such act."""
    query = select(AuditEntry.details).where(AuditEntry.action == action).order_by(AuditEntry.id)
    return list(db.session.scalars(query))


class TestShortNames:
    def test_a_short_name_is_kept_as_a_change_with_a_trace(self, college: College) -> None:
        nursing = college.departments["8"]
        set_short_name(BY, nursing, "  护理 ")
        assert department(nursing).short_name == "护理"
        assert changes() == [(ChangeKind.SHORT_NAME, "护理系", "护理")]
        entry = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
        assert entry is not None
        assert (entry.action, entry.subject_type, entry.subject_id) == ("department.describe", "departments", nursing)

    def test_clearing_it_returns_to_the_name_of_the_department(self, college: College) -> None:
        nursing = college.departments["8"]
        set_short_name(BY, nursing, "护理")
        set_short_name(BY, nursing, " ")
        assert department(nursing).short_name is None
        assert changes()[1:] == [(ChangeKind.SHORT_NAME, "护理", "护理系")]

    def test_the_same_again_changes_nothing(self, college: College) -> None:
        for _ in range(2):
            set_short_name(BY, college.departments["8"], "护理系")
        assert changes() == []

    @pytest.mark.parametrize("taken", ["学工", "学 工", "校团委", " 校团委　", "ＩＴ中心"])
    def test_one_that_another_department_answers_to_is_refused_with_whose_it_is(
        self, college: College, taken: str
    ) -> None:
        set_short_name(BY, college.departments["5"], {"ＩＴ中心": "it中心", "学 工": "学 工"}.get(taken, "学工"))
        with pytest.raises(RefusedField) as refused:
            set_short_name(BY, college.departments["8"], taken)
        holder = "校团委" if "校团委" in taken else "学生处"
        assert refused.value.field == "short_name"
        assert f"已是{holder}的单位简称，请换一个" in refused.value.sentence
        assert department(college.departments["8"]).short_name is None

    @pytest.mark.parametrize("taken", ["川护", "川护 "])
    def test_the_colleges_own_is_refused(self, college: College, taken: str) -> None:
        with pytest.raises(RefusedField, match="RefusedField") as refused:
            set_short_name(BY, college.departments["8"], taken)
        assert "学院的简称" in refused.value.sentence

    def test_clearing_is_refused_while_another_has_the_name_for_its_own(self, college: College) -> None:
        set_short_name(BY, college.departments["8"], "护理")
        set_short_name(BY, college.departments["5"], "护理系")
        with pytest.raises(RefusedField):
            set_short_name(BY, college.departments["8"], "")
        assert department(college.departments["8"]).short_name == "护理"

    def test_that_of_a_department_that_is_gone_is_free(self, college: College) -> None:
        set_short_name(BY, college.departments["5"], "学工")
        gone(college.departments["5"])
        set_short_name(BY, college.departments["8"], "学工")
        assert department(college.departments["8"]).short_name == "学工"

    def test_one_without_a_letter_is_refused(self, college: College) -> None:
        with pytest.raises(RefusedField):
            set_short_name(BY, college.departments["8"], "——")

    def test_a_department_that_is_gone_has_none_to_set(self, college: College) -> None:
        gone(college.departments["8"])
        with pytest.raises(NotFound):
            set_short_name(BY, college.departments["8"], "护理")

    def test_of_two_who_want_the_same_at_once_one_is_refused_in_the_same_words(
        self, app: Flask, college: College
    ) -> None:
        start = Barrier(2)

        def wish(key: str) -> str:
            with app.app_context():
                start.wait()
                try:
                    set_short_name(BY, college.departments[key], "学工")
                except RefusedField as refused:
                    return refused.sentence
                return ""

        with ThreadPoolExecutor(2) as pool:
            answers = sorted(pool.map(wish, ["5", "8"]))
        assert answers[0] == ""
        assert "“学工”已是" in answers[1]
        names = db.session.scalars(select(Department.short_name).where(Department.short_name.is_not(None))).all()
        assert names == ["学工"]

    def test_a_clash_that_the_directory_brought_is_shown(self, college: College) -> None:
        with unit_of_work() as session:
            row = session.get_one(Department, college.departments["7"])
            row.name = "学生处"
            note_renamed(session, row, "校团委")
        lacking = {row.department.id for row in survey(lacking=True) if "简称重复" in row.lacks}
        assert lacking == {college.departments["5"], college.departments["7"]}
        assert changes() == [(ChangeKind.RENAMED, "校团委", "学生处")]

    def test_the_record_says_what_is_otherwise_now_and_what_it_was(self, college: College) -> None:
        office = college.departments["5"]
        branch = add_branch(BY, "机关党总支")
        for _ in range(2):
            describe(BY, office, DepartmentFacts(DepartmentKind.OFFICE, "学工", branch))
        describe(BY, branch, DepartmentFacts(name="机关第一党总支", all_heads=True))
        assert recorded("department.add") == [{"name": "机关党总支"}]
        assert recorded("department.describe") == [
            {
                "kind": {"from": None, "to": "office"},
                "short_name": {"from": "", "to": "学工"},
                "party_branch_id": {"from": None, "to": branch},
            },
            {
                "name": {"from": "机关党总支", "to": "机关第一党总支"},
                "all_heads": {"from": False, "to": True},
            },
        ]


class TestPartyBranches:
    def test_kind_branch_and_all_heads_are_set_together(self, college: College) -> None:
        branch = add_branch(BY, "机关党总支")
        describe(BY, college.departments["5"], DepartmentFacts(DepartmentKind.OFFICE, "学工", branch, all_heads=True))
        row = department(college.departments["5"])
        assert (row.kind, row.short_name, row.party_branch_id, row.all_heads) == (
            DepartmentKind.OFFICE,
            "学工",
            branch,
            True,
        )

    def test_a_unit_does_not_belong_to_itself(self, college: College) -> None:
        nursing = college.departments["8"]
        with pytest.raises(RefusedField) as refused:
            describe(BY, nursing, DepartmentFacts(party_branch_id=nursing))
        assert refused.value.field == "party_branch_id"

    def test_circles_and_chains_are_refused(self, college: College) -> None:
        nursing, office, league = (college.departments[key] for key in ("8", "5", "7"))
        describe(BY, office, DepartmentFacts(party_branch_id=nursing))
        with pytest.raises(RefusedField) as circle:
            describe(BY, nursing, DepartmentFacts(party_branch_id=office))
        with pytest.raises(RefusedField) as chain:
            describe(BY, league, DepartmentFacts(party_branch_id=office))
        with pytest.raises(RefusedField) as longer:
            describe(BY, nursing, DepartmentFacts(party_branch_id=league))
        assert {circle.value.field, chain.value.field, longer.value.field} == {"party_branch_id"}
        assert "请直接选择那个党总支" in chain.value.sentence
        assert "学生处的所属党总支正是护理系" in longer.value.sentence

    def test_what_is_refused_changes_nothing_at_all(self, college: College) -> None:
        nursing = college.departments["8"]
        with pytest.raises(RefusedField):
            describe(BY, nursing, DepartmentFacts(DepartmentKind.FACULTY, "学生处", None, all_heads=True))
        row = department(nursing)
        assert (row.kind, row.short_name, row.all_heads) == (None, None, False)
        assert changes() == []

    def test_one_that_is_gone_cannot_be_chosen(self, college: College) -> None:
        branch = add_branch(BY, "机关党总支")
        remove_branch(BY, branch)
        with pytest.raises(RefusedField):
            describe(BY, college.departments["5"], DepartmentFacts(party_branch_id=branch))

    def test_the_choice_holds_those_of_the_kind_and_those_with_a_secretary(self, college: College) -> None:
        branch = add_branch(BY, "机关党总支")
        offered = [row.id for row in branches_for(department(college.departments["5"]))]
        assert sorted(offered) == sorted([college.departments["8"], branch])
        assert [row.id for row in branches_for(department(college.departments["8"]))] == [branch]


class TestBranchesOfOurOwn:
    def test_it_is_no_platforms_and_its_name_is_free(self, college: College) -> None:
        branch = department(add_branch(BY, " 机关  党总支 "))
        assert (branch.platform, branch.kind, branch.name) == (OWN, DepartmentKind.PARTY_BRANCH, "机关 党总支")
        for taken in ("机关 党总支", "护理系", "", "——"):
            with pytest.raises(RefusedField) as refused:
                add_branch(BY, taken)
            assert refused.value.field == "name"

    def test_it_can_be_renamed_and_stays_a_branch(self, college: College) -> None:
        branch = add_branch(BY, "机关党总支")
        describe(BY, branch, DepartmentFacts(name="机关第一党总支", kind=DepartmentKind.OFFICE))
        row = department(branch)
        assert (row.name, row.kind) == ("机关第一党总支", DepartmentKind.PARTY_BRANCH)
        assert changes() == [(ChangeKind.RENAMED, "机关党总支", "机关第一党总支")]

    def test_the_directorys_own_names_are_not_ours_to_change(self, college: College) -> None:
        describe(BY, college.departments["8"], DepartmentFacts(name="医学院"))
        assert department(college.departments["8"]).name == "护理系"
        with pytest.raises(RefusedField):
            remove_branch(BY, college.departments["8"])

    def test_it_is_kept_while_something_hangs_on_it_and_says_what(self, college: College) -> None:
        branch = add_branch(BY, "机关党总支")
        describe(BY, college.departments["5"], DepartmentFacts(DepartmentKind.OFFICE, party_branch_id=branch))
        give(BY, college.people["chenshuji"], PostKind.PARTY_SECRETARY, branch, Term())
        filing_id = college.submitted(
            tier=Tier.FACULTY_ORGANIZATION, department_id=college.departments["5"], name="学生处2026级1班群"
        )
        college.draft(department_id=branch, name="机关党总支工作群", number="700001")
        with pytest.raises(RefusedField) as refused:
            remove_branch(BY, branch)
        for reason in ("学生处的所属党总支是它", "有1项任职", "有1个群组或草稿", "有1份备案等待它审核"):
            assert reason in refused.value.sentence
        assert college.filing(filing_id).pending_step.department_id == branch

    def test_it_goes_when_nothing_hangs_on_it(self, college: College) -> None:
        branch = add_branch(BY, "机关党总支")
        give(BY, college.people["chenshuji"], PostKind.PARTY_SECRETARY, branch, Term())
        post = next(p for p in get_person(college.people["chenshuji"]).posts if p.department_id == branch)
        end_post(BY, post.id)
        remove_branch(BY, branch)
        assert department(branch).removed_at is not None
        assert add_branch(BY, "机关党总支") != branch


class TestSurvey:
    def test_departments_stand_below_their_parents_with_what_they_lack(self, college: College) -> None:
        describe(BY, college.departments["8"], FACULTY)
        describe(BY, college.departments["5"], DepartmentFacts(DepartmentKind.OFFICE))
        with unit_of_work() as session:
            session.get_one(Department, college.departments["7"]).parent_id = college.departments["5"]
        rows = {row.department.name: row for row in survey()}
        assert [(row.department.name, row.depth) for row in survey()] == [
            *(("示范学院", 0), ("宣传统战部", 0), ("学生处", 0), ("校团委", 1), ("护理系", 0)),
        ]
        assert {name: row.lacks for name, row in rows.items()} == {
            "示范学院": [],
            "宣传统战部": ["类别", "负责人", "主管院领导"],
            "学生处": ["主管院领导"],
            "校团委": ["类别", "负责人", "主管院领导"],
            "护理系": [],
        }
        assert [post.person.name for post in rows["护理系"].secretaries] == ["陈书记"]
        assert rows["示范学院"].short_name == "川护"

    def test_it_is_searched_by_name_and_short_name(self, college: College) -> None:
        set_short_name(BY, college.departments["3"], "宣传部")
        assert [row.department.name for row in survey(named="宣传部")] == ["宣传统战部"]
        assert [row.department.name for row in survey(named=" 学 ")] == ["示范学院", "学生处"]
        assert survey(named="没有的") == []

    def test_one_that_is_gone_is_shown_as_long_as_it_has_live_groups(self, college: College) -> None:
        college.submitted()
        gone(college.departments["8"])
        gone(college.departments["5"])
        rows = [(row.department.name, row.groups) for row in survey(lacking=True) if row.is_gone]
        assert rows == [("护理系", 1)]

    def test_a_circle_in_the_directory_hides_nobody(self, college: College) -> None:
        with unit_of_work() as session:
            session.get_one(Department, college.departments["5"]).parent_id = college.departments["7"]
            session.get_one(Department, college.departments["7"]).parent_id = college.departments["5"]
        assert sorted(row.department.id for row in survey()) == sorted(college.departments.values())

    def test_the_record_names_whoever_held_a_post(self, college: College) -> None:
        nursing = college.departments["8"]
        head = next(p for p in get_person(college.people["zhangzhuren"]).posts if p.department_id == nursing)
        end_post(BY, head.id)
        record = record_of(department(nursing))
        assert record.members == 5
        assert record.held(PostKind.DEPARTMENT_HEAD, nursing) == []
        assert [post.person.name for post in record.past(nursing)] == ["张主任"]
