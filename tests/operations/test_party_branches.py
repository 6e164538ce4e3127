"""Which 党总支 approves a class or student group (第八条第4项): the unit's own, the one it was given, or none."""

import pytest

from models import Department, utc_now
from models.database import unit_of_work
from operations.appointing import Term, dismiss, give
from operations.departments import DepartmentFacts, add_branch, describe
from operations.errors import RefusedByRules
from operations.filings import submit
from operations.routing import preview
from regulation import DepartmentKind, PostKind, Tier
from tests.college import College

BY = (None, "tests")
CLASS = {"tier": Tier.FACULTY_ORGANIZATION}

pytestmark = pytest.mark.usefixtures("context")


def test_one_branch_answers_for_two_faculties(college: College) -> None:
    """E36: a 党总支 that covers two faculties."""
    nursing, other = college.departments["8"], college.departments["7"]
    describe(BY, nursing, DepartmentFacts(DepartmentKind.FACULTY))
    describe(BY, other, DepartmentFacts(DepartmentKind.FACULTY, party_branch_id=nursing))
    for department_id, name, number in ((nursing, "护理系1班群", "71001"), (other, "校团委1班群", "71002")):
        filing = college.filing(college.submitted(**CLASS, department_id=department_id, name=name, number=number))
        assert filing.pending_step.post_label == "护理系党总支负责人"
    assert len(college.told("chenshuji")) == 2


def test_a_branch_that_no_directory_has_answers_for_those_it_was_given_to(college: College) -> None:
    branch = add_branch(BY, "机关党总支")
    give(BY, college.people["jiwai"], PostKind.PARTY_SECRETARY, branch, Term())
    office = college.departments["5"]
    describe(BY, office, DepartmentFacts(DepartmentKind.OFFICE, party_branch_id=branch))
    filing = college.filing(college.submitted(**CLASS, department_id=office, name="学生处1班群"))
    assert filing.pending_step.post_label == "机关党总支负责人"
    assert [m.card["lead"] for m in college.told("jiwai")] == ["新建备案，请您审核（第八条第4项）"]


def test_an_office_without_one_is_told_what_to_do_and_nothing_is_sent(college: College) -> None:
    """E36: an administrative unit without one."""
    office = college.departments["5"]
    describe(BY, office, DepartmentFacts(DepartmentKind.OFFICE))
    filing_id = college.draft(**CLASS, department_id=office, name="学生处1班群")
    with pytest.raises(RefusedByRules) as refused:
        college.submitted(**CLASS, department_id=office, name="学生处1班群")
    (finding,) = refused.value.findings
    assert (finding.field, finding.article) == ("department_id", "第八条第4项")
    assert "请系统管理员为该部门设置所属党总支" in finding.text
    assert college.filing(filing_id).steps == []


@pytest.fixture
def branch(college: College) -> int:
    """护理系's 党总支 in the directory, with 纪外人 for secretary; its id."""
    with unit_of_work() as session:
        row = Department(platform="wecom", platform_key="99", name="医护党总支", kind=DepartmentKind.PARTY_BRANCH)
        session.add(row)
    describe(BY, college.departments["8"], DepartmentFacts(DepartmentKind.FACULTY, party_branch_id=row.id))
    give(BY, college.people["jiwai"], PostKind.PARTY_SECRETARY, row.id, Term())
    return row.id


def remove(department_id: int) -> None:
    """The directory lists the department no more."""
    with unit_of_work() as session:
        session.get_one(Department, department_id).removed_at = utc_now()


def test_a_unit_whose_branch_is_no_more_is_told_what_to_do_and_nothing_is_sent(college: College, branch: int) -> None:
    remove(branch)
    filing_id = college.draft(**CLASS, name="护理系1班群")
    with pytest.raises(RefusedByRules) as confirmed:
        preview(college.filing(filing_id))
    with pytest.raises(RefusedByRules) as refused:
        submit(college.actor("lilaoshi"), filing_id)
    for (finding,) in (confirmed.value.findings, refused.value.findings):
        assert (finding.field, finding.article) == ("department_id", "第八条第4项")
        assert "护理系的所属党总支“医护党总支”已撤销" in finding.text
        assert "请系统管理员为该部门重新设置所属党总支" in finding.text
    assert college.filing(filing_id).steps == []
    assert college.told("jiwai") == []
    assert college.submitted(name="护理系工作群", number="71003")


def test_what_waits_at_a_branch_that_is_no_more_goes_to_the_fall_back_once_nobody_is_there(
    college: College, branch: int
) -> None:
    filing_id = college.submitted(**CLASS, name="护理系1班群")
    remove(branch)
    dismiss("jiwai", "PARTY_SECRETARY", "医护党总支")
    assert college.filing(filing_id).pending_step.post_label == "医护党总支负责人"
    assert "岗位空缺" in college.told("wuguanli")[-1].card["lead"]


def test_a_filing_under_way_stays_with_the_branch_it_was_sent_to(college: College) -> None:
    filing_id = college.submitted(**CLASS, name="护理系1班群")
    describe(BY, college.departments["8"], DepartmentFacts(party_branch_id=add_branch(BY, "医护党总支")))
    assert college.filing(filing_id).pending_step.post_label == "护理系党总支负责人"
