"""What the tests with real processes stand on: one database, the simulator, and the service's commands around them."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import requests
from flask import Flask
from sqlalchemy import func, select

from app import create_app
from config import CHECKOUT, Settings
from extensions import db
from models import UNDER_WAY, Message, MessageKind, MessageState
from simulator.server import Handle
from tests.conftest import make_settings
from tests.platform import simulated_platform
from tests.script.processes import clean_environment

Answer = TypeVar("Answer")
WORKER = (sys.executable, "-m", "tests.processes.quick_worker")
#: Seconds until a test gives up on something that happens within a few.
PATIENCE = 60.0


def until(question: Callable[[], Answer], what: str = "what was waited for", *, seconds: float = PATIENCE) -> Answer:
    """The first true answer; AssertionError when there is none in time."""
    deadline = time.monotonic() + seconds
    while not (answer := question()):
        assert time.monotonic() < deadline, f"{what} did not happen in {seconds:g} s"
        time.sleep(0.03)
    return answer


@dataclass
class Stage:
    """One database, the app over it in this process, its simulated platform, and the processes that were started."""

    app: Flask
    platform: Handle
    folder: Path
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def settings(self) -> Settings:
        """Those of the app, and of every process."""
        settings: Settings = self.app.config["SETTINGS"]
        return settings

    def start(self, *command: str, **how: Any) -> subprocess.Popen[bytes]:
        """A process with the service's settings; what it prints is kept in the stage's folder."""
        environment = clean_environment(**environment_of(self.settings))
        with (self.folder / f"{len(self.running)}.log").open("wb") as log:
            process = subprocess.Popen(
                command, cwd=CHECKOUT, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **how
            )
        self.running.append(process)
        return process

    def worker(self) -> subprocess.Popen[bytes]:
        """The service's worker, with short waits."""
        return self.start(*WORKER)

    @contextmanager
    def server(self, workers: int = 1) -> Iterator["Server"]:
        """The service under gunicorn with its own settings, on a free port; it answers when the block begins."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            bind = ("--bind", f"fd://{listener.fileno()}", "--workers", str(workers))
            process = self.start(
                *(sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", *bind, "app:create_app()"),
                pass_fds=[listener.fileno()],
            )
            server = Server(process, listener.getsockname()[1])
        try:
            # The socket listens already: whoever asks before the app has loaded waits for it.
            assert requests.get(f"{server.url}/healthz", timeout=PATIENCE).status_code == 200
            yield server
        finally:
            end(process)

    def ask(self, path: str) -> dict[str, Any]:
        """What the simulator's control API says."""
        answer: dict[str, Any] = requests.get(f"{self.platform.url}/simulator/{path}", timeout=10).json()
        return answer

    def order(self, what: str, /, **body: Any) -> None:
        """Tell the simulator's control API."""
        answer = requests.post(f"{self.platform.url}/simulator/{what}", json=body, timeout=10)
        assert answer.status_code == 200, answer.text

    def mend(self) -> None:
        """Nothing is wrong with the platform any more."""
        requests.delete(f"{self.platform.url}/simulator/faults", timeout=10)

    def held(self) -> bool:
        """Whether every fault that was ordered has been met by a call."""
        return not self.ask("faults")["faults"]

    def calls(self, path: str) -> int:
        """How often the platform was asked for this."""
        with self.platform.state.lock:
            return self.platform.state.calls.counts[path]

    def states(self, *which: Any) -> Counter[MessageState]:
        """How many messages are in which state."""
        with self.app.app_context():
            rows = db.session.execute(select(Message.state, func.count()).where(*which).group_by(Message.state))
            return Counter(dict(rows.all()))

    def settled(self, *which: Any) -> bool:
        """Whether no message waits or is on its way."""
        return not set(UNDER_WAY) & self.states(*which).keys()

    def check_each_arrived_once(self) -> None:
        """Wait for the last; then every message was sent, is on its phone once, and nothing else is on any."""
        until(self.settled, "that every message had an end")
        with self.app.app_context():
            rows = db.session.execute(select(Message.task_id, Message.state).where(Message.kind != MessageKind.CLOSE))
            sent = {task_id for task_id, state in rows if state is MessageState.SENT}
        seen = self.ask("copies")
        assert self.states().keys() <= {MessageState.SENT, MessageState.FAILED}
        assert seen["copies"] == dict.fromkeys(sent, 1)
        assert seen["dropped"] == {}


@dataclass
class Server:
    """A running gunicorn."""

    process: subprocess.Popen[bytes]
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def workers(self) -> list[int]:
        """The process ids of its workers at the moment."""
        pid = self.process.pid
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def kill_one(self) -> int:
        """Ends a worker without a warning, as the kernel does when memory runs out; who it was."""
        victim = self.workers()[0]
        os.kill(victim, signal.SIGKILL)
        return victim


def end(process: subprocess.Popen[bytes]) -> int:
    """Asks it to stop, and makes sure; its exit code."""
    process.terminate()
    try:
        return process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def environment_of(settings: Settings) -> Mapping[str, str]:
    """The same settings as the service's commands read them."""
    wecom = settings.wecom
    return {
        "PUBLIC_URL": settings.public_url,
        "SECRET_KEY": settings.secret_key,
        "DATABASE_URL": settings.database_url,
        "INSTANCE_PATH": str(settings.instance_path),
        "WECOM_CORP_ID": wecom.corp_id,
        "WECOM_AGENT_ID": str(wecom.agent_id),
        "WECOM_SECRET": wecom.secret,
        "WECOM_CALLBACK_TOKEN": wecom.receiver.token,
        "WECOM_CALLBACK_AES_KEY": wecom.receiver.aes_key,
        "WECOM_API_URL": wecom.api_url,
        "WECOM_AUTHORIZE_URL": wecom.authorize_url,
        "WECOM_SSO_URL": wecom.sso_url,
    }


@contextmanager
def standing(database_url: str, folder: Path) -> Iterator[Stage]:
    """A stage over a migrated and empty database; every process that was started on it is ended with it."""
    app = create_app(make_settings(database_url, folder))
    with simulated_platform(app) as platform:
        stage = Stage(app, platform, folder)
        try:
            yield stage
        finally:
            for process in stage.running:
                if process.poll() is None:
                    end(process)
            with app.app_context():
                db.session.remove()
                db.engine.dispose()
