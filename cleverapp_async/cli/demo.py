"""``cleverapp demo``: a bundled list, sent through the real HTTP stack to the simulator."""

from __future__ import annotations

import click

from . import params

__all__ = ["demo"]

_SCALE = 20.0


@click.command(
    epilog=(
        "Exit codes: 0 every row came out as the list expects, and the referee saw no fault; 1 "
        "something did not; 2 the command cannot be used; 130 interrupted."
    )
)
@click.option(
    "--scale",
    type=params.SCALE,
    default=_SCALE,
    show_default=True,
    help="The limits' time runs so many times as fast.",
)
@click.option(
    "--window",
    type=click.Choice(["sliding", "fixed", "bucket"]),
    default="sliding",
    show_default=True,
    help="How the simulator counts N in T.",
)
@click.option("--output", metavar="FILE", help="New file for the outcomes; - for standard output.")
@click.pass_context
def demo(context: click.Context, *, scale: float, window: str, output: str | None) -> None:
    """Send a bundled list to the simulator.

    No account is needed, and nobody gets a message. The list has recipients of several bots and
    messengers; some are faulty and left out, some the server rejects. It ends with the verdict of
    a referee who saw every request arrive.
    """
    from .demonstration import run_demo

    context.exit(run_demo(scale, window, output))
