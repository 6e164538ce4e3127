"""征求意见 on the pages: asking, being asked, answering, and what each list says meanwhile."""

import pytest
from flask import Flask

from models import Outcome
from operations.decisions import decide
from operations.filings import withdraw
from tests.college import College
from tests.conftest import StatementCounter
from tests.pages.conftest import Browser, Made, SignIn, one_database
from tests.pages.reading import read

pytestmark = one_database

APPLICANT, HEAD, REGISTRAR, ADVISER = "lilaoshi", "zhangzhuren", "zhougan", "jiwai"
QUESTION = "这个群有必要吗？"


def ask(browser: Browser, here: str, person: str = "纪外人") -> None:
    page = browser.open(f"{here}/opinions")
    assert browser.send(page, f"{here}/opinions", person=person, question=QUESTION).location == here


def counted_tasks(browser: Browser) -> bool:
    """Whether the navigation counts anything."""
    return '<span class="count">' in browser.open("/").html


def test_an_opinion_is_asked_found_answered_and_read(sign_in: SignIn, made: Made) -> None:
    """F17: the way through the pages, without scripts."""
    here = f"/filings/{made.submitted()}"
    head, adviser = sign_in(HEAD), sign_in(ADVISER)
    assert adviser.client.get(here).status_code == 403
    assert f"{here}/opinions" in head.open(here).links
    ask(head, here)
    assert "已向纪外人征求意见" in head.open(here).text
    assert "张主任 → 纪外人" in head.open(here).text
    assert "待答复" in head.open(here).text
    for address in ("/", "/approvals"):
        assert f"{here}#opinion" in adviser.open(address).links
    assert "等我办理 1 项" in adviser.open("/").text
    page = adviser.open(here)
    assert QUESTION in page.text
    assert "19900000002" not in page.html
    address = next(form.action for form in page.forms if form.action.endswith("/answer"))
    page = read(adviser.send(page, address, answer=" "), 422)
    assert "请写明意见" in page.errors["answer"]
    page = read(adviser.send(page, address, answer="长" * 1001), 422)
    assert page.form(address).values["answer"] == "长" * 1001
    assert adviser.send(page, address, answer="有必要").location == here
    text = head.open(here).text
    assert "有必要" in text
    assert "已答复" in text
    assert not counted_tasks(adviser)
    assert adviser.client.get(here).status_code == 200
    assert f"{here}#opinion" not in adviser.open("/approvals").links


def test_what_is_missing_is_said_at_its_field_and_nothing_typed_is_lost(sign_in: SignIn, made: Made) -> None:
    """F17: an unknown name, no question, and who cannot be asked."""
    here = f"/filings/{made.submitted()}"
    head = sign_in(HEAD)
    page = read(head.send(head.open(f"{here}/opinions"), f"{here}/opinions", person="查无此人", question=""), 422)
    assert "查无此人" in page.errors["person"]
    assert "请写明征求意见的问题" in page.errors["question"]
    page = read(head.send(page, f"{here}/opinions", person="李老师", question=QUESTION), 422)
    assert "申请人" in page.errors["person"]
    assert page.form(f"{here}/opinions").values["question"] == QUESTION


def test_a_name_that_is_too_long_is_told_its_limit_alone(sign_in: SignIn, made: Made) -> None:
    """E53: what is wrong first is said first, and not the whole of the name again."""
    address = f"/filings/{made.submitted()}/opinions"
    head = sign_in(HEAD)
    page = read(head.send(head.open(address), address, person="长" * 300, question=QUESTION), 422)
    assert page.errors == {"person": "姓名最多256个字，请删去44个字。"}
    assert page.form(address).values["person"] == "长" * 300


@pytest.mark.parametrize("user_id", [APPLICANT, "wangqunzhu", "wuguanli", ADVISER])
def test_only_whoever_approves_opens_the_page(user_id: str, sign_in: SignIn, made: Made) -> None:
    """F17: to everybody else it is closed, and the registrar is told that it is not their turn."""
    here = f"/filings/{made.submitted()}"
    browser = sign_in(user_id)
    assert browser.client.get(f"{here}/opinions").status_code == 403
    assert browser.post(f"{here}/opinions", person="纪外人", question=QUESTION).status_code == 403
    registrar = sign_in(REGISTRAR)
    assert registrar.client.get(f"{here}/opinions").location == here
    assert "现在不由您办理" in registrar.open(here).text


@pytest.mark.parametrize("how", ["approved", "returned", "rejected", "withdrawn"])
def test_a_step_that_is_over_is_gone_from_every_list_and_count(
    how: str, app: Flask, sign_in: SignIn, made: Made, college: College
) -> None:
    """L2: of the former holder and of the adviser, on the first page, 待我办理, the ledger and in the navigation."""
    filing_id = made.submitted()
    here = f"/filings/{filing_id}"
    head, adviser = sign_in(HEAD), sign_in(ADVISER)
    ask(head, here)
    assert counted_tasks(head)
    assert counted_tasks(adviser)
    address = next(form.action for form in adviser.open(here).forms if form.action.endswith("/answer"))
    with app.app_context():
        if how == "withdrawn":
            withdraw(college.actor(APPLICANT), filing_id)
        else:
            decide(college.actor(HEAD), filing_id, Outcome(how), reason="理由")
    for browser, anchor in ((head, "decide"), (adviser, "opinion")):
        assert not counted_tasks(browser)
        for listing in ("/", "/approvals"):
            assert f"{here}#{anchor}" not in browser.open(listing).links
    page = adviser.open(here)
    assert "已不需要答复" in page.text
    assert not [form for form in page.forms if form.action.endswith("/answer")]
    assert adviser.post(address, answer="有必要").location == here
    assert "已不需要答复" in adviser.open(here).text
    in_ledger = f"{here}#decide" in sign_in(REGISTRAR).open("/registry").links
    assert in_ledger is (how == "approved")


def test_a_filing_taken_back_from_the_registry_is_gone_from_its_lists(
    app: Flask, sign_in: SignIn, made: Made, college: College
) -> None:
    """L2: so is the registrar's."""
    filing_id = made.approved()
    registrar = sign_in(REGISTRAR)
    assert counted_tasks(registrar)
    with app.app_context():
        withdraw(college.actor(APPLICANT), filing_id)
    assert not counted_tasks(registrar)
    for listing in ("/", "/approvals", "/registry"):
        assert f"/filings/{filing_id}#decide" not in registrar.open(listing).links


@pytest.mark.parametrize("address", ["/", "/approvals", "/filings/{}"])
def test_an_advisers_pages_send_as_many_statements_for_many_questions_as_for_few(
    address: str, sign_in: SignIn, made: Made, counted: StatementCounter
) -> None:
    """F17: a fixed number, however many."""
    counts: list[int] = []
    head, adviser = sign_in(HEAD), sign_in(ADVISER)
    for number in (2, 5):
        for n in range(number):
            filing_id = made.submitted(name=f"护理系{number}{n}群", number=f"71000{number}{n}")
            ask(head, f"/filings/{filing_id}")
        adviser.open(address.format(filing_id))
        counted.statements.clear()
        adviser.open(address.format(filing_id))
        counts.append(len(counted))
    assert counts[0] == counts[1]


def test_long_lists_of_questions_are_paged_by_key(sign_in: SignIn, made: Made) -> None:
    """F17: whoever is asked much finds all of it."""
    head, adviser = sign_in(HEAD), sign_in(ADVISER)
    filings = [made.submitted(name=f"护理系第{n}群", number=str(70000000 + n)) for n in range(22)]
    for filing_id in filings:
        ask(head, f"/filings/{filing_id}")
    first = adviser.open("/approvals")
    following = next(link for link in first.links if "opinions_before=" in link)
    shown = {link for page in (first, adviser.open(following)) for link in page.links}
    assert {f"/filings/{filing_id}#opinion" for filing_id in filings} <= shown
    assert "等我办理 22 项" in adviser.open("/").text
