"""第九条: a group is called 单位简称+群名."""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import product
from typing import NamedTuple

from regulation.findings import Finding, Proposal, refuse, warn
from regulation.text import fold_name, is_blank, normalize_name
from regulation.words import FilingKind, Tier

COLLEGE = "{college}"
UNIT = "{unit}"
PREFIX_PATTERNS = (COLLEGE, UNIT, COLLEGE + UNIT)

_SEPARATORS = " -—_·:："
# For a name that has nothing but its prefix. No two begin alike, so no short name can make all of them
# read as a prefix typed twice, and one always makes an acceptable name.
_NEUTRAL_WORDS = ("工作群", "交流群", "通知群")
# What groups are for, in a word that a name can take in: those that the filing itself says tell two groups apart.
_PURPOSE_WORDS = (
    *("教学", "教研", "科研", "党建", "党务", "团务", "学生", "教师", "实习", "就业", "招生", "考试", "竞赛"),
    *("培训", "会议", "活动", "值班", "家长", "通知", "交流", "工作"),
)


class Prefix(NamedTuple):
    """What a name may begin with, and the short name that stands last in it."""

    text: str
    last: str


class Fault(NamedTuple):
    """What is wrong with a name, and what else than another name might put it right."""

    sentence: str
    alternative: str = ""
    """How it may stand after all, in the college's own name."""


@dataclass(frozen=True)
class Naming:
    """The college's names, and the prefix patterns each tier may use, the preferred one first."""

    college_name: str
    college_short_name: str
    patterns: Mapping[Tier, tuple[str, ...]] = field(hash=False)

    def findings(self, proposal: Proposal, *, rename_within: int, longest: int | None) -> Iterator[Finding]:
        """At most one finding on the proposed name, with a name that would do (第九条).

        A group that ran before it is filed (第八条末款) keeps its name for `rename_within` days after it is registered.
        `longest` is how many characters the platform has room for, if that is known.
        """
        fault = self._fault(proposal.tier, proposal.name, proposal.unit_short_name)
        if fault:
            yield self._refusal(proposal, fault, rename_within, longest)
        elif longest is not None and len(proposal.name) > longest:
            yield self._too_long(proposal, longest)

    def _refusal(self, proposal: Proposal, fault: Fault, rename_within: int, longest: int | None) -> Finding:
        suggestion = self.propose(proposal, longest)
        remedy = f"{fault.alternative}建议改为「{suggestion}」。"
        in_college = replace(proposal, tier=Tier.COLLEGE)
        college_suggestion = self.propose(in_college, longest) if fault.alternative else ""
        if proposal.kind is FilingKind.RETROACTIVE:
            remedy = f"须改名：可先补办备案，备案后{rename_within}天内改名并报备。{remedy}"
            return warn("第九条", "name", fault.sentence, remedy, suggestion, college_suggestion)
        return refuse("第九条", "name", fault.sentence, remedy, suggestion, college_suggestion)

    def _too_long(self, proposal: Proposal, longest: int) -> Finding:
        count, suggestion = len(proposal.name), self.propose(proposal, longest)
        rule = f"{proposal.platform.label}的群名最多{longest}个字，这个群名有{count}个字，平台会截去后面的部分。"
        if len(suggestion) > longest:  # The prefix alone leaves no room.
            return warn("第九条", "name", rule, "请系统管理员设置较短的单位简称。")
        return warn("第九条", "name", rule, f"建议缩短为「{suggestion}」。", suggestion)

    def breaks(self, tier: Tier, name: str, unit_short_name: str) -> bool:
        """Whether the name is not one of 第九条 for a group of this tier and unit."""
        return self._fault(tier, name, unit_short_name) is not None

    def begins_with_college(self, name: str, unit_short_name: str) -> str:
        """Which of the college's names stands in front, where it is not part of what the unit's names begin with."""
        unit, college_names = normalize_name(unit_short_name), (self.college_name, self.college_short_name)
        found = _first_beginning(normalize_name(name), college_names)
        rest = normalize_name(name)[len(found) :].lstrip(_SEPARATORS)
        of_unit = bool(unit) and (_begins(rest, unit) or (_begins(unit, found) and _begins(name, unit)))
        return "" if of_unit else found

    def propose(self, proposal: Proposal, longest: int | None) -> str:
        """A name of 第九条 near the one given, that no other group of the unit has and that the platform has room for.

        It is the given one itself where that will do. Where there is no room for any, one that is too long.
        """
        tier, unit = proposal.tier, proposal.unit_short_name
        near = self.succeed(tier, proposal.name, unit, proposal.former_short_names)
        for room in dict.fromkeys((longest, None)):
            for candidate in _variants(
                near, f"{proposal.purpose}{proposal.composition}", len(proposal.taken_names), room
            ):
                is_free = fold_name(candidate) not in proposal.taken_names
                if is_free and not self._fault(tier, candidate, unit):
                    return candidate
        return near

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
            return self._fault_of_beginning(tier, name, unit)
        rest = name[len(prefix.text) :]
        if is_blank(rest):
            return Fault(f"群名应为“单位简称+群名”，不能只有单位简称“{prefix.text}”。")
        return Fault(f"单位简称“{prefix.last}”在群名开头重复了。") if _repeats(prefix, rest) else None

    def _fault_of_beginning(self, tier: Tier, name: str, unit: str) -> Fault:
        """What to say of a name that begins with none of its tier's prefixes."""
        college = self.begins_with_college(name, unit) if tier is not Tier.COLLEGE else ""
        if not college:
            return Fault("群名应为“单位简称+群名”。")
        word = "简称" if college == self.college_short_name else "名称"
        return Fault(
            f"建群主体是“{tier.label}”，群名却以学院{word}“{college}”开头。",
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


def _variants(name: str, said: str, number: int, room: int | None) -> Iterator[str]:
    """The name, then it with a word of what the group is for, then counted: each cut to the room that there is."""
    ending = "群" if name.endswith("群") else ""
    stem = name.removesuffix(ending)
    words = [*(word for word in _PURPOSE_WORDS if word in said), *(word.removesuffix("群") for word in _NEUTRAL_WORDS)]
    endings = [ending, *(f"{word}群" for word in dict.fromkeys(words) if not stem.endswith(word))]
    endings += [f"{count}群" for count in range(2, number + 4)]
    for end in endings:
        if room is None or len(end) < room:
            yield (stem if room is None else stem[: room - len(end)]).rstrip() + end


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
