"""``cleverapp contacts export``: all contacts as a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import click

from . import params
from .shared_options import Connection, connection_options

if TYPE_CHECKING:
    from .errors import Exit
    from .source import Format

__all__ = ["contacts"]


@click.group()
def contacts() -> None:
    """Work with the contacts of bots."""


@contacts.command(
    epilog=(
        "The token comes from CLEVERAPP_API_TOKEN or --token-file. Exit codes: 0 the file is "
        "whole; 1 the server refused, failed, could not be reached or gave fewer contacts than it "
        "promised, or the file cannot be written; 2 the command cannot be used; 3 the token or "
        "another setting does not work; 130 interrupted."
    )
)
@click.option(
    "-o",
    "--output",
    required=True,
    metavar="FILE",
    help="New file; while it is written its name ends in .part.",
)
@click.option("--bot-id", type=click.IntRange(min=1), help="Only contacts of this bot.")
@click.option(
    "--format",
    "given_format",
    type=click.Choice(["csv", "jsonl"]),
    help="How the file is written; by default its suffix tells.",
)
@click.option(
    "--date-from",
    type=params.DATE_FROM,
    help="Created on this day or later, such as 2024-01-31; a time may follow.",
)
@click.option(
    "--date-to",
    type=params.DATE_TO,
    help="Created on this day or earlier.",
)
@click.option(
    "--with",
    "with_",
    type=params.ADDITIONS,
    default="",
    metavar="tags,variables",
    help="What to add to each contact (one brand documents it).",
)
@click.option("-q", "--quiet", is_flag=True, help="Show warnings and errors only.")
@connection_options
@click.pass_context
def export(
    context: click.Context,
    *,
    output: str,
    bot_id: int | None,
    given_format: str | None,
    date_from: int | None,
    date_to: int | None,
    with_: tuple[str, ...],
    quiet: bool,
    token_file: str | None,
    base_url: str | None,
    attempt_timeout: float,
) -> None:
    """Write all contacts to a CSV or JSONL file, each once.

    The file is one that `cleverapp send` takes: its rows are addressed by contact_id, and its
    columns feed the templates. Cells that a spreadsheet would compute are escaped with an
    apostrophe, which `send` takes off again. Dates without an offset are in this machine's time
    zone.
    """
    from .exporting import Export, run_export

    wanted = Export(
        output=output,
        format=cast("Format | None", given_format),
        bot_id=bot_id,
        date_from=date_from,
        date_to=date_to,
        asked=with_,
        quiet=quiet,
        token_file=token_file,
        connection=Connection(base_url=base_url, attempt_timeout=attempt_timeout),
    )
    code: Exit = run_export(wanted)
    context.exit(code)
