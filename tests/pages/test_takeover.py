"""接办: a filing whose applicant left or moved stays with its department, and the head goes on with it."""

import pytest
from flask import Flask
from sqlalchemy import select

from extensions import db
from models import Filing, FilingState, MessageKind, MessageState, Person, Post, utc_now
from models.database import POSTS_TURN, take_turn, unit_of_work
from operations.appointing import appoint
from operations.clock import college_today
from operations.delegating import delegate
from operations.departments import DepartmentFacts, describe
from operations.handover_lists import filings_to_take_over, handovers_waiting_for
from operations.leaving import leave
from operations.merging import merge
from operations.permissions import can_take_over
from operations.tasks import tasks_of
from operations.turns import APPROVED_BEFORE
from tests.college import College, set_short_name, steps_waiting
from tests.pages.conftest import Made, SignIn, one_database
from tests.pages.reading import read
from tests.pages.test_every_page import assert_well_made

pytestmark = one_database

HEAD, APPLICANT = "zhangzhuren", "lilaoshi"


def move(app: Flask, college: College, user_id: str, key: str = "5") -> None:
    """The person belongs to another department now."""
    with app.app_context():
        college.move(user_id, key)


def go(app: Flask, college: College, user_id: str) -> None:
    with app.app_context(), unit_of_work() as session:
        take_turn(session, POSTS_TURN)
        leave(session, [session.get_one(Person, college.people[user_id])])


def let_several_head(app: Flask, college: College, *user_ids: str) -> None:
    """These people head 护理系 too, and each head has to agree."""
    with app.app_context():
        describe((None, "tests"), college.departments["8"], DepartmentFacts(all_heads=True))
        for user_id in user_ids:
            appoint(user_id, "DEPARTMENT_HEAD", "8")


def test_nobody_takes_over_from_an_applicant_who_is_still_there(sign_in: SignIn, made: Made) -> None:
    filing_id = made.submitted()
    head = sign_in(HEAD)
    address = f"/filings/{filing_id}/takeover"
    assert address not in head.open(f"/filings/{filing_id}").links
    assert head.post(address).location == f"/filings/{filing_id}"
    page = head.open(f"/filings/{filing_id}")
    assert "这份备案不用接办" in page.text
    assert "申请人李老师" in page.text.replace("\n", "").replace(" ", "")


def test_nobody_takes_over_from_an_applicant_who_filed_for_another_department(sign_in: SignIn, made: Made) -> None:
    filing_id = made.submitted("jiwai")
    address = f"/filings/{filing_id}/takeover"
    head = sign_in(HEAD)
    assert address not in head.open(f"/filings/{filing_id}").links
    head.post(address)
    assert "申请人纪外人" in head.open(f"/filings/{filing_id}").text.replace("\n", "").replace(" ", "")


def test_a_delegate_of_the_head_takes_nothing_over(app: Flask, sign_in: SignIn, made: Made, college: College) -> None:
    filing_id = made.submitted()
    move(app, college, APPLICANT)
    with app.app_context():
        today = college_today()
        post_id = db.session.scalars(select(Post.id).where(Post.person_id == college.people[HEAD])).one()
        delegate(college.actor(HEAD), post_id, college.people["wangqunzhu"], starts_on=today, ends_on=today)
    address = f"/filings/{filing_id}/takeover"
    assert address not in sign_in("wangqunzhu").open(f"/filings/{filing_id}").links
    assert address in sign_in(HEAD).open(f"/filings/{filing_id}").links


def test_a_merged_department_is_still_the_applicants(app: Flask, made: Made, college: College) -> None:
    filing_id = made.submitted()
    with app.app_context():
        merge((None, "tests"), college.departments["8"], college.departments["5"])
        assert not can_take_over(college.actor("sunchuzhang"), college.filing(filing_id))


def test_whoever_is_listed_in_the_department_still_has_not_left_it(app: Flask, made: Made, college: College) -> None:
    filing_id = made.submitted()
    with app.app_context(), unit_of_work() as session:
        session.get_one(Person, college.people[APPLICANT]).department_id = college.departments["5"]
    with app.app_context():
        assert not can_take_over(college.actor(HEAD), college.filing(filing_id))
    move(app, college, APPLICANT)
    with app.app_context():
        assert can_take_over(college.actor(HEAD), college.filing(filing_id))


def test_what_a_head_of_another_department_took_over_is_not_taken_from_them(
    app: Flask, sign_in: SignIn, made: Made, college: College
) -> None:
    with app.app_context():
        appoint("jiwai", "DEPARTMENT_HEAD", "8")
    filing_id = made.submitted()
    move(app, college, APPLICANT)
    sign_in("jiwai").post(f"/filings/{filing_id}/takeover")
    with app.app_context():
        assert college.filing(filing_id).applicant_id == college.people["jiwai"]
        assert not can_take_over(college.actor(HEAD), college.filing(filing_id))


@pytest.mark.parametrize("how", [move, go])
def test_the_head_takes_over_and_the_former_name_stays(
    app: Flask, sign_in: SignIn, made: Made, college: College, how: object
) -> None:
    """E18: the applicant is in another unit now; the filing stays, and the head goes on with it."""
    filing_id = made.submitted()
    how(app, college, APPLICANT)  # type: ignore[operator]
    head, address = sign_in(HEAD), f"/filings/{filing_id}/takeover"
    assert address in head.open(f"/filings/{filing_id}").links
    page = head.open(address)
    assert page.headings == ["接办备案"]
    assert_well_made(page)
    for _ in range(2):
        assert head.client.post(address, data=page.form(address).values).location == f"/filings/{filing_id}"
    page = head.open(f"/filings/{filing_id}")
    assert "张主任接办（原申请人李老师）" in page.text
    assert page.states[0] == "approved"
    assert "申请人即审核人" in page.text
    with app.app_context():
        filing = college.filing(filing_id)
        assert (filing.applicant_name, filing.taken_over_from) == ("张主任", "李老师")
        told = [m for m in college.told(APPLICANT) if "接办" in m.card.get("lead", "")]
        assert len(told) == (1 if how is move else 0)


@pytest.mark.parametrize(("how", "why"), [(go, "已离职"), (move, "现在其他部门")])
def test_the_way_to_take_over_stands_at_the_top_for_the_head_alone(
    app: Flask, sign_in: SignIn, made: Made, college: College, how: object, why: str
) -> None:
    filing_id = made.submitted()
    how(app, college, APPLICANT)  # type: ignore[operator]
    page = sign_in(HEAD).open(f"/filings/{filing_id}")
    assert page.html.index(f"/filings/{filing_id}/takeover") < page.html.index("<dl")
    assert f"申请人李老师{why}，您可以接办这份备案" in page.text
    assert_well_made(page)
    for user_id in ("wuguanli", "wangqunzhu"):
        text = sign_in(user_id).open(f"/filings/{filing_id}").text
        assert ("申请人李老师已离职，等待部门负责人接办" in text) == (how is go)
        assert ("李老师（已离职）" in text) == (how is go)


def test_the_confirming_page_says_that_the_step_will_be_passed_on_and_what_stands_against_the_filing(
    app: Flask, sign_in: SignIn, made: Made, college: College
) -> None:
    filing_id = made.submitted()
    address = f"/filings/{filing_id}/takeover"
    go(app, college, APPLICANT)
    head = sign_in(HEAD)
    text = head.open(address).text
    assert "“护理系部门负责人”这一步将记为“申请人即审核人”并直接转到下一步" in text
    assert "按管理办法核对" not in text
    with app.app_context():
        set_short_name((None, "tests"), college.departments["8"], "护院")
    page = head.open(address)
    assert "不符合 · 第九条" in page.text
    assert "请先返回，按“退回修改”，再接办" in page.text
    assert_well_made(page)
    head.post(f"/filings/{filing_id}/decision", outcome="returned", reason="请改")
    page = head.open(address)
    assert "接办后由您修改，再提交" in page.text
    assert "申请人即审核人" not in page.text


def test_the_confirming_page_says_who_is_asked_instead_of_the_head(
    app: Flask, sign_in: SignIn, made: Made, college: College
) -> None:
    with app.app_context():
        appoint("chenshuji", "DEPARTMENT_HEAD", "8")
    filing_id = made.submitted()
    go(app, college, APPLICANT)
    page = sign_in(HEAD).open(f"/filings/{filing_id}/takeover")
    assert "“护理系部门负责人”这一步由陈书记审核" in page.text
    assert "申请人即审核人" not in page.text
    assert_well_made(page)


def test_the_confirming_page_says_that_a_step_passes_where_whoever_is_left_agreed_before(
    app: Flask, sign_in: SignIn, made: Made, college: College
) -> None:
    other = "chenshuji"
    let_several_head(app, college, other)
    filing_id = made.submitted()
    sign_in(HEAD).post(f"/filings/{filing_id}/decision", outcome="approved")
    go(app, college, APPLICANT)
    browser, address = sign_in(other), f"/filings/{filing_id}/takeover"
    page = browser.open(address)
    assert "“护理系部门负责人”这一步将记为“同一审核人在前一步已同意”并直接转到下一步" in page.text
    assert "→ 同一审核人在前一步已同意，自动转下一步" in page.text
    assert "张主任" not in page.text
    assert_well_made(page)
    browser.post(address)
    with app.app_context():
        decision = college.filing(filing_id).current_steps[1].decision
        assert decision is not None
        assert decision.reason == APPROVED_BEFORE


def test_the_confirming_page_names_nobody_who_decided_in_the_post_already(
    app: Flask, sign_in: SignIn, made: Made, college: College
) -> None:
    let_several_head(app, college, "chenshuji", "jiwai")
    filing_id = made.submitted()
    sign_in(HEAD).post(f"/filings/{filing_id}/decision", outcome="approved")
    go(app, college, APPLICANT)
    page = sign_in("chenshuji").open(f"/filings/{filing_id}/takeover")
    assert "“护理系部门负责人”这一步由纪外人审核" in page.text
    assert "张主任" not in page.text


def test_a_delegate_who_comes_late_reads_that_the_step_was_passed_on(
    app: Flask, sign_in: SignIn, made: Made, college: College
) -> None:
    with app.app_context():
        today = college_today()
        post_id = db.session.scalars(select(Post.id).where(Post.person_id == college.people[HEAD])).one()
        delegate(college.actor(HEAD), post_id, college.people["zhaoguanli"], starts_on=today, ends_on=today)
    filing_id = made.submitted()
    go(app, college, APPLICANT)
    late = sign_in("zhaoguanli")
    page = late.open(f"/filings/{filing_id}")
    with app.app_context(), unit_of_work():
        (asked,) = [m for m in college.told("zhaoguanli") if m.kind is MessageKind.REQUEST and m.step_id]
        asked.state, asked.sent_at = MessageState.SENT, utc_now()
    sign_in(HEAD).post(f"/filings/{filing_id}/takeover")
    with app.app_context():
        (closing,) = [m for m in college.told("zhaoguanli") if m.kind is MessageKind.CLOSE]
        assert closing.card["text"].startswith("申请人即审核人，已转下一步 · ")
    late.send(page, f"/filings/{filing_id}/decision", outcome="approved")
    text = late.open(f"/filings/{filing_id}").text
    assert "这一步已自动转到下一步（申请人即审核人），您的操作没有改变结果" in text
    assert "由张主任处理" not in text


def test_another_head_is_asked_where_there_is_one_and_the_old_card_is_closed(
    app: Flask, sign_in: SignIn, made: Made, college: College
) -> None:
    with app.app_context():
        appoint("chenshuji", "DEPARTMENT_HEAD", "8")
    filing_id = made.submitted()
    move(app, college, APPLICANT)
    sign_in(HEAD).post(f"/filings/{filing_id}/takeover")
    with app.app_context():
        filing = college.filing(filing_id)
        assert filing.state is FilingState.IN_REVIEW
        requests = [m.state.value for m in college.told(HEAD) if m.kind is MessageKind.REQUEST]
        assert requests == ["cancelled"]
    assert sign_in(HEAD).post(f"/filings/{filing_id}/decision", outcome="approved").status_code in (302, 403)
    with app.app_context():
        assert college.filing(filing_id).state is FilingState.IN_REVIEW
    assert sign_in("chenshuji").post(f"/filings/{filing_id}/decision", outcome="approved").status_code == 302


def test_a_filing_that_was_sent_back_is_the_heads_to_change_and_send(
    app: Flask, sign_in: SignIn, made: Made, college: College
) -> None:
    filing_id = made.submitted()
    head = sign_in(HEAD)
    head.post(f"/filings/{filing_id}/decision", outcome="returned", reason="请改")
    go(app, college, APPLICANT)
    head.post(f"/filings/{filing_id}/takeover")
    assert head.client.get(f"/filings/{filing_id}/edit").status_code == 200
    page = head.open(f"/filings/{filing_id}/confirm")
    head.send(page, f"/filings/{filing_id}/confirm", promise="y")
    with app.app_context():
        assert college.filing(filing_id).state is FilingState.APPROVED


def test_what_names_somebody_who_left_is_not_sent_until_somebody_else_is_named(
    app: Flask, sign_in: SignIn, made: Made, college: College
) -> None:
    filing_id = made.submitted()
    sign_in(HEAD).post(f"/filings/{filing_id}/decision", outcome="returned", reason="请改")
    go(app, college, "wangqunzhu")
    browser, edit, confirm = sign_in(APPLICANT), f"/filings/{filing_id}/edit", f"/filings/{filing_id}/confirm"
    for _ in range(2):
        page = read(browser.send(browser.open(confirm), confirm, promise="y"), 422)
        assert page.errors["owner-name"] == "备案登记表：王群主已离职，请另填一位群主。"
        assert browser.send(page, edit, action="send").location == confirm
    browser.send(browser.open(edit), edit, owner__name="赵管理", action="send")
    browser.send(browser.open(confirm), confirm, promise="y")
    with app.app_context():
        assert college.filing(filing_id).state is FilingState.IN_REVIEW


@pytest.mark.parametrize("user_id", ["sunchuzhang", "chenshuji", "zhougan", "wuguanli", "wangqunzhu"])
def test_nobody_else_takes_over(app: Flask, sign_in: SignIn, made: Made, college: College, user_id: str) -> None:
    filing_id = made.submitted()
    move(app, college, APPLICANT)
    assert sign_in(user_id).post(f"/filings/{filing_id}/takeover").status_code == 403


def test_a_draft_and_what_is_finished_are_left_alone(app: Flask, sign_in: SignIn, made: Made, college: College) -> None:
    draft, done = made.draft(name="护理系草稿群", number="7000003"), made.approved()
    sign_in("zhougan").post(f"/filings/{done}/decision", outcome="registered")
    move(app, college, APPLICANT)
    head = sign_in(HEAD)
    assert head.post(f"/filings/{draft}/takeover").status_code == 403
    head.post(f"/filings/{done}/takeover")
    assert "这份备案不用接办" in head.open(f"/filings/{done}").text


def test_the_head_finds_what_is_to_be_taken_over_and_whoever_heads_it_later_does_too(
    app: Flask, sign_in: SignIn, made: Made, college: College
) -> None:
    filing_id, kept = made.submitted(), made.submitted("wangqunzhu", name="护理系二群", number="7000004")
    assert "没有要接办的备案" in sign_in(HEAD).open("/handovers").text
    go(app, college, APPLICANT)
    with app.app_context():
        appoint("jiwai", "DEPARTMENT_HEAD", "8")
    for user_id in (HEAD, "jiwai"):
        page = sign_in(user_id).open("/handovers")
        assert f"/filings/{filing_id}" in page.links
        assert f"/filings/{kept}" not in page.links
        assert "李老师已离职" in page.text
        assert_well_made(page)
        assert f"/filings/{filing_id}" in sign_in(user_id).open("/approvals").links
    sign_in(HEAD).post(f"/filings/{filing_id}/takeover")
    assert f"/filings/{filing_id}" not in sign_in("jiwai").open("/handovers").links


def test_the_list_holds_what_each_person_may_take_over_and_nothing_else(
    app: Flask, made: Made, college: College
) -> None:
    applicants = (APPLICANT, "wangqunzhu", "zhaoguanli", "jiwai", HEAD)
    for n, user_id in enumerate(applicants):
        made.submitted(user_id, name=f"护理系第{n}群", number=f"73000{n}")
    made.draft(name="护理系草稿群", number="7000003")
    move(app, college, APPLICANT)
    go(app, college, "wangqunzhu")
    go(app, college, "jiwai")
    with app.app_context(), unit_of_work() as session:
        session.get_one(Person, college.people["zhaoguanli"]).department_id = college.departments["5"]
    with app.app_context():
        appoint("chenshuji", "DEPARTMENT_HEAD", "8")
        post_id = db.session.scalars(select(Post.id).where(Post.person_id == college.people[HEAD])).one()
        today = college_today()
        delegate(college.actor(HEAD), post_id, college.people["zhaoguanli"], starts_on=today, ends_on=today)
        filings = db.session.scalars(select(Filing)).all()
        sizes = {}
        for user_id in set(college.people) - {"wangqunzhu", "jiwai"}:
            actor = college.actor(user_id)
            may = {filing.id for filing in filings if can_take_over(actor, filing)}
            assert {filing.id for filing in filings_to_take_over(actor).rows} == may, user_id
            assert tasks_of(actor).total == steps_waiting(actor) + len(may) + len(handovers_waiting_for(actor).rows)
            sizes[user_id] = len(may)
        assert (sizes[HEAD], sizes["chenshuji"], sum(sizes.values())) == (3, 3, 6)
