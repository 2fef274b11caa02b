"""``cleverapp campaign``: look into the journal of a campaign, and settle what it leaves open."""

from __future__ import annotations

import click

from ..app import LazyGroup

__all__ = ["campaign"]

_HERE = "cleverapp_async.cli.campaign"


@click.group(
    cls=LazyGroup,
    short_help="Look into the journal of a campaign.",
    lazy={
        "export": (
            f"{_HERE}.export:export",
            "Write all messages of a campaign, with what came of them, to a file.",
        ),
        "failed": (
            f"{_HERE}.export:failed",
            "List the messages that were rejected or not sent, and why.",
        ),
        "purge": (
            f"{_HERE}.resolve:purge",
            "Erase recipients, texts and error texts for good; counts and times stay.",
        ),
        "report": (
            f"{_HERE}.export:report",
            "Write a report of a campaign: one HTML page that loads nothing from outside.",
        ),
        "resolve": (
            f"{_HERE}.resolve:resolve",
            "Record the outcome of messages whose outcome is unknown.",
        ),
        "status": (
            f"{_HERE}.status:status",
            "Show how a campaign stands, what is left, and the commands to go on.",
        ),
        "unknown": (
            f"{_HERE}.export:unknown",
            "List the messages whose outcome is unknown.",
        ),
    },
)
def campaign() -> None:
    """Look into a campaign, and settle what it leaves open.

    JOURNAL is a file (`cleverapp send --journal RUN.db`), or a campaign in Redis:
    redis://HOST:PORT/DATABASE/CAMPAIGN. Looking works while the campaign runs. No token is needed.
    """
