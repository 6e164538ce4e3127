"""The web processes as gunicorn runs them: what one counts, every page of figures shows."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.parser import text_string_to_metric_families

from tests.script.processes import CHECKOUT, clean_environment, end, free_port, get, wait_for

SETTINGS = {
    "PUBLIC_URL": "https://qunbei.example.edu.cn",
    "SECRET_KEY": "a-key-of-the-tests-only-000000000000",
    "WECOM_CORP_ID": "wwtestcorp00000001",
    "WECOM_AGENT_ID": "1000002",
    "WECOM_SECRET": "an-app-secret",
    "WECOM_CALLBACK_TOKEN": "CallbackToken123",
    "WECOM_CALLBACK_AES_KEY": "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFE",
}


@dataclass(frozen=True)
class Service:
    """The web part: where it listens, and the file in which each of its processes counts the platform's calls."""

    process: "subprocess.Popen[str]"
    address: str

    def files(self) -> set[Path]:
        master = self.process.pid
        workers = Path(f"/proc/{master}/task/{master}/children").read_text().split()
        maps = "".join(Path(f"/proc/{worker}/maps").read_text() for worker in workers)
        return {Path(path) for path in re.findall(r"/\S*/counter_[0-9]+\.db", maps)}

    def refused(self) -> tuple[float, float]:
        """What a page of figures says: checks that were refused, and checks that were timed."""
        families = text_string_to_metric_families(get(f"{self.address}/metrics"))
        samples = {
            (s.name, s.labels.get("kind"), s.labels.get("outcome")): s.value for f in families for s in f.samples
        }
        timed = samples["qunbei_callback_seconds_count", "check", None]
        return samples["qunbei_callbacks_total", "check", "refused"], timed


@pytest.fixture
def service(migrated_sqlite: Path, tmp_path: Path) -> Iterator[Service]:
    shutil.copy(migrated_sqlite, tmp_path / "qunbei.sqlite3")
    address = f"127.0.0.1:{free_port()}"
    command = ["-m", "gunicorn", "-c", "gunicorn.conf.py", "--bind", address, "app:create_app()"]
    environment = clean_environment(**SETTINGS, INSTANCE_PATH=str(tmp_path))
    process = subprocess.Popen([sys.executable, *command], cwd=CHECKOUT, env=environment, text=True)
    try:
        yield Service(process, f"http://{address}")
    finally:
        end(process)


def counted_in(path: Path) -> float:
    return sum(s.value for family in MultiProcessCollector.merge([str(path)]) for s in family.samples)


def test_a_page_of_figures_holds_what_every_process_counted(service: Service) -> None:
    wait_for(lambda: len(service.files()) == 2 and get(f"{service.address}/healthz") == "ok", 120)
    files, sent = service.files(), 0
    while not all(counted_in(path) for path in files):
        assert sent < 2000, "one process answered everything"
        get(f"{service.address}/callbacks/wecom")
        sent += 1
    assert {service.refused() for _ in range(20)} == {(sent, sent)}
    end(service.process)
    assert not any(path.parent.exists() for path in files)
