"""What a department's head sees of its own: the names that its groups should take after a change (第九条)."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from blueprints.guards import may
from extensions import db
from models import Department
from operations import permissions
from operations.renaming import proposals_in
from operations.rules import rules_in_force

departments = Blueprint("departments", __name__)


@departments.get("/departments/<int:department_id>/names")
@may(permissions.can_see_names)
def names(department: Department) -> ResponseReturnValue:
    """Each group whose name no longer fits, with the name proposed instead."""
    proposals = proposals_in(db.session(), department)
    office = rules_in_force().registry_office
    return render_template("departments/names.html", department=department, proposals=proposals, office=office)
