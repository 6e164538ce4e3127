"""Finding people by name, sound and department, and the one who is meant."""

import pytest
from flask import Flask

from extensions import db
from models import Department, Person, utc_now
from operations.errors import RefusedField
from operations.finding import find_account, search_people, spell, the_person
from tests.college import College


@pytest.fixture(autouse=True)
def _context(context: Flask) -> None:
    """Every test here calls operations directly."""


def names(text: str) -> list[str]:
    return [person.name for person in search_people(text)]


def add(name: str, department_key: str, college: College) -> Person:
    sounds, initials = spell(name)
    person = Person(name=name, pinyin=sounds, initials=initials, department_id=college.departments[department_key])
    db.session.add(person)
    db.session.commit()
    return person


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
        ("%", []),
        ("没有这个人", []),
    ],
)
def test_people_are_found_by_name_sound_and_department(text: str, found: list[str], college: College) -> None:
    assert names(text) == found


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
    with pytest.raises(RefusedField):
        the_person("person", "纪外人")


def test_an_account_is_found_in_any_letter_case(college: College) -> None:
    person = find_account("wecom", "JiWai")
    assert person is not None
    assert person.id == college.people["jiwai"]


class TestThePersonWhoIsMeant:
    def test_is_the_only_one_of_the_name(self, college: College) -> None:
        assert the_person("person", " 纪外人 ").id == college.people["jiwai"]

    def test_of_two_with_one_name_is_the_one_picked_or_the_one_of_the_department(self, college: College) -> None:
        other = add("纪外人", "8", college)
        assert the_person("person", "纪外人", other.id).id == other.id
        assert the_person("person", "纪外人（学生处）").id == college.people["jiwai"]
        with pytest.raises(RefusedField) as refused:
            the_person("person", "纪外人")
        assert "纪外人（学生处）" in refused.value.sentence
        assert "纪外人（护理系）" in refused.value.sentence

    def test_is_the_one_named_where_the_pick_was_another(self, college: College) -> None:
        assert the_person("person", "纪外人", college.people["lilaoshi"]).id == college.people["jiwai"]

    def test_is_asked_for_again_where_nobody_is(self, college: College) -> None:
        for text in ("", "无名氏", "纪外人（护理系）"):
            with pytest.raises(RefusedField) as refused:
                the_person("person", text)
            assert refused.value.field == "person"

    def test_is_told_from_another_by_any_department_of_theirs(self, college: College) -> None:
        assert db.session.get_one(Department, college.departments["8"]).name == "护理系"
        assert the_person("person", "李老师（护理系）").id == college.people["lilaoshi"]
