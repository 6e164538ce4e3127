"""The corp's contacts, and the contact API as a self-built app sees it: its visible range only."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from simulator.calls import Call
from simulator.college import College, Department, Member, VisibleRange
from simulator.errors import ApiError

ROOT = 1
LIST_ID_LIMIT = 10_000


@dataclass(frozen=True)
class Range:
    """Which departments the app sees, and which members besides theirs, in lower case."""

    departments: frozenset[int]
    members: frozenset[str]

    def holds(self, member: Member) -> bool:
        """Whether the member is in it."""
        return member.userid.lower() in self.members or not self.departments.isdisjoint(member.departments)


class Directory:
    """Departments and members, and which of them the app may see."""

    def __init__(self, college: College) -> None:
        self.departments = {department.id: department for department in college.departments}
        self.members = {member.userid.lower(): member for member in college.members}
        self.visible = college.visible

    def find(self, userid: str) -> Member | None:
        """The member with this userid in any letter case, visible or not."""
        return self.members.get(userid.lower())

    def below(self, department_id: int) -> set[int]:
        """A department's id and those of all departments below it."""
        found = {department_id}
        while more := {d.id for d in self.departments.values() if d.parentid in found} - found:
            found |= more
        return found

    def visible_departments(self) -> set[int]:
        """Ids of the departments in the app's visible range."""
        roots = set(self.visible.departments) & set(self.departments)
        return {below for root in roots for below in self.below(root)}

    def visible_range(self) -> Range:
        """The app's visible range, worked out once for many members."""
        tagged = (userid for userids in self.visible.tags.values() for userid in userids)
        named = frozenset(userid.lower() for userid in (*self.visible.members, *tagged))
        return Range(frozenset(self.visible_departments()), named)

    def sees(self, member: Member) -> bool:
        """Whether the member is in the app's visible range."""
        return self.visible_range().holds(member)

    def visible_members(self, departments: Iterable[int] | None = None) -> list[Member]:
        """Members the app sees, of all departments or of those named."""
        wanted = None if departments is None else set(departments)
        seen = self.visible_range()
        return [
            member
            for member in self.members.values()
            if (wanted is None or not wanted.isdisjoint(member.departments)) and seen.holds(member)
        ]

    def reachable(self) -> list[Member]:
        """Members who can get the app's messages: in its range and neither disabled nor gone."""
        return [member for member in self.visible_members() if member.present]

    def put(self, row: dict[str, Any]) -> Member:
        """Adds a member or changes the named fields of one; new departments without `leads` are led by others."""
        old = self.find(row["userid"])
        if "departments" in row:
            row = {"leads": []} | row
        member = Member(**((asdict(old) if old else {}) | row))
        self.members[member.userid.lower()] = member
        return member

    def rename(self, userid: str, new_userid: str) -> Member:
        """Gives a member another userid. Raises ValueError when there is none, or the new one is taken."""
        old = self.find(userid)
        if old is None or (new_userid.lower() != userid.lower() and self.find(new_userid)):
            raise ValueError("no such member, or the new userid is taken")
        del self.members[old.userid.lower()]
        for department in self.departments.values():
            department.leaders = _renamed(department.leaders, old.userid, new_userid)
        for other in self.members.values():
            other.direct_leader = _renamed(other.direct_leader, old.userid, new_userid)
        return self.put(asdict(old) | {"userid": new_userid})

    def remove(self, userid: str) -> Member | None:
        """Takes a member out of the corp; who it was."""
        return self.members.pop(userid.lower(), None)

    def put_department(self, row: dict[str, Any]) -> Department:
        """Adds a department or changes the named fields of one. Raises ValueError for a parent that cannot be."""
        old = self.departments.get(row["id"])
        department = Department(**((asdict(old) if old else {}) | row))
        if department.id != ROOT and department.parentid not in set(self.departments) - self.below(department.id):
            raise ValueError("no such parent, or one that is below the department")
        self.departments[department.id] = department
        return department

    def remove_department(self, department_id: int) -> None:
        """Takes out a department that is empty, as WeCom asks. Raises ValueError for any other."""
        if department_id == ROOT or department_id not in self.departments:
            raise ValueError("no such department, or the root")
        if any(department_id in member.departments for member in self.members.values()):
            raise ValueError("the department has members")
        if self.below(department_id) != {department_id}:
            raise ValueError("the department has departments below it")
        del self.departments[department_id]

    def snapshot(self) -> dict[str, Any]:
        """Plain data that `restore` takes back."""
        return {
            "departments": [asdict(department) for department in self.departments.values()],
            "members": [asdict(member) for member in self.members.values()],
            "visible": asdict(self.visible),
        }

    def restore(self, data: dict[str, Any]) -> None:
        """Replaces everything by what `snapshot` gave."""
        self.departments = {row["id"]: Department(**row) for row in data["departments"]}
        self.members = {row["userid"].lower(): Member(**row) for row in data["members"]}
        self.visible = VisibleRange(**data["visible"])


def _renamed(userids: list[str], old: str, new: str) -> list[str]:
    return [new if userid.lower() == old.lower() else userid for userid in userids]


def get_user(call: Call) -> dict[str, Any]:
    """GET user/get [90196]: 60111 also for somebody out of the visible range."""
    userid = call.args.get("userid")
    if not userid:
        raise ApiError(41009)
    member = call.state.directory.find(userid)
    if member is None or not call.state.directory.sees(member):
        raise ApiError(60111)
    return describe_member(call.state.directory, member, call.state.directory.visible_range())


def list_users(call: Call) -> dict[str, Any]:
    """GET user/list [90201]: one department, without those below it."""
    directory = call.state.directory
    members, seen = directory.visible_members([_visible_department(call)]), directory.visible_range()
    return {"userlist": [describe_member(directory, member, seen) | {"english_name": ""} for member in members]}


def simple_list_users(call: Call) -> dict[str, Any]:
    """GET user/simplelist [90200]."""
    directory = call.state.directory
    members, seen = directory.visible_members([_visible_department(call)]), directory.visible_range()
    return {
        "userlist": [{"userid": m.userid, "name": m.name, "department": _seen_departments(m, seen)} for m in members]
    }


def list_user_ids(call: Call) -> dict[str, Any]:
    """POST user/list_id [96067]: one row per membership, paged by a cursor; for 通讯录同步 only."""
    limit, cursor = call.body.get("limit", LIST_ID_LIMIT), call.body.get("cursor") or "0"
    if not isinstance(limit, int) or not 1 <= limit <= LIST_ID_LIMIT or not str(cursor).isdecimal():
        raise ApiError(40058, "limit or cursor")
    rows = [
        {"userid": member.userid, "department": department}
        for member in call.state.directory.members.values()
        for department in member.departments
    ]
    end = int(cursor) + limit
    return {"next_cursor": str(end) if end < len(rows) else "", "dept_user": rows[int(cursor) : end]}


def list_departments(call: Call) -> dict[str, Any]:
    """GET department/list [90208]: recursive from `id`, else all in range."""
    directory = call.state.directory
    seen = directory.visible_range()
    return {"department": [_describe_department(directory, d, seen) for d in _departments_asked_for(call)]}


def simple_list_departments(call: Call) -> dict[str, Any]:
    """GET department/simplelist [95350]; 通讯录同步 gets the whole corp."""
    keys = ("id", "parentid", "order")
    return {"department_id": [{k: getattr(d, k) for k in keys} for d in _departments_asked_for(call)]}


def get_department(call: Call) -> dict[str, Any]:
    """GET department/get [95351]: leaders outside the visible range are left out."""
    directory = call.state.directory
    department = directory.departments[_visible_department(call, name="id")]
    return {"department": _describe_department(directory, department, directory.visible_range())}


def describe_member(directory: Directory, member: Member, seen: Range) -> dict[str, Any]:
    """A member as an app created after 2022-06-20 gets it: no mobile, email, gender, avatar, address [90196]."""
    kept = [i for i, department in enumerate(member.departments) if department in seen.departments]
    answer = {
        "userid": member.userid,
        "name": member.name,
        "department": [member.departments[i] for i in kept],
        "order": [0 for _ in kept],
        "is_leader_in_dept": [member.leads[i] for i in kept],
        "direct_leader": _only_visible(directory, member.direct_leader, seen),
        "position": member.position,
        "telephone": member.telephone,
        "alias": "",
        "extattr": {"attrs": []},
        "external_position": "",
        "status": member.status,
    }
    if member.departments and member.departments[0] in seen.departments:
        answer["main_department"] = member.departments[0]
    return answer


def _describe_department(directory: Directory, department: Department, seen: Range) -> dict[str, Any]:
    return {
        "id": department.id,
        "name": department.name,
        "name_en": department.name_en,
        "department_leader": _only_visible(directory, department.leaders, seen),
        "parentid": department.parentid,
        "order": department.order,
    }


def _only_visible(directory: Directory, userids: list[str], seen: Range) -> list[str]:
    found = (directory.find(userid) for userid in userids)
    return [member.userid for member in found if member and seen.holds(member)]


def _seen_departments(member: Member, seen: Range) -> list[int]:
    return [department for department in member.departments if department in seen.departments]


def _visible_department(call: Call, *, name: str = "department_id") -> int:
    """The department named by the call. Raises 60123 (none), 60003 (unknown), 60011 (out of range)."""
    asked = call.number(name)
    if asked is None:
        raise ApiError(60123)
    if asked not in call.state.directory.departments:
        raise ApiError(60003)
    if call.caller == "app" and asked not in call.state.directory.visible_departments():
        raise ApiError(60011)
    return asked


def _departments_asked_for(call: Call) -> list[Department]:
    directory = call.state.directory
    seen = directory.visible_departments() if call.caller == "app" else set(directory.departments)
    if call.number("id") is not None:
        seen &= directory.below(_visible_department(call, name="id"))
    return [department for department in directory.departments.values() if department.id in seen]
