"""The command ``cleverapp``: each of its own commands imports what it needs when it runs."""

from __future__ import annotations

import click

from .call import call
from .campaigns import campaign
from .contacts import contacts
from .demo import demo
from .doctor import doctor
from .send import send
from .simulate import simulate

__all__ = ["cleverapp"]


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="cleverapp-async", prog_name="cleverapp")
def cleverapp() -> None:
    """Send messages through the CleverApp API, exactly within its limits and never twice."""


for command in (send, campaign, call, contacts, doctor, simulate, demo):
    cleverapp.add_command(command)
