"""How to send the SQL of a recorded request again for another object.

Two requests of the same kind are compared. Where their parameters agree they are constants; where they differ,
each comes from the request's own key, from a row that an earlier statement found, from the clock, or was made up
on the spot (a uuid, a hash).
"""

import re
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

SQLITE_MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}")


@dataclass
class Statement:
    """One statement as the driver got it, and the rows it gave."""

    sql: str
    parameters: Any
    many: bool = False
    rows: list[Any] = field(default_factory=list)


@dataclass(frozen=True)
class Known:
    """A parameter that is the same for every object."""

    value: Any


@dataclass(frozen=True)
class Key:
    """The request's own key, of this type."""

    type: type


@dataclass(frozen=True)
class Found:
    """A value that an earlier statement of the same request gave."""

    statement: int
    row: int
    column: int


@dataclass(frozen=True)
class Moment:
    """The time of the request; as text for SQLite."""

    as_text: bool


@dataclass(frozen=True)
class MadeUp:
    """A text that no other request has, of this one's length; the same wherever this one stood."""

    recorded: str


Source = Known | Key | Found | Moment | MadeUp


@dataclass(frozen=True)
class Recipe:
    """One statement whose parameters stand as sources, in the shape the driver wants them."""

    sql: str
    parameters: Any
    many: bool


def recipes(keys: Sequence[Any], first: Sequence[Statement], second: Sequence[Statement]) -> list[Recipe]:
    """How to send, for any key, what was recorded for these two; raises ValueError if they differ in more."""
    if [s.sql for s in first] != [s.sql for s in second]:
        raise ValueError("the two recorded requests did not send the same statements")
    found = list(_found(first, second))
    return [
        Recipe(mine.sql, _sources(keys, found, number, mine.parameters, other.parameters), mine.many)
        for number, (mine, other) in enumerate(zip(first, second, strict=True))
    ]


def _found(first: Sequence[Statement], second: Sequence[Statement]) -> Iterator[tuple[tuple[Any, Any], Found]]:
    for number, (mine, other) in enumerate(zip(first, second, strict=True)):
        for row, values in enumerate(zip(mine.rows, other.rows, strict=False)):
            yield from ((pair, Found(number, row, n)) for n, pair in enumerate(zip(*values, strict=True)))


def _sources(keys: Sequence[Any], found: list[tuple[tuple[Any, Any], Found]], number: int, a: Any, b: Any) -> Any:
    """The sources of a statement's parameters, which may be nested in lists, tuples and mappings."""
    if isinstance(a, dict):
        return {name: _sources(keys, found, number, a[name], b[name]) for name in a}
    if isinstance(a, list | tuple):
        return [_sources(keys, found, number, mine, other) for mine, other in zip(a, b, strict=True)]
    if a == b:
        return Known(a)
    if [str(a), str(b)] == [str(key) for key in keys]:
        return Key(type(a))
    earlier = (place for pair, place in found if pair == (a, b) and place.statement < number)
    return next(earlier, None) or _made(a)


def _made(value: Any) -> Source:
    if isinstance(value, datetime):
        return Moment(as_text=False)
    if not isinstance(value, str) or value.startswith("{"):  # a card: its wording makes no difference
        return Known(value)
    return Moment(as_text=True) if SQLITE_MOMENT.fullmatch(value) else MadeUp(value)


class Values:
    """The parameters of one request: its key, what its statements have found so far, what it made up."""

    def __init__(self, key: str) -> None:
        self._key = key
        self._made_up: dict[str, str] = {}
        self.rows: list[list[Any]] = []

    def of(self, source: Any) -> Any:
        """The value of a source, or of a list or mapping of them."""
        match source:
            case Known(value):
                return value
            case Key(kind):
                return kind(self._key)
            case Found(statement, row, column):
                return self.rows[statement][row][column]
            case Moment(as_text):
                now = datetime.now(UTC)
                return f"{now:%Y-%m-%d %H:%M:%S.%f}" if as_text else now
            case MadeUp(recorded):
                return self._made_up.setdefault(recorded, secrets.token_hex(len(recorded))[: len(recorded)])
            case dict():
                return {name: self.of(value) for name, value in source.items()}
        return [self.of(value) for value in source]
