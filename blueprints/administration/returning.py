"""The way back to the list somebody came from: `back` in the address names it, and only a page of ours counts."""

from flask import request

from blueprints.guards import safe_target


def came_from() -> str:
    """The page of ours that the address says one came from, or an empty text."""
    asked = request.args.get("back", "")
    return asked if safe_target(asked) == asked else ""


def here() -> str:
    """The address of the page at hand, for forms that stay on it and links that lead back to it."""
    return request.full_path.rstrip("?")
