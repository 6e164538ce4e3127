"""Writes docs/permissions.md: walks every route as everybody, over a college made for it and thrown away."""

import tempfile
from pathlib import Path

from app import create_app
from config import CHECKOUT
from tests.conftest import make_settings, migrate
from tests.pages.walking import make_ground, page


def main() -> None:
    """Write the page."""
    with tempfile.TemporaryDirectory(prefix="qunbei-permissions-") as name:
        folder = Path(name)
        database = folder / "walk.sqlite3"
        migrate(f"sqlite:///{database}", folder)
        app = create_app(make_settings(f"sqlite:///{database}", folder))
        app.config["TESTING"] = True
        (CHECKOUT / "docs" / "permissions.md").write_text(page(make_ground(app, database)))


if __name__ == "__main__":
    main()
