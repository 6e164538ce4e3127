"""第九条: a group is called 单位简称+群名."""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import NamedTuple

from regulation.findings import Finding, Proposal, refuse
from regulation.text import is_blank, normalize_name
from regulation.words import Tier

COLLEGE = "{college}"
UNIT = "{unit}"
PREFIX_PATTERNS = (COLLEGE, UNIT, COLLEGE + UNIT)

_SEPARATORS = " -—_·:："
# For a name that has nothing but its prefix. No two begin alike, so no short name can make all of them
# read as a prefix typed twice, and one always makes an acceptable name.
_NEUTRAL_WORDS = ("工作群", "交流群", "通知群")


class Prefix(NamedTuple):
    """What a name may begin with, and the short name that stands last in it."""

    text: str
    last: str


class Fault(NamedTuple):
    """What is wrong with a name, and what else than another name might put it right."""

    sentence: str
    alternative: str = ""


@dataclass(frozen=True)
class Naming:
    """The college's names, and the prefix patterns each tier may use, the preferred one first."""

    college_name: str
    college_short_name: str
    patterns: Mapping[Tier, tuple[str, ...]] = field(hash=False)

    def findings(self, proposal: Proposal) -> Iterator[Finding]:
        """At most one refusal of the proposed name, with a name that would do (第九条)."""
        tier, unit = proposal.tier, proposal.unit_short_name
        fault = self._fault(tier, proposal.name, unit)
        if fault:
            suggestion = self.succeed(tier, proposal.name, unit, proposal.former_short_names)
            yield refuse("第九条", "name", fault.sentence, f"{fault.alternative}建议改为「{suggestion}」。")

    def succeed(self, tier: Tier, name: str, unit_short_name: str, former_short_names: Iterable[str]) -> str:
        """The name for a group whose unit was called otherwise: a former prefix gives way to the present one.

        The name itself where it fits the unit as it is called now.
        """
        name, unit = normalize_name(name), normalize_name(unit_short_name)
        former = (normalize_name(short_name) for short_name in former_short_names)
        outdated = _longest(name, [prefix for short in former if short for prefix in self._prefixes(tier, short)])
        present = _longest(name, self._prefixes(tier, unit)) if unit else None
        # 护理系 that is now 护理: the name begins with both, and the longer is what was meant.
        if outdated and (present is None or len(outdated.text) > len(present.text)):
            name = name[len(outdated.text) :].lstrip(_SEPARATORS)
        return self._suggest(tier, name, unit_short_name)

    def _suggest(self, tier: Tier, name: str, unit_short_name: str) -> str:
        """A name of 第九条 as near as possible to the one given, which is answered itself if it will do.

        While no department is chosen (a blank short name) the college's stands in for it.
        """
        unit = normalize_name(unit_short_name) or self.college_short_name
        name = normalize_name(name)
        prefixes = self._prefixes(tier, unit)
        neutral = (prefix.text + word for prefix, word in product(prefixes, _NEUTRAL_WORDS))
        candidates = (name, self._repair(name, prefixes), *neutral)
        return next(candidate for candidate in candidates if not self._fault(tier, candidate, unit))

    def _prefixes(self, tier: Tier, unit: str) -> list[Prefix]:
        """What this tier's names may begin with for this unit."""
        patterns = self.patterns[tier]
        if _begins(unit, self.college_short_name):
            patterns = tuple(UNIT if pattern == COLLEGE + UNIT else pattern for pattern in patterns)
        return [self._prefix(pattern, unit) for pattern in patterns]

    def _prefix(self, pattern: str, unit: str) -> Prefix:
        text = pattern.replace(COLLEGE, self.college_short_name).replace(UNIT, unit)
        return Prefix(text, unit if pattern.endswith(UNIT) else self.college_short_name)

    def _fault(self, tier: Tier, name: str, unit_short_name: str) -> Fault | None:
        """What is wrong with the name; None if it will do."""
        name, unit = normalize_name(name), normalize_name(unit_short_name)
        if not unit and any(UNIT in pattern for pattern in self.patterns[tier]):
            return None  # The form asks for the department first.
        prefix = _longest(name, self._prefixes(tier, unit))
        if prefix is None:
            return self._fault_of_beginning(tier, name)
        rest = name[len(prefix.text) :]
        if is_blank(rest):
            return Fault(f"群名应为“单位简称+群名”，不能只有单位简称“{prefix.text}”。")
        return Fault(f"单位简称“{prefix.last}”在群名开头重复了。") if _repeats(prefix, rest) else None

    def _fault_of_beginning(self, tier: Tier, name: str) -> Fault:
        """What to say of a name that begins with none of its tier's prefixes."""
        if not _begins(name, self.college_short_name):
            return Fault("群名应为“单位简称+群名”。")
        return Fault(
            f"建群主体是“{tier.label}”，群名却以学院简称“{self.college_short_name}”开头。",
            f"如以学院名义建群请选择“{Tier.COLLEGE.label}”，否则",
        )

    def _repair(self, name: str, prefixes: list[Prefix]) -> str:
        """The name with one prefix: put before it when it has none, repetitions taken out when it has."""
        name = self._without_college(name, prefixes)
        prefix = _longest(name, prefixes)
        if prefix is None:
            return prefixes[0].text + name
        rest = name[len(prefix.text) :]
        while repeated := _repeats(prefix, rest):
            rest = rest.lstrip(_SEPARATORS)[len(repeated) :]
        return prefix.text + rest

    def _without_college(self, name: str, prefixes: list[Prefix]) -> str:
        """The name without the college's in front, where an allowed prefix does not begin with it anyhow."""
        college_names = (self.college_name, self.college_short_name)
        while not _longest(name, prefixes) and (found := _first_beginning(name, college_names)):
            name = name[len(found) :].lstrip(_SEPARATORS)
        return name


def _longest(name: str, prefixes: list[Prefix]) -> Prefix | None:
    """The longest of the prefixes that the name begins with."""
    matching = [prefix for prefix in prefixes if _begins(name, prefix.text)]
    return max(matching, key=lambda prefix: len(prefix.text), default=None)


def _repeats(prefix: Prefix, rest: str) -> str:
    """Which part of the prefix follows it a second time, or ""."""
    return _first_beginning(rest.lstrip(_SEPARATORS), (prefix.text, prefix.last))


def _first_beginning(text: str, beginnings: tuple[str, ...]) -> str:
    return next((beginning for beginning in beginnings if _begins(text, beginning)), "")


def _begins(text: str, beginning: str) -> bool:
    """Whether the text begins so, full-width and half-width, upper and lower case taken as the same."""
    return _fold(text[: len(beginning)]) == _fold(beginning)


def _fold(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()
