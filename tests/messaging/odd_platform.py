"""A platform that answers as a test tells it to: the odd answers that a strict simulator never gives."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Call:
    """One request that arrived: path below /cgi-bin/, query and the body's bytes."""

    path: str
    query: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Answer:
    """What is sent back. `script` writes the answer itself, whatever HTTP says."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    script: Callable[[BaseHTTPRequestHandler], None] | None = None


Rule = Callable[[Call], Answer]


def said(**values: Any) -> Answer:
    """An answer of JSON."""
    return Answer(json.dumps(values).encode())


class OddPlatform:
    """The rules by path, the calls that came, and the number of connections they came over."""

    def __init__(self) -> None:
        self.url = ""
        self.calls: list[Call] = []
        self.connections = 0
        self.released = threading.Event()
        self.rules: dict[str, Rule] = {"gettoken": self.new_token}
        self.lock = threading.Lock()

    def new_token(self, _call: Call) -> Answer:
        """Another token at each request."""
        return said(errcode=0, errmsg="ok", access_token=f"TOKEN-{self.count('gettoken')}-of-odd", expires_in=7200)

    def count(self, path: str) -> int:
        """How many requests came for `path`."""
        return sum(call.path == path for call in self.calls)

    def bodies(self, path: str) -> list[bytes]:
        """The bodies that came for `path`, oldest first."""
        return [call.body for call in self.calls if call.path == path]

    def tell(self, path: str, rule: Rule | Answer) -> None:
        """From now on `path` is answered so."""
        self.rules[path] = rule if callable(rule) else lambda _call: rule

    def answer(self, call: Call) -> Answer:
        """Note the call and find what is to be answered."""
        with self.lock:
            self.calls.append(call)
        rule = self.rules.get(call.path)
        return rule(call) if rule else said(errcode=0, errmsg="ok", msgid=f"msg-{len(self.calls)}")


def _handler(platform: OddPlatform) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            super().setup()
            platform.connections += 1

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            answer = platform.answer(Call(parts.path.removeprefix("/cgi-bin/"), query, body))
            try:
                (answer.script or self._plain(answer))(self)
            except ConnectionError:
                self.close_connection = True

        do_POST = do_GET

        def _plain(self, answer: Answer) -> Callable[[BaseHTTPRequestHandler], None]:
            def write(_handler: BaseHTTPRequestHandler) -> None:
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)

            return write

        def log_message(self, *_args: object) -> None:
            """Nothing: tests read `calls`."""

    return Handler


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_args: Any) -> None:
        """A client that hangs up is what some tests are about."""


@contextmanager
def odd_platform() -> Iterator[OddPlatform]:
    """A running platform on a free port of loopback."""
    platform = OddPlatform()
    server = _Server(("127.0.0.1", 0), _handler(platform))
    platform.url = f"http://127.0.0.1:{server.server_port}/"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield platform
    finally:
        platform.released.set()
        server.shutdown()
        thread.join()
        server.server_close()
