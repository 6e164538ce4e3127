"""Signing in through the platform, against the simulator; where a sign-in may end; signing out."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

import blueprints.sessions
from app import create_app
from blueprints.guards import safe_target
from models import Person, utc_now
from models.database import unit_of_work
from simulator.faults import Fault
from simulator.server import Handle
from tests.conftest import make_settings
from tests.pages.conftest import SignIn, one_database
from tests.pages.reading import read
from tests.platform import simulated_platform

pytestmark = one_database

#: Name, value and attributes; browsers drop what is larger.
LARGEST_COOKIE = 4093
INSIDE = {"User-Agent": "Mozilla/5.0 (iPhone) wxwork/4.1.0 MicroMessenger/7.0.1"}
DESKTOP = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Chrome/140"}


@pytest.fixture
def platform(app: Flask) -> Iterator[Handle]:
    """The simulator as this app's platform."""
    with simulated_platform(app) as handle:
        yield handle


def begin(client: FlaskClient, target: str = "/approvals", agent: dict[str, str] = INSIDE) -> str:
    """Begin a sign-in; the address at the platform."""
    answer = client.get("/login/wecom", query_string={"next": target}, headers=agent)
    assert answer.status_code == 302
    return str(answer.location)


def choose(address: str, person: str, agent: dict[str, str] = INSIDE) -> str:
    """Choose a person at the platform; the path that the browser is sent back to, with code and state."""
    address = address.partition("#")[0]
    answer = requests.get(f"{address}&simulated_person={person}", headers=agent, allow_redirects=False, timeout=5)
    assert answer.status_code == 302, answer.text
    back = urlsplit(answer.headers["Location"])
    assert (back.scheme, back.netloc) == ("http", "127.0.0.1:8000")
    return f"{back.path}?{back.query}"


@pytest.mark.parametrize("agent", [INSIDE, DESKTOP], ids=["wecom", "desktop"])
def test_a_member_is_signed_in_and_sent_to_the_page_that_was_asked_for(
    agent: dict[str, str], client: FlaskClient, platform: Handle
) -> None:
    answer = client.get(choose(begin(client, "/filings/new?x=1", agent), "zhoumin", agent))
    assert (answer.status_code, answer.location) == (302, "/filings/new?x=1")
    assert "周敏" in read(client.get("/")).text


def test_a_browser_inside_wecom_takes_the_silent_way_and_any_other_the_code_to_scan(client: FlaskClient) -> None:
    inside, outside = begin(client, agent=INSIDE), begin(client, agent=DESKTOP)
    assert urlsplit(inside).path == "/connect/oauth2/authorize"
    assert urlsplit(outside).path == "/wwlogin/sso/login"
    asked = parse_qs(urlsplit(inside).query)
    assert asked["redirect_uri"] == ["http://127.0.0.1:8000/login/wecom/callback"]
    assert len(asked["state"][0]) == 32
    assert asked["state"][0].isalnum()


def test_the_session_begins_anew_at_the_sign_in(client: FlaskClient, platform: Handle) -> None:
    back = choose(begin(client), "zhoumin")
    with client.session_transaction() as session:
        session["planted"] = "before"
    client.get(back)
    with client.session_transaction() as session:
        assert set(session) == {"person_id", "session_id", "seen"}
        first = session["session_id"]
    client.get(choose(begin(client), "zhoumin"))
    with client.session_transaction() as session:
        assert session["session_id"] != first


def test_the_session_cookie_is_for_this_site_and_not_for_scripts(client: FlaskClient, platform: Handle) -> None:
    answer = client.get(choose(begin(client), "zhoumin"))
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie  # PUBLIC_URL is http here


def test_a_sign_in_link_works_once(app: Flask, client: FlaskClient, platform: Handle) -> None:
    back = choose(begin(client), "zhoumin")
    assert client.get(back).status_code == 302
    client.post("/logout", data={"csrf_token": _token(client)})
    assert "/login?next=/" in read(client.get(back), 400).links


def test_an_old_link_leads_somebody_signed_in_to_the_first_page(client: FlaskClient, platform: Handle) -> None:
    back = choose(begin(client), "zhoumin")
    client.get(back)
    answer = client.get(back)
    assert (answer.status_code, answer.location) == (302, "/")


def test_a_link_begun_in_another_browser_signs_nobody_in(app: Flask, client: FlaskClient, platform: Handle) -> None:
    back = choose(begin(client), "zhoumin")
    other = app.test_client()
    assert "登录链接已失效" in read(other.get(back), 400).headings
    assert other.get("/").status_code == 302


def test_a_state_is_spent_even_when_the_sign_in_fails(client: FlaskClient, platform: Handle) -> None:
    back = choose(begin(client), "zhoumin")
    state = parse_qs(urlsplit(back).query)["state"][0]
    read(client.get(f"/login/wecom/callback?state={state}"), 400)
    read(client.get(back), 400)


def test_a_code_that_the_platform_refuses_begins_anew(client: FlaskClient, platform: Handle) -> None:
    state = parse_qs(urlsplit(begin(client)).query)["state"][0]
    page = read(client.get("/login/wecom/callback", query_string={"state": state, "code": "made-up"}), 400)
    assert page.headings == ["登录链接已失效"]
    assert "/login?next=/approvals" in page.links


def test_somebody_from_outside_is_told_so(client: FlaskClient, platform: Handle) -> None:
    page = read(client.get(choose(begin(client), "customer:")), 403)
    assert "不是本企业的成员" in page.text


def test_a_member_outside_the_range_of_the_app_is_told_whom_to_ask(client: FlaskClient, platform: Handle) -> None:
    page = read(client.get(choose(begin(client), "xiongweihua")), 403)
    assert "系统管理员" in page.text


def test_somebody_marked_as_left_is_told_so_though_the_directory_lists_them(
    app: Flask, client: FlaskClient, platform: Handle
) -> None:
    client.get(choose(begin(client), "zhoumin"))
    with app.app_context(), unit_of_work() as session:
        session.execute(update(Person).values(left_at=utc_now(), marked_left=True))
    page = read(client.get(choose(begin(client), "zhoumin")), 403)
    assert page.headings == ["无法登录"]
    assert "您已被标记为离职" in page.text
    assert client.get("/").status_code == 302


def test_a_platform_that_is_away_is_said_to_be(client: FlaskClient) -> None:
    state = parse_qs(urlsplit(begin(client)).query)["state"][0]
    page = read(client.get("/login/wecom/callback", query_string={"state": state, "code": "any"}), 503)
    assert "稍后再试" in page.text


@pytest.mark.parametrize("errcode", [40001, 60020])
def test_where_the_platform_refuses_the_service_nobody_is_asked_to_try_again(
    errcode: int, client: FlaskClient, platform: Handle, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged, since no administrator may be signed in to see the alarm."""
    for _ in range(3):
        state = parse_qs(urlsplit(begin(client)).query)["state"][0]
        with platform.state.lock:
            platform.state.faults.add(Fault(path="auth/getuserinfo", errcode=errcode))
        page = read(client.get("/login/wecom/callback", query_string={"state": state, "code": "any"}), 503)
        assert "重试没有用" in page.text
    logged = [message for message in caplog.messages if message.startswith("nobody can sign in")]
    assert logged == [f"nobody can sign in: the platform refuses this app ({errcode})"]


def test_only_the_latest_sign_ins_are_remembered(client: FlaskClient) -> None:
    for _ in range(8):
        begin(client, "/approvals")
    with client.session_transaction() as session:
        assert len(session["sign_ins"]) == 3


@pytest.mark.parametrize("size", [500, 3000])
@pytest.mark.parametrize("letter", ["中", "𠀀", "~"])
def test_sign_ins_with_long_targets_do_not_outgrow_the_cookie(letter: str, size: int, sign_in: SignIn) -> None:
    client = sign_in("lilaoshi").client
    client.get("/logout")  # the form's token
    for number in range(12):
        typed = "".join(_unlike(letter, number * size + n) for n in range(size))
        target = f"/approvals?{typed}".encode()[:size].decode(errors="ignore")
        answer = client.get("/login/wecom", query_string={"next": target}, headers=INSIDE)
        assert len(answer.headers["Set-Cookie"]) < LARGEST_COOKIE
        with client.session_transaction() as session:
            assert (target in session["sign_ins"].values()) is (size <= 500)
    assert client.get("/").status_code == 200


def _unlike(letter: str, number: int) -> str:
    """A letter for each number, in an order that does not compress."""
    digest = hashlib.sha256(str(number).encode()).hexdigest()
    return digest[0] if letter == "~" else chr(ord(letter) + int(digest, 16) % 5000)


@pytest.mark.parametrize(
    "target",
    ["/", "/approvals", "/filings/new", "/filings/3", "/filings/3?decision=return", "/groups/3", "/registry?before=9"],
)
def test_a_sign_in_may_end_at_any_page_of_ours(target: str, app: Flask) -> None:
    with app.test_request_context():
        assert safe_target(target) == target


@pytest.mark.parametrize(
    "target",
    [
        *("", "approvals", "https://evil.example/", "//evil.example/", "///evil.example", "/\\evil.example"),
        *("\\\\evil.example", "/%2F/evil.example", "javascript:alert(1)", "/\tapprovals", "/approvals\r\nX-Y: 1"),
        *("http:/approvals", "/ /evil.example", "/filings/3/decision", "/filings/new?x=\t", "/logout", "/login"),
        *("/login/wecom", "/login/wecom/callback?state=1", "/callbacks/wecom", "/static/app.css", "/nix", "/healthz"),
        *(
            "/approvals?" + "x" * 490,
            "/approvals?" + "中" * 164,
            "/approvals\x00",
            "/filings/new/",
            "@evil.example",
            "/\u2028",
        ),
    ],
)
def test_a_sign_in_never_ends_elsewhere(target: str, app: Flask, client: FlaskClient) -> None:
    with app.test_request_context():
        assert safe_target(target) == "/"
    assert client.get("/login", query_string={"next": target}).location == "/login/wecom?next=/"


def test_somebody_idle_for_eight_hours_is_signed_out(sign_in: SignIn, monkeypatch: pytest.MonkeyPatch) -> None:
    client = sign_in("lilaoshi").client
    with client.session_transaction() as session:
        began = session["seen"]
    for seconds, status in [(8 * 3600 - 5, 200), (16 * 3600 - 15, 200), (24 * 3600, 302)]:
        monkeypatch.setattr(blueprints.sessions, "_now", lambda seconds=seconds: began + seconds)
        assert client.get("/").status_code == status


def test_the_cookie_is_written_again_every_five_minutes_only(sign_in: SignIn, monkeypatch: pytest.MonkeyPatch) -> None:
    client = sign_in("lilaoshi").client
    with client.session_transaction() as session:
        began = session["seen"]
    client.get("/")  # a first page may add the form's token
    for seconds, written in [(299, False), (301, True), (302, False)]:
        monkeypatch.setattr(blueprints.sessions, "_now", lambda seconds=seconds: began + seconds)
        assert ("Set-Cookie" in client.get("/").headers) is written


def test_signing_out_asks_first_and_takes_a_post(sign_in: SignIn) -> None:
    browser = sign_in("lilaoshi")
    page = browser.open("/logout")
    assert browser.client.get("/").status_code == 200
    assert "已退出登录" in read(browser.send(page, "/logout")).headings
    assert browser.client.get("/").status_code == 302


def test_two_hundred_people_behind_one_address_sign_in_within_a_minute(app: Flask) -> None:
    statuses = [_ask(app, path).status_code for _ in range(200) for path in ("/login", "/login/wecom")]
    assert set(statuses) == {302}


def test_far_more_attempts_than_that_are_slowed_down(app: Flask) -> None:
    answers = [_ask(app, "/login") for _ in range(1201)]
    assert answers[-1].status_code == 429
    assert read(answers[-1], 429).headings == ["操作太频繁"]
    assert answers[-1].headers["Retry-After"]


def test_a_redis_that_is_away_keeps_nobody_from_signing_in(database_url: str, tmp_path: Path) -> None:
    app = create_app(replace(make_settings(database_url, tmp_path), redis_url="redis://127.0.0.1:9/0"))
    assert [_ask(app, "/login").status_code for _ in range(2)] == [302, 302]


class TestDomainVerification:
    @pytest.fixture
    def client(self, app: Flask) -> FlaskClient:
        proofs = {"WW_verify_Ab12.txt": "Ab12content"}
        app.config["SETTINGS"] = replace(app.config["SETTINGS"], domain_verification=proofs)
        return app.test_client()

    def test_the_platforms_file_is_served_exactly(self, client: FlaskClient) -> None:
        answer = client.get("/WW_verify_Ab12.txt")
        assert (answer.status_code, answer.mimetype, answer.data) == (200, "text/plain", b"Ab12content")

    @pytest.mark.parametrize("name", ["WW_verify_ab12.txt", "WW_verify_.txt", "WW_verify_x.txt", "WW_verify_Ab12.html"])
    def test_any_other_is_not_there(self, name: str, client: FlaskClient) -> None:
        assert client.get(f"/{name}").status_code == 404


def _ask(app: Flask, path: str) -> Any:
    return app.test_client().get(path, environ_base={"REMOTE_ADDR": "10.0.0.1"})


def _token(client: FlaskClient) -> str:
    return read(client.get("/logout")).form("/logout").values["csrf_token"]
