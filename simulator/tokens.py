"""Access tokens [91039]: one secret, one token; it may expire or be revoked early."""

import hmac
import secrets
from dataclasses import dataclass
from typing import Any

from simulator.calls import Call
from simulator.errors import ApiError

LIFETIME = 7200  # seconds


@dataclass
class Token:
    """A token of `caller` ("app" or "contacts") that works until `expires_at` (unix seconds)."""

    caller: str
    expires_at: float


class Tokens:
    """All tokens that were issued and not revoked."""

    def __init__(self, app_secret: str, contact_secret: str) -> None:
        self._secrets = {"app": app_secret, "contacts": contact_secret}
        self._issued: dict[str, Token] = {}
        #: While there is one, every token is refused with this code, a new one at once, and works no more.
        self.refused_with: int | None = None

    def issue(self, secret: str, *, now: float) -> tuple[str, int]:
        """The token for `secret` and its seconds to live, the same one while it works. Raises 40001."""
        caller = self._caller(secret)
        for value, token in self._issued.items():
            if token.caller == caller and token.expires_at > now:
                return value, int(token.expires_at - now)
        value = secrets.token_urlsafe(96)
        self._issued[value] = Token(caller, now + LIFETIME)
        return value, LIFETIME

    def _caller(self, secret: str) -> str:
        for caller, known in self._secrets.items():
            if known and hmac.compare_digest(known.encode(), secret.encode()):
                return caller
        raise ApiError(40001)

    def caller(self, value: str | None, *, now: float) -> str:
        """Whose token it is. Raises 41001 (none), 40014 (unknown or revoked), 42001 (expired)."""
        if not value:
            raise ApiError(41001)
        token = self._issued.get(value)
        if token is None:
            raise ApiError(40014)
        if self.refused_with is not None:
            del self._issued[value]
            raise ApiError(self.refused_with)
        if token.expires_at <= now:
            raise ApiError(42001)
        return token.caller

    def set_secret(self, secret: str) -> None:
        """Gives the app another secret, as an administrator does who resets it; what the old one got works no more."""
        self._secrets["app"] = secret
        self._issued = {value: token for value, token in self._issued.items() if token.caller != "app"}

    def revoke(self) -> None:
        """Every token becomes unknown, as when a secret is looked at anew: 40014."""
        self._issued.clear()

    def expire(self, *, now: float) -> None:
        """Every token is past its time: 42001."""
        for token in self._issued.values():
            token.expires_at = min(token.expires_at, now)


def get_token(call: Call) -> dict[str, Any]:
    """GET gettoken [91039]."""
    corp_id, secret = call.args.get("corpid"), call.args.get("corpsecret")
    if not corp_id:
        raise ApiError(41002)
    if not secret:
        raise ApiError(41004)
    if corp_id != call.state.settings.corp_id:
        raise ApiError(40013)
    try:
        token, seconds = call.state.tokens.issue(secret, now=call.state.now())
    except ApiError:
        call.state.rates.note_wrong_secret(now=call.state.now())
        raise
    return {"access_token": token, "expires_in": seconds}
