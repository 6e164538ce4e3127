"""参与单位 on the pages: chosen in the form, shown to whoever reads the filing, refused at their field."""

import re

import pytest
from flask import Flask

from extensions import db
from models import Department, Filing, utc_now
from models.database import unit_of_work
from tests.college import College
from tests.conftest import StatementCounter
from tests.pages.conftest import Browser, Made, SignIn
from tests.pages.reading import Page, read
from tests.pages.test_every_page import assert_well_made
from tests.pages.test_filing_form import COMPLETE, NEW

EDIT, CONFIRM, HERE = "/filings/1/edit", "/filings/1/confirm", "/filings/1"
LEADER, PARTNER, REGISTRAR = "zhangzhuren", "sunchuzhang", "zhougan"


@pytest.fixture
def browser(sign_in: SignIn) -> Browser:
    return sign_in("lilaoshi")


@pytest.fixture
def shared(college: College) -> list[str]:
    """学生处 and 校团委, as the form names them."""
    return [str(college.departments[key]) for key in ("5", "7")]


def fact(page: Page, label: str) -> str:
    """What the page says beside a label among the facts; "" where it says nothing of it."""
    found = re.search(rf"<dt>{label}</dt><dd>([^<]*)</dd>", page.html)
    return found[1] if found else ""


def fold(page: Page) -> str:
    """The opening tag of what the partners are folded into."""
    found = re.search(r"<details class=\"[^\"]*partners[^>]*>", page.html)
    assert found is not None
    return found[0]


def test_a_group_of_several_units_is_filed_by_one_and_every_page_names_the_others(
    browser: Browser, sign_in: SignIn, shared: list[str]
) -> None:
    """E31: chosen in the form without a script, and shown on each page up to the registered group's."""
    assert browser.send(browser.open(NEW), NEW, **COMPLETE, partner_ids=shared, action="send").location == CONFIRM
    assert browser.open(EDIT).form(EDIT).ticked["partner_ids"] == shared
    confirm = browser.open(CONFIRM)
    assert fact(confirm, "参与单位") == "学生处、校团委"
    assert "张主任" in confirm.text
    assert "孙处长" not in confirm.text
    assert browser.send(confirm, CONFIRM, promise="y").location == HERE
    for user_id, outcome in ((LEADER, "approved"), (REGISTRAR, "registered")):
        decider = sign_in(user_id)
        page = decider.open(HERE)
        assert fact(page, "参与单位") == "学生处、校团委"
        assert decider.send(page, f"{HERE}/decision", outcome=outcome).location == HERE
    assert fact(browser.open("/groups/1"), "参与单位") == "学生处、校团委"


def test_an_ordinary_groups_form_is_no_longer_and_its_pages_say_nothing_of_partners(
    browser: Browser, made: Made
) -> None:
    made.submitted()
    form = browser.open(NEW)
    assert " open" not in fold(form)
    assert "partner_ids" not in form.form(NEW).values
    assert fact(browser.open(HERE), "参与单位") == fact(browser.open("/groups/1"), "参与单位") == ""


def test_what_was_chosen_is_kept_when_the_form_is_refused_and_saved_as_a_draft(
    browser: Browser, shared: list[str]
) -> None:
    page = read(browser.send(browser.open(NEW), NEW, name="护理系甲群", partner_ids=shared, action="send"), 422)
    assert page.form(NEW).ticked["partner_ids"] == shared
    assert " open" in fold(page)
    assert_well_made(page)
    assert browser.send(page, NEW, action="save").location == HERE
    page = browser.open(EDIT)
    assert page.form(EDIT).ticked["partner_ids"] == shared
    assert browser.send(page, EDIT, partner_ids=shared[1:], action="save").location == HERE
    assert browser.open(EDIT).form(EDIT).ticked["partner_ids"] == shared[1:]
    assert browser.send(browser.open(EDIT), EDIT, partner_ids=None, action="save").location == HERE
    assert "partner_ids" not in browser.open(EDIT).form(EDIT).ticked


def test_a_copy_begins_with_the_partners_of_the_earlier_filing(
    browser: Browser, college: College, made: Made, shared: list[str]
) -> None:
    made.submitted(partner_ids=tuple(map(int, shared)))
    assert browser.open(f"{NEW}?from=1").form(NEW).ticked["partner_ids"] == shared


def test_the_leading_unit_is_refused_at_the_field_with_the_remedy(
    browser: Browser, college: College, shared: list[str]
) -> None:
    """E31: a sentence at the field, and nothing chosen is lost."""
    chosen = [*shared, str(college.departments["8"])]
    page = read(browser.send(browser.open(NEW), NEW, **COMPLETE, partner_ids=chosen, action="send"), 422)
    assert list(page.errors) == ["partner_ids"]
    for words in ("第四条", "备案部门是牵头单位", "请取消选择备案部门"):
        assert words in page.errors["partner_ids"]
    assert 'href="#partner_ids"' in page.html
    assert set(page.form(NEW).ticked["partner_ids"]) == set(chosen)
    assert " open" in fold(page)
    assert_well_made(page)


@pytest.mark.parametrize("chosen", ["404", "x", "1 OR 1", "²"])
@pytest.mark.parametrize("action", ["save", "send"])
def test_an_unknown_department_is_refused_at_the_field(browser: Browser, chosen: str, action: str) -> None:
    answer = browser.send(browser.open(NEW), NEW, **COMPLETE, partner_ids=[chosen], action=action)
    assert "参与单位请从列出的部门中选择" in read(answer, 422).errors["partner_ids"]


def test_a_department_that_is_gone_is_offered_no_more_and_refused_where_it_was_chosen(
    app: Flask, browser: Browser, college: College, made: Made, shared: list[str]
) -> None:
    """E31: one that was closed or merged since is refused before anything is sent."""
    made.draft(partner_ids=tuple(map(int, shared)))
    with app.app_context(), unit_of_work() as session:
        session.get_one(Department, college.departments["7"]).removed_at = utc_now()
    page = read(browser.client.get(CONFIRM), 422)
    assert "已撤销或已并入其他部门的不能选" in page.errors["partner_ids"]
    assert page.form(EDIT).ticked["partner_ids"] == shared[:1]
    assert browser.send(page, EDIT, action="send").location == CONFIRM
    assert fact(browser.open(CONFIRM), "参与单位") == "学生处"


def test_the_live_check_reads_whatever_is_sent(browser: Browser, college: College) -> None:
    leading = str(college.departments["8"])
    for chosen in (leading, "x"):
        said = {"kind": "establish", "department_id": leading, "tier": "department", "partner_ids": chosen}
        answer = browser.post("/filings/check", **said)
        assert answer.status_code == 200
        assert answer.get_json()["fields"]["partner_ids"]


def test_a_form_that_its_script_keeps_holds_its_partners_and_leaves_out_what_nobody_offered(
    browser: Browser, shared: list[str]
) -> None:
    for page, to, chosen, left in ((NEW, "/filings/keep", shared, []), (EDIT, f"{HERE}/keep", ["404"], ["参与单位"])):
        values = browser.open(page).form(page).values
        answer = browser.client.post(to, data={**values, "partner_ids": chosen})
        assert answer.get_json()["left"] == left
        assert browser.open(EDIT).form(EDIT).ticked["partner_ids"] == shared


@pytest.mark.parametrize("address", [HERE, EDIT, CONFIRM, "/groups/1"])
def test_a_page_sends_as_many_statements_for_a_group_with_partners_as_for_one_without(
    app: Flask, browser: Browser, made: Made, shared: list[str], counted: StatementCounter, address: str
) -> None:
    made.draft(partner_ids=())
    counts = []
    for chosen in ((), tuple(map(int, shared))):
        with app.app_context(), unit_of_work() as session:
            group = session.get_one(Filing, 1).group
            group.partners[:] = [session.get_one(Department, partner_id) for partner_id in chosen]
        counted.statements.clear()
        assert ("学生处、校团委" in browser.open(address).text) is bool(chosen and address != EDIT)
        counts.append(len(counted))
    assert counts[0] == counts[1]


def test_the_head_of_a_partner_opens_filing_and_group_once_it_is_registered_without_mobiles_or_files(
    app: Flask, college: College, sign_in: SignIn, made: Made, shared: list[str]
) -> None:
    """E31: what the notice links to opens, and shows no mobile."""
    filing_id = made.approved(partner_ids=(int(shared[0]),))
    here, partner = f"/filings/{filing_id}", sign_in(PARTNER)
    for address in (here, "/groups/1", f"{here}/evidence"):
        assert partner.client.get(address).status_code == 403
    sign_in(REGISTRAR).post(f"{here}/decision", outcome="registered")
    for address in (here, "/groups/1"):
        page = partner.open(address)
        assert "199****0002" in page.text
        assert not re.search(r"1990000\d{4}", page.html)
        assert_well_made(page)
    assert partner.client.get(f"{here}/evidence").status_code == 403
    assert partner.post(f"{here}/nudge").status_code == 403
    assert sign_in("jiwai").client.get(here).status_code == 403
    with app.app_context():
        assert db.session.get_one(Filing, filing_id).state.value == "registered"
