"""Commands that look after a running service: what is wrong with it, and its keys."""

import click
from flask import Blueprint

from operations.keys import Rotation
from operations.keys import rotate_keys as rotate

upkeep = Blueprint("upkeep", __name__, cli_group=None)
#: Rows that a command names one by one.
MOST_NAMED = 20


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
    click.echo("Everything that can be read is under the present key: SECRET_KEY_FALLBACKS can be removed.")


def _tell_unreadable(rotation: Rotation) -> None:
    if not rotation.unreadable:
        return
    click.echo(f"{len(rotation.unreadable)} rows hold a value that none of the keys opens. They stay as they are:")
    for table, key in rotation.unreadable[:MOST_NAMED]:
        click.echo(f"  {table} {key}")
    if len(rotation.unreadable) > MOST_NAMED:
        click.echo(f"  and {len(rotation.unreadable) - MOST_NAMED} more")
    click.echo("If you have their key, add it to SECRET_KEY_FALLBACKS and run this again.")
