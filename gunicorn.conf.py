"""How gunicorn runs the web part: gunicorn -c gunicorn.conf.py 'app:create_app()'

It listens on this machine only. In production a reverse proxy stands in front, which ends TLS and buffers
slow clients. --bind on the command line changes the address.
"""

import os
import shutil
import tempfile

from gunicorn.arbiter import Arbiter
from gunicorn.glogging import Logger


class LoggerWithoutQueries(Logger):
    """Cuts the query off the address of a request that failed: sign-in codes travel there."""

    def exception(self, msg: str, *args: object, **kwargs: object) -> None:
        """As gunicorn's, with `?...` removed from each argument."""
        cut = (arg.partition("?")[0] if isinstance(arg, str) else arg for arg in args)
        super().exception(msg, *cut, **kwargs)


bind = "127.0.0.1:8000"
workers = 2
worker_class = "gthread"
threads = 4
timeout = 30
graceful_timeout = 10
# A worker is replaced now and then, so that no slow leak lasts; the jitter keeps both from going at once.
max_requests = 10_000
max_requests_jitter = 1_000
# Its default path lies in the home folder and is shared by all services of the same user.
control_socket_disable = True
# The workers' heartbeat is a file: on a busy disk it would stop, and the worker be killed.
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108
# Addresses of requests carry sign-in codes in their queries, so there is no access log; the proxy keeps one.
accesslog = None
logger_class = LoggerWithoutQueries

FIGURES = "PROMETHEUS_MULTIPROC_DIR"


def on_starting(_server: Arbiter) -> None:
    """Give the workers a folder to count in together, before one of them imports prometheus_client.

    It is of this start alone: what a worker counted stays there though the worker be replaced.
    """
    os.environ[FIGURES] = tempfile.mkdtemp(prefix="qunbei-figures-", dir=worker_tmp_dir)


def on_exit(_server: Arbiter) -> None:
    """Leave nothing behind."""
    shutil.rmtree(os.environ[FIGURES], ignore_errors=True)
