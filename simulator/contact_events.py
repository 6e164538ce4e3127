"""Changes of the directory, told to the 通讯录同步 receiver as to one set up since 2022-08-15 [90970]."""

from collections.abc import Callable
from typing import Any

from simulator.callbacks import Delivery
from simulator.college import Department, Member
from simulator.directory import Directory
from simulator.state import State

Elements = dict[str, Any]


def change(state: State, act: Callable[[Directory], object], *, renamed: tuple[str, str] | None = None) -> int:
    """Change the directory, keep it, and push what the platform tells of that; how many events those are.

    `renamed` names the userid that the change replaces and the new one.
    """
    with state.lock:
        directory = state.directory
        departments, members = dict(directory.departments), dict(directory.members)
        act(directory)
        state.directory_changed = True
        state.changed()
        told = [
            *_of_departments(departments, directory.departments),
            *_of_members(members, directory.members, renamed),
        ]
    if state.contact_callbacks:
        for elements in told:
            state.contact_callbacks.later(push, state, elements)
    return len(told) if state.contact_callbacks else 0


def push(state: State, elements: Elements, *, created_at: int | None = None) -> Delivery:
    """Push one event, whatever it says. Raises ValueError when nobody receives such."""
    if state.contact_callbacks is None:
        raise ValueError("no address for the events of 通讯录同步 is set")
    return state.contact_callbacks.push("change_contact", "sys", created_at=created_at, **elements)


def _of_members(before: dict[str, Member], after: dict[str, Member], renamed: tuple[str, str] | None) -> list[Elements]:
    """create_user and delete_user always; update_user for departments, heads and the userid only."""
    old_key, new_key = (userid.lower() for userid in renamed or ("", ""))
    events: list[Elements] = []
    for key, member in after.items():
        old = before.get(old_key if renamed and key == new_key else key)
        if old is None:
            events.append({"ChangeType": "create_user", "UserID": member.userid} | _departments(member))
        elif _tells(old, member):
            new = {"NewUserID": member.userid} if member.userid != old.userid else {}
            events.append({"ChangeType": "update_user", "UserID": old.userid} | new | _departments(member))
    gone = [member for key, member in before.items() if key not in after and not (renamed and key == old_key)]
    return events + [{"ChangeType": "delete_user", "UserID": member.userid} for member in gone]


def _tells(old: Member, new: Member) -> bool:
    return (old.userid, old.departments, old.leads) != (new.userid, new.departments, new.leads)


def _departments(member: Member) -> Elements:
    return {"Department": ",".join(map(str, member.departments))}


def _of_departments(before: dict[int, Department], after: dict[int, Department]) -> list[Elements]:
    """create_party and delete_party always; update_party only where the parent changes: never for a name."""
    events = [
        {"ChangeType": f"{'update' if key in before else 'create'}_party"} | _place(department)
        for key, department in after.items()
        if key not in before or before[key].parentid != department.parentid
    ]
    return events + [{"ChangeType": "delete_party", "Id": key} for key in before if key not in after]


def _place(department: Department) -> Elements:
    return {"Id": department.id, "ParentId": department.parentid}
