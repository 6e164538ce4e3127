"""The whole service as a person meets it: started by its own command, a simulated WeCom, and a real browser."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, ViewportSize, sync_playwright

from tests.browser.chromium import find_chromium
from tests.script.processes import CHECKOUT, clean_environment, end, free_port, get, wait_for

PHONE: ViewportSize = {"width": 390, "height": 844}
DESK: ViewportSize = {"width": 1280, "height": 900}
IN_WECOM = (
    "Mozilla/5.0 (Linux; Android 14; Phone) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Mobile Safari/537.36 "
    "wxwork/4.1.30 MicroMessenger/7.0.1"
)


@dataclass(frozen=True)
class Stack:
    """The addresses of a running trial."""

    service: str
    simulator: str


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The trial that script/server runs, with the demo college loaded."""
    port, simulator_port = free_port(), free_port()
    instance = tmp_path_factory.mktemp("trial")
    command = [sys.executable, "-m", "script.serve", "--port", str(port), "--simulator-port", str(simulator_port)]
    with (instance / "server.log").open("w") as log:
        process = subprocess.Popen(
            command, cwd=CHECKOUT, env=clean_environment(INSTANCE_PATH=str(instance)), stdout=log, stderr=log, text=True
        )
        stack = Stack(f"http://127.0.0.1:{port}", f"http://127.0.0.1:{simulator_port}")
        try:
            wait_for(lambda: '"worker":"ok"' in get(f"{stack.service}/readyz"), 180)
            yield stack
        finally:
            end(process)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A Chromium; without one the tests are skipped, or fail where it must be there (REQUIRE_BROWSER)."""
    chromium = find_chromium()
    if chromium.path is None:
        if os.environ.get("REQUIRE_BROWSER"):
            pytest.fail(f"no browser: {chromium.reason}")
        pytest.skip(f"no browser: {chromium.reason}")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.path, args=chromium.args)
        yield browser
        browser.close()


EXPECTED_ERRORS = ("status of 4", "ERR_INTERNET_DISCONNECTED")


class Phone:
    """One person's phone: their chat in the simulated WeCom, and the service opened inside it."""

    def __init__(self, stack: Stack, context: BrowserContext, user_id: str) -> None:
        self.stack = stack
        self.user_id = user_id
        self.complaints: list[str] = []
        self.page: Page = context.new_page()
        self.page.set_default_timeout(15_000)
        self.page.on("console", self._note)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _note(self, message: object) -> None:
        text = message.text  # type: ignore[attr-defined]
        # A refusal, and a network that a test takes away, are no faults of the page.
        if message.type == "error" and not any(known in text for known in EXPECTED_ERRORS):  # type: ignore[attr-defined]
            self.complaints.append(text)

    def chat(self) -> Page:
        """The chat with the app."""
        self.page.goto(f"{self.stack.simulator}/phones/{self.user_id}")
        return self.page

    def open_app(self, path: str = "/") -> Page:
        """The service, from the workbench and on to `path`; signing in is silent."""
        self.chat().get_by_role("link", name="工作台").click()
        self.page.wait_for_url(f"{self.stack.service}/**")
        return self.page if path == "/" else self.go(path)

    def go(self, path: str) -> Page:
        """Another page of the service, once it has been opened."""
        self.page.goto(self.stack.service + path)
        return self.page

    def card(self, group: str, saying: str) -> Locator:
        """The card about this group that says this; waits until it is there."""
        card = self.chat().locator("article").filter(has_text=group).filter(has_text=saying).first
        card.wait_for()
        return card


@pytest.fixture
def phone_of(stack: Stack, browser: Browser) -> Iterator[Callable[[str], Phone]]:
    """Gives a person's phone: 390×844, with cookies of its own."""
    phones: dict[str, Phone] = {}
    contexts = []

    def phone(user_id: str) -> Phone:
        if user_id not in phones:
            context = browser.new_context(
                viewport=PHONE, is_mobile=True, has_touch=True, user_agent=IN_WECOM, locale="zh-CN"
            )
            contexts.append(context)
            phones[user_id] = Phone(stack, context, user_id)
        return phones[user_id]

    yield phone
    for context in contexts:
        context.close()
    assert [complaint for phone in phones.values() for complaint in phone.complaints] == []


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Where pictures of pages go: QUNBEI_PICTURES when it is set, to be looked at."""
    folder = Path(os.environ.get("QUNBEI_PICTURES") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    return folder
