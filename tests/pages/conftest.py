"""What the tests of pages use: a browser without a screen, signed in as somebody."""

import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jinja2 import StrictUndefined
from werkzeug.test import TestResponse

from extensions import db
from models import Filing, utc_now
from tests.college import College
from tests.pages.reading import Page, read

#: Pages say the same over either database; the way through them is walked on both.
one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


class Browser:
    """Somebody's browser: opens pages, and sends their forms with what they hold and what is typed over it."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def open(self, address: str, status: int = 200) -> Page:
        """The page at an address."""
        return read(self.client.get(address), status)

    def send(self, page: Page, to: str, /, **typed: str | list[str] | None) -> TestResponse:
        """Send the page's form that goes to `to`; None leaves a field out. `__` in a name stands for `-`."""
        form = page.form(to)
        values = {**form.values, **form.ticked, **{name.replace("__", "-"): value for name, value in typed.items()}}
        return self.client.post(to, data={name: value for name, value in values.items() if value is not None})

    def post(self, address: str, /, **values: str) -> TestResponse:
        """Post values with a token of this session, as a page of ours would."""
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.client.get("/logout").text)
        assert found is not None
        return self.client.post(address, data={"csrf_token": found[1], **values})


SignIn = Callable[[str], Browser]


@pytest.fixture(autouse=True)
def _a_missing_value_fails(app: Flask) -> None:
    """A template that names what it was not given fails, instead of showing nothing."""
    app.jinja_env.undefined = StrictUndefined


@pytest.fixture
def sign_in(app: Flask, college: College) -> SignIn:
    """A browser in which this user id is signed in."""

    def signed_in(user_id: str) -> Browser:
        client = app.test_client()
        with client.session_transaction() as session:
            session.update(person_id=college.people[user_id], session_id="0" * 32, seen=int(utc_now().timestamp()))
        return Browser(client)

    return signed_in


@pytest.fixture
def state_of(app: Flask) -> Callable[[int], str]:
    """The state of a filing as the database has it now."""

    def state(filing_id: int) -> str:
        with app.app_context():
            return db.session.get_one(Filing, filing_id).state.value

    return state


class Made:
    """Filings made beforehand, each call in a context of its own, as requests have."""

    def __init__(self, app: Flask, college: College) -> None:
        self._app, self._college = app, college

    def __getattr__(self, how: str) -> Callable[..., int]:
        def make(*args: object, **changes: object) -> int:
            with self._app.app_context():
                filing_id: int = getattr(self._college, how)(*args, **changes)
                return filing_id

        return make


@pytest.fixture
def made(app: Flask, college: College) -> Made:
    """`made.draft()`, `made.submitted()`, `made.approved()`: a filing's id."""
    return Made(app, college)
