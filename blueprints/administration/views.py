"""管理: the state of the service, and the way to everything that an administrator looks after."""

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue

from blueprints.administration.ways import MATTERS, VIEWS, address_of
from blueprints.guards import may, who_asks
from extensions import limiter
from operations import permissions
from operations.doctor import examine_platform
from operations.health.examination import examine
from operations.health.first_steps import first_steps

administration = Blueprint("administration", __name__, url_prefix="/administration")


@administration.get("/")
@may(permissions.can_administer)
def show() -> ResponseReturnValue:
    """What is in order, what is not, and the button that mends it."""
    matters = [(url_for(VIEWS[place]), label) for place, label in MATTERS]
    return render_template(
        "administration/show.html", areas=examine(), steps=first_steps(), matters=matters, address_of=address_of
    )


@administration.post("/platform")
@may(permissions.can_administer)
@limiter.limit("6 per minute", key_func=who_asks)
def check_platform() -> ResponseReturnValue:
    """Try the platform's settings one by one and show what came of it.

    Beside signing in this is the one page that waits for the platform: to know is what it was asked for.
    """
    return render_template("administration/platform.html", trials=examine_platform())
