"""What the simulator is told at its start."""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

DEFAULT_COLLEGE = Path(__file__).with_name("college.toml")
CREDENTIALS = {
    "corp_id": "WECOM_CORP_ID",
    "agent_id": "WECOM_AGENT_ID",
    "secret": "WECOM_SECRET",
    "callback_token": "WECOM_CALLBACK_TOKEN",
    "callback_aes_key": "WECOM_CALLBACK_AES_KEY",
}
#: Of 通讯录同步, which a corp may leave unused.
CONTACT_CREDENTIALS = {
    "contact_secret": "WECOM_CONTACT_SECRET",
    "contact_callback_token": "WECOM_CONTACT_CALLBACK_TOKEN",
    "contact_callback_aes_key": "WECOM_CONTACT_CALLBACK_AES_KEY",
}


class SettingsError(Exception):
    """A setting is missing or wrong; the text says which and what to write."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Credentials of the simulated app and where the service it serves stands. Durations are in seconds."""

    corp_id: str
    agent_id: int
    secret: str = field(repr=False)
    callback_token: str = field(repr=False)
    callback_aes_key: str = field(repr=False)
    contact_secret: str = field(default="", repr=False)  # 通讯录同步; without one nobody can read user/list_id
    contact_callback_token: str = field(default="", repr=False)  # the 通讯录同步 receiver's own
    contact_callback_aes_key: str = field(default="", repr=False)
    callback_url: str = ""
    contact_callback_url: str = ""
    home_url: str = ""
    sign_in_url: str = ""
    trusted_domains: tuple[str, ...] = ()
    college_file: Path = DEFAULT_COLLEGE
    state_file: Path | None = None
    callback_timeout: float = 5.0
    callback_retries: int = 3
    retry_pause: float = 0.5
    retry_on_status: bool = True  # [90238] says any non-200 is retried, [90930] only a network failure

    def __post_init__(self) -> None:
        _check_receiver("WECOM_CALLBACK", self.callback_token, self.callback_aes_key)
        if self.contact_callback_url or self.contact_callback_token or self.contact_callback_aes_key:
            _check_receiver("WECOM_CONTACT_CALLBACK", self.contact_callback_token, self.contact_callback_aes_key)
        for name in ("callback_url", "contact_callback_url", "home_url", "sign_in_url"):
            value = getattr(self, name)
            if value and urlsplit(value).scheme not in ("http", "https"):
                raise SettingsError(f"{name} must start with http:// or https://, not {value!r}.")
        if self.sign_in_url and "{path}" not in self.sign_in_url:
            raise SettingsError("sign_in_url must contain {path}, where the address to open is put.")

    @classmethod
    def from_env(cls, environ: Mapping[str, str], **options: Any) -> Self:
        """Credentials from `environ`, the rest from `options`. Raises SettingsError."""
        missing = [name for name in CREDENTIALS.values() if not environ.get(name)]
        if missing:
            raise SettingsError(f"Set {', '.join(missing)} in the environment; the service reads the same names.")
        values: dict[str, Any] = {key: environ[name] for key, name in CREDENTIALS.items()}
        if not values["agent_id"].isdecimal():
            raise SettingsError("WECOM_AGENT_ID must be a number, for example 1000002.")
        values["agent_id"] = int(values["agent_id"])
        values |= {key: environ.get(name, "") for key, name in CONTACT_CREDENTIALS.items()}
        return cls(**values, **options)

    @property
    def trusted_hosts(self) -> frozenset[str]:
        """host[:port] that OAuth may send people back to; by default the home page's."""
        hosts = self.trusted_domains or (urlsplit(self.home_url).netloc,)
        return frozenset(host.lower() for host in hosts if host)


def _check_receiver(prefix: str, token: str, aes_key: str) -> None:
    check_aes_key(aes_key, f"{prefix}_AES_KEY")
    if not re.fullmatch(r"[0-9A-Za-z]{1,32}", token):
        raise SettingsError(f"{prefix}_TOKEN must be 1 to 32 letters and digits.")


def check_aes_key(key: str, name: str = "WECOM_CALLBACK_AES_KEY") -> bytes:
    """The 32 bytes of an EncodingAESKey [90968]. Raises SettingsError."""
    try:
        decoded = base64.b64decode(key + "=", validate=True)
    except (binascii.Error, ValueError):
        decoded = b""
    if len(key) != 43 or len(decoded) != 32:
        raise SettingsError(f"{name} must be 43 letters and digits that decode to 32 bytes.")
    return decoded
