"""What a failure leaves in the log: where and of what kind, never the words of a row."""

import logging

import pytest
from flask import Flask
from sqlalchemy import text

from extensions import db
from tests.pages.conftest import SignIn

ROW = {"name": "李老师", "phone": "19900000009"}


def test_a_failing_page_is_a_page_of_ours_and_logs_no_name_or_phone(
    app: Flask, sign_in: SignIn, caplog: pytest.LogCaptureFixture
) -> None:
    app.config["PROPAGATE_EXCEPTIONS"] = False

    def failing() -> str:
        insert = text("INSERT INTO people (id, name, job_title, office_phone) VALUES (1, :name, :phone, '')")
        db.session.execute(insert, ROW)
        return ""

    app.view_functions["login.leave"] = failing
    with caplog.at_level(logging.DEBUG):
        page = sign_in("lilaoshi").client.get("/logout")
    assert page.status_code == 500
    assert "系统出错了" in page.text
    assert "IntegrityError at login.leave" in caplog.text
    assert "李老师" not in caplog.text
    assert "19900000009" not in caplog.text
