"""What ``cleverapp contacts export`` does: page after page into a new file."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
from attrs import frozen

from ..errors import CleverAppError
from .connection import Connection
from .console import is_screen, make_console
from .contact_rows import CsvRows, JsonRows
from .exits import BadInputError, CommandError, Exit
from .failures import failure
from .part_file import PartFile
from .signals import run_interruptibly
from .source import Format
from .token import read_token

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from .contact_rows import RowWriter

__all__ = ["Export", "run_export"]

_SAID_EVERY = 5000
_SHOWN_EVERY = 100
_SUFFIXES: dict[str, Format] = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}


@frozen(kw_only=True)
class Export:
    """The options of ``cleverapp contacts export``; see its help."""

    output: str
    format: Format | None
    bot_id: int | None
    date_from: int | None
    date_to: int | None
    asked: tuple[str, ...]
    quiet: bool
    token_file: str | None
    connection: Connection

    def writer(self) -> RowWriter:
        """What writes the rows.

        Raises:
            BadInputError: Nothing tells the format, or it is to be standard output.
        """
        if self.output == "-":
            raise BadInputError(
                "--output -: an export is whole or has no name, which standard output cannot tell. "
                "Give the name of a new file."
            )
        chosen = self.format or _SUFFIXES.get(Path(self.output).suffix.lower())
        if chosen is None:
            raise BadInputError(
                f"--output {self.output}: its name tells no format. End it with .csv or .jsonl, "
                "or give --format."
            )
        return JsonRows(self.asked) if chosen == "jsonl" else CsvRows(self.asked)


def run_export(export: Export) -> Exit:
    """Carry out ``cleverapp contacts export``.

    Raises:
        CommandError: It cannot be done, or did not end; the message says what of it is there.
    """
    if export.date_from is not None and export.date_to is not None:
        _check_order(export.date_from, export.date_to)
    writer = export.writer()
    token = read_token(export.token_file)
    with PartFile.create(export.output) as file:
        try:
            run_interruptibly(lambda: _export(export, writer, file, token))
            file.finish()
        except CleverAppError as error:
            raise failure(error, reads=True, note=file.kept) from None
        except KeyboardInterrupt:
            click.echo(f"Interrupted. {file.kept}", err=True)
            return Exit.INTERRUPTED
        except OSError as error:
            told = f"{file.part} cannot be written: {error.strerror}. {file.kept}"
            raise CommandError(told, Exit.FAILED) from None
    if not export.quiet:
        click.echo(f"{_count(file.rows)} written to {file.path}.", err=True)
    return Exit.OK


def _check_order(date_from: int, date_to: int) -> None:
    if date_from > date_to:
        raise BadInputError("--date-from is later than --date-to: there is nothing between.")


async def _export(export: Export, writer: RowWriter, file: PartFile, token: str) -> None:
    with _progress(quiet=export.quiet) as tell:
        async with export.connection.client(token) as client:
            file.begin(writer.header())
            async for contact in client.iter_contacts(
                bot_id=export.bot_id,
                date_from=export.date_from,
                date_to=export.date_to,
                with_=export.asked or None,
            ):
                file.write(writer.row(contact))
                tell(file.rows)


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
