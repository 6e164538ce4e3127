"""Failures that a test orders in advance, and the count of calls."""

import re
from collections import Counter
from dataclasses import dataclass

from simulator.rates import EVERY_PATH, MINUTE


@dataclass
class Fault:
    """How the next `times` calls of `path` fail; with `userid` only those that concern that member.

    The path `*` stands for all of them; `times` None lasts until the faults are forgotten. `hang_up` closes the
    connection without an answer. `after` lets the call take effect first: only its answer is late or lost. A 45009 lets
    the path be refused for `block_seconds` more, as the minute's rule does [90312].
    """

    path: str
    errcode: int | None = None
    http_status: int | None = None
    hang_up: bool = False
    delay_ms: int = 0
    times: int | None = 1
    userid: str = ""
    after: bool = False
    block_seconds: float = MINUTE

    @property
    def is_only_late(self) -> bool:
        """Whether the call succeeds all the same."""
        return self.errcode is None and self.http_status is None and not self.hang_up

    def concerns(self, path: str, text: str) -> bool:
        """Whether a call of `path` with this text is one of those to fail."""
        whole = rf"(?<![\w.-]){re.escape(self.userid)}(?![\w.-])"
        named = not self.userid or re.search(whole, text, re.IGNORECASE) is not None
        return self.path in (path, EVERY_PATH) and named


class Faults:
    """The failures still to come, in the order they were asked for."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Lets `fault` happen after those already asked for."""
        self._waiting.append(fault)

    def take(self, path: str, text: str) -> Fault | None:
        """The fault for this call, if there is one; `text` is that part of the call which would name a member."""
        for fault in self._waiting:
            if fault.concerns(path, text):
                if fault.times is not None:
                    fault.times -= 1
                    if fault.times <= 0:
                        self._waiting.remove(fault)
                return fault
        return None

    def waiting(self) -> list[Fault]:
        """Those that have not happened as often as they were asked for."""
        return list(self._waiting)

    def clear(self) -> None:
        """Forgets every fault that has not happened."""
        self._waiting.clear()


class Calls:
    """How often each path was called, and how often it failed with which code."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.errors: dict[str, Counter[int]] = {}

    def count(self, path: str, errcode: int) -> None:
        """Counts one call that ended with `errcode` (0 when it succeeded)."""
        self.counts[path] += 1
        if errcode:
            self.errors.setdefault(path, Counter())[errcode] += 1
