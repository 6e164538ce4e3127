"""The signature of a page, and the ticket it is made with: one for all, fetched seldom, renewed when refused."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import update

from messaging.platforms.errors import PlatformError, PlatformRefused, PlatformUnreachable
from messaging.platforms.wecom import PageSignature, wecom_client
from messaging.platforms.wecom_pages import sign
from models import SharedValue, utc_now
from models.database import unit_of_work
from simulator.server import Handle
from tests.conftest import wecom_settings
from tests.messaging.conftest import one_database
from tests.messaging.odd_platform import OddPlatform, said

URL = "http://127.0.0.1:8000/filings/new?form=1"


def signed(app: Flask, *, refused: bool = False) -> PageSignature:
    with app.app_context():
        return wecom_client().sign_page(URL, refused=refused)


def ticket_of(signature: PageSignature, *tickets: str) -> str:
    """Which of the tickets the page was signed with."""
    made = {sign(t, nonce=signature.nonce, timestamp=signature.timestamp, url=URL): t for t in tickets}
    return made[signature.signature]


def let_pass(app: Flask, time: timedelta) -> None:
    """Let everything that is shared come nearer to its end."""
    with app.app_context(), unit_of_work() as session:
        for row in session.query(SharedValue):
            session.execute(
                update(SharedValue).where(SharedValue.key == row.key).values(expires_at=row.expires_at - time)
            )


def tickets(odd: OddPlatform) -> None:
    """Another ticket at each request."""
    odd.tell("ticket/get", lambda _call: said(errcode=0, ticket=f"T-{odd.count('ticket/get')}", expires_in=7200))


def test_the_signature_is_the_documented_one() -> None:
    url = "https://app.example.com/h5/index?x=1"
    signature = sign("TICKETabc123", nonce="N0nce", timestamp=1760000000, url=url)
    assert signature == "b4ec099c590fd2438d3860caaacbf4247b23308d"


@one_database
def test_a_page_is_signed_so_that_the_client_takes_it(app: Flask, simulated: Handle) -> None:
    page, ours = signed(app), wecom_settings()
    assert (page.corp_id, page.agent_id) == (ours.corp_id, ours.agent_id)
    with simulated.state.lock:
        told = {"nonceStr": page.nonce, "timestamp": str(page.timestamp), "signature": page.signature, "url": URL}
        simulated.state.tickets.check(told, now=simulated.state.now())
    assert abs(page.timestamp - utc_now().timestamp()) < 60


def test_callers_at_the_same_moment_fetch_one_ticket(app: Flask, odd: OddPlatform) -> None:
    tickets(odd)
    start = threading.Barrier(10)

    def caller(_number: int) -> PageSignature:
        start.wait(20)
        return signed(app)

    with ThreadPoolExecutor(10) as pool:
        pages = list(pool.map(caller, range(10)))
    assert {ticket_of(page, "T-1") for page in pages} == {"T-1"}
    assert [call.query.get("type") for call in odd.calls if call.path == "ticket/get"] == ["agent_config"]


@one_database
def test_a_ticket_that_the_platform_refused_is_renewed_but_not_at_once_again(app: Flask, odd: OddPlatform) -> None:
    tickets(odd)
    assert ticket_of(signed(app), "T-1") == "T-1"
    assert ticket_of(signed(app, refused=True), "T-1", "T-2") == "T-1"
    let_pass(app, timedelta(seconds=41))
    assert ticket_of(signed(app, refused=True), "T-1", "T-2") == "T-2"
    for _ in range(5):
        signed(app, refused=True)
    assert odd.count("ticket/get") == 2


@one_database
def test_a_ticket_is_fetched_anew_before_it_ends(app: Flask, odd: OddPlatform) -> None:
    tickets(odd)
    signed(app)
    let_pass(app, timedelta(seconds=6901))
    assert ticket_of(signed(app), "T-1", "T-2") == "T-2"


@one_database
@pytest.mark.parametrize("answer", [{}, {"ticket": ""}, {"ticket": ["x"]}, {"ticket": "t" * 513}, {"errcode": 45009}])
def test_an_answer_without_a_ticket_is_not_asked_for_again_at_once(
    app: Flask, odd: OddPlatform, answer: dict[str, object]
) -> None:
    odd.tell("ticket/get", said(**answer))
    for _ in range(3):
        with pytest.raises(PlatformError):
            signed(app)
    assert odd.count("ticket/get") == 1
    let_pass(app, timedelta(seconds=41))
    tickets(odd)
    assert signed(app)


@one_database
def test_a_stale_token_is_renewed_on_the_way_to_the_ticket(app: Flask, simulated: Handle) -> None:
    with app.app_context():
        wecom_client().departments()
    with simulated.state.lock:
        simulated.state.tokens.revoke()
    assert signed(app)


@one_database
def test_a_platform_that_is_away_is_said_to_be(app: Flask) -> None:
    with pytest.raises(PlatformUnreachable):
        signed(app)


@one_database
def test_what_a_member_agreed_to_is_read_and_nothing_else(app: Flask, odd: OddPlatform) -> None:
    with app.app_context():
        for answer, mobile, email in [
            ({"mobile": "19900000032", "email": "a@example.edu.cn"}, "19900000032", "a@example.edu.cn"),
            ({"gender": "0", "biz_mail": "b@example.edu.cn"}, "", "b@example.edu.cn"),
            ({"mobile": None, "email": ["x"]}, "", ""),
        ]:
            odd.tell("auth/getuserdetail", said(userid="zhangsan", **answer))
            given = wecom_client().particulars_of("T")
            assert (given.user_id, given.mobile, given.email) == ("zhangsan", mobile, email)
            assert mobile not in repr(given) or not mobile
    assert odd.bodies("auth/getuserdetail")[0] == b'{"user_ticket": "T"}'


@one_database
@pytest.mark.parametrize("errcode", [84014, 84015])
def test_a_ticket_of_a_consent_is_never_repeated_by_a_refusal(app: Flask, odd: OddPlatform, errcode: int) -> None:
    odd.tell("auth/getuserdetail", said(errcode=errcode, errmsg="bad ticket SECRETTICKET"))
    with app.app_context(), pytest.raises(PlatformRefused) as caught:
        wecom_client().particulars_of("SECRETTICKET")
    assert caught.value.errcode == errcode
    assert "SECRETTICKET" not in str(caught.value)
