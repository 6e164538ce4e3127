"""What is said of a form while it is filled in, and that the same is said when it is sent."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from extensions import db
from models import Department, Filing, Group, Person
from models.database import unit_of_work
from regulation import DepartmentKind
from tests.college import College
from tests.conftest import StatementCounter
from tests.pages.conftest import Browser, Made, SignIn, one_database
from tests.pages.reading import Page, read
from tests.pages.test_filing_form import COMPLETE, NEW

pytestmark = one_database

CHECK = "/filings/check"
Said = dict[str, Any]


@pytest.fixture
def browser(sign_in: SignIn) -> Browser:
    return sign_in("lilaoshi")


@pytest.fixture
def unit(college: College) -> str:
    """护理系, as the form names it."""
    return str(college.departments["8"])


@pytest.fixture
def ask(browser: Browser, unit: str) -> Callable[..., Said]:
    """What is answered of a form that says this and nothing else."""

    def asked(**typed: str) -> Said:
        values = {name.replace("__", "-"): value for name, value in typed.items()}
        answer = browser.post(CHECK, **{"kind": "establish", "department_id": unit, **values})
        assert answer.status_code == 200
        said: Said = answer.get_json()
        return said

    return asked


def complete(**changes: str) -> dict[str, str]:
    return {**COMPLETE, **changes}


def set_kind(app: Flask, unit: str, kind: DepartmentKind) -> None:
    with app.app_context(), unit_of_work() as session:
        session.get_one(Department, int(unit)).kind = kind


def test_nothing_is_said_of_a_form_that_is_right_or_empty(ask: Callable[..., Said]) -> None:
    """F10: what is still empty is asked for when the form is sent, and not before."""
    assert ask(**complete())["fields"] == {}
    empty = ask()
    assert (empty["fields"], empty["suggestion"], empty["tier"]) == ({}, None, None)
    assert ask(department_id="", name="教师群")["fields"] == {}


def test_each_finding_stands_at_its_field_with_article_and_remedy(ask: Callable[..., Said]) -> None:
    """F10: as it is said when the form is sent."""
    said = ask(name="教师群", platform="qq", number="12", member_count="101")
    assert set(said["fields"]) == {"name", "number", "member_count"}
    (finding,) = said["fields"]["name"]
    assert (finding["article"], finding["severity"]) == ("第九条", "refuse")
    assert finding["text"] == f"第九条：{finding['sentence']}{finding['remedy']}"
    assert said["suggestion"]["name"] == "护理系教师群"


def test_warnings_are_said_as_refusals_are(ask: Callable[..., Said], made: Made) -> None:
    """F9: merge instead? is asked while there is still time."""
    made.submitted()
    said = ask(**complete(name="护理系教师通知群", number="70000001", purpose="发布教学安排和工作通知"))
    assert [finding["severity"] for finding in said["fields"]["name"]] == ["warn"]


def test_what_cannot_be_read_is_said_and_nothing_else_of_that_field(ask: Callable[..., Said]) -> None:
    said = ask(member_count="四十", opened_on="2026-02-30", owner__name="王群主", owner__mobile="199")
    assert set(said["fields"]) == {"member_count", "opened_on", "owner-mobile"}
    assert said["fields"]["member_count"][0]["text"] == "群人数请填写整数，例如 46。"


@pytest.mark.parametrize("field", ["kind", "tier", "platform", "department_id"])
def test_a_choice_that_no_page_offers_is_said_and_nothing_is_judged_by_it(field: str, ask: Callable[..., Said]) -> None:
    assert set(ask(**complete(**{field: "nonsense"}))["fields"]) == {field}


def test_a_number_comes_back_as_it_will_be_kept(ask: Callable[..., Said]) -> None:
    """E22: spaces, full-width digits and a label are taken away."""
    said = ask(platform="qq", number=" QQ群：６１２ 345 682 ")
    assert said["number"] == "612345682"
    assert said["fields"] == {}


@pytest.mark.parametrize(("platform", "limit"), [("qq", 30), ("wechat", 32), ("tieba", None), ("", None)])
def test_the_length_is_told_beside_the_platforms_limit(
    platform: str, limit: int | None, ask: Callable[..., Said]
) -> None:
    """E24: the name so far, and how much there is room for."""
    assert ask(platform=platform, name=" 护理系教师群 ")["name_length"] == {"length": 6, "limit": limit}


def test_the_college_in_front_is_asked_about_with_a_name_for_either(ask: Callable[..., Said]) -> None:
    """E35: 以学院名义?"""
    said = ask(name="川护教职工群", tier="department")
    assert said["suggestion"] == {"name": "护理系教职工群", "college_name": "川护教职工群", "college_tier": "college"}
    assert said["tier"]["tier"] == "college"


def test_the_tier_is_found_with_its_reason(ask: Callable[..., Said], app: Flask, unit: str) -> None:
    """F12: the system chooses, and says by which item of 第八条."""
    set_kind(app, unit, DepartmentKind.FACULTY)
    tier = ask(name="护理系2026级1班群")["tier"]
    assert (tier["tier"], tier["label"], tier["article"]) == (
        *("faculty_organization", "系部团学组织或班级"),
        "第八条第4项",
    )
    assert "党总支负责人" in tier["reason"]


def test_asking_keeps_nothing(ask: Callable[..., Said], app: Flask) -> None:
    ask(**complete())
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Filing)) == 0
        assert db.session.scalar(select(func.count()).select_from(Group)) == 0


def test_a_filing_that_is_changed_is_no_duplicate_of_itself(ask: Callable[..., Said], made: Made) -> None:
    filing_id = made.submitted()
    assert set(ask(**complete())["fields"]) >= {"number"}
    assert ask(**complete(), filing_id=str(filing_id))["fields"] == {}


@pytest.mark.parametrize("filing_id", ["1", "9" * 30, "x", "0"])
def test_somebody_elses_filing_is_worth_nothing(
    filing_id: str, sign_in: SignIn, made: Made, college: College, unit: str
) -> None:
    made.submitted()
    asked = {**COMPLETE, "department_id": unit, "filing_id": filing_id}
    values = {name.replace("__", "-"): value for name, value in asked.items()}
    assert set(sign_in("jiwai").post(CHECK, **values).get_json()["fields"]) >= {"number"}


def test_no_phone_of_anybody_is_answered(
    browser: Browser, ask: Callable[..., Said], made: Made, app: Flask, college: College, unit: str
) -> None:
    """E21: the holder's unit and number, and not their phones."""
    with app.app_context(), unit_of_work() as session:
        session.get_one(Person, college.people["wangqunzhu"]).mobile = "19900007777"
    made.submitted()
    values = {name.replace("__", "-"): value for name, value in complete(responsible__name="").items()}
    assert "1990000" not in browser.post(CHECK, department_id=unit, **values).text


def test_the_token_is_asked_for(browser: Browser) -> None:
    assert browser.client.post(CHECK, data={"kind": "establish"}).status_code == 400


def test_nobody_asks_without_end(browser: Browser, sign_in: SignIn) -> None:
    """A hundred and twenty questions a minute are more than anybody types; others are not held up by them."""
    token = {"csrf_token": browser.open(NEW).form(NEW).values["csrf_token"]}
    answers = [browser.client.post(CHECK, data=token).status_code for _ in range(121)]
    assert set(answers[:120]) == {200}
    assert answers[120] == 429
    assert sign_in("jiwai").post(CHECK).status_code == 200


def test_a_question_sends_a_fixed_number_of_statements(
    ask: Callable[..., Said], made: Made, counted: StatementCounter
) -> None:
    counts = []
    for number in (1, 8):
        for n in range(number):
            made.submitted(name=f"护理系{number}{n}群", number=f"71000{number}{n}")
        counted.statements.clear()
        ask(**complete())
        counts.append(len(counted))
    assert counts[0] == counts[1]
    assert counts[1] <= MOST_STATEMENTS


#: For the token's page and the question itself.
MOST_STATEMENTS = 18


class TestWithoutAScript:
    """The same findings come when the form is sent."""

    @pytest.fixture
    def fill(self, browser: Browser) -> Callable[..., Page | str]:
        """Send the form: the page that says what is wrong, or where the browser is sent."""

        def filled(**changes: str) -> Page | str:
            answer = browser.send(browser.open(NEW), NEW, **complete(**changes), action="send")
            return str(answer.location) if answer.status_code == 302 else read(answer, 422)

        return filled

    def test_a_tier_that_was_left_out_is_chosen_and_said_before_anything_is_sent(
        self, fill: Callable[..., Page], app: Flask, unit: str, browser: Browser
    ) -> None:
        """F12: found, shown with its reason, and sent the second time."""
        set_kind(app, unit, DepartmentKind.FACULTY)
        page = fill(tier="", name="护理系2026级1班群", purpose="")
        assert set(page.errors) == {"tier", "purpose"}
        assert "第八条第4项" in page.errors["tier"]
        shown = page.form(NEW).values
        assert (shown["tier"], shown["name"]) == ("faculty_organization", "护理系2026级1班群")
        assert browser.send(page, NEW, purpose="班级通知", action="send").location == "/filings/1/confirm"

    def test_with_the_tier_everything_else_is_said_at_once(self, fill: Callable[..., Page]) -> None:
        """F12: the found tier is judged by like a chosen one."""
        assert set(fill(tier="", name="教师群", number="12").errors) == {"tier", "name", "number"}

    def test_a_class_that_is_filed_as_the_departments_is_pointed_out_to_everybody(
        self, fill: Callable[..., str], app: Flask, unit: str, browser: Browser, sign_in: SignIn
    ) -> None:
        """E34: the applicant's choice stands; the applicant and whoever approves see the rule."""
        set_kind(app, unit, DepartmentKind.FACULTY)
        assert fill(name="护理系2026级1班群") == "/filings/1/confirm"
        assert "第八条第4项" in browser.open("/filings/1/confirm").text
        browser.send(browser.open("/filings/1/confirm"), "/filings/1/confirm", promise="y")
        assert "请留意 · 第八条第4项" in sign_in("zhangzhuren").open("/filings/1").text

    def test_a_group_that_exists_keeps_its_name_for_now(self, fill: Callable[..., str], browser: Browser) -> None:
        """E25: 补办 is accepted, and the days to change the name are said."""
        assert fill(kind="retroactive", name="教师群", opened_on="2020-01-01") == "/filings/1/confirm"
        page = browser.open("/filings/1/confirm")
        assert "须改名" in page.text
        assert "30天内" in page.text

    def test_a_wechat_group_is_filed_with_its_owners_account(
        self, fill: Callable[..., str], browser: Browser, app: Flask
    ) -> None:
        """E20: 群主微信名 instead of a number."""
        wechat = {"kind": "retroactive", "platform": "wechat", "number": "", "opened_on": "2020-01-01"}
        assert fill(**wechat, owner_account="护理小王") == "/filings/1/confirm"
        page = browser.open("/filings/1/confirm")
        assert "护理小王" in page.text
        assert "靠群主微信名" not in page.text
        assert browser.open("/filings/1/edit").form("/filings/1/edit").values["owner_account"] == "护理小王"
        browser.send(browser.open("/filings/1/edit"), "/filings/1/edit", owner_account="", action="send")
        assert "靠群主微信名、开通时间和群截图辨认" in browser.open("/filings/1/confirm").text

    def test_an_account_is_left_out_of_what_is_no_wechat_group(self, fill: Callable[..., str], app: Flask) -> None:
        """E20: like whatever other answers leave without meaning."""
        fill(owner_account="护理小王")
        with app.app_context():
            assert db.session.get_one(Filing, 1).group.owner_account == ""

    def test_ready_reasons_are_listed_for_a_large_group(self, browser: Browser) -> None:
        """E27: still a text; the data file's reasons stand beside it."""
        assert "例如：学生群以班级为单位建立，本班人数超过限额；" in browser.open(NEW).text
        assert "sizeReasons" in browser.open(NEW).html

    @pytest.mark.parametrize(("count", "asked"), [("100", False), ("101", True)])
    def test_a_reason_is_asked_for_from_the_hundred_and_first_on(
        self, count: str, asked: bool, fill: Callable[..., Page | str]
    ) -> None:
        """E26: exactly 100, and 101."""
        answer = fill(member_count=count)
        assert isinstance(answer, Page) == asked
        assert not asked or set(answer.errors) == {"member_count", "size_reason"}  # type: ignore[union-attr]

    def test_a_number_that_is_not_known_yet_is_the_planned_one(self, fill: Callable[..., Page]) -> None:
        """E26: unknown yet: how many are expected."""
        assert "还没有建群的填预计人数" in fill(member_count="").errors["member_count"]

    def test_opening_and_kind_are_held_against_each_other(self, fill: Callable[..., Any], browser: Browser) -> None:
        """E48: both ways: 补办 that is still to open is refused, 新建 that has opened is pointed out."""
        assert "新建备案" in fill(kind="retroactive").errors["opened_on"]
        assert fill(opened_on="2020-01-01") == "/filings/1/confirm"
        assert "补办备案" in browser.open("/filings/1/confirm").text

    def test_a_platform_of_another_kind_is_named(self, fill: Callable[..., Any], browser: Browser) -> None:
        """E30: 其他, and what it is called."""
        assert "第一条" in fill(platform="other").errors["other_platform"]
        assert fill(platform="other", other_platform="校园论坛", number="版块 8") == "/filings/1/confirm"
        assert "校园论坛" in browser.open("/filings/1/confirm").text
