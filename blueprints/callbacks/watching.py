"""What the callbacks tell of themselves: how many came of each kind, how long each took, and what was refused or left.

Whatever is logged or counted here names no person and quotes nothing of what was sent: anybody may send it.
"""

import logging
import re
import threading
import time

from flask import Blueprint, Response, current_app, g

from blueprints.metrics.instruments import CALLBACK_TIME, CALLBACKS, FAILED, OK, OTHER, REFUSED, UNREAD
from messaging.platforms.wecom_callbacks import LONGEST_KIND, CallbackRefused, OtherEvent

log = logging.getLogger(__name__)

#: Seconds between two lines about what is refused for one reason.
SELDOM = 60.0
#: WeCom tells whenever somebody opens the app [90240]: as many lines would hide the others.
AT_EACH_VISIT = frozenset({"enter_agent"})
#: What may stand in the name of an event; no other sign of it is logged.
UNNAMED = re.compile(r"[^0-9A-Za-z_.-]")


def watch(callbacks: Blueprint) -> None:
    """Count and time every call of these addresses, whatever comes of it."""
    callbacks.before_request(_begin)
    callbacks.after_request(_end)


def name_kind(kind: str) -> None:
    """Say what the call at hand turned out to be."""
    g.callback_kind = kind


def leave(event: OtherEvent) -> None:
    """Take an event that concerns nobody here."""
    name_kind(OTHER)
    level = logging.DEBUG if event.kind in AT_EACH_VISIT else logging.INFO
    log.log(level, "callback left: %s", UNNAMED.sub("", event.kind)[:LONGEST_KIND] or "unnamed")


def note_refused(refused: CallbackRefused) -> None:
    """Log the refusal, unless one like it was logged within the minute: then it is counted for the next line."""
    lines: _Seldom = current_app.extensions.setdefault("refused_callbacks", _Seldom())
    # By status and reason, of which there are a handful.
    kept_back = lines.due(str(refused))
    if kept_back is not None:
        log.warning("callback refused: %s (%s more before)", refused, kept_back)


class _Seldom:
    """When a line of one kind is due again, and how many were kept back; for all threads of a process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lines: dict[str, tuple[float, int]] = {}

    def due(self, kind: str) -> int | None:
        """How many lines of this kind were kept back before this one; None: it is kept back as well."""
        now = time.monotonic()
        with self._lock:
            logged_at, kept_back = self._lines.get(kind, (float("-inf"), 0))
            if now - logged_at < SELDOM:
                self._lines[kind] = (logged_at, kept_back + 1)
                return None
            self._lines[kind] = (now, 0)
            return kept_back


def _begin() -> None:
    g.callback_began = time.perf_counter()
    g.callback_kind = UNREAD


def _end(response: Response) -> Response:
    status = response.status_code
    outcome = OK if status < 400 else REFUSED if status < 500 else FAILED
    CALLBACKS.labels(g.callback_kind, outcome).inc()
    CALLBACK_TIME.labels(g.callback_kind).observe(time.perf_counter() - g.callback_began)
    return response
