"""A stage for each module, on each kind of database that the module names."""

import shutil
from collections.abc import Iterator

import pytest

from tests.postgres import PostgresServer
from tests.processes.harness import Stage, standing


@pytest.fixture(scope="module")
def stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Real processes, the simulator and this process over one migrated database, which the module's tests share.

    SQLite, or the kind that the module's `stage` is parametrized with.
    """
    folder = tmp_path_factory.mktemp("processes")
    kind = getattr(request, "param", "sqlite")
    if kind == "sqlite":
        shutil.copy(request.getfixturevalue("migrated_sqlite"), folder / "stage.sqlite3")
        url = f"sqlite:///{folder / 'stage.sqlite3'}"
    else:
        server: PostgresServer = request.getfixturevalue("postgres")
        url = server.create_database("stage", template="template")
    with standing(url, folder) as made:
        yield made
    if kind != "sqlite":
        server.drop_database("stage")
