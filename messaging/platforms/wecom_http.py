"""One exchange with WeCom's servers: bounded in time and size, and without a secret in anything it says."""

import ipaddress
import json
import logging
import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter

from messaging.platforms.errors import PlatformUnreachable
from messaging.platforms.text import one_line

#: Seconds to connect, and between two pieces of an answer.
TIMEOUT = (3.0, 10.0)
#: Seconds for a whole answer, however many pieces it comes in.
LONGEST_EXCHANGE = 12.0
#: The largest departments' member lists are a few megabytes.
LARGEST_ANSWER = 32 * 1024 * 1024
CONNECTIONS = 32
#: What WeCom appends to `errmsg`: a hint for its support, our address and a link [92521].
HINT = re.compile(r",?\s*(hint:|from ip:|more info at).*", re.DOTALL)
FROM_IP = re.compile(r"from ip:\s*([0-9A-Fa-f.:]{2,45})")
LONGEST_ERRMSG = 200
#: Parameters whose values open doors: an errmsg that repeats one is told without it.
SECRET_NAMES = ("access_token", "corpsecret", "code", "response_code", "user_ticket")
QUERY = re.compile(r"\?[^\s\"')]*")


class _WithoutQuery(logging.Filter):
    """urllib3 logs the address of every request, and WeCom's addresses carry the token and the secret."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = QUERY.sub("?…", record.getMessage()), ()
        return True


_WITHOUT_QUERY = _WithoutQuery()


def open_session(api_url: str) -> requests.Session:
    """A session of pooled connections. Proxies come from the environment, but never stand before loopback."""
    logging.getLogger("urllib3.connectionpool").addFilter(_WITHOUT_QUERY)
    session = requests.Session()
    session.trust_env = not _is_loopback(urlsplit(api_url).hostname or "")
    for scheme in ("https://", "http://"):
        session.mount(scheme, HTTPAdapter(pool_maxsize=CONNECTIONS))
    return session


def exchange(
    session: requests.Session,
    method: str,
    url: str,
    *,
    params: dict[str, Any],
    data: dict[str, Any] | None = None,
    hidden: str = "",
) -> dict[str, Any]:
    """The answer as an object whose `errcode` is a number and whose `errmsg` is short and holds no secret.

    `caller_ip` is added: the address that the platform saw us at, where it said so.
    `data` goes out as raw UTF-8: WeCom refuses escapes [40033]. `hidden` is a further text that an errmsg must not
    repeat. Raises PlatformUnreachable.
    """
    body = None if data is None else json.dumps(data, ensure_ascii=False).encode()
    failure = ""
    try:
        status, content, _ = fetch(session, method, url, params=params, data=body)
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
        failure = type(error).__name__
    # Raised out here: the error above holds the address, and would be this one's context.
    if failure:
        raise PlatformUnreachable(failure)
    if status != requests.codes.ok:
        raise PlatformUnreachable(f"HTTP {status}")
    return _readable(_parsed(content), hidden=[hidden, *_secrets({**params, **(data or {})})])


def fetch(
    session: requests.Session, method: str, url: str, *, largest: int | None = None, **call: Any
) -> tuple[int, bytes, Mapping[str, str]]:
    """The status, the body and the headers of an answer, in bounded time.

    Raises what requests and urllib3 raise, and requests.Timeout for an answer that is too slow or too large.
    """
    deadline = time.monotonic() + LONGEST_EXCHANGE
    # A redirect would carry the token to wherever it points.
    with session.request(method, url, timeout=TIMEOUT, stream=True, allow_redirects=False, **call) as response:
        content = bytearray()
        while piece := response.raw.read1(65536, decode_content=True):
            content += piece
            if len(content) > (largest or LARGEST_ANSWER) or time.monotonic() > deadline:
                raise requests.Timeout
        return response.status_code, bytes(content), response.headers


def platform_time(session: requests.Session, url: str) -> datetime | None:
    """The Date of the answer to a GET, whatever else it says. Raises PlatformUnreachable."""
    failure = ""
    headers: Mapping[str, str] = {}
    try:
        _, _, headers = fetch(session, "GET", url)
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
        failure = type(error).__name__
    if failure:
        raise PlatformUnreachable(failure)
    try:
        return parsedate_to_datetime(headers.get("Date", "")).astimezone(UTC)
    except ValueError:
        return None


def _parsed(content: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(content.decode("utf-8", "replace"), strict=False)
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict):
        raise PlatformUnreachable("not a JSON object")
    return answer


def _readable(answer: dict[str, Any], hidden: list[str]) -> dict[str, Any]:
    return {
        **answer,
        "errcode": _errcode(answer.get("errcode")),
        "errmsg": _errmsg(answer.get("errmsg"), hidden),
        "caller_ip": _caller_ip(answer.get("errmsg")),
    }


def _errcode(value: Any) -> int:
    """0 where it is absent: some answers leave it out when all is well [90664]."""
    if value is None:
        return 0
    if isinstance(value, (int, str)) and re.fullmatch(r"-?[0-9]{1,9}", str(value)):
        return int(value)
    raise PlatformUnreachable("errcode is not a number")


def _errmsg(value: Any, hidden: list[str]) -> str:
    text = one_line(HINT.sub("", str(value or "")))
    for secret in filter(None, hidden):
        text = text.replace(secret, "***")
    return text[:LONGEST_ERRMSG]


def _caller_ip(errmsg: Any) -> str:
    found = FROM_IP.search(str(errmsg or ""))
    return found[1] if found else ""


def _secrets(values: dict[str, Any]) -> list[str]:
    return [str(values[name]) for name in SECRET_NAMES if values.get(name)]


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
