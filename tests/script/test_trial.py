"""The settings of a trial, read back by the service's own reader."""

import base64
import stat
from pathlib import Path

from config import Settings, read_environment
from script.trial import trial_settings


def test_the_service_accepts_them_and_finds_them_in_the_trial_file(tmp_path: Path) -> None:
    made = trial_settings({}, instance=tmp_path, port=8000, simulator_port=8001)
    found = read_environment({"INSTANCE_PATH": str(tmp_path)}, checkout=tmp_path)
    assert {name: found[name] for name in made} == made
    settings = Settings.from_env(found)
    assert settings.public_url == "http://127.0.0.1:8000"
    assert settings.wecom.api_url == "http://127.0.0.1:8001/cgi-bin/"


def test_secrets_have_the_shapes_that_the_platform_gives_out(tmp_path: Path) -> None:
    made = trial_settings({}, instance=tmp_path, port=8000, simulator_port=8001)
    key = made["WECOM_CALLBACK_AES_KEY"]
    assert (len(key), key.isalnum(), len(base64.b64decode(key + "="))) == (43, True, 32)
    assert (len(made["WECOM_CORP_ID"]), len(made["WECOM_SECRET"])) == (18, 43)
    assert made["WECOM_CALLBACK_TOKEN"].isalnum()
    assert len(made["WECOM_CALLBACK_TOKEN"]) <= 32


def test_secrets_outlive_a_restart_on_other_ports(tmp_path: Path) -> None:
    before = trial_settings({}, instance=tmp_path, port=8000, simulator_port=8001)
    after = trial_settings({}, instance=tmp_path, port=9000, simulator_port=9001)
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"PUBLIC_URL", "WECOM_API_URL", "WECOM_AUTHORIZE_URL", "WECOM_SSO_URL"}


def test_nobody_else_may_read_them(tmp_path: Path) -> None:
    trial_settings({}, instance=tmp_path / "new", port=8000, simulator_port=8001)
    assert stat.S_IMODE((tmp_path / "new" / "trial.env").stat().st_mode) == 0o600


def test_a_database_and_a_secret_key_that_are_given_are_used(tmp_path: Path) -> None:
    awkward = {"DATABASE_URL": "postgresql://u:p'#\\ $x${Y}@h/d", "SECRET_KEY": "given " * 4}
    made = trial_settings(awkward, instance=tmp_path, port=8000, simulator_port=8001)
    found = read_environment({"INSTANCE_PATH": str(tmp_path)}, checkout=tmp_path)
    for name, value in awkward.items():
        assert made[name] == found[name] == value


def test_the_trial_has_a_database_of_its_own(tmp_path: Path) -> None:
    made = trial_settings({}, instance=tmp_path, port=8000, simulator_port=8001)
    assert made["DATABASE_URL"] == f"sqlite:///{tmp_path / 'demo.sqlite3'}"
    assert made["DATABASE_URL"] != Settings.from_env(made | {"DATABASE_URL": ""}).database_url
