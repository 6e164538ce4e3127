"""我的信息: what a person gives of themselves, by typing or by their consent at the platform."""

from collections.abc import Callable, Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from extensions import db
from models import AuditEntry, Person
from models.database import unit_of_work
from simulator.faults import Fault
from simulator.server import Handle
from tests.college import College
from tests.pages.conftest import SignIn, one_database
from tests.pages.reading import Page, read
from tests.platform import simulated_platform

pytestmark = one_database

INSIDE = {"User-Agent": "Mozilla/5.0 (iPhone) wxwork/4.1.0 MicroMessenger/7.0.1"}
CONSENT, BACK = "/login/wecom/consent", "/login/wecom/consent/callback"
ME = "lilaoshi"
TYPED = {"mobile": "19900000088", "email": "typed@example.edu.cn"}


@pytest.fixture
def platform(app: Flask) -> Iterator[Handle]:
    """The simulator as this app's platform, with two of our people in it."""
    with simulated_platform(app) as handle:
        with handle.state.lock:
            for user_id, number in ((ME, 11), ("wangqunzhu", 12)):
                mine = {"mobile": f"199000000{number}", "email": f"{user_id}@example.edu.cn"}
                handle.state.directory.put({"userid": user_id, "name": user_id, "departments": [8], **mine})
        yield handle


Kept = Callable[..., tuple[str | None, str | None]]


@pytest.fixture
def kept(app: Flask, college: College) -> Kept:
    """The mobile and e-mail that are kept of a person."""

    def read_now(user_id: str = ME) -> tuple[str | None, str | None]:
        with app.app_context():
            person = db.session.get_one(Person, college.people[user_id])
            return person.mobile, person.email

    return read_now


def begin(client: FlaskClient) -> str:
    """Ask for the consent; the address at the platform."""
    answer = client.get(CONSENT, headers=INSIDE)
    assert answer.status_code == 302
    return str(answer.location).partition("#")[0]


def agree(client: FlaskClient, user_id: str = ME, answer: str = "all") -> str:
    """Answer the platform's question as this member; the path that the browser is sent back to."""
    address = f"{begin(client)}&simulated_person={user_id}&simulated_consent={answer}"
    sent_back = requests.get(address, headers=INSIDE, allow_redirects=False, timeout=5)
    parts = urlsplit(sent_back.headers["Location"])
    assert parts.path == BACK
    return f"{parts.path}?{parts.query}"


def come_back(client: FlaskClient, path: str) -> Page:
    answer = client.get(path)
    assert (answer.status_code, answer.location) == (302, "/me")
    return read(client.get("/me"))


def test_the_directorys_facts_are_shown_and_only_mobile_and_email_are_typed(sign_in: SignIn) -> None:
    page = sign_in(ME).open("/me")
    for said in ("李老师", "护理系", "辅导员", "028-00000000"):
        assert said in page.text
    assert set(page.form("/me").values) == {"csrf_token", "mobile", "email"}


def test_what_is_typed_is_kept_and_shown_again(sign_in: SignIn, kept: Kept, app: Flask) -> None:
    browser = sign_in(ME)
    typed = {"mobile": "+86 199-0000-0088", "email": TYPED["email"]}
    answer = browser.send(browser.open("/me"), "/me", **typed)
    assert (answer.status_code, answer.location) == (302, "/me")
    assert kept() == (TYPED["mobile"], TYPED["email"])
    page = browser.open("/me")
    assert "已保存" in page.text
    assert page.form("/me").values["mobile"] == TYPED["mobile"]
    with app.app_context():
        entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "person.particulars")).one()
        assert TYPED["mobile"] not in str(entry.details)


def test_what_cannot_be_taken_is_said_at_its_field_and_stays_in_it(sign_in: SignIn, kept: Kept) -> None:
    browser = sign_in(ME)
    page = read(browser.send(browser.open("/me"), "/me", mobile="12345", email="nonsense"), 422)
    assert set(page.errors) == {"mobile", "email"}
    assert {name: page.form("/me").values[name] for name in ("mobile", "email")} == {
        "mobile": "12345",
        "email": "nonsense",
    }
    assert kept() == (None, None)


def test_the_own_form_of_a_filing_begins_with_what_was_given_here(sign_in: SignIn) -> None:
    browser = sign_in(ME)
    browser.send(browser.open("/me"), "/me", **TYPED)
    values = browser.open("/filings/new").form("/filings/new").values
    assert (values["owner-mobile"], values["owner-email"]) == (TYPED["mobile"], TYPED["email"])


def test_the_first_page_asks_once_for_a_missing_mobile(sign_in: SignIn) -> None:
    browser = sign_in(ME)
    assert "还没有您的手机号码" in browser.open("/").text
    browser.open("/me")
    assert "还没有您的手机号码" not in browser.open("/").text
    again = sign_in(ME)
    again.send(again.open("/me"), "/me", **TYPED)
    assert "还没有您的手机号码" not in sign_in(ME).open("/").text


def test_the_way_to_the_platform_is_offered_inside_it_alone(sign_in: SignIn) -> None:
    client = sign_in(ME).client
    assert CONSENT in read(client.get("/me", headers=INSIDE)).links
    assert CONSENT not in read(client.get("/me")).links
    assert client.get(CONSENT).location == "/me"
    assert "只有在企业微信里" in read(client.get("/me")).text


def test_the_consent_is_asked_for_as_documented(sign_in: SignIn) -> None:
    asked = parse_qs(urlsplit(begin(sign_in(ME).client)).query)
    assert asked["scope"] == ["snsapi_privateinfo"]
    assert asked["agentid"] == ["1000002"]
    assert asked["redirect_uri"] == [f"http://127.0.0.1:8000{BACK}"]


def test_what_the_member_agreed_to_is_kept(sign_in: SignIn, platform: Handle, kept: Kept) -> None:
    client = sign_in(ME).client
    page = come_back(client, agree(client))
    assert kept() == ("19900000011", "lilaoshi@example.edu.cn")
    assert "已从企业微信获取手机、邮箱" in page.text
    assert "没有提供" not in page.text


@pytest.mark.parametrize("ticked", [["mobile", "email"], ["mobile"]])
def test_what_did_not_come_is_said_and_what_was_typed_of_it_stays(
    ticked: list[str], sign_in: SignIn, platform: Handle, kept: Kept
) -> None:
    browser = sign_in(ME)
    browser.send(browser.open("/me"), "/me", **TYPED)
    with platform.state.lock:
        platform.state.sign_ins.ticked = ticked
    page = come_back(browser.client, agree(browser.client, answer="mobile"))
    assert kept() == ("19900000011", TYPED["email"])
    assert "已从企业微信获取手机。" in page.text
    assert "没有提供可用的邮箱：管理员未勾选，或者您未授权" in page.text


def test_a_mobile_of_another_country_is_not_taken_for_one_of_ours(
    sign_in: SignIn, platform: Handle, kept: Kept
) -> None:
    with platform.state.lock:
        platform.state.directory.put({"userid": ME, "mobile": "+85200000000"})
    client = sign_in(ME).client
    page = come_back(client, agree(client))
    assert kept() == (None, "lilaoshi@example.edu.cn")
    assert "没有提供可用的手机" in page.text


def test_a_refusal_changes_nothing_and_leaves_typing(sign_in: SignIn, platform: Handle, kept: Kept) -> None:
    client = sign_in(ME).client
    assert "没有提供您的信息：管理员未勾选，或者您未授权" in come_back(client, agree(client, answer="none")).text
    state = parse_qs(urlsplit(begin(client)).query)["state"][0]
    assert "您没有授权" in come_back(client, f"{BACK}?state={state}").text
    assert kept() == (None, None)


def test_the_consent_of_another_person_changes_nothing_of_anybodys(
    sign_in: SignIn, platform: Handle, kept: Kept
) -> None:
    client = sign_in(ME).client
    page = come_back(client, agree(client, "wangqunzhu"))
    assert "不是您本人" in page.text
    assert kept() == kept("wangqunzhu") == (None, None)


def test_a_link_begun_in_another_browser_changes_nothing(sign_in: SignIn, platform: Handle, kept: Kept) -> None:
    path = agree(sign_in(ME).client)
    for stranger in (ME, "wangqunzhu"):
        assert "授权链接已失效" in come_back(sign_in(stranger).client, path).text
    assert kept() == kept("wangqunzhu") == (None, None)


def test_a_link_works_once(sign_in: SignIn, platform: Handle, kept: Kept, app: Flask, college: College) -> None:
    client = sign_in(ME).client
    path = agree(client)
    come_back(client, path)
    with app.app_context(), unit_of_work() as session:
        session.get_one(Person, college.people[ME]).mobile = None
    assert "授权链接已失效" in come_back(client, path).text
    assert kept()[0] is None


@pytest.mark.parametrize(
    ("path", "errcode", "sentence"),
    [
        ("auth/getuserinfo", 40029, "授权已失效"),
        ("auth/getuserinfo", 42022, "授权已失效"),
        ("auth/getuserdetail", 84014, "授权已失效"),
        ("auth/getuserdetail", 84015, "授权已失效"),
        ("auth/getuserdetail", -1, "企业微信暂时无法连接"),
        ("auth/getuserinfo", 45009, "企业微信暂时无法连接"),
    ],
)
def test_each_refusal_of_the_platform_has_its_sentence(
    path: str, errcode: int, sentence: str, sign_in: SignIn, platform: Handle, kept: Kept
) -> None:
    client = sign_in(ME).client
    back = agree(client)
    with platform.state.lock:
        platform.state.faults.add(Fault(path=path, errcode=errcode))
    assert sentence in come_back(client, back).text
    assert kept() == (None, None)


def test_a_platform_that_is_away_is_said_to_be(sign_in: SignIn, kept: Kept) -> None:
    client = sign_in(ME).client
    state = parse_qs(urlsplit(begin(client)).query)["state"][0]
    assert "企业微信暂时无法连接" in come_back(client, f"{BACK}?state={state}&code=any").text
    assert kept() == (None, None)


def test_whoever_is_signed_out_meanwhile_signs_in_and_nothing_is_kept(
    client: FlaskClient, sign_in: SignIn, platform: Handle, kept: Kept
) -> None:
    assert client.get(agree(sign_in(ME).client)).location.startswith("/login")
    assert kept() == (None, None)
