"""The directory, copied from any server that speaks WeCom's HTTP, whatever it says of its departments and members."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, func, select, text

from extensions import db
from messaging.platforms.errors import PlatformRefused, PlatformUnreachable
from messaging.platforms.wecom_directory import departments_of, member_of
from models import (
    OWN,
    AuditEntry,
    ChangeKind,
    Department,
    DepartmentChange,
    Filing,
    Handover,
    Membership,
    Outcome,
    Person,
    PlatformIdentity,
    Post,
    utc_now,
)
from models.database import unit_of_work
from operations.actors import find_actor
from operations.appointing import appoint
from operations.copying import parents
from operations.decisions import decide
from operations.directory import (
    Accepted,
    EmptyDirectory,
    SyncReport,
    TooManyGone,
    fetch_departments,
    fetch_person,
    is_marked_left,
    know_person,
    sync_contacts,
)
from operations.errors import UnknownSubject
from operations.leaving import leave
from regulation import PostKind
from tests.college import College


class Platform:
    """A directory as the platform's answers describe it: the raw answers, read by our own reader."""

    def __init__(
        self,
        departments: Sequence[dict[str, Any]],
        members: Sequence[dict[str, Any]],
        *,
        single: tuple[str, ...] = (),
    ) -> None:
        self._departments, self._members, self._single = departments, members, single
        self.asked: list[str] = []

    def departments(self) -> Any:
        return departments_of({"department": self._departments})

    def members(self, key: str) -> Any:
        listed = [m for m in self._members if key in map(str, m.get("department", []))]
        return [member_of(member) for member in listed]

    def single_members(self) -> tuple[str, ...]:
        return self._single

    def member(self, user_id: str) -> Any:
        self.asked.append(user_id)
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
    assert report == SyncReport(departments=3, people=1, left=0, joined=1, changed=0)
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


def test_a_mobile_that_stands_as_an_office_phone_is_encrypted() -> None:
    for phone in ("19900000021", "19900000022"):
        sync_contacts(Platform([ROOT, NURSING], [{**LI, "telephone": phone}]))  # type: ignore[arg-type]
        assert phone not in (db.session.scalar(text("SELECT office_phone FROM people")) or phone)
        assert [person.office_phone for person in people()] == [phone]


def test_an_office_phone_that_no_key_opens_is_written_anew(context: Flask) -> None:
    platform = Platform([ROOT, NURSING], [LI])
    sync_contacts(platform)  # type: ignore[arg-type]
    db.session.execute(text("UPDATE people SET office_phone = 'gAAAAAB-lost'"))
    db.session.commit()
    assert sync_contacts(platform).changed == 1  # type: ignore[arg-type]
    assert [person.office_phone for person in people()] == ["1"]


def test_of_what_changed_only_that_is_written() -> None:
    others = [{**LI, "userid": f"u{n}", "name": f"人{n}", "mobile": "19900000001"} for n in range(30)]
    sync_contacts(Platform([ROOT, NURSING, CLASS], [LI, *others]))  # type: ignore[arg-type]
    written: list[tuple[str, object]] = []

    def note(_connection: object, _cursor: object, statement: str, values: object, *_rest: object) -> None:
        written.extend([(statement.split(" SET ")[0], values)] if statement.startswith(("INS", "UPD", "DEL")) else [])

    event.listen(db.engine, "before_cursor_execute", note)
    moved = {**LI, "name": "李四", "department": [71], "is_leader_in_dept": [1]}
    report = sync_contacts(Platform([ROOT, NURSING, CLASS], [moved, *others]))  # type: ignore[arg-type]
    event.remove(db.engine, "before_cursor_execute", note)
    assert (report.joined, report.changed, report.left) == (0, 1, 0)
    assert len(written) == 3  # the person, the department they are in now, the one they were in


def test_departments_whose_parent_is_out_of_sight_stand_at_the_top() -> None:
    sync_contacts(Platform([NURSING], [LI]))  # type: ignore[arg-type]
    [department] = db.session.scalars(select(Department))
    assert (department.parent_id, department.is_college) == (None, False)


def tree(*pairs: tuple[int, int]) -> list[dict[str, Any]]:
    """Departments by id and parent's id."""
    return [{"id": key, "name": f"部门{key}", "parentid": parent} for key, parent in pairs]


def test_departments_that_name_each_other_as_parents_do_no_harm() -> None:
    circle = tree((8, 10), (9, 8), (10, 9), (11, 10))
    assert sync_contacts(Platform(circle, [{**LI, "department": [8]}])).departments == 4  # type: ignore[arg-type]
    rows = {row.platform_key: row for row in db.session.scalars(select(Department))}
    above = {key: row.parent and row.parent.platform_key for key, row in rows.items()}
    assert above == {"8": None, "9": "8", "10": "9", "11": "10"}


@pytest.mark.parametrize(
    ("said", "above"),
    [
        ([(5, 5)], {"5": None}),
        ([(9, 10), (10, 9)], {"9": None, "10": "9"}),
        ([(10, 9), (9, 10)], {"9": None, "10": "9"}),
        ([(1, 0), (2, 1), (3, 4), (4, 3), (5, 3), (6, 99)], {"1": None, "2": "1", "3": None, "4": "3", "5": "3"}),
    ],
)
def test_a_circle_is_broken_above_its_lowest_id(said: list[tuple[int, int]], above: dict[str, str | None]) -> None:
    found = parents(departments_of({"department": tree(*said)}))
    assert {**found, **above} == found
    assert found.get("6") is None


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
    smaller = Platform([NURSING], [{**LI, "status": 5}, zhao])
    report = sync_contacts(smaller, accepts=Accepted(2))  # type: ignore[arg-type]
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


class TestSingleMembers:
    """The visible range may name members one by one, whom no department in it lists."""

    alone = {**LI, "userid": "Alone", "name": "独一", "department": []}

    def test_one_of_them_is_known_without_ever_signing_in(self) -> None:
        platform = Platform([NURSING], [LI, self.alone], single=("Alone", "LI.SAN"))
        assert sync_contacts(platform).joined == 2  # type: ignore[arg-type]
        assert {person.name for person in people()} == {"独一", "李三"}
        assert platform.asked == ["Alone"]
        assert sync_contacts(platform).changed == 0  # type: ignore[arg-type]

    def test_a_range_of_nobody_else_is_no_empty_directory(self) -> None:
        report = sync_contacts(Platform([], [self.alone], single=("alone",)))  # type: ignore[arg-type]
        assert (report.departments, report.people) == (0, 1)

    def test_one_who_is_disabled_or_gone_has_left_and_is_asked_for_once(self) -> None:
        sync_contacts(Platform([NURSING], [LI, self.alone], single=("alone",)))  # type: ignore[arg-type]
        for gone in ([LI, {**self.alone, "status": 5}], [LI]):
            platform = Platform([NURSING], gone, single=("alone",))
            sync_contacts(platform, accepts=Accepted(1))  # type: ignore[arg-type]
            assert platform.asked == ["alone"]
            assert [person.name for person in people()] == ["李三"]

    def test_where_the_range_is_not_told_all_others_are_synced_and_nobody_known_is_lost(self) -> None:
        class Silent(Platform):
            def single_members(self) -> Any:
                raise PlatformRefused(301002, "not allowed to operate agent")

        sync_contacts(Platform([NURSING], [self.alone], single=("alone",)))  # type: ignore[arg-type]
        assert sync_contacts(Silent([NURSING], [LI, self.alone])).joined == 1  # type: ignore[arg-type]
        assert {person.name for person in people()} == {"独一", "李三"}

    def test_when_they_cannot_be_read_nothing_is_changed(self) -> None:
        class Failing(Platform):
            def member(self, user_id: str) -> Any:
                raise PlatformUnreachable("timeout")

        with pytest.raises(PlatformUnreachable):
            sync_contacts(Failing([NURSING], [LI], single=("alone",)))  # type: ignore[arg-type]
        assert people() == []


def test_a_member_listed_in_a_department_but_in_none_by_their_own_particulars_is_in_none() -> None:
    class Listing(Platform):
        def members(self, key: str) -> Any:
            return [member_of({**LI, "department": []})]

    sync_contacts(Listing([NURSING], []))  # type: ignore[arg-type]
    [person] = people()
    assert (person.department_id, person.memberships) == (None, [])


def test_two_people_of_one_name_are_two() -> None:
    sync_contacts(Platform([NURSING], [LI, {**LI, "userid": "other"}]))  # type: ignore[arg-type]
    assert [person.name for person in people()] == ["李三", "李三"]


def test_a_person_may_be_in_twenty_departments() -> None:
    many = tree(*((key, 1) for key in range(100, 120)))
    busy = {**LI, "department": list(range(100, 120)), "is_leader_in_dept": [0, 1] * 10, "main_department": 119}
    sync_contacts(Platform([ROOT, *many], [busy]))  # type: ignore[arg-type]
    [person] = people()
    assert person.department is not None
    assert (person.department.platform_key, len(person.memberships)) == ("119", 20)
    assert sum(membership.is_leader for membership in person.memberships) == 10
    fewer = {**busy, "department": [101, 100], "is_leader_in_dept": [0, 1], "main_department": 100}
    assert sync_contacts(Platform([ROOT, *many], [fewer])).changed == 1  # type: ignore[arg-type]
    db.session.expire_all()
    assert sorted(membership.is_leader for membership in person.memberships) == [False, True]
    assert person.department.platform_key == "100"


def test_names_with_emoji_and_rare_letters_are_kept_as_they_are_and_found_by_their_sound() -> None:
    names = ["王🌸花", "阿依古丽·买买提", "𠮷田"]
    members = [{**LI, "userid": f"u{n}", "name": name} for n, name in enumerate(names)]
    sync_contacts(Platform([{**NURSING, "name": "护理🏥系"}], members))  # type: ignore[arg-type]
    assert [person.name for person in people()] == names
    assert people()[0].initials == "w🌸h y🌸h"  # 王 is also read yù
    assert sync_contacts(Platform([{**NURSING, "name": "护理🏥系"}], members)).changed == 0  # type: ignore[arg-type]


def test_how_a_name_sounds_is_written_with_the_name_and_where_it_is_missing() -> None:
    platform = Platform([NURSING], [LI])
    sync_contacts(platform)  # type: ignore[arg-type]
    [person] = people()
    assert (person.pinyin, person.initials) == ("lisan", "ls")
    person.pinyin = person.initials = ""
    db.session.commit()
    assert sync_contacts(platform).changed == 1  # type: ignore[arg-type]
    assert people()[0].pinyin == "lisan"
    sync_contacts(Platform([NURSING], [{**LI, "name": "周敏"}]))  # type: ignore[arg-type]
    assert people()[0].initials == "zm"


def test_what_a_person_gave_themselves_stays_and_what_is_missing_is_taken_where_the_platform_tells_it() -> None:
    sync_contacts(Platform([NURSING], [LI]))  # type: ignore[arg-type]
    told = Platform([NURSING], [{**LI, "mobile": "19900000002", "email": "li@example.edu.cn"}])
    people()[0].mobile = "19900000001"
    db.session.commit()
    assert sync_contacts(told).changed == 1  # type: ignore[arg-type]
    assert (people()[0].mobile, people()[0].email) == ("19900000001", "li@example.edu.cn")
    assert sync_contacts(told).changed == 0  # type: ignore[arg-type]


class TestMarkedLeft:
    @pytest.fixture(autouse=True)
    def _li_is_marked(self) -> None:
        sync_contacts(Platform([NURSING], [LI]))  # type: ignore[arg-type]
        [person] = people()
        person.left_at, person.marked_left = utc_now(), True
        db.session.commit()

    def test_a_sync_that_still_lists_them_does_not_bring_them_back(self) -> None:
        wang = {**LI, "userid": "wang", "name": "王五"}
        report = sync_contacts(Platform([NURSING], [{**LI, "name": "李四"}, wang]))  # type: ignore[arg-type]
        assert (report.people, report.joined, report.changed, report.left) == (1, 1, 0, 0)
        assert [person.name for person in people()] == ["王五"]

    def test_nor_does_their_signing_in(self) -> None:
        assert fetch_person("LI.san", Platform([NURSING], [LI])) is None  # type: ignore[arg-type]
        assert is_marked_left("LI.san")
        assert not is_marked_left("wang")
        assert people() == []


class TestDepartments:
    def row(self, key: str) -> Department:
        db.session.rollback()
        return db.session.scalars(select(Department).where(Department.platform_key == key)).one()

    def test_one_that_was_merged_stays_removed_and_its_members_are_in_the_other(self) -> None:
        both = {**LI, "department": [70, 71], "is_leader_in_dept": [0, 1], "main_department": 71}
        platform = Platform([ROOT, NURSING, CLASS], [both])
        sync_contacts(platform)  # type: ignore[arg-type]
        merged, target = self.row("71"), self.row("70")
        merged.removed_at, merged.merged_into_id = utc_now(), target.id
        db.session.commit()
        for _ in range(2):
            sync_contacts(platform)  # type: ignore[arg-type]
            [person] = people()
            assert self.row("71").removed_at is not None
            assert person.department_id == self.row("70").id
            assert [(m.department_id, m.is_leader) for m in person.memberships] == [(person.department_id, True)]
        assert fetch_person("li.san", platform) is not None  # type: ignore[arg-type]
        assert sync_contacts(platform).changed == 0  # type: ignore[arg-type]

    def test_one_that_an_administrator_entered_is_not_touched(self) -> None:
        own = Department(platform=OWN, platform_key="branch", name="护理党总支")
        db.session.add(own)
        db.session.commit()
        sync_contacts(Platform([NURSING], [LI]))  # type: ignore[arg-type]
        [person] = people()
        person.memberships.append(Membership(department_id=own.id))
        db.session.commit()
        assert sync_contacts(Platform([NURSING], [LI])).changed == 0  # type: ignore[arg-type]
        assert self.row("branch").removed_at is None
        assert len(people()[0].memberships) == 2

    def test_a_new_name_is_remembered_with_the_old_one(self) -> None:
        sync_contacts(Platform([NURSING], [LI]))  # type: ignore[arg-type]
        for _ in range(2):
            sync_contacts(Platform([{**NURSING, "name": "护理与健康学院"}], [LI]))  # type: ignore[arg-type]
        [change] = db.session.scalars(select(DepartmentChange))
        assert (change.kind, change.old_name, change.new_name) == (ChangeKind.RENAMED, "护理学院", "护理与健康学院")

    def test_one_that_comes_back_yields_a_short_name_that_is_taken_meanwhile(self) -> None:
        sync_contacts(Platform([ROOT, NURSING, CLASS], [LI]))  # type: ignore[arg-type]
        self.row("71").short_name = "护理"
        db.session.commit()
        sync_contacts(Platform([ROOT, NURSING], [LI]))  # type: ignore[arg-type]
        assert self.row("71").removed_at is not None
        self.row("70").short_name = "护理"
        db.session.commit()
        sync_contacts(Platform([ROOT, NURSING, CLASS], [LI]))  # type: ignore[arg-type]
        assert (self.row("71").removed_at, self.row("71").short_name) == (None, None)
        assert self.row("70").short_name == "护理"

    def test_somebody_signing_in_adds_departments_and_removes_none(self) -> None:
        sync_contacts(Platform([ROOT, NURSING], [LI]))  # type: ignore[arg-type]
        fetch_person("wang", Platform([CLASS], [{**LI, "userid": "wang", "department": [71]}]))  # type: ignore[arg-type]
        assert [self.row(key).removed_at for key in ("1", "70", "71")] == [None] * 3

    def test_they_are_read_again_alone(self) -> None:
        sync_contacts(Platform([ROOT, NURSING], [LI]))  # type: ignore[arg-type]
        fetch_departments(Platform([ROOT, CLASS], []))  # type: ignore[arg-type]
        assert self.row("70").removed_at is not None
        assert self.row("71").parent_id is None
        with pytest.raises(EmptyDirectory):
            fetch_departments(Platform([], []))  # type: ignore[arg-type]
        assert self.row("71").removed_at is None


class TestTheBrakeOfDepartments:
    units = [{"id": n, "name": f"部门{n}", "parentid": 1} for n in range(2, 21)]

    @pytest.fixture(autouse=True)
    def _twenty(self) -> None:
        sync_contacts(Platform([ROOT, *self.units], [{**LI, "department": [2]}]))  # type: ignore[arg-type]

    def living(self) -> int:
        living = select(func.count()).select_from(Department).where(Department.removed_at.is_(None))
        return db.session.scalar(living) or 0

    def test_a_tenth_of_them_may_go_and_one_more_changes_nothing(self) -> None:
        li = [{**LI, "department": [2]}]
        with pytest.raises(TooManyGone) as refused:
            sync_contacts(Platform([ROOT, *self.units[:-3]], li))  # type: ignore[arg-type]
        assert (len(refused.value.departments.ids), refused.value.departments.known) == (3, 20)
        assert "3 of 20 departments are not" in refused.value.sentence
        assert self.living() == 20
        sync_contacts(Platform([ROOT, *self.units[:-2]], li))  # type: ignore[arg-type]
        assert self.living() == 18

    def test_as_many_as_were_accepted_may_go_but_not_more(self) -> None:
        li = [{**LI, "department": [2]}]
        with pytest.raises(TooManyGone):
            sync_contacts(Platform([ROOT, *self.units[:-4]], li), accepts=Accepted(9, 3))  # type: ignore[arg-type]
        sync_contacts(Platform([ROOT, *self.units[:-3]], li), accepts=Accepted(0, 3))  # type: ignore[arg-type]
        assert self.living() == 17

    def test_both_are_counted_in_one_refusal_and_each_is_accepted_for_itself(self) -> None:
        everybody = [{**LI, "department": [2], "userid": f"u{n}", "name": f"人{n}"} for n in range(99)]
        everybody.insert(0, {**LI, "department": [2]})
        sync_contacts(Platform([ROOT, *self.units], everybody))  # type: ignore[arg-type]
        narrowed = Platform([ROOT, *self.units[:4]], everybody[:80])
        for accepted in (Accepted(), Accepted(20), Accepted(departments=15)):
            with pytest.raises(TooManyGone) as refused:
                sync_contacts(narrowed, accepts=accepted)  # type: ignore[arg-type]
            assert "20 of 100 people and 15 of 20 departments are not" in refused.value.sentence
        assert (self.living(), len(people())) == (20, 100)
        assert sync_contacts(narrowed, accepts=Accepted(20, 15)).left == 20  # type: ignore[arg-type]
        assert self.living() == 5

    def test_what_is_told_of_departments_is_held_back_alike(self) -> None:
        with pytest.raises(TooManyGone):
            fetch_departments(Platform([ROOT, *self.units[:-3]], []))  # type: ignore[arg-type]
        assert self.living() == 20


class TestTheBrake:
    """Of twenty people, two may be gone at once; three are refused."""

    everybody = [{**LI, "userid": f"u{n}", "name": f"人{n}"} for n in range(20)]

    @pytest.fixture(autouse=True)
    def _twenty_people(self) -> None:
        sync_contacts(Platform([NURSING], self.everybody))  # type: ignore[arg-type]

    def test_exactly_a_tenth_may_be_gone(self) -> None:
        assert sync_contacts(Platform([NURSING], self.everybody[2:])).left == 2  # type: ignore[arg-type]

    def test_one_more_changes_nothing_and_says_how_many_of_how_many(self) -> None:
        new = {**LI, "userid": "new", "name": "新人"}
        with pytest.raises(TooManyGone) as refused:
            sync_contacts(Platform([NURSING, CLASS], [*self.everybody[3:], new]))  # type: ignore[arg-type]
        assert (len(refused.value.people.ids), refused.value.people.known) == (3, 20)
        assert "3 of 20 people" in refused.value.sentence
        assert "--accept-removals" in refused.value.sentence
        assert [person.name for person in people()] == [f"人{n}" for n in range(20)]
        assert [row.platform_key for row in db.session.scalars(select(Department))] == ["70"]

    def test_it_may_be_accepted(self) -> None:
        report = sync_contacts(Platform([NURSING], self.everybody[3:]), accepts=Accepted(3))  # type: ignore[arg-type]
        assert (report.left, len(people())) == (3, 17)

    def test_no_more_people_are_asked_for_once_the_refusal_is_certain(self) -> None:
        platform = Platform([NURSING], self.everybody[15:])
        with pytest.raises(TooManyGone) as refused:
            sync_contacts(platform)  # type: ignore[arg-type]
        assert platform.asked == ["u0", "u1", "u2"]
        assert len(refused.value.people.ids) == 15

    def test_those_listed_as_gone_are_not_asked_for_at_all(self) -> None:
        disabled = [{**member, "status": 2} for member in self.everybody[17:]]
        platform = Platform([NURSING], [*self.everybody[5:17], *disabled])
        with pytest.raises(TooManyGone):
            sync_contacts(platform)  # type: ignore[arg-type]
        assert platform.asked == []

    def test_those_seen_one_by_one_do_not_count(self) -> None:
        alone = [{**member, "department": []} for member in self.everybody[:5]]
        report = sync_contacts(Platform([NURSING], [*alone, *self.everybody[7:]]))  # type: ignore[arg-type]
        assert (report.left, report.people) == (2, 18)


def test_whoever_signs_in_first_while_a_sync_reads_has_not_left() -> None:
    newcomer = {**LI, "userid": "wang", "name": "王五"}
    sync_contacts(Platform([NURSING], [LI]))  # type: ignore[arg-type]

    class Growing(Platform):
        def member(self, user_id: str) -> Any:
            if user_id == "alone":
                fetch_person("wang", Platform([NURSING], [newcomer]))  # type: ignore[arg-type]
            return super().member(user_id)

    alone = {**LI, "userid": "alone", "name": "独一", "department": []}
    fetch_person("alone", Platform([NURSING], [alone]))  # type: ignore[arg-type]
    assert sync_contacts(Growing([NURSING], [LI, alone])).left == 0  # type: ignore[arg-type]
    assert {person.name for person in people()} == {"李三", "独一", "王五"}


def test_a_directory_that_shows_nobody_changes_nothing() -> None:
    sync_contacts(Platform([NURSING], [LI]))  # type: ignore[arg-type]
    with pytest.raises(EmptyDirectory):
        sync_contacts(Platform([], []))  # type: ignore[arg-type]
    assert [person.name for person in people()] == ["李三"]


def test_whoever_is_listed_again_keeps_the_groups_that_nobody_took_over(college: College) -> None:
    college.submitted()
    names = dict(db.session.execute(select(Person.id, Person.name)).all())
    everybody = [{"userid": key, "name": names[person], "department": [8]} for key, person in college.people.items()]
    others = [member for member in everybody if member["userid"] != "wangqunzhu"]
    for here in (others, everybody):
        sync_contacts(Platform([{"id": 8, "name": "护理系"}], here), accepts=Accepted(departments=4))  # type: ignore[arg-type]
    [handover] = db.session.scalars(select(Handover))
    assert handover.closed_at is not None
    sync_contacts(Platform([{"id": 8, "name": "护理系"}], others), accepts=Accepted(departments=4))  # type: ignore[arg-type]
    assert db.session.scalar(select(func.count()).select_from(Handover).where(Handover.closed_at.is_(None))) == 1


def test_a_head_who_leaves_the_directory_leaves_no_silent_vacancy(college: College) -> None:
    college.submitted()
    here = [{"userid": user_id, "department": [8]} for user_id in college.people if user_id != "zhangzhuren"]
    assert sync_contacts(Platform([{"id": 8, "name": "护理系"}], here), accepts=Accepted(departments=4)).left == 1  # type: ignore[arg-type]
    assert [message.card["lead"] for message in college.told("wuguanli")] == [
        "岗位空缺，备案无人审核",
        "张主任已离职，1 个群组责任人缺位，请办理移交",
    ]


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


def test_somebody_marked_as_gone_is_not_appointed_and_that_is_why(college: College) -> None:
    person = db.session.get_one(Person, college.people["jiwai"])
    person.left_at, person.marked_left = utc_now(), True
    db.session.commit()
    with pytest.raises(UnknownSubject) as refused:
        appoint("JiWai", "REGISTRAR", None)
    assert "marked 离职" in refused.value.sentence


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


def test_a_first_sync_records_nobody_and_a_later_one_whoever_left_or_is_back() -> None:
    everybody = [{**LI, "userid": f"u{n}", "name": f"人{n}"} for n in range(20)]
    for present, left, back in ((everybody, 0, 0), (everybody[2:], 2, 0), (everybody[1:], 2, 1)):
        sync_contacts(Platform([NURSING], present))  # type: ignore[arg-type]
        entries = db.session.execute(select(AuditEntry.action, AuditEntry.actor_name)).all()
        assert entries.count(("person.leave", "directory")) == left
        assert entries.count(("person.return", "directory")) == back
        assert len(entries) == left + back


class TestReadBeforeLeaving:
    """What was read before somebody was seen to leave says nothing of them any more."""

    @pytest.fixture(autouse=True)
    def _li_is_here(self) -> None:
        sync_contacts(Platform([NURSING], [LI]))  # type: ignore[arg-type]

    def leave_while_read(self) -> Platform:
        class Late(Platform):
            def departments(self) -> Any:
                with unit_of_work() as session:
                    leave(session, list(session.scalars(select(Person).where(Person.left_at.is_(None)))))
                return super().departments()

            def member(self, user_id: str) -> Any:
                self.departments()
                return super().member(user_id)

        return Late([NURSING], [LI])

    def test_a_sync_does_not_let_them_in_again_and_the_next_one_decides(self) -> None:
        report = sync_contacts(self.leave_while_read())  # type: ignore[arg-type]
        assert (report.people, report.joined, people()) == (0, 0, [])
        sync_contacts(Platform([NURSING], [LI]))  # type: ignore[arg-type]
        assert [person.name for person in people()] == ["李三"]

    def test_nor_does_a_sign_in(self) -> None:
        assert fetch_person("li.san", self.leave_while_read()) is None  # type: ignore[arg-type]
        assert people() == []

    def test_nor_is_there_a_stranger_where_the_name_was_another(self) -> None:
        late = self.leave_while_read()
        late._members = [{**LI, "name": "王五"}]
        sync_contacts(late)  # type: ignore[arg-type]
        assert db.session.scalar(select(func.count()).select_from(Person)) == 1


class TestAnIdGivenAnew:
    """Whoever is listed under the id of somebody who left, with another name, is a stranger."""

    stranger = {**LI, "name": "王五"}

    @pytest.fixture(autouse=True)
    def _li_administered_and_left(self, context: Flask) -> None:
        sync_contacts(Platform([NURSING], [LI]))  # type: ignore[arg-type]
        appoint("li.san", "administrator", None)
        appoint("li.san", "department_head", "护理学院")
        with unit_of_work() as session:
            [former] = session.scalars(select(Person))
            former.mobile = "19900000001"
            leave(session, [former])

    def check(self) -> None:
        db.session.rollback()
        former, newcomer = db.session.scalars(select(Person).order_by(Person.id))
        assert (former.name, former.mobile, former.identities) == ("李三", "19900000001", [])
        assert former.left_at is not None
        assert (newcomer.name, newcomer.mobile, newcomer.left_at) == ("王五", None, None)
        assert [account.user_key for account in newcomer.identities] == ["li.san"]
        actor = find_actor(newcomer.id)
        assert actor is not None
        assert actor.seats == frozenset()
        entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "account.reissue")).one()
        assert (entry.subject_id, entry.details) == (newcomer.id, {"formerly": former.id})

    def test_a_sync_gives_them_a_row_of_their_own(self) -> None:
        for _ in range(2):
            sync_contacts(Platform([NURSING], [self.stranger]))  # type: ignore[arg-type]
        self.check()

    def test_so_does_a_sign_in(self) -> None:
        assert fetch_person("Li.San", Platform([NURSING], [self.stranger])) is not None  # type: ignore[arg-type]
        self.check()

    def test_they_are_not_the_administrator_whom_the_settings_name(self, context: Flask) -> None:
        settings = context.config["SETTINGS"]
        context.config["SETTINGS"] = replace(settings, initial_administrators=("li.san",))
        sync_contacts(Platform([NURSING], [self.stranger]))  # type: ignore[arg-type]
        self.check()

    def test_the_same_name_is_the_same_person(self) -> None:
        sync_contacts(Platform([NURSING], [LI]))  # type: ignore[arg-type]
        assert [person.mobile for person in people()] == ["19900000001"]

    def test_a_new_name_of_somebody_present_is_the_same_person(self) -> None:
        sync_contacts(Platform([NURSING], [LI]))  # type: ignore[arg-type]
        sync_contacts(Platform([NURSING], [self.stranger]))  # type: ignore[arg-type]
        assert [(person.name, person.mobile) for person in people()] == [("王五", "19900000001")]
