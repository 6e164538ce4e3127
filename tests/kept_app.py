"""One app for each kind of database, put back to its beginning before each test.

Making an app compiles its addresses, and a new engine compiles every statement anew: together that is more than what
most tests ask of it.
"""

import copy
import sqlite3
from typing import Any

from flask import Flask
from limits.storage import MemoryStorage
from sqlalchemy import event

from app import create_app
from config import Settings
from extensions import db, limiter


class KeptApp:
    """An app over one database, and how it was when it was made."""

    def __init__(self, settings: Settings) -> None:
        self.app = create_app(settings)
        self.app.config["TESTING"] = True
        with self.app.app_context():
            if db.engine.dialect.name == "sqlite":
                event.listen(db.engine, "connect", _write_when_you_like)
        self._config = dict(self.app.config)
        self._extensions = _copied(self.app.extensions)
        self._views = dict(self.app.view_functions)

    @property
    def is_bound(self) -> bool:
        """The limiter, which serves whichever app was made last, counts in memory as this one has it count."""
        return isinstance(limiter.storage, MemoryStorage)

    def begin(self, settings: Settings) -> Flask:
        """The app as it was made, with an instance folder of its own; its database is the caller's to empty."""
        app = self.app
        for kept, was in (
            (app.config, {**self._config, "SETTINGS": settings}),
            (app.extensions, _copied(self._extensions)),
            (app.view_functions, self._views),
        ):
            kept.clear()
            kept.update(was)
        app.instance_path = str(settings.instance_path)
        limiter.reset()
        return app

    def close(self) -> None:
        """Let go of the database, but keep what was compiled for it."""
        with self.app.app_context():
            db.engine.dispose()


def _write_when_you_like(connection: sqlite3.Connection, _record: Any) -> None:
    # Whatever a test loses with the machine, nobody misses.
    connection.execute("PRAGMA synchronous = OFF")


def _copied(extensions: dict[str, Any]) -> dict[str, Any]:
    """What the app keeps by name, with dictionaries and sets of its own."""
    return {name: copy.copy(kept) if isinstance(kept, dict | set) else kept for name, kept in extensions.items()}
