"""What a registered group still owes: its number once it is made, a name of 第九条; or that it will not be made."""

import threading
from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from extensions import db
from models import AuditEntry, EventKind, Group, GroupState, Outcome
from operations.appointing import appoint
from operations.clock import college_today
from operations.decisions import decide
from operations.errors import NotAllowed, NotFound, NothingOwed, OperationRefused, RefusedByRules
from operations.owing import Made, give_name, give_number, give_up, owed_by
from operations.rules import rules_in_force
from operations.timeline import events_of
from regulation import FilingKind, Platform
from tests.college import College
from tests.operations.test_every_state import REACHED, S

pytestmark = pytest.mark.usefixtures("context")

OWNER, APPLICANT, REGISTRAR = "wangqunzhu", "lilaoshi", "zhougan"
TODAY = college_today()
PAST = date(2025, 3, 1)
TOMORROW, FAR = TODAY + timedelta(days=1), TODAY + timedelta(days=92)


def registered(college: College, **changes: Any) -> Group:
    """A registered group; by default a QQ group without its number."""
    filing_id = college.approved(**{"number": "", **changes})
    decide(college.actor(REGISTRAR), filing_id, Outcome.REGISTERED)
    return college.filing(filing_id).group


def again(group_id: int) -> Group:
    db.session.rollback()
    return db.session.get_one(Group, group_id)


def owing_a_name(college: College) -> Group:
    group = registered(college, number="612345682")
    db.session.get_one(Group, group.id).rename_due_on = TODAY + timedelta(days=30)
    db.session.commit()
    return group


def made(number: str = "612345682", **said: Any) -> Made:
    return Made(**{"number": number, "opened_on": TODAY, **said})


@pytest.mark.parametrize(
    ("facts", "since"),
    [
        ({}, TODAY),
        ({"number": "612345682"}, None),
        ({"opened_on": PAST}, TODAY),
        ({"opened_on": TOMORROW}, TOMORROW),
        ({"opened_on": FAR}, FAR),
        ({"platform": Platform.WECHAT}, TODAY),
        ({"platform": Platform.WECHAT, "opened_on": TOMORROW}, TOMORROW),
        ({"platform": Platform.WECHAT, "opened_on": FAR}, FAR),
        ({"platform": Platform.WECHAT, "owner_account": "护理小王"}, None),
        ({"platform": Platform.WECHAT, "owner_account": "护理小王", "opened_on": TOMORROW}, TOMORROW),
        ({"platform": Platform.DINGTALK}, None),
        ({"platform": Platform.DINGTALK, "opened_on": TOMORROW}, TOMORROW),
    ],
)
def test_a_group_that_is_still_to_be_made_owes_its_number_by_a_day(
    college: College, facts: dict[str, Any], since: date | None
) -> None:
    """F5, E19, E20: it has some days to be made, from its registration or the opening that was planned."""
    group = registered(college, **{"opened_on": TODAY, **facts})
    owes = since is not None
    due = (since or TODAY) + timedelta(days=rules_in_force().deadlines.number)
    assert group.number_due_on == (due if owes else None)
    assert group.awaits_number is owes
    rows = [list(row) for row in college.told(APPLICANT)[-1].card["rows"]]
    assert (["待建群", f"{due}前建好并补报"] in rows) is owes
    lead = "已办理备案，请建群后补报" if owes else "已办理备案，可以运营"
    assert lead in [message.card["lead"] for message in college.told("lilaoshi")]


def test_a_group_filed_late_owes_no_number_for_it_exists(college: College) -> None:
    group = registered(college, kind=FilingKind.RETROACTIVE, number="612345682", opened_on=date(2020, 1, 1))
    assert group.number_due_on is None
    assert owed_by(group) is None


def test_a_group_registered_before_there_was_a_day_awaits_its_number_all_the_same(college: College) -> None:
    group = registered(college)
    db.session.get_one(Group, group.id).number_due_on = None
    db.session.commit()
    owed = owed_by(again(group.id))
    assert owed is not None
    assert (owed.number, owed.number_by, owed.number_overdue) == (True, None, False)


@pytest.mark.parametrize(("days", "overdue"), [(0, False), (-1, True)])
def test_a_number_is_overdue_from_the_day_after_its_last(college: College, days: int, overdue: bool) -> None:
    """E19: the page asks whether the group is still needed, once the day has passed."""
    group = registered(college)
    db.session.get_one(Group, group.id).number_due_on = TODAY + timedelta(days=days)
    db.session.commit()
    owed = owed_by(again(group.id))
    assert owed is not None
    assert owed.number_overdue is overdue


def test_the_number_is_kept_bare_told_and_recorded(college: College) -> None:
    """F5: 群号 is added after creation, and registrars hear of it (第十三条)."""
    group = registered(college)
    give_number(college.actor(OWNER), group.id, made("QQ群：６１２ 345 682"))
    group = again(group.id)
    assert (group.number_key, group.number_due_on, group.opened_on) == ("612345682", None, TODAY)
    assert not group.awaits_number
    [event] = [event for event in events_of(1) if event.kind is EventKind.NUMBER_GIVEN]
    assert event.person_name == "王群主"
    assert event.text.startswith("群号 612345682，开通时间 ")
    told = college.told(REGISTRAR)[-1].card
    assert told["lead"] == "群已建好，已补报群号和开通时间"
    assert ["群号", "612345682"] in [list(row) for row in told["rows"]]
    assert db.session.scalars(select(AuditEntry).where(AuditEntry.action == "group.give_number")).one().subject_id


@pytest.mark.parametrize(
    ("platform", "said", "field"),
    [
        (Platform.QQ, {"number": ""}, "number"),
        (Platform.QQ, {"number": "1234"}, "number"),
        (Platform.QQ, {"number": "123456789012"}, "number"),
        (Platform.QQ, {"opened_on": None}, "opened_on"),
        (Platform.QQ, {"opened_on": TODAY + timedelta(days=1)}, "opened_on"),
        (Platform.WECHAT, {"number": ""}, "owner_account"),
    ],
)
def test_what_is_missing_or_no_number_is_refused_at_its_field(
    college: College, platform: Platform, said: dict[str, Any], field: str
) -> None:
    group = registered(college, platform=platform)
    with pytest.raises(RefusedByRules) as refused:
        give_number(college.actor(OWNER), group.id, made(**said))
    assert field in [finding.field for finding in refused.value.findings]
    assert again(group.id).awaits_number
    assert again(group.id).number == ""


@pytest.mark.parametrize("number", ["12345", "12345678901"])
def test_a_number_of_five_or_of_eleven_digits_will_do(college: College, number: str) -> None:
    group = registered(college)
    give_number(college.actor(OWNER), group.id, made(number))
    assert again(group.id).number_key == number


def test_a_wechat_group_is_known_by_its_owner_and_day(college: College) -> None:
    group = registered(college, platform=Platform.WECHAT)
    give_number(college.actor(OWNER), group.id, made("", owner_account="护理小王"))
    group = again(group.id)
    assert (group.owner_account, group.opened_on, group.number_due_on) == ("护理小王", TODAY, None)


def test_a_number_that_another_group_has_is_refused_with_whose_it_is(college: College) -> None:
    """F5: a duplicate names the holder's unit and 备案编号."""
    other = registered(college, name="护理系另一个群", number="612345682")
    group = registered(college)
    with pytest.raises(RefusedByRules) as refused:
        give_number(college.actor(OWNER), group.id, made())
    [finding] = refused.value.findings
    assert f"已由护理系备案（{other.registration_number}）" in finding.sentence


@pytest.mark.parametrize("user_id", ["zhangzhuren", "zhaoguanli", "wangqunzhu", "lilaoshi", "zhougan"])
def test_those_who_answer_for_the_group_complete_it(college: College, user_id: str) -> None:
    group = registered(college)
    give_number(college.actor(user_id), group.id, made())
    assert not again(group.id).awaits_number


@pytest.mark.parametrize("user_id", ["jiwai", "chenshuji", "wuguanli", "sunchuzhang"])
def test_nobody_else_completes_it(college: College, user_id: str) -> None:
    group = registered(college)
    for act in ACTS.values():
        with pytest.raises(NotAllowed):
            act(college, group.id, user_id)


ACTS: dict[str, Callable[[College, int, str], None]] = {
    "number": lambda c, g, who=OWNER: give_number(c.actor(who), g, made("712345682")),
    "name": lambda c, g, who=OWNER: give_name(c.actor(who), g, "护理系新群"),
    "give up": lambda c, g, who=OWNER: give_up(c.actor(who), g),
}
#: What the registry is told of each.
LEADS = {
    "number": "群已建好，已补报群号和开通时间",
    "name": "群名已改（第九条）",
    "give up": "已注明不再建群，备案注销",
}


@pytest.mark.parametrize(("act", "lead"), LEADS.items())
@pytest.mark.parametrize("by", [OWNER, REGISTRAR])
def test_every_registrar_hears_once_of_what_changed_but_for_whoever_did_it(
    college: College, act: str, lead: str, by: str
) -> None:
    """F5: 第十三条, the number, the new name and the end of a group are told to 宣传统战部."""
    appoint("jiwai", "REGISTRAR", None)
    group = owing_a_name(college) if act == "name" else registered(college)
    ACTS[act](college, group.id, by)
    for registrar in (REGISTRAR, "jiwai"):
        heard = [message for message in college.told(registrar) if message.card["lead"] == lead]
        assert len(heard) == (registrar != by)
        assert all(["办理人", college.actor(by).name] in map(list, message.card["rows"]) for message in heard)


def test_whoever_registers_and_owns_the_group_too_hears_of_its_end_once(college: College) -> None:
    appoint(OWNER, "REGISTRAR", None)
    group = registered(college)
    give_up(college.actor(APPLICANT), group.id)
    assert [message.card["lead"] for message in college.told(OWNER)].count(LEADS["give up"]) == 1


def test_of_a_wechat_group_registrars_hear_what_it_is_known_by(college: College) -> None:
    group = registered(college, platform=Platform.WECHAT)
    give_number(college.actor(OWNER), group.id, made("", owner_account="护理小王"))
    told = college.told(REGISTRAR)[-1].card
    assert told["lead"] == "群已建好，已补报开通时间"
    assert ["群主微信名", "护理小王"] in [list(row) for row in told["rows"]]


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("state", S)
def test_a_group_that_owes_nothing_takes_nothing(college: College, act: str, state: S) -> None:
    filing_id = REACHED[state](college)
    group_id = college.filing(filing_id).group_id
    with pytest.raises(NothingOwed) as refused:
        ACTS[act](college, group_id, OWNER)
    assert refused.value.sentence
    assert college.filing(filing_id).state is state


@pytest.mark.parametrize("act", ACTS)
def test_a_dissolved_or_unknown_group_takes_nothing(college: College, act: str) -> None:
    group = registered(college)
    give_up(college.actor(OWNER), group.id)
    with pytest.raises(NothingOwed):
        ACTS[act](college, group.id, OWNER)
    with pytest.raises(NotFound):
        ACTS[act](college, 404, OWNER)


def test_a_group_that_will_not_be_made_ends_and_its_number_is_not_used_again(college: College) -> None:
    """E19: not created in time, the group is given up; applicant and owner hear of it."""
    group = registered(college)
    first, group_id = group.registration_number, group.id
    give_up(college.actor(APPLICANT), group_id)
    group = again(group_id)
    assert (group.state, group.live, group.registration_number) == (GroupState.DISSOLVED, False, first)
    assert [m.card["lead"] for m in college.told(OWNER)][-1] == "已注明不再建群，备案注销"
    assert "已注明不再建群，备案注销" not in [m.card["lead"] for m in college.told(APPLICANT)]
    assert EventKind.GIVEN_UP in [event.kind for event in events_of(1)]
    assert registered(college, number="612345683").registration_number != first


def test_a_name_that_breaks_the_rule_is_to_be_changed_by_a_day(college: College) -> None:
    """E25: an existing group under another name is registered, and owes one of 第九条."""
    group = owing_a_name(college)
    owed = owed_by(again(group.id))
    assert owed is not None
    assert owed.name_by == TODAY + timedelta(days=30)
    give_name(college.actor(OWNER), group.id, "护理系新工作群")
    group = again(group.id)
    assert (group.name, group.name_key, group.rename_due_on) == ("护理系新工作群", "护理系新工作群", None)
    [event] = [event for event in events_of(1) if event.kind is EventKind.RENAMED]
    assert event.text == "原群名「护理系教师工作群」，现群名「护理系新工作群」"
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "group.rename")).one()
    assert entry.details["from"] == "护理系教师工作群"


def test_an_existing_group_that_breaks_the_naming_rule_is_registered_and_owes_a_name(college: College) -> None:
    """E25: accepted with 须改名, and everybody who hears of the registration hears until when."""
    group = registered(college, kind=FilingKind.RETROACTIVE, name="教师群", number="612345682", opened_on=PAST)
    assert group.rename_due_on == TODAY + timedelta(days=30)
    rows = dict(college.told("lilaoshi")[-1].card["rows"])
    assert rows["须改名"] == f"{group.rename_due_on}前改名（第九条）"


def test_an_existing_group_whose_name_will_do_owes_none(college: College) -> None:
    """E25: the other side of it."""
    group = registered(college, kind=FilingKind.RETROACTIVE, number="612345682", opened_on=PAST)
    assert group.rename_due_on is None


@pytest.mark.parametrize("name", ["教师群", "", "护理系"])
def test_a_new_name_that_breaks_the_rule_too_is_refused_with_one_that_will_do(college: College, name: str) -> None:
    """E25: the new name follows 第九条."""
    group = owing_a_name(college)
    with pytest.raises(RefusedByRules) as refused:
        give_name(college.actor(OWNER), group.id, name)
    assert refused.value.findings[0].article == "第九条"
    assert "建议改为「护理系" in refused.value.findings[0].remedy
    assert again(group.id).name == "护理系教师工作群"


def test_a_new_name_that_another_group_of_the_unit_has_is_refused(college: College) -> None:
    registered(college, name="护理系另一个群", number="612345683")
    group = owing_a_name(college)
    with pytest.raises(RefusedByRules) as refused:
        give_name(college.actor(OWNER), group.id, "护理系另一个群")
    assert "群名已由护理系备案" in refused.value.findings[0].sentence


def test_of_two_who_give_the_number_at_once_one_is_taken_and_the_other_told(app: Flask, college: College) -> None:
    """F5: two people at the same second: one number, and the other sees it."""
    group_id = registered(college).id
    start, came = threading.Barrier(2), []

    def give(user_id: str, number: str) -> None:
        with app.app_context():
            actor = college.actor(user_id)
            start.wait()
            try:
                give_number(actor, group_id, made(number))
                came.append(number)
            except OperationRefused as refused:
                came.append(type(refused).__name__)

    threads = [
        threading.Thread(target=partial(give, *said)) for said in ((OWNER, "712345681"), (APPLICANT, "712345682"))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert "NothingOwed" in came
    assert again(group_id).number in came
