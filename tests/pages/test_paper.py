"""线下已审 on the pages."""

from datetime import timedelta

from flask import Flask

from operations.clock import college_today
from tests.college import College
from tests.operations.test_paper import REGISTRAR, scan
from tests.pages.conftest import Made, SignIn, one_database
from tests.pages.reading import read
from tests.pages.test_every_page import assert_well_made
from tests.pages.test_evidence import send
from tests.pictures import PDF, picture

pytestmark = one_database


def test_a_registrar_adds_the_scan_and_is_led_on_to_the_entry(sign_in: SignIn, made: Made) -> None:
    """E50: the page says how to begin; only the scan of the signed form is hers to add."""
    filing_id = made.submitted()
    registrar, files = sign_in(REGISTRAR), f"/filings/{filing_id}/evidence"
    page = registrar.open(f"/filings/{filing_id}")
    assert "收到签字的纸质登记表？先上传扫描件（附件），再补录线下审核。" in page.text
    assert files in page.links
    for other in ("zhangzhuren", "lilaoshi"):
        assert "收到签字的纸质登记表" not in sign_in(other).open(f"/filings/{filing_id}").text
    page = registrar.open(files)
    assert_well_made(page)
    assert page.form(files).values["kind"] == "signed_form"
    refused = read(send(registrar, filing_id, ("码.png", picture()), kind="qr_code"), 422)
    assert_well_made(refused)
    assert "请从列出的选项中选择" in refused.errors["kind"]
    assert send(registrar, filing_id, ("表.pdf", PDF), kind="signed_form").location == files
    page = registrar.open(f"/filings/{filing_id}")
    assert "收到签字的纸质登记表" not in page.text
    assert f"/filings/{filing_id}/paper" in page.links
    assert (
        "收到签字的纸质登记表" not in registrar.open(f"/filings/{made.approved(name='护理系第二群', number='')}").text
    )


def test_a_registrar_who_finds_no_room_for_the_scan_is_told_who_makes_some(sign_in: SignIn, made: Made) -> None:
    filing_id = made.submitted()
    colours = ("red", "blue", "green", "black", "white")
    applicant = sign_in("lilaoshi")
    send(applicant, filing_id, *[(f"{colour}.png", picture(colour=colour)) for colour in colours])
    here = f"/filings/{filing_id}/evidence"
    assert "已经满了，需要更换请先删除一个。" in applicant.open(here).text
    assert "已经满了，请申请人先删除一个。" in sign_in(REGISTRAR).open(here).text


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
    assert "应由护理系部门负责人签字：张主任。" in page.text
    assert page.form(address).values["signer"] == "张主任"
    assert f"/filings/{filing_id}/evidence/1" in page.links
    a_year_ago = (college_today() - timedelta(days=366)).isoformat()
    refused = read(registrar.send(page, address, signed_on=a_year_ago), 422)
    assert "请核对年份" in refused.errors["signed_on"]
    refused = read(registrar.send(page, address, signer="张主任", signed_on="2099-01-01"), 422)
    assert_well_made(refused)
    assert "不能晚于今天" in refused.errors["signed_on"]
    assert refused.form(address).values["signer"] == "张主任"
    assert set(read(registrar.send(page, address, signer=""), 422).errors) == {"signer", "signed_on"}
    answer = registrar.send(page, address, signer="张主任", signed_on=college_today().isoformat())
    assert answer.location == f"/filings/{filing_id}"
    text = registrar.open(f"/filings/{filing_id}").text
    assert "线下已审" in text
    assert "张主任（周干事录入）" in text
    assert "已补录线下审核" in text
