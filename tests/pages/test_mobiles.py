"""Mobiles: masked but to those whose task needs them, and whoever is shown one in full leaves a trace."""

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select

from extensions import db
from models import AuditEntry, ContactRole, Person
from models.database import unit_of_work
from operations.drafts import ContactFacts
from tests.college import College
from tests.pages.conftest import Made, SignIn, one_database

pytestmark = one_database
FULL, MASKED = "19900000002", "199****0002"


@pytest.fixture
def looks(app: Flask) -> Callable[[], list[str]]:
    """Who has been noted as having seen mobiles, in order."""

    def noted() -> list[str]:
        with app.app_context():
            query = select(AuditEntry.actor_name).where(AuditEntry.action == "contacts.view").order_by(AuditEntry.id)
            return list(db.session.scalars(query))

    return noted


@pytest.mark.parametrize(
    ("user_id", "name"), [("zhangzhuren", "张主任"), ("zhougan", "周干事"), ("wuguanli", "吴系统")]
)
@pytest.mark.parametrize("page", ["/filings/1", "/groups/1"])
def test_whoever_needs_them_sees_them_in_full_and_is_noted(
    sign_in: SignIn, made: Made, looks: Callable[[], list[str]], user_id: str, name: str, page: str
) -> None:
    made.submitted()
    assert FULL in sign_in(user_id).client.get(page).text
    assert looks() == [name]


@pytest.mark.parametrize("user_id", ["wangqunzhu", "zhangzhuren"])
def test_others_see_them_masked_and_nothing_is_noted(
    sign_in: SignIn, made: Made, looks: Callable[[], list[str]], user_id: str
) -> None:
    made.approved()
    page = sign_in(user_id).client.get("/filings/1").text
    assert MASKED in page
    assert FULL not in page
    assert looks() == []


@pytest.mark.parametrize(
    ("office_phone", "shown"),
    [
        *(("19900000008", "199****0008"), ("199-0000 0008", "199****0008"), ("+8619900000008", "199****0008")),
        ("028-00000001 19900000008", "028-00000001 199****0008"),
        *(("028-13900000", "028-13900000"), ("02813900000转8001", "02813900000转8001")),
    ],
)
def test_a_mobile_given_as_an_office_phone_is_masked_alike(
    office_phone: str, shown: str, sign_in: SignIn, made: Made, college: College
) -> None:
    owner = ContactFacts(ContactRole.OWNER, 1, "王群主", "教师", "19900000002", office_phone)
    made.submitted(contacts=(*college.facts().contacts[::2], owner))
    for page in ("/filings/1", "/groups/1"):
        assert f"<dd>{shown}</dd>" in sign_in("wangqunzhu").client.get(page).text
        assert f"<dd>{office_phone}</dd>" in sign_in("zhangzhuren").client.get(page).text


def test_a_mobile_in_the_directory_as_an_office_phone_is_given_to_its_owner_alone(
    sign_in: SignIn, college: College, app: Flask
) -> None:
    with app.app_context(), unit_of_work() as session:
        session.get_one(Person, college.people["zhangzhuren"]).office_phone = "19900000008"
    assert "19900000008" not in sign_in("lilaoshi").client.get("/filings/new").text
    form = sign_in("zhangzhuren").open("/filings/new").form("/filings/new")
    assert form.values["owner-office_phone"] == "19900000008"


def test_applicants_see_what_they_typed_without_a_note(
    sign_in: SignIn, made: Made, looks: Callable[[], list[str]]
) -> None:
    made.submitted()
    assert FULL in sign_in("lilaoshi").client.get("/filings/1").text
    assert looks() == []
