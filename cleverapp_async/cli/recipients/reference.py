"""What of a row goes with its message, unsent, and comes back with the outcome.

It is the row's place in the list, and the cells that are no part of the message. So whoever reads
outcomes finds the row again: by its line, or by a number of an order that the list has.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from attrs import define, field

from ...bulk.journal.reference import (
    MOST_COLUMNS,
    OUTCOME_COLUMNS,
    PLACE_COLUMNS,
    name_of_column,
    reference_columns,
)
from ...models.checks import LONGEST_REFERENCE

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from ...models.messages import Message
    from .rows import Row

__all__ = ["RowReferences", "split_reference"]

# Characters that a place takes with its names, or more.
_PLACE = 100
_OUTCOME = frozenset(OUTCOME_COLUMNS)
_OWN_PLACE = re.compile(rf"(?:own_)*+(?:{'|'.join(PLACE_COLUMNS)})")


@define
class RowReferences:
    """Makes the references of the rows of one list, read once from front to back.

    Attributes:
        earlier: Whether the list holds the outcomes of an earlier send. Its rows then keep their
            place in the list that was sent first, and what tells of an outcome is left out.
        checking: Whether the messages are only looked at, so that what is plainly short enough need
            not be gathered.
    """

    earlier: bool = False
    checking: bool = False
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
