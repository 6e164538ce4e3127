"""The pages about departments: what an administrator sets there, merges, splits, and what a head reads of names."""

import re
from collections.abc import Callable

import pytest
from flask import Flask

from extensions import db
from models import OWN, Department, Group, Outcome, Post, utc_now
from models.database import unit_of_work
from operations.appointing import Term, give
from operations.decisions import decide
from operations.departments import add_branch, note_renamed
from operations.merging import merge
from regulation import PostKind, Tier
from tests.college import PEOPLE, College
from tests.conftest import StatementCounter
from tests.pages.conftest import Browser, Made, SignIn, one_database
from tests.pages.reading import Page, read
from tests.pages.test_every_page import assert_well_made

pytestmark = one_database

LIST = "/administration/departments"
BY = (None, "tests")


@pytest.fixture
def admin(sign_in: SignIn) -> Browser:
    return sign_in("wuguanli")


@pytest.fixture
def nursing(college: College) -> str:
    return f"{LIST}/{college.departments['8']}"


@pytest.fixture
def row_of(app: Flask) -> Callable[[int], Department]:
    """A department as the database has it now."""

    def row(department_id: int) -> Department:
        with app.app_context():
            found = db.session.get_one(Department, department_id)
            db.session.expunge(found)
            return found

    return row


def rename(app: Flask, department_id: int, name: str) -> None:
    with app.app_context(), unit_of_work() as session:
        department = session.get_one(Department, department_id)
        old, department.name = department.name, name
        note_renamed(session, department, old)


def rows(page: Page) -> list[str]:
    """The names in the list, in order."""
    return re.findall(r"<th scope=\"row\"[^>]*><a [^>]*>([^<]+)</a>", page.html)


@pytest.mark.parametrize("user_id", sorted(PEOPLE))
def test_only_administrators_reach_any_of_it(user_id: str, sign_in: SignIn, nursing: str, college: College) -> None:
    browser, allowed = sign_in(user_id), user_id == "wuguanli"
    for address in (LIST, f"{LIST}/new", nursing, *(f"{nursing}/{to}" for to in ("merger", "split", "removal"))):
        assert browser.client.get(address).status_code == (200 if allowed else 403)
    office = f"{LIST}/{college.departments['5']}"
    for address, said, status in (
        (f"{LIST}/new", {"name": "机关党总支"}, 302),
        (office, {"kind": "office"}, 302),
        (f"{office}/removal", {}, 409),
        (f"{office}/split", {}, 422),
        (f"{office}/merger", {"target": str(college.departments["7"])}, 302),
    ):
        assert browser.post(address, **said).status_code == (status if allowed else 403)
    assert browser.client.get(f"{LIST}/404").status_code == 404


class TestTheList:
    def test_each_department_shows_its_people_and_what_it_lacks(self, admin: Browser, nursing: str) -> None:
        page = admin.open(LIST)
        assert rows(page) == ["示范学院", "宣传统战部", "学生处", "校团委", "护理系"]
        assert nursing in page.links
        for said in ("张主任", "陈书记", "刘院长", "类别、负责人、主管院领导", "共5个部门"):
            assert said in page.text
        assert_well_made(page)

    def test_it_is_searched_and_narrowed_to_what_is_still_to_be_set(self, admin: Browser) -> None:
        assert rows(admin.open(f"{LIST}?q=护理")) == ["护理系"]
        assert "护理系" in rows(admin.open(f"{LIST}?lacking=1"))
        page = admin.open(f"{LIST}?q=没有这样的&lacking=1")
        assert rows(page) == []
        assert "没有找到符合条件的部门" in page.text
        assert_well_made(page)

    def test_nothing_is_missing_says_so(self, app: Flask, admin: Browser) -> None:
        with app.app_context(), unit_of_work() as session:
            for row in session.query(Department).filter_by(is_college=False):
                row.removed_at = utc_now()
        assert "各部门都已设置完整" in admin.open(f"{LIST}?lacking=1").text

    def test_a_removed_department_with_live_groups_stands_there_with_them(
        self, app: Flask, admin: Browser, made: Made, nursing: str, college: College
    ) -> None:
        made.submitted()
        with app.app_context(), unit_of_work() as session:
            session.get_one(Department, college.departments["8"]).removed_at = utc_now()
        assert "通讯录已撤销，仍有1个群" in admin.open(LIST).text
        page = admin.open(nursing)
        assert "护理系教师工作群" in page.text
        assert f"{nursing}/merger" in page.links
        assert f"{nursing}/split" in page.links
        assert [form.action for form in page.forms] == []
        assert_well_made(page)

    def test_it_and_a_departments_page_send_a_fixed_number_of_statements(
        self, app: Flask, admin: Browser, made: Made, nursing: str, college: College, counted: StatementCounter
    ) -> None:
        counts: list[list[int]] = []
        for number, called in ((2, "护理系"), (6, "护理2系")):
            for n in range(number):
                made.submitted(name=f"{called}{n}群", number=f"7100{number}{n}")
                with app.app_context():
                    add_branch(BY, f"第{number}{n}党总支")
            rename(app, college.departments["8"], f"护理{number}系")
            counts.append([])
            for address in (LIST, nursing, f"/departments/{college.departments['8']}/names", "/groups/1"):
                counted.statements.clear()
                admin.open(address)
                counts[-1].append(len(counted))
        assert counts[0] == counts[1]
        assert max(counts[1]) <= 16


class TestSeveralAtOnce:
    def test_the_ticked_ones_get_a_kind_and_the_others_stay(
        self, admin: Browser, row_of: Callable[[int], Department], college: College
    ) -> None:
        here = f"{LIST}?lacking=1"
        page = admin.open(here)
        assert_well_made(page)
        ticked = [str(college.departments[key]) for key in ("3", "5")]
        token = page.form(here).values["csrf_token"]
        said = {"csrf_token": token, "kind": "office", "unit": [*ticked, "x", "404", str(college.departments["1"])][:4]}
        assert admin.client.post(here, data=said).location == here
        assert "已将2个部门的类别设为职能部门。" in admin.open(here).text
        assert [row_of(college.departments[key]).kind for key in ("3", "5", "7")] == ["office", "office", None]
        admin.client.post(here, data=said)
        assert "所选部门的类别已是职能部门，或部门有了变化" in admin.open(here).text

    def test_without_a_kind_or_a_tick_it_says_what_is_missing_and_keeps_the_rest(
        self, admin: Browser, college: College, row_of: Callable[[int], Department]
    ) -> None:
        unit = str(college.departments["3"])
        page = read(admin.post(LIST, unit=unit, kind=""), 422)
        assert "请选择类别。" in page.errors["kind"]
        assert f'value="{unit}" aria-label="选择宣传统战部" checked' in page.html
        page = read(admin.post(LIST, kind="office"), 422)
        assert "请至少勾选一个部门。" in page.text
        assert "office" in [form.values.get("kind") for form in page.forms]
        assert_well_made(page)
        assert row_of(college.departments["3"]).kind is None

    def test_a_branch_that_was_entered_here_is_not_offered(self, app: Flask, admin: Browser) -> None:
        with app.app_context():
            branch = add_branch(BY, "机关党总支")
        assert "选择机关党总支" not in admin.open(LIST).html
        admin.post(LIST, unit=str(branch), kind="office")
        assert "机关党总支" in admin.open(LIST).text
        with app.app_context():
            assert db.session.get_one(Department, branch).kind == "party_branch"


class TestTheWayBack:
    def test_a_department_leads_to_its_list_and_to_the_next_one_lacking(
        self, admin: Browser, nursing: str, college: College
    ) -> None:
        page = admin.open(f"{LIST}?lacking=1")
        link = next(link for link in page.links if link.startswith(nursing))
        page = admin.open(link)
        location = admin.send(page, link, kind="faculty").location
        page = admin.open(location)
        assert "已保存。" in page.text
        assert f"{LIST}?lacking=1" in page.links
        following = next(link for link in page.links if link.startswith(f"{LIST}/{college.departments['3']}"))
        assert "下一个待完善：宣传统战部" in page.text
        assert f"{LIST}?lacking=1" in admin.open(following).links

    @pytest.mark.parametrize("back", ["//evil.example/", "https://evil.example/", "/nowhere", "/healthz", ""])
    def test_a_way_back_that_is_no_page_of_ours_counts_as_none(self, admin: Browser, nursing: str, back: str) -> None:
        page = admin.open(f"{nursing}?back={back}")
        assert LIST in page.links
        assert not any(link in ("//evil.example/", "https://evil.example/", "/nowhere") for link in page.links)


class TestADepartment:
    def test_what_is_set_is_kept_and_shown(
        self, admin: Browser, nursing: str, row_of: Callable[[int], Department], college: College
    ) -> None:
        page = admin.open(nursing)
        answer = admin.send(page, nursing, kind="faculty", short_name=" 护理 ", all_heads="y")
        assert answer.location == nursing
        row = row_of(college.departments["8"])
        assert (row.kind, row.short_name, row.all_heads, row.name) == ("faculty", "护理", True, "护理系")
        page = admin.open(nursing)
        assert page.form(nursing).values["kind"] == "faculty"
        assert page.form(nursing).values["short_name"] == "护理"
        assert page.form(nursing).values["all_heads"] == "y"
        assert "护理系 → 护理" in page.text

    def test_what_another_administrator_saved_meanwhile_is_shown_before_it_is_undone(
        self, admin: Browser, nursing: str, row_of: Callable[[int], Department], college: College
    ) -> None:
        seen = admin.open(nursing)
        admin.send(admin.open(nursing), nursing, short_name="护理")
        page = read(admin.send(seen, nursing, all_heads="y"), 409)
        assert "刚才已被别人修改" in page.text
        assert page.form(nursing).values["all_heads"] == "y"
        assert row_of(college.departments["8"]).short_name == "护理"
        assert admin.send(page, nursing).location == nursing
        assert row_of(college.departments["8"]).short_name is None

    def test_a_short_name_that_another_has_is_refused_at_the_field_and_kept_as_typed(
        self, admin: Browser, nursing: str, row_of: Callable[[int], Department], college: College
    ) -> None:
        page = read(admin.send(admin.open(nursing), nursing, kind="faculty", short_name="学生处"), 422)
        assert "“学生处”已是学生处的单位简称" in page.errors["short_name"]
        assert page.form(nursing).values["short_name"] == "学生处"
        assert page.form(nursing).values["kind"] == "faculty"
        assert row_of(college.departments["8"]).kind is None
        assert_well_made(page)

    def test_a_circle_is_refused_at_the_field(self, admin: Browser, nursing: str, college: College) -> None:
        office = f"{LIST}/{college.departments['5']}"
        said = {"kind": "office", "party_branch_id": str(college.departments["8"])}
        assert admin.send(admin.open(office), office, **said).status_code == 302
        admin.send(admin.open(office), office, kind="party_branch")
        page = admin.open(nursing)
        assert str(college.departments["5"]) in re.findall(r'<option value="(\d+)"', page.html)
        page = read(admin.send(page, nursing, party_branch_id=str(college.departments["5"])), 422)
        assert (
            "请直接选择那个党总支" in page.errors["party_branch_id"] or "正是护理系" in page.errors["party_branch_id"]
        )

    @pytest.mark.parametrize(
        ("field", "value"), [("kind", "nix"), ("party_branch_id", "404"), ("short_name", "长" * 33)]
    )
    def test_what_was_never_offered_or_is_too_long_is_refused(
        self, admin: Browser, nursing: str, field: str, value: str
    ) -> None:
        page = read(admin.send(admin.open(nursing), nursing, **{field: value}), 422)
        assert field in page.errors

    def test_posts_lead_to_the_people_and_to_giving_another(
        self, app: Flask, admin: Browser, nursing: str, college: College
    ) -> None:
        with app.app_context(), unit_of_work() as session:
            session.query(Post).filter_by(person_id=college.people["liuyuanzhang"]).one().ended_at = utc_now()
        page = admin.open(nursing)
        unit = college.departments["8"]
        for kind in ("department_head", "party_secretary", "college_leader"):
            assert f"/administration/people?post={kind}&department={unit}&back={nursing}" in page.links
        assert f"/administration/people/{college.people['zhangzhuren']}" in page.links
        assert "历任" in page.text
        assert "目前空缺" in page.text
        assert_well_made(page)


class TestABranchOfOurOwn:
    def test_it_is_added_renamed_and_removed(self, admin: Browser, row_of: Callable[[int], Department]) -> None:
        answer = admin.send(admin.open(f"{LIST}/new"), f"{LIST}/new", name="机关党总支")
        here = answer.location
        page = admin.open(here)
        assert_well_made(page)
        assert "kind" not in page.form(here).values
        assert admin.send(page, here, name="机关第一党总支").location == here
        row = row_of(int(here.rsplit("/", 1)[1]))
        assert (row.name, row.platform) == ("机关第一党总支", OWN)
        page = admin.open(f"{here}/removal")
        assert_well_made(page)
        assert admin.send(page, f"{here}/removal").location == LIST
        assert "机关第一党总支" not in rows(admin.open(LIST))

    def test_a_name_that_is_taken_or_empty_is_refused_at_the_field(self, admin: Browser) -> None:
        for name in ("护理系", " "):
            page = read(admin.send(admin.open(f"{LIST}/new"), f"{LIST}/new", name=name), 422)
            assert page.errors["name"]
            assert_well_made(page)

    def test_one_that_units_belong_to_says_so_instead_of_a_button(
        self, app: Flask, admin: Browser, college: College
    ) -> None:
        with app.app_context():
            branch = add_branch(BY, "机关党总支")
        office = f"{LIST}/{college.departments['5']}"
        admin.send(admin.open(office), office, party_branch_id=str(branch))
        page = admin.open(f"{LIST}/{branch}/removal")
        assert "学生处的所属党总支是它" in page.text
        assert page.forms == []
        assert read(admin.post(f"{LIST}/{branch}/removal"), 409).headings == ["未能办理"]

    def test_a_department_of_the_directory_is_not_removed(self, admin: Browser, nursing: str) -> None:
        assert "来自通讯录" in admin.open(f"{nursing}/removal").text
        assert admin.post(f"{nursing}/removal").status_code == 409


class TestMergingAndSplitting:
    def test_a_merger_is_shown_first_and_carried_out_when_confirmed(
        self, admin: Browser, made: Made, nursing: str, college: College, row_of: Callable[[int], Department]
    ) -> None:
        made.submitted()
        target = college.departments["7"]
        page = admin.open(f"{nursing}/merger")
        assert_well_made(page)
        page = admin.open(f"{nursing}/merger?target={target}")
        assert_well_made(page)
        assert page.html.index("返回</a>") > page.html.index("不再出现在部门列表")
        for said in ("1个，转入校团委", "1份，由校团委的岗位继续审核", "张主任（部门负责人）", "「校团委教师工作群」"):
            assert said in page.text
        assert row_of(college.departments["8"]).removed_at is None
        answer = admin.post(f"{nursing}/merger", target=str(target))
        assert answer.location == f"{LIST}/{target}"
        page = admin.open(nursing)
        assert "已并入校团委" in page.text
        assert_well_made(page)
        assert "护理系" not in rows(admin.open(LIST))
        assert "护理系 → 校团委" in admin.open(f"{LIST}/{target}").text

    def test_a_merger_shows_the_groups_that_the_department_supervises(
        self, app: Flask, admin: Browser, made: Made, sign_in: SignIn, college: College
    ) -> None:
        office, target = college.departments["5"], college.departments["7"]
        made.submitted(tier=Tier.COLLEGE_ORGANIZATION, name="护理系学生会群", supervisor_id=office)
        for user_id, outcome in (("sunchuzhang", "approved"), ("zhougan", "registered")):
            sign_in(user_id).post("/filings/1/decision", outcome=outcome)
        page = admin.open(f"{LIST}/{office}/merger?target={target}")
        with app.app_context():
            number = db.session.get_one(Group, 1).registration_number
        assert number
        assert "1个，主管部门改为校团委" in page.text
        assert f"护理系学生会群QQ群 · {number}" in "".join(page.text.split("\n"))
        assert_well_made(page)

    def test_a_clash_of_names_is_shown_instead_of_the_button(
        self, admin: Browser, made: Made, nursing: str, college: College
    ) -> None:
        target = college.departments["7"]
        made.submitted(tier="college", name="川护教职工群", number="70001")
        made.submitted(tier="college", name="川护教职工群", number="70002", department_id=target)
        page = admin.open(f"{nursing}/merger?target={target}")
        assert "校团委已有同名的QQ群「川护教职工群」" in page.text
        assert [form.action for form in page.forms] == [f"{nursing}/merger"]
        page = read(admin.post(f"{nursing}/merger", target=str(target)), 422)
        assert "川护教职工群" in page.errors["target"]

    @pytest.mark.parametrize("target", ["", "404", "x"])
    def test_a_target_must_be_chosen(self, admin: Browser, nursing: str, target: str) -> None:
        for how in ("merger", "split"):
            page = read(admin.post(f"{nursing}/{how}", target=target), 422)
            assert how == "split" or page.errors["target"]
            assert_well_made(page)

    def test_chosen_groups_are_shown_once_more_and_go(
        self, app: Flask, admin: Browser, made: Made, nursing: str, college: College
    ) -> None:
        made.submitted(name="护理系群一", number="70001")
        made.submitted(name="护理系群二", number="70002")
        target = str(college.departments["7"])
        page = admin.open(f"{nursing}/split")
        assert_well_made(page)
        refused = read(admin.post(f"{nursing}/split", target=target), 422)
        assert "请至少勾选一个群组" in refused.text
        page = read(admin.post(f"{nursing}/split", target=target, group="1"))
        assert_well_made(page)
        assert "护理系群一" in page.text
        assert "护理系群二" not in page.text
        assert "办理中的备案1份，由校团委的岗位继续审核" in page.text
        assert "改由校团委部门负责人审核，目前岗位空缺，会通知系统管理员" in page.text
        assert "「校团委群一」" in page.text
        assert admin.send(page, f"{nursing}/split").location == nursing
        with app.app_context():
            assert db.session.get_one(Group, 1).department_id == int(target)
            assert db.session.get_one(Group, 2).department_id == college.departments["8"]

    @pytest.mark.parametrize(
        ("done", "said"),
        [
            ((), "改由校团委部门负责人纪外人审核"),
            ((("zhangzhuren", "approved"),), "仍由宣传统战部备案登记人办理"),
            ((("zhangzhuren", "returned"),), "已退回修改，重新提交后由校团委的岗位审核"),
        ],
    )
    def test_a_merger_and_a_split_say_beforehand_who_will_be_asked(
        self,
        app: Flask,
        admin: Browser,
        made: Made,
        sign_in: SignIn,
        nursing: str,
        college: College,
        done: tuple[tuple[str, str], ...],
        said: str,
    ) -> None:
        made.submitted()
        for user_id, outcome in done:
            sign_in(user_id).post("/filings/1/decision", outcome=outcome, reason="请改")
        target = college.departments["7"]
        with app.app_context():
            give(BY, college.people["jiwai"], PostKind.DEPARTMENT_HEAD, target, Term())
        pages = [admin.open(f"{nursing}/merger?target={target}")]
        # A group whose filing was sent back is not live: a split has none to choose, a merger takes it along.
        if ("zhangzhuren", "returned") not in done:
            pages.append(read(admin.post(f"{nursing}/split", target=str(target), group="1")))
        for page in pages:
            assert said in page.text
            assert_well_made(page)

    def test_previews_send_as_many_statements_for_many_filings_as_for_few(
        self, admin: Browser, made: Made, nursing: str, college: College, counted: StatementCounter
    ) -> None:
        target, counts = college.departments["7"], []
        for number in (3, 9):
            for n in range(number):
                made.submitted(name=f"护理系{number}{n}群", number=f"71000{number}{n}")
            counted.statements.clear()
            admin.open(f"{nursing}/merger?target={target}")
            counts.append(len(counted))
        assert counts[0] == counts[1]

    def test_what_was_ticked_stays_ticked_when_the_target_is_missing(
        self, admin: Browser, made: Made, nursing: str
    ) -> None:
        made.submitted()
        page = read(admin.post(f"{nursing}/split", group="1"), 422)
        assert page.errors["target"]
        assert page.form(f"{nursing}/split").values["group"] == "1"

    def test_a_clash_of_a_chosen_name_is_refused_before_it_is_confirmed(
        self, admin: Browser, made: Made, nursing: str, college: College
    ) -> None:
        target = college.departments["7"]
        made.submitted(tier="college", name="川护教职工群", number="70001")
        made.submitted(tier="college", name="川护教职工群", number="70002", department_id=target)
        page = read(admin.post(f"{nursing}/split", target=str(target), group="1"), 422)
        assert "川护教职工群" in page.errors["target"]

    def test_a_department_without_groups_has_nothing_to_split(self, admin: Browser, nursing: str) -> None:
        page = admin.open(f"{nursing}/split")
        assert "没有在用或办理中的群组" in page.text
        assert_well_made(page)


class TestNames:
    def test_the_head_and_administrators_read_what_groups_should_be_called(
        self, app: Flask, sign_in: SignIn, made: Made, college: College
    ) -> None:
        made.submitted(name="护理系教研室群")
        rename(app, college.departments["8"], "护理学院")
        address = f"/departments/{college.departments['8']}/names"
        for user_id in ("zhangzhuren", "wuguanli"):
            page = sign_in(user_id).open(address)
            assert "建议改为「护理学院教研室群」" in page.text
            assert "现名 护理系教研室群" in page.text
            assert "备案还没有办结：可以“退回修改”，由申请人改群名" in page.text
            assert_well_made(page)
        for user_id in ("lilaoshi", "chenshuji", "sunchuzhang", "zhougan"):
            assert sign_in(user_id).client.get(address).status_code == 403

    def test_the_head_finds_the_page_from_the_first_page_and_administrators_from_theirs(
        self, app: Flask, sign_in: SignIn, made: Made, college: College
    ) -> None:
        made.submitted(name="护理系教研室群")
        address = f"/departments/{college.departments['8']}/names"
        for user_id, start in (("zhangzhuren", "/"), ("wuguanli", "/administration/")):
            assert address not in sign_in(user_id).open(start).links
        rename(app, college.departments["8"], "护理学院")
        for user_id, start in (("zhangzhuren", "/"), ("wuguanli", "/administration/")):
            page = sign_in(user_id).open(start)
            assert address in page.links
            assert_well_made(page)
        assert "1个群建议改名" in sign_in("zhangzhuren").open("/").text
        for user_id in ("lilaoshi", "sunchuzhang"):
            assert "建议改名" not in sign_in(user_id).open("/").text

    def test_a_registered_group_is_renamed_in_the_group_and_one_under_review_in_its_filing(
        self, app: Flask, sign_in: SignIn, made: Made, college: College
    ) -> None:
        made.approved(name="护理系教研室群")
        rename(app, college.departments["8"], "护理学院")
        head = sign_in("zhangzhuren")
        text = head.open("/groups/1").text
        assert "由申请人改群名" in text
        assert "请群主在群里改名" not in text
        sign_in("zhougan").post("/filings/1/decision", outcome="registered")
        text = head.open("/groups/1").text
        assert "由申请人改群名" not in text
        assert "请群主在群里改名" in text

    def test_the_groups_page_shows_it_to_whoever_sees_the_group(
        self, app: Flask, sign_in: SignIn, made: Made, college: College
    ) -> None:
        made.submitted(name="护理系教研室群")
        assert "改名建议" not in sign_in("lilaoshi").open("/groups/1").text
        rename(app, college.departments["8"], "护理学院")
        page = sign_in("lilaoshi").open("/groups/1")
        assert "改名建议（第九条）" in page.text
        assert "单位简称有变动" in page.text
        assert "「护理学院教研室群」" in page.text
        assert_well_made(page)

    def test_groups_of_a_merged_department_are_not_called_renamed(
        self, app: Flask, admin: Browser, made: Made, college: College
    ) -> None:
        made.submitted(name="护理系教研室群")
        target = college.departments["7"]
        with app.app_context():
            merge(BY, college.departments["8"], target)
        for address in ("/groups/1", f"/departments/{target}/names"):
            page = admin.open(address)
            assert "护理系已并入校团委" in page.text
            assert "单位简称有变动" not in page.text
            assert_well_made(page)

    def test_the_filing_keeps_the_name_of_its_day(
        self, app: Flask, sign_in: SignIn, made: Made, college: College
    ) -> None:
        made.submitted(name="护理系教研室群")
        rename(app, college.departments["8"], "护理学院")
        assert "护理系" in re.findall(r"<td>([^<]*)</td>", sign_in("zhougan").open("/registry").html)

    def test_nothing_to_rename_says_so(self, sign_in: SignIn, college: College) -> None:
        page = sign_in("zhangzhuren").open(f"/departments/{college.departments['8']}/names")
        assert "不用改名" in page.text
        assert_well_made(page)


def test_a_filing_names_its_department_as_on_the_day_it_was_sent(
    app: Flask, sign_in: SignIn, made: Made, college: College
) -> None:
    sent, returned = made.submitted(), made.submitted(name="护理系退回群", number="71000009")
    with app.app_context():
        decide(college.actor("zhangzhuren"), returned, Outcome.RETURNED, reason="请补充")
    rename(app, college.departments["8"], "护理学院")
    pages = {filing_id: sign_in("lilaoshi").open(f"/filings/{filing_id}").text for filing_id in (sent, returned)}
    assert "护理系（现为护理学院）" in pages[sent]
    # It is still to be sent, under what the department is called by then.
    assert "（现为" not in pages[returned]
    assert "护理学院" in pages[returned]
