"""The demo college: its departments and people, read from a TOML file."""

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from simulator.settings import SettingsError

ACTIVE, DISABLED, NOT_ACTIVATED, LEFT = 1, 2, 4, 5


@dataclass
class Department:
    """A department; `order` sorts larger first, `leaders` are userids."""

    id: int
    name: str
    parentid: int = 1
    order: int = 0
    name_en: str = ""
    leaders: list[str] = field(default_factory=list)


@dataclass
class Member:
    """A member; `leads` says 0 or 1 for each of `departments` in turn."""

    userid: str
    name: str
    departments: list[int]
    position: str = ""
    telephone: str = ""
    mobile: str = ""
    email: str = ""
    leads: list[int] = field(default_factory=list)
    direct_leader: list[str] = field(default_factory=list)
    status: int = ACTIVE

    def __post_init__(self) -> None:
        self.leads = self.leads or [0] * len(self.departments)

    @property
    def present(self) -> bool:
        """Whether the person can use WeCom now: neither disabled nor gone."""
        return self.status in (ACTIVE, NOT_ACTIVATED)


@dataclass
class VisibleRange:
    """可见范围: whom the app sees and may act on; a department stands for all below it, a tag's id for its members."""

    departments: list[int] = field(default_factory=list)
    members: list[str] = field(default_factory=list)
    tags: dict[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Guide:
    """Somebody to begin with, and a word on what they do."""

    userid: str
    role: str
    text: str


@dataclass
class College:
    """Everything the file says that the platform itself would know."""

    name: str
    departments: list[Department]
    members: list[Member]
    visible: VisibleRange
    guides: list[Guide]


def load_college(path: Path) -> College:
    """The college in `path`. Raises SettingsError naming the file and what is wrong."""
    try:
        data = tomllib.loads(path.read_text("utf-8"))
        college = College(
            name=data["name"],
            departments=[Department(id=1, name=data["name"], parentid=0)]
            + [Department(**row) for row in data["departments"]],
            members=[_member(row) for row in data["members"]],
            visible=VisibleRange(**data["visible"]),
            guides=[Guide(**row) for row in data.get("guides", [])],
        )
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise SettingsError(f"Cannot read the college file {path}: {error}") from error
    _check(college, path)
    return college


def _member(row: dict[str, Any]) -> Member:
    """A row may give its one department as a number, and `leads` as a flag."""
    departments = row.pop("departments", None) or [row.pop("department")]
    leads = row.pop("leads", False)
    each = leads if isinstance(leads, list) else [int(leads)] * len(departments)
    return Member(departments=departments, leads=each, **row)


def _check(college: College, path: Path) -> None:
    userids = [member.userid.lower() for member in college.members]
    known = {department.id for department in college.departments}
    if len(set(userids)) < len(userids):
        raise SettingsError(f"{path}: a userid occurs twice.")
    for member in college.members:
        if not set(member.departments) <= known:
            raise SettingsError(f"{path}: {member.userid} is in a department that is not listed.")
