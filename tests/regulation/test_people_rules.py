"""第七条 and the annex: who may answer for a group, and what is pointed out about them."""

import pytest

from regulation import Named, Severity, load_regulation, parse_regulation
from tests.regulation.test_article_checks import check

STUDENTS = ["学生", "学生干部", "班长", "团支书"]


def people(responsible="系主任", owner="教师", administrators=("教师",), **more):
    """One of each role, known to the directory, with these 职务."""
    named = [Named("responsible", "张主任", (responsible,), 1), Named("owner", "王群主", (owner,), 2)]
    named += [Named("administrator", f"赵{n}", (title,), 10 + n) for n, title in enumerate(administrators)]
    return check(people=tuple(named), **more)


def said(**changes):
    return [(f.field, f.article, f.severity.value) for f in people(**changes)]


def test_teachers_may_answer_for_a_group():
    assert said() == []


@pytest.mark.parametrize("title", STUDENTS)
def test_a_student_is_never_the_one_responsible(title):
    """E12: a student cannot be 第一责任人."""
    assert said(responsible=title) == [("responsible", "备案登记表", "refuse")]


@pytest.mark.parametrize("title", STUDENTS)
def test_a_student_may_own_a_group_beside_a_teacher(title):
    """F6: one administrator who is no student is enough, and without one the owner is refused."""
    assert said(owner=title) == []
    assert said(owner=title, administrators=("班长", "教师")) == []
    assert said(owner=title, administrators=("班长",)) == [("owner", "第七条", "refuse")]


def test_a_student_administrator_beside_a_teacher_who_owns_the_group_is_fine():
    """F6: only a student owner needs a teacher."""
    assert said(administrators=("班长",)) == []


def test_nobody_is_told_of_a_teacher_before_administrators_are_named():
    """E12: what is still empty is asked for, and no more."""
    assert said(owner="班长", administrators=()) == []


def test_what_the_directory_knows_of_a_student_counts_beside_what_is_typed():
    """E12: leaving 职务 out changes nothing."""
    (finding,) = check(people=(Named("responsible", "张三", ("负责人", "学生"), 1),))
    assert finding.severity is Severity.REFUSE


def test_another_college_calls_its_students_otherwise():
    """E12: the titles are the data file's."""
    other = parse_regulation(load_regulation(None).source.replace('"班长", "团支书"', '"学员"'))
    named = (Named("responsible", "张三", ("学员",), 1),)
    assert [f.field for f in check(other, people=named)] == ["responsible"]
    assert check(other, people=(Named("responsible", "张三", ("班长",), 1),)) == []


@pytest.mark.parametrize(
    ("owner", "administrator", "same"),
    [
        (Named("owner", "王伟", (), 1), Named("administrator", "王伟", (), 1), True),
        (Named("owner", "王伟", (), 1), Named("administrator", "王伟", (), 2), False),
        (Named("owner", "王伟", (), None), Named("administrator", "王伟", (), 2), True),
        (Named("owner", "王伟", (), 1), Named("administrator", "李静", (), 2), False),
    ],
)
def test_one_person_as_owner_and_administrator_is_a_hint(owner, administrator, same):
    """E11: allowed, with a hint; of two of one name nobody is taken for the other."""
    found = [f for f in check(people=(owner, administrator), composition="校外专家") if f.field == "administrator"]
    assert [(f.article, f.severity) for f in found] == ([("第七条", Severity.WARN)] if same else [])


@pytest.mark.parametrize(("groups", "pointed_out"), [(0, False), (9, False), (10, True), (200, True)])
def test_somebody_of_more_than_ten_groups_is_pointed_out_once(groups, pointed_out):
    """E11: flagged and not blocked, whatever roles they have here."""
    named = tuple(Named(role, "王伟", (), 1, groups) for role in ("responsible", "owner", "administrator"))
    found = [(f.field, f.article, f.severity) for f in check(people=named) if f.article == "第四条"]
    assert found == ([("owner", "第四条", Severity.WARN)] if pointed_out else [])


def test_the_head_who_is_responsible_for_all_groups_of_the_department_is_not_pointed_out():
    """E11: that is what the annex asks."""
    assert [f for f in check(people=(Named("responsible", "王伟", (), 1, 200),)) if f.article == "第四条"] == []


def test_people_from_outside_are_to_be_named_among_the_members():
    """E13: kept by their name; 成员组成 says of what unit they are."""
    outside = (Named("owner", "外聘专家", ()),)
    (finding,) = check(people=outside)
    assert (finding.field, finding.article, finding.severity) == ("composition", "第五条", Severity.WARN)
    assert "外聘专家" in finding.sentence
    assert check(people=outside, composition="全体教师和外聘专家（市医院）") == []
    assert check(people=outside, composition="全体教师和两位校外导师") == []
