"""The supervisor, with small processes in place of the service's."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.script.processes import CHECKOUT, end, is_alive, wait_for

# Keeps one process that is described by the first argument, until a signal comes. Under nohup the tests themselves
# ignore a hangup, and whatever they start would, too.
SUPERVISE = """
import os, signal, sys
signal.signal(signal.SIGHUP, signal.SIG_DFL)
from script.supervisor import Stopped, Supervisor, TaskFailed, say
try:
    with Supervisor() as supervisor:
        for command in sys.argv[2:]:
            supervisor.run("task", [sys.executable, "-c", command], os.environ)
        supervisor.keep("child", [sys.executable, "-c", sys.argv[1]], os.environ)
        supervisor.wait_until(lambda: False)
except Stopped:
    say("stopped")
except TaskFailed as error:
    sys.exit(str(error))
"""
# Notes its pid in a new line of the file `pids`, then does what follows.
NOTE = "import os, time; print(os.getpid(), file=open('pids', 'a')); "
SLEEP = NOTE + "time.sleep(60)"
DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + SLEEP
PARENT = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {DEAF!r}]); "

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    started = []

    def start(*arguments: str) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, "-c", SUPERVISE, *arguments],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(CHECKOUT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        end(process)


@pytest.fixture
def pids(tmp_path: Path) -> Callable[[int], list[int]]:
    path = tmp_path / "pids"

    def at_least(count: int) -> list[int]:
        """The pids noted so far, once there are `count` of them."""

        def noted() -> list[int]:
            pids = [int(line) for line in path.read_text().split()] if path.exists() else []
            return pids if len(pids) >= count else []

        return wait_for(noted)

    return at_least


def test_a_process_that_dies_is_started_again_within_two_seconds(start: Start, pids: Callable) -> None:
    start(SLEEP)
    (first,) = pids(1)
    died = time.monotonic()
    os.kill(first, signal.SIGKILL)
    assert is_alive(pids(2)[1])
    assert time.monotonic() - died < 2


def test_a_process_that_cannot_start_is_tried_more_and_more_slowly(start: Start, pids: Callable) -> None:
    supervisor = start(NOTE + "raise SystemExit(3)")
    pids(3)
    supervisor.terminate()
    output, _ = supervisor.communicate(timeout=10)
    lines = [line for line in output.splitlines() if line.startswith("child ended")]
    assert lines[:2] == [
        "child ended (exit code 3); starting it again in 0.5 s",
        "child ended (exit code 3); starting it again in 1 s",
    ]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_everything(start: Start, pids: Callable, number: signal.Signals) -> None:
    supervisor = start(SLEEP)
    (child,) = pids(1)
    supervisor.send_signal(number)
    output, _ = supervisor.communicate(timeout=10)
    assert supervisor.returncode == 0
    assert output.endswith("stopped\n")
    assert not is_alive(child)


def test_a_process_may_finish_what_it_is_doing(start: Start, pids: Callable) -> None:
    finish = "import signal; signal.signal(signal.SIGTERM, lambda *_: (time.sleep(0.5), print('done'), exit())); "
    supervisor = start("import time; " + finish + SLEEP)
    pids(1)
    supervisor.terminate()
    output, _ = supervisor.communicate(timeout=10)
    assert "child     | done" in output


def test_a_second_ctrl_c_hurries_a_process_that_does_not_listen(start: Start, pids: Callable) -> None:
    supervisor = start(DEAF)
    (child,) = pids(1)
    supervisor.send_signal(signal.SIGINT)
    time.sleep(1.2)  # the second must come later than one press could
    asked = time.monotonic()
    supervisor.send_signal(signal.SIGINT)
    supervisor.communicate(timeout=10)
    assert time.monotonic() - asked < 3
    assert not is_alive(child)


def test_what_a_process_has_started_does_not_outlive_it(start: Start, pids: Callable) -> None:
    supervisor = start(PARENT + SLEEP)
    pids(2)
    supervisor.terminate()
    supervisor.communicate(timeout=10)
    assert [pid for pid in pids(2) if is_alive(pid)] == []


def test_orphans_of_a_process_that_died_are_gone_before_the_next_one(start: Start, pids: Callable) -> None:
    start(PARENT + NOTE + "time.sleep(0.5); os._exit(1)")
    first_two = pids(3)[:2]
    assert [pid for pid in first_two if is_alive(pid)] == []


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel tells only Linux processes of their parent's end")
def test_nothing_is_left_when_the_supervisor_itself_is_killed(start: Start, pids: Callable) -> None:
    supervisor = start(SLEEP)
    (child,) = pids(1)
    supervisor.kill()
    wait_for(lambda: not is_alive(child), seconds=5)


def test_an_output_that_nobody_reads_stops_nobody(start: Start, pids: Callable) -> None:
    supervisor = start("print('x\\n' * 100_000, flush=True); " + SLEEP)
    (child,) = pids(1)
    supervisor.terminate()
    supervisor.wait(timeout=15)
    assert not is_alive(child)


def test_lines_stay_whole_and_carry_their_process_name(start: Start, pids: Callable) -> None:
    pieces = "import sys; sys.stdout.buffer.write('群'.encode()[:2]); sys.stdout.flush(); time.sleep(0.2); "
    rest = "sys.stdout.buffer.write('群'.encode()[2:] + b'\\nlast'); sys.stdout.flush(); "
    supervisor = start("import time; " + pieces + rest + SLEEP)
    pids(1)
    supervisor.terminate()
    output, _ = supervisor.communicate(timeout=10)
    assert output.splitlines()[:2] == ["child     | 群", "child     | last"]


def test_a_task_that_fails_stops_the_start_and_says_so(start: Start, tmp_path: Path) -> None:
    supervisor = start(SLEEP, "print('why'); raise SystemExit(4)")
    output, _ = supervisor.communicate(timeout=10)
    assert output == "task      | why\ntask failed (exit code 4). What it printed stands above.\n"
    assert supervisor.returncode == 1
    assert not (tmp_path / "pids").exists()


def test_a_signal_during_a_task_ends_the_task(start: Start, pids: Callable, tmp_path: Path) -> None:
    supervisor = start("pass", SLEEP)
    (task,) = pids(1)
    supervisor.terminate()
    supervisor.communicate(timeout=10)
    assert supervisor.returncode == 0
    assert not is_alive(task)
