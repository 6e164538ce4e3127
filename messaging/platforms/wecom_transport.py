"""wechatpy's WeCom client with a transport and a token fit for several threads and processes.

As shipped it fetches a token per thread, retries a refused one without end, sends the secret to a fixed host and
lets errors out that contain it.
"""

import hashlib
import json
import time
from datetime import datetime, timedelta
from typing import Any

from wechatpy.work import WeChatClient

from config import WeComSettings
from messaging import sharing
from messaging.platforms.errors import PlatformError, PlatformRefused, PlatformUnreachable
from messaging.platforms.wecom_http import exchange, open_session, platform_time

#: A fresh token helps: this one has expired or was withdrawn early [90313].
STALE_TOKEN = frozenset({40014, 42001})
#: The app's credentials are refused: secret wrong, of another corp, missing; app disabled [90313].
SECRET_REFUSED = frozenset({40001, 40013, 40091, 41002, 41004, 50003})
#: Our address is not among the corp's 企业可信IP [90313].
NOT_TRUSTED = 60020
BUSY = -1
USUAL_LIFE = 7200
#: How much of a token's life is given up at its end, so that none expires on its way.
EARLY = 300

#: Somebody else is renewing the token: seconds to wait for them, and between two looks.
PATIENCE = 12.0
LOOK_AGAIN = 0.1
#: Longer than a request for a token can take.
LEASE = timedelta(seconds=20)
#: A wrong secret tried again and again gets our address banned for an hour [90313]: twice a minute at most.
REFUSED_FOR = timedelta(seconds=30)
#: Others need not run into a refusal of our address, one after the other.
NOT_TRUSTED_FOR = timedelta(seconds=5)
UNREACHABLE_FOR = timedelta(seconds=3)


class HardenedClient(WeChatClient):
    """Every call, the token's included, goes to the address of the settings and ends in bounded time.

    The token, a refusal of the secret and the right to fetch are shared by all processes. Calls raise
    PlatformUnreachable or PlatformRefused and nothing else; they need an app context and no unit of work.
    """

    def __init__(self, settings: WeComSettings) -> None:
        super().__init__(settings.corp_id, settings.secret, auto_retry=False)
        self.API_BASE_URL = settings.api_url
        self._http = open_session(settings.api_url)
        # The secret is part of the name, so that a corrected one starts afresh.
        identity = [settings.api_url, settings.corp_id, settings.agent_id, settings.secret]
        #: What the values that all processes share about this app are named after.
        self.shared_name = name = f"wecom:{hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:32]}"
        self._token_key, self._trouble_key, self._lease_key = f"{name}:token", f"{name}:trouble", f"{name}:lease"

    @property
    def access_token(self) -> str:
        """The shared token, fetched if there is none. Raises PlatformError."""
        return sharing.read(self._token_key) or self.fetch_access_token()

    def fetch_access_token(self, rejected: str = "") -> str:
        """A token other than `rejected`: another process's, or a new one. One caller fetches, others wait for it.

        Raises PlatformError; a refusal or failure met by one caller is met by all for a while.
        """
        deadline = time.monotonic() + PATIENCE
        while True:
            token = self._shared_token(rejected) or self._fetched_by_one(rejected)
            if token:
                return token
            if time.monotonic() > deadline:
                raise PlatformUnreachable("gettoken: another process is still waiting")
            time.sleep(LOOK_AGAIN)

    def try_secret(self) -> None:
        """Fetch another token, whether or not there is one that still works. Raises PlatformError."""
        self.fetch_access_token(rejected=sharing.read(self._token_key) or "")

    def trouble(self) -> PlatformError | None:
        """What kept a call of this app out, in whichever process, while it is remembered."""
        trouble = sharing.read(self._trouble_key)
        return _restored(trouble) if trouble else None

    def clock(self) -> datetime | None:
        """What the platform's clock says, from the Date of an answer to a call without a token.

        None where the answer does not say. Raises PlatformUnreachable.
        """
        sharing.let_go()
        return platform_time(self._http, f"{self.API_BASE_URL}getcallbackip")

    def _shared_token(self, rejected: str) -> str | None:
        token = sharing.read(self._token_key)
        if token and token != rejected:
            return token
        trouble = self.trouble()
        if trouble:
            raise trouble
        return None

    def _fetched_by_one(self, rejected: str) -> str | None:
        with sharing.lease(self._lease_key, lasts=LEASE) as mine:
            if not mine:
                return None
            # Whoever held the lease before may have fetched one, or failed, since we looked.
            return self._shared_token(rejected) or self._new_token()

    def _new_token(self) -> str:
        try:
            answer = self._gettoken()
        except PlatformError as trouble:
            self._remember(trouble)
            raise
        token = answer["access_token"]
        sharing.write(self._token_key, token, lasts=life(answer.get("expires_in")))
        sharing.forget(self._trouble_key)
        return token

    def _gettoken(self) -> dict[str, Any]:
        params = {"corpid": self.corp_id, "corpsecret": self.secret}
        answer = exchange(self._http, "GET", f"{self.API_BASE_URL}gettoken", params=params)
        if answer["errcode"]:
            raise PlatformRefused(answer["errcode"], answer["errmsg"], answer["caller_ip"])
        if not isinstance(answer.get("access_token"), str) or not answer["access_token"]:
            raise PlatformUnreachable("gettoken: no token in the answer")
        return answer

    def _request(self, method: str, url_or_endpoint: str, **call: Any) -> dict[str, Any]:
        """One API call; a stale token is renewed once. Raises PlatformError."""
        token = self.access_token
        answer = self._asked(method, url_or_endpoint, token, call)
        if answer["errcode"] in STALE_TOKEN:
            token = self.fetch_access_token(rejected=token)
            answer = self._asked(method, url_or_endpoint, token, call)
        if answer["errcode"]:
            raise self._refusal(answer)
        return answer

    def _asked(self, method: str, endpoint: str, token: str, call: dict[str, Any]) -> dict[str, Any]:
        sharing.let_go()
        params = {**(call.get("params") or {}), "access_token": token}
        url = f"{self.API_BASE_URL}{endpoint}"
        return exchange(self._http, method, url, params=params, data=call.get("data"), hidden=self.secret)

    def _refusal(self, answer: dict[str, Any]) -> PlatformRefused:
        refusal = PlatformRefused(answer["errcode"], answer["errmsg"], answer["caller_ip"])
        if refusal.errcode in STALE_TOKEN | SECRET_REFUSED:
            # A new token was refused too, or the app itself: the next call must not start all over.
            self._remember(refusal)
            sharing.forget(self._token_key)
        elif refusal.errcode == NOT_TRUSTED:
            self._remember(refusal, lasts=NOT_TRUSTED_FOR)
        return refusal

    def _remember(self, trouble: PlatformError, lasts: timedelta = REFUSED_FOR) -> None:
        """Let every process fail at once for a while, instead of asking again."""
        if isinstance(trouble, PlatformRefused) and trouble.errcode != BUSY:
            said = [trouble.errcode, trouble.errmsg, trouble.caller_ip]
            sharing.write(self._trouble_key, json.dumps(said), lasts=lasts)
        else:
            sharing.write(self._trouble_key, json.dumps([BUSY, str(trouble)]), lasts=UNREACHABLE_FOR)


def _restored(trouble: str) -> PlatformError:
    errcode, *said = json.loads(trouble)
    return PlatformUnreachable(said[0]) if errcode == BUSY else PlatformRefused(errcode, *said)


def life(expires_in: Any) -> timedelta:
    """How long something that the platform gave for so many seconds is kept."""
    seconds = expires_in if isinstance(expires_in, int) and 0 < expires_in <= USUAL_LIFE else USUAL_LIFE
    return timedelta(seconds=seconds - min(EARLY, seconds // 10))
