"""What an endpoint is given: one call of the platform's API."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from simulator.errors import ApiError

if TYPE_CHECKING:
    from simulator.state import State

# A backslash-u escape that is not itself escaped; ASCII ones do no harm.
NON_ASCII_ESCAPE = re.compile(rb"(?<!\\)(?:\\\\)*\\u(?!00[0-7])[0-9a-fA-F]{4}")


@dataclass
class Call:
    """Query arguments and JSON body of a call, and whose access token it carries ("app" or "contacts")."""

    state: "State"
    args: Mapping[str, str]
    body: dict[str, Any] = field(default_factory=dict)
    caller: str = ""

    def number(self, name: str) -> int | None:
        """A query argument as a number; None when absent. Raises ApiError 60123, as only department ids are."""
        value = self.args.get(name)
        if value in (None, ""):
            return None
        if not str(value).isdecimal():
            raise ApiError(60123, f"{name} must be a number")
        return int(str(value))


@dataclass(frozen=True)
class Endpoint:
    """One address below /cgi-bin/: its method, who may call it, and what it does."""

    method: str
    act: Callable[[Call], dict[str, Any]]
    callers: frozenset[str] = frozenset({"app"})


def parse_body(raw: bytes) -> tuple[dict[str, Any], bool]:
    """The JSON object in `raw` and whether it was one; the header's content type does not matter. Raises 40033."""
    if NON_ASCII_ESCAPE.search(raw):
        raise ApiError(40033, "send raw UTF-8 instead of \\u escapes")
    try:
        body = json.loads(raw) if raw else {}
    except ValueError:
        return {}, False
    return (body, True) if isinstance(body, dict) else ({}, False)
