"""What every page and every answer has, whatever it shows: headers, one heading, unique ids, nothing from elsewhere."""

import re
from collections import Counter
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from extensions import db
from models import FilingState
from tests.conftest import make_settings
from tests.pages.conftest import Made, SignIn, one_database
from tests.pages.reading import Page, read

pytestmark = one_database

POLICY = {
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
}
#: Pages without an object, whatever they answer to somebody who may not open them.
OPEN_TO_SOME = (
    "/",
    "/approvals",
    "/guide",
    "/messages",
    "/filings/new",
    "/registry",
    "/me",
    "/handovers",
    "/administration/",
    "/administration/messages",
    "/logout",
    "/nix",
)
NAVIGATION = {"/", "/approvals", "/messages", "/filings/new", "/me", "/logout"}
TEMPLATES = Path(__file__).resolve().parents[2] / "templates"


def assert_well_made(page: Page) -> None:
    assert page.language == "zh-CN"
    assert len(page.headings) == 1
    assert page.title.startswith(page.headings[0])
    assert page.title.endswith(" · 群备")
    assert [name for name, count in Counter(page.ids).items() if count > 1] == []
    assert set(page.labels) <= set(page.ids)
    assert page.inline == []
    assert [address for address in page.loaded if not address.startswith("/")] == []
    assert page.faults == []
    assert "content" in page.ids


def filings_in_every_state(sign_in: SignIn, made: Made) -> None:
    """Filings 1 to 7: draft, under way, approved, returned, registered, rejected, withdrawn."""
    made.draft(name="护理系草稿群", number="70000000")
    made.submitted(member_count=130, size_reason="全系都在群里")
    made.approved(name="护理系通过群", number="70000001", is_project=True, ends_on=date(2099, 6, 1))
    head, registrar = sign_in("zhangzhuren"), sign_in("zhougan")
    returned = made.submitted(name="护理系退回群", number="70000002")
    head.post(f"/filings/{returned}/decision", outcome="returned", reason="请改")
    registered = made.approved(name="护理系登记群", number="")
    registrar.post(f"/filings/{registered}/decision", outcome="registered")
    rejected = made.submitted(name="护理系不同意群", number="70000003")
    head.post(f"/filings/{rejected}/decision", outcome="rejected", reason="重复")
    withdrawn = made.submitted(name="护理系撤回群", number="70000004")
    sign_in("lilaoshi").post(f"/filings/{withdrawn}/withdrawal")


def test_every_page_is_well_made_for_everybody_in_every_state(sign_in: SignIn, made: Made) -> None:
    filings_in_every_state(sign_in, made)
    seen = set()
    for user_id in ("lilaoshi", "wangqunzhu", "zhangzhuren", "zhougan", "wuguanli", "jiwai"):
        client = sign_in(user_id).client
        for address in OPEN_TO_SOME:
            assert_well_made(Page(client.get(address).text))
        for number in range(1, 8):
            for address in (f"/filings/{number}", f"/groups/{number}"):
                page = Page(client.get(address).text)
                assert_well_made(page)
                seen.update(page.states[:1])
            for address in [f"/filings/{number}/{name}" for name in ("edit", "confirm", "withdrawal", "takeover")]:
                answer = client.get(address)
                if answer.status_code != 302:
                    assert_well_made(Page(answer.text))
    assert {state.value for state in FilingState} | {"proposed", "operating"} == seen


def test_pages_shown_again_with_errors_are_well_made(sign_in: SignIn, made: Made) -> None:
    browser = sign_in("lilaoshi")
    page = browser.open("/filings/new")
    for action in ("send", "more"):
        page = Page(browser.send(page, "/filings/new", name="x", action=action).text)
        assert_well_made(page)
    here = f"/filings/{made.submitted()}"
    head = sign_in("zhangzhuren")
    assert_well_made(read(head.send(head.open(here), f"{here}/decision", outcome="returned"), 422))


def test_a_registered_group_without_a_number_is_marked_as_still_to_be_made(sign_in: SignIn, made: Made) -> None:
    filings_in_every_state(sign_in, made)
    page = sign_in("lilaoshi").open("/groups/5")
    assert page.states[0] == "operating"
    assert "待建群" in page.text


@pytest.mark.parametrize(
    ("method", "address", "status"),
    [
        *(("GET", "/", 302), ("GET", "/nix", 404), ("DELETE", "/logout", 405), ("POST", "/logout", 400)),
        *(("GET", "/static/app.css", 200), ("GET", "/static/nix.css", 404), ("POST", "/callbacks/wecom", 400)),
        ("POST", "/callbacks/wecom/contacts", 400),
        *(("GET", "/bootstrap/static/css/bootstrap.min.css", 200), ("GET", "/login", 302), ("GET", "/healthz", 200)),
        ("GET", "/login/wecom/callback", 400),
    ],
)
def test_every_answer_carries_the_headers(method: str, address: str, status: int, client: FlaskClient) -> None:
    answer = client.open(address, method=method, buffered=True)
    assert answer.status_code == status
    assert {part.strip() for part in answer.headers["Content-Security-Policy"].split(";")} == POLICY
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert (answer.headers.get("Cache-Control") == "no-store") is ("static" not in address)
    assert "Strict-Transport-Security" not in answer.headers


def test_browsers_are_kept_on_https_where_the_service_is(database_url: str, tmp_path: Path) -> None:
    app = create_app(replace(make_settings(database_url, tmp_path), public_url="https://qunbei.example"))
    answer = app.test_client().get("/healthz", base_url="https://qunbei.example")
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=")


def test_what_pages_load_is_there(client: FlaskClient) -> None:
    loaded = read(client.get("/logout")).loaded
    assert len(loaded) == 6
    scripts = ["filing.js", "forms.js", "picker.js", "people.js", "refreshing.js", "wecom.js"]
    for address in [*loaded, "/static/select.svg", *(f"/static/{name}" for name in scripts)]:
        assert client.get(address, buffered=True).status_code == 200


class TestErrors:
    def test_a_forged_or_missing_token_changes_nothing_and_shows_the_way_back(
        self, sign_in: SignIn, made: Made
    ) -> None:
        client = sign_in("lilaoshi").client
        filing_id = made.submitted()
        for token in ({}, {"csrf_token": "forged"}):
            answer = client.post(
                f"/filings/{filing_id}/withdrawal",
                data=token,
                headers={"Referer": f"http://localhost/filings/{filing_id}"},
            )
            page = read(answer, 400)
            assert page.headings == ["页面已过期"]
            assert page.links.count(f"/filings/{filing_id}") == 1
            assert_well_made(page)
        assert sign_in("lilaoshi").open(f"/filings/{filing_id}").states[0] == "in_review"

    @pytest.mark.parametrize("sent", ['{"reason": "\\ud800"}', '{"reason": 5}', "[1]", '"x"', "nonsense"])
    def test_json_is_no_form_of_a_page(self, sent: str, app: Flask, sign_in: SignIn, made: Made) -> None:
        """E53: half a surrogate pair, which no database takes, comes by no way."""
        app.config["WTF_CSRF_ENABLED"] = False
        address = f"/filings/{made.submitted()}/decision"
        answer = sign_in("zhangzhuren").client.post(address, data=sent, content_type="application/json")
        assert_well_made(read(answer, 422))

    @pytest.mark.parametrize(
        "referrer",
        [
            *("https://evil.example//evil.example/", "javascript:alert(1)", "nonsense", ""),
            *("http://[", "http://[x]/", "//]x", "http://localhost:x/filings/1"),
        ],
    )
    def test_the_way_back_stays_on_our_site(self, referrer: str, sign_in: SignIn) -> None:
        page = read(sign_in("lilaoshi").client.post("/filings/new", headers={"Referer": referrer}), 400)
        assert all(link.startswith(("/", "#")) and not link.startswith("//") for link in page.links)

    @pytest.mark.parametrize(
        ("method", "address", "status"),
        [
            *(("GET", "/nix", 404), ("GET", "/filings/999999", 404), ("GET", "/administration/", 403)),
            *(("GET", "/filings/1/decision", 405), ("POST", "/filings/new", 400)),
        ],
    )
    def test_whoever_is_signed_in_keeps_name_and_navigation(
        self, method: str, address: str, status: int, sign_in: SignIn
    ) -> None:
        page = read(sign_in("lilaoshi").client.open(address, method=method), status)
        assert set(page.links) >= NAVIGATION
        assert "李老师，我的信息" in page.text

    def test_whoever_is_not_signed_in_is_shown_neither(self, client: FlaskClient) -> None:
        assert NAVIGATION & set(read(client.get("/nix"), 404).links) == {"/"}

    def test_a_wrong_method_is_named_with_those_that_are_right(self, sign_in: SignIn) -> None:
        answer = sign_in("lilaoshi").client.get("/filings/1/decision")
        assert "POST" in answer.headers["Allow"]
        assert read(answer, 405).headings == ["不支持这种操作"]

    @pytest.mark.parametrize(
        ("address", "above"),
        [
            *(("/filings/1/decision", "/filings/1"), ("/administration/people/2/posts", "/administration/people/2")),
            *(
                ("/handovers/1/successor", "/handovers/1"),
                ("/administration/messages/resend", "/administration/messages"),
            ),
        ],
    )
    def test_reloading_a_form_that_was_refused_leads_back_to_its_page(
        self, address: str, above: str, sign_in: SignIn
    ) -> None:
        page = read(sign_in("wuguanli").client.get(address), 405)
        assert page.links.count(above) == 1
        assert_well_made(page)

    def test_where_no_page_lies_above_the_way_is_home(self, client: FlaskClient) -> None:
        page = read(client.delete("/logout"), 405)
        assert "重新打开页面" not in page.text

    def test_too_much_is_refused(self, sign_in: SignIn) -> None:
        browser = sign_in("lilaoshi")
        answer = browser.post("/filings/new", purpose="x" * 600_000)
        assert read(answer, 413).headings == ["内容太大"]

    def test_a_failure_of_ours_shows_no_detail(self, app: Flask, sign_in: SignIn) -> None:
        def fail() -> str:
            raise RuntimeError("a secret detail 19900000001")

        app.config.update(TESTING=False, PROPAGATE_EXCEPTIONS=False)
        app.view_functions["login.leave"] = fail
        page = read(sign_in("lilaoshi").client.get("/logout"), 500)
        assert page.headings == ["系统出错了"]
        assert "secret detail" not in page.html
        assert_well_made(page)

    def test_a_database_that_is_away_is_a_failure_with_a_page_all_the_same(self, app: Flask, sign_in: SignIn) -> None:
        client = sign_in("lilaoshi").client
        app.config.update(TESTING=False, PROPAGATE_EXCEPTIONS=False)
        with app.app_context():
            db.engine.dispose()
            Path(str(db.engine.url.database)).write_bytes(b"no database at all" * 100)
        for address in ("/", "/nix"):
            assert_well_made(read(client.get(address), 500))


class TestTemplates:
    def test_none_outgrows_a_readers_screen(self) -> None:
        assert [path for path in TEMPLATES.rglob("*.html") if len(path.read_text().splitlines()) >= 150] == []

    def test_none_lets_text_through_as_markup(self) -> None:
        sources = {path: path.read_text() for path in TEMPLATES.rglob("*.html")}
        assert [
            path for path, text in sources.items() if "|safe" in text.replace(" ", "") or "autoescape" in text
        ] == []

    def test_every_imported_part_is_used(self) -> None:
        for path in TEMPLATES.rglob("*.html"):
            text = path.read_text()
            for names in re.findall(r"\{% from \"[^\"]+\" import ([^%]+) %\}", text):
                for name in names.split(","):
                    assert text.count(f"{name.strip()}(") >= 1, (path.name, name)
