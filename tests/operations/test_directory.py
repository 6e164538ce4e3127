"""The directory, copied from any server that speaks WeCom's HTTP, whatever it says of its departments and members."""

from collections.abc import Sequence
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, func, select

from extensions import db
from messaging.platforms.errors import PlatformUnreachable
from messaging.platforms.wecom_directory import departments_of, member_of
from models import Department, Filing, Membership, Outcome, Person, PlatformIdentity, Post
from operations.appointing import appoint
from operations.decisions import decide
from operations.directory import EmptyDirectory, SyncReport, fetch_person, know_person, sync_contacts
from operations.errors import UnknownSubject
from regulation import PostKind
from tests.college import College


class Platform:
    """A directory as the platform's answers describe it: the raw answers, read by our own reader."""

    def __init__(self, departments: Sequence[dict[str, Any]], members: Sequence[dict[str, Any]]) -> None:
        self._departments, self._members = departments, members

    def departments(self) -> Any:
        return departments_of({"department": self._departments})

    def members(self, key: str) -> Any:
        listed = [m for m in self._members if key in map(str, m.get("department", []))]
        return [member_of(member) for member in listed]

    def member(self, user_id: str) -> Any:
        return next((member_of(m) for m in self._members if m["userid"].lower() == user_id.lower()), None)


ROOT = {"id": 1, "name": "远方学院", "parentid": 0}
NURSING = {"id": 70, "name": "护理学院", "parentid": 1, "order": 5}
CLASS = {"id": 71, "name": "一班", "parentid": 70}
LI = {"userid": "Li.San", "name": "李三", "department": [70], "position": "教师", "telephone": "1", "status": 1}


@pytest.fixture(autouse=True)
def _context(context: Flask) -> None:
    """Every test here calls operations directly."""


def people() -> list[Person]:
    return list(db.session.scalars(select(Person).where(Person.left_at.is_(None)).order_by(Person.id)))


def test_departments_and_members_are_copied() -> None:
    report = sync_contacts(Platform([ROOT, NURSING, CLASS], [LI]))  # type: ignore[arg-type]
    assert report == SyncReport(departments=3, people=1, left=0)
    root, nursing, a_class = db.session.scalars(select(Department).order_by(Department.id))
    assert root.is_college
    assert not nursing.is_college
    assert (nursing.parent_id, a_class.parent_id) == (root.id, nursing.id)
    [person] = people()
    assert (person.name, person.job_title, person.department_id) == ("李三", "教师", nursing.id)


def test_a_second_sync_writes_nothing() -> None:
    platform = Platform([ROOT, NURSING], [LI])
    sync_contacts(platform)  # type: ignore[arg-type]
    written: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        written.extend([statement] if statement.startswith(("INSERT", "UPDATE", "DELETE")) else [])

    event.listen(db.engine, "before_cursor_execute", note)
    sync_contacts(platform)  # type: ignore[arg-type]
    event.remove(db.engine, "before_cursor_execute", note)
    assert written == []


def test_departments_whose_parent_is_out_of_sight_stand_at_the_top() -> None:
    sync_contacts(Platform([NURSING], [LI]))  # type: ignore[arg-type]
    [department] = db.session.scalars(select(Department))
    assert (department.parent_id, department.is_college) == (None, False)


def test_departments_that_name_each_other_as_parents_do_no_harm() -> None:
    circle = [{"id": 8, "name": "甲", "parentid": 9}, {"id": 9, "name": "乙", "parentid": 8}]
    assert sync_contacts(Platform(circle, [{**LI, "department": [8]}])).departments == 2  # type: ignore[arg-type]


def test_a_member_listed_in_several_departments_is_one_person() -> None:
    both = {**LI, "department": [70, 71], "is_leader_in_dept": [0, 1], "main_department": 71}
    sync_contacts(Platform([ROOT, NURSING, CLASS], [both]))  # type: ignore[arg-type]
    [person] = people()
    assert person.department is not None
    assert person.department.name == "一班"
    assert db.session.scalar(select(func.count()).select_from(Membership).where(Membership.is_leader)) == 1


def test_an_account_whose_letters_change_case_is_the_same_person() -> None:
    sync_contacts(Platform([NURSING], [LI]))  # type: ignore[arg-type]
    sync_contacts(Platform([NURSING], [{**LI, "userid": "LI.SAN", "name": "李三三"}]))  # type: ignore[arg-type]
    assert [person.name for person in people()] == ["李三三"]


def test_whoever_left_the_directory_or_is_disabled_has_left_and_may_come_back() -> None:
    wang, zhao = {**LI, "userid": "wang", "name": "王五"}, {**LI, "userid": "zhao", "name": "赵六"}
    sync_contacts(Platform([NURSING], [LI, wang, zhao]))  # type: ignore[arg-type]
    report = sync_contacts(Platform([NURSING], [{**LI, "status": 5}, zhao]))  # type: ignore[arg-type]
    assert report.left == 2
    assert [person.name for person in people()] == ["赵六"]
    sync_contacts(Platform([NURSING], [LI, zhao]))  # type: ignore[arg-type]
    assert [person.name for person in people()] == ["李三", "赵六"]


def test_a_member_whom_the_app_sees_outside_every_department_stays() -> None:
    alone = {**LI, "userid": "alone", "name": "独一", "department": []}
    platform = Platform([NURSING], [LI, alone])
    fetch_person("alone", platform)  # type: ignore[arg-type]
    assert sync_contacts(platform).left == 0  # type: ignore[arg-type]
    assert [person.name for person in people()] == ["独一", "李三"]


def test_a_directory_that_shows_nobody_changes_nothing() -> None:
    sync_contacts(Platform([NURSING], [LI]))  # type: ignore[arg-type]
    with pytest.raises(EmptyDirectory):
        sync_contacts(Platform([], []))  # type: ignore[arg-type]
    assert [person.name for person in people()] == ["李三"]


def test_a_head_who_leaves_the_directory_leaves_no_silent_vacancy(college: College) -> None:
    college.submitted()
    here = [{"userid": user_id, "department": [8]} for user_id in college.people if user_id != "zhangzhuren"]
    assert sync_contacts(Platform([{"id": 8, "name": "护理系"}], here)).left == 1  # type: ignore[arg-type]
    assert [message.card["lead"] for message in college.told("wuguanli")] == ["岗位空缺，备案无人审核"]


def test_members_with_almost_nothing_said_about_them_are_taken() -> None:
    sync_contacts(Platform([{"id": 70}], [{"userid": "bare", "department": [70, 999]}]))  # type: ignore[arg-type]
    [person] = people()
    assert person.name == "bare"
    assert len(person.memberships) == 1


def test_a_directory_that_fails_half_way_changes_nothing() -> None:
    sync_contacts(Platform([NURSING], [LI]))  # type: ignore[arg-type]

    class Failing(Platform):
        def members(self, key: str) -> Any:
            if key == "71":
                raise PlatformUnreachable("timeout")
            return super().members(key)

    with pytest.raises(PlatformUnreachable):
        sync_contacts(Failing([NURSING, CLASS], []))  # type: ignore[arg-type]
    assert [person.name for person in people()] == ["李三"]
    assert db.session.scalar(select(func.count()).select_from(Department)) == 1


def test_somebody_new_is_read_at_once_with_departments_that_are_new_too() -> None:
    person_id = fetch_person("li.san", Platform([ROOT, NURSING], [LI]))  # type: ignore[arg-type]
    assert [(person.id, person.department is not None) for person in people()] == [(person_id, True)]


def test_nobody_is_read_who_is_out_of_the_apps_sight_or_has_left() -> None:
    platform = Platform([NURSING], [{**LI, "status": 2}])
    assert fetch_person("nobody", platform) is None  # type: ignore[arg-type]
    assert fetch_person("li.san", platform) is None  # type: ignore[arg-type]
    assert people() == []


def test_the_first_administrators_get_their_post_as_soon_as_they_are_known(context: Flask) -> None:
    settings = context.config["SETTINGS"]
    object.__setattr__(settings, "initial_administrators", ("li.san", "unknown"))
    sync_contacts(Platform([NURSING], [LI]))  # type: ignore[arg-type]
    sync_contacts(Platform([NURSING], [LI]))  # type: ignore[arg-type]
    assert [post.kind for post in db.session.scalars(select(Post))] == [PostKind.ADMINISTRATOR]


@pytest.mark.parametrize(
    ("user_id", "post", "department", "named"),
    [
        ("nobody", "REGISTRAR", None, "nobody"),
        ("jiwai", "EMPEROR", None, "EMPEROR"),
        ("jiwai", "DEPARTMENT_HEAD", None, "--department"),
        ("jiwai", "DEPARTMENT_HEAD", "无此部门", "无此部门"),
        ("jiwai", "REGISTRAR", "8", "--department"),
    ],
)
def test_a_post_for_something_unknown_is_refused_by_name(
    college: College, user_id: str, post: str, department: str | None, named: str
) -> None:
    with pytest.raises(UnknownSubject) as refused:
        appoint(user_id, post, department)
    assert named in refused.value.sentence


def test_a_department_of_a_name_that_two_have_is_asked_for_by_its_id(college: College) -> None:
    db.session.add(Department(platform="wecom", platform_key="88", name="护理系"))
    db.session.commit()
    with pytest.raises(UnknownSubject) as refused:
        appoint("jiwai", "DEPARTMENT_HEAD", "护理系")
    assert "8, 88" in refused.value.sentence
    assert appoint("jiwai", "DEPARTMENT_HEAD", "88")


def test_a_head_who_left_decides_no_more_and_the_successor_is_asked(college: College) -> None:
    filing_id = college.submitted()
    db.session.get_one(Person, college.people["zhangzhuren"]).left_at = db.session.get_one(Filing, filing_id).created_at
    db.session.commit()
    assert appoint("jiwai", "DEPARTMENT_HEAD", "8")
    assert len(college.told("jiwai")) == 1
    decide(college.actor("jiwai"), filing_id, Outcome.APPROVED)


def test_somebody_known_is_not_asked_for_again(college: College) -> None:
    know_person("JIWAI")  # the platform is nowhere: asking it would fail
    assert db.session.scalar(select(func.count()).select_from(PlatformIdentity)) == 10
