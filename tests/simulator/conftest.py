"""A running simulator, and a tiny service at its callback address."""

import http.server
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from simulator.server import Handle, start
from tests.simulator.support import SETTINGS, Platform, Service, handler_for


@pytest.fixture
def service() -> Iterator[Service]:
    state = Service()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler_for(state))
    server.daemon_threads = True
    state.url = f"http://127.0.0.1:{server.server_port}/callbacks/wecom"
    thread = threading.Thread(target=server.serve_forever, args=[0.02], daemon=True)
    thread.start()
    yield state
    server.shutdown()
    server.server_close()
    thread.join(timeout=5)


@pytest.fixture
def launch() -> Iterator[Callable[..., Platform]]:
    """Starts simulators with changed settings; ends them with the test."""
    handles: list[Handle] = []

    def begin(**changes: Any) -> Platform:
        handles.append(start(replace(SETTINGS, **changes)))
        return Platform(handles[-1])

    yield begin
    for handle in handles:
        handle.stop()


@pytest.fixture(scope="session")
def shared() -> Iterator[Platform]:
    """One simulator for tests of single calls, which begin with a reset; its events reach nobody."""
    handle = start(replace(SETTINGS, callback_url="http://127.0.0.1:9/"))
    yield Platform(handle)
    handle.stop()


@pytest.fixture
def platform(launch: Callable[..., Platform], service: Service) -> Platform:
    return launch(callback_url=service.url)
