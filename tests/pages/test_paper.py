"""线下已审 on the pages."""

from flask import Flask

from operations.clock import college_today
from tests.college import College
from tests.operations.test_paper import REGISTRAR, scan
from tests.pages.conftest import Made, SignIn, one_database
from tests.pages.reading import read
from tests.pages.test_every_page import assert_well_made

pytestmark = one_database


def test_a_registrar_enters_what_was_signed_on_paper(app: Flask, college: College, sign_in: SignIn, made: Made) -> None:
    """E50: from the filing's page, with the scan, and shown as 线下已审."""
    filing_id = made.submitted()
    address = f"/filings/{filing_id}/paper"
    registrar = sign_in(REGISTRAR)
    assert address not in registrar.open(f"/filings/{filing_id}").links
    assert registrar.client.get(address).location == f"/filings/{filing_id}"
    with app.app_context():
        scan(college, filing_id)
    assert address in registrar.open(f"/filings/{filing_id}").links
    page = registrar.open(address)
    assert_well_made(page)
    refused = read(registrar.send(page, address, signer="张主任", signed_on="2099-01-01"), 422)
    assert_well_made(refused)
    assert "不能晚于今天" in refused.errors["signed_on"]
    assert refused.form(address).values["signer"] == "张主任"
    assert set(read(registrar.send(page, address), 422).errors) == {"signer", "signed_on"}
    answer = registrar.send(page, address, signer="张主任", signed_on=college_today().isoformat())
    assert answer.location == f"/filings/{filing_id}"
    text = registrar.open(f"/filings/{filing_id}").text
    assert "线下已审" in text
    assert "张主任（周干事录入）" in text
    assert "已补录线下审核" in text
