"""Starting, stopping, and what a restart remembers."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from simulator import Settings, SettingsError
from simulator.server import start
from simulator.settings import CONTACT_CREDENTIALS, CREDENTIALS
from tests.simulator.support import CONTACTS, SETTINGS, Platform, Service, button_card, wait_until

CHECKOUT = Path(__file__).resolve().parents[2]
ENVIRONMENT = {name: str(getattr(SETTINGS, key)) for key, name in CREDENTIALS.items()}


def test_a_restart_keeps_messages_codes_and_used_task_ids(
    launch: Callable[..., Platform], service: Service, tmp_path: Path
) -> None:
    file = tmp_path / "state.json"
    first = launch(callback_url=service.url, state_file=file)
    code = first.send_card(button_card())["response_code"]
    first.control("tap", userid="liumei", task_id="t-1", key="approve")
    first.handle.stop()
    second = launch(callback_url=service.url, state_file=file)
    assert second.send_card(button_card())["errcode"] == 42014
    assert second.update(code, userids=["liumei"], button={"replace_name": "已同意"})["errcode"] == 0
    (copy,) = second.copies()
    assert (copy["content"], copy["dead_button"]) == (button_card(), "已同意")


def test_a_restart_keeps_changes_to_the_corp(launch: Callable[..., Platform], tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    first = launch(state_file=file)
    first.control("members", userid="xinren", name="新人", departments=[8])
    first.control("members", userid="wangfang", remove=True)
    first.handle.stop()
    second = launch(state_file=file)
    assert second.get("user/get", userid="xinren")["name"] == "新人"
    assert second.get("user/get", userid="wangfang")["errcode"] == 60111
    second.control("reset")
    assert second.get("user/get", userid="wangfang")["errcode"] == 0


def test_changes_are_on_disk_soon_and_for_the_owner_only(launch: Callable[..., Platform], tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    launch(state_file=file).send("text", {"content": "某事"})
    wait_until(lambda: file.exists() and "某事" in file.read_text("utf-8"))
    assert file.stat().st_mode & 0o777 == 0o600


def test_the_command_is_soon_up_and_stops_on_a_signal() -> None:
    process = run("--port", "0", "--home-url", "http://127.0.0.1:8000/")
    started = time.monotonic()
    assert process.stdout is not None
    url = process.stdout.readline().split()[-1]
    assert requests.get(f"{url}/healthz", timeout=5).status_code == 200
    assert time.monotonic() - started < 5  # generous: the machine may be busy
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=10) == 0
    process.stdout.close()


def run(*options: str, environment: dict[str, str] = ENVIRONMENT) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "simulator", *options],
        cwd=CHECKOUT,
        env={"PATH": os.environ["PATH"], **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.parametrize("name", CREDENTIALS.values())
def test_a_missing_credential_stops_the_start_with_its_name(name: str) -> None:
    rest = {key: value for key, value in ENVIRONMENT.items() if key != name}
    with pytest.raises(SettingsError, match=name):
        Settings.from_env(rest)


def test_the_command_says_in_one_line_what_is_missing() -> None:
    process = run(environment={})
    output, _ = process.communicate(timeout=10)
    assert process.returncode == 1
    assert output.count("\n") == 1
    assert "WECOM_SECRET" in output


@pytest.mark.parametrize(
    "changes",
    [
        {"WECOM_CALLBACK_AES_KEY": "short"},
        {"WECOM_CALLBACK_TOKEN": "has-a-dash"},
        {"WECOM_AGENT_ID": "app"},
    ],
)
def test_a_credential_of_the_wrong_shape_stops_the_start(changes: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match=next(iter(changes))):
        Settings.from_env(ENVIRONMENT | changes)


@pytest.mark.parametrize(("name", "value"), CONTACTS.items())
def test_a_contact_receiver_needs_token_and_key(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match="WECOM_CONTACT_CALLBACK"):
        Settings.from_env(ENVIRONMENT | {CONTACT_CREDENTIALS[name]: value})


def test_a_broken_college_file_stops_the_start(tmp_path: Path) -> None:
    file = tmp_path / "college.toml"
    file.write_text('name = "某学院"\n', "utf-8")
    with pytest.raises(SettingsError, match=r"college\.toml"):
        start(Settings.from_env(ENVIRONMENT, college_file=file))


def test_a_broken_state_file_stops_the_start(tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    file.write_text("{", "utf-8")
    with pytest.raises(SettingsError, match="Remove it"):
        start(Settings.from_env(ENVIRONMENT, state_file=file))


def test_a_port_in_use_is_an_error_not_an_exit(platform: Platform) -> None:
    with pytest.raises(OSError, match="in use"):
        start(SETTINGS, int(platform.url.rsplit(":", 1)[1]))


def test_secrets_are_not_in_the_settings_text() -> None:
    assert SETTINGS.secret not in repr(SETTINGS)
    assert SETTINGS.callback_aes_key not in repr(SETTINGS)
