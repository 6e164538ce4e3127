"""Departments and members as WeCom's directory tells of them, read with patience: any key may be absent."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from messaging.platforms.text import cut, one_line

#: What the tables call the platform whose directory this is.
PLATFORM = "wecom"

#: As long as the columns that keep them.
LONGEST_KEY = 64
LONGEST_DEPARTMENT_NAME = 128
LONGEST_TEXT = 64
LONGEST_EMAIL = 254
LARGEST_ORDER = 2**31 - 1
#: Status 2 is disabled and 5 has left; 1 is active and 4 has not signed in yet [90196].
INACTIVE = frozenset({"2", "5"})


@dataclass(frozen=True)
class DirectoryDepartment:
    """A department in the app's visible range. `parent_key` is None at the top, and may name one out of sight."""

    key: str
    name: str
    parent_key: str | None
    order: int


@dataclass(frozen=True)
class DirectoryMember:
    """A member in the app's visible range. `leads` names those of the departments that the member leads.

    Apps made since June 2022 are told neither mobile nor e-mail [90196].
    """

    user_id: str
    name: str
    job_title: str
    office_phone: str
    department_keys: tuple[str, ...]
    leads: frozenset[str]
    main_department_key: str | None
    active: bool
    mobile: str = ""
    email: str = ""


def departments_of(answer: dict[str, Any]) -> list[DirectoryDepartment]:
    """The departments in an answer of department/list [90208]."""
    return [_department(item) for item in _objects(answer.get("department")) if _key(item.get("id"))]


def members_of(answer: dict[str, Any]) -> list[DirectoryMember]:
    """The members in an answer of user/list [90201]."""
    return [member_of(item) for item in _objects(answer.get("userlist")) if _key(item.get("userid"))]


def member_of(item: dict[str, Any]) -> DirectoryMember:
    """The member that an answer of user/get [90196], or an element of user/list, describes."""
    keys = tuple(_keys(item.get("department")))
    user_id = _key(item.get("userid"))
    return DirectoryMember(
        user_id=user_id,
        name=cut(item.get("name"), LONGEST_TEXT) or user_id,
        job_title=cut(item.get("position"), LONGEST_TEXT),
        office_phone=cut(item.get("telephone"), LONGEST_TEXT),
        department_keys=keys,
        leads=_led(keys, item.get("is_leader_in_dept")),
        main_department_key=_key(item.get("main_department")) or None,
        active=one_line(item.get("status")) not in INACTIVE,
        mobile=cut(item.get("mobile"), LONGEST_TEXT),
        email=cut(item.get("email"), LONGEST_EMAIL),
    )


def _department(item: dict[str, Any]) -> DirectoryDepartment:
    key, parent = _key(item["id"]), _key(item.get("parentid"))
    return DirectoryDepartment(
        key=key,
        name=cut(item.get("name"), LONGEST_DEPARTMENT_NAME) or key,
        parent_key=parent if parent not in ("", "0") else None,
        order=_order(one_line(item.get("order"))),
    )


def _order(text: str) -> int:
    """WeCom counts up to 2^32 [90208], a column only half as far."""
    return min(int(text[:12]), LARGEST_ORDER) if text.isdecimal() else 0


def _led(keys: tuple[str, ...], flags: Any) -> frozenset[str]:
    """`is_leader_in_dept` runs parallel to `department` [90196]; where it is shorter, nobody leads."""
    marks = flags if isinstance(flags, list) else []
    return frozenset(key for key, mark in zip(keys, marks, strict=False) if one_line(mark) == "1")


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    return (item for item in value if isinstance(item, dict)) if isinstance(value, list) else iter(())


def _keys(value: Any) -> Iterator[str]:
    return (key for key in map(_key, value) if key) if isinstance(value, list) else iter(())


def _key(value: Any) -> str:
    """An id as text; one too long for its column cannot be ours and counts as none."""
    text = one_line(value)
    return text if len(text) <= LONGEST_KEY else ""
