"""同步通讯录: what an administrator sees of the syncs, and what the buttons do."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from extensions import db
from models import DirectorySync, SyncState, utc_now
from models.database import unit_of_work
from operations.absences import keep_absences
from operations.syncing import run_due
from tests.college import College
from tests.conftest import StatementCounter
from tests.pages.conftest import Browser, SignIn, one_database
from tests.pages.test_every_page import assert_well_made
from tests.platform import simulated_platform

pytestmark = one_database

HERE, REMOVALS = "/administration/directory", "/administration/directory/removals"
REFUSED = {"state": SyncState.FAILED, "would_leave": 30, "problem": "现有100人中，有30人在通讯录里已看不到。"}
DONE = {"state": SyncState.DONE, "departments_total": 12, "people_read": 90, "joined": 4, "changed": 5, "left": 6}


@pytest.fixture
def browser(sign_in: SignIn) -> Browser:
    return sign_in("wuguanli")


Put = Callable[..., None]


@pytest.fixture
def put(app: Flask) -> Put:
    """Write a sync as it would stand there."""

    def write(key: str = "command:1", **values: Any) -> None:
        with app.app_context(), unit_of_work() as session:
            session.add(DirectorySync(key=key, **values))

    return write


@pytest.fixture
def syncs(app: Flask) -> Callable[[], list[DirectorySync]]:
    """The syncs as the database has them now, newest first."""

    def read() -> list[DirectorySync]:
        with app.app_context():
            return list(db.session.scalars(select(DirectorySync).order_by(DirectorySync.id.desc())))

    return read


def test_before_the_first_sync_the_page_says_what_to_do(browser: Browser) -> None:
    page = browser.open(HERE)
    assert_well_made(page)
    assert "还没有同步过" in page.text
    assert [name for name, *_ in page.form(HERE).buttons] == [""]


def test_the_button_asks_for_a_sync_and_a_second_press_for_no_other(
    browser: Browser, syncs: Callable[[], list[DirectorySync]], college: College
) -> None:
    page = browser.open(HERE)
    for _ in range(2):
        answer = browser.send(page, HERE)
        assert (answer.status_code, answer.location) == (302, HERE)
    [asked] = syncs()
    assert (asked.state, asked.requested_by_id) == (SyncState.WAITING, college.people["wuguanli"])
    page = browser.open(HERE)
    assert_well_made(page)
    assert page.states[0] == "waiting"
    assert "几秒钟内开始" in page.text
    assert [form.action for form in page.forms if form.action.startswith("/admin")] == []


def test_the_one_under_way_shows_how_far_it_has_come_and_a_way_to_look_again(browser: Browser, put: Put) -> None:
    put(
        state=SyncState.RUNNING,
        lease_until=utc_now() + timedelta(minutes=1),
        departments_read=12,
        departments_total=300,
        people_read=456,
    )
    page = browser.open(HERE)
    assert_well_made(page)
    assert page.states[0] == "running"
    assert "已读取 12 / 300 个部门，456 人" in page.text
    assert page.links.count(HERE) == 1
    assert "/static/refreshing.js" in page.loaded


def test_what_came_of_each_is_said_with_who_asked(browser: Browser, put: Put, college: College) -> None:
    put("nightly:2026-11-25", **DONE)
    put("asked:1", requested_by_id=college.people["wuguanli"], state=SyncState.FAILED, problem="连不上企业微信。")
    page = browser.open(HERE)
    assert_well_made(page)
    assert page.states[0] == "failed"
    assert "系统自动" in page.text
    assert "吴系统" in page.text
    assert "12个部门90人：新增4，变更5，离开6" in page.text
    assert page.text.count("连不上企业微信。") == 1  # above, since it is the newest
    assert REMOVALS not in page.links
    put("command:2", **DONE)
    assert browser.open(HERE).text.count("连不上企业微信。") == 1  # in its row


def test_a_refusal_for_too_many_is_accepted_only_after_another_question(
    browser: Browser, put: Put, syncs: Callable[[], list[DirectorySync]]
) -> None:
    put(**REFUSED)
    page = browser.open(HERE)
    assert_well_made(page)
    assert REMOVALS in page.links
    page = browser.open(REMOVALS)
    assert_well_made(page)
    assert "有30人" in page.text
    assert HERE in page.links
    assert len(syncs()) == 1
    assert browser.send(page, REMOVALS).location == HERE
    assert (syncs()[0].state, syncs()[0].accepts, syncs()[0].accepts_departments) == (SyncState.WAITING, 30, 0)
    assert "目前没有等待确认的变动" in browser.open(browser.client.get(REMOVALS).location).text


def test_one_page_says_who_and_which_and_accepts_both(
    app: Flask, browser: Browser, put: Put, syncs: Callable[[], list[DirectorySync]], college: College
) -> None:
    put(
        **{**REFUSED, "would_leave": 2, "would_remove": 1, "problem": "现有10人中有2人、现有5个部门中有1个部门看不到。"}
    )
    with app.app_context(), unit_of_work() as session:
        people = [college.people[user_id] for user_id in ("zhangzhuren", "lilaoshi")]
        keep_absences(session, 1, people=people, departments=[college.departments["7"]])
    page = browser.open(REMOVALS)
    assert_well_made(page)
    for words in ("看不到的部门，共1个", "校团委", "看不到的人，共2人", "护理系（2人）", "张主任、李老师"):
        assert words in page.text
    assert page.text.index("护理系部门负责人") < page.text.index("护理系（2人）")
    assert f"/administration/people/{college.people['zhangzhuren']}" in page.links
    assert "这次最多接受2人、1个部门的变动" in page.text
    browser.send(page, REMOVALS)
    assert (syncs()[0].accepts, syncs()[0].accepts_departments) == (2, 1)


def test_what_is_accepted_is_what_the_page_showed(
    browser: Browser, put: Put, syncs: Callable[[], list[DirectorySync]]
) -> None:
    put(**REFUSED)
    page = browser.open(REMOVALS)
    put("command:2", **{**REFUSED, "would_leave": 80, "problem": "现有100人中，有80人在通讯录里已看不到。"})
    assert browser.send(page, REMOVALS).location == REMOVALS
    assert "有80人" in browser.open(REMOVALS).text
    assert len(syncs()) == 2


def test_there_is_nothing_to_accept_once_another_sync_came_after(
    browser: Browser, put: Put, syncs: Callable[[], list[DirectorySync]]
) -> None:
    put(**REFUSED)
    page = browser.open(REMOVALS)
    put("command:2", **DONE)
    assert browser.client.get(REMOVALS).location == HERE
    assert browser.send(page, REMOVALS).location == HERE
    assert len(syncs()) == 2
    assert "没有等待确认的变动" in browser.open(HERE).text


def test_the_whole_way_from_the_button_to_what_came_of_it(app: Flask, browser: Browser) -> None:
    with simulated_platform(app):
        browser.send(browser.open(HERE), HERE)
        with app.app_context():
            while run_due():
                pass
        page = browser.open(HERE)
        assert "现有10人中有10人、现有5个部门中有1个部门在通讯录里已看不到" in page.text
        assert REMOVALS in page.links
        browser.send(browser.open(REMOVALS), REMOVALS)
        with app.app_context():
            assert run_due()
    # Whoever accepted is not in that directory: they are out at once.
    assert browser.client.get(HERE).location.startswith("/login")


@pytest.mark.parametrize("user_id", ["lilaoshi", "zhangzhuren", "zhougan"])
def test_nobody_else_sees_or_does_it(sign_in: SignIn, user_id: str, syncs: Callable[[], list[DirectorySync]]) -> None:
    browser = sign_in(user_id)
    for address in (HERE, REMOVALS):
        assert browser.client.get(address).status_code == 403
        assert browser.post(address).status_code == 403
    assert syncs() == []


def test_a_page_sends_as_many_statements_for_many_syncs_as_for_few(
    browser: Browser, put: Put, counted: StatementCounter, college: College
) -> None:
    counts = []
    for number in (3, 40):
        for n in range(number):
            put(f"asked:{number}-{n}", requested_by_id=college.people["wuguanli"], **DONE)
        counted.statements.clear()
        page = browser.open(HERE)
        counts.append(len(counted))
    assert counts[0] == counts[1] <= 4
    assert "更早的" in page.text
    older = next(link for link in page.links if "before=" in link)
    assert "新增4，" in browser.open(older).text
