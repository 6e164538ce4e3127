"""From every page below a first one there is a way back, and the navigation says where one is."""

import re

import pytest

from tests.pages.conftest import Made, SignIn, one_database
from tests.pages.test_handovers import left

pytestmark = one_database
__all__ = ["left"]

HOME, TASKS = ("/", "回到首页"), ("/approvals", "返回待我办理")
ADMINISTRATION = ("/administration/", "返回管理")


@pytest.mark.usefixtures("left")
@pytest.mark.parametrize(
    ("user_id", "address", "ways"),
    [
        *(("jiwai", "/filings/1", [HOME]), ("jiwai", "/groups/1", [HOME]), ("zhangzhuren", "/filings/1", [TASKS])),
        *(("zhangzhuren", "/delegations", [HOME]), ("wuguanli", "/delegations", [HOME])),
        *(("wuguanli", "/administration/people", [ADMINISTRATION]), ("zhangzhuren", "/handovers", [TASKS])),
        *(("wuguanli", "/administration/posts", [ADMINISTRATION]), ("wuguanli", "/handovers", [TASKS, ADMINISTRATION])),
        *(("wuguanli", "/handovers/1", [TASKS, ("/handovers", "全部移交")]), ("zhangzhuren", "/handovers/1", [TASKS])),
    ],
)
def test_a_page_ends_with_the_ways_back(
    user_id: str, address: str, ways: list[tuple[str, str]], sign_in: SignIn
) -> None:
    last = sign_in(user_id).open(address).html.rpartition('<p class="more">')[2]
    assert [(to, said) for to, said in re.findall(r'<a href="([^"]+)">([^<]+)</a>', last) if (to, said) in ways] == ways
    assert ("返回管理" in last) is (ADMINISTRATION in ways)


@pytest.mark.usefixtures("left")
@pytest.mark.parametrize(
    ("address", "tab"),
    [
        *(("/", "/"), ("/approvals", "/approvals"), ("/handovers", "/approvals"), ("/handovers/1", "/approvals")),
        *(("/delegations", "/"), ("/administration/posts", "/administration/"), ("/nix", "")),
    ],
)
def test_the_navigation_shows_where_one_is(address: str, tab: str, sign_in: SignIn) -> None:
    text = sign_in("wuguanli").client.get(address).text
    navigation = text.partition("<nav")[2].partition("</nav>")[0]
    assert re.findall(r'<a href="([^"]+)" aria-current', navigation) == [tab] * bool(tab)


def test_a_vacancy_looks_alike_on_the_handover_and_the_group(left: None, sign_in: SignIn, made: Made) -> None:
    head = sign_in("zhangzhuren")
    for address in ("/handovers/1", "/groups/1"):
        badges = re.findall(r'<span class="state (state-\w+)"[^>]*>责任人缺位', head.open(address).html)
        assert set(badges) == {"state-red"}, address
