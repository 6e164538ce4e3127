"""The syncs one by one, over real HTTP to the simulator: asked for, run by one process at a time, and their ends."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, func, select, update

from extensions import db
from messaging.platforms.errors import PlatformError, PlatformRefused, PlatformUnreachable
from models import AuditEntry, Department, DirectorySync, Person, PlatformIdentity, SyncState, utc_now
from models.database import unit_of_work
from operations.absences import absences_of
from operations.clock import college_today
from operations.directory import Accepted, EmptyDirectory, Progress, SyncReport, TooManyGone, Unseen
from operations.sync_problems import problem_of
from operations.sync_runs import LEASE, LeaseLost, Run, begin, claim, new_key
from operations.syncing import DUE_AFTER, ask, find_refused, recent_syncs, run_due, run_now, shown_by
from simulator.college import Department as Unit
from simulator.faults import Fault
from simulator.server import Handle
from tests.college import College
from tests.conftest import wecom_settings
from tests.operations.test_crowds import at_once
from tests.platform import point_at, simulated_platform

NOBODY = (None, "test")


@pytest.fixture(autouse=True)
def platform(context: Flask) -> Iterator[Handle]:
    """The simulator as this app's platform."""
    with simulated_platform(context) as handle:
        yield handle


@pytest.fixture
def tonight_is_over() -> None:
    """The night's sync has been: what a test asks for is all there is to do."""
    with unit_of_work() as session:
        session.add(DirectorySync(key=night(), state=SyncState.DONE))


def night() -> str:
    return f"nightly:{college_today(utc_now() - DUE_AFTER)}"


def ignore(_progress: Progress) -> None:
    """Tell nobody."""


def never() -> None:
    raise AssertionError("nothing else is under way")


def rows() -> list[DirectorySync]:
    db.session.rollback()
    return list(db.session.scalars(select(DirectorySync).order_by(DirectorySync.id)))


def row(sync_id: int) -> DirectorySync:
    db.session.rollback()
    return db.session.get_one(DirectorySync, sync_id)


def count(model: type) -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def here() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).where(Person.left_at.is_(None))) or 0


def begun() -> Run:
    run = begin(new_key("command"), tell=ignore)
    assert run is not None
    return run


def abandon(sync_id: int) -> None:
    """As if the process that runs it had died long enough ago."""
    with unit_of_work() as session:
        ended = {"lease_until": utc_now() - timedelta(seconds=1)}
        session.execute(update(DirectorySync).where(DirectorySync.id == sync_id).values(**ended))


def test_the_night_is_synced_once() -> None:
    assert run_due()
    assert not run_due()
    [done] = rows()
    assert (done.key, done.state, done.who) == (night(), SyncState.DONE, "系统自动")
    assert done.joined == here() > 0
    assert done.departments_read == done.departments_total == count(Department)
    assert done.people_read == here()
    assert (done.problem, done.lease_until) == ("", None)
    assert done.finished_at is not None


def test_many_workers_at_once_sync_the_night_once(context: Flask, platform: Handle) -> None:
    assert at_once(context, [run_due] * 6) == []
    while run_due():
        pass
    assert [run.state for run in rows()] == [SyncState.DONE]
    with platform.state.lock:
        assert platform.state.calls.counts["department/list"] == 1


def test_a_night_that_was_missed_is_made_up_for_and_older_ones_are_not() -> None:
    with unit_of_work() as session:
        long_ago = college_today(utc_now() - timedelta(days=5))
        session.add(DirectorySync(key=f"nightly:{long_ago}", state=SyncState.DONE))
    assert run_due()
    assert not run_due()
    assert [run.key for run in rows()][1:] == [night()]


@pytest.mark.usefixtures("tonight_is_over")
class TestAsking:
    def test_what_an_administrator_asks_for_is_run_and_recorded(self, college: College) -> None:
        by = (college.people["wuguanli"], "吴系统")
        sync_id = ask(by)
        assert run_due()
        assert row(sync_id).state is SyncState.FAILED  # the simulator knows nobody of this college
        assert row(sync_id).would_leave == 10
        assert ask(by, accepts=Accepted(10)) != sync_id
        assert run_due()
        assert not run_due()
        done = rows()[-1]
        assert (done.state, done.who, done.left) == (SyncState.DONE, "吴系统", 10)
        entries = db.session.scalars(select(AuditEntry).where(AuditEntry.action.startswith("directory"))).all()
        assert [(entry.action, entry.actor_id) for entry in entries] == [
            ("directory.ask", by[0]),
            ("directory.ask", by[0]),
            ("directory.sync", by[0]),
        ]
        assert entries[-1].details == {
            "joined": here(),
            "changed": 0,
            "left": 10,
            "accepts": {"people": 10, "departments": 0},
        }

    def test_a_second_press_is_the_same_run_while_it_waits_or_is_under_way(self) -> None:
        sync_id = ask(NOBODY)
        assert ask(NOBODY) == sync_id
        run = claim(night(), ignore)
        assert run is not None
        assert ask(NOBODY) == sync_id
        run.fail("x")
        assert ask(NOBODY) != sync_id

    def test_accepting_while_one_is_under_way_is_kept_for_the_next(self) -> None:
        sync_id = ask(NOBODY)
        run = claim(night(), ignore)
        assert run is not None
        following = ask(NOBODY, accepts=Accepted(10))
        assert following != sync_id
        assert ask(NOBODY, accepts=Accepted(10)) == ask(NOBODY) == following
        run.fail("x")
        run = claim(night(), ignore)
        assert run is not None
        assert (run.id, run.accepts) == (following, Accepted(10))

    def test_people_and_departments_are_refused_together_and_accepted_at_once(self, college: College) -> None:
        with unit_of_work() as session:
            session.add_all(Department(platform="wecom", platform_key=f"9{n}", name=f"旧{n}") for n in range(900, 920))
        ask(NOBODY)
        assert run_due()
        refused = find_refused()
        assert refused is not None
        assert "现有10人中有10人、现有25个部门中有21个部门在通讯录里已看不到" in refused.problem
        assert shown_by(refused) == Accepted(10, 21)
        ask(NOBODY, accepts=shown_by(refused))
        assert find_refused() is None
        assert run_due()
        assert [run.state for run in rows()[1:]] == [SyncState.FAILED, SyncState.DONE]

    def test_a_refusal_names_departments_posts_and_people_by_their_department(self, college: College) -> None:
        with unit_of_work() as session:
            session.add_all(Department(platform="wecom", platform_key=f"9{n}", name=f"旧{n}") for n in range(900, 1010))
            nursing = college.departments["8"]
            session.add_all(
                Person(
                    name=f"护士{n:02}",
                    department_id=nursing,
                    identities=[PlatformIdentity(platform="wecom", user_id=f"hushi{n}", user_key=f"hushi{n}")],
                )
                for n in range(20)
            )
        for _ in range(2):  # the newer refusal is the one that is kept
            ask(NOBODY)
            assert run_due()
        refused = find_refused()
        assert refused is not None
        gone = absences_of(refused.id)
        assert (gone.department_count, list(gone.departments[:2])) == (111, ["示范学院", "旧900"])
        assert len(gone.departments) == 100
        assert (gone.post_count, gone.people_count, gone.people_elsewhere) == (6, 30, 0)
        assert ("张主任", "护理系部门负责人") in [(post.person.name, post.label) for post in gone.posts]
        largest = gone.units[0]
        assert (largest.name, largest.count, len(largest.names), largest.unnamed) == ("护理系", 25, 8, 17)
        assert sum(unit.count for unit in gone.units) == 30
        assert absences_of(refused.id - 1).people_count == 0

    def test_accepting_while_it_waits_makes_it_one_that_accepts(self) -> None:
        sync_id = ask(NOBODY)
        assert ask(NOBODY, accepts=Accepted(10)) == sync_id
        assert row(sync_id).accepts == 10

    def test_two_presses_at_once_are_one_run(self, context: Flask) -> None:
        assert at_once(context, [lambda: ask(NOBODY)] * 4) == []
        assert len(rows()) == 2

    def test_they_are_listed_newest_first_a_page_at_a_time(self) -> None:
        with unit_of_work() as session:
            session.add_all(DirectorySync(key=f"asked:{n}", state=SyncState.DONE) for n in range(24))
        first = recent_syncs()
        assert [run.key for run in first.rows] == [f"asked:{n}" for n in range(23, 3, -1)]
        second = recent_syncs(before=first.next_key)
        assert (len(second.rows), second.next_key) == (5, None)


@pytest.mark.usefixtures("tonight_is_over")
class TestTheLease:
    def test_a_run_under_way_is_left_to_its_process(self) -> None:
        begun()
        ask(NOBODY)
        assert not run_due()
        assert begin("command:x", tell=ignore) is None

    def test_a_dead_workers_run_is_taken_up_again(self) -> None:
        run = begun()
        abandon(run.id)
        assert run_due()
        assert not run_due()
        assert row(run.id).state is SyncState.DONE

    def test_whoever_lost_the_lease_writes_nothing_any_more(self) -> None:
        late = begun()
        abandon(late.id)
        taken = claim(night(), ignore)
        assert taken is not None
        assert taken.id == late.id
        report = SyncReport(1, 1, 1, 1, 1)
        with pytest.raises(LeaseLost):
            late.tell(Progress(1, 2, 3))
        with pytest.raises(LeaseLost), unit_of_work() as session:
            late.seal(session, report)
        for end in (lambda: late.fail("x"), late.put_back):
            with pytest.raises(LeaseLost):
                end()
        taken.tell(Progress(1, 2, 3))
        assert (row(late.id).state, row(late.id).people_read) == (SyncState.RUNNING, 3)

    def test_two_runs_of_which_one_was_thought_dead_write_once(self, platform: Handle) -> None:
        """The slow one is overtaken while it reads: the other's sync stands, its own ends without a trace."""

        def be_overtaken(progress: Progress) -> None:
            if progress.departments_read == 2:
                abandon(rows()[-1].id)
                assert run_due()

        with pytest.raises(LeaseLost):
            run_now(tell=be_overtaken, wait=never)
        assert rows()[-1].state is SyncState.DONE
        assert len(db.session.scalars(select(AuditEntry).where(AuditEntry.action == "directory.sync")).all()) == 1

    def test_progress_is_noted_with_the_lease_but_not_at_each_step(self) -> None:
        run = begun()
        run.tell(Progress(12, 300, 456))
        noted = row(run.id)
        assert (noted.departments_read, noted.departments_total, noted.people_read) == (12, 300, 456)
        assert noted.lease_until is not None
        assert noted.lease_until > utc_now() + LEASE - timedelta(seconds=20)
        run.tell(Progress(13, 300, 500))
        assert row(run.id).departments_read == 12

    def test_a_worker_that_is_stopped_leaves_the_run_to_the_next_one(self) -> None:
        sync_id = ask(NOBODY)
        assert run_due(stopping=lambda: True)
        assert (row(sync_id).state, here()) == (SyncState.WAITING, 0)
        assert run_due()
        assert row(sync_id).state is SyncState.DONE


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_worker_syncs_the_night_and_ends_when_it_is_told_to(context: Flask) -> None:
    told = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def tell_it_to_end() -> None:
        deadline = time.monotonic() + 60
        with context.app_context():
            while not any(run.state is SyncState.DONE for run in rows()) and time.monotonic() < deadline:
                threading.Event().wait(0.05)
        os.kill(os.getpid(), signal.SIGTERM)

    watcher = threading.Thread(target=tell_it_to_end)
    # Until the command listens, the signal would end the tests themselves.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    watcher.start()
    try:
        assert context.test_cli_runner().invoke(args=["run-worker"]).exit_code == 0
    finally:
        for number, handler in told.items():
            signal.signal(number, handler)
        watcher.join()
    assert [(run.key, run.state) for run in rows()] == [(night(), SyncState.DONE)]


@pytest.mark.usefixtures("tonight_is_over")
class TestFailing:
    @pytest.mark.parametrize(
        ("fault", "words"),
        [
            (Fault("user/list", errcode=60020), "企业可信IP"),
            (Fault("user/list", errcode=45009), "限制了调用频率"),
            (Fault("user/list", http_status=502), "连不上企业微信"),
        ],
        ids=["address", "often", "server"],
    )
    def test_a_sync_that_fails_half_way_changes_nothing_and_says_so(
        self, platform: Handle, fault: Fault, words: str
    ) -> None:
        run_now(tell=ignore, wait=never)
        before = here()
        with platform.state.lock:
            platform.state.directory.put({"userid": "xin.ren", "name": "新人", "departments": [3]})
            platform.state.directory.remove("zhoumin")
            platform.state.directory.departments[5].name = "教务部"

        def fail_at_the_third(progress: Progress) -> None:
            if progress.departments_read == 3:
                with platform.state.lock:
                    platform.state.faults.add(fault)

        with pytest.raises(PlatformError):
            run_now(tell=fail_at_the_third, wait=never)
        failed = rows()[-1]
        assert (failed.state, failed.would_leave) == (SyncState.FAILED, 0)
        assert words in failed.problem
        assert here() == before
        assert db.session.scalars(select(Department).where(Department.platform_key == "5")).one().name == "教务处"
        assert not run_due()

    def test_what_fails_because_the_service_is_being_stopped_is_left_to_the_next_worker(self, platform: Handle) -> None:
        stopping = threading.Event()
        sync_id = ask(NOBODY)
        with platform.state.lock:
            platform.state.faults.add(Fault("department/list", http_status=502))
        stopping.set()
        assert run_due(stopping=stopping.is_set)
        assert row(sync_id).state is SyncState.WAITING

    def test_what_nobody_foresaw_ends_the_run_and_is_not_hidden(self) -> None:
        def broken(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
            if statement.startswith("INSERT INTO people"):
                raise RuntimeError("disk")

        sync_id = ask(NOBODY)
        event.listen(db.engine, "before_cursor_execute", broken)
        with pytest.raises(RuntimeError, match="disk"):
            run_due()
        event.remove(db.engine, "before_cursor_execute", broken)
        assert row(sync_id).state is SyncState.FAILED
        assert "服务的日志" in row(sync_id).problem
        assert count(Department) == 0

    def test_a_platform_that_is_nowhere(self, context: Flask) -> None:
        point_at(context, wecom_settings())
        sync_id = ask(NOBODY)
        assert run_due()
        assert "连不上企业微信" in row(sync_id).problem


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (PlatformUnreachable("timeout"), "检查服务器的网络"),
        (PlatformRefused(60020, "x"), "“企业可信IP”中加入服务器的出口地址"),
        (PlatformRefused(40001, "x"), "核对 WECOM_CORP_ID 和 WECOM_SECRET"),
        (PlatformRefused(48002, "x"), "自建应用的 Secret"),
        (PlatformRefused(48009, "x"), "自建应用的 Secret"),
        (PlatformRefused(50003, "x"), "启用"),
        (PlatformRefused(60011, "x"), "可见范围"),
        (PlatformRefused(12345, "x"), "（错误码 12345）"),
        (EmptyDirectory(), "加入应用的可见范围"),
        (TooManyGone(Unseen([1, 2, 3], 20), Unseen((), 9)), "现有20人中有3人在通讯录里已看不到，"),
        (
            TooManyGone(Unseen([1, 2, 3], 20), Unseen([4], 9)),
            "现有20人中有3人、现有9个部门中有1个部门在通讯录里已看不到，",
        ),
        (ValueError("x"), "日志"),
    ],
)
def test_each_problem_names_its_remedy(error: Exception, words: str) -> None:
    assert words in problem_of(error)


class TestTheCommand:
    def sync(self, context: Flask, *options: str) -> Any:
        return context.test_cli_runner().invoke(args=["sync-contacts", *options])

    def test_it_needs_no_worker_and_says_what_it_found(self, context: Flask) -> None:
        for _ in range(2):
            done = self.sync(context)
            assert done.exit_code == 0
            assert done.stdout == f"{count(Department)} departments, {here()} people; 0 left.\n"
        assert [(run.state, run.who, run.changed) for run in rows()] == [(SyncState.DONE, "命令行", 0)] * 2

    def test_it_tells_how_far_it_has_come(self, context: Flask, platform: Handle) -> None:
        with platform.state.lock:
            directory = platform.state.directory
            directory.departments |= {n: Unit(n, f"班级{n}", 8) for n in range(200, 260)}
        lines = self.sync(context).stderr.splitlines()
        assert [line.split(",")[0] for line in lines] == [f"{n} of 70 departments" for n in (25, 50)]

    def test_a_failure_is_a_sentence_and_not_zero(self, context: Flask, platform: Handle) -> None:
        with platform.state.lock:
            platform.state.faults.add(Fault("department/list", errcode=60020))
        failed = self.sync(context)
        assert failed.exit_code == 1
        assert "The directory could not be read, nothing was changed: 60020" in failed.stderr
        assert rows()[-1].state is SyncState.FAILED

    def test_too_many_leavers_are_refused_and_may_be_accepted(self, context: Flask, platform: Handle) -> None:
        self.sync(context)
        before, units = here(), count(Department)
        with platform.state.lock:
            platform.state.directory.visible.departments = [8, 9]
            platform.state.directory.visible.members = []
        # Nothing was refused before that could be accepted: nobody has seen how many there are.
        refused = self.sync(context, "--accept-removals")
        assert refused.exit_code == 1
        assert f"of {before} people and {units - 2} of {units} departments are not in the directory" in refused.stderr
        assert here() == before
        accepted = self.sync(context, "--accept-removals")
        assert accepted.exit_code == 0
        assert 0 < here() < before
        assert rows()[-1].left == before - here()

    def test_an_empty_directory_is_refused(self, context: Flask, platform: Handle) -> None:
        with platform.state.lock:
            platform.state.directory.visible.departments = []
            platform.state.directory.visible.members = []
        refused = self.sync(context)
        assert refused.exit_code == 1
        assert "The app sees no members" in refused.stderr

    def test_single_members_of_the_range_are_known_and_those_of_tags_are_said_to_be_unreadable(
        self, context: Flask, platform: Handle
    ) -> None:
        visible = platform.state.directory.visible
        with platform.state.lock:
            visible.departments, visible.members, visible.tags = [], [], {"3": ["liumei"]}
        refused = self.sync(context)
        assert refused.exit_code == 1
        assert "who has a tag cannot be listed" in refused.stderr
        with platform.state.lock:
            visible.members = ["dengyulan"]
        assert self.sync(context).exit_code == 0
        assert here() == 1

    def test_it_waits_for_the_sync_that_is_under_way(self, context: Flask) -> None:
        waited = []
        other = begun()

        def wait() -> None:
            waited.append(len(rows()))
            other.fail("x")

        report = run_now(tell=ignore, wait=wait)
        assert report.people == here()
        assert waited == [1]
