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
    from collections.abc import Callable, Collection

    from ...models.messages import Message
    from .rows import Row

__all__ = ["RowReferences", "split_reference"]

_OUTCOME = frozenset(OUTCOME_COLUMNS)
_OWN_PLACE = re.compile(rf"(?:own_)*+(?:{'|'.join(PLACE_COLUMNS)})")


@define
class RowReferences:
    """Makes the references of the rows of one list, read once from front to back.

    Attributes:
        earlier: Whether the list holds the outcomes of an earlier send. Its rows then keep their
            place in the list that was sent first, and what tells of an outcome is left out.
    """

    earlier: bool = False
    _names: set[str] = field(init=False, factory=set[str])

    def of(
        self, row: Row, parameters: Collection[str], remark: Callable[[str], object]
    ) -> dict[str, str]:
        """The reference of a row.

        Args:
            row: The row.
            parameters: The columns that are part of the message.
            remark: Told what is left out, because it is too much to be kept.
        """
        found = {"row": str(row.number), "line": str(row.line)}
        if self.earlier and not row.cells.keys().isdisjoint(PLACE_COLUMNS):
            found = {name: row.cells[name] for name in PLACE_COLUMNS if name in row.cells}
        left = LONGEST_REFERENCE - sum(len(name) + len(text) for name, text in found.items())
        for column, cell in row.cells.items():
            if column in parameters or not column.strip():
                continue
            if self.earlier:
                if column in _OUTCOME or column in PLACE_COLUMNS:
                    continue
                name = name_of_column(column)
            else:
                name = f"own_{column}" if _OWN_PLACE.fullmatch(column) else column
            # JSON may hold half a character, which no journal keeps.
            name, text = _whole(name), _whole(cell)
            length = len(name) + len(text)
            if length > left or not self._is_known(name):
                remark(f"the column {column!r} is too much to be given back with the outcomes")
                continue
            found[name] = text
            left -= length
        return found

    def _is_known(self, name: str) -> bool:
        """Whether a name is one of those that there is room for."""
        if name not in self._names and len(self._names) < MOST_COLUMNS - len(PLACE_COLUMNS):
            self._names.add(name)
        return name in self._names


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
