"""What the checks look at, and what they answer."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from regulation.words import FilingKind, Platform, Tier


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

    @property
    def text(self) -> str:
        """All of it in one line, as shown beside the field: article, what is wrong, what to do."""
        return f"{self.article}：{self.sentence}{self.remedy}"


@dataclass(frozen=True)
class Proposal:
    """A filing as plain values. `today` is the college's date when it is checked; `former_short_names` are what the
    unit was called before: a name that begins with one of them is proposed with the present one instead."""

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


def refuse(article: str, field: str, sentence: str, remedy: str) -> Finding:
    """A finding that must be put right before the filing can be submitted."""
    return Finding(article, Severity.REFUSE, field, sentence, remedy)


def warn(article: str, field: str, sentence: str, remedy: str) -> Finding:
    """A finding that is shown and may stand."""
    return Finding(article, Severity.WARN, field, sentence, remedy)
