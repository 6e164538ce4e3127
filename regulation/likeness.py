"""第十二条 asks that no group stays without need: whether two groups of a unit may be one team's.

Two texts are largely the same when they share most of their pairs of neighbouring characters (Dice's measure, from 0 to
1). Two groups are alike when two of the three are largely the same: name, 平台用途, 成员组成. Names that are told
apart by a number (1班, 2班) mean different groups, whatever else they share.
"""

import re
from typing import NamedTuple

from regulation.text import fold_name, is_blank

#: From here on two texts count as largely the same.
SHARE = 0.6
#: What is read of a long text: enough to tell, and little to compare.
LONGEST = 200
_NUMBERS = re.compile("[0-9]+|[一二三四五六七八九十]+")


class Description(NamedTuple):
    """What two groups are compared by; the name without what all names of its unit begin with."""

    name: str
    purpose: str
    composition: str


def are_alike(one: Description, other: Description) -> bool:
    """Whether the two may be one team's."""
    numbers, others = (_NUMBERS.findall(fold_name(group.name)) for group in (one, other))
    if numbers != others and numbers and others:
        return False
    return sum(_is_largely(mine, theirs) for mine, theirs in zip(one, other, strict=True)) >= 2


def _is_largely(one: str, other: str) -> bool:
    return not is_blank(one) and _share(fold_name(one)[:LONGEST], fold_name(other)[:LONGEST]) >= SHARE


def _share(one: str, other: str) -> float:
    mine, theirs = _pairs(one), _pairs(other)
    return 2 * len(mine & theirs) / (len(mine) + len(theirs))


def _pairs(text: str) -> set[str]:
    """Each character with the next; one alone stands for itself."""
    return {text[at : at + 2] for at in range(max(len(text) - 1, 1))}
