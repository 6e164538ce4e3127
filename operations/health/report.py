"""What an examination of the service says: areas of checks; each names the first of what it found and counts all."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum

#: Of each check so many findings are named; the rest are counted.
MOST_NAMED = 5


class Level(IntEnum):
    """How bad it is. A HINT is worth a look and nothing is wrong; at CARE something will go wrong; at FAULT it does."""

    FINE = 0
    HINT = 1
    CARE = 2
    FAULT = 3

    @property
    def label(self) -> str:
        return {0: "正常", 1: "有提示", 2: "待完善", 3: "需处理"}[self.value]


class Place(StrEnum):
    """Where something is mended: a page, or (RESEND) a button."""

    APPOINT = "appoint"
    DEPARTMENT = "department"
    DEPARTMENTS = "departments"
    DIRECTORY = "directory"
    GROUP = "group"
    HANDOVERS = "handovers"
    MESSAGES = "messages"
    NAMES = "names"
    PEOPLE = "people"
    PERSON = "person"
    POSTS = "posts"
    RESEND = "resend"


@dataclass(frozen=True)
class Way:
    """The way to what mends a finding: the place, the words on the button, and what the place must know."""

    place: Place
    label: str
    ids: dict[str, int | str] = field(default_factory=dict)


@dataclass(frozen=True)
class Row:
    """One finding, in words for an administrator. Where these name a person (`names_people`), `subject` says it
    without a name, for a terminal, whose output may end in a log or a mail."""

    text: str
    subject: str
    way: Way | None = None
    detail: str = ""
    names_people: bool = False

    @property
    def nameless(self) -> str:
        """The finding as a terminal is told it: departments and posts by name, people by their accounts."""
        said = self.subject if self.names_people else self.text
        return f"{said}（{self.detail}）" if self.detail else said


@dataclass(frozen=True)
class Check:
    """What one question found. `count` counts all of it, `rows` names the first.

    `said` is what it means; a check that is fine says something only where that is worth knowing.
    """

    title: str
    level: Level
    said: str
    count: int = 0
    rows: Sequence[Row] = ()
    way: Way | None = None


@dataclass(frozen=True)
class Area:
    """The checks about one thing, by a code word for the page's own links and a name."""

    code: str
    name: str
    checks: Sequence[Check]

    @property
    def level(self) -> Level:
        return max((check.level for check in self.checks), default=Level.FINE)

    @property
    def findings(self) -> list[Check]:
        """The checks that found something, the worst first."""
        return sorted((c for c in self.checks if c.level > Level.FINE), key=lambda check: -check.level)


def found(
    title: str, level: Level, said: str, rows: Iterable[Row], *, count: int | None = None, way: Way | None = None
) -> Check:
    """The check with these findings, cut at the bound; fine where there are none."""
    listed = list(rows)
    number = len(listed) if count is None else count
    return Check(title, level, said, number, listed[:MOST_NAMED], way) if number else Check(title, Level.FINE, "")
