"""What every route of the control API needs: the state at hand, the JSON it was sent, the answer to a bad request."""

from typing import Any

from flask import Blueprint, Response, current_app, jsonify, request

from simulator.state import State


def state_at_hand() -> State:
    """The memory of the simulator that serves this request."""
    state: State = current_app.extensions["simulator"]
    return state


def body_sent() -> dict[str, Any]:
    """The JSON object in the request; an empty one where there is none."""
    body = request.get_json(force=True, silent=True)
    return body if isinstance(body, dict) else {}


def refuse_bad_requests(blueprint: Blueprint) -> None:
    """Lets the blueprint answer 400 where a field is missing, unknown or of the wrong type."""
    for kind in (KeyError, TypeError, ValueError):
        blueprint.register_error_handler(kind, _refuse)


def _refuse(error: Exception) -> tuple[Response, int]:
    return jsonify(error=f"{type(error).__name__}: {error}"), 400
