"""Whom a message/send reaches [90236]."""

from dataclasses import dataclass, field
from typing import Any

from simulator.directory import Directory
from simulator.errors import ApiError

USERS, PARTIES, TAGS = 1000, 100, 100


@dataclass(frozen=True)
class Refused:
    """Members, in lower case, whom no message reaches until told otherwise: as if unknown, or without a licence."""

    invalid: frozenset[str] = frozenset()
    unlicensed: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Recipients:
    """Whom a message reaches, and what of the request named nobody, under the names of the answer."""

    userids: list[str]
    refused: dict[str, str] = field(default_factory=dict)


def recipients_of(body: dict[str, Any], directory: Directory, refused: Refused) -> Recipients:
    """Raises 82001 when the request names none, 81013 when none can be reached, and what the lists' limits say."""
    users, parties, tags = (_names(body, key) for key in ("touser", "toparty", "totag"))
    if not users and not parties and not tags:
        raise ApiError(82001)
    _check_counts(users, parties, tags)
    barred = refused.invalid | refused.unlicensed
    if users == ["@all"]:
        return Recipients([m.userid for m in directory.reachable() if m.userid.lower() not in barred])
    known = _known(directory, users)
    unlicensed = [user for user in users if user.lower() in refused.unlicensed and user.lower() in known]
    by_name = [known[user.lower()] for user in users if user.lower() in known and user.lower() not in barred]
    good = _visible_parties(directory, parties)
    by_party = [userid for userid in _members_of(directory, good) if userid.lower() not in barred]
    if not by_name and not good:
        raise ApiError(81013)
    invalid = [user for user in users if user.lower() not in known or user.lower() in refused.invalid]
    return Recipients(
        list(dict.fromkeys([*by_name, *by_party])),
        _joined(
            invaliduser=[user.lower() for user in invalid],
            invalidparty=[party for party in parties if not party.isdecimal() or int(party) not in good],
            invalidtag=tags,
            unlicenseduser=[user.lower() for user in unlicensed],
        ),
    )


def _names(body: dict[str, Any], key: str) -> list[str]:
    """The names in a "|"-joined text. Raises 40031 for anything but a text."""
    value = body.get(key) or ""
    if not isinstance(value, str):
        raise ApiError(40031, f'{key} must be a text joined by "|"')
    return [name.strip() for name in value.split("|") if name.strip()]


def _check_counts(users: list[str], parties: list[str], tags: list[str]) -> None:
    if len(users) > USERS:
        raise ApiError(40032)
    if len(parties) > PARTIES:
        raise ApiError(82002)
    if len(tags) > TAGS:
        raise ApiError(82003)


def _known(directory: Directory, users: list[str]) -> dict[str, str]:
    """The userids, by their lower case, of those who can get the app's messages; no more of the corp is looked at."""
    seen = directory.visible_range()
    found = [directory.find(user) for user in users]
    return {m.userid.lower(): m.userid for m in found if m and m.present and seen.holds(m)}


def _visible_parties(directory: Directory, parties: list[str]) -> list[int]:
    seen = directory.visible_departments() if parties else set()
    return [int(party) for party in parties if party.isdecimal() and int(party) in seen]


def _members_of(directory: Directory, parties: list[int]) -> list[str]:
    below = {department for party in parties for department in directory.below(party)}
    return [member.userid for member in directory.visible_members(below) if member.present] if below else []


def _joined(**lists: list[str]) -> dict[str, str]:
    return {name: "|".join(values) for name, values in lists.items() if values}
