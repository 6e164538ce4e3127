"""The pages of leaving and handing over, from 标记离职 to 确认接任, and what everybody sees of it."""

import re
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import delete, select

from extensions import db
from models import Contact, ContactRole, Handover, Message, Person, PlatformIdentity
from models.database import unit_of_work
from operations.appointing import appoint
from tests.college import College
from tests.pages.conftest import Browser, Made, SignIn, one_database
from tests.pages.reading import read
from tests.pages.test_every_page import assert_well_made

pytestmark = one_database

LEAVER, HEAD, SUCCESSOR, ADMIN = "wangqunzhu", "zhangzhuren", "lilaoshi", "wuguanli"
PAGE, CHOOSE, ANSWER = "/handovers/1", "/handovers/1/successor", "/handovers/1/answer"
OwnersOf = Callable[[], list[str]]


@pytest.fixture
def left(app: Flask, made: Made, sign_in: SignIn, college: College) -> None:
    """王群主, 群主 of groups 1 and 2 of 护理系, is marked 离职."""
    made.submitted("jiwai", name="护理系甲群", number="7000001")
    made.submitted("jiwai", name="护理系乙群", number="7000002")
    address = f"/administration/people/{college.people[LEAVER]}/leaving"
    assert sign_in(ADMIN).post(address, action="mark").status_code == 302


@pytest.fixture
def owners(app: Flask) -> OwnersOf:
    """Who owns the groups now."""

    def names() -> list[str]:
        with app.app_context():
            query = select(Contact.name).where(Contact.role == ContactRole.OWNER).order_by(Contact.group_id)
            return list(db.session.scalars(query))

    return names


def choose(browser: Browser, name: str = "李老师", *items: str, **said: str) -> str:
    """Ask somebody to take over; where the answer leads."""
    page = browser.open(PAGE)
    values = {**page.form(CHOOSE).values, "items": list(items or ("1", "2")), "person": name, "action": "ask", **said}
    answer = browser.client.post(CHOOSE, data=values)
    assert answer.status_code == 302, answer.text
    return str(answer.location)


def flashed(browser: Browser, address: str) -> str:
    return browser.open(address).text


class TestMarking:
    def test_the_page_says_what_would_happen_and_asks(self, made: Made, sign_in: SignIn, college: College) -> None:
        made.submitted()
        page = sign_in(ADMIN).open(f"/administration/people/{college.people[HEAD]}/leaving")
        for said in ("岗位，1个", "等本人办理的，1项", "担任责任人的群组，1个", "本人返岗后恢复", "护理系教师工作群"):
            assert said in page.text
        assert page.headings == ["标记离职"]
        assert_well_made(page)

    def test_whoever_is_marked_is_out_at_the_next_request_and_in_again_afterwards(
        self, sign_in: SignIn, college: College
    ) -> None:
        leaver, admin = sign_in(LEAVER), sign_in(ADMIN)
        address = f"/administration/people/{college.people[LEAVER]}/leaving"
        assert leaver.client.get("/").status_code == 200
        admin.send(admin.open(address), address, action="mark")
        assert leaver.client.get("/").location.startswith("/login")
        page = admin.open(address)
        assert page.headings == ["取消离职标记"]
        assert_well_made(page)
        admin.send(page, address, action="unmark")
        assert leaver.client.get("/").status_code == 200

    def test_what_cannot_be_is_refused_with_a_sentence(self, sign_in: SignIn, college: College) -> None:
        address = f"/administration/people/{college.people[ADMIN]}/leaving"
        for page in (sign_in(ADMIN).open(address), read(sign_in(ADMIN).post(address, action="mark"), 422)):
            assert "不能把自己标记为离职" in page.text
            assert address not in [form.action for form in page.forms]
            assert_well_made(page)
        other = f"/administration/people/{college.people['jiwai']}/leaving"
        page = read(sign_in(ADMIN).post(other), 422)
        assert "请从下面的按钮中选择" in page.text
        assert sign_in(ADMIN).client.get("/administration/people/404/leaving").status_code == 404


@pytest.mark.usefixtures("left")
class TestArranging:
    def test_the_head_finds_one_task_everywhere(self, sign_in: SignIn) -> None:
        head = sign_in(HEAD)
        for address in ("/", "/approvals", "/handovers"):
            page = head.open(address)
            assert page.links.count(PAGE) == 1
            assert "2个群组" in page.text
            assert_well_made(page)
        assert re.search(r'class="count">3<', head.open("/").html)

    def test_a_successor_may_have_brackets_in_their_name(self, app: Flask, sign_in: SignIn, college: College) -> None:
        with app.app_context(), unit_of_work() as session:
            session.get_one(Person, college.people[SUCCESSOR]).name = "李伟（外聘）"
        head, picked = sign_in(HEAD), str(college.people[SUCCESSOR])
        assert "已请李伟（外聘）确认接任2项" in flashed(head, choose(head, "李伟（外聘）", person_id=picked))
        assert "等待李伟（外聘）确认接任" in head.open("/groups/1").text

    def test_the_page_ticks_everything_and_suggests_nobody(self, sign_in: SignIn) -> None:
        page = sign_in(HEAD).open(PAGE)
        assert page.states[0] == "open"
        assert page.html.count(" checked>") == 2
        assert page.form(CHOOSE).values["person"] == ""
        assert {"护理系甲群", "护理系乙群"} <= set(re.findall("护理系.群", page.text))
        assert_well_made(page)

    def test_the_way_of_a_group_from_a_leaver_to_a_successor(
        self, sign_in: SignIn, owners: OwnersOf, app: Flask
    ) -> None:
        head, successor = sign_in(HEAD), sign_in(SUCCESSOR)
        said = flashed(head, choose(head))
        assert "已请李老师确认接任2项" in said
        for address in ("/approvals", "/handovers"):
            page = head.open(address)
            assert page.links.count(PAGE) == 1
            assert re.search("等对方确认.*等待李老师确认接任 · [0-9 :-]+ 起", page.text, re.DOTALL)
            assert_well_made(page)
        assert re.search(r'class="count">2<', head.open("/").html)
        assert "等待李老师确认接任" in head.open("/groups/1").text
        page = successor.open("/approvals")
        assert page.links.count(PAGE) == 1
        page = successor.open(PAGE)
        assert "answer" in page.ids
        assert "/me" in page.links
        assert "群组档案需要（备案登记表）" in page.text
        assert_well_made(page)
        successor.send(page, ANSWER, answer="confirm")
        assert owners() == ["李老师", "李老师"]
        page = successor.open(PAGE)
        assert page.states[0] == "closed"
        assert "已确认接任" not in head.open("/groups/1").text
        page = head.open("/groups/1")
        assert "群主：王群主 → 李老师" in page.text
        assert "责任人缺位" not in page.text
        assert "未提供" in page.text
        assert_well_made(page)
        assert "等我办理" in head.open("/").text
        assert PAGE not in head.open("/approvals").links

    def test_the_groups_show_the_vacancy_to_whoever_sees_them(self, sign_in: SignIn) -> None:
        page = sign_in("zhougan").open("/groups/1")
        assert "群主已离职，等待部门负责人安排接任人" in page.text
        assert_well_made(page)
        page = sign_in("zhougan").open("/registry")
        assert page.text.count("责任人缺位") == 2
        assert_well_made(page)

    @pytest.mark.parametrize("address", ["/filings/1", "/groups/1"])
    def test_a_page_of_the_group_marks_who_left_and_leads_whoever_sees_to_it_to_the_handover(
        self, sign_in: SignIn, address: str
    ) -> None:
        for user_id, leads in ((HEAD, True), (ADMIN, True), ("zhougan", True), ("jiwai", False)):
            page = sign_in(user_id).open(address)
            assert "群主已离职，等待部门负责人安排接任人" in page.text, user_id
            assert page.html.count(">已离职</span>") == 1
            assert page.html.index(">责任人缺位</span>") < page.html.index("<dl")
            assert (PAGE in page.links) == leads, user_id
            assert_well_made(page)

    def test_a_registered_filing_shows_the_vacancy_until_somebody_takes_over(self, sign_in: SignIn) -> None:
        head = sign_in(HEAD)
        head.post("/filings/1/decision", outcome="approved")
        sign_in("zhougan").post("/filings/1/decision", outcome="registered")
        assert "责任人缺位" in head.open("/filings/1").text
        choose(head)
        assert "等待李老师确认接任" in head.open("/filings/1").text
        sign_in(SUCCESSOR).post(ANSWER, answer="confirm")
        page = head.open("/filings/1")
        assert "责任人缺位" not in page.text
        assert "已离职" not in page.text

    def test_what_waits_for_somebody_is_marked_in_their_lists(self, sign_in: SignIn) -> None:
        for address in ("/", "/approvals"):
            assert sign_in(HEAD).open(address).html.count(">责任人缺位</span>") == 2
        page = sign_in("jiwai").open("/")
        assert page.text.count("等待部门负责人安排接任人") == 2

    def test_two_leavers_of_a_group_are_two_ways(self, sign_in: SignIn, college: College) -> None:
        admin = sign_in(ADMIN)
        admin.post(f"/administration/people/{college.people['zhaoguanli']}/leaving", action="mark")
        page = sign_in(HEAD).open("/filings/1")
        assert {"/handovers/1", "/handovers/2"} <= set(page.links)
        assert "办理移交（王群主）" in page.text
        assert "办理移交（赵管理）" in page.text

    def test_my_groups_show_the_vacancy(self, sign_in: SignIn) -> None:
        sign_in(HEAD).post("/filings/1/decision", outcome="approved")
        sign_in("zhougan").post("/filings/1/decision", outcome="registered")
        page = sign_in(HEAD).open("/")
        assert "责任人缺位" in page.text
        assert "等待部门负责人安排接任人" in page.text

    def test_one_item_alone_may_be_given(self, sign_in: SignIn, owners: OwnersOf) -> None:
        head = sign_in(HEAD)
        choose(head, "李老师", "1")
        assert head.open(PAGE).html.count(" checked>") == 1
        sign_in(SUCCESSOR).post(ANSWER, answer="confirm")
        assert owners() == ["李老师", "王群主"]

    def test_the_head_may_take_over_at_once(self, sign_in: SignIn, owners: OwnersOf) -> None:
        head = sign_in(HEAD)
        page = head.open(PAGE)
        values = {**page.form(CHOOSE).values, "items": ["1", "2"], "person": "李老师", "action": "self"}
        assert "这里填写了李老师" in read(head.client.post(CHOOSE, data=values), 422).errors["person"]
        page = read(head.client.post(CHOOSE, data={**values, "person": ""}))
        assert owners() == ["王群主", "王群主"]
        assert re.search("护理系甲群.*群主.*护理系乙群.*群主", page.text, re.DOTALL)
        assert_well_made(page)
        values = {**page.form(CHOOSE).values, "items": ["1", "2"], "action": "confirm"}
        assert "已由您接任2项" in flashed(head, head.client.post(CHOOSE, data=values).location)
        assert owners() == ["张主任", "张主任"]

    def test_taking_over_oneself_asks_for_a_choice_and_takes_what_was_chosen_only(
        self, sign_in: SignIn, owners: OwnersOf
    ) -> None:
        head = sign_in(HEAD)
        values = {**head.open(PAGE).form(CHOOSE).values, "person": "", "action": "self"}
        page = read(head.client.post(CHOOSE, data={**values, "items": []}), 422)
        assert "请至少选择一项" in page.errors["items"]
        page = read(head.client.post(CHOOSE, data={**values, "items": ["2"]}))
        assert "护理系甲群" not in page.text
        assert page.form(CHOOSE).values["items"] == "2"
        choose(head, "赵管理")
        late = read(head.client.post(CHOOSE, data={**page.form(CHOOSE).values, "action": "confirm"}), 409)
        assert "移交安排刚刚有变动" in late.text
        assert owners() == ["王群主", "王群主"]

    @pytest.mark.parametrize(
        ("said", "field", "sentence"),
        [
            ({"person": "王群主"}, "person", "通讯录中没有“王群主”"),
            ({"person": "查无此人"}, "person", "通讯录中没有“查无此人”"),
            ({"person": ""}, "person", "请填写姓名"),
            ({"person": "长" * 260}, "person", "姓名最多256个字"),
            ({"person": "李老师", "items": []}, "items", "请至少选择一项"),
            ({"person": "李老师", "items": ["x", "99999999999"]}, "items", "请至少选择一项"),
        ],
    )
    def test_what_cannot_be_is_said_at_the_field_and_nothing_typed_is_lost(
        self, sign_in: SignIn, owners: OwnersOf, said: dict[str, object], field: str, sentence: str
    ) -> None:
        head = sign_in(HEAD)
        values = {**head.open(PAGE).form(CHOOSE).values, "items": ["2"], "action": "ask", **said}
        page = read(head.client.post(CHOOSE, data=values), 422)
        assert sentence in page.errors[field]
        assert page.form(CHOOSE).values["person"] == said["person"]
        assert page.html.count(" checked>") == (1 if field == "person" else 0)
        assert_well_made(page)

    def test_whoever_was_slower_sees_how_it_stands_and_keeps_what_they_typed(
        self, app: Flask, sign_in: SignIn, owners: OwnersOf
    ) -> None:
        with app.app_context():
            appoint("chenshuji", "DEPARTMENT_HEAD", "8")
        first, second = sign_in(HEAD), sign_in("chenshuji")
        values = {**second.open(PAGE).form(CHOOSE).values, "items": ["1"], "person": "赵管理", "action": "ask"}
        choose(first)
        page = read(second.client.post(CHOOSE, data=values), 409)
        assert "移交安排刚刚有变动" in page.text
        assert "李老师" in page.text
        assert page.form(CHOOSE).values["person"] == "赵管理"
        assert_well_made(page)
        values = {**page.form(CHOOSE).values, "items": ["1"], "action": "ask"}
        assert second.client.post(CHOOSE, data=values).status_code == 302

    def test_whoever_stays_silent_is_found_by_the_head_who_may_choose_another(
        self, sign_in: SignIn, owners: OwnersOf
    ) -> None:
        head = sign_in(HEAD)
        choose(head)
        assert PAGE in head.open("/handovers").links
        choose(head, "赵管理", "1")
        assert re.search("等待李老师、赵管理确认接任", head.open("/handovers").text)
        choose(head, "赵管理")
        assert "等待赵管理确认接任" in head.open("/handovers").text
        for user_id in (SUCCESSOR, "chenshuji"):
            assert PAGE not in sign_in(user_id).open("/handovers").links
        assert "等对方确认" not in sign_in(ADMIN).open("/approvals").text
        sign_in("zhaoguanli").post(ANSWER, answer="decline")
        page = head.open("/handovers")
        assert page.links.count(PAGE) == 1
        assert "等对方确认" not in page.text

    def test_a_no_goes_back_to_the_head(self, sign_in: SignIn, owners: OwnersOf) -> None:
        head, successor = sign_in(HEAD), sign_in(SUCCESSOR)
        choose(head)
        successor.send(successor.open(PAGE), ANSWER, answer="decline")
        assert "不接任" in head.open(PAGE).text
        assert PAGE in head.open("/approvals").links
        assert PAGE not in successor.open("/approvals").links
        assert owners() == ["王群主", "王群主"]

    def test_an_answer_too_late_or_none_at_all_changes_nothing(self, sign_in: SignIn, owners: OwnersOf) -> None:
        head, successor = sign_in(HEAD), sign_in(SUCCESSOR)
        choose(head)
        assert "请选择" in flashed(successor, successor.post(ANSWER).location)
        choose(head, "赵管理")
        assert "移交安排已变更" in flashed(successor, successor.post(ANSWER, answer="confirm").location)
        assert owners() == ["王群主", "王群主"]
        sign_in("zhaoguanli").post(ANSWER, answer="confirm")
        again = sign_in("zhaoguanli").post(ANSWER, answer="decline")
        assert "您已确认接任" in flashed(sign_in("zhaoguanli"), PAGE) or again.status_code == 302
        assert owners() == ["赵管理", "赵管理"]

    def test_who_oversees_sees_all_that_is_open(self, sign_in: SignIn) -> None:
        page = sign_in("zhougan").open("/handovers")
        assert page.links.count(PAGE) == 1
        assert "全院未完成的移交" in page.text
        assert "全院未完成的移交" not in sign_in(HEAD).open("/handovers").text

    def test_the_leavers_name_and_what_they_did_stay_on_the_pages(self, app: Flask, sign_in: SignIn) -> None:
        with app.app_context(), unit_of_work() as session:
            leaver = select(Person.id).where(Person.name == "王群主").scalar_subquery()
            session.execute(delete(PlatformIdentity).where(PlatformIdentity.person_id == leaver))
        assert "王群主" in sign_in(HEAD).open("/filings/1").text
        assert "王群主" in sign_in(HEAD).open(PAGE).text

    def test_an_unknown_handover_is_a_page_that_says_so(self, sign_in: SignIn) -> None:
        assert sign_in(HEAD).open("/handovers/404", 404).headings


@pytest.mark.usefixtures("left")
def test_no_message_of_it_carries_a_phone(app: Flask, sign_in: SignIn) -> None:
    choose(sign_in(HEAD))
    sign_in(SUCCESSOR).post(ANSWER, answer="confirm")
    with app.app_context():
        assert db.session.scalar(select(Handover.closed_at)) is not None
        assert not re.search(r"1[3-9][0-9]{9}", str([m.card for m in db.session.scalars(select(Message))]))
