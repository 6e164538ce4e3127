"""The settings of a trial: what service and simulator agree on when no real platform is configured."""

import base64
import os
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path

from dotenv import dotenv_values

from config import TRIAL_FILE

# The shapes are those WeCom gives out, so that the service may check them as it would the real ones.
AGENT_ID = "1000002"


def trial_settings(given: Mapping[str, str], *, instance: Path, port: int, simulator_port: int) -> dict[str, str]:
    """Settings for a trial on these ports, over the `given` ones; also left in the instance's trial file.

    Secrets are made once and kept there, so that after a restart yesterday's cards and sessions still
    work; the commands of `flask --app app` read the file too.
    """
    path = instance / TRIAL_FILE
    settings = {
        **_secrets(given, dotenv_values(path, interpolate=False)),
        **_addresses(port, simulator_port),
        # Apart from the service's own default: made-up people must never wait where real ones move in.
        "DATABASE_URL": given.get("DATABASE_URL") or f"sqlite:///{instance / 'demo.sqlite3'}",
    }
    _write_privately(path, "".join(f"{name}={_quoted(value)}\n" for name, value in settings.items()))
    return settings


def _secrets(given: Mapping[str, str], kept: Mapping[str, str | None]) -> dict[str, str]:
    makers: dict[str, Callable[[], str]] = {
        "WECOM_CORP_ID": lambda: "ww" + secrets.token_hex(8),
        "WECOM_SECRET": lambda: secrets.token_urlsafe(32),
        "WECOM_CALLBACK_TOKEN": lambda: secrets.token_hex(16),
        "WECOM_CALLBACK_AES_KEY": _new_aes_key,
        "WECOM_CONTACT_CALLBACK_TOKEN": lambda: secrets.token_hex(16),
        "WECOM_CONTACT_CALLBACK_AES_KEY": _new_aes_key,
    }
    made = {name: kept.get(name) or make() for name, make in makers.items()}
    secret_key = given.get("SECRET_KEY") or kept.get("SECRET_KEY") or secrets.token_hex(32)
    return {**made, "WECOM_AGENT_ID": AGENT_ID, "SECRET_KEY": secret_key}


def _new_aes_key() -> str:
    """43 letters and digits that are 32 bytes in base64 [90930]."""
    while not (key := base64.b64encode(secrets.token_bytes(32)).decode().rstrip("=")).isalnum():
        pass
    return key


def _addresses(port: int, simulator_port: int) -> dict[str, str]:
    simulator = f"http://127.0.0.1:{simulator_port}"
    return {
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "WECOM_API_URL": f"{simulator}/cgi-bin/",
        "WECOM_AUTHORIZE_URL": f"{simulator}/connect/oauth2/authorize",
        "WECOM_SSO_URL": f"{simulator}/wwlogin/sso/login",
    }


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _write_privately(path: Path, text: str) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = path.with_name(path.name + ".new")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    new.replace(path)
