"""Failures that a test orders in advance, and the count of calls."""

import re
from collections import Counter
from dataclasses import dataclass


@dataclass
class Fault:
    """How the next `times` calls of `path` fail; with `userid` only those that concern that member.

    `after` lets the call take effect first: the work is done and only its answer is lost.
    """

    path: str
    errcode: int | None = None
    http_status: int | None = None
    delay_ms: int = 0
    times: int = 1
    userid: str = ""
    after: bool = False

    def concerns(self, text: str) -> bool:
        """Whether a call with this text is one of those to fail."""
        whole = rf"(?<![\w.-]){re.escape(self.userid)}(?![\w.-])"
        return not self.userid or re.search(whole, text, re.IGNORECASE) is not None


class Faults:
    """The failures still to come, in the order they were asked for."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Lets `fault` happen after those already asked for."""
        self._waiting.append(fault)

    def take(self, path: str, concerns: str) -> Fault | None:
        """The fault for this call, if there is one; `concerns` is the call's text that would name a member."""
        for fault in self._waiting:
            if fault.path == path and fault.concerns(concerns):
                fault.times -= 1
                if fault.times <= 0:
                    self._waiting.remove(fault)
                return fault
        return None

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
