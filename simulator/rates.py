"""How often the API may be called, and for how long it refuses whoever calls more often [90312, 90313]."""

from collections import deque

from simulator.errors import TOO_OFTEN, ApiError

MINUTE, HOUR = 60, 3600  # seconds
#: Calls of one path by one corp in a clock minute and a clock hour; excess is refused for as long again.
MOST_CALLS = {MINUTE: 10_000, HOUR: 150_000}
#: Sends do not count [90236], nor do calls with a valid code [90312].
EXEMPT = {"message/send", "auth/getuserinfo"}
#: Wrong secrets within a minute after which the caller's address is shut out; the platform names no number.
MOST_WRONG_SECRETS = 5
EVERY_PATH = "*"


class Rates:
    """What was called in the minute and the hour at hand, and which paths are refused until when (unix seconds)."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, int], tuple[int, int]] = {}
        self._blocked: dict[str, float] = {}
        self._wrong_secrets: deque[float] = deque(maxlen=MOST_WRONG_SECRETS)

    def admit(self, path: str, *, now: float) -> None:
        """Counts a call. Raises 45009 where the path, or the caller, is refused."""
        if self.is_blocked(path, now=now):
            raise ApiError(TOO_OFTEN)
        counted = () if path in EXEMPT else MOST_CALLS.items()
        over = [length for length, most in counted if self._count(path, length, now) > most]
        if over:
            self.block(path, until=now + max(over))
            raise ApiError(TOO_OFTEN)

    def _count(self, path: str, length: int, now: float) -> int:
        window, calls = self._counts.get((path, length), (0, 0))
        here = int(now // length)
        calls = calls + 1 if window == here else 1
        self._counts[path, length] = (here, calls)
        return calls

    def is_blocked(self, path: str, *, now: float) -> bool:
        """Whether calls of the path are refused at the moment."""
        return any(self._blocked.get(name, 0.0) > now for name in (path, EVERY_PATH))

    def block(self, path: str, *, until: float) -> None:
        """Refuses all calls of the path until then, if not longer already."""
        self._blocked[path] = max(until, self._blocked.get(path, 0.0))

    def note_wrong_secret(self, *, now: float) -> None:
        """Shuts the caller's address out for an hour when it has tried too many of late [90313, 45009 item 5]."""
        self._wrong_secrets.append(now)
        if len(self._wrong_secrets) == MOST_WRONG_SECRETS and now - self._wrong_secrets[0] < MINUTE:
            self.block(EVERY_PATH, until=now + HOUR)

    def clear(self) -> None:
        """Refuses nobody any more."""
        self._blocked.clear()
        self._wrong_secrets.clear()
