"""管理: the state of the service, and the way to everything that an administrator looks after."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from blueprints.guards import may
from operations import permissions

administration = Blueprint("administration", __name__, url_prefix="/administration")


@administration.get("/")
@may(permissions.can_administer)
def show() -> ResponseReturnValue:
    """What is in order, what is not, and the button that mends it."""
    return render_template("administration/show.html")
