"""Lists are paged by key: `?before=` names the last row of the page before."""

from flask import request

from blueprints.guards import LARGEST_ID


def asked_before(name: str = "before") -> int | None:
    """The key to read on from, or None for the newest page; what is no key is taken as none."""
    key = request.args.get(name, "")
    return int(key) if key.isascii() and key.isdigit() and len(key) < 11 and int(key) <= LARGEST_ID else None
