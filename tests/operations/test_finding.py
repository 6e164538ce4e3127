"""Finding people by name, sound, department and account."""

import pytest
from flask import Flask
from sqlalchemy import update

from extensions import db
from models import Department, Membership, Person, PlatformIdentity, utc_now
from operations.errors import RefusedField
from operations.finding import find_account, find_people, search_people, spell
from operations.namesakes import the_person
from tests.college import College
from tests.conftest import StatementCounter


@pytest.fixture(autouse=True)
def _context(context: Flask) -> None:
    """Every test here calls operations directly."""


def names(text: str) -> list[str]:
    return [person.name for person in search_people(text)]


def add(name: str, department_key: str, college: College, title: str = "", account: str = "") -> Person:
    sounds, initials = spell(name)
    unit = college.departments[department_key]
    person = Person(name=name, pinyin=sounds, initials=initials, department_id=unit, job_title=title)
    person.memberships = [Membership(department_id=unit)]
    if account:
        person.identities = [PlatformIdentity(platform="wecom", user_id=account, user_key=account.lower())]
    db.session.add(person)
    db.session.commit()
    return person


@pytest.mark.every_case
@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("主任", ["张主任"]),
        ("zhangzhu", ["张主任"]),
        ("Zhang Zhu", ["张主任"]),
        ("zzr", ["张主任"]),
        ("学生处", ["孙处长", "纪外人"]),
        ("", []),
        ("  ", []),
        ("纪外人（学生处）", ["纪外人"]),
        ("纪外人 学生处", ["纪外人"]),
        ("jwr (学生)", ["纪外人"]),
        ("纪外人（护理系）", []),
        ("处长 护理系", []),
        ("%", []),
        ("没有这个人", []),
    ],
)
def test_people_are_found_by_name_sound_and_department(text: str, found: list[str], college: College) -> None:
    assert names(text) == found


class TestWhatTheFormsAskToWrite:
    """Each of several people of one name is found by what the refusal says of them, and nobody else is."""

    def found(self, *texts: str) -> list[list[int]]:
        return [[person.id for person in search_people(text)] for text in texts]

    def asked_for(self, name: str) -> list[str]:
        with pytest.raises(RefusedField) as why:
            the_person("person", name)
        return why.value.sentence.partition("：")[2].rstrip("。").split("、")

    def test_is_a_department_a_title_both_or_an_account(self, college: College) -> None:
        people = [
            add("李静", key, college, title, account).id
            for key, title, account in (
                *(("8", "教师", "lj1"), ("8", "教师", "LJ2"), ("8", "教授", "lj3")),
                *(("5", "教师", "lj4"), ("5", "副教授，博导", "lj5"), ("7", "科员", "lj6")),
            )
        ]
        assert self.found(*self.asked_for("李静")) == [[person] for person in people]
        assert self.found("李静（护理系，教师）", "李静(护理系 教师)", "李静 护理系,教师") == [people[:2]] * 3
        assert self.found("李静（科员）", "李静 lj6", "lijing（ＬＪ6）", "李静（lj）") == [*([people[5]],) * 3, []]

    @pytest.mark.parametrize("name", ["王伟（外聘）", "王伟(外聘)"])
    def test_may_stand_behind_a_name_with_brackets(self, name: str, college: College) -> None:
        here, there = add(name, "5", college).id, add(name, "8", college).id
        assert self.found("王伟（外聘）", "王伟(外聘)", "王伟") == [[here, there]] * 3
        assert self.found(*self.asked_for(name)) == [[here], [there]]
        assert self.found("王伟（外聘）（学生处）", "王伟(外聘)(学生处)", "王伟（外聘） 学生处") == [[here]] * 3

    def test_may_be_a_department_with_brackets(self, college: College) -> None:
        db.session.get_one(Department, college.departments["5"]).name = "学生处（武装部）"
        here = add("李静", "5", college).id
        add("李静", "8", college)
        assert self.found("李静（学生处（武装部））", "李静(学生处(武装部))", "李静（武装部）") == [[here]] * 3

    def test_costs_one_query_however_many_brackets_it_has(self, college: College, counted: StatementCounter) -> None:
        for text in ("李静（护理系，教师）", "(" * 256, "李" + "（）" * 127, "李（" + "，静" * 120 + "）"):
            db.session.rollback()
            counted.statements.clear()
            search_people(text)
            assert len(counted) == 1


def test_many_are_counted_and_read_on_from_the_last_one_shown(college: College) -> None:
    for number in range(23):
        add("李同名" if number % 2 else "李静", "8", college)
    db.session.execute(update(Person).where(Person.name == "李静").values(left_at=utc_now()))
    assert (find_people("李同名").count, find_people("李静").count) == (11, 0)
    first = find_people("护理系", gone=True)
    assert (len(first.people), first.count) == (20, 28)
    second = find_people("护理系", gone=True, after=first.next_key)
    assert (len(second.people), second.count, second.next_key) == (8, 28, None)
    assert not {person.id for person in first.people} & {person.id for person in second.people}
    assert find_people(" ").count == 0


def test_a_surname_with_two_readings_is_found_by_both(college: College) -> None:
    add("单雄", "8", college)
    assert names("shanxiong") == names("danxiong") == names("sx") == names("dx") == ["单雄"]


def test_a_name_of_many_readings_stays_within_its_column() -> None:
    for name in ("重" * 64, "😀·" * 32, "Łukasz 買買提"):
        sounds, initials = spell(name)
        assert len(sounds) <= 255
        assert len(initials) <= 64


def test_whoever_left_is_not_found(college: College) -> None:
    db.session.get_one(Person, college.people["jiwai"]).left_at = utc_now()
    db.session.commit()
    assert names("纪外人") == []
    assert find_account("wecom", "jiwai") is None


def test_an_account_is_found_in_any_letter_case(college: College) -> None:
    person = find_account("wecom", "JiWai")
    assert person is not None
    assert person.id == college.people["jiwai"]
