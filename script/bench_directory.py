"""Measures the sync of a large directory: a process that does nothing else, beside bare fetching and INSERTs.

The platform is the simulator, in a process of its own.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from config import CHECKOUT
from script.trial import trial_settings

SIMULATOR = (sys.executable, "-m", "simulator", "--port", "0")
SIDE = (sys.executable, "-m", "script.bench_directory_side")
#: In this order: a name, the side, and how many of all members it must have written. The floor comes last, since it
#: chooses its ids itself, which PostgreSQL would give out again.
RUNS = (("first", "sync", True), ("again", "sync", False), ("floor", "floor", True))
#: Every so many departments stand right below the college, every so many members are in two departments.
TOP, DOUBLE = 15, 10
SURNAMES, GIVEN = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗", "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平"

Figures = dict[str, float]


def measure(database_url: str, *, members: int, departments: int) -> bool:
    """Measure both sides over the migrated but empty database and print their figures; whether they were right."""
    with tempfile.TemporaryDirectory(prefix="qunbei-bench-") as folder:
        path = Path(folder) / "college.toml"
        path.write_text(college(members=members, departments=departments), encoding="utf-8")
        given = {"DATABASE_URL": database_url}
        made = trial_settings(given, instance=Path(folder), port=9, simulator_port=9)
        with simulator(path, made) as port:
            made = trial_settings(given, instance=Path(folder), port=9, simulator_port=port)
            environment = {**os.environ, **made, "INSTANCE_PATH": folder}
            runs = {name: _run(side, environment) for name, side, _ in RUNS}
    print(f"{members} members in {departments} departments")
    print(f"{'directory':11}" + "".join(f"{name:>9}" for name in ("seconds", "CPU s", "peak MB", "people", "written")))
    for name, figures in runs.items():
        _print(name, figures)
    ratios = [runs["first"][name] / runs["floor"][name] for name in ("seconds", "cpu", "peak_mb")]
    print(f"{'ratio':11}" + "".join(f"{ratio:9.2f}" for ratio in ratios), flush=True)
    return all(
        (runs[name]["people"], runs[name]["written"]) == (members, members if writes else 0) for name, _, writes in RUNS
    )


def _print(name: str, figures: Figures) -> None:
    took = f"{figures['seconds']:9.2f}{figures['cpu']:9.2f}{figures['peak_mb']:9.0f}"
    print(f"{name:11}{took}{figures['people']:9.0f}{figures['written']:9.0f}")


def _run(side: str, environment: Mapping[str, str]) -> Figures:
    done = subprocess.run([*SIDE, side], cwd=CHECKOUT, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    figures: Figures = json.loads(done.stdout)
    return figures


@contextmanager
def simulator(college_file: Path, settings: Mapping[str, str]) -> Iterator[int]:
    """The simulator with this college; its port."""
    process = subprocess.Popen(
        [*SIMULATOR, "--college", str(college_file)],
        cwd=CHECKOUT,
        env={**os.environ, **settings},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        line = process.stdout.readline() if process.stdout else ""
        if not line.startswith("simulator: http"):
            sys.exit("script/bench: the simulator did not start")
        yield int(line.rpartition(":")[2])
    finally:
        process.terminate()
        process.wait()
        if process.stdout:
            process.stdout.close()


def college(*, members: int, departments: int) -> str:
    """A made-up college as the simulator reads it; its departments count the college itself."""
    lines = ['name = "示范学院"', "departments = ["]
    lines += [
        f'  {{ id = {key}, name = "部门{key}", parentid = {_parent(key)} }},' for key in range(2, departments + 1)
    ]
    lines += ["]", "members = ["]
    lines += [_member(number, departments) for number in range(members)]
    lines += ["]", "[visible]", "departments = [1]", ""]
    return "\n".join(lines)


def _parent(key: int) -> int:
    return 1 if key <= TOP else 2 + key % (TOP - 1)


def _member(number: int, departments: int) -> str:
    units = [1 + number % departments]
    if number % DOUBLE == 0:
        units.append(1 + (number + departments // 2) % departments)
    name = SURNAMES[number % 20] + GIVEN[number // 20 % 20] + GIVEN[number // 400 % 20]
    leads = [int(number < departments)] * len(units)
    return (
        f'  {{ userid = "bench{number}", name = "{name}", departments = {units}, leads = {leads}, '
        f'position = "教师", telephone = "028-00000000" }},'
    )
