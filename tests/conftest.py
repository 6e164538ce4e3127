"""What the tests stand on: a fresh migrated database of each kind, the app over it, and a small college."""

import gc
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import upgrade
from sqlalchemy import event
from xdist.scheduler import LoadFileScheduling

from app import create_app
from config import Receiver, Settings, WeComSettings
from extensions import db
from models import Base
from tests.college import College
from tests.kept_app import KeptApp
from tests.kept_college import KeptCollege
from tests.postgres import PostgresServer, running_postgres

CHECKOUT = Path(__file__).resolve().parent.parent
NOWHERE = "http://127.0.0.1:9/"


#: What takes longest comes first, so that no worker is still at it when the others are done.
LONGEST_FIRST = ("tests/browser/", "tests/pages/test_permissions.py", "tests/script/", "tests/pages/")


class FilesTogether(LoadFileScheduling):
    """Gives the workers whole files, and the browser tests to one: each worker would start a service of its own."""

    def _split_scope(self, nodeid: str) -> str:
        return LONGEST_FIRST[0] if nodeid.startswith(LONGEST_FIRST[0]) else super()._split_scope(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> FilesTogether | None:
    """What script/test asks for by --dist=loadfile."""
    return FilesTogether(config, log) if config.getvalue("dist") == "loadfile" else None


def pytest_xdist_auto_num_workers() -> int:
    """Half as many again as there are processors: a worker waits a third of its time, for PostgreSQL or a process."""
    return (os.cpu_count() or 1) * 3 // 2


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out on PostgreSQL what would show the same again, and put first what takes longest."""
    left_out = _only_other_cases(items)
    config.hook.pytest_deselected(items=[item for item in items if item in left_out])
    items[:] = sorted((item for item in items if item not in left_out), key=_place)


def _only_other_cases(items: list[pytest.Item]) -> set[pytest.Item]:
    """The tests on PostgreSQL that are another case of one that runs there.

    Every case runs on SQLite: what a case is about is the service's own doing. That its statements are understood and
    locked by PostgreSQL as well is shown by the first. Where the database itself has the say, a test is marked
    `every_case`; one that is only for PostgreSQL has all its cases, too.
    """
    on_both = {_function(item) for item in items if _database_of(item) == "sqlite"}
    seen: set[str] = set()
    left_out = set()
    for item in items:
        if _database_of(item) != "postgresql" or item.get_closest_marker("every_case"):
            continue
        if _function(item) in seen & on_both:
            left_out.add(item)
        seen.add(_function(item))
    return left_out


def _database_of(item: pytest.Item) -> str | None:
    return item.callspec.params.get("database_url") if hasattr(item, "callspec") else None


def _function(item: pytest.Item) -> str:
    return item.nodeid.partition("[")[0]


def _place(item: pytest.Item) -> int:
    return next((at for at, path in enumerate(LONGEST_FIRST) if item.nodeid.startswith(path)), len(LONGEST_FIRST))


def pytest_collection_finish() -> None:
    """Look for garbage less often: what was loaded until now stays, and is a fifth of a test's time to go through."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def wecom_settings(platform_url: str = NOWHERE) -> WeComSettings:
    """A made-up app whose platform is at `platform_url`; by default nobody listens there."""
    return WeComSettings(
        corp_id="wwtestcorp00000001",
        agent_id=1000002,
        secret="a-secret-of-the-tests-0000000000000000000001",
        receiver=Receiver("CallbackToken123", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFE"),
        contact_receiver=Receiver("ContactToken123", "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789abcdefE"),
        api_url=f"{platform_url}cgi-bin/",
        authorize_url=f"{platform_url}connect/oauth2/authorize",
        sso_url=f"{platform_url}wwlogin/sso/login",
    )


def make_settings(database_url: str, folder: Path, wecom: WeComSettings | None = None) -> Settings:
    """Settings of an app over this database."""
    return Settings(
        public_url="http://127.0.0.1:8000",
        secret_key="a-key-of-the-tests-only-000000000000",
        database_url=database_url,
        instance_path=folder,
        wecom=wecom or wecom_settings(),
    )


def migrate(database_url: str, folder: Path) -> None:
    """Build the schema the way an operator does: by the migrations."""
    app = create_app(make_settings(database_url, folder))
    with app.app_context():
        upgrade(directory=str(CHECKOUT / "migrations"))
        db.engine.dispose()


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file, to be copied."""
    folder = tmp_path_factory.mktemp("sqlite")
    migrate(f"sqlite:///{folder / 'template.sqlite3'}", folder)
    return folder / "template.sqlite3"


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """A PostgreSQL server with a migrated database named `template`, and one like it named `test`."""
    with running_postgres() as server:
        server.make_fast()
        migrate(server.create_database("template"), tmp_path_factory.mktemp("postgres"))
        server.create_database("test", template="template")
        yield server


@pytest.fixture(scope="session")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the SQLite database of the test at hand is."""
    return tmp_path_factory.mktemp("databases")


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, databases: Path) -> str:
    """The address of an empty migrated database; every test that asks runs on both kinds."""
    if request.param == "sqlite":
        return _fresh_sqlite(databases, request.getfixturevalue("migrated_sqlite"))
    server: PostgresServer = request.getfixturevalue("postgres")
    if not server.empty_database("test") >= Base.metadata.tables.keys():
        # A test that takes tables away has a new one made for whoever comes next.
        server.drop_database("test")
        server.create_database("test", template="template")
    return server.url("test")


def _fresh_sqlite(folder: Path, migrated: Path) -> str:
    # Removed and not written over: whoever still has the last test's files open keeps those.
    for left in folder.iterdir():
        left.unlink()
    path = folder / "test.sqlite3"
    shutil.copy(migrated, path)
    return f"sqlite:///{path}"


@pytest.fixture(scope="session")
def kept_apps() -> dict[str, KeptApp]:
    """The app over each database that was asked for so far."""
    return {}


@pytest.fixture
def app(database_url: str, kept_apps: dict[str, KeptApp], tmp_path: Path) -> Iterator[Flask]:
    """The service over a fresh database; its platform is nowhere."""
    settings = make_settings(database_url, tmp_path)
    if database_url not in kept_apps or not kept_apps[database_url].is_bound:
        kept_apps[database_url] = KeptApp(settings)
    kept = kept_apps[database_url]
    yield kept.begin(settings)
    kept.close()


@pytest.fixture
def context(app: Flask) -> Iterator[Flask]:
    """The app with its context pushed, for tests that call operations directly."""
    with app.app_context():
        yield app


@pytest.fixture(scope="session")
def kept_college() -> KeptCollege:
    """The college's rows, once it was made."""
    return KeptCollege()


@pytest.fixture
def college(app: Flask, kept_college: KeptCollege) -> College:
    """A small college: departments, people and posts."""
    with app.app_context():
        return kept_college.put_into_database()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


class StatementCounter:
    """How many SQL statements were sent, transaction marks apart."""

    def __init__(self) -> None:
        self.statements: list[str] = []

    def __len__(self) -> int:
        return len(self.statements)

    def note(self, _connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if not statement.startswith(("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "PRAGMA")):
            self.statements.append(statement)


@pytest.fixture
def counted(app: Flask) -> Iterator[StatementCounter]:
    """Counts the statements of the app's engine from here on."""
    counter = StatementCounter()
    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", counter.note)
    yield counter
    event.remove(engine, "before_cursor_execute", counter.note)
