"""Runs the whole service: migrates, then keeps web and worker running; for a trial, the simulator too.

A trial it is when the environment and `.env` name no real platform.
"""

import argparse
import fcntl
import os
import socket
import sys
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.error import HTTPError
from urllib.request import ProxyHandler, build_opener

from dotenv import dotenv_values
from sqlalchemy import create_engine
from sqlalchemy.exc import SQLAlchemyError

from config import CHECKOUT, PLATFORM_KEYS, ConfigError, Settings, read_environment
from script.supervisor import Stopped, Supervisor, TaskFailed, say
from script.trial import trial_settings

FLASK = (sys.executable, "-m", "flask", "--app", "app")
#: Seconds after which a service that is not ready is asked why.
PATIENCE = 60

TRIAL_IS_READY = """
Qunbei is running for a trial, with a simulated WeCom and a made-up college. 群备已启动（试用）。
  Open this first and choose a person:  {simulator}
  请先打开上面的模拟企业微信，选择一个人，再从工作台进入群备。
  The service itself 群备:              {service}
Ctrl-C stops everything. 按 Ctrl-C 全部停止。"""
SERVICE_IS_READY = """
Qunbei is running. 群备已启动。
  For people 访问地址:    {public}
  On this machine 本机:   {service}
Ctrl-C stops everything. 按 Ctrl-C 全部停止。"""


class CannotStart(Exception):
    """Something outside our settings is in the way; the text says what to do."""


@dataclass(frozen=True)
class Plan:
    """What to run: with which environment, and on which ports; without a simulator's port it is no trial."""

    environment: Mapping[str, str]
    settings: Settings
    port: int
    simulator_port: int | None

    @property
    def service(self) -> str:
        """The service's address on this machine."""
        return f"http://127.0.0.1:{self.port}/"

    @property
    def simulator(self) -> str:
        """The simulator's address, in a trial."""
        return f"http://127.0.0.1:{self.simulator_port}/"


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 0 once a signal has stopped everything, 1 when the service cannot start."""
    options = _options(arguments)
    try:
        with Supervisor() as supervisor:
            _run(supervisor, _plan(options, os.environ))
    except Stopped:
        say("Qunbei has stopped. 群备已停止。")
        return 0
    except (ConfigError, CannotStart, TaskFailed) as error:
        print(f"Qunbei cannot start: {error}", file=sys.stderr)
    return 1


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="script/server",
        description="Starts Qunbei: web and worker, and a simulated WeCom with a made-up college unless "
        "WECOM_CORP_ID is set in the environment or in .env.",
    )
    parser.add_argument("--port", type=_port, default=8000, help="where the service listens (8000)")
    parser.add_argument("--simulator-port", type=_port, default=8001, help="where the simulator listens (8001)")
    return parser.parse_args(arguments)


def _port(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError("a port is a number from 1 to 65535")
    return int(text)


def _plan(options: argparse.Namespace, environ: Mapping[str, str]) -> Plan:
    _require_free(options.port, "--port")
    given = {name: value or "" for name, value in dotenv_values(CHECKOUT / ".env", interpolate=False).items()}
    given |= environ
    if any(given.get(key) for key in PLATFORM_KEYS):
        return Plan(environ, Settings.from_env(read_environment(environ)), options.port, None)
    _refuse_half_a_platform(given)
    if options.simulator_port == options.port:
        raise CannotStart("service and simulator need two ports: choose another with --simulator-port.")
    _require_free(options.simulator_port, "--simulator-port")
    environment = {**environ, **_for_trial(given, options)}
    return Plan(environment, Settings.from_env(read_environment(environment)), options.port, options.simulator_port)


def _refuse_half_a_platform(given: Mapping[str, str]) -> None:
    """A forgotten WECOM_CORP_ID must not put a trial where a college's service is expected."""
    names = ("WECOM_AGENT_ID", "WECOM_SECRET", "WECOM_CALLBACK_TOKEN", "WECOM_CALLBACK_AES_KEY")
    found = next((name for name in names if given.get(name)), None)
    if found:
        raise CannotStart(f"{found} is set but WECOM_CORP_ID is not. Set it too, or remove {found} for a trial.")


def _for_trial(given: Mapping[str, str], options: argparse.Namespace) -> dict[str, str]:
    instance = Path(given.get("INSTANCE_PATH") or CHECKOUT / "instance").absolute()
    _require_folder(instance)
    settings = trial_settings(given, instance=instance, port=options.port, simulator_port=options.simulator_port)
    # A proxy of this machine must not stand between the service and its simulator.
    return {**settings, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}


def _require_free(port: int, option: str) -> None:
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError as error:
        # strerror names the address as well; the number and the remedy are what matters.
        reason = os.strerror(error.errno or 0)
        raise CannotStart(f"port {port} cannot be used ({reason}): choose another with {option}.") from None


def _require_folder(instance: Path) -> None:
    try:
        instance.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise CannotStart(f"INSTANCE_PATH cannot be used ({os.strerror(error.errno or 0)}).") from None


def _require_database(settings: Settings) -> None:
    """Say in one line what an unreachable database would say in a hundred."""
    _require_folder(settings.instance_path)
    try:
        engine = create_engine(settings.database_url)
        engine.connect().close()
        engine.dispose()
    except SQLAlchemyError as error:
        kind = type(error).__name__
        raise CannotStart(f"the database of DATABASE_URL cannot be reached ({kind}). Check that address.") from None


def _claim_trial(instance: Path) -> IO[str]:
    """The trial's folder for ourselves, as long as the answer is held: two trials would share one outbox."""
    lock = (instance / "trial.lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise CannotStart(f"another trial runs in {instance}. Stop it, or choose another INSTANCE_PATH.") from None
    return lock


def _run(supervisor: Supervisor, plan: Plan) -> None:
    _require_database(plan.settings)
    with _claim_trial(plan.settings.instance_path) if plan.simulator_port else nullcontext():
        _run_all(supervisor, plan)


def _run_all(supervisor: Supervisor, plan: Plan) -> None:
    environment = {**plan.environment, "PYTHONUNBUFFERED": "1"}
    if plan.simulator_port:
        supervisor.keep("simulator", _simulator_command(plan), environment)
    supervisor.run("migrate", [*FLASK, "db", "upgrade"], environment)
    if plan.simulator_port:
        if not supervisor.wait_until(lambda: _complaint(f"{plan.simulator}healthz") is None, PATIENCE):
            raise TaskFailed("the simulator did not start. What it printed stands above.")
        supervisor.run("demo", [sys.executable, "-m", "script.load_demo"], environment)
    supervisor.keep("web", _web_command(plan), environment)
    supervisor.keep("worker", [*FLASK, "run-worker"], environment)
    _announce(supervisor, plan)
    supervisor.wait_until(lambda: False)


def _web_command(plan: Plan) -> list[str]:
    bind = f"127.0.0.1:{plan.port}"
    return [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "--bind", bind, "app:create_app()"]


def _simulator_command(plan: Plan) -> list[str]:
    return [
        *(sys.executable, "-m", "simulator"),
        *("--port", str(plan.simulator_port)),
        *("--state", str(plan.settings.instance_path / "simulator.json")),
        *("--callback-url", f"{plan.service}callbacks/wecom"),
        *("--contact-callback-url", f"{plan.service}callbacks/wecom/contacts"),
        *("--home-url", plan.service),
        *("--sign-in-url", f"{plan.service}login/wecom?next={{path}}"),
    ]


def _announce(supervisor: Supervisor, plan: Plan) -> None:
    """Tells the addresses once the service is ready, and why it is not when that takes long."""
    ready = f"{plan.service}readyz"
    if not supervisor.wait_until(lambda: _complaint(ready) is None, PATIENCE):
        say(f"Qunbei is not ready after {PATIENCE} s: {_complaint(ready)}")
        supervisor.wait_until(lambda: _complaint(ready) is None)
    text = TRIAL_IS_READY if plan.simulator_port else SERVICE_IS_READY
    say(text.format(simulator=plan.simulator, service=plan.service, public=plan.settings.public_url))


def _complaint(address: str) -> str | None:
    """None when `address` answers 200, else what it says instead."""
    try:
        with build_opener(ProxyHandler({})).open(address, timeout=2):
            return None
    except HTTPError as error:
        return error.read(2000).decode(errors="replace")
    except OSError as error:
        return str(error)


if __name__ == "__main__":
    sys.exit(main())
