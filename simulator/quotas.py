"""How many messages a member, and the app's whole corp, still get; excess is dropped without a word [90236]."""

from collections import deque

PER_MINUTE, PER_HOUR = 30, 1000  # of one app to one member
PER_ACCOUNT = 200  # a day and app, for each account that the corp may have; one message to a thousand counts a thousand
MINUTE, HOUR, DAY = 60, 3600, 86_400  # seconds
#: Days are those of China, seconds before those of UTC.
AHEAD = 8 * HOUR


class Quotas:
    """When each member got messages of late, and how many all of them got today (unix seconds)."""

    def __init__(self) -> None:
        #: How many accounts the corp may have; None: as many as it has.
        self.accounts: int | None = None
        self._sent: dict[str, deque[float]] = {}
        self._today = (0, 0)

    def take(self, userid: str, *, members: int, now: float) -> str:
        """Counts a message to the member; which limit lets it be dropped instead, or an empty text."""
        times = self._sent.setdefault(userid, deque(maxlen=PER_HOUR))
        day = int((now + AHEAD) // DAY)
        today = self._today[1] if self._today[0] == day else 0
        if len(times) >= PER_MINUTE and now - times[-PER_MINUTE] < MINUTE:
            return "minute"
        if len(times) >= PER_HOUR and now - times[0] < HOUR:
            return "hour"
        if today >= PER_ACCOUNT * (members if self.accounts is None else self.accounts):
            return "day"
        times.append(now)
        self._today = (day, today + 1)
        return ""
