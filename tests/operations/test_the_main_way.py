"""A filing from draft to number, on each of the four ways of 第八条."""

import pytest
from flask import Flask
from sqlalchemy import select, update

from extensions import db
from models import (
    Channel,
    ContactRole,
    FilingState,
    GroupState,
    Message,
    MessageKind,
    MessageState,
    Outcome,
    StepState,
    utc_now,
)
from models.database import unit_of_work
from operations.appointing import appoint, dismiss
from operations.clock import college_today
from operations.decisions import decide
from operations.drafts import ContactFacts, fingerprint, save_draft
from operations.errors import (
    AlreadyDecided,
    ChangedMeanwhile,
    NoLongerPending,
    NotTheHolder,
    ReasonMissing,
    RefusedByRules,
)
from operations.filings import submit, withdraw
from operations.rules import rules_in_force
from regulation import Tier, parse_regulation
from tests.college import College, steps_waiting

WAYS = [
    (Tier.COLLEGE, "川护教职工群", ["zhangzhuren", "liuyuanzhang"]),
    (Tier.DEPARTMENT, "护理系教师工作群", ["zhangzhuren"]),
    (Tier.COLLEGE_ORGANIZATION, "护理系学生会群", ["sunchuzhang"]),
    (Tier.FACULTY_ORGANIZATION, "护理系2026级1班群", ["chenshuji"]),
]


@pytest.mark.usefixtures("context")
@pytest.mark.parametrize(("tier", "name", "approvers"), WAYS, ids=lambda value: str(value))
def test_a_filing_of_each_tier_is_approved_by_its_posts_and_gets_a_number(
    college: College, tier: Tier, name: str, approvers: list[str]
) -> None:
    filing_id = college.submitted(tier=tier, name=name, supervisor_id=college.departments["5"])
    for user_id in approvers:
        assert college.filing(filing_id).state is FilingState.IN_REVIEW
        assert [m.kind for m in college.told(user_id)] == [MessageKind.REQUEST]
        decide(college.actor(user_id), filing_id, Outcome.APPROVED)
    assert college.filing(filing_id).state is FilingState.APPROVED
    decide(college.actor("zhougan"), filing_id, Outcome.REGISTERED)
    filing = college.filing(filing_id)
    assert filing.state is FilingState.REGISTERED
    assert filing.group.state is GroupState.OPERATING
    assert filing.group.registration_number == f"川护群备〔{college_today().year}〕0001号"


@pytest.mark.usefixtures("context")
def test_each_person_is_told_once_of_each_event_that_concerns_them(college: College) -> None:
    filing_id = college.approved()
    decide(college.actor("zhougan"), filing_id, Outcome.REGISTERED)
    leads = {user_id: [m.card["lead"] for m in college.told(user_id)] for user_id in college.people}
    assert leads == {
        "lilaoshi": ["审核通过，尚未备案，不得运营", "已办理备案，可以运营"],
        "wangqunzhu": ["请确认群主职责（第六条、第七条）", "已办理备案，可以运营"],
        "zhaoguanli": ["请确认管理员职责（第六条、第七条）", "已办理备案，可以运营"],
        "zhangzhuren": ["新建备案，请您审核（第八条第2项）", "已办理备案，可以运营"],
        "zhougan": ["审核通过，请办理备案"],
        **{user_id: [] for user_id in ("chenshuji", "liuyuanzhang", "sunchuzhang", "wuguanli", "jiwai")},
    }


@pytest.mark.usefixtures("context")
def test_a_message_names_the_group_links_to_the_filing_and_shows_no_phone(college: College) -> None:
    filing_id = college.approved()
    decide(college.actor("zhougan"), filing_id, Outcome.REGISTERED)
    cards = [message.card for user_id in college.people for message in college.told(user_id)]
    assert {(card["title"], card["path"]) for card in cards} == {("护理系教师工作群", f"/filings/{filing_id}")}
    assert "1990000" not in str(cards)
    number = college.filing(filing_id).group.registration_number
    assert ["备案编号", number] in college.told("wangqunzhu")[-1].card["rows"]


@pytest.mark.usefixtures("context")
def test_a_returned_filing_goes_back_to_whoever_returned_it_and_only_that_post(college: College) -> None:
    """F19: nothing that the way depends on changed; L4."""
    filing_id = college.submitted(tier=Tier.COLLEGE, name="川护教职工群")
    decide(college.actor("zhangzhuren"), filing_id, Outcome.APPROVED)
    decide(college.actor("liuyuanzhang"), filing_id, Outcome.RETURNED, reason="请写明用途")
    assert college.filing(filing_id).state is FilingState.RETURNED
    submit(college.actor("lilaoshi"), filing_id)
    steps = college.filing(filing_id).current_steps
    assert [(step.post_label, step.state) for step in steps] == [
        ("护理系主管院领导", StepState.PENDING),
        ("宣传统战部备案登记人", StepState.WAITING),
    ]
    assert len([m for m in college.told("liuyuanzhang") if m.kind is MessageKind.REQUEST]) == 2


@pytest.mark.usefixtures("context")
def test_a_returned_filing_whose_way_changed_starts_from_the_beginning(college: College) -> None:
    """L4: but where its way changed."""
    filing_id = college.submitted(tier=Tier.COLLEGE, name="川护教职工群")
    decide(college.actor("zhangzhuren"), filing_id, Outcome.APPROVED)
    decide(college.actor("liuyuanzhang"), filing_id, Outcome.RETURNED, reason="不必以学院名义")
    save_draft(college.actor("lilaoshi"), college.facts(), form_key="", filing_id=filing_id)
    submit(college.actor("lilaoshi"), filing_id)
    assert [step.post_label for step in college.filing(filing_id).current_steps] == [
        "护理系部门负责人",
        "宣传统战部备案登记人",
    ]


@pytest.mark.usefixtures("context")
def test_what_the_registry_returns_comes_straight_back_to_it_and_the_approver_hears(college: College) -> None:
    """E17: sent back after the approval, by the registrar."""
    filing_id = college.approved()
    decide(college.actor("zhougan"), filing_id, Outcome.RETURNED, reason="群号有误")
    assert "备案已退回，请修改后重新提交" in [m.card["lead"] for m in college.told("zhangzhuren")]
    submit(college.actor("lilaoshi"), filing_id)
    assert college.filing(filing_id).state is FilingState.APPROVED
    decide(college.actor("zhougan"), filing_id, Outcome.REGISTERED)
    assert college.filing(filing_id).state is FilingState.REGISTERED


@pytest.mark.usefixtures("context")
def test_a_head_who_files_passes_their_own_step_by_rule_and_it_is_recorded(college: College) -> None:
    """F15: 申请人即审核人 is recorded, not hidden."""
    filing_id = college.submitted("zhangzhuren")
    filing = college.filing(filing_id)
    assert filing.state is FilingState.APPROVED
    assert filing.steps[0].decision is not None
    assert (filing.steps[0].decision.reason, filing.steps[0].decision.channel) == ("申请人即审核人", Channel.RULE)
    assert [m.card["lead"] for m in college.told("zhangzhuren")] == []


@pytest.mark.usefixtures("context")
def test_a_post_that_nobody_holds_is_told_to_the_administrator_and_asked_of_whoever_is_appointed(
    college: College,
) -> None:
    """F14: posts, not persons, and somebody named is told of an empty one."""
    filing_id = college.submitted(
        tier=Tier.COLLEGE_ORGANIZATION, name="川护学生会群", supervisor_id=college.departments["7"]
    )
    assert [m.card["lead"] for m in college.told("wuguanli")] == ["岗位空缺，备案无人审核"]
    assert college.filing(filing_id).state is FilingState.IN_REVIEW
    assert appoint("JiWai", "department_head", "校团委")
    assert [m.kind for m in college.told("jiwai")] == [MessageKind.REQUEST]
    decide(college.actor("jiwai"), filing_id, Outcome.APPROVED)
    assert college.filing(filing_id).state is FilingState.APPROVED


@pytest.mark.usefixtures("context")
def test_appointing_twice_gives_one_post_and_asks_once(college: College) -> None:
    college.submitted(tier=Tier.COLLEGE_ORGANIZATION, name="川护学生会群", supervisor_id=college.departments["7"])
    assert appoint("jiwai", "DEPARTMENT_HEAD", "7")
    assert not appoint("jiwai", "DEPARTMENT_HEAD", "7")
    assert len(college.told("jiwai")) == 1


@pytest.mark.usefixtures("context")
def test_whoever_is_dismissed_decides_no_more_and_their_post_is_not_silently_empty(college: College) -> None:
    filing_id = college.submitted()
    assert dismiss("zhangzhuren", "DEPARTMENT_HEAD", "8")
    assert not dismiss("zhangzhuren", "DEPARTMENT_HEAD", "8")
    assert [m.card["lead"] for m in college.told("wuguanli")] == ["岗位空缺，备案无人审核"]
    with pytest.raises(NotTheHolder):
        decide(college.actor("zhangzhuren"), filing_id, Outcome.APPROVED)


@pytest.mark.usefixtures("context")
def test_a_draft_sent_twice_is_filed_once(college: College) -> None:
    filing_id = college.draft()
    submit(college.actor("lilaoshi"), filing_id)
    submit(college.actor("lilaoshi"), filing_id)
    assert len(college.filing(filing_id).steps) == 2
    assert len(college.told("zhangzhuren")) == 1


@pytest.mark.usefixtures("context")
def test_a_form_that_arrives_twice_is_one_filing(college: College) -> None:
    actor, facts = college.actor("lilaoshi"), college.facts()
    assert save_draft(actor, facts, form_key="the-form") == save_draft(actor, facts, form_key="the-form")


@pytest.mark.usefixtures("context")
def test_a_number_that_another_live_group_has_is_refused_with_its_department(college: College) -> None:
    college.submitted(number="612345682")
    with pytest.raises(RefusedByRules) as refused:
        college.submitted(name="护理系另一个群", number="QQ群：６１２３４５６８２")
    assert [(f.field, "护理系" in f.sentence) for f in refused.value.findings] == [("number", True)]


@pytest.mark.usefixtures("context")
def test_more_administrators_than_the_regulation_allows_are_refused_whatever_the_form_let_through(
    college: College,
) -> None:
    """第七条（一）: one to three."""
    facts = college.facts()
    further = (ContactFacts(ContactRole.ADMINISTRATOR, n, f"管理员{n}号", "教师", f"1990000010{n}") for n in (2, 3, 4))
    filing_id = college.draft(contacts=(*facts.contacts, *further))
    with pytest.raises(RefusedByRules) as refused:
        submit(college.actor("lilaoshi"), filing_id)
    assert [(f.field, f.sentence) for f in refused.value.findings] == [
        ("administrator", "管理员最多3位，请删去多出的。")
    ]


@pytest.mark.usefixtures("context")
def test_a_refused_filing_gives_its_number_free_again(college: College) -> None:
    decide(college.actor("zhangzhuren"), college.submitted(), Outcome.REJECTED, reason="不需要")
    assert college.filing(college.submitted()).state is FilingState.IN_REVIEW


@pytest.mark.usefixtures("context")
def test_a_withdrawn_filing_leaves_every_inbox(college: College) -> None:
    """L2: taken back, it is nobody's task any more."""
    filing_id = college.submitted()
    withdraw(college.actor("lilaoshi"), filing_id)
    assert steps_waiting(college.actor("zhangzhuren")) == 0
    assert [m.state for m in college.told("zhangzhuren")] == [MessageState.CANCELLED]
    with pytest.raises(NoLongerPending):
        decide(college.actor("zhangzhuren"), filing_id, Outcome.APPROVED, step_id=college.filing(filing_id).steps[0].id)


@pytest.mark.usefixtures("context")
def test_registrars_who_were_asked_hear_that_an_approved_filing_was_withdrawn(college: College) -> None:
    withdraw(college.actor("lilaoshi"), college.approved())
    assert [m.card["lead"] for m in college.told("zhougan")] == ["审核通过，请办理备案", "申请人已撤回备案，无需办理"]


@pytest.mark.usefixtures("context")
@pytest.mark.parametrize("how", ["registered", "returned"])
def test_what_one_registrar_did_ends_the_card_of_every_other(college: College, how: str) -> None:
    """L2, L11, E16: a registrar who comes later reads on the card that it is done, and by whom."""
    appoint("sunchuzhang", "REGISTRAR", None)
    filing_id = college.approved()
    asked = [college.told(user_id)[-1] for user_id in ("zhougan", "sunchuzhang")]
    assert {message.kind for message in asked} == {MessageKind.REQUEST}
    ids = {message.id for message in asked}
    with unit_of_work() as session:
        session.execute(update(Message).where(Message.id.in_(ids)).values(state=MessageState.SENT, sent_at=utc_now()))
    outcome = Outcome.REGISTERED if how == "registered" else Outcome.RETURNED
    decide(college.actor("zhougan"), filing_id, outcome, reason="" if how == "registered" else "请补充用途")
    closings = db.session.scalars(select(Message).where(Message.closes_id.in_(ids))).all()
    assert {closing.closes_id for closing in closings} == ids
    assert all("周干事" in closing.card["text"] for closing in closings)


@pytest.mark.usefixtures("context")
def test_a_draft_that_changed_since_it_was_shown_is_not_sent(college: College) -> None:
    filing_id = college.draft()
    seen = fingerprint(college.filing(filing_id))
    save_draft(college.actor("lilaoshi"), college.facts(member_count=47), form_key="", filing_id=filing_id)
    with pytest.raises(ChangedMeanwhile):
        submit(college.actor("lilaoshi"), filing_id, seen=seen)
    submit(college.actor("lilaoshi"), filing_id, seen=fingerprint(college.filing(filing_id)))
    assert college.filing(filing_id).state is FilingState.IN_REVIEW


@pytest.mark.usefixtures("context")
@pytest.mark.parametrize("outcome", [Outcome.RETURNED, Outcome.REJECTED])
def test_sending_back_and_refusing_need_a_reason(college: College, outcome: Outcome) -> None:
    filing_id = college.submitted()
    with pytest.raises(ReasonMissing):
        decide(college.actor("zhangzhuren"), filing_id, outcome, reason="  ")
    assert college.filing(filing_id).state is FilingState.IN_REVIEW


@pytest.mark.usefixtures("context")
@pytest.mark.parametrize("user_id", ["lilaoshi", "chenshuji", "liuyuanzhang", "sunchuzhang", "zhougan", "wuguanli"])
def test_nobody_but_the_holder_of_the_post_decides(college: College, user_id: str) -> None:
    filing_id = college.submitted()
    with pytest.raises(NotTheHolder):
        decide(college.actor(user_id), filing_id, Outcome.APPROVED)
    assert college.filing(filing_id).state is FilingState.IN_REVIEW


@pytest.mark.usefixtures("context")
def test_a_second_decision_changes_nothing_and_names_the_first(college: College) -> None:
    filing_id = college.approved()
    step_id = college.filing(filing_id).steps[0].id
    with pytest.raises(AlreadyDecided) as refused:
        decide(college.actor("zhangzhuren"), filing_id, Outcome.REJECTED, reason="改主意了", step_id=step_id)
    assert "张主任" in refused.value.sentence
    assert college.filing(filing_id).state is FilingState.APPROVED


@pytest.mark.usefixtures("context")
def test_a_filing_keeps_the_rules_it_was_filed_under(college: College, context: Flask) -> None:
    """L6: a new version of the rules touches no running filing."""
    filing_id = college.approved()
    revised = parse_regulation(rules_in_force().source.replace("川护群备", "新编号"))
    context.extensions["regulations"][None] = revised
    decide(college.actor("zhougan"), filing_id, Outcome.REGISTERED)
    assert (college.filing(filing_id).group.registration_number or "").startswith("川护群备")


@pytest.mark.usefixtures("context")
def test_an_approved_group_does_not_operate_until_it_is_registered(college: College) -> None:
    """F13: 审核 and 备案 are two steps."""
    filing_id = college.approved()
    group = college.filing(filing_id).group
    assert (group.state, group.registration_number) == (GroupState.PROPOSED, None)
    decide(college.actor("zhougan"), filing_id, Outcome.REGISTERED)
    group = college.filing(filing_id).group
    assert group.state is GroupState.OPERATING
    assert group.registration_number


@pytest.mark.usefixtures("context")
def test_an_approval_stands_though_its_approver_is_followed_by_another(college: College) -> None:
    """E9: replaced between approval and registration: the approval keeps the name of its day, nobody is asked anew."""
    filing_id = college.approved()
    dismiss("zhangzhuren", "DEPARTMENT_HEAD", "8")
    appoint("jiwai", "DEPARTMENT_HEAD", "8")
    assert "请您审核" not in "".join(message.card.get("lead", "") for message in college.told("jiwai"))
    decide(college.actor("zhougan"), filing_id, Outcome.REGISTERED)
    filing = college.filing(filing_id)
    decision = filing.steps[0].decision
    assert decision is not None
    assert (filing.state, decision.person_name) == (FilingState.REGISTERED, "张主任")
