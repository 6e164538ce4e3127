"""The simulator as the platform of an app under test."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from flask import Flask

from config import WeComSettings
from simulator import Settings as SimulatorSettings
from simulator.server import Handle, start
from tests.conftest import wecom_settings


def point_at(app: Flask, wecom: WeComSettings) -> None:
    """Let the app use this platform from now on."""
    app.config["SETTINGS"] = replace(app.config["SETTINGS"], wecom=wecom)
    app.extensions.pop("wecom_client", None)


@contextmanager
def simulated_platform(app: Flask, *, contact_callback_url: str = "") -> Iterator[Handle]:
    """The strict simulator, which the app uses while this lasts; its callbacks go nowhere but where this says."""
    ours = wecom_settings()
    contacts = ours.contact_receiver
    assert contacts is not None
    handle = start(
        SimulatorSettings(
            corp_id=ours.corp_id,
            agent_id=ours.agent_id,
            secret=ours.secret,
            callback_token=ours.receiver.token,
            callback_aes_key=ours.receiver.aes_key,
            contact_callback_token=contacts.token,
            contact_callback_aes_key=contacts.aes_key,
            contact_callback_url=contact_callback_url,
            callback_url="http://127.0.0.1:9/callbacks/wecom",
            home_url="http://127.0.0.1:8000/",
        )
    )
    try:
        point_at(app, wecom_settings(f"{handle.url}/"))
        yield handle
    finally:
        handle.stop()
