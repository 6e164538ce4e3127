"""Everything the simulator remembers, behind one lock, and its file."""

import json
import os
import threading
import time
from pathlib import Path
from typing import Any

from simulator.callbacks import Callbacks, app_receiver, contact_receiver
from simulator.college import load_college
from simulator.directory import Directory
from simulator.faults import Calls, Faults
from simulator.mailbox import Mailbox
from simulator.oauth import SignIns
from simulator.rates import Rates
from simulator.recipients import Refused
from simulator.settings import Settings, SettingsError
from simulator.tickets import Tickets
from simulator.tokens import Tokens

SAVE_DELAY = 0.2  # seconds in which further changes share one write


class State:
    """The platform's memory. Whoever reads or changes a part holds `lock`; nobody holds it on the network."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.lock = threading.RLock()
        self.callbacks = Callbacks(settings, app_receiver(settings))
        contacts = contact_receiver(settings)
        self.contact_callbacks = Callbacks(settings, contacts) if contacts else None
        self.reset()
        self._saver: Saver | None = None
        if settings.state_file:
            self._load(settings.state_file)
            self._saver = Saver(self, settings.state_file)

    def reset(self) -> None:
        """Back to the college's file and an empty mailbox."""
        self.college = load_college(self.settings.college_file)
        self.directory = Directory(self.college)
        self.directory_changed = False
        self.tokens = Tokens(self.settings.secret, self.settings.contact_secret)
        self.tickets = Tickets()
        self.sign_ins = SignIns()
        self.mailbox = Mailbox()
        self.faults = Faults()
        self.rates = Rates()
        self.refused = Refused()
        #: 企业可信IP: where calls may come from; None: from anywhere.
        self.trusted_ips: frozenset[str] | None = None
        self.calls = Calls()
        for receiver in self.receivers():
            receiver.clear()
        self._clock_offset = 0.0

    def receivers(self) -> list[Callbacks]:
        """The app's, and that of 通讯录同步 if there is one."""
        return [receiver for receiver in (self.callbacks, self.contact_callbacks) if receiver]

    def now(self) -> float:
        """Unix seconds by the platform's clock, which a test may have set forward."""
        return time.time() + self._clock_offset

    def advance(self, seconds: float) -> None:
        """Sets the platform's clock forward, so that codes and tokens run out."""
        self._clock_offset += seconds

    def changed(self) -> None:
        """To be called after a change worth keeping over a restart."""
        if self._saver:
            self._saver.wake()

    def snapshot(self) -> dict[str, Any]:
        """What a restart brings back; a directory that was not touched comes from the college's file instead."""
        with self.lock:
            directory = self.directory.snapshot() if self.directory_changed else None
            return {"mailbox": self.mailbox.snapshot(), "directory": directory}

    def _load(self, path: Path) -> None:
        if not path.exists():
            return
        try:
            data = json.loads(path.read_text("utf-8"))
            self.mailbox.restore(data["mailbox"])
            if data["directory"]:
                self.directory.restore(data["directory"])
                self.directory_changed = True
        except (ValueError, KeyError, TypeError) as error:
            raise SettingsError(f"Cannot read the state file {path}: {error!r}. Remove it to begin anew.") from error

    def close(self) -> None:
        """Ends the threads and writes the file a last time."""
        for receiver in self.receivers():
            receiver.close()
        if self._saver:
            self._saver.close()


class Saver:
    """Writes the state soon after it changes: whole or not at all, since the new file replaces the old one."""

    def __init__(self, state: State, path: Path) -> None:
        self._state = state
        self._path = path
        self._dirty = threading.Event()
        self._closing = threading.Event()
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._thread = threading.Thread(target=self._run, name="simulator-saver", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Asks for a write."""
        self._dirty.set()

    def close(self) -> None:
        """Ends the thread after a last write."""
        self._closing.set()
        self._dirty.set()
        self._thread.join(timeout=5)
        self.write()

    def _run(self) -> None:
        while not self._closing.is_set():
            self._dirty.wait()
            self._closing.wait(SAVE_DELAY)
            self._dirty.clear()
            self.write()

    def write(self) -> None:
        """Puts the state into the file, readable by its owner alone."""
        text = json.dumps(self._state.snapshot(), ensure_ascii=False)
        draft = self._path.with_name(self._path.name + ".new")
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._path)
