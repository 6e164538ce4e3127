"""What the tests of the commands share: free ports, waiting, and whether a process is still there."""

import os
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar
from urllib.request import ProxyHandler, build_opener

Answer = TypeVar("Answer")
CHECKOUT = Path(__file__).resolve().parents[2]


def free_port() -> int:
    """A port nobody listens on at the moment."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def wait_for(question: Callable[[], Answer], seconds: float = 20) -> Answer:
    """The first true answer; AssertionError when there is none in time."""
    deadline = time.monotonic() + seconds
    while not (answer := question()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)
    return answer


def is_alive(pid: int) -> bool:
    """Whether the process runs; one that has ended but was not yet collected does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def get(address: str) -> str:
    """The page at `address`, or an empty text where nobody answers."""
    try:
        with build_opener(ProxyHandler({})).open(address, timeout=5) as answer:
            return answer.read().decode()
    except OSError:
        return ""


def clean_environment(**more: str) -> dict[str, str]:
    """Our environment without the service's own settings."""
    ours = ("WECOM_", "DINGTALK_", "DATABASE_URL", "INSTANCE_PATH", "PUBLIC_URL", "SECRET_KEY")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)} | more


def end(process: "subprocess.Popen[str]") -> None:
    """Makes sure that a test leaves no process, whatever happened in it."""
    process.terminate()
    try:
        process.communicate(timeout=20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
