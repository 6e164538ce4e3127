"""A small made-up college for the tests, and the filings that its people make."""

import uuid
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import select

from extensions import db
from models import (
    ContactRole,
    Department,
    Filing,
    Membership,
    Message,
    Outcome,
    Person,
    PlatformIdentity,
    Post,
)
from models.database import unit_of_work
from operations.actors import Actor, find_actor
from operations.decisions import decide
from operations.departments import DepartmentFacts, describe
from operations.drafts import ContactFacts, FilingFacts, save_draft
from operations.filings import submit
from operations.finding import spell
from operations.tasks import tasks_of
from regulation import FilingKind, Platform, PostKind, Tier

#: key: (name, parent's key)
DEPARTMENTS = {
    "1": ("示范学院", None),
    "3": ("宣传统战部", "1"),
    "5": ("学生处", "1"),
    "7": ("校团委", "1"),
    "8": ("护理系", "1"),
}
#: user id: (name, department's key, 职务)
PEOPLE = {
    "lilaoshi": ("李老师", "8", "辅导员"),
    "wangqunzhu": ("王群主", "8", "教师"),
    "zhaoguanli": ("赵管理", "8", "教师"),
    "zhangzhuren": ("张主任", "8", "系主任"),
    "chenshuji": ("陈书记", "8", "党总支书记"),
    "liuyuanzhang": ("刘院长", "1", "副院长"),
    "sunchuzhang": ("孙处长", "5", "处长"),
    "zhougan": ("周干事", "3", "干事"),
    "wuguanli": ("吴系统", "3", "信息管理员"),
    "jiwai": ("纪外人", "5", "科员"),
}
POSTS: tuple[tuple[str, PostKind, str | None], ...] = (
    ("zhangzhuren", PostKind.DEPARTMENT_HEAD, "8"),
    ("chenshuji", PostKind.PARTY_SECRETARY, "8"),
    ("liuyuanzhang", PostKind.COLLEGE_LEADER, "8"),
    ("sunchuzhang", PostKind.DEPARTMENT_HEAD, "5"),
    ("zhougan", PostKind.REGISTRAR, None),
    ("wuguanli", PostKind.ADMINISTRATOR, None),
)


def steps_waiting(actor: Actor) -> int:
    """How many steps wait for this person, as the pages count them."""
    tasks = tasks_of(actor)
    return tasks.approvals + tasks.registrations


@dataclass(frozen=True)
class College:
    """The ids of the departments by their key in the directory, and of the people by user id."""

    departments: dict[str, int]
    people: dict[str, int]

    def actor(self, user_id: str) -> Actor:
        """The person as the service sees them now."""
        actor = find_actor(self.people[user_id])
        assert actor is not None
        return actor

    def facts(self, **changes: Any) -> FilingFacts:
        """What a complete form of the department's ordinary group says."""
        return replace(self._ordinary(), **changes)

    def _ordinary(self) -> FilingFacts:
        return FilingFacts(
            kind=FilingKind.ESTABLISH,
            tier=Tier.DEPARTMENT,
            department_id=self.departments["8"],
            platform=Platform.QQ,
            name="护理系教师工作群",
            number="612345682",
            member_count=46,
            composition="护理系全体教师",
            opened_on=date(2099, 1, 1),
            purpose="发布教学安排和工作通知",
            contacts=(
                ContactFacts(ContactRole.RESPONSIBLE, 1, "张主任", "系主任", "19900000001", "028-00000001"),
                ContactFacts(ContactRole.OWNER, 1, "王群主", "教师", "19900000002"),
                ContactFacts(ContactRole.ADMINISTRATOR, 1, "赵管理", "教师", "19900000003"),
            ),
        )

    def draft(self, user_id: str = "lilaoshi", **changes: Any) -> int:
        """A draft by this person; the filing's id."""
        return save_draft(self.actor(user_id), self.facts(**changes), form_key=uuid.uuid4().hex)

    def submitted(self, user_id: str = "lilaoshi", **changes: Any) -> int:
        """A filing that has been sent; its id."""
        filing_id = self.draft(user_id, **changes)
        submit(self.actor(user_id), filing_id)
        return filing_id

    def approved(self, **changes: Any) -> int:
        """A department's filing that its head has approved; its id."""
        filing_id = self.submitted(**changes)
        decide(self.actor("zhangzhuren"), filing_id, Outcome.APPROVED)
        return filing_id

    def filing(self, filing_id: int) -> Filing:
        """The filing as the database has it now."""
        db.session.expire_all()
        return db.session.get_one(Filing, filing_id)

    def move(self, user_id: str, key: str) -> None:
        """The person belongs to this department alone from now on."""
        with unit_of_work() as session:
            person, unit_id = session.get_one(Person, self.people[user_id]), self.departments[key]
            person.department_id, person.memberships = unit_id, []
            session.flush()
            person.memberships.append(Membership(department_id=unit_id))

    def told(self, user_id: str) -> list[Message]:
        """The messages written for this person, oldest first."""
        db.session.expire_all()
        query = select(Message).where(Message.recipient_id == self.people[user_id]).order_by(Message.id)
        return list(db.session.scalars(query))


def make_college() -> College:
    """Write the college into the database of the app at hand."""
    with unit_of_work() as session:
        departments: dict[str, Department] = {}
        for key, (name, parent) in DEPARTMENTS.items():
            above = departments[parent] if parent else None
            if above is not None and above.id is None:
                session.flush()
            departments[key] = Department(platform="wecom", platform_key=key, name=name, is_college=above is None)
            departments[key].parent_id = above.id if above else None
            session.add(departments[key])
        session.flush()
        people = {user_id: _person(user_id, *said, departments) for user_id, said in PEOPLE.items()}
        session.add_all(people.values())
        session.flush()
        for user_id, kind, unit in POSTS:
            session.add(Post(kind=kind, person_id=people[user_id].id, department_id=unit and departments[unit].id))
        return College(
            {key: row.id for key, row in departments.items()},
            {user_id: person.id for user_id, person in people.items()},
        )


def _person(user_id: str, name: str, key: str, job_title: str, departments: dict[str, Department]) -> Person:
    sounds, initials = spell(name)
    return Person(
        name=name,
        pinyin=sounds,
        initials=initials,
        job_title=job_title,
        office_phone="028-00000000",
        department_id=departments[key].id,
        memberships=[Membership(department_id=departments[key].id)],
        identities=[PlatformIdentity(platform="wecom", user_id=user_id, user_key=user_id)],
    )


def set_short_name(by: tuple[int | None, str], department_id: int, short_name: str) -> None:
    """Set a department's 单位简称 and leave the rest of it unsaid."""
    describe(by, department_id, DepartmentFacts(short_name=short_name))
