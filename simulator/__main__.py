"""python -m simulator: runs until SIGTERM or SIGINT."""

import argparse
import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from simulator.server import start
from simulator.settings import DEFAULT_COLLEGE, Settings, SettingsError


def parse_arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command's options; credentials come from the environment."""
    parser = argparse.ArgumentParser(prog="python -m simulator", description="A local stand-in for WeCom.")
    parser.add_argument("--port", type=int, default=8001)
    parser.add_argument("--state", type=Path, metavar="FILE", help="keep messages over a restart")
    parser.add_argument("--college", type=Path, metavar="FILE", default=DEFAULT_COLLEGE)
    parser.add_argument("--callback-url", default="", help="where the service receives events")
    parser.add_argument(
        "--contact-callback-url", default="", help="where it receives changes of the directory (通讯录同步)"
    )
    parser.add_argument("--home-url", default="", help="the app's home page (应用主页)")
    parser.add_argument("--sign-in-url", default="", help="the service's sign-in, with {path} for where to go on")
    parser.add_argument("--trusted-domain", action="append", default=[], metavar="HOST:PORT")
    parser.add_argument("--retry-network-only", action="store_true", help="do not repeat after a non-200 answer")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Serves until told to stop; the exit code is 1 with a sentence when it cannot start."""
    options = parse_arguments(arguments)
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    try:
        handle = start(settings_from(options), options.port)
    except (SettingsError, OSError) as error:
        print(f"simulator: {error}", file=sys.stderr)
        return 1
    print(f"simulator: {handle.url}", flush=True)
    stopping.wait()
    handle.stop()
    return 0


def settings_from(options: argparse.Namespace) -> Settings:
    """The settings that the options and the environment give. Raises SettingsError."""
    return Settings.from_env(
        os.environ,
        state_file=options.state,
        college_file=options.college,
        callback_url=options.callback_url,
        contact_callback_url=options.contact_callback_url,
        home_url=options.home_url,
        sign_in_url=options.sign_in_url,
        trusted_domains=tuple(options.trusted_domain),
        retry_on_status=not options.retry_network_only,
    )


if __name__ == "__main__":
    sys.exit(main())
