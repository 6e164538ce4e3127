"""What ends a command: one sentence and exit code 1, whatever stands in the way."""

from typing import Any

import click
from flask.cli import ScriptInfo
from sqlalchemy.exc import OperationalError, ProgrammingError

from extensions import db
from messaging.platforms.errors import PlatformError
from operations.errors import OperationRefused, UnknownSubject
from operations.readiness import readiness


class Command(click.Command):
    """A command that says why it came to nothing instead of showing where."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run it; what was refused, or is not there, becomes its sentence."""
        if ctx.ensure_object(ScriptInfo).load_app().config["SETTINGS"].is_trial:
            click.echo("On the trial's data: neither the environment nor .env names a platform.", err=True)
        try:
            return super().invoke(ctx)
        except UnknownSubject as unknown:
            raise click.ClickException(unknown.sentence) from None
        except OperationRefused as refused:
            # The rule's own words, as its page has them.
            raise click.ClickException(f"Refused, nothing was changed: {refused.sentence}") from None
        except PlatformError as error:
            raise click.ClickException(f"The platform did not say, nothing was changed: {error}. See: doctor") from None
        except (OperationalError, ProgrammingError) as error:
            raise click.ClickException(_fault(error)) from None


def _fault(error: OperationalError | ProgrammingError) -> str:
    """What is wrong with the database; raises the error again where that is not known."""
    db.session.rollback()
    fault = next((fault for part, fault in readiness().items() if fault and part != "worker"), "")
    if not fault and isinstance(error, ProgrammingError):
        raise error
    return f"The database is not ready: {fault or f'try again ({type(error).__name__})'}."
