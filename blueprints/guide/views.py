"""哪些群要备案: what is filed and what is not, who approves it, and what it may be called."""

from flask import Blueprint, g, render_template
from flask.typing import ResponseReturnValue

from blueprints.guards import may
from operations import permissions
from operations.guidance import example_names
from operations.rules import rules_in_force
from regulation import Platform, Tier

guide = Blueprint("guide", __name__)


@guide.get("/guide")
@may(permissions.is_member)
def show() -> ResponseReturnValue:
    """The regulation in plain words, as its data file gives it."""
    rules = rules_in_force()
    return render_template(
        "guide/show.html",
        rules=rules,
        limits=rules.limits(),
        routes=[(tier, rules.route(tier)) for tier in Tier],
        platforms=[platform.label for platform in Platform if platform is not Platform.OTHER],
        examples=example_names(g.actor),
    )
