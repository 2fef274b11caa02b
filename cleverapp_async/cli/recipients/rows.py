"""Rows of recipients as the file has them, and which columns tell that it was made by us."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from attrs import field, frozen

from ...bulk.journal.records import JournalState
from ...bulk.journal.reference import OUTCOME_COLUMNS as _OUTCOME_COLUMNS
from ...bulk.journal.reference import PLACE_COLUMNS
from ...bulk.report.csv import COLUMNS
from .columns import is_outcomes

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "OUTCOME_COLUMNS",
    "OWN_COLUMNS",
    "PLAIN_COLUMNS",
    "RESULT_COLUMNS",
    "TEXT_COLUMNS",
    "UTM_COLUMNS",
    "Fault",
    "Row",
    "Table",
    "exported_columns",
    "outcome_of",
]

# `send` refuses a row that has both a contact_id and the bot and messenger of another addressing:
# what says through which a contact is written to has names of its own, and feeds the limits.
PLAIN_COLUMNS = (
    "contact_id",
    "contact_bot_id",
    "contact_messenger",
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
        records: The rows, and the faults of records that are none.
        header_line: The line on which the header stands; None where it has none of its own.
    """

    columns: tuple[str, ...] | None
    records: Iterator[Row | Fault]
    header_line: int | None = 1


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
    return frozenset(TEXT_COLUMNS if "contact_id" in there else ())


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
        written = cells.get(column, "").casefold().replace("_", " ").replace("-", " ")
        word = "_".join(written.split())
        if word in _STATES:
            return word
    return None
