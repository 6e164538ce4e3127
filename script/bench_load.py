"""The load of a benchmark: a bounded number of requests from a few threads, to this machine only."""

import contextlib
import statistics
import time
from collections import deque
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPResponse

#: Seconds after which an answer counts as an error.
PATIENCE = 30


@dataclass(frozen=True)
class Request:
    """One request and the answer that counts as a success: its status, its redirect, and a text it contains."""

    method: str
    path: str
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    status: int = 200
    location: str | None = None
    contains: bytes = b""

    def is_met_by(self, response: HTTPResponse, body: bytes) -> bool:
        """Whether this is the answer that was expected."""
        told = (response.status, response.headers.get("Location"))
        return told == (self.status, self.location) and self.contains in body


@dataclass(frozen=True)
class Load:
    """What one round saw: the seconds each success took, the number of errors, and the seconds it lasted."""

    times: list[float]
    errors: int
    elapsed: float

    @property
    def sent(self) -> int:
        """How many requests were sent."""
        return len(self.times) + self.errors

    @property
    def rate(self) -> float:
        """Successes a second."""
        return len(self.times) / self.elapsed

    def percentile(self, percent: int) -> float:
        """The milliseconds within which this share of the successes was answered; NaN for fewer than two."""
        if len(self.times) < 2:
            return float("nan")
        return 1000 * statistics.quantiles(self.times, n=100, method="inclusive")[percent - 1]


def send(port: int, requests: Iterable[Request], *, concurrency: int, seconds: float) -> Load:
    """Send the requests to 127.0.0.1 over `concurrency` kept-alive connections; what is left after `seconds` stays."""
    waiting = deque(requests)
    began = time.perf_counter()
    with ThreadPoolExecutor(concurrency) as pool:
        clients = [pool.submit(_send_some, port, waiting, began + seconds) for _ in range(concurrency)]
    elapsed = time.perf_counter() - began
    outcomes = [outcome for client in clients for outcome in client.result()]
    times = [taken for taken in outcomes if taken is not None]
    return Load(times, len(outcomes) - len(times), elapsed)


def _send_some(port: int, waiting: deque[Request], deadline: float) -> list[float | None]:
    """The seconds that each request took, None for one that was not answered as expected."""
    outcomes = []
    with contextlib.closing(HTTPConnection("127.0.0.1", port, timeout=PATIENCE)) as connection:
        while waiting and time.perf_counter() < deadline:
            try:
                request = waiting.popleft()
            except IndexError:  # another thread took the last one
                break
            outcomes.append(_ask(connection, request))
    return outcomes


def _ask(connection: HTTPConnection, request: Request) -> float | None:
    began = time.perf_counter()
    try:
        connection.request(request.method, request.path, request.body or None, dict(request.headers))
        response = connection.getresponse()
        body = response.read()
    except (OSError, HTTPException):
        connection.close()
        return None
    taken = time.perf_counter() - began
    return taken if request.is_met_by(response, body) else None
