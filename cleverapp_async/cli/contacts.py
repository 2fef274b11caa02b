"""``cleverapp contacts export``: page after page of all contacts into a new file."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

import click
from attrs import define, field

from ..bulk.report.csv import escape
from ..errors import CleverAppError
from . import params
from .atomic_file import output_format, read_delimiter, whole_file
from .console import as_json, is_screen, make_console
from .errors import BadInputError, exit_codes, failure
from .recipients.rows import PLAIN_COLUMNS, TEXT_COLUMNS, UTM_COLUMNS
from .shared_options import (
    Connection,
    bot_id_option,
    connection_options,
    delimiter_option,
    format_option,
    output_option,
    quiet_option,
    read_token,
)
from .signals import run_interruptibly
from .text import counted

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from ..models.contact import Contact, ContactVariable
    from .atomic_file import AtomicFile
    from .shared_options import KeptLimits

__all__ = ["CsvRows", "JsonRows", "RowWriter", "as_record", "contacts"]

_UTF8_MARK = b"\xef\xbb\xbf"


class RowWriter(Protocol):
    """Turns contacts into the bytes of a file."""

    def header(self) -> bytes:
        """What the file begins with."""
        ...

    def row(self, contact: Contact) -> bytes:
        """One contact."""
        ...


def as_record(contact: Contact, asked: Sequence[str]) -> dict[str, object]:
    """A contact by the names of the columns, nothing of it lost.

    Args:
        contact: The contact.
        asked: What was asked for besides: ``tags``, ``variables``.
    """
    record: dict[str, object] = {
        "contact_id": contact.id,
        "contact_bot_id": contact.bot_id,
        "contact_messenger": contact.messenger,
    }
    for name in PLAIN_COLUMNS[3:]:
        value: object = getattr(contact, name)
        record[name] = value.isoformat() if isinstance(value, datetime) else value
    extra = dict(contact.extra)
    for name in UTM_COLUMNS:
        record[name] = None if contact.utm is None else getattr(contact.utm, name)
    if contact.utm is not None and contact.utm.extra:
        extra["utm"] = dict(contact.utm.extra)
    if "tags" in asked:
        record["tags"] = None if contact.tags is None else list(contact.tags)
    if "variables" in asked:
        record["variables"] = (
            None if contact.variables is None else [_variable(one) for one in contact.variables]
        )
    record["extra"] = extra or None
    return record


def _variable(variable: ContactVariable) -> Mapping[str, str | None]:
    return {"name": variable.title, "value": variable.value}


@define
class CsvRows:
    """CSV with a header, in UTF-8 with the mark that Excel looks for.

    Lists and objects are JSON inside their cell.
    """

    asked: Sequence[str]
    delimiter: str = ","
    _lines: io.StringIO = field(init=False, factory=io.StringIO)
    _write: Callable[[Sequence[str]], object] = field(init=False)

    def __attrs_post_init__(self) -> None:
        """Make the writer."""
        self._write = csv.writer(self._lines, delimiter=self.delimiter).writerow

    def header(self) -> bytes:
        """The mark, and the names of the columns."""
        names = [*TEXT_COLUMNS, *self.asked, "extra"]
        return _UTF8_MARK + self._line(names)

    def row(self, contact: Contact) -> bytes:
        """One record; what a spreadsheet would compute is escaped."""
        record = as_record(contact, self.asked)
        return self._line([_cell(value) for value in record.values()])

    def _line(self, cells: Sequence[str]) -> bytes:
        self._write(cells)
        text = self._lines.getvalue()
        self._lines.seek(0)
        self._lines.truncate()
        # Half a character, which a server may send, is nothing that UTF-8 can hold.
        return text.encode(errors="replace")


def _cell(value: object) -> str:
    if value is None:
        return ""
    return escape(value if isinstance(value, str) else as_json(value))


@define
class JsonRows:
    """JSON lines: one object per contact, lists and objects as they are."""

    asked: Sequence[str]

    def header(self) -> bytes:
        """Nothing: each line has its own names."""
        return b""

    def row(self, contact: Contact) -> bytes:
        """One line; what is not known is left out."""
        record = as_record(contact, self.asked)
        known = {name: value for name, value in record.items() if value is not None}
        return as_json(known).encode() + b"\n"


_SAID_EVERY = 5000
_SHOWN_EVERY = 100


@click.group()
def contacts() -> None:
    """Write the contacts of bots to a file."""


@contacts.command(
    epilog=exit_codes(
        "the file is whole",
        failed="the server refused, failed, could not be reached or gave fewer contacts than it "
        "announced, or the file could not be written",
        usage="the command cannot be used, or FILE exists",
        configuration="the token or another setting does not work",
    )
)
@output_option(required=True)
@bot_id_option
@format_option("csv", "jsonl", show_default="by the suffix of FILE")
@delimiter_option()
@click.option(
    "--date-from",
    type=params.DATE_FROM,
    metavar="DATE",
    help="Only contacts created on this day or later, such as 2024-01-31; a time may follow.",
)
@click.option(
    "--date-to",
    type=params.DATE_TO,
    metavar="DATE",
    help="Only contacts created on this day or earlier.",
)
@click.option(
    "--with",
    "with_",
    type=params.ADDITIONS,
    default="",
    metavar="tags,variables",
    help="Data to add to each contact, where the brand supports it.",
)
@quiet_option
@connection_options
def export(
    *,
    output: str,
    bot_id: int | None,
    given_format: str | None,
    delimiter: str | None,
    date_from: int | None,
    date_to: int | None,
    with_: tuple[str, ...],
    quiet: bool,
    token_file: str | None,
    base_url: str | None,
    attempt_timeout: float,
    kept_limits: KeptLimits,
) -> None:
    """Write all contacts to a CSV or JSONL file, each once.

    --bot-id chooses the contacts of one bot. `cleverapp send` reads the file as it is: its rows
    are addressed by contact_id, and all its columns can be used in templates. Cells that a
    spreadsheet would compute are escaped with an apostrophe, which `send` removes. Dates without
    an offset are in this machine's time zone. Until the file is whole its name ends in .part, and
    so it cannot go to standard output.
    """
    if date_from is not None and date_to is not None and date_from > date_to:
        raise BadInputError("--date-from is later than --date-to. Give an earlier --date-from.")
    if output == "-":
        raise BadInputError(
            "--output -: contacts cannot go to standard output, as nothing there tells whether "
            "all of them were written. Give the name of a new file."
        )
    form = output_format(output, given_format)
    sign = read_delimiter(delimiter, form)
    writer: RowWriter = JsonRows(with_) if form == "jsonl" else CsvRows(with_, sign)
    token = read_token(token_file)
    connection = Connection(base_url=base_url, attempt_timeout=attempt_timeout, limits=kept_limits)

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
        click.echo(f"{counted(file.rows, 'contact')} written to {file.path}.", err=True)


@contextmanager
def _progress(*, quiet: bool) -> Generator[Callable[[int], None]]:
    """What is told of each contact: a line that changes on a screen, a line now and then else."""
    if quiet:
        yield lambda _: None
    elif is_screen():
        with make_console().status("Waiting for the first contacts …") as status:

            def show(rows: int) -> None:
                if rows % _SHOWN_EVERY == 0:
                    status.update(f"{counted(rows, 'contact')} …")

            yield show
    else:

        def say(rows: int) -> None:
            if rows % _SAID_EVERY == 0:
                click.echo(f"{counted(rows, 'contact')} …", err=True)

        yield say
