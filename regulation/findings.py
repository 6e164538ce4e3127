"""What the checks look at, and what they answer."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from regulation.words import DepartmentKind, FilingKind, Platform, Tier


class Severity(StrEnum):
    """REFUSE keeps a filing from being submitted; WARN is shown to whoever files, approves and registers."""

    REFUSE = "refuse"
    WARN = "warn"


@dataclass(frozen=True)
class Finding:
    """One thing the regulation says about a proposal."""

    article: str
    severity: Severity
    field: str
    """The form field it is shown beside."""
    sentence: str
    remedy: str
    suggestion: str = ""
    """The name that is proposed instead, where one is."""
    college_suggestion: str = ""
    """The name in the college's own name, where it may be that this was meant."""

    @property
    def text(self) -> str:
        """All of it in one line, as shown beside the field: article, what is wrong, what to do."""
        return f"{self.article}：{self.sentence}{self.remedy}"


@dataclass(frozen=True)
class Named:
    """Somebody whom a filing names. `groups`: how many other live groups they answer for already."""

    role: str
    """responsible, owner or administrator: the field that findings about them stand beside."""
    name: str
    job_titles: tuple[str, ...] = ()
    """职务 as typed, and as the directory has it."""
    person_id: int | None = None
    """Who they are in the directory; None for people from outside the college."""
    groups: int = 0

    def is_same(self, other: "Named") -> bool:
        """Whether both are one person; where the directory does not know one of them, their names tell."""
        if self.person_id is not None and other.person_id is not None:
            return self.person_id == other.person_id
        return self.name == other.name


@dataclass(frozen=True)
class Proposal:
    """A filing as plain values. `today` is the college's date when it is checked; `former_short_names` are what the
    unit was called before: a name that begins with one of them is proposed with the present one instead.
    `taken_names` are the folded names of the unit's other live groups on the platform: none of them is proposed."""

    kind: FilingKind
    tier: Tier
    platform: Platform
    name: str
    number: str
    member_count: int | None
    size_reason: str
    composition: str
    is_project: bool
    opened_on: date | None
    ends_on: date | None
    unit_short_name: str
    today: date
    other_platform: str = ""
    former_short_names: tuple[str, ...] = ()
    taken_names: frozenset[str] = frozenset()
    unit_kind: DepartmentKind | None = None
    purpose: str = ""
    owner_account: str = ""
    people: tuple[Named, ...] = ()


def refuse(article: str, field: str, sentence: str, remedy: str, *suggestions: str) -> Finding:
    """A finding that must be put right before the filing can be submitted."""
    return Finding(article, Severity.REFUSE, field, sentence, remedy, *suggestions)


def warn(article: str, field: str, sentence: str, remedy: str, *suggestions: str) -> Finding:
    """A finding that is shown and may stand."""
    return Finding(article, Severity.WARN, field, sentence, remedy, *suggestions)
