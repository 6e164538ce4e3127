"""Rows of a list that were ticked to be dealt with together."""

from flask import request

from blueprints.filings.fields import an_id


def ticked_ids(name: str) -> set[int]:
    """The ids that the ticked boxes of this name stand for; what no page of ours would send is left out."""
    return {key for text in request.form.getlist(name) if (key := an_id(text)) is not None}
