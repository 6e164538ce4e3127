"""The simulator as a running server, for the command and for tests."""

import sys
import threading
from dataclasses import dataclass

from flask import Flask
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from simulator.factory import create_simulator
from simulator.settings import Settings
from simulator.state import State

HOST = "127.0.0.1"
POLL = 0.02  # seconds until the server notices that it is to stop


class QuietHandler(WSGIRequestHandler):
    """Logs failures only, and never a query string: those carry tokens and sign-in codes."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        if str(code).startswith("5"):
            path = self.path.split("?", 1)[0]
            sys.stderr.write(f"{self.command} {path} {code}\n")


@dataclass
class Handle:
    """A running simulator. `state` is its memory, for looking at under `state.lock`."""

    url: str
    state: State
    _server: BaseWSGIServer
    _thread: threading.Thread

    def stop(self) -> None:
        """Ends the server and its threads, and writes the state file a last time."""
        self._server.shutdown()
        self._thread.join(timeout=5)
        self._server.server_close()
        self.state.close()


def start(settings: Settings, port: int = 0) -> Handle:
    """Serves on loopback from a thread; port 0 takes a free one. Raises OSError when the port is in use."""
    app: Flask = create_simulator(settings)
    state: State = app.extensions["simulator"]
    try:
        server = make_server(HOST, port, app, threaded=True, request_handler=QuietHandler)
    except SystemExit as error:  # how werkzeug reports a port in use
        state.close()
        raise OSError(f"port {port} is in use") from error
    thread = threading.Thread(target=server.serve_forever, args=[POLL], name="simulator-server", daemon=True)
    thread.start()
    return Handle(f"http://{HOST}:{server.server_port}", state, server, thread)
