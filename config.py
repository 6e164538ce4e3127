"""Every setting of the service, read once from the environment and checked before anything starts."""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from urllib.parse import urlsplit

from dotenv import dotenv_values
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

CHECKOUT = Path(__file__).resolve().parent
PLATFORM_KEYS = ("WECOM_CORP_ID", "DINGTALK_APP_KEY")
#: Settings that `script/server` made for a trial, beside the trial's data. A real platform's settings hide it.
TRIAL_FILE = "trial.env"
#: No setting: `read_environment` adds it where the trial's stand in for those that are missing.
TRIAL = "QUNBEI_TRIAL"
SHORTEST_SECRET_KEY = 12


class ConfigError(Exception):
    """A setting is missing or wrong; the text names it and says what to do."""


@dataclass(frozen=True)
class Receiver:
    """Where WeCom sends events: an address's token, which signs them, and the EncodingAESKey that encrypts [90930]."""

    token: str = field(repr=False)
    aes_key: str = field(repr=False)


@dataclass(frozen=True)
class WeComSettings:
    """One self-built WeCom app: its identity, its receivers of events and the addresses of the platform."""

    corp_id: str
    agent_id: int
    secret: str = field(repr=False)
    receiver: Receiver
    api_url: str
    authorize_url: str
    sso_url: str
    #: 通讯录同步 has a receiver of its own; without one, changes of the directory are found by the sync alone.
    contact_receiver: Receiver | None = None


@dataclass(frozen=True)
class Settings:
    """What the service needs to know before it can start; `from_env` reads and checks it."""

    public_url: str
    secret_key: str = field(repr=False)
    database_url: str = field(repr=False)
    instance_path: Path
    wecom: WeComSettings
    redis_url: str = field(default="", repr=False)
    #: Former secret keys: sessions and stored values that they made are still read.
    secret_key_fallbacks: tuple[str, ...] = field(default=(), repr=False)
    initial_administrators: tuple[str, ...] = ()
    regulation_file: Path | None = None
    #: WeCom's proofs that the domain is ours, by file name.
    domain_verification: Mapping[str, str] = field(default_factory=dict)
    #: Who may read /metrics beside this machine itself.
    metrics_from: tuple[IPv4Network | IPv6Network, ...] = ()
    #: Whether these are a trial's, since nothing names a platform.
    is_trial: bool = False

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "Settings":
        """The settings in `environ`, a mapping such as `read_environment()` gives.

        Raises ConfigError naming the first setting that is missing, malformed or contradicts another.
        """
        _refuse_what_this_version_cannot_do(environ)
        instance_path = Path(environ.get("INSTANCE_PATH") or CHECKOUT / "instance").absolute()
        return cls(
            public_url=_http_url(environ, "PUBLIC_URL").rstrip("/"),
            secret_key=_secret_key(environ),
            database_url=_database_url(environ, instance_path),
            instance_path=instance_path,
            wecom=_wecom(environ),
            redis_url=_redis_url(environ),
            secret_key_fallbacks=_secret_key_fallbacks(environ),
            initial_administrators=_user_ids(environ.get("INITIAL_ADMINISTRATORS", "")),
            regulation_file=_regulation_file(environ),
            domain_verification=_domain_verification(environ.get("WECOM_DOMAIN_VERIFICATION", "")),
            metrics_from=_networks(environ.get("METRICS_FROM", "")),
            is_trial=TRIAL in environ,
        )

    def flask_config(self) -> dict[str, object]:
        """The same settings under the names Flask and its extensions read."""
        return {
            "SETTINGS": self,
            "SECRET_KEY": self.secret_key,
            "SECRET_KEY_FALLBACKS": list(self.secret_key_fallbacks),
            "SQLALCHEMY_DATABASE_URI": self.database_url,
            "SESSION_COOKIE_HTTPONLY": True,
            "SESSION_COOKIE_SAMESITE": "Lax",
            "SESSION_COOKIE_SECURE": self.public_url.startswith("https:"),
            # A form left open over lunch must still be accepted: the token lives as long as the sign-in.
            "WTF_CSRF_TIME_LIMIT": None,
            "PERMANENT_SESSION_LIFETIME": timedelta(hours=8),
            "MAX_CONTENT_LENGTH": 512 * 1024,
            "MAX_FORM_MEMORY_SIZE": 512 * 1024,
            "BOOTSTRAP_SERVE_LOCAL": True,
            "RATELIMIT_STORAGE_URI": self.redis_url or "memory://",
            "RATELIMIT_HEADERS_ENABLED": True,
            # A Redis that is away must not keep people from signing in.
            "RATELIMIT_IN_MEMORY_FALLBACK_ENABLED": bool(self.redis_url),
            "RATELIMIT_SWALLOW_ERRORS": True,
        }


def read_environment(environ: Mapping[str, str], checkout: Path = CHECKOUT) -> dict[str, str]:
    """`environ` over the checkout's `.env`, over the trial's settings where no platform is named."""
    merged = {**_file_values(checkout / ".env"), **environ}
    if any(merged.get(key) for key in PLATFORM_KEYS):
        return merged
    instance_path = Path(merged.get("INSTANCE_PATH") or checkout / "instance")
    trial = _file_values(instance_path / TRIAL_FILE)
    return {**trial, **merged, **({TRIAL: "yes"} if trial else {})}


def _file_values(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    return {key: value for key, value in dotenv_values(path, interpolate=False).items() if value is not None}


def _refuse_what_this_version_cannot_do(environ: Mapping[str, str]) -> None:
    if environ.get("DINGTALK_APP_KEY"):
        raise ConfigError(
            "DINGTALK_APP_KEY is set, but this version speaks WeCom only. "
            "Remove the DINGTALK_ settings and set the WECOM_ ones."
        )
    if not environ.get("WECOM_CORP_ID"):
        raise ConfigError(
            "WECOM_CORP_ID is not set. Set the WECOM_ settings of your app in the environment or in .env, "
            "or run script/server without any to try the service with a simulated platform."
        )


def _required(environ: Mapping[str, str], name: str, hint: str) -> str:
    value = environ.get(name, "").strip()
    if not value:
        raise ConfigError(f"{name} is not set. {hint}")
    return value


def _http_url(environ: Mapping[str, str], name: str, default: str = "") -> str:
    value = environ.get(name, "").strip() or default
    if not value:
        raise ConfigError(f"{name} is not set. Write the address people reach, such as https://qunbei.example.edu.cn")
    try:
        parts = urlsplit(value)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0 and "@" not in parts.netloc
    except ValueError:
        usable = False
    if not usable:
        example = default or "https://qunbei.example.edu.cn"
        raise ConfigError(f"{name} must be an http or https address, for example {example}")
    if name == "PUBLIC_URL" and (parts.query or parts.fragment or parts.path.strip("/")):
        raise ConfigError("PUBLIC_URL must be scheme and host only, for example https://qunbei.example.edu.cn")
    return value


def _secret_key(environ: Mapping[str, str]) -> str:
    hint = "Make one with: python3 -c 'import secrets; print(secrets.token_hex(32))'"
    value = _required(environ, "SECRET_KEY", f"{hint}. Keep it: sessions and stored phone numbers depend on it.")
    if len(value) < SHORTEST_SECRET_KEY:
        raise ConfigError(f"SECRET_KEY must have at least {SHORTEST_SECRET_KEY} characters. {hint}")
    return value


def _secret_key_fallbacks(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Former values of SECRET_KEY, joined by commas; one that contains a comma cannot be given."""
    former = tuple(key.strip() for key in environ.get("SECRET_KEY_FALLBACKS", "").split(",") if key.strip())
    if any(len(key) < SHORTEST_SECRET_KEY for key in former):
        raise ConfigError(
            "SECRET_KEY_FALLBACKS must hold former values of SECRET_KEY, joined by commas; "
            f"one of them has fewer than {SHORTEST_SECRET_KEY} characters."
        )
    return former


def _database_url(environ: Mapping[str, str], instance_path: Path) -> str:
    value = environ.get("DATABASE_URL", "").strip() or f"sqlite:///{instance_path / 'qunbei.sqlite3'}"
    scheme = value.split("://", 1)[0]
    if scheme in ("postgres", "postgresql"):
        value = "postgresql+psycopg" + value[len(scheme) :]
    elif scheme not in ("postgresql+psycopg", "sqlite"):
        raise ConfigError("DATABASE_URL must begin with sqlite:/// or postgresql://")
    try:
        database = make_url(value).database
    except (ArgumentError, ValueError):
        raise ConfigError("DATABASE_URL is no database address. Write sqlite:///… or postgresql://…") from None
    if not database or ":memory:" in database or (scheme == "sqlite" and not value.startswith("sqlite:///")):
        raise ConfigError("DATABASE_URL must name a database: web and worker share it.")
    return value


def _redis_url(environ: Mapping[str, str]) -> str:
    value = environ.get("REDIS_URL", "").strip()
    if value and not value.startswith(("redis://", "rediss://", "unix://")):
        raise ConfigError("REDIS_URL must begin with redis://, rediss:// or unix://, or be left out.")
    return value


def _user_ids(text: str) -> tuple[str, ...]:
    """Accounts, in WeCom's letters [90313] and the @ that its console takes, too."""
    user_ids = tuple(user_id.strip() for user_id in text.split(",") if user_id.strip())
    if not all(re.fullmatch(r"[0-9A-Za-z_.@-]{1,64}", user_id) for user_id in user_ids):
        raise ConfigError(
            "INITIAL_ADMINISTRATORS must be accounts in WeCom (账号, no names), joined by commas: zhangsan,lisi."
        )
    return user_ids


def _regulation_file(environ: Mapping[str, str]) -> Path | None:
    value = environ.get("REGULATION_FILE", "").strip()
    if not value:
        return None
    path = Path(value).absolute()
    if not path.is_file():
        raise ConfigError("REGULATION_FILE names no file. Give the path of a regulation file, or leave it out.")
    return path


def _domain_verification(text: str) -> dict[str, str]:
    """`WW_verify_x.txt=content, …` as a mapping; WeCom asks for each file at the root of the domain [90315]."""
    files = [entry.strip().partition("=") for entry in text.split(",") if entry.strip()]
    for name, _, content in files:
        if not re.fullmatch(r"WW_verify_[0-9A-Za-z]{1,64}\.txt", name) or not content:
            raise ConfigError("WECOM_DOMAIN_VERIFICATION must read WW_verify_x.txt=content, several joined by commas.")
    return {name: content for name, _, content in files}


def _networks(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    try:
        # Of 10.1.2.3/24 the network is meant, whichever of its addresses stands there.
        return tuple(ip_network(part.strip(), strict=False) for part in text.split(",") if part.strip())
    except ValueError:
        raise ConfigError(
            "METRICS_FROM must be IP addresses or networks, joined by commas, such as 10.1.2.3,10.2.0.0/16; "
            "without it only this machine itself may read /metrics."
        ) from None


def _wecom(environ: Mapping[str, str]) -> WeComSettings:
    console = "It stands in the WeCom admin console, on your app's page."
    return WeComSettings(
        corp_id=_required(environ, "WECOM_CORP_ID", console),
        agent_id=_agent_id(environ, console),
        secret=_required(environ, "WECOM_SECRET", console),
        receiver=_receiver(environ, "WECOM_CALLBACK", "under your app's 接收消息 > 设置API接收"),
        api_url=_http_url(environ, "WECOM_API_URL", "https://qyapi.weixin.qq.com/cgi-bin/").rstrip("/") + "/",
        authorize_url=_http_url(environ, "WECOM_AUTHORIZE_URL", "https://open.weixin.qq.com/connect/oauth2/authorize"),
        sso_url=_http_url(environ, "WECOM_SSO_URL", "https://login.work.weixin.qq.com/wwlogin/sso/login"),
        contact_receiver=_contact_receiver(environ),
    )


def _agent_id(environ: Mapping[str, str], hint: str) -> int:
    value = _required(environ, "WECOM_AGENT_ID", hint)
    if not re.fullmatch(r"[0-9]{1,18}", value):
        raise ConfigError(f"WECOM_AGENT_ID must be a number such as 1000002. {hint}")
    return int(value)


def _receiver(environ: Mapping[str, str], prefix: str, place: str) -> Receiver:
    hint = f"It stands in the WeCom admin console, {place}."
    return Receiver(
        token=_callback_token(environ, f"{prefix}_TOKEN", hint),
        aes_key=_callback_aes_key(environ, f"{prefix}_AES_KEY", hint),
    )


def _contact_receiver(environ: Mapping[str, str]) -> Receiver | None:
    """The 通讯录同步 receiver's token and key: both or neither."""
    prefix = "WECOM_CONTACT_CALLBACK"
    if not any(environ.get(f"{prefix}_{name}", "").strip() for name in ("TOKEN", "AES_KEY")):
        return None
    return _receiver(environ, prefix, "under 管理工具 > 通讯录同步 > 接收事件服务器")


def _callback_token(environ: Mapping[str, str], name: str, hint: str) -> str:
    value = _required(environ, name, hint)
    if not re.fullmatch(r"[0-9A-Za-z]{1,32}", value):  # [90930]
        raise ConfigError(f"{name} must be 1 to 32 letters and digits. {hint}")
    return value


def _callback_aes_key(environ: Mapping[str, str], name: str, hint: str) -> str:
    value = _required(environ, name, hint)
    try:
        length = len(base64.b64decode(value + "=", validate=True))
    except (binascii.Error, ValueError):
        length = 0
    if len(value) != 43 or length != 32:  # EncodingAESKey [90930]
        raise ConfigError(f"{name} must be the 43 letters and digits of EncodingAESKey. {hint}")
    return value
