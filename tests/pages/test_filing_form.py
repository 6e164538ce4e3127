"""The annex's form: what is refused at which field, that nothing typed is lost, what is kept and sent."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from extensions import db
from models import ContactRole, Department, Filing, Group, Person, PlatformIdentity
from models.database import unit_of_work
from operations.rules import rules_in_force
from regulation import Platform, Tier, parse_regulation
from tests.college import College
from tests.pages.conftest import Browser, Made, SignIn, one_database
from tests.pages.reading import Page, read

pytestmark = one_database

NEW = "/filings/new"
COMPLETE = {
    "kind": "establish",
    "platform": "qq",
    "tier": "department",
    "name": "护理系教师工作群",
    "number": "612345682",
    "member_count": "46",
    "composition": "护理系全体教师",
    "opened_on": "2099-01-01",
    "purpose": "发布教学安排",
    "responsible__name": "张主任",
    "responsible__mobile": "19900000001",
    "owner__name": "王群主",
    "owner__mobile": "19900000002",
    "administrators__0__name": "赵管理",
    "administrators__0__mobile": "19900000003",
}
PEOPLE = {"responsible": "第一责任人", "owner": "群主", "administrators-0": "管理员"}
TOO_LONG = "长" * 1001


@pytest.fixture
def browser(sign_in: SignIn) -> Browser:
    return sign_in("lilaoshi")


@pytest.fixture
def fill(browser: Browser) -> Callable[..., Page | str]:
    """Fill the empty form completely but for `changes` and press a button: the page that says what is wrong, or
    where the browser is sent."""

    def filled(action: str = "send", **changes: str | None) -> Page | str:
        answer = browser.send(browser.open(NEW), NEW, **{**COMPLETE, **changes, "action": action})
        return str(answer.location) if answer.status_code == 302 else read(answer, 422)

    return filled


def kept(app: Flask, filing_id: int = 1) -> Group:
    """The group of the filing, as the database has it."""
    with app.app_context():
        group = db.session.get_one(Filing, filing_id).group
        db.session.refresh(group, ["contacts"])
        return group


def test_a_complete_form_is_kept_and_goes_on_to_its_confirmation(fill: Callable[..., str], app: Flask) -> None:
    assert fill() == "/filings/1/confirm"
    group = kept(app)
    assert (group.name, group.number_key, group.member_count) == ("护理系教师工作群", "612345682", 46)
    assert [(contact.role, contact.name, contact.mobile) for contact in group.contacts] == [
        (ContactRole.ADMINISTRATOR, "赵管理", "19900000003"),
        (ContactRole.OWNER, "王群主", "19900000002"),
        (ContactRole.RESPONSIBLE, "张主任", "19900000001"),
    ]


def test_the_form_begins_with_what_is_known_and_never_with_another_persons_mobile(
    browser: Browser, college: College, app: Flask
) -> None:
    with app.app_context(), unit_of_work() as session:
        for user_id, mobile in (("zhangzhuren", "19900009991"), ("lilaoshi", "19900009992")):
            session.get_one(Person, college.people[user_id]).mobile = mobile
    page = browser.open(NEW)
    values = page.form(NEW).values
    assert values["department_id"] == str(college.departments["8"])
    assert [values[f"responsible-{part}"] for part in ("name", "job_title", "office_phone", "mobile")] == [
        *("张主任", "系主任", "028-00000000", "")
    ]
    assert [values[f"owner-{part}"] for part in ("name", "mobile")] == ["李老师", "19900009992"]
    assert "19900009991" not in page.html


def test_what_the_annex_asks_for_stands_in_its_order(browser: Browser) -> None:
    """F1: 备案登记表 from 备案部门 to 平台用途, read from top to bottom; what it does not ask for stands between."""
    page = browser.open(NEW)
    person = {"name": "姓名", "job_title": "职务", "mobile": "手机", "office_phone": "办公电话", "email": "邮箱"}
    annex = {
        "department_id": "备案部门",
        "platform": "群组类型",
        "name": "群名",
        "number": "群号",
        "member_count": "群人数",
        "opened_on": "开通时间",
        **{f"{who}-{part}": label for who in PEOPLE for part, label in person.items()},
        "purpose": "平台用途",
    }
    labels = re.findall(r'<label[^>]* for="([^"]+)"[^>]*>([^<]+)<', page.html)
    assert [label for label in labels if label[0] in annex] == list(annex.items())
    assert page.legends == ["参与单位", *PEOPLE.values()]


def test_everything_that_the_annex_asks_for_is_asked_for_at_once(browser: Browser) -> None:
    page = browser.open(NEW)
    blank = dict.fromkeys(page.form(NEW).values, "")
    token = {name: page.form(NEW).values[name] for name in ("csrf_token", "form_key")}
    errors = read(browser.client.post(NEW, data={**blank, **token, "kind": "establish", "action": "send"}), 422).errors
    assert set(errors) == {
        *("platform", "tier", "department_id", "name", "member_count", "composition", "opened_on", "purpose"),
        *(f"{who}-{part}" for who in PEOPLE for part in ("name", "mobile")),
    }
    assert "请填写群主的姓名" in errors["owner-name"]
    for name, article in (("name", "第九条"), ("member_count", "第十条"), ("composition", "第五条")):
        assert article in errors[name]


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"name": "教师工作群"}, "name", "第九条"),
        ({"name": "教师工作群"}, "name", "「护理系教师工作群」"),
        ({"name": "护理系"}, "name", "第九条"),
        ({"name": "护理系" + "长" * 62}, "name", "群名最多64个字，请删去1个字"),
        ({"name": " \t "}, "name", "第九条"),
        ({"number": "12ab"}, "number", "5至11位数字"),
        ({"number": "1" * 65}, "number", "群号最多64个字"),
        ({"kind": "retroactive", "number": "", "opened_on": "2020-01-01"}, "number", "第八条"),
        ({"kind": "retroactive"}, "opened_on", "第八条"),
        ({"kind": "amend"}, "kind", "备案类型"),
        ({"kind": "nonsense"}, "kind", "备案类型"),
        ({"platform": "icq"}, "platform", "群组类型"),
        ({"platform": "other"}, "other_platform", "第一条"),
        ({"platform": "other", "other_platform": "长" * 33}, "other_platform", "其他类型最多32个字"),
        ({"tier": "faculty"}, "tier", "建群主体"),
        ({"tier": "college_organization"}, "supervisor_id", "主管部门"),
        ({"tier": "college_organization", "supervisor_id": "abc"}, "supervisor_id", "主管部门"),
        ({"department_id": "999999"}, "department_id", "备案部门"),
        ({"department_id": "x"}, "department_id", "备案部门"),
        ({"department_id": ""}, "department_id", "请选择备案部门"),
        ({"member_count": ""}, "member_count", "第十条"),
        ({"member_count": "abc"}, "member_count", "群人数请填写整数，例如 46"),
        ({"member_count": "1.5"}, "member_count", "群人数请填写整数，例如 46"),
        ({"member_count": "-3"}, "member_count", "群人数请填写整数"),
        ({"member_count": "1_000"}, "member_count", "群人数请填写整数"),
        ({"member_count": "46个"}, "member_count", "群人数请填写整数"),
        ({"member_count": "0"}, "member_count", "1到100000"),
        ({"member_count": "100001"}, "member_count", "1到100000"),
        ({"member_count": "9" * 5000}, "member_count", "整数"),
        ({"member_count": "101"}, "member_count", "第十条"),
        ({"member_count": "101"}, "size_reason", "第十条"),
        ({"member_count": "101", "size_reason": "，。 "}, "size_reason", "第十条"),
        ({"member_count": "101", "size_reason": "长" * 501}, "size_reason", "最多500个字"),
        ({"composition": ""}, "composition", "第五条"),
        ({"composition": "……"}, "composition", "第五条"),
        ({"composition": "长" * 501}, "composition", "成员组成最多500个字"),
        ({"opened_on": ""}, "opened_on", "请选择开通时间"),
        ({"opened_on": "tomorrow"}, "opened_on", "真实的日期"),
        ({"opened_on": "2026-02-30"}, "opened_on", "真实的日期"),
        ({"opened_on": "1999-12-31"}, "opened_on", "2000年"),
        ({"opened_on": "2101-01-01"}, "opened_on", "2100年"),
        ({"purpose": ""}, "purpose", "请填写平台用途"),
        ({"purpose": TOO_LONG}, "purpose", "平台用途最多1000个字，请删去1个字"),
        ({"is_project": "y"}, "ends_on", "第十二条"),
        ({"is_project": "y", "ends_on": "2020-01-01"}, "ends_on", "第十二条"),
        ({"is_project": "y", "ends_on": "2098-12-31"}, "ends_on", "第十二条"),
        ({"is_project": "y", "ends_on": "soon"}, "ends_on", "真实的日期"),
    ],
)
def test_a_wrong_value_gets_its_sentence_at_its_field(
    changes: dict[str, str], field: str, sentence: str, fill: Callable[..., Page]
) -> None:
    page = fill(**changes)
    assert sentence in page.errors[field]
    assert f'href="#{field}"' in page.html


def test_everything_that_is_wrong_is_said_at_once(fill: Callable[..., Page]) -> None:
    page = fill(name="教师群", owner__mobile="1", member_count="130", purpose="", opened_on="2026-13-01")
    assert set(page.errors) == {"name", "owner-mobile", "member_count", "size_reason", "purpose", "opened_on"}


@pytest.mark.parametrize("who", PEOPLE)
@pytest.mark.parametrize(
    ("part", "value", "sentence"),
    [
        ("name", "", "的姓名"),
        ("name", "长" * 65, "姓名最多64个字"),
        ("job_title", "长" * 65, "职务最多64个字"),
        ("mobile", "", "的手机"),
        ("mobile", "1990000000", "11位手机号码"),
        ("mobile", "12900000001", "11位手机号码"),
        ("mobile", "call me", "11位手机号码"),
        ("mobile", "1" * 3000, "11位手机号码"),
        ("office_phone", "电话 028", "办公电话"),
        ("office_phone", "0" * 33, "办公电话"),
        ("email", "nobody", "邮箱"),
        ("email", "a@b", "邮箱"),
        ("email", "a b@example.com", "邮箱"),
        ("email", f"{'a' * 128}@example.com", "邮箱"),
    ],
)
def test_a_persons_particulars_are_checked_one_by_one(
    who: str, part: str, value: str, sentence: str, fill: Callable[..., Page]
) -> None:
    page = fill(**{f"{who}-{part}": value, **({} if value else {f"{who}-job_title": "教师"})})
    assert sentence in page.errors[f"{who}-{part}"]


def test_of_each_person_only_name_and_mobile_are_asked(fill: Callable[..., str], browser: Browser, app: Flask) -> None:
    """E46: 职务, 办公电话 and 邮箱 that nobody knows are left out, and not asked for again before it is sent."""
    unknown = {f"{who}-{part}": "" for who in PEOPLE for part in ("job_title", "office_phone", "email")}
    confirm = fill(**unknown)
    assert {(c.job_title, c.office_phone, c.email) for c in kept(app).contacts} == {("", "", "")}
    page = browser.open(confirm)
    assert browser.send(page, confirm, promise="y").location == "/filings/1"
    assert browser.open("/filings/1").states[0] == "in_review"


@pytest.mark.parametrize(
    ("typed", "kept_as"),
    [
        *(("19900000001", "19900000001"), ("199 0000 0001", "19900000001"), ("199-0000-0001", "19900000001")),
        *(
            ("+86 19900000001", "19900000001"),
            ("8619900000001", "19900000001"),
            ("１９９０００００００１", "19900000001"),
        ),
    ],
)
def test_a_mobile_is_understood_however_it_is_grouped(
    typed: str, kept_as: str, fill: Callable[..., str], app: Flask
) -> None:
    assert fill(owner__mobile=typed) == "/filings/1/confirm"
    owner = next(contact for contact in kept(app).contacts if contact.role is ContactRole.OWNER)
    assert owner.mobile == kept_as


def test_full_width_digits_count_as_digits(fill: Callable[..., str], app: Flask) -> None:
    assert (
        fill(member_count="４６ 人", number="６１２３４５６８２", owner__office_phone="０２８－００００（１）转8")
        == "/filings/1/confirm"
    )
    assert (kept(app).member_count, kept(app).number_key) == (46, "612345682")


def test_a_refused_form_is_shown_again_with_all_that_was_typed(fill: Callable[..., Page]) -> None:
    typed = {
        **COMPLETE,
        "name": "教师<b>群",
        "member_count": "四十六",
        "size_reason": "第一行\n第二行",
        "opened_on": "2026-02-30",
        "owner__mobile": "电话 199",
        "is_project": "y",
        "ends_on": "later",
        "purpose": TOO_LONG,
    }
    shown = fill(**typed).form(NEW).values
    assert {name: shown[name.replace("__", "-")].replace("\r\n", "\n") for name in typed} == typed


def test_control_characters_are_dropped_and_not_stored(fill: Callable[..., str], app: Flask) -> None:
    assert fill(purpose="发布\x00教学\x07安排\r\n第二行") == "/filings/1/confirm"
    assert kept(app).purpose == "发布教学安排\n第二行"


def test_characters_that_nobody_sees_are_dropped_and_make_no_name(fill: Callable[..., Page | str], app: Flask) -> None:
    page = fill(owner__name="\u200b\u202e\u2060")
    assert isinstance(page, Page)
    assert page.errors == {"owner-name": "请填写群主的姓名。"}
    assert fill(name="护理系\u202e教师\u200b工作群", owner__name="王\u200d群主") == "/filings/1/confirm"
    group = kept(app)
    assert group.name == "护理系教师工作群"
    assert "王群主" in [contact.name for contact in group.contacts]


@pytest.mark.parametrize("tier", Tier)
def test_each_tier_goes_on_to_its_confirmation(tier: Tier, fill: Callable[..., str], college: College) -> None:
    name = "川护教师工作群" if tier is Tier.COLLEGE else COMPLETE["name"]
    assert fill(tier=tier.value, name=name, supervisor_id=str(college.departments["7"])) == "/filings/1/confirm"


@pytest.mark.parametrize("platform", Platform)
def test_each_platform_can_be_filed(platform: Platform, fill: Callable[..., str]) -> None:
    assert fill(platform=platform.value, other_platform="论坛") == "/filings/1/confirm"


def test_a_draft_may_leave_everything_out(browser: Browser) -> None:
    page = browser.open(NEW)
    typed = {name: "" for name in page.form(NEW).values if name not in ("csrf_token", "form_key", "kind")}
    answer = browser.send(page, NEW, **{name.replace("-", "__"): value for name, value in typed.items()}, action="save")
    assert answer.location == "/filings/1"
    shown = browser.open("/filings/1")
    assert shown.states[0] == "draft"
    assert "草稿已保存" in shown.text
    assert set(browser.open("/filings/1/confirm", 422).errors) >= {"name", "tier", "owner-name"}


@pytest.mark.parametrize(
    "changes", [{"name": "长" * 65}, {"member_count": "abc"}, {"owner__mobile": "1"}, {"tier": "x"}]
)
def test_a_draft_is_refused_only_what_cannot_be_kept(changes: dict[str, str], fill: Callable[..., Page]) -> None:
    assert len(fill("save", **changes).errors) == 1


def test_a_draft_that_the_rules_would_refuse_is_kept(fill: Callable[..., str], app: Flask) -> None:
    assert fill("save", name="教师群", member_count="500", is_project="y") == "/filings/1"
    assert kept(app).name == "教师群"


def test_a_draft_is_opened_again_as_it_was_left_and_changed(
    fill: Callable[..., str], browser: Browser, app: Flask
) -> None:
    fill("save", composition="")
    page = browser.open("/filings/1/edit")
    values = page.form("/filings/1/edit").values
    assert {name: values[name.replace("__", "-")] for name in COMPLETE} == {**COMPLETE, "composition": ""}
    answer = browser.send(page, "/filings/1/edit", composition="全体教师", action="send")
    assert answer.location == "/filings/1/confirm"
    assert kept(app).composition == "全体教师"


def test_a_second_window_writes_over_nothing_and_loses_nothing(
    fill: Callable[..., str], browser: Browser, app: Flask
) -> None:
    """F3: lost by no second tab."""
    fill("save", composition="起初")
    first, second = browser.open("/filings/1/edit"), browser.open("/filings/1/edit")
    assert browser.send(first, "/filings/1/edit", composition="甲窗口", action="save").location == "/filings/1"
    answer = browser.send(second, "/filings/1/edit", composition="乙窗口", action="save")
    assert answer.status_code == 409
    assert kept(app).composition == "甲窗口"
    shown = Page(answer.text)
    assert "另一个窗口保存过" in shown.text
    assert "/filings/1/edit" in shown.links
    assert shown.form("/filings/1/edit").values["composition"] == "乙窗口"
    assert browser.send(shown, "/filings/1/edit", action="save").location == "/filings/1"
    assert kept(app).composition == "乙窗口"


def test_sending_from_an_older_window_is_refused_alike(fill: Callable[..., str], browser: Browser, app: Flask) -> None:
    """F3: what is sent is what whoever sends it has seen."""
    fill("save")
    first, second = browser.open("/filings/1/edit"), browser.open("/filings/1/edit")
    browser.send(first, "/filings/1/edit", composition="甲窗口", action="save")
    assert browser.send(second, "/filings/1/edit", composition="乙窗口", action="send").status_code == 409
    assert kept(app).composition == "甲窗口"


def test_the_same_press_that_arrives_twice_is_no_second_window(
    fill: Callable[..., str], browser: Browser, app: Flask
) -> None:
    fill("save")
    page = browser.open("/filings/1/edit")
    answers = [browser.send(page, "/filings/1/edit", composition="全体教师", action="save") for _ in range(2)]
    assert [answer.location for answer in answers] == ["/filings/1"] * 2
    assert kept(app).composition == "全体教师"


def test_the_same_form_sent_twice_is_one_filing(browser: Browser, app: Flask) -> None:
    page = browser.open(NEW)
    answers = [browser.send(page, NEW, **COMPLETE, action="send").location for _ in range(2)]
    assert answers == ["/filings/1/confirm"] * 2
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Filing)) == 1


def test_another_persons_form_key_is_worth_nothing(browser: Browser, sign_in: SignIn, app: Flask) -> None:
    page = browser.open(NEW)
    browser.send(page, NEW, **COMPLETE, action="save")
    other = sign_in("jiwai")
    stolen = {**COMPLETE, "form_key": page.form(NEW).values["form_key"], "name": "护理系别人的群"}
    assert other.send(other.open(NEW), NEW, **stolen, action="save").status_code == 403
    assert kept(app).name == COMPLETE["name"]


@pytest.mark.parametrize("key", ["", "x", "a" * 500, "A" * 32, "\x00" * 32])
def test_a_form_key_of_ones_own_making_is_replaced(key: str, fill: Callable[..., str], app: Flask) -> None:
    assert fill(form_key=key) == "/filings/1/confirm"
    with app.app_context():
        assert len(db.session.get_one(Filing, 1).form_key) == 32


def test_administrators_are_added_up_to_three_and_nothing_typed_is_lost(browser: Browser) -> None:
    page = browser.open(NEW)
    assert [legend for legend in page.legends if "管理员" in legend] == ["管理员"]
    for count in (2, 3, 3):
        page = read(browser.send(page, NEW, name="打了一半", action="more"))
        assert len([legend for legend in page.legends if "管理员" in legend]) == count
    assert page.legends[-3:] == ["管理员", "第二位管理员", "第三位管理员"]
    assert page.form(NEW).values["name"] == "打了一半"
    assert not page.errors


@pytest.fixture
def revise(app: Flask) -> Callable[[str, str], None]:
    """Put a regulation in force that differs from the present one in this text."""

    def revised(old: str, new: str) -> None:
        with app.app_context():
            source = rules_in_force().source
        assert old in source
        app.extensions["regulations"][None] = parse_regulation(source.replace(old, new))

    return revised


class TestRevisedRules:
    EDIT = "/filings/1/edit"

    @pytest.fixture
    def sent_back(self, made: Made, sign_in: SignIn, browser: Browser) -> Callable[..., None]:
        """Make filing 1, sent back to its applicant."""

        def make(**changes: object) -> None:
            made.submitted(**changes)
            head = sign_in("zhangzhuren")
            assert head.post("/filings/1/decision", outcome="returned", reason="请改").status_code == 302

        return make

    def test_a_lower_limit_does_not_reach_a_filing_made_before_it(
        self, sent_back: Callable[..., None], revise: Callable[[str, str], None], browser: Browser, app: Flask
    ) -> None:
        sent_back(member_count=80)
        revise("size = 100", "size = 50")
        page = browser.open(self.EDIT)
        assert "超过100人的原因和必要性" in page.text
        assert '"sizeLimit": 100' in page.html.replace("&#34;", '"')
        assert browser.send(page, self.EDIT, action="send").location == "/filings/1/confirm"
        assert browser.send(browser.open("/filings/1/confirm"), "/filings/1/confirm", promise="y").status_code == 302
        assert browser.open("/filings/1").states[0] == "in_review"
        assert "超过50人的原因和必要性" in browser.open(NEW).text

    def test_a_higher_limit_does_not_excuse_a_filing_made_before_it(
        self, sent_back: Callable[..., None], revise: Callable[[str, str], None], browser: Browser, app: Flask
    ) -> None:
        sent_back(member_count=130, size_reason="全系都在群里")
        revise("size = 100", "size = 200")
        page = browser.open(self.EDIT)
        refused = read(browser.send(page, self.EDIT, action="send", size_reason=""), 422)
        assert set(refused.errors) == {"member_count", "size_reason"}
        assert browser.send(page, self.EDIT, action="send").location == "/filings/1/confirm"
        assert kept(app).size_reason == "全系都在群里"
        assert "原则上应控制在100人以内" in browser.open("/filings/1/confirm").text

    def test_the_commitment_is_that_of_the_filings_own_rules(
        self, sent_back: Callable[..., None], revise: Callable[[str, str], None], browser: Browser, made: Made
    ) -> None:
        sent_back()
        made.draft(name="护理系另一个群", number="70000001")
        revise('commitment = "', 'commitment = "新的承诺：')
        assert "新的承诺" not in browser.open("/filings/1/confirm").text
        assert "新的承诺" in browser.open("/filings/2/confirm").text

    @pytest.mark.parametrize("rule", ["max_administrators = 5", "max_administrators = 1"])
    def test_a_filing_made_before_has_as_many_administrators_as_its_own_rules_allow(
        self,
        rule: str,
        sent_back: Callable[..., None],
        revise: Callable[[str, str], None],
        browser: Browser,
    ) -> None:
        sent_back()
        revise("max_administrators = 3", rule)
        page = browser.open(self.EDIT)
        for _ in range(4):
            page = read(browser.send(page, self.EDIT, action="more"))
        assert len([legend for legend in page.legends if "管理员" in legend]) == 3

    def test_as_many_administrators_are_asked_for_as_there_must_be(
        self, revise: Callable[[str, str], None], fill: Callable[..., Page]
    ) -> None:
        revise("min_administrators = 1", "min_administrators = 2")
        assert set(fill().errors) == {"administrators-1-name", "administrators-1-mobile"}

    def test_a_draft_with_more_administrators_than_are_allowed_now_loses_none_unasked(
        self, fill: Callable[..., str], revise: Callable[[str, str], None], browser: Browser, app: Flask
    ) -> None:
        second = {"administrators__1__name": "钱老师", "administrators__1__mobile": "19900000005"}
        assert fill("save", **second) == "/filings/1"
        revise("max_administrators = 3", "max_administrators = 1")
        page = browser.open(self.EDIT)
        assert page.form(self.EDIT).values["administrators-1-name"] == "钱老师"
        refused = read(browser.send(page, self.EDIT, action="send"), 422)
        assert refused.errors == {"administrators-1-name": "管理员最多1位，请把这一位的各项清空。"}
        emptied = dict.fromkeys(second, "")
        assert browser.send(page, self.EDIT, **emptied, action="send").location == "/filings/1/confirm"


def test_an_administrator_left_blank_is_left_out(fill: Callable[..., str], app: Flask) -> None:
    third = {"administrators__2__name": "钱老师", "administrators__2__mobile": "19900000005"}
    assert fill(administrators__1__name="", **third) == "/filings/1/confirm"
    found = [(c.position, c.name) for c in kept(app).contacts if c.role is ContactRole.ADMINISTRATOR]
    assert found == [(1, "赵管理"), (2, "钱老师")]


def test_an_administrator_half_filled_in_is_asked_about_by_their_own_legend(fill: Callable[..., Page]) -> None:
    page = fill(administrators__1__mobile="19900000005")
    assert page.errors == {"administrators-1-name": "请填写第二位管理员的姓名。"}


@pytest.mark.parametrize("key", ["administrators-²-name", "administrators-99999999999-name", "administrators--name"])
def test_fields_that_no_page_of_ours_sends_are_ignored(key: str, fill: Callable[..., str]) -> None:
    assert fill(**{key: "x"}) == "/filings/1/confirm"


def test_what_other_answers_leave_without_meaning_is_left_out(fill: Callable[..., str], app: Flask) -> None:
    fill("save", other_platform="论坛", size_reason="旧的原因", ends_on="2030-01-01")
    group = kept(app)
    assert (group.other_platform, group.size_reason, group.ends_on) == ("", "", None)


def test_a_name_taken_in_the_department_is_refused_with_its_holder(fill: Callable[..., Page], made: Made) -> None:
    made.submitted()
    page = fill(number="70000001")
    assert "护理系" in page.errors["name"]
    assert "护理系" in fill(name="护理系另一个群").errors["number"]


def test_the_departments_own_short_name_is_what_names_begin_with(
    fill: Callable[..., Page], app: Flask, college: College
) -> None:
    with app.app_context(), unit_of_work() as session:
        session.get_one(Department, college.departments["8"]).short_name = "护院"
    assert "「护院护理系教师工作群」" in fill().errors["name"]


def test_a_filing_on_its_way_cannot_be_edited_and_its_page_says_so(browser: Browser, made: Made) -> None:
    filing_id = made.submitted()
    answer = browser.client.get(f"/filings/{filing_id}/edit")
    assert answer.location == f"/filings/{filing_id}"
    assert "不能“修改”" in browser.open(f"/filings/{filing_id}").text


def test_an_old_form_of_a_filing_that_was_sent_meanwhile_changes_nothing(
    browser: Browser, made: Made, app: Flask, college: College
) -> None:
    page = browser.open(NEW)
    browser.send(page, NEW, **COMPLETE, action="save")
    browser.send(browser.open("/filings/1/confirm"), "/filings/1/confirm", promise="y")
    answer = browser.send(page, NEW, **{**COMPLETE, "name": "护理系改了的群"}, action="save")
    assert answer.location == "/"
    assert kept(app).name == COMPLETE["name"]


def test_whom_the_form_picked_among_namesakes_is_kept_and_shown_with_the_unit(
    app: Flask, browser: Browser, college: College
) -> None:
    with app.app_context(), unit_of_work() as session:
        namesake = Person(name="王群主", department_id=college.departments["5"])
        session.add(namesake)
        session.flush()
        picked = str(namesake.id)
    page = browser.open(NEW)
    assert page.form(NEW).values["owner-person_id"] == str(college.people["lilaoshi"])
    shown = browser.send(page, NEW, **{**COMPLETE, "owner__person_id": picked, "action": "save"}).location
    assert "学生处" in browser.open(shown).text
    assert browser.open(f"{shown}/edit").form(f"{shown}/edit").values["owner-person_id"] == picked


def test_an_id_brings_nothing_of_a_person_whose_name_was_not_typed(
    app: Flask, browser: Browser, college: College
) -> None:
    with app.app_context(), unit_of_work() as session:
        session.get_one(Person, college.people["jiwai"]).mobile = "19900000077"
    for forged in (str(college.people["jiwai"]), "9" * 30, "-1", "x", "1\x00"):
        typed = {**COMPLETE, "owner__name": "外聘专家", "owner__mobile": "", "owner__person_id": forged}
        shown = browser.send(browser.open(NEW), NEW, **typed, action="save").location
        assert not any(said in browser.open(shown).html for said in ("纪外人", "19900000077", "学生处"))
        assert browser.open(f"{shown}/edit").form(f"{shown}/edit").values["owner-person_id"] == ""


class TestNamesakes:
    """Somebody else is called 赵管理, too: in the same department, with the same 职务."""

    @pytest.fixture(autouse=True)
    def other(self, app: Flask, college: College) -> int:
        with app.app_context(), unit_of_work() as session:
            person = Person(name="赵管理", job_title="教师", department_id=college.departments["8"])
            person.identities = [PlatformIdentity(platform="wecom", user_id="zhao2", user_key="zhao2")]
            session.add(person)
            session.flush()
            return person.id

    def administrator(self, app: Flask) -> tuple[str, int | None]:
        contact = next(each for each in kept(app).contacts if each.role is ContactRole.ADMINISTRATOR)
        return contact.name, contact.person_id

    def test_a_name_that_is_several_peoples_is_asked_for_again_at_its_field(self, fill: Callable[..., Page]) -> None:
        page = fill()
        assert set(page.errors) == {"administrators-0-name"}
        assert "赵管理（zhaoguanli）、赵管理（zhao2）" in page.errors["administrators-0-name"]

    def test_what_the_sentence_says_is_understood_and_kept_by_id(
        self, fill: Callable[..., str], app: Flask, other: int
    ) -> None:
        assert fill(administrators__0__name="赵管理（zhao2）") == "/filings/1/confirm"
        assert self.administrator(app) == ("赵管理", other)

    @pytest.mark.parametrize(("action", "leads_to"), [("send", "/filings/1/confirm"), ("save", "/filings/1")])
    def test_what_the_sentence_says_is_understood_however_long(
        self, action: str, leads_to: str, fill: Callable[..., Any], app: Flask, college: College
    ) -> None:
        titles = ("思想政治理论课专任教师", "思想政治理论课专任教师兼大学生心理健康教育中心常务副主任")
        people = self.enter_lecturers(app, college, *titles)
        sentence = fill(administrators__0__name="王伟").errors["administrators-0-name"]
        listed = sentence.partition("：")[2].rstrip("。").split("、")
        assert all(len(said) > 64 for said in listed)
        assert fill(action, administrators__0__name=listed[1]) == leads_to
        assert self.administrator(app) == ("王伟", people[1])

    @pytest.mark.parametrize("action", ["send", "save"])
    def test_what_is_too_long_and_no_persons_is_refused_as_any_long_name(
        self, action: str, fill: Callable[..., Page], app: Flask, college: College
    ) -> None:
        self.enter_lecturers(app, college, "教师", "教师")
        unit = "马克思主义学院" * 10
        for typed, words in (
            (f"王伟（{unit}，教授）", "姓名最多64个字，请删去13个字"),
            (f"王伟（{unit}）{'）' * 300}", "姓名最多64个字"),
            (f"王伟（{unit}，教师）", "有2位同名"),
        ):
            assert words in fill(action, administrators__0__name=typed).errors["administrators-0-name"]

    def enter_lecturers(self, app: Flask, college: College, *titles: str) -> list[int]:
        """People who are called 王伟, all of one department of a long name."""
        with app.app_context(), unit_of_work() as session:
            unit = session.get_one(Department, college.departments["5"])
            unit.name = "马克思主义学院" * 10
            people = [Person(name="王伟", job_title=title, department_id=unit.id) for title in titles]
            session.add_all(people)
            session.flush()
            return [person.id for person in people]

    def test_a_draft_may_leave_it_open(self, fill: Callable[..., str], app: Flask) -> None:
        assert fill("save") == "/filings/1"
        assert self.administrator(app) == ("赵管理", None)

    def test_somebody_whom_no_directory_knows_is_taken_as_written(self, fill: Callable[..., str], app: Flask) -> None:
        assert fill(administrators__0__name="王伟（外聘）") == "/filings/1/confirm"
        assert self.administrator(app) == ("王伟（外聘）", None)
