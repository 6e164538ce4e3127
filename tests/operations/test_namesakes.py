"""Whom a name on a form means, and how people of one name are told apart."""

import pytest
from flask import Flask

from extensions import db
from models import Department, Membership, Person, PlatformIdentity, utc_now
from operations.errors import RefusedField
from operations.namesakes import the_person, unclear, whom_they_mean
from tests.college import College
from tests.conftest import StatementCounter

NURSING = "8"


@pytest.fixture(autouse=True)
def _context(context: Flask) -> None:
    """Every test here calls operations directly."""


@pytest.fixture
def add(college: College) -> "Add":
    return Add(college)


class Add:
    """Adds people to the college; each call answers the new person's id."""

    def __init__(self, college: College) -> None:
        self._college = college

    def __call__(self, name: str, key: str = NURSING, title: str = "", account: str = "", also: str = "") -> int:
        unit = self._college.departments[key]
        person = Person(name=name, job_title=title, department_id=unit)
        person.memberships = [Membership(department_id=self._college.departments[k]) for k in (key, also) if k]
        if account:
            person.identities = [PlatformIdentity(platform="wecom", user_id=account, user_key=account.lower())]
        db.session.add(person)
        db.session.commit()
        return person.id


def meant(text: str, person_id: int | None = None) -> int:
    return the_person("person", text, person_id).id


def refused(text: str, person_id: int | None = None) -> str:
    with pytest.raises(RefusedField) as why:
        the_person("person", text, person_id)
    assert why.value.field == "person"
    return why.value.sentence


def test_the_only_one_of_the_name_is_meant(college: College) -> None:
    assert meant(" 纪外人 ") == college.people["jiwai"]


def test_of_two_in_different_departments_the_one_picked_or_of_the_department_is_meant(
    college: College, add: Add
) -> None:
    """E14: two of one name."""
    other = add("纪外人")
    assert meant("纪外人", other) == other
    assert meant("纪外人（学生处）") == meant("纪外人 ( 学生处 ) ") == college.people["jiwai"]
    assert "纪外人（学生处）、纪外人（护理系）" in refused("纪外人")


def test_the_one_named_is_meant_where_the_pick_was_another(college: College, add: Add) -> None:
    assert meant("纪外人", college.people["lilaoshi"]) == college.people["jiwai"]
    other = add("纪外人")
    assert meant("纪外人（学生处）", other) == college.people["jiwai"]


def test_nobody_is_asked_for_again(college: College) -> None:
    for text in ("", "无名氏", "纪外人（护理系）", "纪外人（）", "（学生处）", "）", "（（（纪外人）", "()" * 100):
        assert refused(text)
    db.session.get_one(Person, college.people["jiwai"]).left_at = utc_now()
    db.session.commit()
    assert refused("纪外人", college.people["jiwai"])


def test_any_department_of_theirs_tells_somebody_apart(college: College, add: Add) -> None:
    add("李老师", "5")
    both = add("李老师", "7", also="3")
    assert meant("李老师（宣传统战部）") == meant("李老师（校团委）") == both


class TestANameWithBrackets:
    """王伟（外聘） is a name, though it reads like 王伟 of a department 外聘."""

    @pytest.fixture(autouse=True)
    def _one_more(self, add: Add) -> None:
        self.bracketed = add("王伟（外聘）")

    def test_is_typed_as_it_is_in_either_width_of_brackets(self) -> None:
        assert meant("王伟（外聘）") == meant("王伟(外聘)") == self.bracketed

    def test_is_typed_in_wide_brackets_where_the_directory_has_narrow_ones(self, add: Add) -> None:
        narrow = add("王芳(退休返聘)")
        assert meant("王芳（退休返聘）") == meant("王芳（退休返聘）（护理系）") == narrow

    def test_is_honoured_when_picked(self, add: Add) -> None:
        other = add("王伟（外聘）", "5")
        assert meant("王伟（外聘）", other) == other
        assert meant("王伟（外聘）", self.bracketed) == self.bracketed

    def test_has_its_department_in_brackets_behind_it(self, add: Add) -> None:
        add("王伟（外聘）", "5")
        assert "王伟（外聘）（护理系）" in refused("王伟（外聘）")
        assert meant("王伟（外聘）（护理系）") == self.bracketed

    def test_comes_before_the_name_with_a_department(self, college: College, add: Add) -> None:
        unit = db.session.get_one(Department, college.departments["5"])
        unit.name = "外聘"
        db.session.commit()
        plain = add("王伟", "5")
        assert meant("王伟（外聘）") == self.bracketed
        assert meant("王伟") == plain

    def test_may_be_the_departments(self, college: College, add: Add) -> None:
        db.session.get_one(Department, college.departments["5"]).name = "学生处（武装部）"
        db.session.commit()
        add("纪外人")
        assert meant("纪外人（学生处（武装部））") == college.people["jiwai"]


def test_a_name_is_the_same_without_what_a_form_takes_out_of_it(add: Add) -> None:
    """Of an emoji that is joined of several, a form drops the joiners that nobody sees."""
    drawn = add("李\N{WOMAN}\N{ZERO WIDTH JOINER}\N{PERSONAL COMPUTER}")
    assert meant("李\N{WOMAN}\N{PERSONAL COMPUTER}", drawn) == drawn


class TestTwoInOneDepartment:
    def test_are_told_apart_by_their_title(self, college: College, add: Add) -> None:
        other = add("李老师", title="教授")
        assert "李老师（护理系，辅导员）、李老师（护理系，教授）" in refused("李老师（护理系）")
        for text in ("李老师（护理系，教授）", "李老师(护理系 教授)", "李老师（护理系、教授）", "李老师（教授）"):
            assert meant(text) == other
        assert meant("李老师（护理系，辅导员）") == college.people["lilaoshi"]

    def test_of_one_title_are_told_apart_by_their_account(self, college: College, add: Add) -> None:
        other = add("李老师", title="辅导员", account="LiLaoshi2")
        for text in ("李老师", "李老师（护理系）", "李老师（护理系，辅导员）"):
            assert "李老师（lilaoshi）、李老师（LiLaoshi2）" in refused(text)
        assert meant("李老师（lilaoshi2）") == meant("李老师（LiLaoshi2）") == other
        assert meant("李老师（lilaoshi）") == college.people["lilaoshi"]

    def test_are_told_apart_as_far_as_it_goes_where_nothing_is_known_of_one(self, add: Add) -> None:
        other = add("李老师", title="辅导员")
        assert "李老师（lilaoshi）、李老师（辅导员）" in refused("李老师")
        assert meant("李老师", other) == other

    def test_an_account_that_is_a_mobile_is_understood_and_not_told(self, add: Add) -> None:
        other = add("李老师", title="辅导员", account="19900000021")
        assert "19900000021" not in refused("李老师")
        assert meant("李老师（19900000021）") == other

    def test_what_every_sentence_says_leads_to_one_person_each(self, add: Add) -> None:
        for title, key, account in (("教师", "8", "a"), ("教师", "8", "b"), ("教师", "5", "c"), ("科员", "5", "d")):
            add("张三", key, title, account)
        listed = refused("张三").partition("：")[2].rstrip("。").split("、")
        assert len({meant(text) for text in listed}) == len(listed) == 4


def test_many_of_one_name_are_counted_and_twenty_are_listed(add: Add) -> None:
    for number in range(25):
        add("李同名", account=f"same{number}")
    sentence = refused("李同名")
    assert "有25位同名" in sentence
    assert sentence.count("李同名（") == 20


def test_of_several_the_only_one_of_the_department_near_is_meant(college: College, add: Add) -> None:
    other = add("纪外人")
    said = [("纪外人", None), ("外聘专家", None), ("", None)]
    assert [[p.id for p in people] for people in whom_they_mean(said, near=college.departments[NURSING])] == [
        *([other], [], []),
    ]
    assert unclear(said, near=college.departments[NURSING]) == ["", "", ""]
    assert "有2位同名" in unclear(said, near=None)[0]


def test_several_names_cost_as_many_queries_as_one(college: College, counted: StatementCounter) -> None:
    counts = []
    for said in (["李老师"], ["李老师", "王群主（护理系）", "外聘专家", "纪外人"]):
        db.session.rollback()
        counted.statements.clear()
        whom_they_mean([(name, None) for name in said])
        counts.append(len(counted))
    assert counts[0] == counts[1]
