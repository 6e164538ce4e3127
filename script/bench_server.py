"""A server under measurement: gunicorn as the service runs it, on a free port, and the CPU time it has used."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from config import CHECKOUT

TICKS = os.sysconf("SC_CLK_TCK")
#: Seconds that a server has to stop once asked; gunicorn's own limit is 10.
GRACE = 15


@dataclass(frozen=True)
class Server:
    """A running gunicorn: the port on 127.0.0.1 where it listens, and its first process."""

    port: int
    pid: int

    def cpu_seconds(self) -> float:
        """CPU time that all its processes have used so far, those included that have ended."""
        return cpu_seconds(self.pid)


def cpu_seconds(pid: int) -> float:
    """CPU time that a process and its children have used so far, those included that have ended."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    # utime, stime and, for the first process, those of the children it has waited for (proc(5)).
    return (_ticks(pid, 4) + sum(_ticks(int(child), 2) for child in children)) / TICKS


def _ticks(pid: int, count: int) -> int:
    after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(value) for value in after_name[11 : 11 + count])


@contextmanager
def running(target: str, environment: Mapping[str, str]) -> Iterator[Server]:
    """Serve the WSGI app `target` with the service's own gunicorn settings, and stop it afterwards.

    No worker is replaced meanwhile: that costs a start of the app, which is no part of a request.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port, descriptor = listener.getsockname()[1], listener.fileno()
        # The socket listens already: whoever connects before the app has started just waits.
        bind = ["--bind", f"fd://{descriptor}", "--max-requests", "0", "--log-level", "warning"]
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", *bind, target],
            cwd=CHECKOUT,
            env=environment,
            pass_fds=[descriptor],
        )
    try:
        yield Server(port, process.pid)
    finally:
        _stop(process)


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(GRACE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
