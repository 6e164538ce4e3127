"""开始使用: what is to be set up before the first group is registered, ticked as it is done."""

from dataclasses import dataclass

from sqlalchemy import exists, select

from extensions import db
from models import Department, Group, GroupState, utc_now
from operations.health import running
from operations.health.report import Level, Place, Way
from operations.health.units import Units, read_units
from operations.hearing import last_heard
from regulation import DepartmentKind, PostKind

SETTING = Way(Place.DEPARTMENTS, "去设置", {"lacking": 1})


@dataclass(frozen=True)
class FirstStep:
    """One thing to set up: whether it is done, how far it has come or how it is done, and where."""

    label: str
    is_done: bool
    said: str = ""
    way: Way | None = None


def first_steps() -> list[FirstStep]:
    """The whole list while something of it is open and no group is registered yet; afterwards none."""
    if db.session.scalar(select(exists().where(Group.state != GroupState.PROPOSED))):
        return []
    units, now = read_units(), utc_now()
    steps = [
        FirstStep(
            "同步通讯录",
            running.last_sync(now).level < Level.FAULT,
            way=Way(Place.DIRECTORY, "去同步"),
        ),
        FirstStep(
            "任命备案登记人",
            (PostKind.REGISTRAR, None) in units.present,
            way=Way(Place.APPOINT, "去任命", {"post": PostKind.REGISTRAR.value}),
        ),
        _appointing(units, "任命各部门负责人", PostKind.DEPARTMENT_HEAD),
        _every_unit(units, "设置各部门的单位类别", _of_no_kind(units), SETTING),
        *_secretaries(units),
        _appointing(units, "任命各部门的主管院领导", PostKind.COLLEGE_LEADER),
        _from_check("接通接收消息", running.app_address(last_heard(), now)),
        _from_check("启动后台进程", running.worker(now)),
    ]
    return [] if all(step.is_done for step in steps) else steps


def _every_unit(units: Units, label: str, lacking: list[Department], way: Way) -> FirstStep:
    """Done when there are departments and none of them lacks it."""
    if not units.filing:
        return FirstStep(label, False, "同步通讯录后设置", way)
    said = f"还有{len(lacking)}个部门" if lacking else ""
    return FirstStep(label, not lacking, said, way)


def _secretaries(units: Units) -> list[FirstStep]:
    """What is to be set of 系部 can be told once every department's kind is; a college without any has no such step."""
    label, lacking = "设置系部所属党总支及其负责人", [unit for unit, _ in units.lacking_secretary()]
    if not units.filing or _of_no_kind(units):
        return [FirstStep(label, False, "先设置各部门的单位类别", SETTING if lacking else None)]
    due = any(unit.kind is DepartmentKind.FACULTY or unit.party_branch_id for unit in units.filing)
    return [_every_unit(units, label, lacking, SETTING)] if due else []


def _appointing(units: Units, label: str, kind: PostKind) -> FirstStep:
    return _every_unit(units, label, units.lacking(kind), Way(Place.POSTS, "去任命", {"kind": kind.value}))


def _of_no_kind(units: Units) -> list[Department]:
    return [unit for unit in units.filing if unit.kind is None]


def _from_check(label: str, check: running.Check) -> FirstStep:
    is_done = check.level is Level.FINE
    return FirstStep(label, is_done, "" if is_done else check.said)
