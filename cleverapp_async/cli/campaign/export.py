"""``cleverapp campaign export``, ``report``, ``unknown`` and ``failed``: what a journal holds."""

from __future__ import annotations

import os
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING

import click
from attrs import evolve
from rich.text import Text

from ..._mounts import is_stream
from ..._terminal import printable
from ...bulk.journal.messages import reference_text
from ...bulk.journal.records import JournalState
from ...bulk.report.csv import csv_lines
from ...bulk.report.page import write_report
from ...limits.quota import AccountKey
from ..atomic_file import output_format, read_delimiter, whole_file
from ..console import as_json, make_console, make_table, to_stdout
from ..errors import BadInputError, CommandError, Exit, exit_codes
from ..recipients.rows import split_reference
from ..send_settings import SendSettings, limit_options, settings_options
from ..shared_options import (
    delimiter_option,
    format_option,
    journal_argument,
    output_option,
    timezone_option,
)
from ..text import as_iso, say_moment, shortened
from .state import RunNote, find_campaign, open_reader

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rich.table import Table

    from ...bulk.journal.protocol import Campaign, CampaignReader
    from ...bulk.journal.records import ErrorRecord, JournalEntry

__all__ = ["as_line", "as_record", "export", "failed", "report", "unknown"]

_STATES = ("pending", "intent", "accepted", "rejected", "not_sent", "unknown")
_SHOWN = 1000
_COLUMNS = ("state", "recipient", "text", "at", "error")

_LISTED = exit_codes(
    "the messages were listed, and the file of --output is whole",
    failed="the file could not be written to its end",
    usage="the command cannot be used, the journal cannot be read, or FILE exists",
)
_format = format_option(
    "jsonl",
    "csv",
    "table",
    show_default="by the suffix of FILE; else jsonl, or csv where --delimiter is given",
)
_output = output_option(default="standard output")


@click.command(epilog=_LISTED)
@journal_argument
@_output
@_format
@delimiter_option()
def unknown(
    *, journal: str, output: str | None, given_format: str | None, delimiter: str | None
) -> None:
    """List the messages whose outcome is unknown.

    They may have been sent. Messages whose run died before the answer came are among them. JSON
    lines are what `cleverapp send --only unknown` reads; a table shows the first 1000.
    """
    _list(journal, output or "-", given_format, delimiter, JournalState.UNKNOWN)


@click.command(epilog=_LISTED)
@journal_argument
@_output
@_format
@delimiter_option()
def failed(
    *, journal: str, output: str | None, given_format: str | None, delimiter: str | None
) -> None:
    """List the messages that were rejected or not sent, and why.

    JSON lines are what `cleverapp send --only rejected --only not_sent` reads; a table shows the
    first 1000.
    """
    states = JournalState.REJECTED, JournalState.NOT_SENT
    _list(journal, output or "-", given_format, delimiter, *states)


@click.command(
    epilog=exit_codes(
        "the file is whole",
        failed="the file could not be written to its end",
        usage="the journal cannot be read, or FILE exists or cannot be created",
    )
)
@journal_argument
@output_option(required=True)
@click.option(
    "--state",
    "states",
    type=click.Choice(_STATES),
    multiple=True,
    help="Only messages in this state. Repeatable.",
)
@format_option("jsonl", "csv", show_default="by the suffix of FILE; csv for -")
@delimiter_option()
def export(
    *,
    journal: str,
    output: str,
    states: tuple[str, ...],
    given_format: str | None,
    delimiter: str | None,
) -> None:
    """Write the messages of a campaign to a file.

    Each message has what came of it. FILE is - for standard output. Until the file is whole its
    name ends in .part. Cells of the CSV
    that a spreadsheet would compute are escaped with an apostrophe.
    """
    chosen = (
        "csv" if output == "-" and given_format is None else output_format(output, given_format)
    )
    sign = read_delimiter(delimiter, chosen)
    campaign = find_campaign(journal)
    with open_reader(campaign) as reader:
        entries = _entries(campaign, reader, *map(JournalState, states))
        lines = _lines(reader, entries, chosen, sign)
        left_out = RunNote.read(reader.summary().note).left_out
        _put_lines(output, lines)
    if left_out is not None and output != "-":
        click.echo(left_out.told(), err=True)


@click.command(
    epilog=exit_codes(
        "the report is written",
        failed="the report could not be written",
        usage="the journal cannot be read, or FILE exists",
    )
)
@journal_argument
@output_option(required=True)
@click.option("--force", is_flag=True, help="Overwrite FILE if it exists.")
@click.option(
    "--title",
    metavar="TEXT",
    show_default="the journal's name",
    help="What the campaign is called in the report.",
)
@timezone_option
@settings_options(limit_options)
def report(
    *,
    journal: str,
    output: str,
    force: bool,
    title: str | None,
    timezone: str | None,
    settings: SendSettings,
) -> None:
    """Write a report of a campaign as an HTML page.

    The page loads nothing from outside. It holds the recipients, texts and other columns of
    messages of unknown outcome, and of those that were rejected. Its charts show the limits of the
    last `cleverapp send`, or those given here. It cannot
    go to standard output.
    """
    if output == "-":
        raise BadInputError("--output -: a report is a file, such as report.html. Give its name.")
    path = Path(output)
    if os.path.lexists(path) and not force and not is_stream(output):
        raise BadInputError(
            f"--output {output} exists. Give another name, or --force to overwrite it."
        )
    try:
        with open_reader(find_campaign(journal)) as reader:
            summary = reader.summary()
            note = RunNote.read(summary.note)
            limits = settings.or_kept(note.settings).limits
            limits.check_scale(summary.origin)
            registry = limits.registry()
            write_report(
                reader,
                path,
                quotas_of=registry.quotas,
                account=registry.quotas(AccountKey("")),
                zone=timezone,
                title=title,
                remark=None if note.left_out is None else note.left_out.told(),
            )
    except OSError as error:
        raise CommandError(
            f"--output {output} cannot be written: {error.strerror}.", Exit.FAILED
        ) from None
    click.echo(f"{output} is written: open it in a browser.", err=True)
    if not note.knows_limits(settings):
        click.echo(
            "Its charts show the documented limits: --limit, --account-limit and --scale say which "
            "hold.",
            err=True,
        )


def _list(
    journal: str,
    output: str,
    given_format: str | None,
    delimiter: str | None,
    *states: JournalState,
) -> None:
    """What ``unknown`` and ``failed`` do: list messages, or write them to a file."""
    if output != "-":
        if given_format == "table":
            raise BadInputError("--format table is for reading: give csv or jsonl for a file.")
        given_format = output_format(output, given_format)
    elif given_format is None:
        given_format = "jsonl" if delimiter is None else "csv"
    sign = read_delimiter(delimiter, given_format)
    campaign = find_campaign(journal)
    with open_reader(campaign) as reader:
        entries = _entries(campaign, reader, *states)
        if given_format != "table":
            first = next(entries, None)
            if first is None:
                click.echo(_no_message(states), err=True)
            found = () if first is None else chain((first,), entries)
            _put_lines(output, _lines(reader, found, given_format, sign))
            return
        table, more = _draw(entries)
    if not table.row_count:
        click.echo(_no_message(states), err=True)
        return
    make_console(stderr=False).print(table)
    if more:
        click.echo("There are more messages: `cleverapp campaign export` gives all.", err=True)


def _no_message(states: Iterable[JournalState]) -> str:
    told = " or ".join(state.value.replace("_", " ") for state in states)
    return f"No message is {told}."


def _entries(
    campaign: Campaign, reader: CampaignReader, *states: JournalState
) -> Iterator[JournalEntry]:
    if reader.summary().purged:
        raise BadInputError(
            f"{campaign.address}: its recipients and texts were erased: nothing is left to list."
        )
    return _entries_of(reader, *states)


def _entries_of(reader: CampaignReader, *states: JournalState) -> Iterator[JournalEntry]:
    """The messages in these states, all where none is given, by their number.

    An intent that nobody is at work on is unknown here, as it is in ``campaign status``.

    Args:
        reader: What looks into the campaign.
        states: The states.

    Raises:
        JournalError: The journal cannot be read any further.
    """
    wanted = set(states or JournalState)
    if reader.holder() is not None:
        yield from reader.entries(*wanted)
        return
    # Without a holder an intent is what a dead run left: it is told among the unknown ones.
    wanted -= {JournalState.INTENT}
    if JournalState.UNKNOWN in wanted:
        wanted |= {JournalState.INTENT}
    for entry in reader.entries(*wanted) if wanted else ():
        abandoned = entry.state is JournalState.INTENT
        yield evolve(entry, state=JournalState.UNKNOWN) if abandoned else entry


def _lines(
    reader: CampaignReader, entries: Iterable[JournalEntry], chosen: str, delimiter: str
) -> Iterable[bytes]:
    """Messages as the lines of a file: ``jsonl``, or ``csv`` with formulas escaped."""
    if chosen == "jsonl":
        return map(as_line, entries)
    return csv_lines(entries, reader.reference_columns(), delimiter=delimiter)


def _put_lines(output: str, lines: Iterable[bytes]) -> None:
    """Write lines to a new file, or to standard output (``-``)."""
    if output == "-":
        _print_lines(lines)
        return
    with whole_file(output, counted=False) as file:
        for line in lines:
            file.write(line)
    click.echo(f"{output} is written.", err=True)


def _print_lines(lines: Iterable[bytes]) -> None:
    """Write lines to standard output until the reader closes it."""
    try:
        for line in lines:
            to_stdout(line)
    except KeyboardInterrupt:
        raise click.exceptions.Exit(Exit.INTERRUPTED) from None
    except BrokenPipeError:
        return  # Whoever reads has seen enough.


def as_record(entry: JournalEntry) -> dict[str, object]:
    """One message as a JSON object, in the form of the outcomes of ``cleverapp send``.

    ``number`` is its number in the campaign, from 1, and ``outcome`` its state: ``pending``, and
    ``intent`` while a run is at work, besides the outcomes. ``row`` and ``line`` tell its place in
    the list that it comes from, and the list's other columns come last.
    """
    place, others = split_reference(entry.message)
    record: dict[str, object] = {"number": entry.number, **place, "outcome": entry.state.value}
    record |= entry.message.parameters()
    record |= _result(entry)
    return record | others


def _result(entry: JournalEntry) -> dict[str, object]:
    record: dict[str, object] = {}
    if entry.intent_at is not None:
        record["intent_at"] = as_iso(entry.intent_at)
    result = entry.result
    if result is None:
        return record
    record["ended_at"] = as_iso(result.ended_at)
    if result.contact_id is not None:
        record["answered_contact_id"] = result.contact_id
    record["attempts"] = result.attempts
    for name, seconds in (("waited", result.waited), ("on_wire", result.on_wire)):
        if seconds is not None:
            record[name] = round(seconds, 4)
    if result.error is not None:
        record["error"] = _error(result.error)
    return record


def as_line(entry: JournalEntry) -> bytes:
    """One message as a JSON line."""
    return as_json(as_record(entry)).encode() + b"\n"


def _draw(entries: Iterator[JournalEntry]) -> tuple[Table, bool]:
    """The first messages as a table.

    Args:
        entries: What is shown of.

    Returns:
        The table, and whether there are more.
    """
    shown = list(islice(entries, _SHOWN))
    referring = any(entry.message.reference for entry in shown)
    columns = ("reference", *_COLUMNS) if referring else _COLUMNS
    table = make_table("number", columns, left=columns)
    for entry in shown:
        result = entry.result
        at = entry.intent_at if result is None else result.ended_at
        error = None if result is None else result.error
        cells: tuple[str, ...] = (
            entry.state.value.replace("_", " "),
            _recipient(entry),
            shortened(str(entry.message.parameters().get("text", ""))),
            "" if at is None else say_moment(at),
            "" if error is None else f"{error.type}: {error.message}",
        )
        if referring:
            cells = (shortened(reference_text(entry.message)), *cells)
        table.add_row(str(entry.number), *(Text(printable(cell)) for cell in cells))
    return table, next(entries, None) is not None


def _error(error: ErrorRecord) -> dict[str, object]:
    told: dict[str, object] = {"type": error.type, "message": error.message}
    if error.status is not None:
        told["status"] = error.status
    if error.fields:
        told["fields"] = [
            {"field": name, "rule": rule, "related": list(related), "message": message}
            for name, rule, related, message in error.fields
        ]
    return told


def _recipient(entry: JournalEntry) -> str:
    parameters = entry.message.parameters()
    if "contact_id" in parameters:
        return f"contact {parameters['contact_id']}"
    whom = parameters.get("phone", parameters.get("contact_external_id", ""))
    messenger = parameters.get("messenger", "whatsapp")
    return f"{whom} in {messenger} of bot {parameters.get('bot_id', '')}"
