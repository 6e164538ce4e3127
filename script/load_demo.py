"""Fills an empty service with the demo college: its directory, posts and short names, and a few groups under way.

Only for a trial. Everything goes the way it goes in life: through the operations, as the people of the college.
"""

import sys
import tomllib
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import exists, select

from app import create_app
from config import CHECKOUT
from extensions import db
from models import ContactRole, Department, Outcome, Person, PlatformIdentity
from operations.actors import Actor, find_actor
from operations.appointing import COMMAND_LINE, appoint
from operations.clock import college_today
from operations.decisions import decide
from operations.departments import DepartmentFacts, describe
from operations.drafts import ContactFacts, FilingFacts, save_draft
from operations.filings import submit
from operations.syncing import run_now
from regulation import DepartmentKind, FilingKind, Platform, Tier

COLLEGE = CHECKOUT / "simulator" / "college.toml"


@dataclass(frozen=True)
class Story:
    """One group of the demo: who files it for which department, what it is, and who did what so far."""

    applicant: str
    department: str
    name: str
    platform: Platform
    number: str
    members: int
    composition: str
    purpose: str
    tier: Tier = Tier.DEPARTMENT
    supervisor: str = ""
    size_reason: str = ""
    sent: bool = True
    acts: tuple[tuple[str, Outcome, str], ...] = ()


def approved(by: str) -> tuple[str, Outcome, str]:
    return (by, Outcome.APPROVED, "")


REGISTERED = ("tangwenjing", Outcome.REGISTERED, "")

STORIES = (
    Story(
        "dengyulan",
        "3",
        "川护教职工群",
        Platform.WECOM,
        "",
        312,
        "全院在岗教职工",
        "发布全院通知、会议安排和值班信息",
        Tier.COLLEGE,
        size_reason="全院教职工三百余人，通知须一次送达，分群易漏发。",
        acts=(approved("yangxuemei"), approved("chenguodong"), REGISTERED),
    ),
    Story(
        "xujiahao",
        "4",
        "宣传部通讯员工作群",
        Platform.QQ,
        "61230001",
        58,
        "各部门、系部通讯员",
        "布置选题、收集稿件、反馈用稿情况",
        acts=(approved("zhoumin"), REGISTERED),
    ),
    Story(
        "xieting",
        "5",
        "教务处教学秘书群",
        Platform.WECHAT,
        "",
        24,
        "各系部教学秘书和教务处科员",
        "发布排课、考试和成绩录入安排",
        acts=(approved("huangzhiqiang"), REGISTERED),
    ),
    Story(
        "tianyufei",
        "7",
        "川护学生会工作群",
        Platform.QQ,
        "61230002",
        86,
        "校学生会主席团、各部部长和指导教师",
        "布置学生会工作、通知活动安排",
        Tier.COLLEGE_ORGANIZATION,
        supervisor="6",
        acts=(approved("mazhiyuan"),),
    ),
    Story(
        "wangfang",
        "8",
        "护理系2026级1班班级群",
        Platform.QQ,
        "61230003",
        46,
        "护理系2026级1班学生、辅导员",
        "发布班级通知、课程安排和实习信息",
        Tier.FACULTY_ORGANIZATION,
        acts=(approved("wuxiuying"), REGISTERED),
    ),
    Story(
        "shiqian",
        "8",
        "护理系实习带教群",
        Platform.WECHAT,
        "",
        38,
        "护理系带教教师、实习点联系人",
        "安排实习轮转、反馈学生实习情况",
    ),
    Story(
        "wangfang",
        "8",
        "护理系辅导员工作群",
        Platform.WECOM,
        "",
        9,
        "护理系全体辅导员",
        "学生工作日常沟通",
        acts=(("liumei", Outcome.RETURNED, "请写明用途：具体发布哪些工作信息。"),),
    ),
    Story(
        "wangfang",
        "8",
        "护理系技能竞赛备赛群",
        Platform.QQ,
        "",
        15,
        "参赛学生和指导教师",
        "",
        sent=False,
    ),
    Story(
        "zhongyi",
        "10",
        "药学系团总支群",
        Platform.QQ,
        "61230005",
        33,
        "药学系团总支、各班团支书",
        "通知团日活动、收集团员信息",
        Tier.FACULTY_ORGANIZATION,
        acts=(("qianhuilan", Outcome.REJECTED, "与学院已有的团支书群重复，请使用原群。"),),
    ),
)


def main() -> int:
    """Load the demo unless somebody is there already; the exit code."""
    app = create_app()
    with app.app_context():
        if db.session.scalar(select(exists().where(Person.id.is_not(None)))):
            return 0
        load(tomllib.loads(Path(COLLEGE).read_text(encoding="utf-8")))
    print("The demo college is loaded.")
    return 0


def load(college: dict[str, Any]) -> None:
    """Copy the directory, say what it does not know, and let the people of the stories act."""
    run_now(tell=lambda _progress: None, wait=lambda: None)
    ids = department_ids()
    for key, short_name in college["short_names"].items():
        facts = DepartmentFacts(kind=DepartmentKind(college["kinds"][key]), short_name=short_name)
        describe(COMMAND_LINE, ids[key], facts)
    for post in college["posts"]:
        department = post.get("department")
        appoint(post["userid"], post["post"], str(department) if department else None)
    mobiles = {member["name"]: member["mobile"] for member in college["members"]}
    for story in STORIES:
        tell(story, mobiles)


def tell(story: Story, mobiles: dict[str, str]) -> None:
    """One story, from the draft to wherever it has come."""
    applicant = actor(story.applicant)
    facts = facts_of(story, mobiles)
    filing_id = save_draft(applicant, facts, form_key=f"demo-{story.name}")
    if story.sent:
        submit(applicant, filing_id)
    for user_id, outcome, reason in story.acts:
        decide(actor(user_id), filing_id, outcome, reason=reason)


def actor(user_id: str) -> Actor:
    """The person with this account, who must be there."""
    person_id = db.session.scalar(select(PlatformIdentity.person_id).where(PlatformIdentity.user_key == user_id))
    found = find_actor(person_id or 0)
    if found is None:
        raise LookupError(f"the demo college has no {user_id}")
    return found


def department_ids() -> dict[str, int]:
    """Our ids of the departments by their id in the directory."""
    return {department.platform_key: department.id for department in db.session.scalars(select(Department))}


def facts_of(story: Story, mobiles: dict[str, str]) -> FilingFacts:
    """What the story's form says."""
    ids = department_ids()
    return FilingFacts(
        kind=FilingKind.ESTABLISH,
        tier=story.tier,
        department_id=ids[story.department],
        supervisor_id=ids.get(story.supervisor),
        platform=story.platform,
        name=story.name,
        number=story.number,
        member_count=story.members,
        size_reason=story.size_reason,
        composition=story.composition,
        opened_on=college_today() + timedelta(days=7),
        purpose=story.purpose,
        contacts=contacts_of(story, mobiles),
    )


def contacts_of(story: Story, mobiles: dict[str, str]) -> tuple[ContactFacts, ...]:
    """The head answers, the applicant owns, and a colleague administers."""
    people = db.session.scalars(
        select(Person)
        .join(Department, Department.id == Person.department_id)
        .where(Department.platform_key == story.department, Person.left_at.is_(None))
        .order_by(Person.id)
    ).all()
    applicant = db.session.get_one(Person, actor(story.applicant).id)
    chosen = (people[0], applicant, next(person for person in people[1:] if person.id != applicant.id))
    return tuple(
        ContactFacts(role, 1, person.name, person.job_title, mobiles[person.name], person.office_phone)
        for role, person in zip(ContactRole, chosen, strict=True)
    )


if __name__ == "__main__":
    sys.exit(main())
