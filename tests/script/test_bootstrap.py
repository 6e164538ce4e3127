"""script/bootstrap, with made-up Pythons on the PATH: what it chooses, makes, installs, fetches and says."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.script.processes import CHECKOUT

WORKS = f'exec "{sys.executable}" "$@"'
SHIM = "echo 'command not found' >&2; exit 127"
TOO_OLD = f'case "$2" in *version_info*) exit 1;; esac; {WORKS}'
WITHOUT_ENSUREPIP = f'case "$2" in *ensurepip*) exit 1;; esac; {WORKS}'
# Stand in for `python -m venv`, which takes seconds: the one makes an environment, the other gives up half-way.
MAKES_VENV = f'[ "$2" = venv ] && {{ mkdir -p .venv/bin; cp "$0" .venv/bin/python; exit; }}; {WORKS}'
FAILS_VENV = f'[ "$2" = venv ] && {{ mkdir -p .venv/bin; exit 1; }}; {WORKS}'
# Stands in for pip: notes how it was called.
NOTES_PIP = f'[ "$2" = pip ] && {{ echo "$@" >> calls; exit; }}; {WORKS}'
FILE = "@wecom/jssdk/dist/wecom.prod.js"
# Stand in for npm: the one empties node_modules and fills it anew, the other is left without a registry half-way.
FETCHES = (
    'case "$2" in *npm*) shift 2; echo "$@" >> calls; rm -rf node_modules; '
    f'mkdir -p "node_modules/{Path(FILE).parent}"; echo script > "node_modules/{FILE}"; exit;; esac; {WORKS}'
)
REACHES_NOTHING = f'case "$2" in *npm*) rm -rf node_modules; echo "npm error ECONNREFUSED" >&2; exit 1;; esac; {WORKS}'
FAILS_PIP = f'[ "$2" = pip ] && exit 1; {WORKS}'


class Machine:
    """A checkout in a path with a space, and a PATH with nothing on it but a few basic commands."""

    def __init__(self, folder: Path) -> None:
        self.checkout = folder / "check out"
        self.bin = folder / "bin"
        self.bin.mkdir()
        (self.checkout / "script").mkdir(parents=True)
        shutil.copy(CHECKOUT / "script" / "bootstrap", self.checkout / "script")
        for name in ("bash", "cat", "chmod", "cp", "dirname", "mkdir", "rm", "sh"):
            found = shutil.which(name)
            assert found
            (self.bin / name).symlink_to(found)

    def add(self, name: str, body: str) -> None:
        """Puts a command on the PATH, or at a path in the checkout."""
        path = self.checkout / name if "/" in name else self.bin / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)

    def run(self, commands: str) -> "subprocess.CompletedProcess[str]":
        """Sources script/bootstrap from another folder and runs `commands`."""
        text = f'source "{self.checkout}/script/bootstrap"; {commands}'
        return subprocess.run(
            [self.bin / "bash", "-c", text],
            env={"PATH": str(self.bin)},
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_a_machine_without_a_new_enough_python_is_told_so(machine: Machine) -> None:
    machine.add("python3", TOO_OLD)
    done = machine.run("use_environment")
    assert done.returncode == 1
    assert done.stderr == (
        "Qunbei needs Python 3.11 or newer, and none was found on the PATH. Install one, then run this again.\n"
    )


def test_a_python_without_ensurepip_names_the_package_to_install(machine: Machine) -> None:
    machine.add("python3", WITHOUT_ENSUREPIP)
    done = machine.run("use_environment")
    version = ".".join(map(str, sys.version_info[:2]))
    assert done.returncode == 1
    assert f"sudo apt install python{version}-venv" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (machine.checkout / ".venv").exists()


def test_the_newest_python_that_really_runs_is_chosen(machine: Machine) -> None:
    machine.add("python3.14", SHIM)
    machine.add("python3.13", WORKS)
    machine.add("python3", WORKS)
    assert machine.run("find_python pass").stdout == "python3.13"


def test_an_older_python_that_can_make_environments_beats_a_newer_one_that_cannot(machine: Machine) -> None:
    machine.add("python3.13", WITHOUT_ENSUREPIP)
    machine.add("python3.11", MAKES_VENV)
    assert machine.run("use_environment").returncode == 0
    assert (machine.checkout / ".venv/bin/python").exists()


def test_an_environment_that_could_not_be_finished_is_removed(machine: Machine) -> None:
    machine.add("python3", FAILS_VENV)
    done = machine.run("use_environment")
    assert done.returncode == 1
    assert "cannot make a virtual environment" in done.stderr
    assert not (machine.checkout / ".venv").exists()


@pytest.mark.parametrize("broken", [SHIM, TOO_OLD])
def test_an_environment_whose_python_no_longer_works_is_made_again(machine: Machine, broken: str) -> None:
    machine.add("python3", MAKES_VENV)
    machine.add(".venv/bin/python", broken)
    assert machine.run("use_environment").returncode == 0
    assert "= venv" in (machine.checkout / ".venv/bin/python").read_text()


def test_an_environment_that_works_is_left_alone(machine: Machine) -> None:
    machine.add(".venv/bin/python", WORKS)
    assert machine.run("use_environment").stdout == ""


def test_a_lock_file_is_installed_once_and_again_only_when_it_changes(machine: Machine) -> None:
    machine.add(".venv/bin/python", NOTES_PIP)
    lock = machine.checkout / "requirements.txt"
    calls = machine.checkout / "calls"
    for text, count in [("a==1\n", 1), ("a==1\n", 1), ("a==2\n", 2)]:
        lock.write_text(text)
        assert machine.run("install_locked requirements.txt").returncode == 0
        assert len(calls.read_text().splitlines()) == count
    assert "--require-hashes" in calls.read_text()


def test_an_installation_that_failed_is_tried_again_by_the_next_start(machine: Machine) -> None:
    machine.add(".venv/bin/python", FAILS_PIP)
    (machine.checkout / "requirements.txt").write_text("a==1\n")
    done = machine.run("install_locked requirements.txt")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert not (machine.checkout / ".venv/installed-requirements.txt").exists()


def test_the_scripts_that_pages_load_are_fetched_once_and_again_only_when_their_lock_changes(machine: Machine) -> None:
    machine.add(".venv/bin/python", FETCHES)
    lock = machine.checkout / "package-lock.json"
    calls = machine.checkout / "calls"
    for text, count in [("1\n", 1), ("1\n", 1), ("2\n", 2)]:
        lock.write_text(text)
        done = machine.run("install_served")
        assert (done.returncode, done.stderr) == (0, "")
        assert len(calls.read_text().splitlines()) == count
    assert (machine.checkout / "static/vendor/wecom-jssdk.js").read_text() == "script\n"
    assert "ci --ignore-scripts" in calls.read_text()
    (machine.checkout / "static/vendor/wecom-jssdk.js").unlink()
    assert machine.run("install_served").returncode == 0
    assert (machine.checkout / "static/vendor/wecom-jssdk.js").exists()


def test_a_registry_that_cannot_be_reached_stops_the_set_up_and_is_tried_again(machine: Machine) -> None:
    machine.add(".venv/bin/python", REACHES_NOTHING)
    (machine.checkout / "package-lock.json").write_text("1\n")
    done = machine.run("install_served; echo went on")
    assert (done.returncode, "went on" in done.stdout) == (1, False)
    assert "Run this again when the npm registry can be reached." in done.stderr
    machine.add(".venv/bin/python", FETCHES)
    assert machine.run("install_served").returncode == 0


def test_a_package_without_the_file_that_is_served_stops_the_set_up(machine: Machine) -> None:
    machine.add(".venv/bin/python", f'case "$2" in *npm*) exit;; esac; {WORKS}')
    (machine.checkout / "package-lock.json").write_text("1\n")
    done = machine.run("install_served")
    assert done.returncode == 1
    assert f"lack {FILE}" in done.stderr


def test_the_lock_file_names_no_registry_and_a_hash_for_every_package() -> None:
    lock = json.loads((CHECKOUT / "package-lock.json").read_text())
    packages = [package for name, package in lock["packages"].items() if name]
    assert packages
    assert all(package["integrity"].startswith("sha512-") and "resolved" not in package for package in packages)
