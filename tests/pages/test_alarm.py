"""The alarm on the pages: administrators see on each of them what keeps messages from leaving, and nobody else does."""

from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update

from extensions import db
from messaging.worker import deliver_due
from models import Message, MessageState, utc_now
from models.database import unit_of_work
from operations.alarm import find_alarm
from tests.college import College
from tests.conftest import StatementCounter, wecom_settings
from tests.pages.conftest import Made, SignIn, one_database
from tests.platform import point_at, simulated_platform

pytestmark = one_database

ADDRESSES = [
    "/",
    "/approvals",
    "/messages",
    "/registry",
    "/filings/new",
    "/administration/",
    "/administration/people",
    "/nix",
]
SECRET, ADDRESS = "消息已停止发送：应用的 Secret 不正确（40001）", "服务器的IP不在企业可信IP中（60020）"


@pytest.fixture
def refused(app: Flask, made: Made) -> None:
    """A message waits, since the platform refuses the secret."""
    made.submitted()
    with app.app_context(), unit_of_work() as session:
        session.execute(update(Message).values(errcode=40001, error="40001 invalid credential"))


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_administrator_sees_it_on_each_page_with_the_way_to_mend_it(
    address: str, refused: None, sign_in: SignIn
) -> None:
    page = sign_in("wuguanli").open(address, 404 if address == "/nix" else 200)
    assert SECRET in page.text
    assert "填入 WECOM_SECRET 后重启服务" in page.text
    assert "/administration/#platform" in page.links


def test_nobody_else_sees_it_and_it_costs_them_nothing(
    refused: None, sign_in: SignIn, counted: StatementCounter
) -> None:
    for user_id in ("lilaoshi", "zhangzhuren", "zhougan"):
        counted.statements.clear()
        assert "消息已停止发送" not in sign_in(user_id).open("/approvals").text
        assert not any("messages.errcode IN" in statement for statement in counted.statements)


def test_an_administrator_without_an_alarm_sees_none(made: Made, sign_in: SignIn) -> None:
    made.submitted()
    page = sign_in("wuguanli").open("/approvals")
    assert "消息已停止发送" not in page.text
    assert "/administration/#platform" not in page.links


def test_a_refused_address_is_told_with_where_it_is_let_in(app: Flask, made: Made, sign_in: SignIn) -> None:
    made.submitted()
    failed = {"state": MessageState.FAILED, "errcode": 60020, "error": "60020 x", "tried_at": utc_now()}
    with app.app_context(), unit_of_work() as session:
        session.execute(update(Message).values(failed))
    page = sign_in("wuguanli").open("/")
    assert ADDRESS in page.text
    assert "企业可信IP" in page.text


def test_the_state_of_the_service_counts_it_as_a_fault_and_so_does_the_command(
    app: Flask, refused: None, sign_in: SignIn
) -> None:
    page = sign_in("wuguanli").open("/administration/")
    assert page.text.count(SECRET) == 2
    with app.app_context():
        said = app.test_cli_runner().invoke(args=["doctor"])
    assert f"[需处理] 发送：1项。企业微信拒绝了应用的凭证，{SECRET}" in said.output
    assert said.exit_code == 1


def test_a_wrong_secret_raises_it_and_the_right_one_ends_it(app: Flask, made: Made, college: College) -> None:
    made.submitted()
    alarms = []
    with simulated_platform(app) as platform, app.app_context():
        with platform.state.lock:
            platform.state.directory.put({"userid": "zhangzhuren", "name": "张主任", "departments": [8]})
        right = wecom_settings(f"{platform.url}/")
        for settings in (replace(right, secret="a-wrong-secret"), right):
            point_at(app, settings)
            deliver_due(utc_now() + timedelta(seconds=1))
            alarms.append(read_code())
        theirs = select(Message.state).where(Message.recipient_user_id == "zhangzhuren")
        assert set(db.session.scalars(theirs)) == {MessageState.SENT}
    assert alarms == [40001, None]


def read_code() -> int | None:
    alarm = find_alarm(utc_now())
    db.session.rollback()
    return alarm.errcode if alarm else None
