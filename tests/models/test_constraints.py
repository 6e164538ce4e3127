"""What the tables themselves refuse, whatever the code above them does."""

from collections.abc import Callable
from datetime import date

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from extensions import db
from models import (
    Contact,
    ContactRole,
    Decision,
    Department,
    Filing,
    FilingState,
    Group,
    GroupState,
    Message,
    Outcome,
    PlatformIdentity,
    Post,
    Step,
)
from models.filings import Channel
from regulation import FilingKind, Platform, PostKind, Tier
from tests.college import College


def group(college: College, **changes: object) -> Group:
    facts: dict[str, object] = {
        "live": True,
        "tier": Tier.DEPARTMENT,
        "department_id": college.departments["8"],
        "platform": Platform.QQ,
        "name": "护理系新群",
        "number": "700001",
        "number_key": "700001",
        "member_count": 5,
        "composition": "教师",
        "purpose": "通知",
        "opened_on": date(2026, 1, 1),
    }
    return Group(**{**facts, **changes})


def _two_groups(**changes: object) -> Callable[[College], list[object]]:
    return lambda college: [group(college), group(college, name="护理系别的群", **changes)]


def _second_decision(college: College) -> list[object]:
    filing = college.filing(college.approved())
    return [
        Decision(
            step_id=filing.steps[0].id,
            outcome=Outcome.REJECTED,
            person_id=college.people["zhangzhuren"],
            person_name="张主任",
            post_label="护理系部门负责人",
            reason="改主意了",
            channel=Channel.PAGE,
        )
    ]


def _second_pending_step(college: College) -> list[object]:
    steps = college.filing(college.submitted()).steps
    return [
        Step(
            filing_id=steps[0].filing_id,
            round=9,
            position=9,
            post=PostKind.REGISTRAR,
            article="第八条",
            sentence="备案",
            state=steps[0].state,
            pending_since=steps[0].pending_since,
        )
    ]


def _second_open_filing(college: College) -> list[object]:
    filing = college.filing(college.draft())
    return [
        Filing(
            group_id=filing.group_id,
            kind=FilingKind.ESTABLISH,
            applicant_id=filing.applicant_id,
            applicant_name="李老师",
            form_key="another",
        )
    ]


def _decision_without_reason(college: College) -> list[object]:
    [decision] = _second_decision(college)
    step = college.filing(college.submitted(name="护理系二群", number="61111")).steps[0]
    decision.step_id, decision.reason = step.id, ""  # type: ignore[attr-defined]
    return [decision]


def _post(college: College, **facts: object) -> Post:
    return Post(person_id=college.people["zhangzhuren"], **facts)


NEVER: dict[str, Callable[[College], list[object]]] = {
    "two live groups with one number": _two_groups(),
    "two live groups with one name in a department": lambda c: [group(c), group(c, number="1", number_key="1")],
    "two registrations with one number": lambda c: [
        group(c, registration_number="一号"),
        group(c, name="护理系别的群", number_key="8", registration_number="一号"),
    ],
    "an operating group without a number": lambda c: [group(c, state=GroupState.OPERATING)],
    "a live group without composition": lambda c: [group(c, composition="")],
    "a live project without an end": lambda c: [group(c, is_project=True)],
    "a group of nobody": lambda c: [group(c, member_count=0)],
    "two decisions on one step": _second_decision,
    "a refusal without a reason": _decision_without_reason,
    "two steps of a filing that wait": _second_pending_step,
    "two open filings of one group": _second_open_filing,
    "a registered filing without its time": lambda c: [_stated(c, FilingState.REGISTERED)],
    "a department's post without a department": lambda c: [_post(c, kind=PostKind.PARTY_SECRETARY)],
    "a registrar of one department": lambda c: [_post(c, kind=PostKind.REGISTRAR, department_id=1)],
    "one post held twice at a time": lambda c: [
        _post(c, kind=PostKind.DEPARTMENT_HEAD, department_id=c.departments["8"])
    ],
    "two people with one account": lambda c: [
        PlatformIdentity(person_id=c.people["jiwai"], platform="wecom", user_id="LiLaoshi", user_key="lilaoshi")
    ],
    "two departments with one short name": lambda c: [
        Department(platform="wecom", platform_key="91", name="甲", short_name="同"),
        Department(platform="wecom", platform_key="92", name="乙", short_name="同"),
    ],
    "two owners in one row": lambda c: [
        Contact(group_id=c.filing(c.draft()).group_id, role=ContactRole.OWNER, name="另一人")
    ],
    "one message twice": lambda c: [_again(c)],
}


def _stated(college: College, state: FilingState) -> Filing:
    filing = college.filing(college.submitted())
    filing.state = state
    return filing


def _again(college: College) -> Message:
    college.submitted()
    message = college.told("zhangzhuren")[0]
    return Message(
        event_key=message.event_key,
        task_id="another",
        kind=message.kind,
        platform="wecom",
        recipient_id=message.recipient_id,
        recipient_user_id=message.recipient_user_id,
        card={},
    )


@pytest.mark.usefixtures("context")
@pytest.mark.every_case
@pytest.mark.parametrize("case", NEVER)
def test_the_tables_refuse_what_must_never_be(college: College, case: str) -> None:
    db.session.add_all(NEVER[case](college))
    with pytest.raises(IntegrityError):
        db.session.commit()
    db.session.rollback()


@pytest.mark.usefixtures("context")
def test_a_group_that_is_not_live_gives_way_to_one_that_is(college: College) -> None:
    db.session.add_all([group(college), group(college, live=False)])
    db.session.commit()
    assert db.session.query(Group).count() == 2


@pytest.mark.usefixtures("context")
def test_mobiles_and_mail_are_unreadable_in_the_table(college: College) -> None:
    college.draft()
    rows = db.session.execute(text("SELECT mobile, email FROM contacts")).all()
    assert rows
    assert "1990000" not in str(rows)
    db.session.rollback()
    assert {c.mobile for c in db.session.query(Contact)} == {"19900000001", "19900000002", "19900000003"}
