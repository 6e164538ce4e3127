"""create_simulator(): what the simulator is made of."""

import ipaddress
from urllib.parse import urlsplit

from flask import Flask, Response, abort, render_template, request
from werkzeug.exceptions import HTTPException

from simulator.api import api
from simulator.contact_pages import contacts
from simulator.control import control
from simulator.phones import phones
from simulator.settings import Settings
from simulator.sign_in_pages import pages
from simulator.state import State
from simulator.troubles import troubles

LOCAL_NAMES = {"localhost", "127.0.0.1", "::1"}
MOST_BYTES = 2 * 1024 * 1024
POLICY = "; ".join(
    [
        "default-src 'none'",
        "style-src 'self'",
        "script-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ]
)


def create_simulator(settings: Settings) -> Flask:
    """The simulated platform as a Flask app. Raises SettingsError when the college file is wrong."""
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = MOST_BYTES
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.extensions["simulator"] = State(settings)
    app.before_request(refuse_strangers)
    app.after_request(add_security_headers)
    app.register_error_handler(HTTPException, show_error)
    for blueprint in (api, pages, phones, contacts, control, troubles):
        app.register_blueprint(blueprint)
    app.add_url_rule("/healthz", view_func=healthz)
    return app


def healthz() -> Response:
    """200 while the process lives."""
    return Response("ok\n", mimetype="text/plain")


def refuse_strangers() -> None:
    """Only this machine, by its own name, and no other site's page: nothing here asks for a password."""
    name = urlsplit(f"//{request.host}").hostname
    if not ipaddress.ip_address(request.remote_addr or "0.0.0.0").is_loopback or name not in LOCAL_NAMES:  # noqa: S104
        abort(403)
    origin = request.headers.get("Origin")
    if request.method != "GET" and origin and origin != request.host_url.rstrip("/"):
        abort(403)


def add_security_headers(response: Response) -> Response:
    """Pages load nothing but our own files, and nothing inline."""
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
    return response


def show_error(error: HTTPException) -> tuple[str, int]:
    """A page that says it is the simulator's."""
    return render_template("refused.html", text=f"{error.code} {error.name}"), error.code or 500
