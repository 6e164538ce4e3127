"""What the directory's events lead to: each member and department read again from the platform, over real HTTP."""

import itertools
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update
from werkzeug.serving import make_server

from extensions import db
from messaging import sharing
from messaging.platforms.wecom_callbacks import DepartmentsChanged, MemberChanged
from messaging.worker import Chore, deliver_due, run_worker
from models import (
    AuditEntry,
    Department,
    DirectoryEvent,
    DirectorySync,
    Membership,
    Person,
    PlatformIdentity,
    ReceivedCallback,
    SyncState,
    utc_now,
)
from models.database import unit_of_work
from operations.actors import find_actor
from operations.appointing import appoint, find_person
from operations.directory import fetch_person, sync_contacts
from operations.directory_events import LEASE_KEY, note_change, read_next
from regulation import PostKind
from simulator.faults import Fault
from simulator.server import Handle
from tests.college import College
from tests.conftest import StatementCounter
from tests.platform import simulated_platform
from tests.simulator.support import Platform, wait_until

#: In the simulated college: 刘梅, who leads 护理系 (8), and 教务处 (5).
LIU, NURSING, TEACHING = "liumei", "8", "5"
KEYS = itertools.count(1)


@pytest.fixture
def platform(context: Flask) -> Iterator[Handle]:
    """The simulated college, copied as it is."""
    with simulated_platform(context) as handle:
        sync_contacts()
        yield handle


def tell(user_id: str = "", new_user_id: str = "", *, key: str = "") -> None:
    """The platform's event about a member, or about the departments, arrives."""
    key = key or f"key-{next(KEYS)}"
    note_change(MemberChanged(user_id, new_user_id, key) if user_id else DepartmentsChanged(key))


def let_time_pass(time: timedelta = timedelta(seconds=1)) -> None:
    """As if the events had arrived that much earlier."""
    rows = {"run_at": DirectoryEvent.run_at, "created_at": DirectoryEvent.created_at}
    with unit_of_work() as session:
        for event in session.scalars(select(DirectoryEvent)):
            values = {name: getattr(event, name) - time for name in rows}
            session.execute(update(DirectoryEvent).where(DirectoryEvent.id == event.id).values(values))


def read_all() -> int:
    """Let the second of each event pass and read all that is due; how many readings that took."""
    let_time_pass()
    count = 0
    while read_next():
        count += 1
    db.session.rollback()
    return count


def person(user_id: str) -> Person | None:
    db.session.rollback()
    return find_person(db.session(), user_id)


def here(user_id: str) -> Person:
    """The person, who is still with the college."""
    found = person(user_id)
    assert found is not None
    return found


def keys_of(someone: Person) -> dict[str, bool]:
    """The departments by their key, and whether the person leads them."""
    query = select(Department.platform_key, Membership.is_leader).join(
        Membership, Membership.department_id == Department.id
    )
    return dict(db.session.execute(query.where(Membership.person_id == someone.id)).all())


def waiting() -> list[DirectoryEvent]:
    db.session.rollback()
    return list(db.session.scalars(select(DirectoryEvent).order_by(DirectoryEvent.id)))


def calls(platform: Handle, path: str) -> int:
    return platform.state.calls.counts[path]


class TestMembers:
    def test_somebody_new_is_known_at_once(self, platform: Handle) -> None:
        platform.state.directory.put({"userid": "Xin.Ren", "name": "新人", "departments": [8]})
        tell("xin.ren")
        assert read_all() == 1
        assert here("xin.ren").name == "新人"
        assert waiting() == []

    def test_somebody_who_changes_department_or_becomes_its_head_is_written_so(self, platform: Handle) -> None:
        platform.state.directory.put({"userid": LIU, "departments": [5, 8], "leads": [1, 0]})
        tell(LIU)
        read_all()
        assert keys_of(here(LIU)) == {TEACHING: True, NURSING: False}

    def test_somebody_deleted_is_let_in_no_more(self, platform: Handle) -> None:
        liu = here(LIU)
        platform.state.directory.remove(LIU)
        tell(LIU)
        assert find_actor(liu.id) is not None
        read_all()
        assert person(LIU) is None
        assert find_actor(liu.id) is None

    @pytest.mark.parametrize("status", [2, 5])
    def test_somebody_disabled_or_gone_is_let_in_no_more(self, platform: Handle, status: int) -> None:
        platform.state.directory.put({"userid": LIU, "status": status})
        tell(LIU)
        read_all()
        assert person(LIU) is None

    def test_somebody_moved_out_of_the_apps_sight_is_let_in_no_more(self, platform: Handle) -> None:
        platform.state.directory.visible.departments = [5]
        tell(LIU)
        read_all()
        assert person(LIU) is None

    def test_a_member_in_a_department_that_is_new_too_brings_it_along(self, platform: Handle) -> None:
        platform.state.directory.put_department({"id": 80, "name": "助产教研室", "parentid": 8})
        platform.state.directory.put({"userid": LIU, "departments": [80]})
        tell(LIU)
        read_all()
        assert keys_of(here(LIU)) == {"80": False}

    def test_a_head_who_is_deleted_leaves_no_silent_vacancy(self, context: Flask, college: College) -> None:
        college.submitted()
        with simulated_platform(context):  # which has nobody of this college
            tell("zhangzhuren")
            read_all()
        assert find_actor(college.people["zhangzhuren"]) is None
        assert "岗位空缺，备案无人审核" in [message.card["lead"] for message in college.told("wuguanli")]

    def test_an_event_about_somebody_nobody_knows_does_nothing(self, platform: Handle) -> None:
        before = db.session.scalar(select(func.count()).select_from(Person))
        tell("nobody.at.all")
        assert read_all() == 1
        assert db.session.scalar(select(func.count()).select_from(Person)) == before
        assert waiting() == []


class TestOrder:
    def test_a_stale_delete_after_a_new_creation_leaves_them_in(self, platform: Handle) -> None:
        platform.state.directory.put({"userid": "huilai", "name": "回来", "departments": [8]})
        tell("huilai")  # the creation
        read_all()
        tell("huilai")  # the delete that came before it
        read_all()
        assert here("huilai").left_at is None

    def test_a_stale_creation_after_a_delete_leaves_them_out(self, platform: Handle) -> None:
        platform.state.directory.remove(LIU)
        tell(LIU)  # the delete
        read_all()
        tell(LIU)  # the creation that came before it
        read_all()
        assert person(LIU) is None

    def test_a_repeated_event_is_not_read_again(self, platform: Handle) -> None:
        tell(LIU, key="the same")
        read_all()
        tell(LIU, key="the same")
        assert read_all() == 0
        assert db.session.scalar(select(func.count()).select_from(ReceivedCallback)) == 1

    def test_several_events_about_one_member_are_one_reading(self, platform: Handle) -> None:
        for user_id in (LIU, LIU.upper(), LIU, "linshufen"):
            tell(user_id)
        before = calls(platform, "user/get")
        assert read_all() == 2
        assert calls(platform, "user/get") - before == 2
        assert waiting() == []

    def test_an_event_is_read_after_the_second_in_which_it_happened(self, platform: Handle) -> None:
        tell(LIU)
        assert not read_next()
        (event,) = waiting()
        assert event.run_at - event.created_at == timedelta(seconds=1)

    def test_an_event_of_this_second_outlives_the_reading_of_an_earlier_one(self, platform: Handle) -> None:
        tell(LIU)
        let_time_pass()
        tell(LIU)
        assert read_next()
        assert len(waiting()) == 1

    def test_what_changed_beside_a_sync_is_read_again_after_it(self, platform: Handle) -> None:
        with unit_of_work() as session:
            lease = utc_now() + timedelta(minutes=1)
            session.add(DirectorySync(key="by hand", state=SyncState.RUNNING, lease_until=lease))
        platform.state.directory.remove(LIU)
        tell(LIU)
        read_all()
        assert person(LIU) is None  # at once
        with unit_of_work() as session:  # the sync read LIU before, writes now and is done
            left = session.scalars(select(Person).join(PlatformIdentity).where(PlatformIdentity.user_key == LIU)).one()
            left.left_at = None
            session.execute(update(DirectorySync).values(state=SyncState.DONE, lease_until=None))
        assert len(waiting()) == 1
        let_time_pass(timedelta(minutes=1))
        read_all()
        assert person(LIU) is None
        assert waiting() == []


class TestRenaming:
    def test_the_account_stays_the_same_persons(self, platform: Handle) -> None:
        liu = here(LIU)
        appoint(LIU, "DEPARTMENT_HEAD", NURSING)
        platform.state.directory.rename(LIU, "Liu.Mei")
        tell(LIU, "Liu.Mei")
        read_all()
        assert here("liu.mei").id == liu.id
        assert [identity.user_id for identity in here("liu.mei").identities] == ["Liu.Mei"]
        assert person(LIU) is None
        actor = find_actor(liu.id)
        assert actor is not None
        assert {seat.kind for seat in actor.seats} == {PostKind.DEPARTMENT_HEAD}
        entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "account.rename")).one()
        assert (entry.subject_type, entry.subject_id, entry.details) == ("people", liu.id, {"strangers": []})

    def test_what_is_on_its_way_to_the_former_id_goes_to_the_new_one(self, context: Flask, college: College) -> None:
        college.submitted()
        with simulated_platform(context) as platform:
            platform.state.directory.put({"userid": "zhang.zhuren", "name": "张主任", "departments": [8]})
            tell("zhangzhuren", "zhang.zhuren")
            read_all()
            assert {message.recipient_user_id for message in college.told("zhangzhuren")} == {"zhang.zhuren"}
            deliver_due()
            assert platform.state.mailbox.unread("zhang.zhuren") == 1

    def test_a_stranger_whom_a_sync_met_meanwhile_gives_way(self, platform: Handle) -> None:
        liu = here(LIU)
        platform.state.directory.rename(LIU, "liu.mei")
        sync_contacts()
        stranger_id = here("liu.mei").id
        assert stranger_id != liu.id
        assert person(LIU) is None
        tell(LIU, "liu.mei")
        read_all()
        assert here("liu.mei").id == liu.id
        stranger = db.session.get_one(Person, stranger_id)
        assert (stranger.left_at is None, stranger.identities) == (False, [])

    def test_the_session_of_whoever_signed_in_meanwhile_never_becomes_the_next_newcomers(
        self, platform: Handle
    ) -> None:
        platform.state.directory.rename(LIU, "liu.mei")
        stranger_id = fetch_person("liu.mei")
        assert stranger_id is not None
        tell(LIU, "liu.mei")
        read_all()
        platform.state.directory.put({"userid": "xin.ren", "name": "新人", "departments": [8]})
        assert fetch_person("xin.ren") != stranger_id
        assert find_actor(stranger_id) is None

    def test_a_stranger_who_did_something_meanwhile_stays_as_somebody_who_left(self, platform: Handle) -> None:
        liu = here(LIU)
        platform.state.directory.rename(LIU, "liu.mei")
        stranger_id = fetch_person("liu.mei")  # signed in before the event was read
        appoint("liu.mei", "AUDITOR", None)
        tell(LIU, "liu.mei")
        read_all()
        assert here("liu.mei").id == liu.id
        stranger = db.session.get_one(Person, stranger_id)
        assert stranger.left_at is not None
        assert stranger.identities == []

    def test_an_account_that_is_still_there_was_not_renamed(self, platform: Handle) -> None:
        liu = here(LIU)
        platform.state.directory.put({"userid": "liu.mei", "name": "另一个刘梅", "departments": [5]})
        tell(LIU, "liu.mei")
        read_all()
        assert here(LIU).id == liu.id
        assert here("liu.mei").id != liu.id

    def test_a_renaming_is_read_once_whatever_else_is_told_of_the_former_id(self, platform: Handle) -> None:
        liu = here(LIU)
        platform.state.directory.rename(LIU, "liu.mei")
        for new_user_id in ("", "liu.mei", ""):
            tell(LIU, new_user_id)
        tell("liu.mei")
        assert read_all() == 2
        assert here("liu.mei").id == liu.id

    @pytest.mark.parametrize("backwards", [False, True])
    def test_somebody_renamed_twice_before_it_was_read_stays_the_same_person(
        self, platform: Handle, backwards: bool
    ) -> None:
        liu = here(LIU)
        appoint(LIU, "REGISTRAR", None)
        platform.state.directory.rename(LIU, "liu.mei")
        platform.state.directory.rename("liu.mei", "liu.mei.2")
        renamings = [(LIU, "liu.mei"), ("liu.mei", "liu.mei.2")]
        for renaming in reversed(renamings) if backwards else renamings:
            tell(*renaming)
        read_all()
        assert here("liu.mei.2").id == liu.id
        actor = find_actor(liu.id)
        assert actor is not None
        assert actor.holds(PostKind.REGISTRAR)

    @pytest.mark.parametrize("backwards", [False, True])
    def test_whom_a_sync_met_under_the_id_between_gives_way_too(self, platform: Handle, backwards: bool) -> None:
        liu_id = here(LIU).id
        platform.state.directory.rename(LIU, "liu.mei")
        sync_contacts()
        assert here("liu.mei").id != liu_id
        platform.state.directory.rename("liu.mei", "liu.mei.2")
        renamings = [(LIU, "liu.mei"), ("liu.mei", "liu.mei.2")]
        for renaming in reversed(renamings) if backwards else renamings:
            tell(*renaming)
        read_all()
        assert here("liu.mei.2").id == liu_id
        named = (Person.name == here("liu.mei.2").name, Person.left_at.is_(None))
        assert db.session.scalar(select(func.count()).where(*named)) == 1

    def test_a_first_renaming_that_comes_within_the_second_of_reading_the_other_is_in_it(
        self, platform: Handle
    ) -> None:
        liu_id = here(LIU).id
        platform.state.directory.rename(LIU, "liu.mei")
        platform.state.directory.rename("liu.mei", "liu.mei.2")
        tell("liu.mei", "liu.mei.2")
        let_time_pass()
        tell(LIU, "liu.mei")
        assert read_next()
        assert here("liu.mei.2").id == liu_id
        assert read_all() == 1
        assert here("liu.mei.2").id == liu_id

    def test_a_change_told_of_the_id_between_takes_nobody_for_gone(self, platform: Handle) -> None:
        liu_id = here(LIU).id
        appoint(LIU, "REGISTRAR", None)
        platform.state.directory.rename(LIU, "liu.mei")
        tell(LIU, "liu.mei")
        read_all()
        platform.state.directory.rename("liu.mei", "liu.mei.2")
        tell("liu.mei")
        let_time_pass()
        tell("liu.mei", "liu.mei.2")
        assert read_next()
        read_all()
        assert here("liu.mei.2").id == liu_id
        actor = find_actor(liu_id)
        assert actor is not None
        assert actor.holds(PostKind.REGISTRAR)

    def test_a_former_id_that_is_a_newcomers_now_stays_theirs(self, platform: Handle) -> None:
        liu_id = here(LIU).id
        platform.state.directory.rename(LIU, "liu.mei")
        tell(LIU, "liu.mei")
        read_all()
        platform.state.directory.rename("liu.mei", "liu.mei.2")
        platform.state.directory.put({"userid": LIU, "name": "刘梅英", "departments": [5]})
        tell(LIU, "liu.mei")
        tell("liu.mei", "liu.mei.2")
        read_all()
        assert here("liu.mei.2").id == liu_id
        assert (here(LIU).name, here(LIU).id == liu_id) == ("刘梅英", False)

    def test_somebody_renamed_back_stays_who_they_are(self, platform: Handle) -> None:
        liu = here(LIU)
        tell(LIU, "liu.mei")
        tell("liu.mei", LIU)
        read_all()
        assert here(LIU).id == liu.id

    def test_somebody_renamed_and_deleted_has_left(self, platform: Handle) -> None:
        platform.state.directory.remove(LIU)
        tell(LIU, "liu.mei")
        read_all()
        assert person(LIU) is None
        assert person("liu.mei") is None

    def test_the_same_id_in_other_letters_is_no_renaming(self, platform: Handle) -> None:
        liu = here(LIU)
        platform.state.directory.rename(LIU, "LiuMei")
        tell(LIU, "LiuMei")
        read_all()
        assert here(LIU).id == liu.id


class TestDepartments:
    def names(self) -> dict[str, str]:
        db.session.rollback()
        query = select(Department.platform_key, Department.name).where(Department.removed_at.is_(None))
        return dict(db.session.execute(query).all())

    def test_a_department_made_or_renamed_is_known_by_the_list(self, platform: Handle) -> None:
        platform.state.directory.put_department({"id": 80, "name": "助产系", "parentid": 8})
        platform.state.directory.put_department({"id": 8, "name": "护理学院"})
        tell()
        assert read_all() == 1
        assert (self.names()["80"], self.names()["8"]) == ("助产系", "护理学院")

    def test_a_department_moved_has_its_new_parent(self, platform: Handle) -> None:
        platform.state.directory.put_department({"id": 9, "parentid": 8})
        tell()
        read_all()
        moved = db.session.scalars(select(Department).where(Department.platform_key == "9")).one()
        assert moved.parent is not None
        assert moved.parent.platform_key == NURSING

    def test_a_department_deleted_is_marked_as_removed(self, platform: Handle) -> None:
        platform.state.directory.put_department({"id": 80, "name": "助产系", "parentid": 8})
        tell()
        read_all()
        platform.state.directory.remove_department(80)
        tell()
        read_all()
        assert "80" not in self.names()
        assert len(self.names()) > 5

    def test_a_list_without_any_department_changes_nothing_and_is_asked_for_again(self, platform: Handle) -> None:
        before, seen = self.names(), platform.state.directory.visible.departments
        platform.state.directory.put_department({"id": 80, "name": "助产系", "parentid": 8})
        platform.state.directory.visible.departments = []
        tell()
        assert read_all() == 1
        assert self.names() == before
        platform.state.directory.visible.departments = seen
        let_time_pass(timedelta(seconds=30))
        assert read_all() == 1
        assert self.names() == before | {"80": "助产系"}
        assert waiting() == []

    def test_several_events_about_departments_are_one_reading(self, platform: Handle) -> None:
        for _ in range(3):
            tell()
        before = calls(platform, "department/list")
        assert read_all() == 1
        assert calls(platform, "department/list") - before == 1


class TestTrouble:
    def fail(self, platform: Handle, **how: Any) -> None:
        with platform.state.lock:
            platform.state.faults.add(Fault(path="user/get", times=1, **how))

    def test_a_platform_that_is_away_is_asked_again_after_growing_pauses(self, platform: Handle) -> None:
        tell(LIU)
        platform.state.directory.remove(LIU)
        for pause in (30, 120, 600, 3600, 3600):
            self.fail(platform, http_status=503)
            before = utc_now()
            assert read_all() == 1
            (event,) = waiting()
            assert timedelta(0) <= event.run_at - before - timedelta(seconds=pause) < timedelta(seconds=20)
            let_time_pass(timedelta(seconds=pause))
        assert person(LIU) is not None
        assert read_all() == 1
        assert person(LIU) is None
        assert waiting() == []

    def test_one_try_finds_out_for_all_that_the_platform_is_away(self, platform: Handle) -> None:
        for user_id in (LIU, "linshufen", "huangzhiqiang"):
            tell(user_id)
        self.fail(platform, http_status=503)
        assert read_all() == 1
        assert [event.attempts for event in waiting()] == [1, 1, 1]

    @pytest.mark.parametrize("errcode", [48002, 60020, 40001])
    def test_a_refusal_that_a_setting_can_mend_is_tried_again(self, platform: Handle, errcode: int) -> None:
        self.fail(platform, errcode=errcode)
        tell(LIU)
        assert read_all() == 1
        assert len(waiting()) == 1

    def test_a_refusal_for_good_is_dropped_with_a_word_that_names_ids_only(
        self, platform: Handle, caplog: pytest.LogCaptureFixture
    ) -> None:
        self.fail(platform, errcode=40003)
        tell(LIU)
        event_id = waiting()[0].id
        assert read_all() == 1
        assert waiting() == []
        assert f"directory events {event_id} dropped: 40003" in caplog.text
        assert LIU not in caplog.text
        assert here(LIU).left_at is None

    def test_what_nobody_expected_stands_before_no_other(self, platform: Handle) -> None:
        with unit_of_work() as session:
            session.connection().exec_driver_sql("ALTER TABLE memberships RENAME TO mislaid")
        tell(LIU)
        tell()
        assert read_all() == 2
        assert [event.user_id for event in waiting()] == [LIU]
        with unit_of_work() as session:
            session.connection().exec_driver_sql("ALTER TABLE mislaid RENAME TO memberships")
        let_time_pass(timedelta(seconds=30))
        assert read_all() == 1
        assert waiting() == []


class TestWorkers:
    def test_an_empty_queue_costs_one_query_and_no_lock(self, platform: Handle, counted: StatementCounter) -> None:
        assert not read_next()
        (look,) = counted.statements
        assert look.startswith("SELECT")

    def test_while_one_worker_reads_another_does_not(self, platform: Handle) -> None:
        tell(LIU)
        let_time_pass()
        with sharing.lease(LEASE_KEY, lasts=timedelta(minutes=1)) as ours:
            assert ours
            before = calls(platform, "user/get")
            assert not read_next()
            assert calls(platform, "user/get") == before
        assert read_next()
        assert waiting() == []

    def test_a_worker_that_died_keeps_the_others_waiting_for_its_lease_only(self, platform: Handle) -> None:
        tell(LIU)
        let_time_pass()
        with sharing.lease(LEASE_KEY, lasts=timedelta(0)) as ours:  # it has lapsed, and nobody gave it back
            assert ours
            assert read_next()
        assert waiting() == []

    def test_many_workers_read_each_event_once(self, platform: Handle, context: Flask) -> None:
        users = [member.userid for member in platform.state.directory.reachable()][:12]
        for user_id in users:
            tell(user_id)
        let_time_pass()
        before = calls(platform, "user/get")
        start = threading.Barrier(4)

        def work() -> None:
            with context.app_context():
                start.wait()
                while waiting():
                    read_next()

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert calls(platform, "user/get") - before == len(users)


@pytest.fixture
def service(app: Flask) -> Iterator[str]:
    """The service at an address of its own, with its worker."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    stop = threading.Event()
    threads = [
        threading.Thread(target=server.serve_forever, args=[0.02]),
        threading.Thread(
            target=run_worker, args=[app, stop], kwargs={"threads": 1, "chores": [Chore(read_next, pause=0.1)]}
        ),
    ]
    for thread in threads:
        thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    stop.set()
    server.shutdown()
    for thread in threads:
        thread.join()
    server.server_close()


class TestTheWholeWay:
    """From a change in the platform's directory, by its encrypted push, to what the service knows."""

    @pytest.fixture
    def platform(self, app: Flask, service: str) -> Iterator[Platform]:
        with simulated_platform(app, contact_callback_url=f"{service}/callbacks/wecom/contacts") as handle:
            with app.app_context():
                sync_contacts()
            yield Platform(handle)

    @pytest.fixture
    def soon(self, app: Flask) -> Callable[[Callable[[], object]], None]:
        def wait(condition: Callable[[], object]) -> None:
            def holds() -> object:
                with app.app_context():
                    return condition()

            wait_until(holds, seconds=15)

        return wait

    def test_each_change_is_known_within_seconds(
        self, platform: Platform, soon: Callable[[Callable[[], object]], None]
    ) -> None:
        assert platform.control("check-url", contacts=True)["ok"]
        platform.control("departments", id=80, name="助产系", parentid=8)
        platform.control("members", userid="xinren", name="新人", departments=[80])
        platform.control("members", userid="linshufen", departments=[8])
        platform.control("members", userid="huangzhiqiang", new_userid="huang.zhiqiang")
        platform.control("members", userid=LIU, remove=True)
        soon(lambda: person("xinren") and keys_of(here("xinren")) == {"80": False})
        soon(lambda: keys_of(here("linshufen")) == {NURSING: False})
        soon(lambda: person("huang.zhiqiang") and not person("huangzhiqiang"))
        soon(lambda: not person(LIU))
        soon(lambda: not waiting())
        deliveries = platform.look("callbacks", contacts=1)["callbacks"]
        assert [attempt["status"] for delivery in deliveries for attempt in delivery["attempts"]] == [200] * 5
        assert max(attempt["ms"] for delivery in deliveries for attempt in delivery["attempts"]) < 1000
