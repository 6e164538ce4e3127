"""Whom a form's contact means: the person picked as long as the name is theirs, else the only one of the name."""

from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy import select

from extensions import db
from models import Contact, ContactRole, Person, utc_now
from operations.drafts import ContactFacts, fingerprint, save_draft
from operations.errors import RefusedByRules
from operations.filings import submit
from operations.reading import get_filing
from tests.college import College
from tests.conftest import StatementCounter


@pytest.fixture(autouse=True)
def _context(context: Flask) -> None:
    """Every test here calls operations directly."""


def namesake(college: College, name: str = "王群主", key: str = "5") -> int:
    """One more person of the name, in another department."""
    person = Person(name=name, department_id=college.departments[key])
    db.session.add(person)
    db.session.commit()
    return person.id


def owner(name: str, person_id: int | None = None) -> tuple[ContactFacts, ...]:
    return (ContactFacts(ContactRole.OWNER, 1, name, person_id=person_id),)


def meant(filing_id: int) -> int | None:
    db.session.expire_all()
    return db.session.scalars(select(Contact.person_id).where(Contact.group_id == get_filing(filing_id).group_id)).one()


def test_whom_the_form_picked_is_meant_even_among_namesakes(college: College) -> None:
    other = namesake(college)
    assert meant(college.draft(contacts=owner("王群主", other))) == other
    # Without a choice, the one of the filing's own department.
    assert meant(college.draft(contacts=owner("王群主"))) == college.people["wangqunzhu"]


def test_namesakes_in_other_departments_are_told_apart_by_the_choice_alone(college: College) -> None:
    first, second = namesake(college, "李静", "5"), namesake(college, "李静", "7")
    assert meant(college.draft(contacts=owner("李静"))) is None
    assert meant(college.draft(contacts=owner("李静", first))) == first
    assert meant(college.draft(contacts=owner("李静", second))) == second


@pytest.mark.parametrize("user_id", ["zhaoguanli", "lilaoshi"])
def test_an_id_of_somebody_with_another_name_is_not_believed(user_id: str, college: College) -> None:
    draft = college.draft(contacts=owner("王群主", college.people[user_id]))
    assert meant(draft) == college.people["wangqunzhu"]
    assert meant(college.draft(contacts=owner("外聘专家", college.people[user_id]))) is None


def test_an_id_of_nobody_or_of_somebody_who_left_is_not_believed(college: College) -> None:
    gone = namesake(college)
    db.session.get_one(Person, gone).left_at = utc_now()
    db.session.commit()
    for person_id in (gone, 999_999_999):
        assert meant(college.draft(contacts=owner("王群主", person_id))) == college.people["wangqunzhu"]


def test_what_stands_in_brackets_behind_a_name_says_who_is_meant_and_is_not_kept(college: College) -> None:
    other = namesake(college)
    draft = college.draft(contacts=owner("王群主（学生处）"))
    assert meant(draft) == other
    assert [contact.name for contact in get_filing(draft).group.contacts] == ["王群主"]
    assert meant(college.draft(contacts=owner("王群主（学生处）", college.people["wangqunzhu"]))) == other


def test_a_name_with_brackets_is_a_name(college: College) -> None:
    bracketed = namesake(college, "王伟（外聘）")
    for said in (owner("王伟（外聘）"), owner("王伟(外聘)"), owner("王伟（外聘）", bracketed)):
        draft = college.draft(contacts=said)
        assert meant(draft) == bracketed
        assert [contact.name for contact in get_filing(draft).group.contacts] == ["王伟（外聘）"]


def test_a_draft_that_leaves_open_who_is_meant_is_not_sent(college: College) -> None:
    namesake(college, "李静", "5"), namesake(college, "李静", "7")
    people = college.facts().contacts
    draft = college.draft(contacts=(*people[:2], replace(people[2], name="李静")))
    with pytest.raises(RefusedByRules) as refused:
        submit(college.actor("lilaoshi"), draft)
    assert [(f.field, f.sentence) for f in refused.value.findings] == [
        ("administrator", "有2位同名，请从列表中选择，或照写其中一位：李静（学生处）、李静（校团委）。")
    ]


def test_another_person_of_the_same_name_is_another_form(college: College) -> None:
    other = namesake(college)
    draft = college.draft(contacts=owner("王群主"))
    before = fingerprint(get_filing(draft))
    facts = college.facts(contacts=owner("王群主", other))
    save_draft(college.actor("lilaoshi"), facts, form_key="0" * 32, filing_id=draft)
    assert fingerprint(get_filing(draft)) != before


def units(filing_id: int) -> list[str]:
    db.session.expire_all()
    return [contact.unit for contact in get_filing(filing_id).group.contacts]


def test_a_contact_is_shown_with_the_unit_only_where_people_here_share_the_name(college: College) -> None:
    draft = college.draft(contacts=owner("王群主"))
    assert units(draft) == [""]
    other = namesake(college)
    assert units(draft) == ["护理系"]
    assert units(college.draft(contacts=owner("王群主", other))) == ["学生处"]
    db.session.get_one(Person, other).left_at = utc_now()
    db.session.commit()
    assert units(draft) == [""]


def test_a_name_that_could_be_several_people_is_said_to_be(college: College) -> None:
    namesake(college, "李静", "5"), namesake(college, "李静", "7")
    assert units(college.draft(contacts=owner("李静"))) == ["有同名，未指明是哪一位"]
    assert units(college.draft(contacts=owner("外聘专家"))) == [""]


def test_the_units_cost_no_query_a_contact(college: College, counted: StatementCounter) -> None:
    counts = []
    for number in (1, 3):
        contacts = tuple(
            ContactFacts(ContactRole.ADMINISTRATOR, n + 1, "王群主", "教师", "19900000002") for n in range(number)
        )
        draft = college.draft(contacts=contacts)
        db.session.rollback()
        counted.statements.clear()
        assert len([contact.unit for contact in get_filing(draft).group.contacts]) == number
        counts.append(len(counted))
    assert counts[0] == counts[1]
