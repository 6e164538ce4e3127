"""What the signed session cookie holds: who is signed in, since when they were idle, and sign-ins under way."""

import secrets

from flask import session

from models import utc_now

#: Seconds without a request after which somebody is signed out.
IDLE_LIMIT = 8 * 3600
#: Seconds between two notes of somebody's presence: a cookie with every answer would cost more than it tells.
NOTED_EVERY = 300
#: Sign-ins that one browser may have open at a time; more would outgrow the cookie.
OPEN_SIGN_INS = 3


def start(person_id: int) -> None:
    """Sign this person in. Nothing of the session before survives, its id least of all."""
    session.clear()
    session.update(person_id=person_id, session_id=secrets.token_hex(16), seen=_now())


def end() -> None:
    """Sign out."""
    session.clear()


def find_person_id() -> int | None:
    """Who is signed in, or None; somebody idle for `IDLE_LIMIT` seconds is no longer."""
    person_id, idle = session.get("person_id"), _now() - session.get("seen", 0)
    if person_id is None or idle > IDLE_LIMIT:
        return None
    if idle > NOTED_EVERY:
        session["seen"] = _now()
    return int(person_id)


def begin_sign_in(target: str) -> str:
    """Remember where a sign-in is to end; its state, in the letters and digits that WeCom allows [91022]."""
    state = secrets.token_hex(16)
    latest = list(session.get("sign_ins", {}).items())[1 - OPEN_SIGN_INS :]
    session["sign_ins"] = {**dict(latest), state: target}
    return state


def end_sign_in(state: str) -> str | None:
    """Where the sign-in of this state is to end, once; None if this browser began none such."""
    open_ones = dict(session.get("sign_ins", {}))
    target = open_ones.pop(state, None)
    session["sign_ins"] = open_ones
    return target


def begin_consent() -> str:
    """The state of a consent that this browser goes to ask for; one at a time."""
    session["consent"] = secrets.token_hex(16)
    return str(session["consent"])


def end_consent(state: str) -> bool:
    """Whether this browser began the consent of this state; true once."""
    began = session.pop("consent", "")
    return bool(began) and secrets.compare_digest(began.encode(), state.encode())


def note_asked() -> None:
    """Remember that the person was asked for their mobile; they are not asked again until they sign in anew."""
    if not session.get("asked"):
        session["asked"] = True


def is_asked() -> bool:
    """Whether the person was asked for their mobile since they signed in."""
    return bool(session.get("asked"))


def _now() -> int:
    return int(utc_now().timestamp())
