"""What an operator asks of the service at the command line. Each command is one operation."""

import signal
import threading

import click
from flask import Blueprint, current_app

from messaging.platforms.errors import PlatformError
from messaging.worker import Chore
from messaging.worker import run_worker as work
from operations import appointing, directory, terms
from operations.errors import UnknownSubject

console = Blueprint("console", __name__, cli_group=None)
#: What the worker does beside delivering messages.
CHORES = (Chore(terms.change_over, pause=30),)


@console.cli.command("sync-contacts")
def sync_contacts() -> None:
    """Copy departments and members from the platform's directory."""
    try:
        report = directory.sync_contacts()
    except PlatformError as error:
        raise click.ClickException(f"The directory could not be read, nothing was changed: {error}") from None
    except directory.EmptyDirectory as error:
        raise click.ClickException(error.sentence) from None
    click.echo(f"{report.departments} departments, {report.people} people; {report.left} left.")


@console.cli.command("appoint")
@click.argument("userid")
@click.argument("post")
@click.option("--department", help="Its id in the platform's directory, or its name.")
def appoint(userid: str, post: str, department: str | None) -> None:
    """Give USERID the POST: DEPARTMENT_HEAD, PARTY_SECRETARY, COLLEGE_LEADER (these for a department), REGISTRAR,
    AUDITOR or ADMINISTRATOR. May be repeated."""
    try:
        directory.know_person(userid)
        given = appointing.appoint(userid, post, department)
    except (UnknownSubject, PlatformError) as error:
        raise click.ClickException(getattr(error, "sentence", "") or str(error)) from None
    click.echo(f"{userid} now holds {post.upper()}." if given else f"{userid} holds {post.upper()} already.")


@console.cli.command("dismiss")
@click.argument("userid")
@click.argument("post")
@click.option("--department", help="Its id in the platform's directory, or its name.")
def dismiss(userid: str, post: str, department: str | None) -> None:
    """End a post of USERID, given in the words of `appoint`. What it decided stays as it was."""
    try:
        ended = appointing.dismiss(userid, post, department)
    except UnknownSubject as error:
        raise click.ClickException(error.sentence) from None
    click.echo(f"{userid} no longer holds {post.upper()}." if ended else f"{userid} does not hold {post.upper()}.")


@console.cli.command("run-worker")
def run_worker() -> None:
    """Deliver messages until SIGTERM or SIGINT; the one in hand is finished first."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    work(current_app._get_current_object(), stop, chores=CHORES)  # type: ignore[attr-defined]
