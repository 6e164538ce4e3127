"""实名昵称核对: whether the nicknames in a group are 实名+部门, as 第九条 asks, by a directory that is handed in."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from regulation.text import fold_name, visible

#: For each name, the departments (by all their names) of each person who bears it.
People = Mapping[str, Sequence[Sequence[str]]]

#: What stands between name and department. A point may be part of a name (阿依·古丽): see `_at_point`.
_SEPARATOR = re.compile(r"[\s+\-—–−_/、|]+")
_POINT = "·"
_POINTS = re.compile("[•‧・∙⋅•]")
#: What exports and lists put around a nickname.
_TAG = re.compile(r"^[\[【(](?:群主|管理员|群管理|机器人)[\])】]|[\[【(](?:群主|管理员|群管理|机器人)[\])】]$")
_COUNTED = re.compile(r"^[(\[]?\d{1,4}(?:[)\].、:]+\s*|\s+)")
_ACCOUNT = re.compile(r"(?:\(\s*\d{5,12}\s*\)|<[^<>]*>)$")
_CELLS = re.compile(r"[\t,，;；]")
_HEADINGS = {"序号", "昵称", "群昵称", "群名片", "成员", "姓名", "qq", "qq号", "成员名单"}


class Fault(StrEnum):
    """Why a nickname does not fit."""

    NO_DEPARTMENT = "no_department"
    NO_NAME = "no_name"
    ONLY_NICKNAME = "only_nickname"
    REVERSED = "reversed"
    NO_PLUS = "no_plus"
    UNKNOWN = "unknown"
    MISPLACED = "misplaced"

    @property
    def label(self) -> str:
        return _LABELS[self]


_LABELS = {
    Fault.NO_DEPARTMENT: "缺少部门",
    Fault.NO_NAME: "缺少姓名",
    Fault.ONLY_NICKNAME: "只有昵称",
    Fault.REVERSED: "姓名应在部门前面",
    Fault.NO_PLUS: "姓名和部门之间缺少“+”",
    Fault.UNKNOWN: "通讯录里没有这个姓名",
    Fault.MISPLACED: "部门不符",
}
_COUNTED_APART = (Fault.UNKNOWN, Fault.MISPLACED)


@dataclass(frozen=True)
class Misfit:
    """A nickname that does not fit, why, and what would."""

    nickname: str
    fault: Fault
    remedy: str = ""


@dataclass
class Comparison:
    """How many nicknames fit, and those that do not, in their order."""

    fitting: int = 0
    misfits: list[Misfit] = field(default_factory=list)

    @property
    def total(self) -> int:
        return self.fitting + len(self.misfits)

    def count(self, *faults: Fault) -> int:
        """How many have one of these faults."""
        return sum(misfit.fault in faults for misfit in self.misfits)

    @property
    def malformed(self) -> int:
        """How many are not written as 姓名+部门."""
        return len(self.misfits) - self.count(*_COUNTED_APART)


def read_nicknames(text: str) -> list[str]:
    """The nicknames of a list that was pasted or exported: without counting, accounts, 群主 and the like."""
    cells = (cell for line in text.splitlines() for cell in _CELLS.split(line))
    return [nickname for cell in cells if (nickname := _bare(cell))]


class Directory:
    """Who there is, and what the departments are called, ready to compare with."""

    def __init__(self, people: People, departments: Iterable[str]) -> None:
        """`departments` are all names and short names there are, of people in the directory or not."""
        self._shown = people
        self._people = {
            _fold(name): [[_fold(unit) for unit in units] for units in bearers] for name, bearers in people.items()
        }
        self._names = {_fold(name): name for name in people}
        self._departments = {_fold(unit) for unit in departments}

    def compare(self, nicknames: Iterable[str]) -> Comparison:
        """Hold each nickname against the directory. Of several people of a name, any whose department fits does."""
        found = Comparison()
        for nickname in nicknames:
            misfit = self._misfit(nickname)
            if misfit is None:
                found.fitting += 1
            else:
                found.misfits.append(misfit)
        return found

    def _misfit(self, nickname: str) -> Misfit | None:
        text = _fold(nickname)
        for name, unit in self._readings(text):
            if name in self._people and unit:
                return self._misplaced(nickname, name, unit)
        return Misfit(nickname, *self._malformed_or_unknown(text))

    def _readings(self, text: str) -> list[tuple[str, str]]:
        """The ways to read the text as name and department: split at any separator, at a point only before a
        department, since a point belongs to many names."""
        at = [(text[: cut.start()].strip(), text[cut.end() :].strip()) for cut in _SEPARATOR.finditer(text)]
        left, point, right = text.rpartition(_POINT)
        return [*at, (left, right)] if point and right in self._departments else at

    def _misplaced(self, nickname: str, name: str, unit: str) -> Misfit | None:
        said = {unit, _SEPARATOR.split(unit)[0]}
        if any(said.intersection(units) for units in self._people[name]):
            return None
        shown = self._names[name]
        fitting = [f"{shown}+{units[0]}" for units in self._shown[shown] if units]
        remedy = f"应为{' 或 '.join(dict.fromkeys(fitting))}" if fitting else "通讯录里此人没有部门"
        return Misfit(nickname, Fault.MISPLACED, remedy)

    def _malformed_or_unknown(self, text: str) -> tuple[Fault, str]:
        if text in self._departments:
            return Fault.NO_NAME, ""
        if (name := text.strip("+-—–_/、| ")) in self._people:
            return Fault.NO_DEPARTMENT, self._wanted(name)
        readings = self._readings(text)
        if any(not name and unit in self._departments for name, unit in readings):
            return Fault.NO_NAME, ""
        if reversed_ := next((n for unit, n in readings if unit in self._departments and n in self._people), ""):
            return Fault.REVERSED, self._wanted(reversed_)
        if any(name and unit in self._departments for name, unit in readings):
            return Fault.UNKNOWN, ""
        if joined := self._joined(text):
            return Fault.NO_PLUS, self._wanted(joined)
        return Fault.ONLY_NICKNAME, ""

    def _joined(self, text: str) -> str:
        """The name in a text that is a name and a department with nothing between them; "" where it is not."""
        cuts = range(2, len(text) - 1)
        return next((text[:at] for at in cuts if text[:at] in self._people and text[at:] in self._departments), "")

    def _wanted(self, name: str) -> str:
        shown = self._names[name]
        fitting = [f"{shown}+{units[0]}" for units in self._shown[shown] if units]
        return f"应为{' 或 '.join(dict.fromkeys(fitting))}" if fitting else ""


def _bare(cell: str) -> str:
    """The nickname in a cell; "" for a heading, a number, or nothing."""
    text = " ".join(visible(unicodedata.normalize("NFKC", cell)).split()).strip("\"'“”")
    while (shorter := _ACCOUNT.sub("", _TAG.sub("", _COUNTED.sub("", text))).strip()) != text:
        text = shorter
    return "" if text.isdigit() or text.casefold() in _HEADINGS else text


def _fold(text: str) -> str:
    return _POINTS.sub(_POINT, fold_name(text))
