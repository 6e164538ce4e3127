"""How long the service and PostgreSQL wait for one another."""

import pytest
from flask import Flask
from sqlalchemy import text

from extensions import db
from models.database import OF_SERVER, PATIENCE


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_neither_side_waits_for_hours_for_one_that_is_gone_without_a_word(context: Flask) -> None:
    """Its locks would keep every worker that sends to the same person."""
    connection = db.session.connection()
    driver = connection.connection.driver_connection
    assert driver is not None
    asked = driver.info.get_parameters()
    assert {name: asked.get(name) for name in PATIENCE} == {name: str(value) for name, value in PATIENCE.items()}
    idle = "idle_in_transaction_session_timeout"
    db.session.rollback()
    assert db.session.scalar(text(f"SHOW {idle}")) == OF_SERVER[idle]
    db.session.rollback()
