"""Each setting of the platform is tried over real HTTP, and what is wrong is said with what to do about it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text, update
from werkzeug.serving import WSGIRequestHandler, make_server

from app import create_app
from config import Settings
from extensions import db
from messaging.platforms import wecom_http
from messaging.platforms.errors import PlatformRefused
from messaging.platforms.wecom import wecom_client
from messaging.worker import beat
from models import Contact, DirectorySync, LastHeard, Person, SyncState, utc_now
from models.database import unit_of_work
from models.encryption import FieldCipher
from operations import doctor
from operations.doctor import Trial, examine_platform
from operations.health.report import Level
from operations.hearing import last_heard
from simulator.college import VisibleRange
from simulator.faults import Fault
from simulator.server import Handle
from tests.college import College
from tests.conftest import wecom_settings
from tests.messaging.conftest import one_database
from tests.messaging.odd_platform import Answer, OddPlatform, odd_platform, said
from tests.platform import point_at, simulated_platform

pytestmark = one_database
PROOF = {"WW_verify_abc.txt": "abc-content"}


class Quiet(WSGIRequestHandler):
    def log(self, *_args: Any) -> None:
        """Nothing: tests read what came of it."""


@contextmanager
def served(app: Any, **options: Any) -> Iterator[str]:
    """The WSGI app on a free port of loopback; its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet, **options)
    thread = threading.Thread(target=server.serve_forever, args=[0.02])
    thread.start()
    try:
        yield f"{'https' if options else 'http'}://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def change(app: Flask, **changes: Any) -> Settings:
    app.config["SETTINGS"] = settings = replace(app.config["SETTINGS"], **changes)
    return settings


@pytest.fixture
def service(app: Flask) -> Iterator[str]:
    """The service itself, reached at its PUBLIC_URL."""
    change(app, domain_verification=PROOF)
    with served(app) as url:
        change(app, public_url=url)
        yield url


@pytest.fixture
def platform(app: Flask, service: str, context: Flask) -> Iterator[Handle]:
    """The simulated platform, at which our app's home page and domain are right."""
    with simulated_platform(app) as handle:
        handle.state.settings = replace(handle.state.settings, home_url=f"{service}/")
        handle.state.directory.visible = VisibleRange([1])
        yield handle


def tried() -> dict[str, Trial]:
    return {trial.name: trial for trial in examine_platform()}


def outcomes() -> dict[str, str]:
    return {name: trial.word for name, trial in tried().items()}


def order(platform: Handle, path: str, errcode: int) -> None:
    with platform.state.lock:
        platform.state.faults.add(Fault(path, errcode=errcode, times=3))


def test_where_everything_is_right_everything_is_said_to_be(platform: Handle) -> None:
    assert outcomes() == dict.fromkeys(
        [
            "凭证",
            "企业可信IP",
            "应用",
            "可见范围",
            "回调地址",
            "通讯录回调地址",
            "WW_verify_abc.txt",
            "时钟",
            "加密密钥",
        ],
        "正常",
    )


def test_our_own_trial_of_an_address_is_not_the_platforms_call(platform: Handle) -> None:
    assert tried()["回调地址"].level is Level.FINE
    assert last_heard() == {}


def test_the_contacts_address_is_tried_only_where_it_is_set_up(app: Flask, platform: Handle) -> None:
    change(app, wecom=replace(app.config["SETTINGS"].wecom, contact_receiver=None))
    assert "通讯录回调地址" not in tried()


@pytest.mark.parametrize(
    ("path", "errcode", "name", "words"),
    [
        ("gettoken", 40001, "凭证", "WECOM_SECRET"),
        ("gettoken", 40013, "凭证", "WECOM_CORP_ID"),
        ("gettoken", 40091, "凭证", "另一个企业"),
        ("gettoken", 50003, "凭证", "启用应用"),
        ("gettoken", 45009, "凭证", "一小时"),
        ("agent/get", 48006, "应用", "启用接口权限"),
        ("agent/get", 301002, "应用", "WECOM_AGENT_ID"),
        ("department/list", 48002, "可见范围", "48002"),
    ],
)
def test_a_refusal_says_what_to_do_and_stops_none_of_the_other_trials(
    platform: Handle, path: str, errcode: int, name: str, words: str
) -> None:
    order(platform, path, errcode)
    trials = tried()
    assert trials[name].is_fault
    assert words in trials[name].said + trials[name].remedy
    assert [trial.name for trial in trials.values() if trial.is_fault] == [name]
    assert trials["回调地址"].level is trials["时钟"].level is Level.FINE


def test_a_wrong_secret_is_told_by_the_simulator_itself(app: Flask, platform: Handle) -> None:
    point_at(app, replace(app.config["SETTINGS"].wecom, secret="a-wrong-secret-of-the-tests-000000000000001"))
    trials = tried()
    assert trials["凭证"].is_fault
    assert {trials[name].word for name in ("企业可信IP", "应用", "可见范围")} == {"未检测"}


@pytest.mark.parametrize("path", ["gettoken", "agent/get"])
def test_an_address_that_is_not_trusted_is_named_as_the_platform_saw_it(platform: Handle, path: str) -> None:
    order(platform, path, 60020)
    trials = tried()
    assert trials["企业可信IP"].is_fault
    assert "127.0.0.1" in trials["企业可信IP"].remedy
    assert "企业可信IP" in trials["企业可信IP"].remedy
    assert trials["凭证"].word == ("未检测" if path == "gettoken" else "正常")
    assert trials["应用"].word == trials["可见范围"].word == "未检测"


def test_the_address_stands_in_no_text_of_the_error(platform: Handle) -> None:
    order(platform, "agent/get", 60020)
    with pytest.raises(PlatformRefused) as refused:
        wecom_client().app()
    assert refused.value.caller_ip == "127.0.0.1"
    assert "127.0.0.1" not in f"{refused.value} {refused.value.errmsg} {refused.value!r}"


def test_a_home_page_or_domain_of_another_host_is_told(platform: Handle) -> None:
    platform.state.settings = replace(platform.state.settings, home_url="https://other.example/")
    trial = tried()["应用"]
    assert trial.is_fault
    assert "other.example" in trial.said
    assert "可信域名" in trial.remedy


def test_a_home_page_elsewhere_on_the_right_domain_is_worth_care(odd_app: OddPlatform) -> None:
    odd_app.tell("agent/get", lambda _call: _agent(redirect_domain="127.0.0.1:8000", home_url=""))
    assert tried()["应用"].level is Level.CARE


def test_an_app_that_is_switched_off_is_told(odd_app: OddPlatform) -> None:
    odd_app.tell("agent/get", lambda _call: _agent(close=1, redirect_domain="127.0.0.1:8000"))
    trial = tried()["应用"]
    assert trial.is_fault
    assert "已停用" in trial.said


def _agent(**values: Any) -> Answer:
    return said(errcode=0, name="群备", **values)


@pytest.fixture
def odd_app(context: Flask) -> Iterator[OddPlatform]:
    """A platform whose answers the test chooses; nobody listens at our own address."""
    with odd_platform() as platform:
        point_at(context, wecom_settings(platform.url))
        change(context, public_url="http://127.0.0.1:8000")
        yield platform


def test_an_empty_range_and_one_that_is_not_the_whole_college_are_told(platform: Handle) -> None:
    platform.state.directory.visible = VisibleRange([8])
    assert tried()["可见范围"].word == "有提示"
    platform.state.directory.visible = VisibleRange(members=["dengyulan"])
    assert "能看到0个部门" in tried()["可见范围"].said
    platform.state.directory.visible = VisibleRange()
    trial = tried()["可见范围"]
    assert trial.is_fault
    assert "可见范围" in trial.remedy


def test_people_who_are_out_of_sight_now_are_counted_and_told(platform: Handle, college: College) -> None:
    platform.state.directory.visible = VisibleRange([8])
    trial = tried()["可见范围"]
    assert trial.is_fault
    assert "已同步10人。其中5人现在看不到" in trial.said
    assert "同步通讯录" in trial.remedy
    platform.state.directory.visible = VisibleRange([8], ["zhougan", "wuguanli", "sunchuzhang", "jiwai", "x"])
    trial = tried()["可见范围"]
    assert (trial.word, "没有逐个检测" in trial.said) == ("有提示", True)


class TestOurOwnAddresses:
    @pytest.mark.parametrize(
        "keys",
        [{"token": "OtherToken123"}, {"aes_key": "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789abcdefg"}],
    )
    def test_a_service_that_runs_with_other_keys_is_told(
        self, app: Flask, platform: Handle, keys: dict[str, str]
    ) -> None:
        with served(_with_keys(app, keys)) as url:
            change(app, public_url=url)
            trial = tried()["回调地址"]
        assert trial.is_fault
        assert "另一套" in trial.said
        assert "WECOM_CALLBACK_TOKEN" in trial.remedy

    @pytest.mark.parametrize(
        ("answer", "words"),
        [
            (Answer(status=404), "404"),
            (Answer(status=302, headers={"Location": "/login"}), "跳转"),
            (Answer(status=502), "502"),
            (Answer(b"success"), "不是解密后的明文"),
        ],
    )
    def test_what_stands_before_the_service_is_told_by_what_it_answers(
        self, app: Flask, platform: Handle, answer: Answer, words: str
    ) -> None:
        with odd_platform() as front:
            front.tell("/callbacks/wecom", answer)
            front.tell("/WW_verify_abc.txt", Answer(b"abc-content\n"))
            change(app, public_url=front.url.rstrip("/"))
            trials = tried()
        assert trials["回调地址"].is_fault
        assert words in trials["回调地址"].said
        assert "内容" in trials["WW_verify_abc.txt"].said

    def test_nobody_at_the_address_is_told(self, app: Flask, platform: Handle) -> None:
        change(app, public_url="http://127.0.0.1:9")
        trials = tried()
        assert "无法连接" in trials["回调地址"].said
        assert trials["WW_verify_abc.txt"].is_fault
        assert trials["时钟"].level is Level.FINE

    def test_an_address_that_never_answers_is_given_up(
        self, app: Flask, platform: Handle, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(wecom_http, "TIMEOUT", (0.3, 0.3))
        with odd_platform() as front:

            def hold(handler: BaseHTTPRequestHandler) -> None:
                front.released.wait(30)

            front.tell("/callbacks/wecom", Answer(script=hold))
            change(app, public_url=front.url.rstrip("/"))
            trial = tried()["回调地址"]
            front.released.set()
        assert "没有在规定时间内答复" in trial.said

    def test_a_certificate_that_nobody_vouches_for_is_told(self, app: Flask, platform: Handle) -> None:
        with served(app, ssl_context="adhoc") as url:
            change(app, public_url=url)
            trial = tried()["回调地址"]
        assert "证书" in trial.said
        assert "证书链" in trial.remedy

    def test_a_missing_file_is_told(self, app: Flask, platform: Handle) -> None:
        change(app, domain_verification={"WW_verify_other.txt": "x"})
        with served(_without_files(app)) as url:
            change(app, public_url=url)
            trial = tried()["WW_verify_other.txt"]
        assert "404" in trial.said

    def test_no_file_at_all_may_be_right(self, app: Flask, platform: Handle) -> None:
        change(app, domain_verification={})
        trial = tried()["域名验证文件"]
        assert (trial.word, trial.is_fault) == ("未检测", False)


def _with_keys(app: Flask, keys: dict[str, str]) -> Any:
    """The same service as another process would run it, started before its settings were changed."""
    wecom = app.config["SETTINGS"].wecom
    return _other_process(app, wecom=replace(wecom, receiver=replace(wecom.receiver, **keys)))


def _without_files(app: Flask) -> Any:
    return _other_process(app, domain_verification={})


def _other_process(app: Flask, **changes: Any) -> Flask:
    return create_app(replace(app.config["SETTINGS"], **changes))


@pytest.mark.parametrize(("seconds", "word"), [(-50, "正常"), (50, "正常"), (-90, "需处理"), (400, "需处理")])
def test_a_clock_that_is_off_is_told(odd_app: OddPlatform, seconds: int, word: str) -> None:
    odd_app.tell("getcallbackip", Answer(script=_dated(datetime.now(UTC) + timedelta(seconds=seconds))))
    trial = tried()["时钟"]
    assert trial.word == word
    assert word == "正常" or ("快" if seconds < 0 else "慢") in trial.said


@pytest.mark.parametrize("date", ["", "yesterday"])
def test_a_clock_that_is_not_told_is_not_judged(odd_app: OddPlatform, date: str) -> None:
    odd_app.tell("getcallbackip", Answer(script=_dated(date)))
    assert tried()["时钟"].word == "未检测"


def test_what_no_key_opens_is_told(platform: Handle, college: College) -> None:
    token = FieldCipher("a-key-that-is-lost-for-ever-00").encrypt("19900000099")
    with unit_of_work() as session:
        session.execute(
            text("UPDATE people SET mobile = :token WHERE id = :id").bindparams(token=token, id=college.people["jiwai"])
        )
    trial = tried()["加密密钥"]
    assert trial.is_fault
    assert "有1条记录" in trial.said
    assert "SECRET_KEY_FALLBACKS" in trial.remedy


def _dated(date: datetime | str) -> Any:
    def write(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response_only(200)
        if date:
            handler.send_header("Date", date if isinstance(date, str) else format_datetime(date, usegmt=True))
        handler.send_header("Content-Length", "2")
        handler.end_headers()
        handler.wfile.write(b"{}")

    return write


def test_a_platform_that_is_away_is_told_in_every_trial_that_needs_it(app: Flask, context: Flask, service: str) -> None:
    trials = tried()
    assert trials["凭证"].is_fault
    assert "连不上企业微信" in trials["凭证"].said
    assert trials["时钟"].is_fault
    assert trials["回调地址"].level is Level.FINE


def test_a_round_that_takes_too_long_ends(platform: Handle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "LONGEST_ROUND", -1)
    trials = tried()
    assert trials["凭证"].word == "正常"
    assert {trials[name].word for name in ("回调地址", "WW_verify_abc.txt", "时钟")} == {"未检测"}


class TestTheCommand:
    def test_it_names_departments_and_posts_and_people_by_their_accounts_and_fails(
        self, context: Flask, platform: Handle, college: College
    ) -> None:
        college.submitted()
        with unit_of_work() as session:
            session.get_one(Person, college.people["wangqunzhu"]).left_at = utc_now()
            session.get_one(Person, college.people["liuyuanzhang"]).left_at = utc_now()
            session.get_one(Person, college.people["jiwai"]).name = "李老师"
            session.execute(
                update(Contact).where(Contact.name == "王群主").values(person_id=college.people["wangqunzhu"])
            )
        result = context.test_cli_runner().invoke(args=["doctor"])
        assert result.exit_code == 1
        assert "[需处理] 后台进程" in result.output
        for words in ("宣传统战部", "护理系主管院领导", "wangqunzhu（1个群）", "jiwai 等（2人）"):
            assert words in result.output
        assert "departments " not in result.output
        assert "[正常] 凭证" in result.output
        assert not any(name in result.output for name in ("李老师", "张主任", "王群主", "刘院长"))

    def test_it_succeeds_where_nothing_is_at_fault(self, context: Flask, platform: Handle, college: Any) -> None:
        beat()
        with unit_of_work() as session:
            session.add(LastHeard(name="wecom.callback", heard_at=utc_now()))
            session.add(DirectorySync(key="a", state=SyncState.DONE, finished_at=utc_now()))
        result = context.test_cli_runner().invoke(args=["doctor"])
        assert result.exit_code == 0, result.output

    def test_a_database_that_is_not_migrated_is_told_instead(self, context: Flask) -> None:
        db.session.connection().exec_driver_sql("DELETE FROM alembic_version")
        db.session.commit()
        result = context.test_cli_runner().invoke(args=["doctor"])
        assert result.exit_code == 1
        assert "flask --app app db upgrade" in result.output
