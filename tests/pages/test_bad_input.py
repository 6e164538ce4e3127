"""Bad input in every field of every form: it gets its sentence at the field, or is kept and shown as it was typed."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse
from wtforms import Field, HiddenField, SelectField, StringField, TextAreaField

from blueprints.filings.fields import CountField, DayField
from blueprints.filings.forms import FilingForm
from blueprints.nicknames.forms import MembersForm
from extensions import db
from messaging.delivery import deliver_due
from models import Department, Group, Message, MessageState, Person
from models.database import unit_of_work
from operations.finding import spell
from simulator.server import Handle
from tests.college import PEOPLE, College
from tests.conftest import CHECKOUT
from tests.pages.conftest import SignIn, one_database
from tests.pages.every_form import (
    ADMINISTRATOR,
    APPLICANT,
    HEAD,
    REGISTRAR,
    WITHOUT_A_PLACE,
    Place,
    Stage,
    every_form,
    fields_of,
)
from tests.pages.reading import Page, read
from tests.pages.test_every_page import assert_well_made
from tests.pages.walking import ROLES, Ground, address_of, guarded_routes, make_ground
from tests.platform import simulated_platform

pytestmark = one_database

TEXTS = (StringField, TextAreaField)
#: Breaks out of an attribute, opens a script that swallows the page, and would be worked out by a template.
MARKUP = "'\"><script>{{7*7}}"
RARE = "𠮷㛃龘·Ａé👩‍👩‍👧"
USERS = (APPLICANT, HEAD, REGISTRAR, ADMINISTRATOR)
#: Leads out, back to where one was, or to a file.
NOT_FOLLOWED = re.compile(r"/logout|/login|[?&]back=|/evidence/[0-9]+$")
NO_DATES = ("2026-02-30", "0000-00-00", "99999-01-01", "明天", "1e5")
NO_COUNTS = ("-1", "0", str(10**30), "1e5", "四十", "1.5", "3 8", "９９９９９９")
#: Characters of zero width, of halves, of no text at all: as bytes, since no text could hold them.
NO_TEXT = "%00%ED%A0%80%FF%FE"
FAR_TOO_LARGE = "9" * 31
#: What a route may answer to what none of our pages sends.
ANSWERED = {200, 302, 400, 404, 409, 413, 422}


@pytest.fixture
def stage(app: Flask, college: College, sign_in: SignIn) -> Stage:
    return Stage(app, college, sign_in)


def test_no_form_and_no_field_is_left_out(stage: Stage) -> None:
    forms = every_form() - WITHOUT_A_PLACE
    assert {place.form for place in stage.places} == forms
    asked: dict[str, set[str]] = {form.__name__: set() for form in forms}
    for place in stage.places:
        asked[place.form.__name__].update(stage.form_of(place))
    unticked = {"all_heads", "is_deputy", "is_project", "partner_ids", "promise"}
    assert {form.__name__: set(fields_of(form)) - asked[form.__name__] - unticked for form in forms} == {
        form.__name__: set() for form in forms
    }


def assert_shown_again(page: Page, place: Place, typed: Mapping[str, str]) -> None:
    """Nothing typed is lost; numbers and addresses come back in half width. The page is well made."""
    assert_well_made(page)
    shown = page.form(place.to).values
    fields = set(fields_of(place.form)) & set(typed)
    lost = [name for name in fields if _in_one_width(shown.get(name, "")) != _in_one_width(typed[name])]
    assert lost == [], place


def _in_one_width(text: str) -> str:
    return unicodedata.normalize("NFKC", text)


def _texts(content: Any) -> Iterator[str]:
    """All texts in a card."""
    if isinstance(content, str):
        yield content
    elif isinstance(content, dict | list):
        for part in content.values() if isinstance(content, dict) else content:
            yield from _texts(part)


class TestTexts:
    """Markup, and what few fonts have."""

    TEXT = f"{MARKUP}{RARE}"

    def test_what_looks_like_markup_or_is_rare_is_refused_at_its_field_or_stays_as_it_is_typed(
        self, app: Flask, stage: Stage
    ) -> None:
        """E53: emoji, rare characters and · in every field for text, and script: kept as typed, shown as text."""
        with simulated_platform(app) as phones:
            kept = self._fill_in(stage)
            self._read_the_cards(app, phones)
        assert {name.partition(" ")[2] for name in kept} >= {
            "name",
            "purpose",
            "owner-name",
            "reason",
            "answer",
            "text",
        }
        self._rename_everybody(app)
        shown = ""
        for where, page in self._every_page(stage):
            assert_well_made(page)
            assert MARKUP not in page.html, where
            shown += page.text + "".join(value for form in page.forms for value in form.values.values())
        # A list of nicknames is read once, a WeChat name is that of a WeChat group only, and a number is kept bare.
        lost = {name for name, value in kept.items() if value not in shown}
        assert lost == {"MembersForm members", "FilingForm owner_account", "NumberForm number"}
        with app.app_context():
            assert kept["FilingForm name"] in db.session.scalars(select(Group.name)).all()

    def _fill_in(self, stage: Stage) -> dict[str, str]:
        """Put the text into every field, each with a number of its own; say which took it, and as what."""
        numbers = count()
        return {
            f"{place.form.__name__} {name}": value
            for place, names in stage.having(*TEXTS)
            for name, value in self._taken(stage, place, {name: f"{next(numbers)}{self.TEXT}" for name in names})
        }

    def _taken(self, stage: Stage, place: Place, texts: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        """Send the form with the text alone in each field; where it is refused, with the text in what may be typed."""
        typed = dict(texts)
        instead = [lambda name: place.around(name, texts[name]), lambda name: place.right.get(name, "")]
        while (answer := stage.send(place, typed)).status_code == 422:
            page = Page(answer.text)
            assert_shown_again(page, place, typed)
            refused = set(page.errors) & set(typed)
            assert refused, (place, page.errors)
            assert instead, (place, page.errors)
            choose = instead.pop(0)
            typed.update({name: choose(name) for name in refused})
        if answer.status_code == 200:
            assert self.TEXT in read(answer).text
        elif place.form is FilingForm:
            self._promise(stage, place, answer.location)
        yield from ((name, value) for name, value in typed.items() if self.TEXT in value)

    def _promise(self, stage: Stage, place: Place, address: str) -> None:
        browser = stage.browser(place.user)
        page = browser.open(address)
        assert_well_made(page)
        assert self.TEXT in page.text
        assert browser.send(page, address, promise="y").location == address.removesuffix("/confirm")

    def _read_the_cards(self, app: Flask, phones: Handle) -> None:
        """The platform takes all messages, and shows what was typed, cut off at most."""
        with phones.state.lock:
            for user_id, (name, key, _) in PEOPLE.items():
                phones.state.directory.put({"userid": user_id, "name": name, "departments": [int(key)]})
        with app.app_context():
            while deliver_due():
                pass
            assert set(db.session.scalars(select(Message.state))) <= {MessageState.SENT, MessageState.CANCELLED}
        with phones.state.lock:
            copies = [copy for user_id in PEOPLE for _, copy in phones.state.mailbox.of(user_id)]
            said = "\n".join(text for copy in copies for text in _texts(copy.content))
        for before, behind in (("护理系", "群"), ("原因：", ""), ("问题：", ""), ("意见：", ""), ("用途：", "")):
            assert re.search(rf"{before}[0-9]+{re.escape(self.TEXT)}{behind}", said), before

    def _rename_everybody(self, app: Flask) -> None:
        """Let the directory have the text in everybody's name and post, and in every unit's name."""
        with app.app_context(), unit_of_work() as session:
            for unit in session.scalars(select(Department)):
                unit.name = f"{unit.name}{self.TEXT}"
            for person in session.scalars(select(Person)):
                person.name, person.job_title = f"{person.name}{self.TEXT}", self.TEXT

    def _every_page(self, stage: Stage) -> Iterator[tuple[str, Page]]:
        """As each of those who send forms: each page of a filing, and of every other kind the first they come to."""
        for user in USERS:
            client, found = stage.browser(user).client, ["/", "/registry", "/administration/people?q=王"]
            kinds = set()
            for address in found:
                answer = client.get(address, buffered=True)
                if answer.status_code != 200 or answer.mimetype != "text/html":
                    continue
                page = Page(answer.text)
                yield f"{address} as {user}", page
                for link in (link.partition("#")[0] for link in page.links if link.startswith("/")):
                    kind = link if re.fullmatch(r"/filings/[0-9]+", link) else re.sub(r"[0-9]+", "N", link)
                    if kind not in kinds and not NOT_FOLLOWED.search(link):
                        kinds.add(kind)
                        found.append(link)

    def test_pasted_rich_text_is_kept_flat_without_what_nobody_sees(self, stage: Stage) -> None:
        """E53: tags and entities as they are read, line ends of one kind, no zero width and no overrides."""
        place = next(place for place in stage.places if place.form is FilingForm)
        sent, kept = "<b>通知</b>&nbsp;“请”\u200b\u202e看\r\n\t第二行\u00a0", "<b>通知</b>&nbsp;“请”看\n\t第二行"
        names = [name for name in fields_of(FilingForm, *TEXTS) if "{}" in place.typed.get(name, "")]
        assert len(names) > 5
        draft = str(stage.send(place, {**dict.fromkeys(names, sent), "action": "save"}).location)
        page = stage.browser(APPLICANT).open(f"{draft}/edit")
        shown = page.form(f"{draft}/edit").values
        assert {name: shown[name] for name in names} == {**dict.fromkeys(names, kept), "name": " ".join(kept.split())}
        assert "<b>" not in page.html + stage.browser(APPLICANT).open(draft).html

    def test_people_of_rare_names_are_found_by_them(self, app: Flask, stage: Stage) -> None:
        """E53: a search for 𠮷, for half of a name with ·, and for an emoji, by whoever picks somebody."""
        with app.app_context(), unit_of_work() as session:
            person = session.get_one(Person, stage.college.people["jiwai"])
            person.name = "𠮷㛃·龘👩‍👩‍👧"
            person.pinyin, person.initials = spell(person.name)
        client = stage.browser(APPLICANT).client
        for part in ("𠮷", "·龘", "👩‍👩‍👧", "𠮷㛃·龘👩‍👩‍👧"):
            found = client.get("/people/search", query_string={"q": part}).get_json()["people"]
            assert [person["name"] for person in found] == ["𠮷㛃·龘👩‍👩‍👧"]
            page = stage.browser(ADMINISTRATOR).open(f"/administration/people?q={part}")
            assert "𠮷㛃·龘👩‍👩‍👧" in page.text


class TestRefusals:
    """What no field of its kind takes, in each of them."""

    def test_what_is_too_long_is_told_its_limit_and_stays(self, stage: Stage) -> None:
        """E53: 200 characters, 1,200 and 10,000: the field says how many it takes, and everything typed is there."""
        limits: dict[str, int] = {}
        for place, names in stage.having(*TEXTS):
            if place.form is MembersForm:
                continue
            typed = dict.fromkeys(names, "长" * 1200)
            page = self._refused(stage, place, typed)
            for name in names:
                found = re.search(r"最多(\d+)个字|11位手机号码", page.errors[name])
                assert found, (place.form, name, page.errors[name])
                limits[name] = int(found[1] or 11)
            self._refused(stage, place, {names[0]: "长" * 10_000})
            short = {name: "长" * 200 for name in names if limits[name] < 200}
            if short:
                assert set(self._refused(stage, place, short).errors) >= set(short)
        assert limits["owner-name"] == limits["name"] == 64

    def test_what_no_field_of_its_kind_takes_is_told_so(self, stage: Stage) -> None:
        """E53: days that do not exist, numbers that are negative, huge or words, choices that are not offered."""
        self._assert_refused(stage, DayField, NO_DATES, "请填写真实的日期|请填写2000年到2100年之间的日期")
        self._assert_refused(stage, CountField, NO_COUNTS, "请填写整数|请填写1到100000之间的整数")
        self._assert_refused(stage, SelectField, (MARKUP, FAR_TOO_LARGE), "选择", stays=False)

    def _assert_refused(
        self, stage: Stage, kind: type[Field], values: tuple[str, ...], sentence: str, *, stays: bool = True
    ) -> None:
        swept = 0
        for place, names in stage.having(kind):
            for value in values:
                page = self._refused(stage, place, dict.fromkeys(names, value), stays=stays)
                for name in names:
                    assert re.search(sentence, page.errors[name]), (place.form, name, value)
                    swept += 1
        assert swept

    def _refused(self, stage: Stage, place: Place, typed: Mapping[str, str], *, stays: bool = True) -> Page:
        answer = stage.send(place, typed)
        assert answer.status_code == 422, (place.form, typed)
        page = Page(answer.text)
        assert_shown_again(page, place, {**place.right, **typed} if stays else {})
        return page


def names_read() -> list[str]:
    """What forms and addresses are read for: the fields of all forms, and what views ask for beside them."""
    asked = r'(?:(?:form|args|values)\.get(?:list)?|asked_before|ticked_ids|_asked)\("(\w+)"'
    sources = [path.read_text() for path in (CHECKOUT / "blueprints").rglob("*.py")]
    beside = {name for source in sources for name in re.findall(asked, source)}
    return sorted(beside | {"items"} | {name for form in every_form() for name in fields_of(form)})


def garbled(value: str) -> str:
    """A body or query in which everything that is ever read has this value, twice."""
    return "&".join(f"{name}={value}&{name}={value}" for name in names_read())


class TestRequests:
    """What no page of ours sends, to every address."""

    URLENCODED = "application/x-www-form-urlencoded"
    #: Media type and body.
    BODIES = (
        (URLENCODED, garbled(NO_TEXT)),
        (URLENCODED, garbled(FAR_TOO_LARGE)),
        ("multipart/form-data; boundary=x", '--x\r\nContent-Disposition: form-data; name="reason"\r\n\r\nhalf'),
    )

    @pytest.fixture
    def ground(self, app: Flask, databases: Path) -> Ground:
        ground = make_ground(app, databases / "test.sqlite3")
        ground.keep()
        return ground

    def test_nonsense_sent_to_a_form_s_address_is_answered_by_a_page(self, ground: Ground) -> None:
        """E53: no text, fields twice, numbers without end, half a form: to whatever is posted."""
        for rule, method in guarded_routes(ground.app):
            if method == "POST":
                address = address_of(rule.rule, ground.objects_of(rule)[0][1])
                user = self._who_may(ground, "POST", address)
                for media_type, body in self.BODIES:
                    answer = ground.sign_in(user).post(address, data=body, content_type=media_type, buffered=True)
                    self._assert_answered(answer, f"{rule.rule} {body[:40]}")
                    if answer.status_code < 400:
                        ground.put_back()

    def test_nonsense_asked_of_a_page_is_answered_by_a_page(self, ground: Ground) -> None:
        """E53: the same in the address of every page."""
        for rule, method in guarded_routes(ground.app):
            if method == "GET":
                address = address_of(rule.rule, ground.objects_of(rule)[0][1])
                client = ground.sign_in(self._who_may(ground, "GET", address))
                for value in (NO_TEXT + quote(MARKUP), FAR_TOO_LARGE):
                    answer = client.get(f"{address}?{garbled(value)}", buffered=True)
                    self._assert_answered(answer, f"{rule.rule} {value}")
                    assert MARKUP.encode() not in answer.data, rule.rule

    def _who_may(self, ground: Ground, method: str, address: str) -> str:
        """Somebody who is let in."""
        for role in ("administrator", "applicant", "head", "registrar", "owner", "adviser"):
            answer = ground.sign_in(ROLES[role]).open(address, method=method, buffered=True)
            if answer.status_code < 400 and method == "POST":
                ground.put_back()
            if answer.status_code not in (403, 404):
                return ROLES[role]
        pytest.fail(f"nobody is let in: {method} {address}")

    def _assert_answered(self, answer: TestResponse, what: str) -> None:
        assert answer.status_code in {*ANSWERED, 403}, (what, answer.status)
        if answer.mimetype == "text/html" and answer.status_code != 302:
            assert_well_made(Page(answer.text))

    def test_hidden_fields_of_nonsense_are_answered(self, stage: Stage) -> None:
        """All hidden fields of each form, which is right but for them."""
        for place, names in stage.having(HiddenField):
            answer = stage.send(place, dict.fromkeys(names, FAR_TOO_LARGE))
            assert answer.status_code in ANSWERED, (place.form, names)

    def test_without_its_token_nothing_is_taken(self, app: Flask, sign_in: SignIn) -> None:
        """Every address that is posted to: a page that says to open it anew."""
        client = sign_in(ADMINISTRATOR).client
        for rule, method in guarded_routes(app):
            if method == "POST":
                address = re.sub(r"<int:\w+>", "1", rule.rule)
                assert read(client.post(address, data={"reason": "x"}), 400).headings == ["页面已过期"], address
