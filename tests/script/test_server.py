"""script/serve.py with the real gunicorn and Flask commands, around a stand-in for the service and its simulator."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.script.processes import CHECKOUT, clean_environment, end, free_port, get, is_alive, wait_for

APP = """
import os, pathlib, time
from flask import Flask, jsonify
from flask.cli import AppGroup

NOTES = pathlib.Path(__file__).with_name("notes")

def note(text):
    with NOTES.open("a") as file:
        print(text, file=file)

def create_app():
    app = Flask(__name__)
    db = AppGroup("db")
    app.cli.add_command(db)

    @db.command()
    def upgrade():
        note("migrate 0")

    @app.cli.command("run-worker")
    def run_worker():
        note(f"worker {os.getpid()}")
        time.sleep(60)

    @app.get("/readyz")
    def ready():
        return "migrated", 200 if "worker" in NOTES.read_text() else 503

    @app.get("/environment")
    def environment():
        return jsonify(dict(os.environ, gunicorn=os.getppid()))

    @app.get("/broken")
    def broken():
        raise SystemError

    app.config["PROPAGATE_EXCEPTIONS"] = True
    return app
"""
SIMULATOR = """
import http.server, os, sys
from app import note

note(f"simulator {os.getpid()}")
note("arguments " + " ".join(sys.argv[1:]))
class Healthy(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
http.server.HTTPServer(("127.0.0.1", int(sys.argv[2])), Healthy).serve_forever()
"""
REAL_PLATFORM = {
    "WECOM_CORP_ID": "ww0123456789abcdef",
    "WECOM_AGENT_ID": "1000002",
    "WECOM_SECRET": "s" * 43,
    "WECOM_CALLBACK_TOKEN": "token",
    "WECOM_CALLBACK_AES_KEY": "A" * 43,
    "PUBLIC_URL": "https://qunbei.example.edu.cn",
    "SECRET_KEY": "k" * 32,
}


class Server:
    """script/serve.py running in a checkout of stand-ins."""

    def __init__(self, checkout: Path, *options: str, **settings: str) -> None:
        self.checkout = checkout
        self.port, self.simulator_port = free_port(), free_port()
        ports = ["--port", str(self.port), "--simulator-port", str(self.simulator_port)]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "script.serve", *ports, *options],
            cwd=checkout,
            env=clean_environment(**settings),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def read_until(self, words: str) -> str:
        """What it prints, to the line with `words`."""
        assert self.process.stdout
        output = ""
        while words not in output:
            line = self.process.stdout.readline()
            assert line, output
            output += line
        return output

    def notes(self) -> list[list[str]]:
        """What the stand-ins noted: each its name, then its pid or whatever it tells."""
        path = self.checkout / "notes"
        return [line.split(maxsplit=1) for line in path.read_text().splitlines()] if path.exists() else []

    def pid(self, name: str) -> int:
        """The pid of the newest process of this name."""
        return int([value for noted, value in self.notes() if noted == name][-1])

    def environment(self) -> dict[str, str]:
        """The web process's environment; empty while none answers."""
        return json.loads(get(f"http://127.0.0.1:{self.port}/environment") or "{}")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "check out"
    (folder / "script").mkdir(parents=True)
    (folder / "simulator").mkdir()
    for name in ("serve.py", "supervisor.py", "trial.py"):
        shutil.copy(CHECKOUT / "script" / name, folder / "script")
    for name in ("config.py", "gunicorn.conf.py"):
        shutil.copy(CHECKOUT / name, folder)
    (folder / "app.py").write_text(APP)
    (folder / "simulator/__main__.py").write_text(SIMULATOR)
    (folder / "script/load_demo.py").write_text("from app import note\nnote('demo 0')\n")
    return folder


@pytest.fixture
def start(checkout: Path) -> Iterator[Callable[..., Server]]:
    servers = []

    def start(*options: str, **settings: str) -> Server:
        servers.append(Server(checkout, *options, **settings))
        return servers[-1]

    yield start
    for server in servers:
        end(server.process)


def test_a_trial_starts_all_parts_in_order_restarts_them_and_leaves_none(start: Callable[..., Server]) -> None:
    server = start()
    output = server.read_until("Ctrl-C stops everything")
    assert f"http://127.0.0.1:{server.port}/\n" in output
    assert f"http://127.0.0.1:{server.simulator_port}/\n" in output
    assert [name for name, _ in server.notes() if name not in ("simulator", "arguments")] == [
        "migrate",
        "demo",
        "worker",
    ]
    master = int(server.environment()["gunicorn"])
    old = [master, server.pid("worker"), server.pid("simulator")]
    for pid in old:
        os.kill(pid, signal.SIGKILL)
    wait_for(lambda: server.pid("worker") not in old and server.pid("simulator") not in old)
    wait_for(lambda: server.environment().get("gunicorn", master) != master)
    server.process.send_signal(signal.SIGINT)
    server.process.communicate(timeout=20)
    assert server.process.returncode == 0
    pids = [*old, server.pid("worker"), server.pid("simulator")]
    assert [pid for pid in pids if is_alive(pid)] == []
    assert get(f"http://127.0.0.1:{server.port}/readyz") == ""


def test_in_a_trial_service_and_simulator_are_told_of_each_other(start: Callable[..., Server]) -> None:
    server = start()
    server.read_until("Ctrl-C stops everything")
    environment = server.environment()
    assert environment["WECOM_API_URL"] == f"http://127.0.0.1:{server.simulator_port}/cgi-bin/"
    assert environment["DATABASE_URL"] == f"sqlite:///{server.checkout / 'instance' / 'demo.sqlite3'}"
    (arguments,) = (value for name, value in server.notes() if name == "arguments")
    service = f"http://127.0.0.1:{server.port}/"
    assert f"--callback-url {service}callbacks/wecom " in arguments
    assert f"--contact-callback-url {service}callbacks/wecom/contacts --home-url {service} " in arguments
    assert environment["WECOM_CONTACT_CALLBACK_TOKEN"] != environment["WECOM_CALLBACK_TOKEN"]
    assert environment["WECOM_CONTACT_CALLBACK_AES_KEY"] != environment["WECOM_CALLBACK_AES_KEY"]
    assert arguments.endswith(f"--sign-in-url {service}login/wecom?next={{path}}")


def test_with_a_real_platform_in_dotenv_there_is_no_simulator_and_no_demo(
    start: Callable[..., Server], checkout: Path
) -> None:
    (checkout / ".env").write_text("".join(f"{name}={value}\n" for name, value in REAL_PLATFORM.items()))
    server = start()
    assert "https://qunbei.example.edu.cn" in server.read_until("Ctrl-C stops everything")
    assert [name for name, _ in server.notes()] == ["migrate", "worker"]
    assert "DATABASE_URL" not in server.environment()
    assert not (checkout / "instance" / "trial.env").exists()


def test_a_wrong_setting_is_named_in_one_sentence_before_anything_starts(start: Callable[..., Server]) -> None:
    server = start(**REAL_PLATFORM | {"WECOM_SECRET": ""})
    output, _ = server.process.communicate(timeout=10)
    assert output.startswith("Qunbei cannot start: WECOM_SECRET is not set.")
    assert output.count("\n") == 1
    assert (server.process.returncode, server.notes()) == (1, [])


@pytest.mark.parametrize("option", ["--port", "--simulator-port"])
def test_a_port_in_use_is_named_in_one_line_before_anything_starts(start: Callable[..., Server], option: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = str(holder.getsockname()[1])
        server = start(option, port)
        output, _ = server.process.communicate(timeout=10)
    assert output == (
        f"Qunbei cannot start: port {port} cannot be used (Address already in use): choose another with {option}.\n"
    )
    assert (server.process.returncode, server.notes()) == (1, [])


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"WECOM_SECRET": "secret"}, "WECOM_SECRET is set but WECOM_CORP_ID is not."),
        ({"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}, "the database of DATABASE_URL cannot be reached"),
        ({"INSTANCE_PATH": "/proc/nowhere"}, "INSTANCE_PATH cannot be used"),
    ],
)
def test_what_stands_in_the_way_is_said_in_one_line(
    start: Callable[..., Server], settings: dict[str, str], sentence: str
) -> None:
    server = start(**settings)
    output, _ = server.process.communicate(timeout=20)
    assert sentence in output
    assert output.count("\n") == 1
    assert (server.process.returncode, server.notes()) == (1, [])


def test_a_second_trial_in_the_same_folder_is_refused(start: Callable[..., Server]) -> None:
    start().read_until("Ctrl-C stops everything")
    second = start()
    output, _ = second.process.communicate(timeout=10)
    assert "another trial runs in" in output
    assert second.process.returncode == 1


def test_a_migration_that_fails_stops_the_start(start: Callable[..., Server], checkout: Path) -> None:
    (checkout / "app.py").write_text(APP.replace('note("migrate 0")', "raise SystemExit('no such table')"))
    server = start()
    output, _ = server.process.communicate(timeout=20)
    assert "migrate   | no such table\n" in output
    assert output.endswith("Qunbei cannot start: migrate failed (exit code 1). What it printed stands above.\n")
    assert server.process.returncode == 1
    assert "worker" not in dict(server.notes())


def test_sign_in_codes_in_queries_never_reach_the_log(start: Callable[..., Server]) -> None:
    server = start()
    server.read_until("Ctrl-C stops everything")
    get(f"http://127.0.0.1:{server.port}/broken?code=SECRET")
    get(f"http://127.0.0.1:{server.port}/readyz?code=SECRET")
    server.process.terminate()
    output, _ = server.process.communicate(timeout=20)
    assert "Error handling request" in output
    assert "SECRET" not in output


def test_its_help_names_the_platform_it_can_speak_to_and_no_other() -> None:
    command = [sys.executable, "-m", "script.serve", "--help"]
    said = subprocess.run(command, cwd=CHECKOUT, env=clean_environment(), capture_output=True, text=True, check=True)
    assert "WECOM_CORP_ID" in said.stdout
    assert "DINGTALK" not in said.stdout
