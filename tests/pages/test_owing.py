"""补报群号, 填写新群名 and 不再建群 on the pages: what a registered group still owes, and whose task it is."""

from datetime import date, timedelta

import pytest
from flask import Flask

from extensions import db
from models import Group
from operations.clock import college_today
from tests.pages.conftest import Made, SignIn, one_database
from tests.pages.reading import read

pytestmark = one_database

TODAY = college_today()


@pytest.fixture
def group_id(sign_in: SignIn, made: Made) -> int:
    """A registered QQ group that has no number yet."""
    filing_id = made.approved(number="")
    sign_in("zhougan").post(f"/filings/{filing_id}/decision", outcome="registered")
    return 1


def owes(app: Flask, group_id: int, **days: date | None) -> None:
    with app.app_context():
        group = db.session.get_one(Group, group_id)
        for name, day in days.items():
            setattr(group, name, day)
        db.session.commit()


def test_the_number_is_given_on_its_page_and_the_badge_goes(sign_in: SignIn, group_id: int) -> None:
    """F5, E19: 待建群 until the number is added."""
    browser = sign_in("wangqunzhu")
    for address in ("/", "/groups/1", "/filings/1"):
        assert "待建群" in browser.open(address).text
    for address in ("/", "/groups/1"):
        assert "运行中" not in browser.open(address).text
    page = browser.open("/groups/1/number")
    assert page.form("/groups/1/number").values["opened_on"] == TODAY.isoformat()
    assert browser.send(page, "/groups/1/number", number="QQ群 612345682").location == "/groups/1"
    for address in ("/", "/groups/1", "/filings/1"):
        assert "待建群" not in browser.open(address).text
    for address in ("/", "/groups/1"):
        assert "运行中" in browser.open(address).text
    assert "补报群号" in sign_in("zhougan").open("/filings/1").text


def test_a_refused_number_keeps_what_was_typed_and_says_why_at_its_field(sign_in: SignIn, group_id: int) -> None:
    browser = sign_in("wangqunzhu")
    answer = browser.send(browser.open("/groups/1/number"), "/groups/1/number", number="12")
    assert answer.status_code == 422
    assert 'value="12"' in answer.text
    assert "5至11位数字" in answer.text


def test_past_its_day_the_pages_ask_whether_the_group_is_needed(app: Flask, sign_in: SignIn, group_id: int) -> None:
    """E19: not created in time, and asked whether it is still needed; 不再建群 asks once more."""
    owes(app, group_id, number_due_on=TODAY - timedelta(days=1))
    browser = sign_in("lilaoshi")
    for address in ("/groups/1", "/filings/1", "/groups/1/number"):
        page = browser.open(address)
        assert "还需要这个群吗？" in page.text
        assert "/groups/1/giving-up" in page.links
    page = browser.open("/groups/1/giving-up")
    assert "不再使用" in page.text
    assert browser.send(page, "/groups/1/giving-up").location == "/groups/1"
    page = browser.open("/groups/1")
    assert page.states[0] == "dissolved"
    assert "还需要这个群吗" not in page.text


def test_a_name_is_changed_on_its_page(app: Flask, sign_in: SignIn, group_id: int) -> None:
    """E25: 须改名 with its day, until the new name is given."""
    owes(app, group_id, rename_due_on=TODAY)
    browser = sign_in("wangqunzhu")
    for address in ("/", "/groups/1", "/filings/1"):
        assert "须改名" in browser.open(address).text
    assert "须改名" in sign_in("zhougan").open("/registry").text
    page = browser.open("/groups/1/name")
    answer = browser.send(page, "/groups/1/name", name="教师群")
    assert answer.status_code == 422
    assert "建议改为「护理系教师群」" in answer.text
    assert browser.send(page, "/groups/1/name", name="护理系教师群").location == "/groups/1"
    page = browser.open("/groups/1")
    assert page.headings == ["护理系教师群"]
    assert "须改名" not in page.text


def test_the_proposed_name_stands_in_the_field_until_another_is_typed(
    app: Flask, sign_in: SignIn, made: Made, group_id: int
) -> None:
    """E25: taken over as it is, or typed anew; what was refused is kept."""
    owes(app, group_id, rename_due_on=TODAY)
    with app.app_context():
        db.session.get_one(Group, group_id).call("教师群")
        db.session.commit()
    browser = sign_in("wangqunzhu")
    page = browser.open("/groups/1/name")
    assert page.form("/groups/1/name").values["name"] == "护理系教师群"
    assert "已填入的是建议的名称" in page.text
    assert 'target="_blank"' in page.html
    for typed in ("快乐大家庭", ""):
        answer = read(browser.send(page, "/groups/1/name", name=typed), 422)
        assert answer.form("/groups/1/name").values["name"] == typed
        assert answer.errors["name"]
        assert "已填入的是建议的名称" not in answer.text
    assert browser.send(page, "/groups/1/name").location == "/groups/1"
    assert browser.open("/groups/1").headings == ["护理系教师群"]


@pytest.mark.parametrize("to", ["number", "name", "giving-up"])
def test_a_group_that_owes_nothing_leads_back_to_its_page(to: str, sign_in: SignIn, made: Made) -> None:
    made.submitted()
    browser = sign_in("wangqunzhu")
    assert browser.client.get(f"/groups/1/{to}").location == "/groups/1"
    assert browser.post(f"/groups/1/{to}").location == "/groups/1"
    assert sign_in("jiwai").client.get(f"/groups/1/{to}").status_code == 403
