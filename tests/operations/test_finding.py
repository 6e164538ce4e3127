"""Finding people by name, sound, department and account."""

import pytest
from flask import Flask
from sqlalchemy import update

from extensions import db
from models import Person, utc_now
from operations.finding import find_account, find_people, search_people, spell
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
