"""Files that are sent: a view that takes them says how much, and every other one keeps the service's small limit."""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from flask import Flask, current_app, request

View = TypeVar("View", bound=Callable[..., Any])


class Allowance(NamedTuple):
    """How many bytes a view's request may have, and what to say of more."""

    most: int
    sentence: str


def accepts_files(*, most: int, sentence: str) -> Callable[[View], View]:
    """Let the view's requests be as large as this; a larger one is refused by a page with the sentence."""

    def mark(view: View) -> View:
        view.allowance = Allowance(most, sentence)  # type: ignore[attr-defined]
        return view

    return mark


def init_uploads(app: Flask) -> None:
    """Raise the limit where a view says so: before the check of the form's token, which reads the whole request."""
    app.url_value_preprocessor(_raise_limit)


def allowance_of(endpoint: str | None) -> Allowance | None:
    """What the view of this endpoint takes, if it takes files."""
    return getattr(current_app.view_functions.get(endpoint or ""), "allowance", None)


def _raise_limit(endpoint: str | None, _values: dict[str, Any] | None) -> None:
    # What is typed beside the files keeps its limit (MAX_FORM_MEMORY_SIZE); the files themselves go to the disk.
    if (allowance := allowance_of(endpoint)) is not None:
        request.max_content_length = allowance.most
