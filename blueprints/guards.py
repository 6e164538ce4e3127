"""The guard above each view: who is let in, and to which object. Every route has one, and a test reads them all."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar
from urllib.parse import urlsplit

from flask import current_app, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_limiter.util import get_remote_address
from werkzeug.exceptions import HTTPException

from blueprints import sessions
from operations import departments, evidence, opinions, reading, tenures, vacancies
from operations.actors import Actor, find_actor
from operations.errors import NotAllowed, NotFound

View = TypeVar("View", bound=Callable[..., ResponseReturnValue])
Rule = Callable[..., bool]

#: What a number in an address names, and how that is read.
LOADERS: dict[str, Callable[[int], Any]] = {
    "filing_id": reading.get_filing,
    "group_id": reading.get_group_filings,
    "evidence_id": evidence.get_evidence,
    "department_id": departments.get_department,
    "handover_id": vacancies.get_handover,
    "person_id": tenures.get_somebody,
    "post_id": tenures.get_post,
    "delegation_id": tenures.get_delegation,
    "opinion_id": opinions.get_opinion,
}
#: The largest id that both databases can be asked for.
LARGEST_ID = 2**31 - 1
#: In bytes. A few targets of this length still fit into the session cookie, which browsers cut at 4,093 bytes.
LONGEST_TARGET = 500


def may(rule: Rule) -> Callable[[Callable[..., ResponseReturnValue]], Callable[..., ResponseReturnValue]]:
    """Let the view be reached only by somebody signed in to whom `rule` says yes.

    The rule and the view are given what the address names, loaded once. Raises NotFound or NotAllowed.
    """

    def guard(view: Callable[..., ResponseReturnValue]) -> Callable[..., ResponseReturnValue]:
        @wraps(view)
        def guarded(**keys: int) -> ResponseReturnValue:
            g.actor = find_signed_in()
            if g.actor is None:
                return ask_to_sign_in()
            loaded = [_load(name, key) for name, key in keys.items()]
            if not rule(g.actor, *loaded):
                raise NotAllowed
            return view(*loaded)

        guarded.rule = rule  # type: ignore[attr-defined]
        return guarded

    return guard


def find_signed_in() -> Actor | None:
    """Who is signed in and still of the college, or None."""
    person_id = sessions.find_person_id()
    return find_actor(person_id) if person_id is not None else None


def who_asks() -> str:
    """Whose share of a limit a request counts against: a whole campus may stand behind one address."""
    return f"person {sessions.find_person_id() or get_remote_address()}"


def public(view: View) -> View:
    """Say of a view that everybody may reach it."""
    view.rule = None  # type: ignore[attr-defined]
    return view


def safe_target(target: str) -> str:
    """`target` if it is the path of a page of ours that asks for somebody signed in, else the first page."""
    path = target.partition("?")[0]
    if not target.isprintable() or not target.startswith("/") or "\\" in target:
        return url_for("home.show")
    if len(target.encode()) > LONGEST_TARGET:
        return url_for("home.show")
    try:
        endpoint, _ = current_app.url_map.bind("").match(path, method="GET")
    except HTTPException:
        return url_for("home.show")
    return target if getattr(current_app.view_functions[endpoint], "rule", None) else url_for("home.show")


def ask_to_sign_in() -> ResponseReturnValue:
    """The way to the sign-in and back: at once for a page that was asked for, by a link for what was posted.

    form-action keeps a form's redirects on our own site, and what was posted would be lost on the way anyhow.
    """
    if request.method in ("GET", "HEAD"):
        return redirect(url_for("login.choose", next=request.full_path.rstrip("?")))
    return render_template("errors/sign_in.html", target=where_from()), 401


def where_from() -> str:
    """The page of ours that the request was sent from, as far as the browser says, else the first page."""
    try:
        parts = urlsplit(request.referrer or "")
    except ValueError:  # such as http://[
        return url_for("home.show")
    return safe_target(f"{parts.path}?{parts.query}".rstrip("?"))


def _load(name: str, key: int) -> Any:
    if key > LARGEST_ID:
        raise NotFound
    return LOADERS[name](key)
