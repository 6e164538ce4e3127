"""`python -m tests.processes.quick_worker`: the service's own `run-worker`, whose waits are short, for tests alone.

What it waits for by minutes or half minutes it waits for by seconds or halves of them: the next try of a message, the
lease of one whose worker died, another try of a secret or token that was refused, the periodic jobs. And people may be
reminded in any minute of any day. Nothing else differs from `flask --app app run-worker`, which this runs.
"""

import sys
from dataclasses import replace
from datetime import timedelta

from flask.cli import main

import app  # noqa: F401 - first: whoever imports a part of the service alone runs in a circle
from blueprints.console import commands
from messaging import claiming, delivery, limits
from messaging.platforms import wecom_transport
from regulation.working_days import Calendar

#: Seconds.
LEASE = 2.0
WAITS = (0.5, 2.0, 4.0, 4.0, 4.0)
REFUSED_FOR = 1.0
#: Between two looks of each periodic job.
TICK = 1.0


def shorten() -> None:
    """Make the waits short in this process."""
    claiming.LEASE = delivery.LEASE = timedelta(seconds=LEASE)
    delivery.WAITS = tuple(timedelta(seconds=wait) for wait in WAITS)
    delivery.CARD_FIRST = timedelta(seconds=0.2)
    wecom_transport.HardenedClient._remember.__defaults__ = (timedelta(seconds=REFUSED_FOR),)
    wecom_transport.UNREACHABLE_FOR = timedelta(seconds=0.2)
    # Whoever dies while fetching a token holds up the others until then.
    wecom_transport.LEASE = timedelta(seconds=LEASE)
    commands.CHORES = tuple(replace(chore, pause=min(chore.pause, TICK)) for chore in commands.CHORES)
    Calendar.is_awake = lambda *_: True
    limits.CROWDED_MINUTES = frozenset()


if __name__ == "__main__":
    shorten()
    sys.argv = ["flask", "--app", "app", "run-worker"]
    sys.exit(main())
