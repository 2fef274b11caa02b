"""A journal's messages as CSV, for spreadsheets and programs."""

from __future__ import annotations

import csv
import io
import json
import os
import re
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import Protocol

from ..._arguments import check_callable, check_flag, check_instance, check_path, wrong_argument
from ..journal.messages import MESSAGE_COLUMNS, PLACE_COLUMNS, RESULT_COLUMNS, reference_columns
from ..journal.protocol import CampaignReader
from ..journal.records import ErrorRecord, JournalEntry, JournalState

__all__ = [
    "COLUMNS",
    "ByteStream",
    "csv_lines",
    "escape",
    "export_csv",
    "open_campaign",
    "unescape",
]

# Blanks, control characters, and those of no width; then a sign, full-width and small forms too.
_UNSEEN = r"[\s\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]"
_SIGN = r"[=+\-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b]"
_FORMULA = rf"(?:[\t\r\n]|{_UNSEEN}*+{_SIGN})"
_DANGEROUS = re.compile(rf"'*+{_FORMULA}")
_ESCAPED = re.compile(rf"'++{_FORMULA}")


def escape(cell: str) -> str:
    """The cell in a form that no spreadsheet takes for a formula.

    A cell that begins with ``=``, ``+``, ``-`` or ``@``, in full width as well, with blanks or
    invisible characters before it or not, or that begins with a tab or the end of a line, gets an
    apostrophe before it. So does one that already begins with apostrophes before all that: taking
    one off is then always right. Numbers that are text, such as ``+79991234567`` or ``-5``, get one
    too: a spreadsheet would make a long number of the first and lose its plus.
    """
    return f"'{cell}" if _DANGEROUS.match(cell) else cell


def unescape(cell: str) -> str:
    """The cell as it was before :func:`escape`."""
    return cell[1:] if _ESCAPED.match(cell) else cell


COLUMNS = ("number", "state", *MESSAGE_COLUMNS, *RESULT_COLUMNS)
"""The names of the columns; those of the recipient and the message are the API's own. Between the
first two and behind the last one stand those of the references."""


_DELIMITERS = (",", ";", "\t")
_UTF8_MARK = b"\xef\xbb\xbf"


class ByteStream(Protocol):
    """Anything that takes bytes: a file opened for them, ``sys.stdout.buffer``."""

    def write(self, data: bytes, /) -> object:
        """Write some bytes."""


def export_csv(
    journal: str | os.PathLike[str] | CampaignReader,
    stream: ByteStream,
    states: Iterable[JournalState] | None = None,
    *,
    mark: bool = True,
    delimiter: str = ",",
) -> int:
    """Write a campaign's messages as CSV, by number, in constant memory.

    What their references hold (``SendMessage.reference``) is in columns of its own, called as the
    names are; where a name is that of another column, with ``own_`` before it.

    Cells that a spreadsheet would compute begin with an apostrophe, numbers with a plus or minus
    among them; :func:`unescape` takes it off.

    Args:
        journal: The campaign's journal: a file, or a reader that is open, of a campaign in Redis
            for example.
        stream: Where the bytes go; it is not closed.
        states: Only messages in one of these; None for all.
        mark: Whether it begins with the mark by which Excel knows UTF-8.
        delimiter: The sign between cells: ``","``, ``";"`` or a tab. Which one Excel expects
            depends on the settings of the computer; in Russia it is ``";"``.

    Returns:
        How many messages were written.

    Raises:
        InvalidRequestError: An argument cannot work; it is named.
        JournalError: The journal cannot be read, or was purged.
        OSError: The stream cannot be written.
    """
    check_flag("mark", mark, wrong_argument)
    check_callable("stream", getattr(stream, "write", None), "a stream of bytes", wrong_argument)
    if delimiter not in _DELIMITERS:
        raise wrong_argument("delimiter", "a comma, a semicolon or a tab", delimiter)
    chosen = _checked(states)
    with open_campaign(journal) as reader:
        entries = reader.entries(*chosen)
        written = -1
        references = reader.reference_columns()
        for line in csv_lines(entries, references, mark=mark, delimiter=delimiter):
            stream.write(line)
            written += 1
    return written


@contextmanager
def open_campaign(journal: str | os.PathLike[str] | CampaignReader) -> Generator[CampaignReader]:
    """What looks into a campaign: one that is open already, or one that is open for the block.

    Args:
        journal: The file of its journal, or a reader that is open.

    Raises:
        InvalidRequestError: It is neither.
        JournalError: The journal cannot be read.
    """
    # Whoever reads CSV needs the escapes of this file alone, and no SQLite.
    from ..journal.sqlite.reader import JournalReader  # noqa: PLC0415

    with ExitStack() as opened:
        if isinstance(journal, (str, os.PathLike)):
            path = check_path("journal", journal, wrong_argument)
            journal = opened.enter_context(JournalReader(path))
        wanted = "the path of a journal, or a reader that is open"
        check_instance("journal", journal, CampaignReader, wanted, wrong_argument)
        yield journal


def _checked(states: Iterable[JournalState] | None) -> list[JournalState]:
    if states is None:
        return list(JournalState)
    wanted = "an iterable of JournalState, such as [JournalState.REJECTED], or None"
    check_instance("states", states, Iterable, wanted, wrong_argument)
    found = list(states)
    for state in found:
        check_instance("states", state, JournalState, wanted, wrong_argument)
    return found


def csv_lines(
    entries: Iterable[JournalEntry],
    references: Sequence[str] = (),
    *,
    mark: bool = True,
    delimiter: str = ",",
) -> Iterator[bytes]:
    """The header, then a line for each entry, in UTF-8.

    Args:
        entries: What is written.
        references: The columns of the messages' references, as a reader tells them.
        mark: Whether it begins with the mark by which Excel knows UTF-8.
        delimiter: The sign between cells.
    """
    lines = io.StringIO()
    write = csv.writer(lines, delimiter=delimiter).writerow

    def line(cells: Iterable[str]) -> bytes:
        write(cells)
        text = lines.getvalue()
        # One buffer for all lines, emptied after each.
        lines.seek(0)
        lines.truncate()
        # Half a character, which a server may have sent, is nothing that UTF-8 can hold.
        return text.encode(errors="replace")

    # A column that a reference shares with the message (`phone`, `name`) stands in its usual place.
    others = [name for name in references if name not in COLUMNS]
    place = [name for name in PLACE_COLUMNS if name in others]
    rest = [name for name in others if name not in PLACE_COLUMNS]
    columns = [COLUMNS[0], *place, *COLUMNS[1:], *rest]
    yield (_UTF8_MARK if mark else b"") + line(map(escape, columns))
    for entry in entries:
        cells = _cells(entry)
        filled = {name: escape(cell) for name, cell in cells.items() if cell}
        yield line(filled.get(name, "") for name in columns)


def _cells(entry: JournalEntry) -> Mapping[str, str]:
    cells = reference_columns(entry.message)
    # The message itself goes over a reference that has a name of it.
    cells |= {name: str(value) for name, value in entry.message.parameters().items()}
    cells["number"] = str(entry.number)
    cells["state"] = entry.state.value
    cells["intent_at"] = _moment(entry.intent_at)
    if (result := entry.result) is not None:
        cells["ended_at"] = _moment(result.ended_at)
        cells["attempts"] = str(result.attempts)
        cells["waited"] = _seconds(result.waited)
        cells["on_wire"] = _seconds(result.on_wire)
        cells["answered_contact_id"] = "" if result.contact_id is None else str(result.contact_id)
        if result.error is not None:
            cells |= _error(result.error)
    return cells


def _error(error: ErrorRecord) -> dict[str, str]:
    told = {
        "error": error.type,
        "status": "" if error.status is None else str(error.status),
        "error_message": error.message,
    }
    if error.fields:
        fields = [
            {"field": name, "rule": rule, "related": list(related), "message": message}
            for name, rule, related, message in error.fields
        ]
        told["error_fields"] = json.dumps(fields, ensure_ascii=False)
    return told


def _moment(moment: float | None) -> str:
    if moment is None:
        return ""
    return datetime.fromtimestamp(moment, UTC).isoformat("T", "milliseconds")


def _seconds(duration: float | None) -> str:
    return "" if duration is None else f"{duration:.4f}"
