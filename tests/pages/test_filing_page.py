"""A filing from its confirmation to its number, as each of those who take part sees and moves it."""

import re
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import update

from models import Department, Filing, Post, utc_now
from models.database import unit_of_work
from regulation import DepartmentKind, PostKind, Tier
from tests.college import College
from tests.pages.conftest import Made, SignIn, one_database
from tests.pages.reading import read

StateOf = Callable[[int], str]


def test_a_filing_goes_from_the_confirmation_to_its_number(sign_in: SignIn, made: Made, state_of: StateOf) -> None:
    filing_id = made.draft()
    here, applicant = f"/filings/{filing_id}", sign_in("lilaoshi")
    page = applicant.open(f"{here}/confirm")
    assert "第八条第2项：部门群组由本部门负责人审核" in page.text
    assert "张主任" in page.text
    assert applicant.send(page, f"{here}/confirm", promise="y").location == here
    assert applicant.open(here).states[0] == state_of(filing_id) == "in_review"

    head = sign_in("zhangzhuren")
    assert head.send(head.open(here), f"{here}/decision", outcome="approved").location == here
    page = applicant.open(here)
    assert page.states[0] == state_of(filing_id) == "approved"
    assert "审核通过，尚未备案，不得运营" in page.text

    registrar = sign_in("zhougan")
    assert registrar.send(registrar.open(here), f"{here}/decision", outcome="registered").location == here
    page = applicant.open(here)
    assert page.states[0] == state_of(filing_id) == "registered"
    assert f"川护群备〔{utc_now().year}〕0001号" in page.text
    assert applicant.open("/groups/1").states[0] == "operating"


@one_database
class TestConfirming:
    def test_nothing_is_sent_without_the_commitment(self, sign_in: SignIn, made: Made, state_of: StateOf) -> None:
        address = f"/filings/{made.draft()}/confirm"
        browser = sign_in("lilaoshi")
        page = read(browser.send(browser.open(address), address), 422)
        assert "请先勾选承诺" in page.errors["promise"]
        assert state_of(1) == "draft"

    def test_what_the_route_lacks_is_said_at_its_field(self, app: Flask, sign_in: SignIn, made: Made) -> None:
        filing_id = made.draft(tier=Tier.FACULTY_ORGANIZATION)
        with app.app_context(), unit_of_work() as session:
            group = session.get_one(Filing, filing_id).group
            session.get_one(Department, group.department_id).kind = DepartmentKind.OFFICE
            session.execute(update(Post).where(Post.kind == PostKind.PARTY_SECRETARY).values(ended_at=utc_now()))
        page = read(sign_in("lilaoshi").client.get(f"/filings/{filing_id}/confirm"), 422)
        assert "还没有对应的党总支" in page.errors["department_id"]
        assert "第八条第4项" in page.errors["department_id"]

    def test_confirming_twice_sends_once(self, sign_in: SignIn, made: Made, state_of: StateOf) -> None:
        address = f"/filings/{made.draft()}/confirm"
        browser = sign_in("lilaoshi")
        page = browser.open(address)
        assert [browser.send(page, address, promise="y").location for _ in range(2)] == ["/filings/1"] * 2
        assert browser.client.get(address).location == "/filings/1"
        assert browser.open("/filings/1").text.count("已提交，下面可以看到办理进度") == 1

    def test_a_draft_changed_since_it_was_shown_is_not_sent_and_is_shown_again(
        self, sign_in: SignIn, made: Made, state_of: StateOf
    ) -> None:
        here = f"/filings/{made.draft()}"
        browser = sign_in("lilaoshi")
        page = browser.open(f"{here}/confirm")
        form = browser.open(f"{here}/edit")
        browser.send(form, f"{here}/edit", purpose="换了一个用途", action="save")
        assert browser.send(page, f"{here}/confirm", promise="y").location == f"{here}/confirm"
        assert state_of(1) == "draft"
        page = browser.open(f"{here}/confirm")
        assert "草稿在您核对之后有改动" in page.text
        assert "换了一个用途" in page.text
        assert browser.send(page, f"{here}/confirm", promise="y").location == here
        assert state_of(1) == "in_review"

    @pytest.mark.parametrize("seen", [None, "", "0" * 32])
    def test_nothing_is_sent_unseen(self, seen: str | None, sign_in: SignIn, made: Made, state_of: StateOf) -> None:
        address = f"/filings/{made.draft()}/confirm"
        browser = sign_in("lilaoshi")
        assert browser.send(browser.open(address), address, promise="y", seen=seen).location == address
        assert state_of(1) == "draft"

    def test_an_empty_post_and_an_applicant_who_holds_it_are_named(
        self, sign_in: SignIn, made: Made, app: Flask, college: College
    ) -> None:
        with app.app_context(), unit_of_work() as session:
            vacated = update(Post).where(Post.person_id == college.people["chenshuji"]).values(ended_at=utc_now())
            session.execute(vacated)
        class_group = made.draft(tier=Tier.FACULTY_ORGANIZATION)
        assert "岗位空缺" in sign_in("lilaoshi").open(f"/filings/{class_group}/confirm").text
        own = made.draft("zhangzhuren", name="护理系党支部群", number="70000002")
        assert "申请人即审核人" in sign_in("zhangzhuren").open(f"/filings/{own}/confirm").text

    def test_warnings_are_shown_before_sending(self, sign_in: SignIn, made: Made) -> None:
        filing_id = made.draft(member_count=130, size_reason="全系都在群里")
        assert "原则上应控制在100人以内" in sign_in("lilaoshi").open(f"/filings/{filing_id}/confirm").text

    def test_a_name_taken_meanwhile_is_refused_in_the_form_with_all_its_values(
        self, sign_in: SignIn, made: Made
    ) -> None:
        filing_id = made.draft()
        made.submitted("wangqunzhu", number="70000003")
        browser = sign_in("lilaoshi")
        page = browser.open(f"/filings/{filing_id}/confirm", 422)
        assert "第八条" in page.errors["name"]
        assert page.form(f"/filings/{filing_id}/edit").values["purpose"] == "发布教学安排和工作通知"


@one_database
class TestDeciding:
    @pytest.mark.parametrize(("outcome", "state"), [("returned", "returned"), ("rejected", "rejected")])
    def test_a_refusal_needs_its_reason_and_keeps_what_was_typed(
        self, outcome: str, state: str, sign_in: SignIn, made: Made, state_of: StateOf
    ) -> None:
        here = f"/filings/{made.submitted()}"
        head = sign_in("zhangzhuren")
        page = read(head.send(head.open(here), f"{here}/decision", outcome=outcome, reason=" \n"), 422)
        assert "请写明理由" in page.errors["reason"]
        assert state_of(1) == "in_review"
        page = read(head.send(page, f"{here}/decision", outcome=outcome, reason="长" * 501), 422)
        assert page.form(f"{here}/decision").values["reason"] == "长" * 501
        assert head.send(page, f"{here}/decision", outcome=outcome, reason="成员组成不清楚").location == here
        assert state_of(1) == state
        assert "成员组成不清楚" in sign_in("lilaoshi").open(here).text

    @pytest.mark.parametrize("outcome", ["", "approve", "draft", "\x00"])
    def test_an_unknown_outcome_changes_nothing(
        self, outcome: str, sign_in: SignIn, made: Made, state_of: StateOf
    ) -> None:
        here = f"/filings/{made.submitted()}"
        head = sign_in("zhangzhuren")
        page = read(head.send(head.open(here), f"{here}/decision", outcome=outcome), 422)
        assert "请选择" in page.errors["reason"]
        assert state_of(1) == "in_review"

    @pytest.mark.parametrize(("user_id", "outcome"), [("zhangzhuren", "registered"), ("zhougan", "approved")])
    def test_an_outcome_of_another_step_changes_nothing(
        self, user_id: str, outcome: str, sign_in: SignIn, made: Made, state_of: StateOf
    ) -> None:
        filing_id = made.submitted() if user_id == "zhangzhuren" else made.approved()
        before = state_of(filing_id)
        answer = sign_in(user_id).post(f"/filings/{filing_id}/decision", outcome=outcome)
        assert answer.location == f"/filings/{filing_id}"
        assert state_of(filing_id) == before

    @pytest.mark.parametrize("user_id", ["lilaoshi", "wangqunzhu", "zhougan", "wuguanli"])
    def test_somebody_who_sees_the_filing_but_does_not_hold_the_post_is_refused(
        self, user_id: str, sign_in: SignIn, made: Made, state_of: StateOf
    ) -> None:
        here = f"/filings/{made.submitted()}"
        browser = sign_in(user_id)
        assert not [form for form in browser.open(here).forms if form.action.endswith("/decision")]
        assert browser.post(f"{here}/decision", outcome="approved").status_code == 403
        assert state_of(1) == "in_review"

    def test_the_applicant_does_not_approve_their_own_filing(
        self, sign_in: SignIn, made: Made, state_of: StateOf, app: Flask, college: College
    ) -> None:
        with app.app_context(), unit_of_work() as session:
            head = session.query(Post).filter_by(person_id=college.people["zhangzhuren"]).one()
            session.add(Post(kind=head.kind, person_id=college.people["lilaoshi"], department_id=head.department_id))
        here = f"/filings/{made.submitted()}"
        assert sign_in("lilaoshi").post(f"{here}/decision", outcome="approved").status_code == 403
        assert state_of(1) == "in_review"

    def test_whoever_comes_second_is_told_who_was_first_and_changes_nothing(
        self, sign_in: SignIn, made: Made, state_of: StateOf
    ) -> None:
        here = f"/filings/{made.submitted()}"
        head = sign_in("zhangzhuren")
        page = head.open(here)
        head.send(page, f"{here}/decision", outcome="approved")
        answer = head.send(page, f"{here}/decision", outcome="rejected", reason="不同意")
        assert answer.location == here
        assert "这一步已由张主任处理（已同意）" in head.open(here).text
        assert state_of(1) == "approved"

    def test_a_decision_on_a_filing_withdrawn_meanwhile_is_answered_truthfully(
        self, sign_in: SignIn, made: Made, state_of: StateOf
    ) -> None:
        here = f"/filings/{made.submitted()}"
        head = sign_in("zhangzhuren")
        page = head.open(here)
        sign_in("lilaoshi").post(f"{here}/withdrawal")
        assert head.send(page, f"{here}/decision", outcome="approved").location == here
        assert "申请人已撤回" in head.open(here).text
        assert state_of(1) == "withdrawn"

    @pytest.mark.parametrize(("step_id", "status"), [("abc", 422), ("-1", 422), (str(10**30), 422), ("999", 302)])
    def test_a_step_of_ones_own_making_decides_nothing(
        self, step_id: str, status: int, sign_in: SignIn, made: Made, state_of: StateOf
    ) -> None:
        here = f"/filings/{made.submitted()}"
        answer = sign_in("zhangzhuren").post(f"{here}/decision", outcome="approved", step_id=step_id)
        assert answer.status_code == status
        assert state_of(1) == "in_review"

    def test_a_step_of_another_filing_decides_nothing(self, sign_in: SignIn, made: Made, state_of: StateOf) -> None:
        made.submitted()
        other = made.submitted(name="护理系另一个群", number="70000001")
        head = sign_in("zhangzhuren")
        step_id = head.open(f"/filings/{other}").form(f"/filings/{other}/decision").values["step_id"]
        head.post("/filings/1/decision", outcome="approved", step_id=step_id)
        assert (state_of(1), state_of(other)) == ("in_review", "in_review")

    def test_the_card_leads_to_the_reason(self, sign_in: SignIn, made: Made) -> None:
        here = f"/filings/{made.submitted()}"
        page = sign_in("zhangzhuren").open(f"{here}?decision=return")
        assert "decide" in page.ids
        assert "autofocus" in page.html
        assert "autofocus" not in sign_in("zhangzhuren").open(here).html

    def test_whoever_decides_reads_why_the_group_is_so_large(
        self, app: Flask, college: College, sign_in: SignIn, made: Made
    ) -> None:
        """F8: on the page and on the card, for the approver and for the registry."""
        here = f"/filings/{made.submitted(member_count=101, size_reason='全系都在群里')}"
        for user_id in ("zhangzhuren", "zhougan"):
            assert "全系都在群里" in sign_in(user_id).open(here).text
            with app.app_context():
                assert ["超员原因", "全系都在群里"] in college.told(user_id)[-1].card["rows"]
            sign_in("zhangzhuren").post(f"{here}/decision", outcome="approved")

    def test_the_registrar_sees_the_findings_beside_the_facts_and_may_send_it_back(
        self, sign_in: SignIn, made: Made, state_of: StateOf
    ) -> None:
        here = f"/filings/{made.approved(member_count=130, size_reason='全系都在群里')}"
        registrar = sign_in("zhougan")
        page = registrar.open(here)
        assert "按管理办法核对" in page.text
        assert "第十条" in page.text
        answer = registrar.send(page, f"{here}/decision", outcome="returned", reason="请补充审批材料")
        assert answer.location == here
        assert state_of(1) == "returned"


@one_database
class TestWhatIsShown:
    @pytest.mark.parametrize(
        ("user_id", "full"),
        [
            *(("lilaoshi", True), ("zhangzhuren", True), ("zhougan", True), ("wuguanli", True)),
            *(("wangqunzhu", False), ("zhaoguanli", False)),
        ],
    )
    def test_mobiles_are_whole_only_to_those_whose_task_needs_them(
        self, user_id: str, full: bool, sign_in: SignIn, made: Made
    ) -> None:
        made.submitted()
        for address in ("/filings/1", "/groups/1"):
            html = sign_in(user_id).open(address).html
            assert ("19900000002" in html) is full
            assert ("199****0002" in html) is not full

    def test_an_approver_who_has_decided_sees_mobiles_masked_again(self, sign_in: SignIn, made: Made) -> None:
        made.approved()
        assert "19900000002" not in sign_in("zhangzhuren").open("/filings/1").html

    def test_the_steps_say_who_decided_when_and_how_and_who_is_next(self, sign_in: SignIn, made: Made) -> None:
        made.approved()
        text = sign_in("lilaoshi").open("/filings/1").text
        assert text.count("在页面上办理") == 1
        for said in (
            "护理系部门负责人",
            "已同意",
            "· 在页面上办理",
            "张主任",
            "第八条第2项",
            "宣传统战部备案登记",
            "周干事",
            "待办理",
        ):
            assert said in text

    def test_an_approval_of_ones_own_is_said_to_be_none(self, sign_in: SignIn, made: Made) -> None:
        made.submitted("zhangzhuren")
        assert "申请人即审核人" in sign_in("zhangzhuren").open("/filings/1").text

    def test_a_post_that_nobody_holds_is_said_to_be_vacant(
        self, sign_in: SignIn, made: Made, app: Flask, college: College
    ) -> None:
        made.submitted()
        with app.app_context(), unit_of_work() as session:
            person_id = college.people["zhangzhuren"]
            session.execute(update(Post).where(Post.person_id == person_id).values(ended_at=utc_now()))
        assert "岗位空缺" in sign_in("lilaoshi").open("/filings/1").text

    def test_the_applicant_takes_a_filing_back(self, sign_in: SignIn, made: Made, state_of: StateOf) -> None:
        """F18: asked first, done once."""
        here = f"/filings/{made.submitted()}"
        browser = sign_in("lilaoshi")
        assert f"{here}/withdrawal" in browser.open(here).links
        asked = browser.open(f"{here}/withdrawal")
        assert state_of(1) == "in_review"
        assert browser.send(asked, f"{here}/withdrawal").location == here
        assert browser.open(here).states[0] == state_of(1) == "withdrawn"
        assert f"{here}/withdrawal" not in browser.open(here).links
        assert browser.client.get(f"{here}/withdrawal").location == here
        assert browser.post(f"{here}/withdrawal").location == here

    def test_a_reason_for_taking_it_back_is_asked_for_and_may_be_left_out(
        self, sign_in: SignIn, made: Made, state_of: StateOf
    ) -> None:
        """F18: what was typed too long is refused at its field and kept; what was said stands on the timeline."""
        here, browser = f"/filings/{made.submitted()}", sign_in("lilaoshi")
        asked = browser.open(f"{here}/withdrawal")
        page = read(browser.send(asked, f"{here}/withdrawal", reason="长" * 501), 422)
        assert "最多" in page.errors["reason"]
        assert page.form(f"{here}/withdrawal").values["reason"] == "长" * 501
        assert state_of(1) == "in_review"
        assert browser.send(page, f"{here}/withdrawal", reason="改为使用\n已有的群").location == here
        assert state_of(1) == "withdrawn"
        assert "改为使用\n已有的群" in sign_in("zhangzhuren").open(here).text

    def test_what_people_typed_is_never_taken_for_markup(self, sign_in: SignIn, made: Made) -> None:
        made.submitted(
            name="护理系<script>alert(1)</script>群", purpose="<b onclick=x>\"'</b>", composition="{{ 7*7 }}"
        )
        for address in ("/filings/1", "/groups/1", "/"):
            page = sign_in("lilaoshi").open(address)
            assert "<script>alert" not in page.html
            assert not page.inline
            assert not page.faults
        assert "{{ 7*7 }}" in sign_in("lilaoshi").open("/filings/1").text


@one_database
class TestLists:
    def test_what_waits_is_counted_and_leads_to_the_decision(self, sign_in: SignIn, made: Made) -> None:
        made.submitted()
        page = sign_in("zhangzhuren").open("/")
        assert "等我办理 1 项" in page.text
        assert "/filings/1#decide" in page.links
        assert "/filings/1#decide" in sign_in("zhangzhuren").open("/approvals").links
        assert "/filings/1#decide" not in sign_in("lilaoshi").open("/approvals").links

    def test_what_was_decided_is_listed_apart(self, sign_in: SignIn, made: Made) -> None:
        made.approved()
        page = sign_in("zhangzhuren").open("/approvals")
        assert "/filings/1" in page.links
        assert "已同意" in page.text

    def test_the_registrar_finds_what_waits_on_top_of_the_ledger(self, sign_in: SignIn, made: Made) -> None:
        made.approved()
        made.draft(name="护理系没有提交的群", number="70000004")
        page = sign_in("zhougan").open("/registry")
        assert page.links.index("/filings/1#decide") < page.links.index("/filings/1")
        assert "没有提交" not in page.text
        assert "/filings/1#decide" not in sign_in("wuguanli").open("/registry").links

    def test_the_registrar_sees_who_has_waited_longest_and_how_many_wait(self, sign_in: SignIn, made: Made) -> None:
        waiting = [made.approved(name=f"护理系第{number}群", number=str(70000000 + number)) for number in range(25)]
        page = sign_in("zhougan").open("/registry")
        shown = [link for link in page.links if link.endswith("#decide")]
        assert shown == [f"/filings/{filing_id}#decide" for filing_id in waiting[:20]]
        assert "共25项" in page.text
        assert "待我办理：全部25项" in page.text

    def test_a_few_that_wait_are_all_on_top_of_the_ledger(self, sign_in: SignIn, made: Made) -> None:
        made.approved()
        page = sign_in("zhougan").open("/registry")
        assert "共1项" in page.text
        assert "全部1项" not in page.text

    def test_long_lists_are_paged_by_key(self, sign_in: SignIn, made: Made) -> None:
        for number in range(23):
            made.submitted(name=f"护理系第{number}群", number=str(70000000 + number))
        for user_id, address, key in (
            *(("lilaoshi", "/", "before"), ("zhougan", "/registry", "before"), ("zhangzhuren", "/approvals", "before")),
        ):
            browser = sign_in(user_id)
            first = browser.open(address)
            following = next(link for link in first.links if f"{key}=" in link)
            shown = {link.partition("#")[0] for page in (first, browser.open(following)) for link in page.links}
            assert {f"/filings/{number}" for number in range(1, 24)} <= shown

    @pytest.mark.parametrize("key", ["", "x", "-1", "1.5", "²", str(10**30), "\x00"])
    def test_a_key_that_is_none_shows_the_newest(self, key: str, sign_in: SignIn, made: Made) -> None:
        made.submitted()
        answer = sign_in("zhougan").client.get("/registry", query_string={"before": key})
        assert "/filings/1" in read(answer).links

    def test_empty_pages_say_what_to_do_first(self, sign_in: SignIn) -> None:
        assert "新建备案" in sign_in("jiwai").open("/").text
        assert "收到卡片" in sign_in("jiwai").open("/approvals").text
        assert "还没有人提交备案" in sign_in("zhougan").open("/registry").text


def test_why_it_was_sent_back_stands_where_it_is_changed(made: Made, sign_in: SignIn) -> None:
    """F19: on the filing, where 修改 is the button to press, and above the form."""
    made.submitted()
    sign_in("zhangzhuren").post("/filings/1/decision", outcome="returned", reason="请写明成员组成")
    browser = sign_in("lilaoshi")
    page = browser.open("/filings/1")
    assert re.search(r'class="btn btn-main"[^>]*>修改<', page.html)
    for address in ("/filings/1", "/filings/1/edit"):
        assert "退回修改：请写明成员组成" in browser.open(address).text


def test_an_applicant_who_owns_the_group_reads_at_the_top_that_the_duties_are_theirs_to_confirm(
    made: Made, sign_in: SignIn
) -> None:
    """F11: they get no card, having the page before them."""
    made.submitted(user_id="wangqunzhu")
    page = sign_in("wangqunzhu").open("/filings/1")
    assert page.text.index("请阅读后确认职责") < page.text.index("备案内容")
    assert "请阅读后确认职责" not in sign_in("zhangzhuren").open("/filings/1").text
