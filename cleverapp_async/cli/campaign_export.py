"""What ``cleverapp campaign export`` and ``report`` do: files made of a journal."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..bulk.journal.records import JournalState
from ..errors import JournalError
from ..limits.quota import AccountKey
from .campaign_entries import as_line
from .campaign_reading import entries_of, journal_failure, open_reader
from .exits import BadInputError, CommandError, Exit
from .part_file import PartFile
from .print_json import to_stdout

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ..bulk.journal.records import JournalEntry
    from .quotas import LimitSettings

__all__ = ["lines_of", "print_lines", "run_export", "run_report"]

_SUFFIXES = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}


def run_export(journal: str, output: str, states: Sequence[str], given_format: str | None) -> Exit:
    """Carry out ``cleverapp campaign export``.

    Args:
        journal: The journal's path.
        output: A new file, or ``-`` for standard output.
        states: Which messages; none: all.
        given_format: ``csv`` or ``jsonl``; None goes by the output's suffix.

    Raises:
        CommandError: It cannot be done; the message says what of the file is there.
    """
    chosen = given_format or _SUFFIXES.get(Path(output).suffix.lower())
    if chosen is None and output != "-":
        raise BadInputError(
            f"--output {output}: its name tells no format. End it with .csv or .jsonl, or give "
            "--format."
        )
    wanted = [JournalState(state) for state in states]
    with open_reader(journal) as reader:
        if reader.summary().purged:
            raise BadInputError(f"{journal}: recipients and texts were erased: none is left.")
        lines = lines_of(entries_of(reader, *wanted), chosen or "csv")
        if output == "-":
            return print_lines(lines)
        return _write_file(lines, output)


def print_lines(lines: Iterable[bytes]) -> Exit:
    """Write lines to standard output, as long as somebody reads them.

    Args:
        lines: The lines.
    """
    try:
        for line in lines:
            to_stdout(line)
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    except BrokenPipeError:
        # Whoever reads has seen enough.
        return Exit.OK
    return Exit.OK


def _write_file(lines: Iterable[bytes], output: str) -> Exit:
    with PartFile.create(output, counted=False) as file:
        try:
            for line in lines:
                file.write(line)
            file.finish()
        except KeyboardInterrupt:
            click.echo(f"Interrupted. {file.kept}", err=True)
            return Exit.INTERRUPTED
        except OSError as error:
            told = f"{file.part} cannot be written: {error.strerror}. {file.kept}"
            raise CommandError(told, Exit.FAILED) from None
    click.echo(f"{output} is written.", err=True)
    return Exit.OK


def lines_of(entries: Iterable[JournalEntry], chosen: str) -> Iterable[bytes]:
    """Messages as the lines of a file.

    Args:
        entries: The messages.
        chosen: ``jsonl``, or ``csv`` with formulas escaped.
    """
    from ..bulk.report.csv import csv_lines

    return map(as_line, entries) if chosen == "jsonl" else csv_lines(entries)


def run_report(journal: str, output: str, *, force: bool, limits: LimitSettings) -> Exit:
    """Carry out ``cleverapp campaign report``.

    Args:
        journal: The journal's path.
        output: The page.
        force: Whether a file of that name is written over.
        limits: What the charts show the sends against.

    Raises:
        CommandError: It cannot be done; the message says why.
    """
    from ..bulk.report.page import write_report

    path = Path(output)
    if path.exists() and not force:
        raise BadInputError(
            f"--output {output} exists. Give another name, or --force to write over it."
        )
    registry = limits.registry()
    try:
        write_report(
            journal,
            path,
            quotas_of=registry.quotas,
            account=registry.quotas(AccountKey("")),
        )
    except JournalError as error:
        raise journal_failure(error) from None
    except OSError as error:
        raise CommandError(
            f"--output {output} cannot be written: {error.strerror}.", Exit.FAILED
        ) from None
    click.echo(f"{output} is written: open it in a browser.", err=True)
    return Exit.OK
