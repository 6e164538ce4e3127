"""One side of the directory's benchmark, alone in its process: a sync by the service, or bare fetching and INSERTs.

Prints what it took as one line of JSON.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import requests
from sqlalchemy import Connection, create_engine, func, insert, select

from app import create_app
from config import Settings, read_environment
from models import Department, Membership, Person, PlatformIdentity
from operations.syncing import run_now

#: What the floor's rows are filed under, beside those of the service.
FLOOR = "floor"


def sync() -> dict[str, int]:
    """The service's own sync, as `sync-contacts` carries it out."""
    with create_app().app_context():
        report = run_now(tell=lambda _progress: None, wait=lambda: None)
    return {"people": report.people, "written": report.joined + report.changed}


def floor() -> dict[str, int]:
    """The same answers over one connection and the same rows in one transaction, compared with nothing."""
    settings = Settings.from_env(read_environment(os.environ))
    departments, members = _fetched(settings)
    engine = create_engine(settings.database_url)
    # Office phones are encrypted with the app's key.
    with create_app(settings).app_context(), engine.begin() as connection:
        _insert(connection, departments, members)
    engine.dispose()
    return {"people": len(members), "written": len(members)}


def _fetched(settings: Settings) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    with requests.Session() as session:
        session.trust_env = False

        def ask(path: str, **params: str) -> dict[str, Any]:
            answer: dict[str, Any] = session.get(f"{settings.wecom.api_url}{path}", params=params, timeout=60).json()
            return answer

        credentials = {"corpid": settings.wecom.corp_id, "corpsecret": settings.wecom.secret}
        token = ask("gettoken", **credentials)["access_token"]
        departments = ask("department/list", access_token=token)["department"]
        lists = [ask("user/list", access_token=token, department_id=str(d["id"]))["userlist"] for d in departments]
    return departments, list({member["userid"]: member for listed in lists for member in listed}.values())


def _insert(connection: Connection, departments: list[dict[str, Any]], members: list[dict[str, Any]]) -> None:
    unit, person = _next_id(connection, Department), _next_id(connection, Person)
    units = {department["id"]: unit + n for n, department in enumerate(departments)}
    people = list(enumerate(members, start=person))
    connection.execute(
        insert(Department),
        [
            {"id": units[said["id"]], "platform": FLOOR, "platform_key": str(said["id"]), "name": said["name"]}
            for said in departments
        ],
    )
    connection.execute(
        insert(Person),
        [
            {"id": n, "name": said["name"], "job_title": said["position"], "office_phone": said["telephone"]}
            for n, said in people
        ],
    )
    connection.execute(
        insert(PlatformIdentity),
        [
            {"person_id": n, "platform": FLOOR, "user_id": said["userid"], "user_key": said["userid"]}
            for n, said in people
        ],
    )
    within = [(n, key) for n, said in people for key in said["department"]]
    connection.execute(insert(Membership), [{"person_id": n, "department_id": units[key]} for n, key in within])


def _next_id(connection: Connection, model: type[Department] | type[Person]) -> int:
    return (connection.scalar(select(func.max(model.id))) or 0) + 1


SIDES: dict[str, Callable[[], dict[str, int]]] = {"sync": sync, "floor": floor}


def main(arguments: Sequence[str]) -> int:
    """Carry out the named side; the exit code."""
    began = time.perf_counter()
    done = SIDES[arguments[0]]()
    seconds = time.perf_counter() - began
    print(json.dumps({"seconds": seconds, "cpu": time.process_time(), "peak_mb": _peak_mb(), **done}))
    return 0


def _peak_mb() -> float:
    """The most memory that this process ever had: VmHWM, since ru_maxrss still counts whoever started it."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
