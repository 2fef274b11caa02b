"""Contacts as rows of a file that ``cleverapp send`` reads again."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from attrs import define, field

from ...bulk.report.csv import escape
from ..print_json import as_json
from ..recipients.rows import PLAIN_COLUMNS, TEXT_COLUMNS, UTM_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ...models.contact import Contact, ContactVariable

__all__ = ["CsvRows", "JsonRows", "RowWriter", "as_record"]

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
    _lines: io.StringIO = field(init=False, factory=io.StringIO)
    _write: Callable[[Sequence[str]], object] = field(init=False)

    def __attrs_post_init__(self) -> None:
        """Make the writer."""
        self._write = csv.writer(self._lines, lineterminator="\r\n").writerow

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
