"""``cleverapp contacts export``: page after page of all contacts into a new file."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from ...errors import CleverAppError
from .. import params
from ..atomic_file import output_format, whole_file
from ..console import is_screen, make_console
from ..errors import BadInputError, failure
from ..shared_options import Connection, connection_options
from ..signals import run_interruptibly
from ..token import read_token
from .rows import CsvRows, JsonRows

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from ..atomic_file import AtomicFile
    from .rows import RowWriter

__all__ = ["contacts"]

_SAID_EVERY = 5000
_SHOWN_EVERY = 100


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
def export(
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
    if date_from is not None and date_to is not None and date_from > date_to:
        raise BadInputError("--date-from is later than --date-to: there is nothing between.")
    if output == "-":
        raise BadInputError(
            "--output -: an export is whole or has no name, which standard output cannot tell. "
            "Give the name of a new file."
        )
    in_lines = output_format(output, given_format) == "jsonl"
    writer: RowWriter = JsonRows(with_) if in_lines else CsvRows(with_)
    token = read_token(token_file)
    connection = Connection(base_url=base_url, attempt_timeout=attempt_timeout)

    async def write(file: AtomicFile) -> None:
        with _progress(quiet=quiet) as tell:
            async with connection.client(token) as client:
                file.begin(writer.header())
                async for contact in client.iter_contacts(
                    bot_id=bot_id, date_from=date_from, date_to=date_to, with_=with_ or None
                ):
                    file.write(writer.row(contact))
                    tell(file.rows)

    with whole_file(output) as file:
        try:
            run_interruptibly(lambda: write(file))
        except CleverAppError as error:
            raise failure(error, reads=True, note=file.kept) from None
    if not quiet:
        click.echo(f"{_count(file.rows)} written to {file.path}.", err=True)


@contextmanager
def _progress(*, quiet: bool) -> Generator[Callable[[int], None]]:
    """What is told of each contact: a line that changes on a screen, a line now and then else."""
    if quiet:
        yield lambda _: None
    elif is_screen():
        with make_console().status("Waiting for the first contacts …") as status:

            def show(rows: int) -> None:
                if rows % _SHOWN_EVERY == 0:
                    status.update(f"{_count(rows)} …")

            yield show
    else:

        def say(rows: int) -> None:
            if rows % _SAID_EVERY == 0:
                click.echo(f"{_count(rows)} …", err=True)

        yield say


def _count(rows: int) -> str:
    return "1 contact" if rows == 1 else f"{rows} contacts"
