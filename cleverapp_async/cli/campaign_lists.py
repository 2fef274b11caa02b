"""What ``cleverapp campaign unknown`` and ``failed`` do: print messages by their state."""

from __future__ import annotations

import click

from ..bulk.journal.records import JournalState
from .campaign_entries import draw_entries
from .campaign_export import lines_of, print_lines
from .campaign_reading import CampaignReader, entries_of, look_into
from .console import make_console
from .exits import BadInputError, Exit

__all__ = ["list_failed", "list_unknown"]


def list_unknown(journal: str, given_format: str) -> Exit:
    """Carry out ``cleverapp campaign unknown``.

    Args:
        journal: The journal's path.
        given_format: ``jsonl``, ``csv`` or ``table``.

    Raises:
        CommandError: The journal cannot be read.
    """
    with look_into(journal) as reader:
        return _list(journal, reader, given_format, [JournalState.UNKNOWN])


def list_failed(journal: str, given_format: str) -> Exit:
    """Carry out ``cleverapp campaign failed``.

    Args:
        journal: The journal's path.
        given_format: ``jsonl``, ``csv`` or ``table``.

    Raises:
        CommandError: The journal cannot be read.
    """
    with look_into(journal) as reader:
        return _list(journal, reader, given_format, [JournalState.REJECTED, JournalState.NOT_SENT])


def _list(
    journal: str, reader: CampaignReader, given_format: str, states: list[JournalState]
) -> Exit:
    if reader.summary().purged:
        raise BadInputError(f"{journal}: recipients and texts were erased: none is left.")
    entries = entries_of(reader, *states)
    if given_format != "table":
        return print_lines(lines_of(entries, given_format))
    table, more = draw_entries(entries)
    make_console(stderr=False).print(table)
    if more:
        click.echo("There are more: `cleverapp campaign export` gives all.", err=True)
    return Exit.OK
