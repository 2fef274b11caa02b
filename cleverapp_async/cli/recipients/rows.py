"""Rows of recipients as the file has them, typed cells as text, and what of a row is not sent.

A row's place in the list, and the cells that are no part of the message, go with the message
unsent. So whoever reads outcomes finds the row again: by its line, or by a number of an order that
the list has.
"""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from hashlib import blake2b
from itertools import islice
from types import MappingProxyType
from typing import TYPE_CHECKING

from attrs import define, field, frozen

from ...bulk.journal.messages import MOST_COLUMNS, PLACE_COLUMNS, name_of_column, reference_columns
from ...bulk.journal.messages import OUTCOME_COLUMNS as _OUTCOME_COLUMNS
from ...bulk.journal.records import JournalState
from ...bulk.report.csv import COLUMNS
from ...models.checks import LONGEST_REFERENCE
from .columns import ROUTE_COLUMNS, from_contacts, is_outcomes

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from ...models.messages import Message

__all__ = [
    "DOUBLE",
    "OUTCOME_COLUMNS",
    "OWN_COLUMNS",
    "PLAIN_COLUMNS",
    "RESULT_COLUMNS",
    "SHEET",
    "SINGLE",
    "TEXT_COLUMNS",
    "UTM_COLUMNS",
    "Digits",
    "Fault",
    "Misfit",
    "Row",
    "RowReferences",
    "Table",
    "blocks",
    "cell_text",
    "exported_columns",
    "outcome_of",
    "split_reference",
]

# `send` refuses a row that has both a contact_id and the bot and messenger of another addressing:
# what says through which a contact is written to has names of its own, and feeds the limits.
PLAIN_COLUMNS = (
    "contact_id",
    *ROUTE_COLUMNS,
    "name",
    "phone",
    "email",
    "address",
    "telegram_id",
    "telegram_username",
    "viber_id",
    "vk_user_id",
    "created_at",
)
UTM_COLUMNS = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")
TEXT_COLUMNS = (*PLAIN_COLUMNS, *UTM_COLUMNS)
"""The columns of exported contacts that hold one text or number each."""
OWN_COLUMNS = frozenset(
    (*TEXT_COLUMNS, "tags", "variables", "extra", *COLUMNS, *_OUTCOME_COLUMNS, *PLACE_COLUMNS)
)
"""What this command writes by itself: nobody is told that a list of its own has it."""


def _no_misfits() -> Mapping[str, str]:
    return MappingProxyType({})


@frozen
class Row:
    """One record of the input.

    Attributes:
        number: Its number among the records, from 1; the header does not count.
        line: The line of the file on which it begins, from 1.
        cells: By column; cells that hold nothing or white space are left out.
        misfits: By column, what is wrong with a value that is neither text nor number.
    """

    number: int
    line: int
    cells: Mapping[str, str]
    misfits: Mapping[str, str] = field(factory=_no_misfits)


@frozen
class Fault:
    """What is wrong with one record.

    Attributes:
        number: The record's number, from 1.
        line: The line of the file on which it begins, from 1.
        column: The column or columns, or an empty string for the record as a whole.
        text: What is wrong.
        remedy: What to do about it.
        value: What the cell holds, where the fault is one of a cell.
    """

    number: int
    line: int
    column: str
    text: str
    remedy: str
    value: str = ""

    def told(self, source: str) -> str:
        """In one line, with the place."""
        place = f"{source}, line {self.line}"
        if self.column:
            place += f", {self.column}"
        return f"{place}: {self.text}. {self.remedy}."


@frozen
class Table:
    """The whole input, read once from front to back.

    Attributes:
        columns: The header's columns; None where each record has its own.
        records: The rows, and the faults of records that cannot be read.
        header_line: The line on which the header stands; None where it has none of its own.
        delimiter: The sign between the cells of CSV; None: it is no CSV.
    """

    columns: tuple[str, ...] | None
    records: Iterator[Row | Fault]
    header_line: int | None = 1
    delimiter: str | None = None


def exported_columns(columns: Iterable[str], written: Iterable[str] = ()) -> frozenset[str]:
    """The columns of an export of contacts or of a campaign; none where the table is neither.

    Args:
        columns: What the columns are called.
        written: How the table itself writes them.
    """
    there = set(columns)
    if is_outcomes(written):
        # Those of the list that was sent were escaped with all others.
        return frozenset(there)
    # Somebody may have deleted other columns of a campaign's list.
    if COLUMNS[1] in there:
        return frozenset(COLUMNS)
    contacts = "contact_id" in there or from_contacts(there)
    return frozenset(TEXT_COLUMNS if contacts else ())


OUTCOME_COLUMNS = ("outcome", "state")
"""What the columns that hold an outcome are called: by ``send``, and in a campaign's CSV."""

RESULT_COLUMNS = ("send_id", "intent_at", "ended_at", "answered_contact_id")
"""Columns that only outcomes have: what is left of them where the outcome itself was deleted."""

_STATES = frozenset(state.value for state in JournalState)


def outcome_of(cells: Mapping[str, str]) -> str | None:
    """What came of a row in an earlier send; None where it does not tell.

    A spreadsheet or a person may have changed case and blanks: ``Not sent`` is ``not_sent``.

    Args:
        cells: The row's cells by column.
    """
    for column in OUTCOME_COLUMNS:
        if not (told := cells.get(column)):
            continue
        written = told.casefold().replace("_", " ").replace("-", " ")
        word = "_".join(written.split())
        if word in _STATES:
            return word
    return None


@frozen
class Digits:
    """How far the numbers of a kind are to be trusted.

    Attributes:
        whole: Whole numbers from here on, in either direction, may have lost digits.
        significant: How many digits tell two numbers apart, at most.
        lost: What to say of a number that may have lost digits.
    """

    whole: int
    significant: int
    lost: str


_LOST_BY_FLOAT = "is a float too large to have kept its last digits: store it as int64 or as text"

SHEET = Digits(
    10**15,
    15,
    "is a number of more than 15 digits, of which a spreadsheet keeps 15: format the column as "
    "text and enter it anew",
)
"""Excel writes zeros for what follows the 15th digit, and shows 0.1 + 0.2 as 0.3."""
DOUBLE = Digits(1 << 53, 17, _LOST_BY_FLOAT)
"""A float of 64 bits."""
SINGLE = Digits(1 << 24, 9, _LOST_BY_FLOAT)
"""A float of 32 bits: no phone number fits in."""


@frozen
class Misfit:
    """Why a value cannot stand in a message.

    Attributes:
        text: What follows the name of its column.
    """

    text: str


def cell_text(value: object, digits: Digits = DOUBLE) -> str | Misfit:
    """A value as text: whole numbers without a point, times in ISO 8601.

    Args:
        value: What the cell holds; a misfit stays one.
        digits: What its numbers are worth.

    Returns:
        The text, empty where the cell holds nothing.
    """
    if isinstance(value, (str, Misfit)):
        return value
    if isinstance(value, (int, float, Decimal)):
        return _number_text(value, digits)
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, timedelta):
        return _duration_text(value)
    return "" if value is None else Misfit("is neither text nor a number")


def _number_text(value: float | Decimal, digits: Digits) -> str | Misfit:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return _decimal_text(value)
    # A type checker takes every int for a float.
    return str(value) if isinstance(value, int) else _float_text(value, digits)


def _float_text(value: float, digits: Digits) -> str | Misfit:
    if math.isnan(value):
        return ""
    if math.isinf(value):
        return Misfit("is an infinite number")
    if abs(value) >= digits.whole:
        return Misfit(digits.lost)
    if value.is_integer():
        return str(int(value))
    return format(Decimal(_shortest(value, digits)), "f")


def _shortest(value: float, digits: Digits) -> str:
    """The fewest digits that make this number: what it was written as."""
    if digits is DOUBLE:
        return repr(value)
    most = f"{value:.{digits.significant}g}"
    if digits is not SINGLE:
        return most
    exact = struct.pack("f", value)
    tried = (f"{value:.{count}g}" for count in range(1, digits.significant))
    return next((text for text in tried if struct.pack("f", float(text)) == exact), most)


def _decimal_text(value: Decimal) -> str:
    whole = value.to_integral_value()
    return format(whole if value == whole else value, "f")


def _duration_text(value: timedelta) -> str:
    """Hours, minutes and seconds as a spreadsheet shows them: ``36:00:00``."""
    sign = "-" if value < timedelta() else ""
    seconds, microseconds = divmod(abs(value) // timedelta(microseconds=1), 1_000_000)
    fraction = f".{microseconds:06}".rstrip("0") if microseconds else ""
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    return f"{sign}{hours}:{minute:02}:{second:02}{fraction}"


# Characters that a place takes with its names, or more.
_PLACE = 100
_BLOCK = 1000
_OUTCOME = frozenset(_OUTCOME_COLUMNS)
_OWN_PLACE = re.compile(rf"(?:own_)*+(?:{'|'.join(PLACE_COLUMNS)})")


@define
class RowReferences:
    """Makes the references of the rows of one list, read once from front to back.

    Attributes:
        earlier: Whether the list holds the outcomes of an earlier send. Its rows then keep their
            place in the list that was sent first, and what tells of an outcome is left out.
        checking: Whether the messages are only looked at, so that what is plainly short enough need
            not be gathered.
        unnumbered: Whether it holds outcomes that this tool wrote, of which no row says so, as the
            columns that number the rows were deleted. A row that somebody has added to them cannot
            be told from the others then.
    """

    earlier: bool = False
    checking: bool = False
    unnumbered: bool = False
    _names: dict[str, str] = field(init=False, factory=dict[str, str])
    _known: set[str] = field(init=False, factory=set[str])
    _longest: int = field(init=False, default=0)
    _room: int = field(init=False, default=MOST_COLUMNS - len(PLACE_COLUMNS))

    def of(
        self, row: Row, parameters: Collection[str], remark: Callable[[str], object]
    ) -> dict[str, str]:
        """The reference of a row.

        Args:
            row: The row.
            parameters: The columns that are part of the message.
            remark: Told what is left out, because it is too much to be kept.
        """
        cells = row.cells
        if self.checking and self._is_little(cells):
            return {}
        found = {"row": str(row.number), "line": str(row.line)}
        if self.earlier and not cells.keys().isdisjoint(PLACE_COLUMNS):
            found = {name: cells[name] for name in PLACE_COLUMNS if name in cells}
        left = LONGEST_REFERENCE - sum(map(len, (*found, *found.values())))
        names = self._names
        for column, cell in cells.items():
            if column in parameters:
                self._known.add(column)
                continue
            name = names[column] if column in names else self._name(column)
            if name is None:
                continue
            left -= len(name) + len(cell)
            if left < 0 or not name:
                left += len(name) + len(cell)
                remark(f"the column {column!r} is too much to be given back with the outcomes")
                continue
            # JSON may hold half a character, which no journal keeps.
            found[name] = cell if cell.isascii() else _whole(cell)
        return found

    def number(self, row: Row) -> int:
        """What a row is called: by its number here, or in the list that was sent first."""
        told = row.cells.get(PLACE_COLUMNS[0], "") if self.earlier else ""
        return int(told) if told.isascii() and told.isdecimal() else row.number

    def _is_little(self, cells: Mapping[str, str]) -> bool:
        """Whether all cells together are so short that nothing of them is left out."""
        texts = sum(map(len, cells.values()))
        names = self._longest * len(cells)
        return cells.keys() <= self._known and texts + names + _PLACE < LONGEST_REFERENCE

    def _name(self, column: str) -> str | None:
        """What a column is called in references.

        Returns:
            None where it is none of the list's own, and an empty text where there is no room for
            its name.
        """
        if not column.strip() or (self.earlier and (column in _OUTCOME or column in PLACE_COLUMNS)):
            return None
        if not self._room:
            return ""
        self._room -= 1
        self._known.add(column)
        self._longest = max(self._longest, len(column) + len("own_"))
        name = column
        if self.earlier:
            name = name_of_column(column)
        elif _OWN_PLACE.fullmatch(column):
            name = f"own_{column}"
        self._names[column] = _whole(name)
        return self._names[column]


def _whole(text: str) -> str:
    return text.encode(errors="replace").decode()


def split_reference(message: Message) -> tuple[dict[str, object], dict[str, str]]:
    """The place of a message's row as numbers, and the other columns of its list.

    Args:
        message: A message of a list, or one that a program has made with a reference of its own.
    """
    columns = reference_columns(message)
    place: dict[str, object] = {}
    for name in PLACE_COLUMNS:
        if (told := columns.pop(name, None)) is not None:
            # A program, or a person in a list of outcomes, may have written anything.
            place[name] = int(told) if told.isascii() and told.isdecimal() else told
    return place, columns


def blocks(records: Iterator[Row | Fault]) -> Iterator[tuple[list[Row | Fault], bytes]]:
    """The records of a list in blocks, each with a digest of what it holds.

    Args:
        records: All of them.
    """
    while block := list(islice(records, _BLOCK)):
        digest = blake2b(digest_size=16)
        for record in block:
            digest.update(_content(record).encode())
        yield block, digest.digest()


def _content(record: Row | Fault) -> str:
    """All that a record holds; quicker than its ``repr``: every row of a list is asked twice."""
    if isinstance(record, Row):
        return f"{record.number} {record.line} {record.cells} {record.misfits or ''}"
    return repr(record)
