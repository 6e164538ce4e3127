"""The app as the console has it, and our own addresses as the console asks for them [90227, 90930]."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import requests
import urllib3
from wechatpy.utils import WeChatSigner
from wechatpy.work.crypto import PrpCrypto, WeChatCrypto

from messaging.platforms.text import one_line
from messaging.platforms.wecom_directory import LONGEST_KEY
from messaging.platforms.wecom_http import fetch, open_session
from models import utc_now

#: An answer of ours is short.
LARGEST_ANSWER = 64 * 1024
#: How the nonce of our own check of an address begins; the platform's are numbers.
OWN_CHECK = "own-check-"


@dataclass(frozen=True)
class AppFacts:
    """The app's settings.

    What stands in its 可见范围: so many departments and tags, and the user ids of single members; `sees_all`: the
    whole college does.
    """

    name: str
    is_closed: bool
    redirect_domain: str
    home_url: str
    departments: int
    members: tuple[str, ...]
    tags: int
    sees_all: bool


def app_of(answer: dict[str, Any]) -> AppFacts:
    """The app that an answer of agent/get describes [90227]; whatever is missing counts as empty."""
    parties = _listed(answer, "allow_partys", "partyid")
    return AppFacts(
        name=one_line(answer.get("name")),
        is_closed=one_line(answer.get("close")) == "1",
        redirect_domain=one_line(answer.get("redirect_domain")),
        home_url=one_line(answer.get("home_url")),
        departments=len(parties),
        members=tuple(_user_ids(_listed(answer, "allow_userinfos", "user"))),
        tags=len(_listed(answer, "allow_tags", "tagid")),
        # The root department is the college itself [90208].
        sees_all="1" in map(one_line, parties),
    )


def _listed(answer: dict[str, Any], name: str, of: str) -> list[Any]:
    inner = answer.get(name)
    found = inner.get(of) if isinstance(inner, dict) else None
    return found if isinstance(found, list) else []


def _user_ids(items: list[Any]) -> Iterator[str]:
    said = (one_line(item.get("userid")) for item in items if isinstance(item, dict))
    return (user_id for user_id in said if 0 < len(user_id) <= LONGEST_KEY)


class Trouble(StrEnum):
    """What kept an address of ours from answering."""

    CERTIFICATE = "certificate"
    SLOW = "slow"
    AWAY = "away"


@dataclass(frozen=True)
class Reply:
    """What came back from an address of ours: a status and a text, or the trouble."""

    status: int = 0
    text: str = ""
    trouble: Trouble | None = None


def ask(url: str, params: dict[str, str] | None = None) -> Reply:
    """What the address answers to a GET, as the platform's servers would get it; no redirect is followed."""
    try:
        with open_session(url) as session:
            status, content, _ = fetch(session, "GET", url, params=params or {}, largest=LARGEST_ANSWER)
    except requests.exceptions.SSLError:
        return Reply(trouble=Trouble.CERTIFICATE)
    except (requests.Timeout, urllib3.exceptions.TimeoutError, TimeoutError):
        return Reply(trouble=Trouble.SLOW)
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError):
        return Reply(trouble=Trouble.AWAY)
    return Reply(status, content.decode("utf-8", "replace"))


def is_own_check(nonce: str) -> bool:
    """Whether a check of a callback address is ours (`ask_for_echo`) and not the platform's; the nonce is signed."""
    return nonce.startswith(OWN_CHECK)


def ask_for_echo(url: str, corp_id: str, token: str, aes_key: str) -> tuple[Reply, str]:
    """Check a callback address the way pressing 保存 in the console does [90930]; the reply, and what it should be."""
    echo, nonce = str(secrets.randbelow(10**18) + 10**18), f"{OWN_CHECK}{secrets.token_hex(8)}"
    timestamp = str(int(utc_now().timestamp()))
    encrypted = PrpCrypto(WeChatCrypto(token, aes_key, corp_id).key).encrypt(echo, corp_id).decode()
    signer = WeChatSigner()
    signer.add_data(token, timestamp, nonce, encrypted)
    query = {"msg_signature": signer.signature, "timestamp": timestamp, "nonce": nonce, "echostr": encrypted}
    return ask(url, query), echo
