"""A journal's messages as JSON lines, which ``send --only`` reads, or as a table for people."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from rich.text import Text

from .._terminal import printable
from .clocks import as_iso, say_moment
from .console import make_table
from .print_json import as_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.table import Table

    from ..bulk.journal.records import ErrorRecord, JournalEntry

__all__ = ["as_line", "as_record", "draw_entries"]

_SHOWN = 1000
_TEXT = 40
_COLUMNS = ("state", "recipient", "text", "at", "error")


def as_record(entry: JournalEntry) -> dict[str, object]:
    """One message as a JSON object, in the form of the outcomes of ``cleverapp send``.

    ``row`` is its number in the campaign, from 1, and ``outcome`` its state: ``pending``, and
    ``intent`` while a run is at work, besides the outcomes.
    """
    record: dict[str, object] = {"row": entry.index + 1, "outcome": entry.state.value}
    record |= entry.message.parameters()
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


def draw_entries(entries: Iterator[JournalEntry]) -> tuple[Table, bool]:
    """The first messages as a table.

    Args:
        entries: What is shown of.

    Returns:
        The table, and whether there are more.
    """
    table = make_table("number", _COLUMNS, left=_COLUMNS)
    for entry in islice(entries, _SHOWN):
        result = entry.result
        at = entry.intent_at if result is None else result.ended_at
        error = None if result is None else result.error
        cells = (
            entry.state.value.replace("_", " "),
            _recipient(entry),
            _shortened(str(entry.message.parameters().get("text", ""))),
            "" if at is None else say_moment(at),
            "" if error is None else f"{error.type}: {error.message}",
        )
        table.add_row(str(entry.index + 1), *(Text(printable(cell)) for cell in cells))
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


def _shortened(text: str) -> str:
    return text if len(text) <= _TEXT else text[:_TEXT] + "…"
