"""Keeps a few processes running: shows what they print, restarts what dies, and leaves none behind."""

import contextlib
import ctypes
import functools
import math
import os
import select
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from types import FrameType, TracebackType
from typing import Self

TICK = 0.1
#: Seconds that a process has to finish what it is doing, once asked to stop. gunicorn's own limit is 10; a worker may
#: have to wait for a token, and then for a platform that answers byte by byte.
GRACE = 40.0
#: Who dies younger than this has not really started; the next try waits longer.
SHORTEST_LIFE = 5.0
FIRST_DELAY = 0.5
LONGEST_DELAY = 8.0
#: One Ctrl-C may reach us twice at once (`timeout` does so); only a later one means impatience.
IMPATIENCE = 1.0
#: Bytes. A pipe that has room at all has room for a page of 4096.
LONGEST_LINE = 4000
PR_SET_PDEATHSIG = 1


class Stopped(Exception):
    """A signal asked us to stop."""


class TaskFailed(Exception):
    """A task that has to succeed did not; the text says which."""


def say(text: str) -> None:
    """Prints `text` as a line, unless nobody reads: a full pipe must not keep us from our children."""
    with contextlib.suppress(OSError):
        if select.select([], [1], [], 0)[1]:
            os.write(1, text.encode()[:LONGEST_LINE] + b"\n")


class Output:
    """What the children print, line by line on our own output, each line behind its child's name."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._unfinished: dict[int, bytes] = {}

    def follow(self, name: str, pipe: int) -> None:
        """Shows what arrives on the descriptor `pipe`, and closes it after its last writer."""
        self._selector.register(pipe, selectors.EVENT_READ, name)

    def pump(self, seconds: float) -> bool:
        """Shows what there is, waiting up to `seconds` for it; whether there was anything."""
        ready = self._selector.select(seconds)
        for key, _ in ready:
            self._read(key.data, key.fd)
        return bool(ready)

    def _read(self, name: str, pipe: int) -> None:
        chunk = os.read(pipe, 65536)
        *lines, rest = (self._unfinished.pop(pipe, b"") + chunk).split(b"\n")
        if chunk:
            self._unfinished[pipe] = rest
        else:
            lines = [rest] if rest else []
            self._selector.unregister(pipe)
            os.close(pipe)
        for line in lines:
            say(f"{name:9} | {line.decode(errors='replace')}")


class Child:
    """One process, in a session of its own so that a Ctrl-C reaches it only through us."""

    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str], output: Output) -> None:
        self.name = name
        self._command = command
        self._environment = environment
        self._output = output
        self._early_deaths = 0
        self._due = 0.0
        self._start()

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative when a signal ended it."""
        return self._process.poll()

    def revive(self) -> None:
        """Starts it again when it has died: soon the first time, later and later when that does not help."""
        if self.exit_code is None:
            return
        if not self._due:
            self._mourn()
        if time.monotonic() >= self._due:
            self._start()

    def terminate(self) -> None:
        """Asks it to finish. gunicorn passes this on to its workers in its own way."""
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()

    def kill(self) -> None:
        """Ends it, and whatever it started and left behind, at once."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def _start(self) -> None:
        self._due = 0.0
        self._started = time.monotonic()
        ours, theirs = os.pipe()
        self._process = subprocess.Popen(
            self._command,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=theirs,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            # We have no threads, so there is no lock that the fork could leave held.
            preexec_fn=functools.partial(_end_with, os.getpid()),
        )
        os.close(theirs)
        self._output.follow(self.name, ours)

    def _mourn(self) -> None:
        lived = time.monotonic() - self._started
        self._early_deaths = self._early_deaths + 1 if lived < SHORTEST_LIFE else 0
        delay = min(FIRST_DELAY * 2 ** max(self._early_deaths - 1, 0), LONGEST_DELAY)
        self._due = time.monotonic() + delay
        # Its orphans would hold the port that the next one needs.
        self.kill()
        say(f"{self.name} ended ({_cause(self._process.returncode)}); starting it again in {delay:g} s")


class Supervisor:
    """Runs tasks to their end and keeps processes running. Use as a context: leaving it stops everything.

    SIGINT, SIGTERM and SIGHUP raise Stopped from whichever method is waiting.
    """

    def __init__(self) -> None:
        self._output = Output()
        self._kept: list[Child] = []
        self._tasks: list[Child] = []
        self._asked_to_stop: list[float] = []

    def __enter__(self) -> Self:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            # nohup ignores SIGHUP on purpose; a shell's background job ignores SIGINT by default.
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self._note_signal)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        children = [*self._kept, *self._tasks]
        for child in children:
            child.terminate()
        deadline = time.monotonic() + GRACE
        while any(child.exit_code is None for child in children) and not self._out_of_patience(deadline):
            self._output.pump(TICK)
        for child in children:
            child.kill()
        while self._output.pump(0):
            pass

    def keep(self, name: str, command: Sequence[str], environment: Mapping[str, str]) -> None:
        """Starts a process that shall run as long as we do."""
        self._kept.append(Child(name, command, environment, self._output))

    def run(self, name: str, command: Sequence[str], environment: Mapping[str, str]) -> None:
        """Runs a process to its end. Raises TaskFailed when it does not succeed."""
        task = Child(name, command, environment, self._output)
        self._tasks.append(task)
        self.wait_until(lambda: task.exit_code is not None)
        self._tasks.remove(task)
        self._output.pump(0)
        if task.exit_code:
            raise TaskFailed(f"{name} failed ({_cause(task.exit_code)}). What it printed stands above.")

    def wait_until(self, condition: Callable[[], bool], seconds: float = math.inf) -> bool:
        """Looks after everything until `condition` holds (True) or `seconds` have passed (False)."""
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                return False
            self._output.pump(TICK)
            if self._asked_to_stop:
                raise Stopped
            for child in self._kept:
                child.revive()
        return True

    def _note_signal(self, number: int, frame: FrameType | None) -> None:
        self._asked_to_stop.append(time.monotonic())

    def _out_of_patience(self, deadline: float) -> bool:
        asked = self._asked_to_stop
        return time.monotonic() > deadline or (len(asked) > 1 and asked[-1] - asked[0] > IMPATIENCE)


def _cause(exit_code: int) -> str:
    return f"exit code {exit_code}" if exit_code >= 0 else signal.Signals(-exit_code).name


def _end_with(parent: int) -> None:
    """In the new process: on Linux, have the kernel stop it when `parent` is gone, however it went."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(1)
