"""The command ``cleverapp``: each of its own commands imports what it needs when it runs."""

from __future__ import annotations

import click

from .call import call
from .campaigns import campaign
from .contacts import contacts
from .demo import demo
from .doctor import doctor
from .exits import Exit
from .limits import limits
from .send.command import send
from .simulate import simulate

__all__ = ["Commands", "cleverapp"]


class Commands(click.Group):
    """Commands that end with 130 when Ctrl-C stops them, whatever they are doing.

    Click's own code for that, 1, says of a campaign that messages were rejected.
    """

    def invoke(self, ctx: click.Context) -> object:
        """Carry out the command that was named."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo("Interrupted.", err=True)
            ctx.exit(Exit.INTERRUPTED)


@click.group(
    cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(package_name="cleverapp-async", prog_name="cleverapp")
def cleverapp() -> None:
    """Send messages through the CleverApp API, exactly within its limits and never twice."""


for command in (send, campaign, call, contacts, limits, doctor, simulate, demo):
    cleverapp.add_command(command)
