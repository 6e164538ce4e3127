"""The state of the service: each thing that can be wrong is found, counted in full and named by its first few."""

from datetime import date, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, insert, select, update

from extensions import db
from messaging import outbox
from messaging.worker import beat
from models import (
    Contact,
    Department,
    DirectorySync,
    Group,
    LastHeard,
    Message,
    MessageState,
    Person,
    Post,
    SyncState,
    WorkerHeartbeat,
    utc_now,
)
from models.database import unit_of_work
from operations.appointing import appoint
from operations.clock import college_today
from operations.health.calendar import working_days
from operations.health.examination import examine
from operations.health.first_steps import first_steps
from operations.health.report import MOST_NAMED, Area, Check, Level, Place
from operations.rules import rules_in_force
from regulation import DepartmentKind, PostKind, parse_regulation
from tests.college import College, set_short_name
from tests.conftest import StatementCounter


@pytest.fixture(autouse=True)
def _context(context: Flask) -> None:
    """Every test here calls operations directly."""


def check(title: str) -> Check:
    """The one check of this title, as things stand now."""
    db.session.rollback()
    [only] = [check for area in examine() for check in area.checks if check.title == title]
    return only


def area(code: str) -> Area:
    db.session.rollback()
    [only] = [area for area in examine() if area.code == code]
    return only


def named(found: Check) -> list[str]:
    return [row.text for row in found.rows]


def leaves(college: College, *user_ids: str) -> None:
    with unit_of_work() as session:
        for user_id in user_ids:
            session.get_one(Person, college.people[user_id]).left_at = utc_now()


def ends(*kinds: PostKind) -> None:
    with unit_of_work() as session:
        session.execute(update(Post).where(Post.kind.in_(kinds)).values(ended_at=utc_now()))


def department(college: College, key: str, **values: object) -> None:
    with unit_of_work() as session:
        session.execute(update(Department).where(Department.id == college.departments[key]).values(**values))


class TestPosts:
    def test_the_posts_of_the_college_are_missed_when_nobody_holds_them(self, college: College) -> None:
        assert check("全院岗位空缺").level is Level.FINE
        ends(PostKind.REGISTRAR)
        found = check("全院岗位空缺")
        assert (found.level, named(found)) == (Level.FAULT, ["没有人担任备案登记人"])
        assert found.rows[0].way is not None
        assert (found.rows[0].way.place, found.rows[0].way.ids) == (Place.APPOINT, {"post": "registrar"})
        leaves(college, "wuguanli")
        found = check("全院岗位空缺")
        assert named(found) == ["没有人担任系统管理员", "没有人担任备案登记人"]
        assert "flask --app app appoint" in found.said
        assert "INITIAL_ADMINISTRATORS" in found.said

    def test_an_administrator_who_lasts_is_missed_before_the_last_day(self, college: College) -> None:
        assert check("系统管理员都有结束日期").level is Level.FINE
        with unit_of_work() as session:
            session.execute(update(Post).where(Post.kind == PostKind.ADMINISTRATOR).values(ends_on=date(2099, 1, 31)))
        found = check("系统管理员都有结束日期")
        assert (found.level, named(found)) == (Level.CARE, ["最晚到2099-01-31"])
        assert found.way is not None
        assert (found.way.place, found.way.ids) == (Place.APPOINT, {"post": "administrator"})
        appoint("jiwai", "ADMINISTRATOR", None)
        assert check("系统管理员都有结束日期").level is Level.FINE

    def test_a_department_that_nobody_heads_is_named_with_the_way_to_appoint(self, college: College) -> None:
        found = check("没有部门负责人的部门")
        assert (found.level, named(found)) == (Level.CARE, ["宣传统战部", "校团委"])
        assert found.rows[0].way is not None
        assert found.rows[0].way.ids == {"post": "department_head", "department": college.departments["3"]}

    def test_neither_the_college_itself_nor_a_party_branch_needs_a_head(self, college: College) -> None:
        department(college, "7", kind=DepartmentKind.PARTY_BRANCH)
        assert named(check("没有部门负责人的部门")) == ["宣传统战部"]

    def test_a_post_whose_only_holder_left_is_told_apart_from_one_never_given(self, college: College) -> None:
        leaves(college, "zhangzhuren")
        found = check("任职人已离职的岗位")
        assert named(found) == ["护理系部门负责人：张主任已离职"]
        assert "护理系" not in named(check("没有部门负责人的部门"))
        assert "张" not in found.rows[0].subject

    def test_a_post_that_another_holds_too_is_fine_when_one_leaves(self, college: College) -> None:
        with unit_of_work() as session:
            session.add(
                Post(
                    kind=PostKind.DEPARTMENT_HEAD,
                    person_id=college.people["chenshuji"],
                    department_id=college.departments["8"],
                )
            )
        leaves(college, "zhangzhuren")
        assert check("任职人已离职的岗位").level is Level.FINE

    def test_filings_that_wait_where_nobody_is_are_a_fault(self, college: College) -> None:
        college.submitted()
        college.submitted(name="护理系二群", number="700002")
        assert check("有备案在等的空缺岗位").level is Level.FINE
        leaves(college, "zhangzhuren")
        found = check("有备案在等的空缺岗位")
        assert (found.level, named(found)) == (Level.FAULT, ["护理系部门负责人：2份备案在等"])

    def test_a_post_that_has_ended_or_not_begun_is_held_by_nobody(self, college: College) -> None:
        with unit_of_work() as session:
            session.execute(update(Post).where(Post.kind == PostKind.REGISTRAR).values(begun=False))
        assert check("全院岗位空缺").count == 1

    def test_a_department_without_a_leader_of_the_college_is_named(self, college: College) -> None:
        assert named(check("没有主管院领导的部门")) == ["宣传统战部", "学生处", "校团委"]

    def test_a_faculty_needs_a_secretary_of_its_own_or_of_its_branch(self, college: College) -> None:
        assert check("没有党总支负责人的系部和单位").level is Level.FINE
        department(college, "8", kind=DepartmentKind.FACULTY)
        assert check("没有党总支负责人的系部和单位").level is Level.FINE
        department(college, "8", party_branch_id=college.departments["7"])
        found = check("没有党总支负责人的系部和单位")
        assert (named(found), found.rows[0].detail) == (["护理系"], "所属：校团委")
        assert found.rows[0].way is not None
        assert found.rows[0].way.ids == {"post": "party_secretary", "department": college.departments["7"]}
        department(college, "8", party_branch_id=None)
        ends(PostKind.PARTY_SECRETARY)
        found = check("没有党总支负责人的系部和单位")
        assert found.rows[0].way is not None
        assert found.rows[0].way.place is Place.DEPARTMENT

    def test_a_branch_that_is_no_more_is_told_though_the_unit_has_a_secretary(self, college: College) -> None:
        department(college, "8", kind=DepartmentKind.FACULTY, party_branch_id=college.departments["7"])
        department(college, "7", removed_at=utc_now())
        found = check("没有党总支负责人的系部和单位")
        assert (found.level, named(found)) == (Level.CARE, ["护理系"])
        assert found.rows[0].detail == "所属党总支已撤销，请另选"
        assert found.rows[0].way is not None
        assert found.rows[0].way.place is Place.DEPARTMENT
        assert found.rows[0].way.ids == {"department_id": college.departments["8"]}
        assert "设置系部所属党总支及其负责人" in _open()
        department(college, "8", party_branch_id=None)
        assert check("没有党总支负责人的系部和单位").level is Level.FINE

    def test_what_waits_in_a_department_that_is_no_more_is_not_mended_by_appointing(self, college: College) -> None:
        college.submitted()
        leaves(college, "zhangzhuren")
        department(college, "8", removed_at=utc_now())
        found = check("有备案在等的空缺岗位")
        assert found.rows[0].way is not None
        assert found.rows[0].way.place is Place.DEPARTMENT
        assert found.rows[0].detail == "部门已撤销，请并入其他部门"


class TestDepartments:
    def test_one_of_no_known_kind_is_named_until_it_is_set(self, college: College) -> None:
        assert check("未设置单位类别的部门").count == 4
        department(college, "8", kind=DepartmentKind.FACULTY)
        assert "护理系" not in named(check("未设置单位类别的部门"))

    def test_a_short_name_that_is_only_the_directorys_is_a_hint_and_no_fault(self, college: College) -> None:
        assert check("没有单独设置单位简称的部门").level is Level.HINT
        for key in ("3", "5", "7", "8"):
            department(college, key, short_name=f"简称{key}")
        assert check("没有单独设置单位简称的部门").level is Level.FINE

    def test_a_unit_without_a_branch_is_a_hint_until_it_belongs_to_one(self, college: College) -> None:
        department(college, "5", kind=DepartmentKind.OFFICE)
        department(college, "8", kind=DepartmentKind.FACULTY)
        found = check("没有对应党总支的单位")
        assert (found.level, [row.text for row in found.rows]) == (Level.HINT, ["学生处"])
        department(college, "5", party_branch_id=college.departments["8"])
        assert check("没有对应党总支的单位").level is Level.FINE

    def test_groups_of_a_department_that_is_gone_are_to_be_moved(self, college: College) -> None:
        college.submitted()
        department(college, "8", removed_at=utc_now())
        found = check("已撤销但还有群的部门")
        assert (named(found), found.rows[0].detail) == (["护理系"], "1个群")

    def test_two_departments_of_one_effective_short_name_clash(self, college: College) -> None:
        assert check("相同的单位简称").level is Level.FINE
        department(college, "5", short_name="护理系")
        found = check("相同的单位简称")
        assert named(found) == ["“护理系”：学生处、护理系"]
        department(college, "8", removed_at=utc_now())
        assert check("相同的单位简称").level is Level.FINE

    def test_the_colleges_own_short_name_clashes_too(self, college: College) -> None:
        department(college, "5", short_name="川护")
        assert check("相同的单位简称").count == 1


class TestPeople:
    def test_whoever_left_and_is_still_named_in_a_live_group_is_listed(self, college: College) -> None:
        college.submitted()
        assert check("已离职但仍是群的责任人").level is Level.FINE
        leaves(college, "wangqunzhu")
        found = check("已离职但仍是群的责任人")
        assert (found.level, named(found), found.rows[0].detail) == (Level.CARE, ["王群主"], "1个群")
        assert found.way is not None
        assert found.way.place is Place.HANDOVERS
        assert "王" not in found.rows[0].subject

    def test_a_draft_is_no_live_group(self, college: College) -> None:
        college.draft()
        leaves(college, "wangqunzhu")
        assert check("已离职但仍是群的责任人").level is Level.FINE

    def test_two_of_one_name_are_a_hint_and_those_who_left_do_not_count(self, college: College) -> None:
        with unit_of_work() as session:
            session.add_all([Person(name="李老师"), Person(name="王群主", left_at=utc_now())])
        found = check("同名的人")
        assert (found.level, named(found), found.rows[0].detail) == (Level.HINT, ["李老师"], "2人")

    def test_an_account_that_is_a_mobile_is_not_told(self, college: College) -> None:
        college.submitted()
        leaver, namesake = college.people["wangqunzhu"], college.people["lilaoshi"]
        assert check("已离职但仍是群的责任人").count == 0
        leaves(college, "wangqunzhu")
        assert [row.subject for row in check("已离职但仍是群的责任人").rows] == ["wangqunzhu"]
        with unit_of_work() as session:
            session.get_one(Person, leaver).identities[0].user_id = "19900000002"
            session.get_one(Person, namesake).identities[0].user_id = "+86-199-0000-0001"
            session.add(Person(name="李老师"))
        assert [row.subject for row in check("已离职但仍是群的责任人").rows] == [f"people {leaver}"]
        assert [row.subject for row in check("同名的人").rows] == [f"people {namesake} 等"]

    def test_groups_of_one_name_in_different_departments_clash(self, college: College) -> None:
        college.submitted()
        assert check("不同部门的同名群").level is Level.FINE
        group_id = college.filing(college.submitted(number="700003", name="护理系二群")).group_id
        with unit_of_work() as session:
            group = session.get_one(Group, group_id)
            group.department_id, group.name = college.departments["5"], "护理系教师工作群"
        found = check("不同部门的同名群")
        assert (named(found), found.rows[0].detail) == (["护理系教师工作群"], "2个部门")


def test_where_changes_of_the_directory_are_told_is_said_while_none_was() -> None:
    assert "管理工具 › 通讯录同步 › 接收事件服务器" in check("通讯录变更").said


class TestWorkingDays:
    @pytest.mark.parametrize(
        ("day", "level", "year"),
        [
            ("2026-10-31", Level.FINE, ""),
            ("2026-11-01", Level.HINT, "2027"),
            ("2026-12-31", Level.HINT, "2027"),
            ("2027-01-01", Level.CARE, "2027"),
            ("2025-12-31", Level.FINE, ""),
        ],
    )
    def test_a_year_that_is_not_arranged_is_said_from_november_on(self, day: str, level: Level, year: str) -> None:
        """E62: what to do about it, in the system or in the rules' file."""
        found = working_days(datetime.fromisoformat(f"{day}T12:00+08:00"))
        assert found.level is level
        assert year in found.said
        assert ("[calendar]" in found.said) is (level is not Level.FINE)

    def test_days_that_the_college_entered_are_enough(self, context: Flask) -> None:
        """E62: whatever the State Council's table lacks."""
        source = rules_in_force().source.replace("days_off = []", "days_off = [2027-02-08]", 1)
        context.extensions["regulations"][None] = parse_regulation(source)
        assert working_days(datetime.fromisoformat("2026-12-01T12:00+08:00")).level is Level.FINE

    def test_the_page_lists_it(self) -> None:
        assert check("工作日历").title == "工作日历"


class TestMessages:
    def test_one_that_failed_is_told_with_the_reason_in_plain_words(self, college: College) -> None:
        college.submitted()
        assert area("messages").level is Level.FINE
        [message] = college.told("zhangzhuren")
        _change(message, state=MessageState.FAILED, error="81013 user & party & tag all invalid")
        found = check("未能送达的消息")
        assert (found.level, named(found)) == (Level.FAULT, ["发给张主任的“护理系教师工作群”"])
        assert found.rows[0].detail == "接收人不在应用的可见范围内，或账号已停用（81013）"
        assert found.rows[0].subject == f"messages {message.id}"
        assert found.rows[0].way is not None
        assert found.rows[0].way.ids == {"message_id": message.id}

    def test_one_that_is_overdue_means_that_nothing_leaves(self, college: College) -> None:
        college.submitted()
        [message] = college.told("zhangzhuren")
        _change(message, run_at=utc_now() - timedelta(minutes=6))
        found = check("待发送的消息")
        assert found.level is Level.FAULT
        assert "3条消息待发送" in found.said

    def test_one_that_is_tried_again_says_why(self, college: College) -> None:
        college.submitted()
        [message] = college.told("zhangzhuren")
        for error, words in (("60020 not allow", "企业可信IP"), ("ConnectTimeout", "暂时连不上企业微信")):
            _change(message, attempts=2, error=error, run_at=utc_now() + timedelta(minutes=2))
            found = check("待发送的消息")
            assert found.level is Level.CARE
            assert words in found.said

    def test_a_closing_that_failed_is_nobodys_trouble(self, college: College) -> None:
        college.submitted()
        [message] = college.told("zhangzhuren")
        with unit_of_work() as session:
            closing = outbox._closing(session.get_one(Message, message.id), "已同意", "")
            closing.state = MessageState.FAILED
            session.add(closing)
        assert check("未能送达的消息").level is Level.FINE


class TestPlatform:
    def test_a_worker_that_is_not_there_is_a_fault(self, college: College) -> None:
        assert check("后台进程").level is Level.FAULT
        beat()
        assert check("后台进程").level is Level.FINE
        with unit_of_work() as session:
            session.execute(update(WorkerHeartbeat).values(beat_at=utc_now() - timedelta(minutes=1)))
        found = check("后台进程")
        assert found.level is Level.FAULT
        assert "最后一次响应" in found.said

    @pytest.mark.parametrize(
        ("state", "hours", "level", "words"),
        [
            (SyncState.DONE, 1, Level.FINE, "上次同步"),
            (SyncState.DONE, 40, Level.CARE, "夜间同步没有进行"),
            (SyncState.FAILED, 1, Level.FAULT, "可见范围是空的"),
            (SyncState.WAITING, 1, Level.FAULT, "还没有同步过"),
        ],
    )
    def test_the_last_sync_is_told_with_what_came_of_it(
        self, state: SyncState, hours: int, level: Level, words: str
    ) -> None:
        at = utc_now() - timedelta(hours=hours)
        with unit_of_work() as session:
            session.add(DirectorySync(key="a", state=state, created_at=at, finished_at=at, problem="可见范围是空的。"))
        found = check("通讯录同步")
        assert found.level is level
        assert words in found.said

    def test_an_address_that_was_never_called_is_told_until_it_is(self, college: College) -> None:
        assert check("接收消息").level is Level.CARE
        assert check("通讯录变更").level is Level.HINT
        hear("wecom.callback", "wecom.contacts")
        assert check("接收消息").level is Level.FINE
        assert check("通讯录变更").level is Level.FINE

    @pytest.mark.parametrize(
        ("title", "name", "level"),
        [("接收消息", "wecom.callback", Level.CARE), ("通讯录变更", "wecom.contacts", Level.HINT)],
    )
    def test_an_address_that_is_silent_for_a_month_is_told_with_what_to_do(
        self, title: str, name: str, level: Level
    ) -> None:
        hear(name, ago=timedelta(days=29))
        assert check(title).level is Level.FINE
        hear(name, ago=timedelta(days=400, hours=1))
        found = check(title)
        assert (found.level, found.count) == (level, 1)
        assert "已400天没有收到" in found.said
        assert "检测平台设置" in found.said
        assert f"最近一次：{college_today(utc_now() - timedelta(days=400, hours=1))} " in found.said

    def test_a_moment_of_this_year_is_told_without_its_year(self) -> None:
        hear("wecom.callback")
        assert f"：{college_today():%m-%d} " in check("接收消息").said


def hear(*names: str, ago: timedelta = timedelta()) -> None:
    with unit_of_work() as session:
        for name in names:
            session.merge(LastHeard(name=name, heard_at=utc_now() - ago))


def _change(message: Message, **values: object) -> None:
    with unit_of_work() as session:
        session.execute(update(Message).where(Message.id == message.id).values(**values))


def test_what_is_found_of_posts_leads_to_the_posts_of_that_kind(college: College) -> None:
    leaves(college, "liuyuanzhang")
    for title, kind in (
        ("没有部门负责人的部门", "department_head"),
        ("没有主管院领导的部门", "college_leader"),
        ("任职人已离职的岗位", "college_leader"),
    ):
        way = check(title).way
        assert way is not None
        assert way.ids == {"kind": kind}


def test_an_area_is_as_bad_as_the_worst_in_it_and_the_worst_comes_first(college: College) -> None:
    ends(PostKind.REGISTRAR)
    posts = area("posts")
    assert posts.level is Level.FAULT
    levels = [check.level for check in posts.findings]
    assert levels == sorted(levels, reverse=True)


def test_counts_are_right_among_ten_thousand_people(college: College, counted: StatementCounter) -> None:
    group_id = college.filing(college.submitted()).group_id
    examine()
    db.session.rollback()
    counted.statements.clear()
    examine()
    few = len(counted)
    enter_a_crowd(group_id)
    leavers, alike = check("已离职但仍是群的责任人"), check("同名的人")
    assert (leavers.count, len(leavers.rows)) == (8, MOST_NAMED)
    assert (alike.count, len(alike.rows)) == (4000, MOST_NAMED)
    assert check("没有部门负责人的部门").count == 302
    db.session.rollback()
    counted.statements.clear()
    examine()
    assert len(counted) == few
    assert few <= 14


def enter_a_crowd(group_id: int) -> None:
    """Ten thousand people, eight who left and administer the group, and three hundred departments."""
    with unit_of_work() as session:
        lowest = session.scalar(select(func.max(Person.id))) or 0
        people = [
            {"name": f"示例{n % 4000}", "left_at": utc_now() if n < 300 else None, "pinyin": "", "initials": ""}
            for n in range(10_000)
        ]
        session.execute(insert(Person), people)
        contacts = [
            {
                "group_id": group_id,
                "role": "administrator",
                "position": n + 2,
                "person_id": lowest + 1 + n,
                "name": "示例",
            }
            for n in range(8)
        ]
        session.execute(insert(Contact), contacts)
        session.execute(
            insert(Department),
            [{"platform": "wecom", "platform_key": f"9{n}", "name": f"部门{n}"} for n in range(300)],
        )


SECRETARIES = "设置系部所属党总支及其负责人"


class TestFirstSteps:
    def test_a_bare_service_has_everything_before_it(self) -> None:
        assert [step.is_done for step in first_steps()] == [False] * 8
        assert all(step.way or step.said for step in first_steps())

    def test_each_is_ticked_as_it_is_done_and_the_list_goes_when_all_are(self, college: College) -> None:
        assert _open() == [
            "同步通讯录",
            "任命各部门负责人",
            "设置各部门的单位类别",
            "设置系部所属党总支及其负责人",
            "任命各部门的主管院领导",
            "接通接收消息",
            "启动后台进程",
        ]
        with unit_of_work() as session:
            session.add(DirectorySync(key="a", state=SyncState.DONE, finished_at=utc_now()))
        hear("wecom.callback")
        beat()
        assert len(_open()) == 4
        _give(college, PostKind.DEPARTMENT_HEAD, "3", "7")
        _give(college, PostKind.COLLEGE_LEADER, "3", "5", "7")
        assert _open() == ["设置各部门的单位类别", SECRETARIES]
        for key in ("3", "5", "7"):
            department(college, key, kind=DepartmentKind.OFFICE)
        department(college, "8", kind=DepartmentKind.FACULTY)
        assert first_steps() == []

    def test_nothing_is_ticked_for_having_nothing_to_do_yet(self, college: College) -> None:
        ends(PostKind.PARTY_SECRETARY)
        [step] = [step for step in first_steps() if step.label == SECRETARIES]
        assert (step.is_done, step.said, step.way) == (False, "先设置各部门的单位类别", None)
        before = len(_open())
        department(college, "8", kind=DepartmentKind.FACULTY)
        assert len(_open()) == before
        for key in ("3", "5", "7"):
            department(college, key, kind=DepartmentKind.OFFICE)
        db.session.rollback()
        [step] = [step for step in first_steps() if step.label == SECRETARIES]
        assert (step.is_done, step.said) == (False, "还有1个部门")
        assert len(_open()) == before - 1

    def test_a_college_without_a_faculty_has_no_secretaries_to_set(self, college: College) -> None:
        for key in ("3", "5", "7", "8"):
            department(college, key, kind=DepartmentKind.OFFICE)
        db.session.rollback()
        assert SECRETARIES not in [step.label for step in first_steps()]

    def test_each_leads_to_the_posts_it_is_about(self, college: College) -> None:
        ways = {step.label: step.way for step in first_steps() if step.way}
        assert ways["任命各部门负责人"].ids == {"kind": "department_head"}
        assert ways["任命各部门的主管院领导"].ids == {"kind": "college_leader"}

    def test_it_goes_with_the_first_registered_group(self, college: College, counted: StatementCounter) -> None:
        assert first_steps()
        group_id = college.filing(college.submitted()).group_id
        with unit_of_work() as session:
            group = session.get_one(Group, group_id)
            group.state, group.registration_number, group.live = "operating", "川护群备〔2026〕0001号", True
        counted.statements.clear()
        assert first_steps() == []
        assert len(counted) == 1


def _open() -> list[str]:
    db.session.rollback()
    return [step.label for step in first_steps() if not step.is_done]


def _give(college: College, kind: PostKind, *keys: str) -> None:
    with unit_of_work() as session:
        session.add_all(
            Post(kind=kind, person_id=college.people["liuyuanzhang"], department_id=college.departments[key])
            for key in keys
        )


def test_departments_whose_groups_should_be_renamed_are_counted(college: College) -> None:
    assert check("群名待改的部门").level is Level.FINE
    college.submitted(name="护理系教研室群")
    set_short_name((None, "tests"), college.departments["8"], "护院")
    found = check("群名待改的部门")
    assert (found.level, found.count, named(found)) == (Level.HINT, 1, ["护理系"])
    assert found.rows[0].detail == "1个群"
    way = found.rows[0].way
    assert way is not None
    assert (way.place, way.ids) == (Place.NAMES, {"department_id": college.departments["8"]})
