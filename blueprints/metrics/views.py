"""`/metrics`: figures for whoever watches the service, and nothing about anybody."""

from ipaddress import ip_address, ip_network

from flask import Blueprint, Response, current_app, request
from flask.typing import ResponseReturnValue
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4
from sqlalchemy.exc import SQLAlchemyError

from blueprints.guards import public
from blueprints.metrics.instruments import page_of
from config import Settings
from operations.figures import read_figures

metrics = Blueprint("metrics", __name__)

THIS_MACHINE = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
#: Any of these says that a proxy stands between. One that sends the first alone is set up as it should be.
OF_A_PROXY = ("X-Forwarded-For", "X-Real-IP", "X-Forwarded-Proto", "Forwarded")


@metrics.get("/metrics")
@public
def show() -> ResponseReturnValue:
    """The figures, for callers on this machine and those that METRICS_FROM names; 403 for others."""
    if not _may_read():
        return _plain("not from this address: see METRICS_FROM", 403)
    try:
        page = page_of(read_figures())
    except SQLAlchemyError as error:
        return _plain(f"the database does not answer ({type(error).__name__})", 503)
    return Response(page, content_type=CONTENT_TYPE_PLAIN_0_0_4)


def _may_read() -> bool:
    """Whether the caller is let in by address: whom the proxy speaks for, or else whoever is at the other end."""
    try:
        caller = ip_address(request.remote_addr or "")
    except ValueError:
        return False
    caller = getattr(caller, "ipv4_mapped", None) or caller
    if any(caller in network for network in _settings().metrics_from):
        return True
    # A proxy on this machine speaks for others, and one that is set up badly lets them say themselves who they are.
    if any(name in request.headers for name in OF_A_PROXY):
        return False
    return any(caller in network for network in THIS_MACHINE)


def _settings() -> Settings:
    settings: Settings = current_app.config["SETTINGS"]
    return settings


def _plain(text: str, status: int) -> Response:
    return Response(f"{text}\n", status, mimetype="text/plain")
