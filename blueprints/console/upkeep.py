"""Commands that look after a running service: what is wrong with it, and its keys."""

import click
from flask import Blueprint

from blueprints.console.refusals import Command
from operations.doctor import Trial, examine_platform
from operations.health.examination import examine
from operations.health.report import Area, Check, Level
from operations.keys import Rotation
from operations.keys import rotate_keys as rotate
from operations.readiness import readiness

upkeep = Blueprint("upkeep", __name__, cli_group=None)
upkeep.cli.command_class = Command
#: Rows that a command names one by one.
MOST_NAMED = 20


@upkeep.cli.command("doctor")
def doctor() -> None:
    """Say what is wrong with the service, then try the platform's settings one by one. Exit code 1: something is."""
    unready = {part: fault for part, fault in readiness().items() if fault and part != "worker"}
    if unready:
        raise click.ClickException("; ".join(f"{part}: {fault}" for part, fault in unready.items()))
    areas = examine()
    for area in areas:
        _tell_area(area)
    click.echo("平台设置")
    trials = examine_platform()
    for trial in trials:
        _tell_trial(trial)
    if any(area.level is Level.FAULT for area in areas) or any(trial.is_fault for trial in trials):
        raise click.exceptions.Exit(1)


def _tell_area(area: Area) -> None:
    click.echo(f"{area.name}：{area.level.label}")
    for check in area.findings:
        _tell_check(check)


def _tell_check(check: Check) -> None:
    """As the page has it, but for the names of people: these stand on the page only."""
    click.echo(f"  [{check.level.label}] {check.title}：{check.count}项。{check.said}")
    named = "；".join(row.nameless for row in check.rows)
    if named:
        unnamed = check.count - len(check.rows)
        click.echo(f"    {named}" + (f"；还有{unnamed}项" if unnamed else ""))


def _tell_trial(trial: Trial) -> None:
    click.echo(f"  [{trial.word}] {trial.name}：{trial.said}")
    if trial.remedy and trial.level is not Level.FINE:
        click.echo(f"    {trial.remedy}")


@upkeep.cli.command("rotate-keys")
def rotate_keys() -> None:
    """Encrypt anew, with SECRET_KEY, what the keys of SECRET_KEY_FALLBACKS wrote. May be stopped and run again."""
    rotation = Rotation()
    for rotation in rotate():
        click.echo(f"\r{rotation.renewed} rows encrypted anew", nl=False)
    click.echo("")
    _tell_unreadable(rotation)
    if rotation.left:
        raise click.ClickException(
            f"{rotation.left} rows were being written meanwhile, or are still written with a former key: "
            "restart web and worker, then run this again."
        )
    if rotation.unreadable:
        raise click.ClickException(
            "Everything else is under the present key. Keep SECRET_KEY_FALLBACKS until the key of these rows is found, "
            "add it there and run this again; if it is lost for good, what they held has to be given anew."
        )
    click.echo("Everything is under the present key: SECRET_KEY_FALLBACKS can be removed.")


def _tell_unreadable(rotation: Rotation) -> None:
    if not rotation.unreadable:
        return
    click.echo(f"{len(rotation.unreadable)} rows hold a value that none of the keys opens. They stay as they are:")
    for table, key in rotation.unreadable[:MOST_NAMED]:
        click.echo(f"  {table} {key}")
    if len(rotation.unreadable) > MOST_NAMED:
        click.echo(f"  and {len(rotation.unreadable) - MOST_NAMED} more")
