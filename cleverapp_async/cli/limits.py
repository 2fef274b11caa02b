"""``cleverapp limits watch``: the keys of a fleet that shares its limits, live."""

from __future__ import annotations

import click

from . import params
from .errors import Exit

__all__ = ["limits"]


@click.group()
def limits() -> None:
    """Look at limits that many processes share."""


@limits.command(
    epilog=(
        "Needs cleverapp-async[redis]. Exit codes: 0 shown; 1 Redis could not be reached; 2 the "
        "command cannot be used; 3 a setting does not work; 130 interrupted."
    )
)
@click.option(
    "--redis",
    envvar="CLEVERAPP_REDIS_URL",
    show_envvar=True,
    default="redis://127.0.0.1:6379/0",
    show_default="redis://127.0.0.1:6379/0",
    metavar="URL",
    help="The Redis or Valkey of the fleet.",
)
@click.option("--prefix", default="cleverapp", show_default=True, help="What its keys begin with.")
@click.option(
    "--every",
    type=params.DURATION,
    default="1s",
    show_default=True,
    help="How often to look.",
)
@click.option("--once", is_flag=True, help="Look once and end.")
@click.option("--json", "as_json", is_flag=True, help="One line of JSON per look.")
@click.pass_context
def watch(
    context: click.Context, *, redis: str, prefix: str, every: float, once: bool, as_json: bool
) -> None:
    """Show each key's queue, next slot, refusals and pause, live."""
    from .watching import Watching, run_watch

    watching = Watching(redis=redis, prefix=prefix, every=every, once=once, as_json=as_json)
    try:
        code = run_watch(watching)
    except KeyboardInterrupt:
        code = Exit.INTERRUPTED
    context.exit(int(code))
