"""人员 and 岗位: an administrator finds somebody, gives and ends posts, and sees who holds what."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from extensions import db
from models import Delegation, Department, Membership, Person, Post, utc_now
from models.database import unit_of_work
from operations.appointing import Term, appoint, dismiss
from operations.clock import college_today
from operations.delegating import delegate
from operations.finding import spell
from regulation import DepartmentKind, PostKind
from tests.college import College
from tests.conftest import StatementCounter
from tests.pages.conftest import Browser, Made, SignIn, one_database
from tests.pages.reading import Page, read
from tests.pages.test_every_page import assert_well_made

pytestmark = one_database

PEOPLE, POSTS, PROPOSALS = "/administration/people", "/administration/posts", "/administration/posts/proposals"


@pytest.fixture
def administrator(sign_in: SignIn) -> Browser:
    return sign_in("wuguanli")


@pytest.fixture
def held_by(app: Flask, college: College) -> Callable[[str], set[tuple[PostKind, int | None]]]:
    """The posts that this person acts in, as the database has them now."""

    def held(user_id: str) -> set[tuple[PostKind, int | None]]:
        with app.app_context():
            return {(seat.kind, seat.department_id) for seat in college.actor(user_id).seats}

    return held


@pytest.fixture
def change(app: Flask) -> Callable[[Callable[[], object]], None]:
    """Call an operation in a context of its own, as a request would."""

    def run(operation: Callable[[], object]) -> None:
        with app.app_context():
            operation()

    return run


def page_of(college: College, user_id: str) -> str:
    return f"{PEOPLE}/{college.people[user_id]}"


def post_id_of(app: Flask, college: College, user_id: str) -> int:
    with app.app_context():
        query = select(Post.id).where(Post.person_id == college.people[user_id]).order_by(Post.id.desc())
        return db.session.scalars(query).first() or 0


def let_lead(app: Flask, college: College, user_id: str) -> None:
    """The directory calls this person the leader of their department."""
    with app.app_context(), unit_of_work() as session:
        session.scalars(
            select(Membership).where(Membership.person_id == college.people[user_id])
        ).one().is_leader = True


class TestFinding:
    @pytest.mark.parametrize("text", ["张主任", "zhangzhu", "zzr"])
    def test_somebody_is_found_by_name_and_sound_with_department_and_posts(
        self, administrator: Browser, college: College, text: str
    ) -> None:
        page = administrator.open(f"{PEOPLE}?q={text}")
        assert page_of(college, "zhangzhuren") in page.links
        assert "护理系 · 系主任" in page.text
        assert "护理系部门负责人" in page.text

    def test_a_department_finds_its_people(self, administrator: Browser, college: College) -> None:
        page = administrator.open(f"{PEOPLE}?q=学生处")
        assert {page_of(college, user_id) for user_id in ("sunchuzhang", "jiwai")} <= set(page.links)

    def test_whoever_left_is_found_where_that_is_asked(
        self, app: Flask, administrator: Browser, college: College
    ) -> None:
        with app.app_context(), unit_of_work() as session:
            session.get_one(Person, college.people["jiwai"]).left_at = utc_now()
        assert "没有找到" in administrator.open(f"{PEOPLE}?q=纪外人").text
        page = administrator.open(f"{PEOPLE}?q=纪外人&gone=y")
        assert page_of(college, "jiwai") in page.links
        assert "已离职" in page.text
        page = administrator.open(page_of(college, "jiwai"))
        assert [form.action for form in page.forms] == []

    def test_an_empty_search_says_what_to_do(self, administrator: Browser) -> None:
        for address in (PEOPLE, f"{PEOPLE}?q=%20"):
            page = administrator.open(address)
            assert "输入姓名、拼音或部门" in page.text
            assert_well_made(page)

    def test_on_the_way_to_an_appointment_each_row_leads_to_the_prefilled_form(
        self, administrator: Browser, college: College
    ) -> None:
        unit = college.departments["7"]
        page = administrator.open(f"{PEOPLE}?post=DEPARTMENT_HEAD&department={unit}&q=纪外人")
        assert "选择要任命为校团委部门负责人的人" in page.text
        link = next(link for link in page.links if link.startswith(page_of(college, "jiwai")))
        form = administrator.open(link.partition("#")[0]).form(f"{page_of(college, 'jiwai')}/posts")
        assert (form.values["kind"], form.values["department_id"]) == ("department_head", str(unit))

    @pytest.mark.parametrize(
        "query", ["post=KING", "post=DEPARTMENT_HEAD&department=404", "post=REGISTRAR&department=x"]
    )
    def test_a_post_that_there_is_not_is_not_offered(self, administrator: Browser, query: str) -> None:
        assert_well_made(administrator.open(f"{PEOPLE}?q=纪外人&{query}"))

    def test_many_of_one_name_are_bounded_and_said_to_be(
        self, app: Flask, administrator: Browser, counted: StatementCounter
    ) -> None:
        sounds, initials = spell("李同名")
        with app.app_context(), unit_of_work() as session:
            session.add_all(Person(name="李同名", pinyin=sounds, initials=initials) for _ in range(30))
        counted.statements.clear()
        page = administrator.open(f"{PEOPLE}?q=李同名")
        assert "找到30人" in page.text
        assert len(counted) <= 7
        first = {link for link in page.links if link.startswith(f"{PEOPLE}/")}
        page = administrator.open(next(link for link in page.links if "after=" in link))
        assert_well_made(page)
        assert "找到30人" in page.text
        second = {link for link in page.links if link.startswith(f"{PEOPLE}/")}
        assert (len(first), len(second), first & second) == (20, 10, set())
        assert not [link for link in page.links if "after=" in link]


class TestThePersonsPage:
    def test_it_says_who_they_are_and_shows_no_mobile_in_full(
        self, app: Flask, administrator: Browser, college: College
    ) -> None:
        with app.app_context(), unit_of_work() as session:
            person = session.get_one(Person, college.people["jiwai"])
            person.mobile, person.email = "19900000009", "jiwai@example.edu.cn"
        page = administrator.open(page_of(college, "jiwai"))
        assert "199****0009" in page.text
        assert "j***@example.edu.cn" in page.text
        assert "19900000009" not in page.html
        assert "未提供" in administrator.open(page_of(college, "lilaoshi")).text

    def test_a_post_is_given_with_its_days(
        self, administrator: Browser, college: College, held_by: Callable[[str], set[object]]
    ) -> None:
        here = page_of(college, "jiwai")
        page = administrator.open(here)
        said = {"kind": "department_head", "department_id": str(college.departments["8"]), "ends_on": "2090-06-30"}
        answer = administrator.send(page, f"{here}/posts", **said)
        assert answer.location == here
        assert held_by("jiwai") == {(PostKind.DEPARTMENT_HEAD, college.departments["8"])}
        page = administrator.open(here)
        assert "已任命纪外人为" in page.text
        assert f"{college_today()}起，至2090-06-30" in page.text

    def test_one_of_the_days_to_come_is_shown_as_such(
        self, administrator: Browser, college: College, held_by: Callable[[str], set[object]]
    ) -> None:
        here = page_of(college, "jiwai")
        said = {"kind": "registrar", "starts_on": "2090-01-01", "is_deputy": "y"}
        administrator.send(administrator.open(here), f"{here}/posts", **said)
        assert held_by("jiwai") == set()
        page = administrator.open(here)
        assert "已任命，还没有开始" in page.text
        assert "备案登记人（副职）" in page.text

    def test_the_same_post_again_is_said_to_be_held(self, administrator: Browser, college: College) -> None:
        here = page_of(college, "zhangzhuren")
        said = {"kind": "department_head", "department_id": str(college.departments["8"])}
        administrator.send(administrator.open(here), f"{here}/posts", **said)
        assert "已担任这个岗位，没有重复任命" in administrator.open(here).text

    @pytest.mark.parametrize(
        ("said", "field"),
        [
            ({}, "kind"),
            ({"kind": "nix"}, "kind"),
            ({"kind": "department_head"}, "department_id"),
            ({"kind": "department_head", "department_id": "404"}, "department_id"),
            ({"kind": "registrar", "department_id": "here"}, "department_id"),
            ({"kind": "registrar", "ends_on": "2020-01-01"}, "ends_on"),
            ({"kind": "registrar", "starts_on": "2090-02-30"}, "starts_on"),
            ({"kind": "registrar", "starts_on": "2090-02-02", "ends_on": "2090-02-01"}, "ends_on"),
        ],
    )
    def test_what_cannot_be_is_refused_at_its_field_and_nothing_typed_is_lost(
        self,
        administrator: Browser,
        college: College,
        held_by: Callable[[str], set[object]],
        said: dict[str, str],
        field: str,
    ) -> None:
        here = page_of(college, "jiwai")
        typed = {"starts_on": "2090-01-01", **said}
        typed["department_id"] = typed.get("department_id", "").replace("here", str(college.departments["8"]))
        page = read(administrator.send(administrator.open(here), f"{here}/posts", **typed), 422)
        assert list(page.errors) == [field]
        assert_well_made(page)
        values = page.form(f"{here}/posts").values
        kept = {name: value for name, value in typed.items() if value not in ("nix", "404")}
        assert {name: values[name] for name in kept} == kept
        assert held_by("jiwai") == set()

    def test_a_deputy_who_is_to_be_head_is_refused_with_what_to_do(
        self, administrator: Browser, college: College, change: Callable[..., None]
    ) -> None:
        change(lambda: appoint("jiwai", "REGISTRAR", None, Term(is_deputy=True)))
        here = page_of(college, "jiwai")
        page = read(administrator.send(administrator.open(here), f"{here}/posts", kind="registrar"), 422)
        assert "请先免去，再任命为正职" in page.errors["is_deputy"]

    def test_nobody_is_at_an_address_without_a_person(self, administrator: Browser) -> None:
        administrator.open(f"{PEOPLE}/404", 404)


class TestEnding:
    def test_the_page_says_what_waits_there_and_who_is_asked_then(
        self, app: Flask, administrator: Browser, college: College, made: Made, change: Callable[..., None]
    ) -> None:
        made.submitted()
        here = f"{POSTS}/{post_id_of(app, college, 'zhangzhuren')}/end"
        page = administrator.open(here)
        assert "有1份备案等待办理，免去后岗位空缺，将通知吴系统" in page.text
        assert_well_made(page)
        change(lambda: appoint("lilaoshi", "DEPARTMENT_HEAD", "8", Term(is_deputy=True)))
        assert "免去后由李老师办理" in administrator.open(here).text

    def test_a_post_is_ended_and_its_history_stays(
        self, app: Flask, administrator: Browser, college: College, held_by: Callable[[str], set[object]]
    ) -> None:
        here = f"{POSTS}/{post_id_of(app, college, 'zhangzhuren')}/end"
        page = administrator.open(here)
        for _ in range(2):
            answer = administrator.send(page, here)
            assert answer.location == page_of(college, "zhangzhuren")
        assert held_by("zhangzhuren") == set()
        page = administrator.open(page_of(college, "zhangzhuren"))
        assert f"{college_today()} 至 {college_today()}，免去" in page.text

    def test_one_that_ran_out_is_said_to_have(self, app: Flask, administrator: Browser, college: College) -> None:
        with app.app_context(), unit_of_work() as session:
            post = session.get_one(Post, post_id_of(app, college, "zhangzhuren"))
            post.started_at, post.ends_on = utc_now() - timedelta(days=9), college_today() - timedelta(days=1)
        assert "任期届满" in administrator.open(page_of(college, "zhangzhuren")).text

    def test_the_last_administrator_is_told_to_appoint_another_first(
        self, app: Flask, administrator: Browser, college: College, held_by: Callable[[str], set[object]]
    ) -> None:
        here = f"{POSTS}/{post_id_of(app, college, 'wuguanli')}/end"
        for page in (administrator.open(here), read(administrator.post(here), 422)):
            assert "请先任命另一位" in page.text
            assert here not in [form.action for form in page.forms]
            assert_well_made(page)
        assert held_by("wuguanli") == {(PostKind.ADMINISTRATOR, None)}

    def test_an_administrator_who_ends_their_own_post_comes_to_a_page_they_may_see(
        self, app: Flask, administrator: Browser, college: College, change: Callable[..., None]
    ) -> None:
        here = f"{POSTS}/{post_id_of(app, college, 'wuguanli')}/end"
        change(lambda: appoint("jiwai", "ADMINISTRATOR", None))
        assert administrator.send(administrator.open(here), here).location == "/"

    def test_two_administrators_at_once_see_no_error(
        self, app: Flask, sign_in: SignIn, administrator: Browser, college: College, change: Callable[..., None]
    ) -> None:
        change(lambda: appoint("jiwai", "ADMINISTRATOR", None))
        other = sign_in("jiwai")
        here, give = page_of(college, "lilaoshi"), f"{page_of(college, 'lilaoshi')}/posts"
        pages = [(browser, browser.open(here)) for browser in (administrator, other)]
        assert [browser.send(page, give, kind="auditor").status_code for browser, page in pages] == [302, 302]
        end = f"{POSTS}/{post_id_of(app, college, 'lilaoshi')}/end"
        pages = [(browser, browser.open(end)) for browser in (administrator, other)]
        assert [browser.send(page, end).status_code for browser, page in pages] == [302, 302]


class TestOverview:
    def test_vacant_ones_stand_first_with_what_waits_there(
        self, administrator: Browser, made: Made, change: Callable[..., None]
    ) -> None:
        made.submitted()
        change(lambda: dismiss("zhangzhuren", "DEPARTMENT_HEAD", "8"))
        change(lambda: appoint("jiwai", "DEPARTMENT_HEAD", "7"))
        text = administrator.open(POSTS).text
        assert "空缺3个" in text
        assert text.index("1份备案在等") < text.index("纪外人")

    def test_it_says_who_deputises_and_who_acts_for_whom_until_when(
        self, administrator: Browser, college: College, change: Callable[..., None]
    ) -> None:
        until = college_today() + timedelta(days=7)

        def arrange() -> None:
            appoint("lilaoshi", "DEPARTMENT_HEAD", "8", Term(is_deputy=True))
            post = db.session.scalars(select(Post).where(Post.person_id == college.people["zhangzhuren"])).one()
            delegate(
                college.actor("zhangzhuren"),
                post.id,
                college.people["jiwai"],
                starts_on=college_today(),
                ends_on=until,
            )

        change(arrange)
        text = administrator.open(POSTS).text
        assert "李老师（副职）" in text
        assert f"纪外人代张主任，{college_today()} 至 {until}" in text

    @pytest.mark.parametrize("kind", PostKind)
    def test_each_kind_has_its_page(self, administrator: Browser, kind: PostKind) -> None:
        page = administrator.open(f"{POSTS}?kind={kind.value}")
        assert kind.label in page.text
        assert_well_made(page)

    def test_a_secretary_is_looked_for_in_faculties_and_branches_only(
        self, app: Flask, administrator: Browser, college: College
    ) -> None:
        with app.app_context(), unit_of_work() as session:
            session.get_one(Department, college.departments["5"]).kind = DepartmentKind.OFFICE
            session.get_one(Department, college.departments["7"]).kind = DepartmentKind.FACULTY
        text = administrator.open(f"{POSTS}?kind=party_secretary").text
        assert "陈书记" in text
        assert "校团委" in text
        assert "学生处" not in text

    def test_three_hundred_departments_are_paged_with_as_many_queries_as_a_few(
        self, app: Flask, administrator: Browser, counted: StatementCounter
    ) -> None:
        counts = []
        for many in (0, 300):
            with app.app_context(), unit_of_work() as session:
                for number in range(many):
                    unit = Department(platform="wecom", platform_key=f"x{number}", name=f"部门{number}")
                    head = Person(name=f"负责人{number}")
                    session.add_all([unit, head])
                    session.flush()
                    session.add(Post(kind=PostKind.DEPARTMENT_HEAD, person_id=head.id, department_id=unit.id))
            counted.statements.clear()
            page = administrator.open(POSTS)
            counts.append(len(counted))
        assert counts[0] == counts[1] <= 8
        assert len([link for link in page.links if "department=" in link]) == 50
        following = next(link for link in page.links if "after=" in link)
        assert_well_made(administrator.open(following))
        for odd in ("1.0.999999", "2.0.1", "x", "1.0.1.1", ""):
            assert_well_made(administrator.open(f"{POSTS}?after={odd}"))

    def test_nobody_is_skipped_where_a_post_is_given_between_two_pages(
        self, app: Flask, administrator: Browser, college: College
    ) -> None:
        """Of sixty vacant departments the first gets its head, and stands at the end then."""
        with app.app_context(), unit_of_work() as session:
            for number in range(60):
                session.add(Department(platform="wecom", platform_key=f"x{number}", name=f"部门{number:02}号"))
        page = administrator.open(POSTS)
        following = next(link for link in page.links if "after=" in link)
        shown = re.findall("部门..号", page.text)
        with app.app_context():
            appoint("jiwai", "DEPARTMENT_HEAD", "部门00号")
        shown += re.findall("部门..号", administrator.open(following).text)
        assert set(shown) == {f"部门{number:02}号" for number in range(60)}


class TestTheWayBack:
    def test_whoever_came_from_the_posts_is_back_there_once_the_post_is_given(
        self, administrator: Browser, college: College
    ) -> None:
        origin = f"{POSTS}?kind=department_head"
        link = next(link for link in administrator.open(origin).links if link.startswith(f"{PEOPLE}?post="))
        page = administrator.open(link)
        assert page.form(PEOPLE).values["back"] == origin
        link = next(
            link for link in administrator.open(f"{link}&q=纪外人").links if link.startswith(page_of(college, "jiwai"))
        )
        page = administrator.open(link.partition("#")[0])
        [give] = [form for form in page.forms if "/posts" in form.action]
        refused = read(administrator.send(page, give.action, kind=""), 422)
        assert give.action in [form.action for form in refused.forms]
        assert administrator.send(page, give.action).location == origin
        assert "已任命纪外人为" in administrator.open(origin).text

    def test_it_leads_nowhere_else(self, administrator: Browser, college: College) -> None:
        here = page_of(college, "jiwai")
        give = f"{here}/posts?back=//evil.example/"
        assert administrator.post(give, kind="registrar").location == here


class TestOneLeaderForSeveral:
    LEADERS = f"{POSTS}?kind=college_leader"

    def test_the_ticked_departments_get_one_leader(
        self, administrator: Browser, college: College, held_by: Callable[[str], set[tuple[PostKind, int | None]]]
    ) -> None:
        page = administrator.open(self.LEADERS)
        units = [college.departments[key] for key in ("3", "5")]
        said = {"csrf_token": page.form(self.LEADERS).values["csrf_token"], "unit": units, "person": "刘院长"}
        assert administrator.client.post(self.LEADERS, data=said).location == self.LEADERS
        assert {(PostKind.COLLEGE_LEADER, unit) for unit in units} < held_by("liuyuanzhang")
        assert "已任命刘院长为2个部门的主管院领导。" in administrator.open(self.LEADERS).text
        administrator.client.post(self.LEADERS, data=said)
        assert "刘院长已是所选部门的主管院领导，或部门有了变化" in administrator.open(self.LEADERS).text

    def test_a_refusal_shows_the_same_page_of_a_long_list_with_its_ticks(
        self, app: Flask, administrator: Browser, college: College
    ) -> None:
        with app.app_context(), unit_of_work() as session:
            many = [Department(platform="wecom", platform_key=f"x{n}", name=f"部门{n:02}") for n in range(60)]
            session.add_all(many)
        first = administrator.open(self.LEADERS)
        [further] = [link for link in first.links if "after=" in link]
        last = administrator.open(further)
        unit = re.findall(r'name="unit" value="([0-9]+)"', last.html)[-1]
        assert f'value="{unit}"' not in first.html
        typed = {"csrf_token": last.form(further).values["csrf_token"], "unit": unit, "person": "无此人"}
        refused = read(administrator.client.post(further, data=typed), 422)
        assert re.search(rf'name="unit" value="{unit}"[^>]* checked', refused.html)
        assert administrator.client.post(further, data={**typed, "person": "刘院长"}).location == further

    @pytest.mark.parametrize(
        ("said", "words"),
        [
            ({"person": "刘院长"}, "请至少勾选一个部门。"),
            ({"person": "", "unit": "here"}, "请填写姓名。"),
            ({"person": "无此人", "unit": "here"}, "通讯录中没有“无此人”"),
        ],
    )
    def test_what_is_missing_is_said_and_the_rest_is_kept(
        self, administrator: Browser, college: College, said: dict[str, str], words: str
    ) -> None:
        unit = str(college.departments["3"])
        typed = {name: value.replace("here", unit) for name, value in said.items()}
        page = read(administrator.post(self.LEADERS, **typed), 422)
        assert_well_made(page)
        assert words in page.text
        assert page.form(self.LEADERS).values["person"] == said["person"]
        assert ("checked" in page.html) is ("unit" in said)

    def test_a_deputy_is_refused_and_nobody_is_given_anything(
        self,
        administrator: Browser,
        college: College,
        change: Callable[..., None],
        held_by: Callable[[str], set[tuple[PostKind, int | None]]],
    ) -> None:
        change(lambda: appoint("jiwai", "COLLEGE_LEADER", "5", Term(is_deputy=True)))
        page = administrator.open(self.LEADERS)
        units = [college.departments[key] for key in ("3", "5")]
        said = {"csrf_token": page.form(self.LEADERS).values["csrf_token"], "unit": units, "person": "纪外人"}
        page = read(administrator.client.post(POSTS, data=said), 422)
        assert "请先免去" in page.errors["person"]
        assert (PostKind.COLLEGE_LEADER, college.departments["3"]) not in held_by("jiwai")

    def test_only_an_administrator_may(self, sign_in: SignIn) -> None:
        assert sign_in("zhougan").post(POSTS, person="刘院长", unit="1").status_code == 403


class TestProposals:
    def test_one_press_appoints_whom_the_directory_calls_leader(
        self, app: Flask, administrator: Browser, college: College, held_by: Callable[[str], set[object]]
    ) -> None:
        let_lead(app, college, "zhougan")
        page = administrator.open(POSTS)
        assert "周干事" in page.text
        answer = administrator.send(page, PROPOSALS)
        assert answer.location == POSTS
        assert (PostKind.DEPARTMENT_HEAD, college.departments["3"]) in held_by("zhougan")
        assert PROPOSALS not in [form.action for form in administrator.open(POSTS).forms]

    def test_all_are_appointed_from_a_page_that_lists_them(
        self, app: Flask, administrator: Browser, college: College, change: Callable[..., None], held_by: object
    ) -> None:
        for user_id in ("zhougan", "zhangzhuren"):
            let_lead(app, college, user_id)
            assert "任命所选" in administrator.open(PROPOSALS).text
        change(lambda: dismiss("zhangzhuren", "DEPARTMENT_HEAD", "8"))
        page = administrator.open(PROPOSALS)
        assert_well_made(page)
        heads = [
            f"{college.people[user]}-{college.departments[key]}"
            for user, key in (("zhougan", "3"), ("zhangzhuren", "8"))
        ]
        assert all(f'value="{head}" checked' in page.html for head in heads)
        token = page.form(PROPOSALS).values["csrf_token"]
        administrator.client.post(PROPOSALS, data={"csrf_token": token, "head": heads})
        assert "已任命2位部门负责人" in administrator.open(POSTS).text
        assert "都已任命" in administrator.open(PROPOSALS).text

    def test_a_department_stands_above_its_person_however_long(
        self, app: Flask, administrator: Browser, college: College
    ) -> None:
        let_lead(app, college, "zhougan")
        html = administrator.open(PROPOSALS).html
        label = html.partition('<label class="cell tick-row"')[2].partition("</label>")[0]
        assert label.index('<span class="row-name">宣传统战部') < label.index('<span class="row-below">周干事')

    def test_the_first_are_listed_and_the_rest_are_said_to_be_there(
        self, app: Flask, administrator: Browser, college: College
    ) -> None:
        with app.app_context(), unit_of_work() as session:
            for number in range(7):
                unit = Department(platform="wecom", platform_key=f"x{number}", name=f"部门{number}")
                session.add(unit)
                session.flush()
                leads = [Membership(department_id=unit.id, is_leader=True)]
                session.add(Person(name=f"人{number}", memberships=leads))
        page = administrator.open(POSTS)
        assert_well_made(page)
        assert "尚未任命的7位" in page.text
        assert "还有2位" in page.text
        assert "核对并任命" in page.text
        assert PROPOSALS in page.links
        # Whoever is not seen is not appointed: one at a time here, and all of them where all are listed.
        assert [form.action for form in page.forms].count(PROPOSALS) == 5
        listed = administrator.open(PROPOSALS)
        assert "以下7位将被任命为部门负责人" in listed.text
        assert listed.html.count('name="head"') == 7

    def test_where_nobody_is_ticked_it_says_so(self, app: Flask, administrator: Browser, college: College) -> None:
        let_lead(app, college, "zhougan")
        page = read(administrator.post(PROPOSALS), 422)
        assert "请至少勾选一位。" in page.text
        assert_well_made(page)

    @pytest.mark.parametrize("head", ["", "x", "404-404", "1-" + "9" * 30])
    def test_whoever_is_not_proposed_is_not_appointed(self, administrator: Browser, head: str) -> None:
        administrator.post(PROPOSALS, head=head)
        assert "没有任命" in administrator.open(POSTS).text


@pytest.mark.parametrize("user_id", ["lilaoshi", "zhangzhuren", "zhougan", "liuyuanzhang"])
def test_only_administrators_see_and_change_any_of_it(
    user_id: str, app: Flask, sign_in: SignIn, college: College, held_by: Callable[[str], set[object]]
) -> None:
    browser = sign_in(user_id)
    here, post_id = page_of(college, "jiwai"), post_id_of(app, college, "zhangzhuren")
    for address in (PEOPLE, here, POSTS, PROPOSALS, f"{POSTS}/{post_id}/end"):
        assert browser.client.get(address).status_code == 403
    for address in (f"{here}/posts", PROPOSALS, f"{POSTS}/{post_id}/end"):
        assert browser.post(address, kind="registrar", head="1-1").status_code == 403
    assert held_by("jiwai") == set()
    assert held_by("zhangzhuren") != set()


def test_every_page_of_it_asks_to_sign_in_first(app: Flask) -> None:
    for address in (PEOPLE, f"{PEOPLE}/1", POSTS, PROPOSALS, f"{POSTS}/1/end", "/delegations"):
        assert app.test_client().get(address).location.startswith("/login?")


class TestDelegating:
    def form_of(self, browser: Browser) -> Page:
        return browser.open("/delegations")

    def test_a_holder_delegates_and_both_see_it(self, sign_in: SignIn) -> None:
        head = sign_in("zhangzhuren")
        page = self.form_of(head)
        assert_well_made(page)
        until = str(college_today() + timedelta(days=3))
        assert head.send(page, "/delegations", person="李老师", ends_on=until).location == "/delegations"
        page = self.form_of(head)
        assert "已委托李老师" in page.text
        assert "我委托他人" in page.text
        assert_well_made(page)
        page = self.form_of(sign_in("lilaoshi"))
        assert "他人委托我" in page.text
        assert "护理系部门负责人（代张主任）" in page.text

    def test_a_name_with_brackets_and_a_namesake_are_written_as_the_page_says(
        self, app: Flask, sign_in: SignIn, college: College
    ) -> None:
        """No script helps here: what the sentence lists, written into the box, is understood."""
        with app.app_context(), unit_of_work() as session:
            session.get_one(Person, college.people["jiwai"]).name = "王伟（外聘）"
            session.get_one(Person, college.people["zhaoguanli"]).name = "王群主"
        head, until = sign_in("zhangzhuren"), str(college_today() + timedelta(days=3))
        page = read(head.send(self.form_of(head), "/delegations", person="王群主（护理系）", ends_on=until), 422)
        assert "王群主（wangqunzhu）、王群主（zhaoguanli）" in page.errors["person"]
        for name in ("王群主（zhaoguanli）", "王伟（外聘）"):
            assert head.send(self.form_of(head), "/delegations", person=name, ends_on=until).status_code == 302
            assert "他人委托我" not in self.form_of(sign_in("wangqunzhu")).text
        assert "他人委托我" in self.form_of(sign_in("zhaoguanli")).text
        assert "他人委托我" in self.form_of(sign_in("jiwai")).text

    @pytest.mark.parametrize(
        ("said", "fields"),
        [
            ({"person": ""}, {"person"}),
            ({"person": "没有这个人"}, {"person"}),
            ({"person": "张主任"}, {"person"}),
            ({"starts_on": "", "ends_on": ""}, {"starts_on", "ends_on"}),
            ({"ends_on": "2020-01-01"}, {"ends_on"}),
            ({"starts_on": "2020-01-01"}, {"starts_on"}),
            ({"ends_on": "2090-01-01"}, {"ends_on"}),
            ({"post_id": "404"}, {"post_id"}),
            ({"post_id": "x", "person": ""}, {"post_id", "person"}),
        ],
    )
    def test_what_cannot_be_is_refused_at_its_field_and_nothing_typed_is_lost(
        self, app: Flask, sign_in: SignIn, said: dict[str, str], fields: set[str]
    ) -> None:
        head = sign_in("zhangzhuren")
        typed = {"person": "李老师", "ends_on": str(college_today() + timedelta(days=3)), **said}
        page = read(head.send(self.form_of(head), "/delegations", **typed), 422)
        assert set(page.errors) == fields
        assert_well_made(page)
        values = page.form("/delegations").values
        assert all(values[name] == value for name, value in typed.items() if name != "post_id")
        with app.app_context():
            assert db.session.scalars(select(Delegation)).all() == []

    def test_whose_posts_cannot_be_lent_is_told_so_and_offered_no_more(self, sign_in: SignIn) -> None:
        administrator = sign_in("wuguanli")
        page = self.form_of(administrator)
        assert page.forms == []
        assert "系统管理员、监督检查的权限不能委托" in page.text
        offers = {user: "请人代为审核" in sign_in(user).open("/").text for user in ("wuguanli", "zhangzhuren")}
        assert offers == {"wuguanli": False, "zhangzhuren": True}
        assert "查看我的岗位" in administrator.open("/").text

    def test_whoever_holds_no_post_sees_that_and_no_form(self, sign_in: SignIn) -> None:
        page = self.form_of(sign_in("jiwai"))
        assert "您目前没有担任岗位" in page.text
        assert page.forms == []
        assert "/delegations" not in sign_in("jiwai").open("/").links
        assert "/delegations" in sign_in("zhangzhuren").open("/").links

    def test_it_is_ended_after_a_question_by_either_or_an_administrator_and_by_nobody_else(
        self, sign_in: SignIn, college: College
    ) -> None:
        head = sign_in("zhangzhuren")
        until = str(college_today() + timedelta(days=3))
        for number, user_id in enumerate(("zhangzhuren", "lilaoshi", "wuguanli"), start=1):
            head.send(self.form_of(head), "/delegations", person="李老师", ends_on=until)
            here = f"/delegations/{number}/end"
            assert sign_in("jiwai").client.get(here).status_code == 403
            assert sign_in("jiwai").post(here).status_code == 403
            browser = sign_in(user_id)
            if user_id == "wuguanli":
                assert here in browser.open(page_of(college, "zhangzhuren")).links
            page = browser.open(here)
            assert_well_made(page)
            back = page_of(college, "zhangzhuren") if user_id == "wuguanli" else "/delegations"
            assert browser.send(page, here).location == back
            assert browser.client.get(here).location == back
        assert "我委托他人" not in self.form_of(head).text

    def test_the_page_sends_as_many_statements_for_many_as_for_few(
        self, app: Flask, sign_in: SignIn, college: College, counted: StatementCounter
    ) -> None:
        head = sign_in("zhangzhuren")
        until = str(college_today() + timedelta(days=3))
        counts = []
        for names in (["李老师"], ["王群主", "赵管理", "陈书记", "周干事"]):
            for name in names:
                head.send(self.form_of(head), "/delegations", person=name, ends_on=until)
            self.form_of(head)
            counted.statements.clear()
            self.form_of(head)
            counts.append(len(counted))
        assert counts[0] == counts[1] <= 8


class TestInWhichPostOneActs:
    def test_a_head_and_their_delegate_are_told_on_the_filing(
        self, sign_in: SignIn, college: College, made: Made, change: Callable[..., None]
    ) -> None:
        here = f"/filings/{made.submitted()}"
        head = sign_in("zhangzhuren")
        assert "您以护理系部门负责人身份审核" in head.open(here).text
        head.send(head.open("/delegations"), "/delegations", person="王群主", ends_on=str(college_today()))
        assert "您代张主任（护理系部门负责人）审核" in sign_in("wangqunzhu").open(here).text
        assert "身份审核" not in sign_in("lilaoshi").open(here).text

    def test_a_deputy_is_told_so(self, sign_in: SignIn, made: Made, change: Callable[..., None]) -> None:
        here = f"/filings/{made.submitted()}"
        change(lambda: appoint("jiwai", "DEPARTMENT_HEAD", "8", Term(is_deputy=True)))
        change(lambda: dismiss("zhangzhuren", "DEPARTMENT_HEAD", "8"))
        assert "您以护理系部门负责人（副职）身份审核" in sign_in("jiwai").open(here).text

    def test_a_vacant_post_says_where_the_filing_has_gone(
        self, sign_in: SignIn, made: Made, change: Callable[..., None]
    ) -> None:
        here = f"/filings/{made.submitted()}"
        change(lambda: dismiss("zhangzhuren", "DEPARTMENT_HEAD", "8"))
        assert "岗位空缺，已转吴系统" in sign_in("lilaoshi").open(here).text

    def test_a_registrar_is_told_in_which_post_they_register(self, sign_in: SignIn, made: Made) -> None:
        here = f"/filings/{made.approved()}"
        assert "您以宣传统战部备案登记人身份办理备案" in sign_in("zhougan").open(here).text
