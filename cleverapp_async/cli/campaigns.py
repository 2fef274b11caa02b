"""``cleverapp campaign``: look into the journal of a campaign, and settle what it leaves open."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from .campaign_changes import purge, resolve
from .schedule_options import GivenHours, schedule_options
from .shared_options import limit_options

if TYPE_CHECKING:
    from datetime import datetime, time

    from ..limits.quota import Quota
    from .errors import Exit
    from .params import LimitOverride

__all__ = ["campaign"]

_STATES = ("pending", "intent", "accepted", "rejected", "not_sent", "unknown")
_FORMATS = ("jsonl", "csv", "table")
_LISTING = "Exit codes: 0 listed; 2 the journal cannot be read; 130 interrupted."


@click.group(short_help="Look into the journal of a campaign.")
def campaign() -> None:
    """Look into the journal of a campaign (`cleverapp send --journal RUN.db`).

    Looking works while the campaign runs, and needs no token.
    """


@campaign.command(
    epilog=(
        "Exit codes: 0 everything was accepted; 1 some were rejected, or are not sent yet; 2 the "
        "journal cannot be read; 4 some may have been sent, nobody can tell; 130 interrupted."
    )
)
@click.argument("journal", metavar="RUN.db")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--watch", is_flag=True, help="Show it anew every second, until it is finished.")
@limit_options
@schedule_options
@click.pass_context
def status(
    context: click.Context,
    *,
    journal: str,
    as_json: bool,
    watch: bool,
    limits: tuple[LimitOverride, ...],
    account_limit: tuple[Quota, ...] | None,
    scale: float,
    not_before: time | None,
    not_after: time | None,
    timezone: str | None,
    at: datetime | None,
) -> None:
    """Show how a campaign stands, what is left, and the commands to go on.

    The journal holds neither limits nor hours: give the same options as to `cleverapp send` for
    the forecast to count with them, and for the commands shown to have them.
    """
    from .campaign_status import run_status
    from .shared_options import LimitSettings

    code: Exit = run_status(
        journal,
        for_programs=as_json,
        watch=watch,
        limits=LimitSettings(overrides=limits, account=account_limit, scale=scale),
        hours=GivenHours(not_before=not_before, not_after=not_after, timezone=timezone, at=at),
    )
    context.exit(code)


_format = click.option(
    "--format",
    "given_format",
    type=click.Choice(_FORMATS),
    default="jsonl",
    show_default=True,
    help="JSON lines, which `cleverapp send --only` reads; CSV; or a table of the first 1000.",
)


@campaign.command(epilog=_LISTING)
@click.argument("journal", metavar="RUN.db")
@_format
@click.pass_context
def unknown(context: click.Context, *, journal: str, given_format: str) -> None:
    """List the messages that may have been sent, nobody can tell.

    Those whose run died before the answer are among them, unless it is still at work.
    """
    from .campaign_lists import list_unknown

    context.exit(list_unknown(journal, given_format))


@campaign.command(epilog=_LISTING)
@click.argument("journal", metavar="RUN.db")
@_format
@click.pass_context
def failed(context: click.Context, *, journal: str, given_format: str) -> None:
    """List the messages that were rejected or not sent, and why."""
    from .campaign_lists import list_failed

    context.exit(list_failed(journal, given_format))


@campaign.command(
    epilog=(
        "Exit codes: 0 the file is whole; 1 it cannot be written to its end; 2 the journal cannot "
        "be read, or FILE exists or cannot be made; 130 interrupted."
    )
)
@click.argument("journal", metavar="RUN.db")
@click.option(
    "-o",
    "--output",
    required=True,
    metavar="FILE",
    help="New file, or - for standard output; while it is written its name ends in .part.",
)
@click.option(
    "--state",
    "states",
    type=click.Choice(_STATES),
    multiple=True,
    help="Only messages in this state. Repeatable.",
)
@click.option(
    "--format",
    "given_format",
    type=click.Choice(_FORMATS[:2]),
    help="How it is written; by default the suffix of FILE tells, and - is CSV.",
)
@click.pass_context
def export(
    context: click.Context,
    *,
    journal: str,
    output: str,
    states: tuple[str, ...],
    given_format: str | None,
) -> None:
    """Write all messages of a campaign, with what came of them, to a file.

    Cells of the CSV that a spreadsheet would compute are escaped with an apostrophe.
    """
    from .campaign_export import run_export

    context.exit(run_export(journal, output, states, given_format))


@campaign.command(
    epilog=(
        "Exit codes: 0 the report is written; 1 it cannot be written; 2 the journal cannot be "
        "read, or FILE exists; 130 interrupted."
    )
)
@click.argument("journal", metavar="RUN.db")
@click.option("-o", "--output", required=True, metavar="FILE", help="The page, such as r.html.")
@click.option("--force", is_flag=True, help="Write over FILE, such as an older report.")
@limit_options
@click.pass_context
def report(
    context: click.Context,
    *,
    journal: str,
    output: str,
    force: bool,
    limits: tuple[LimitOverride, ...],
    account_limit: tuple[Quota, ...] | None,
    scale: float,
) -> None:
    """Write a report of a campaign: one HTML page that asks for nothing from outside.

    It holds recipients and texts of the messages that may have been sent. Its charts show the
    documented limits, or those given here.
    """
    from .campaign_export import run_report
    from .shared_options import LimitSettings

    settings = LimitSettings(overrides=limits, account=account_limit, scale=scale)
    context.exit(run_report(journal, output, force=force, limits=settings))


for command in (resolve, purge):
    campaign.add_command(command)
