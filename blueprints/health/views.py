"""`/healthz`: the process lives. `/readyz`: web, database and worker can do their work."""

from flask import Blueprint, Response, jsonify
from flask.typing import ResponseReturnValue

from blueprints.guards import public
from operations.readiness import readiness

health = Blueprint("health", __name__)


@health.get("/healthz")
@public
def alive() -> ResponseReturnValue:
    """200 while the process answers at all; nothing else is touched."""
    return Response("ok", mimetype="text/plain")


@health.get("/readyz")
@public
def ready() -> ResponseReturnValue:
    """200 when all parts can work, else 503; for each part "ok", or a sentence on what is wrong with it."""
    faults = readiness()
    report = {part: fault or "ok" for part, fault in faults.items()}
    return jsonify(report), 503 if any(faults.values()) else 200
