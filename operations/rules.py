"""The regulation in force, and the one that an earlier filing was filed under."""

from flask import Flask, current_app
from sqlalchemy.orm import Session

from extensions import db
from models import Filing, RegulationText
from models.database import insert_for
from regulation import Regulation, load_regulation, parse_regulation


def init_rules(app: Flask) -> None:
    """Read the regulation's file once; raises regulation.RegulationError if it is not in order."""
    regulation = load_regulation(app.config["SETTINGS"].regulation_file)
    app.extensions["regulations"] = {None: regulation, regulation.digest: regulation}
    app.extensions["kept_regulations"] = set()


def rules_in_force() -> Regulation:
    """The regulation that new filings are filed under."""
    return current_app.extensions["regulations"][None]


def rules_for(filing: Filing | None) -> Regulation:
    """The regulation this filing was filed under; for a draft, or for none yet, the one in force."""
    known = current_app.extensions["regulations"]
    digest = filing.regulation_digest if filing else None
    if digest not in known:
        known[digest] = parse_regulation(db.session.get_one(RegulationText, digest).source)
    return known[digest]


def keep_rules(session: Session, regulation: Regulation) -> str:
    """Make sure the regulation's text is kept beside the filings made under it; its digest."""
    if regulation.digest not in current_app.extensions["kept_regulations"]:
        text = insert_for(session, RegulationText).values(
            digest=regulation.digest, version=regulation.version, source=regulation.source
        )
        session.execute(text.on_conflict_do_nothing())
    return regulation.digest


def note_kept(digest: str | None) -> None:
    """The transaction that kept this text has been committed: later ones need not keep it again."""
    current_app.extensions["kept_regulations"].add(digest)
