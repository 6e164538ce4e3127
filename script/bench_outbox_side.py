"""One writer of the outbox's floor, alone in its process: for each message a bare INSERT, then a bare UPDATE.

Each in a transaction of its own, as the worker claims a message in one and writes in another what became of it.
Says "ready", begins at the line it is sent, and prints the CPU seconds that it used.
"""

import os
import sys
import time
import uuid
from collections.abc import Sequence
from typing import Any

from script.bench_floor import connect, transaction, turn

#: What only a service that has to choose among them would write is left out.
COLUMNS = (
    *("event_key", "task_id", "kind", "platform", "recipient_id", "recipient_user_id", "card", "state"),
    *("attempts", "created_at", "run_at", "error", "platform_message_id", "response_code", "read_at"),
)
MOMENT = "2026-01-01 00:00:00.000000"


def main(arguments: Sequence[str]) -> int:
    """Write `count` messages to the person and account that are named; the exit code."""
    count, person_id, user_id, card = int(arguments[0]), int(arguments[1]), arguments[2], arguments[3]
    url = os.environ["DATABASE_URL"]
    connection = connect(url)
    insert, update = _statements(url)
    print("ready", flush=True)
    sys.stdin.readline()
    began = time.process_time()
    for _ in range(count):
        key = uuid.uuid4().hex
        row = (key, key, "notice", "floor", person_id, user_id, card, "sending", 1, MOMENT, MOMENT, "", "", "", MOMENT)
        _write(connection, url, insert, row)
        _write(connection, url, update, (f"bench-{key}", key))
    print(time.process_time() - began, flush=True)
    return 0


def _statements(url: str) -> tuple[str, str]:
    mark = "?" if url.startswith("sqlite") else "%s"
    columns, marks = ", ".join((*COLUMNS, "lease_until")), ", ".join([mark] * len(COLUMNS))
    return (
        f"INSERT INTO messages ({columns}) VALUES ({marks}, '{MOMENT}')",  # noqa: S608 - names of ours
        f"UPDATE messages SET state = 'sent', lease_until = NULL, platform_message_id = {mark} WHERE task_id = {mark}",  # noqa: S608
    )


def _write(connection: Any, url: str, statement: str, values: Sequence[Any]) -> None:
    with turn(url, writes=True), transaction(connection, writes=True):
        connection.cursor().execute(statement, values)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
