"""第八条: in whose name a group is opened, found from what is said of it.

The college's name in front beats everything. A student organization is the college's, or a faculty's where a faculty
opens it; a class is a faculty's. Whatever shows nothing of these is its department's.
"""

import re
from dataclasses import dataclass

from regulation.naming import Naming
from regulation.text import is_blank
from regulation.words import DepartmentKind, Tier

#: What student organizations and those of the Youth League are called, wherever it is said.
_ORGANIZATION = re.compile("学生会|学生分会|社团|团学|团总支|团支部|团委|青年志愿者|学生组织|学生自治")
#: A class in a group's name: 2026级, 1班, 班级. A 值班 or 培训班 is none.
_CLASS_NAME = re.compile("[0-9０-９]{2,4}级|[0-9０-９一二三四五六七八九十]班|班级")
#: A class among a group's members; whoever looks after classes (班主任) is a teacher.
_CLASS_MEMBERS = re.compile("([本全]|[0-9０-９一二三四五六七八九十])班(?!主任)")
_OF_FACULTY = (DepartmentKind.FACULTY, DepartmentKind.PARTY_BRANCH)


@dataclass(frozen=True)
class Described:
    """What a tier is found from."""

    unit_kind: DepartmentKind | None
    unit_short_name: str
    name: str
    composition: str = ""
    purpose: str = ""


@dataclass(frozen=True)
class Sign:
    """The tier that something shows, and what shows it; not `certain` where nothing does, or the unit is of no known
    kind."""

    tier: Tier
    shown_by: str
    certain: bool


def find_tier(naming: Naming, group: Described) -> Sign:
    """Whose group it is, by what is said of it."""
    if college := naming.begins_with_college(group.name, group.unit_short_name):
        return Sign(Tier.COLLEGE, f"群名以“{college}”开头", certain=True)
    return _organization(group) or _department(group)


def names_organization(group: Described) -> str:
    """The word for a student organization that the filing says, or ""."""
    found = _ORGANIZATION.search("\n".join((group.name, group.composition, group.purpose)))
    return found[0] if found else ""


def _organization(group: Described) -> Sign | None:
    of_faculty, known = group.unit_kind in _OF_FACULTY, group.unit_kind is not None
    word = names_organization(group)
    class_word = "" if known and not of_faculty else _class_word(group)
    if class_word or (word and of_faculty):
        shown = f"所填内容有“{class_word or word}”"
        return Sign(Tier.FACULTY_ORGANIZATION, f"备案部门是系部，{shown}" if of_faculty else shown, certain=known)
    if group.unit_kind is DepartmentKind.MASS_ORGANIZATION:
        return Sign(Tier.COLLEGE_ORGANIZATION, "备案部门是群团组织", certain=True)
    return Sign(Tier.COLLEGE_ORGANIZATION, f"所填内容有“{word}”", certain=known) if word else None


def _class_word(group: Described) -> str:
    found = _CLASS_NAME.search(group.name) or _CLASS_MEMBERS.search(group.composition)
    return found[0] if found else ""


def _department(group: Described) -> Sign:
    shown = "群名没有学院名称" if not is_blank(group.name) else "没有填写群名"
    return Sign(Tier.DEPARTMENT, f"{shown}，也不是团学组织或班级的群", certain=group.unit_kind is not None)
