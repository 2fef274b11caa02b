"""The second pass as ``send_many`` reads it; what it leaves can be read on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Self

from attrs import define, field

from .plan import Planned

if TYPE_CHECKING:
    from ..models.messages import Message

__all__ = ["Feed"]


@define
class Feed:
    """Gives messages one by one, and remembers the rows of those without an outcome.

    Attributes:
        planned: The second pass.
    """

    planned: Iterator[Planned]
    _given: int = 0
    _rows: dict[int, tuple[int, int]] = field(factory=dict[int, "tuple[int, int]"])

    def __iter__(self) -> Self:
        """Give itself: a stopped reader leaves the rest in place."""
        return self

    def __next__(self) -> Message:
        """The next message."""
        planned = next(self.planned)
        self._rows[self._given] = (planned.number, planned.line)
        self._given += 1
        return planned.message

    def row(self, index: int) -> tuple[int, int]:
        """Number and line of the row of a message given, which is then forgotten.

        Args:
            index: The message's place among those given, from 0.
        """
        return self._rows.pop(index)
