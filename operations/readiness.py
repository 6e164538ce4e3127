"""Whether the service can do its work: database, schema and worker."""

from pathlib import Path

from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import current_app
from sqlalchemy.exc import SQLAlchemyError

from extensions import db
from messaging.worker import worker_is_alive
from models import utc_now

UNKNOWN = "not asked: its table may not be there yet"


def readiness() -> dict[str, str]:
    """What stands in the way, by part; an empty sentence: nothing does."""
    try:
        schema = _schema()
        return {"database": "", "migrated": schema, "worker": UNKNOWN if schema else _worker()}
    except SQLAlchemyError as error:
        return {"database": f"the database does not answer ({type(error).__name__})", "migrated": "", "worker": ""}


def _schema() -> str:
    scripts = ScriptDirectory(str(Path(current_app.root_path) / "migrations"))
    present = MigrationContext.configure(db.session.connection()).get_current_revision()
    return "" if present == scripts.get_current_head() else "run: flask --app app db upgrade"


def _worker() -> str:
    alive = worker_is_alive(db.session(), utc_now())
    return "" if alive else "no worker has reported for half a minute: run flask --app app run-worker"
