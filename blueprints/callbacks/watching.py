"""What the callbacks tell of themselves: how many came of each kind, and how long each took."""

import time

from flask import Blueprint, Response, g

from blueprints.metrics.instruments import CALLBACK_TIME, CALLBACKS, FAILED, OK, REFUSED, UNREAD


def watch(callbacks: Blueprint) -> None:
    """Count and time every call of these addresses, whatever comes of it."""
    callbacks.before_request(_begin)
    callbacks.after_request(_end)


def name_kind(kind: str) -> None:
    """Say what the call at hand turned out to be."""
    g.callback_kind = kind


def _begin() -> None:
    g.callback_began = time.perf_counter()
    g.callback_kind = UNREAD


def _end(response: Response) -> Response:
    status = response.status_code
    outcome = OK if status < 400 else REFUSED if status < 500 else FAILED
    CALLBACKS.labels(g.callback_kind, outcome).inc()
    CALLBACK_TIME.labels(g.callback_kind).observe(time.perf_counter() - g.callback_began)
    return response
