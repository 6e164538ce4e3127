"""Persons as the pages list them."""

from dataclasses import dataclass

from simulator.college import LEFT, NOT_ACTIVATED, Department, Member
from simulator.state import State

PHONE_COOKIE = "simulated_phone"  # the userid whose phone this browser plays


@dataclass(frozen=True)
class Person:
    """One line of a list of persons."""

    userid: str
    name: str
    position: str
    unread: int
    note: str
    present: bool


def describe(state: State, member: Member) -> Person:
    """How a member is listed, with a word when they are no ordinary user of the app."""
    if not member.present:
        note = "已离职" if member.status == LEFT else "已禁用"
    elif not state.directory.sees(member):
        note = "不在应用可见范围"
    else:
        note = "未激活" if member.status == NOT_ACTIVATED else ""
    unread = state.mailbox.unread(member.userid)
    return Person(member.userid, member.name, member.position, unread, note, member.present)


def by_department(state: State, wanted: str = "") -> list[tuple[Department, list[Person]]]:
    """Departments that have members, each with its persons; only those matching `wanted`, if given."""
    members = [
        member
        for member in state.directory.members.values()
        if wanted.lower() in f"{member.name} {member.userid} {member.position}".lower()
    ]
    groups = [
        (department, [describe(state, m) for m in members if department.id in m.departments])
        for department in state.directory.departments.values()
    ]
    return [(department, persons) for department, persons in groups if persons]
