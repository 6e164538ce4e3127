"""Whoever is taken out of the platform's directory is let in no more, without anybody's sync."""

from collections.abc import Callable

import requests

from tests.browser.conftest import Phone, Stack
from tests.script.processes import wait_for


def test_somebody_who_leaves_the_directory_is_shut_out_and_may_come_back(
    stack: Stack, phone_of: Callable[[str], Phone]
) -> None:
    phone = phone_of("luyao")
    page = phone.open_app()
    assert page.title() == "首页 · 群备"
    contacts = f"{stack.simulator}/console/contacts/luyao"
    assert requests.post(f"{contacts}/remove", timeout=5).ok

    def let_in() -> bool:
        page.goto(stack.service)
        return page.url.startswith(stack.service) and page.title() == "首页 · 群备"

    wait_for(lambda: not let_in(), 10)
    assert requests.post(f"{contacts}/restore", timeout=5).ok

    def let_in_again() -> bool:
        phone.chat().get_by_role("link", name="工作台").click()
        page.wait_for_load_state()
        return let_in()

    wait_for(let_in_again, 10)
