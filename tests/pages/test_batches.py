"""批量同意 and 批量办理备案 on the pages: ticked in 待我办理, looked at once more, done, and told of each."""

import re
from collections.abc import Callable

import pytest
from flask import Flask
from werkzeug.datastructures import MultiDict

from extensions import db
from models import Decision
from operations.appointing import appoint
from tests.conftest import StatementCounter
from tests.pages.conftest import Browser, Made, SignIn, one_database
from tests.pages.reading import Page, read
from tests.pages.test_every_page import assert_well_made

pytestmark = one_database

HEAD, REGISTRAR = "zhangzhuren", "zhougan"
CONFIRM, DECIDE = "/approvals/batch", "/approvals/batch/decisions"
StateOf = Callable[[int], str]


@pytest.fixture
def some(made: Made) -> Callable[..., list[int]]:
    """Filings of 护理系 that have come so far."""

    def make(how: str, count: int) -> list[int]:
        return [getattr(made, how)(name=f"护理系{how}{n}群", number=f"6123{n:04}") for n in range(count)]

    return make


def boxes(page: Page) -> list[str]:
    """The steps that may be ticked."""
    return re.findall(r'name="step_id" value="(\d+)"', page.html)


def press(browser: Browser, to: str, outcome: str, step_ids: list[str], status: int = 200) -> Page:
    """Press the button of this act with these boxes ticked."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', browser.client.get("/logout").text)
    assert found is not None
    said = MultiDict([("csrf_token", found[1]), ("outcome", outcome), *(("step_id", key) for key in step_ids)])
    return read(browser.client.post(to, data=said), status)


def test_each_waiting_filing_has_a_box_that_is_called_by_the_groups_name(
    some: Callable[..., list[int]], sign_in: SignIn
) -> None:
    """F23: whoever cannot see the row hears which group is ticked; 退回修改 is not offered for several."""
    some("submitted", 2)
    page = sign_in(HEAD).open("/approvals")
    assert_well_made(page)
    assert len(boxes(page)) == 2
    for key in boxes(page):
        assert re.search(rf'<label class="visually-hidden" for="step-{key}">护理系submitted\d群</label>', page.html)
    assert "审核 2 份" in page.text
    assert "退回修改、不同意要写明理由，请打开逐份办理" in page.text
    assert [value for form in page.forms for value in form.values.values()].count("approved") == 1


def test_the_page_that_asks_once_more_names_what_matters_of_each(made: Made, sign_in: SignIn) -> None:
    """F23: 群名, 备案部门, 申请人, 群人数, and what the rules point out."""
    made.submitted()
    made.submitted(name="护理系大群", number="61230002", member_count=101, size_reason="全系教师")
    head = sign_in(HEAD)
    page = press(head, CONFIRM, "approved", boxes(head.open("/approvals")))
    assert_well_made(page)
    for fact in ("护理系教师工作群", "护理系大群", "护理系", "申请人 李老师", "群人数 46人", "群人数 101人"):
        assert fact in page.text
    assert page.text.count("请留意 · 第十条") == 1
    assert page.text.count("您以护理系部门负责人身份审核") == 2
    assert page.html.count('type="checkbox" id="step-') == 2
    assert "确认同意" in page.text


def test_what_is_unticked_there_is_left_as_it_is(
    some: Callable[..., list[int]], sign_in: SignIn, state_of: StateOf
) -> None:
    """F23: on second thoughts one of them is looked at by itself."""
    filing_ids = some("submitted", 3)
    head = sign_in(HEAD)
    page = press(head, CONFIRM, "approved", sorted(boxes(head.open("/approvals"))))
    assert {state_of(filing_id) for filing_id in filing_ids} == {"in_review"}
    done = press(head, DECIDE, "approved", boxes(page)[:2])
    assert_well_made(done)
    assert done.headings == ["批量同意：已办理2份"]
    assert [state_of(filing_id) for filing_id in filing_ids] == ["approved", "approved", "in_review"]


def test_registering_several_names_the_number_of_each_and_why_one_was_left(
    some: Callable[..., list[int]], sign_in: SignIn, state_of: StateOf
) -> None:
    """F23: done with its 备案编号, or why not; one that fails keeps none of the others from being done."""
    filing_ids = some("approved", 3)
    registrar = sign_in(REGISTRAR)
    steps = sorted(boxes(registrar.open("/approvals")), key=int)
    sign_in("lilaoshi").post(f"/filings/{filing_ids[1]}/withdrawal", reason="不办了")
    page = press(registrar, DECIDE, "registered", steps)
    assert page.headings == ["批量办理备案：已办理2份"]
    assert re.findall(r"川护群备〔\d{4}〕(\d{4})号", page.text) == ["0001", "0002"]
    assert "没有办理 1 份" in page.text
    assert "申请人已撤回这份备案，无需处理。" in page.text
    assert [state_of(filing_id) for filing_id in filing_ids] == ["registered", "withdrawn", "registered"]


def test_pressed_twice_it_reads_the_same_and_happens_once(
    app: Flask, some: Callable[..., list[int]], sign_in: SignIn
) -> None:
    """F23: a double press, or the page sent again by reloading it."""
    some("approved", 2)
    registrar = sign_in(REGISTRAR)
    steps = boxes(registrar.open("/approvals"))
    first, second = (press(registrar, DECIDE, "registered", steps) for _ in range(2))
    assert first.text == second.text
    with app.app_context():
        assert db.session.query(Decision).count() == 4


@pytest.mark.parametrize("address", [CONFIRM, DECIDE])
def test_nothing_ticked_is_said_above_the_list(some: Callable[..., list[int]], sign_in: SignIn, address: str) -> None:
    """F23: the button without a tick."""
    some("submitted", 1)
    page = press(sign_in(HEAD), address, "approved", [], 422)
    assert_well_made(page)
    assert page.headings == ["待我办理"]
    assert "还没有勾选" in page.text


@pytest.mark.parametrize("address", [CONFIRM, DECIDE])
@pytest.mark.parametrize("outcome", ["returned", "rejected", "nix", ""])
def test_what_needs_a_reason_is_no_batch(
    some: Callable[..., list[int]], sign_in: SignIn, state_of: StateOf, address: str, outcome: str
) -> None:
    """F23: 退回修改 and 不同意 are each filing's own, and so is whatever no page of ours sends."""
    [filing_id] = some("submitted", 1)
    head = sign_in(HEAD)
    page = press(head, address, outcome, boxes(head.open("/approvals")), 422)
    assert "请用“批量同意”或“批量办理备案”办理。" in page.text
    assert state_of(filing_id) == "in_review"


@pytest.mark.parametrize("address", [CONFIRM, DECIDE])
def test_fifty_are_dealt_with_at_once_and_of_fifty_one_none(
    some: Callable[..., list[int]], sign_in: SignIn, state_of: StateOf, address: str
) -> None:
    """F23: one too many is said above the list, and the boxes stay ticked."""
    [filing_id] = some("submitted", 1)
    head = sign_in(HEAD)
    [step] = boxes(head.open("/approvals"))
    others = [str(900_000 + n) for n in range(50)]
    page = press(head, address, "approved", [step, *others], 422)
    assert "一次最多办理50份，您选了51份，还没有办理。请分几次办理。" in page.text
    assert re.search(rf'value="{step}" checked', page.html)
    assert state_of(filing_id) == "in_review"
    page = press(head, address, "approved", [step, *others[:49]])
    assert page.text.count("没有找到这条内容，它可能已被删除。") == 49
    assert state_of(filing_id) == ("approved" if address == DECIDE else "in_review")


@pytest.mark.parametrize("address", [CONFIRM, DECIDE])
def test_a_garbled_or_a_foreign_box_is_refused_truthfully(
    some: Callable[..., list[int]], sign_in: SignIn, state_of: StateOf, address: str
) -> None:
    """L8 L9: nobody learns a group's name by its step's number, and no number is an error of ours."""
    [filing_id] = some("submitted", 1)
    [step] = boxes(sign_in(HEAD).open("/approvals"))
    foreign = sign_in("sunchuzhang")
    for garbled in ("1 OR 1=1", "-1", "９", "1" * 30, "", "1.0"):
        page = press(foreign, address, "approved", [step, garbled])
        assert_well_made(page)
        assert "您目前不是这一步的审核人，未作处理。" in page.text
        assert "无法识别的1份" in page.text
        assert "护理系submitted0群" not in page.text
    assert state_of(filing_id) == "in_review"


def test_the_other_button_for_a_step_does_nothing_to_it(made: Made, sign_in: SignIn, state_of: StateOf) -> None:
    """L9: an approval is not registered, and what is to be registered is not agreed to once more."""
    filing_id = made.approved()
    registrar = sign_in(REGISTRAR)
    page = press(registrar, DECIDE, "approved", boxes(registrar.open("/approvals")))
    assert page.headings == ["批量同意：已办理0份"]
    assert "不能“同意”" in page.text
    assert state_of(filing_id) == "approved"


def test_whoever_holds_both_posts_has_a_list_for_each(app: Flask, made: Made, sign_in: SignIn) -> None:
    """F23: what is to be agreed to and what is to be registered are never ticked together."""
    made.submitted()
    made.approved(name="护理系二群", number="61230002")
    with app.app_context():
        appoint(REGISTRAR, "DEPARTMENT_HEAD", "8")
    page = sign_in(REGISTRAR).open("/approvals")
    assert_well_made(page)
    assert "审核 1 份" in page.text
    assert "备案登记 1 份" in page.text
    batches = [form for form in page.forms if form.action == CONFIRM]
    assert [form.values["outcome"] for form in batches] == ["approved", "registered"]


def test_a_form_that_was_reloaded_leads_back_to_the_list(sign_in: SignIn) -> None:
    for address in (CONFIRM, DECIDE):
        assert "/approvals" in read(sign_in(HEAD).client.get(address), 405).links


def test_looking_at_many_sends_only_what_the_rules_ask_of_each(
    some: Callable[..., list[int]], sign_in: SignIn, counted: StatementCounter
) -> None:
    """L9: the rules are asked of each as on its own page; all else is read once for all."""
    some("submitted", 12)
    head, counts = sign_in(HEAD), []
    steps = boxes(head.open("/approvals"))
    for number in (1, 4, 12):
        counted.statements.clear()
        press(head, CONFIRM, "approved", steps[:number])
        counts.append(len(counted))
    of_each = (counts[1] - counts[0]) // 3
    assert counts[2] - counts[1] == 8 * of_each
    assert of_each <= 2


def test_the_lists_are_paged_each_by_itself(made: Made, sign_in: SignIn) -> None:
    for n in range(25):
        made.approved(name=f"护理系第{n}群", number=f"6123{n:04}")
    registrar = sign_in(REGISTRAR)
    page = registrar.open("/approvals")
    assert "备案登记 25 份" in page.text
    older = next(link for link in page.links if "registrations_before=" in link)
    assert len(boxes(page)) == 20
    assert len(boxes(registrar.open(older))) == 5


def test_nothing_to_do_says_what_comes_next(sign_in: SignIn) -> None:
    assert "目前没有等您办理的事项" in sign_in("jiwai").open("/approvals").text
