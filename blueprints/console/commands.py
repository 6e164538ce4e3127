"""What an operator asks of the service at the command line. Each command is one operation."""

import signal
import threading
from collections.abc import Callable
from datetime import datetime
from functools import partial

import click
from flask import Blueprint, current_app

from blueprints.console.refusals import Command
from messaging.platforms.errors import PlatformError
from messaging.worker import Chore
from messaging.worker import run_worker as work
from operations import appointing, directory, directory_events, evidence, failures, overview, reminders, syncing, terms
from operations.clock import college_today
from operations.errors import OperationRefused
from operations.subjects import named_post

console = Blueprint("console", __name__, cli_group=None)
console.cli.command_class = Command
#: A day as an operator types it.
DAY = click.DateTime(formats=["%Y-%m-%d"])
#: `sync-contacts` tells how far it has come each time it has read so many departments.
LINE_EVERY = 25
#: What the worker does beside delivering messages.
CHORES = (
    Chore(terms.change_over, pause=30),
    Chore(directory_events.read_next, pause=0.5),
    Chore(evidence.sweep_files, pause=24 * 3600),
    Chore(reminders.remind, pause=60),
    Chore(failures.summarize, pause=60),
)


@console.cli.command("sync-contacts")
@click.option("--accept-removals", is_flag=True, help="As many may be gone as the last sync refused.")
def sync_contacts(accept_removals: bool) -> None:
    """Copy departments and members from the platform's directory."""
    try:
        accepts = syncing.shown_by(syncing.find_refused()) if accept_removals else directory.NOTHING
        report = syncing.run_now(accepts=accepts, tell=_print_progress, wait=_once(_print_waiting))
    except PlatformError as error:
        raise click.ClickException(f"The directory could not be read, nothing was changed: {error}") from None
    except OperationRefused as error:
        raise click.ClickException(error.sentence) from None
    except syncing.LeaseLost:
        raise click.ClickException("Another process took this sync up; see /administration/directory.") from None
    click.echo(f"{report.departments} departments, {report.people} people; {report.left} left.")


def _print_progress(progress: directory.Progress) -> None:
    if progress.departments_read % LINE_EVERY == 0 and 0 < progress.departments_read < progress.departments_total:
        read = f"{progress.departments_read} of {progress.departments_total} departments"
        click.echo(f"{read}, {progress.people_read} people so far", err=True)


def _print_waiting() -> None:
    click.echo("Another sync is under way; this one begins when it has ended.", err=True)


def _once(act: Callable[[], None]) -> Callable[[], None]:
    """The act at the first call, and nothing from then on."""
    acts = iter([act])
    return lambda: next(acts, lambda: None)()


@console.cli.command("appoint")
@click.argument("userid")
@click.argument("post")
@click.option("--department", help="Its id in the platform's directory, or its name.")
@click.option("--deputy", is_flag=True, help="As deputy: acts while nobody else holds the post.")
@click.option("--from", "starts_on", type=DAY, help="The first day, such as 2026-09-01; without it, now.")
@click.option("--until", "ends_on", type=DAY, help="The last day; without it, the post has no end.")
def appoint(
    userid: str,
    post: str,
    department: str | None,
    deputy: bool,
    starts_on: datetime | None,
    ends_on: datetime | None,
) -> None:
    """Give USERID the POST: DEPARTMENT_HEAD, PARTY_SECRETARY, COLLEGE_LEADER (these for a department), REGISTRAR,
    AUDITOR or ADMINISTRATOR. May be repeated."""
    term = appointing.Term(starts_on and starts_on.date(), ends_on and ends_on.date(), deputy)
    # Said before the platform is asked for whoever is not known yet.
    named_post(post)
    directory.know_person(userid)
    given = appointing.appoint(userid, post, department, term)
    as_what = f"{post.upper()} as a deputy" if deputy else post.upper()
    holds = f"holds {as_what} from {term.starts_on} on" if term.is_ahead else f"now holds {as_what}"
    click.echo(f"{userid} {holds}." if given else f"{userid} holds {post.upper()} already.")


@console.cli.command("dismiss")
@click.argument("userid")
@click.argument("post")
@click.option("--department", help="Its id in the platform's directory, or its name.")
def dismiss(userid: str, post: str, department: str | None) -> None:
    """End a post of USERID, given in the words of `appoint`. What it decided stays as it was."""
    ended = appointing.dismiss(userid, post, department)
    click.echo(f"{userid} no longer holds {post.upper()}." if ended else f"{userid} does not hold {post.upper()}.")


@console.cli.command("posts")
def posts() -> None:
    """List who holds what, with their accounts, from when until when, and who is deputy."""
    for post, user_id in overview.roster():
        unit = post.department.name if post.department else "-"
        rank = " deputy" if post.is_deputy else ""
        until = f" until {post.ends_on}" if post.ends_on else ""
        since = college_today(post.started_at)
        click.echo(f"{post.kind.name}{rank}\t{unit}\t{user_id}\t{post.person.name}\tsince {since}{until}")


@console.cli.command("run-worker")
def run_worker() -> None:
    """Deliver messages until SIGTERM or SIGINT; the one in hand is finished first."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    # Whoever stops the service waits for no sync: it is begun anew after the next start.
    sync = Chore(partial(syncing.run_due, stop.is_set), pause=2)
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    work(app, stop, chores=(*CHORES, sync), awake_from=reminders.awake_from)
