"""The second pass as ``send_many`` reads it; what it leaves can be read on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Self

from attrs import define, field

from ..models.route import Route
from .plan import Planned

if TYPE_CHECKING:
    from ..models.messages import Message

__all__ = ["Feed"]


@define
class Feed:
    """Gives messages one by one, and remembers the rows of those without an outcome.

    Attributes:
        planned: The second pass.
        learn: Told through which bot and messenger a contact is written to, where its row says.
    """

    planned: Iterator[Planned]
    learn: Callable[[int, Route], object]
    _given: int = 0
    _rows: dict[int, Planned] = field(factory=dict[int, Planned])

    def __iter__(self) -> Self:
        """Give itself: a stopped reader leaves the rest in place."""
        return self

    def __next__(self) -> Message:
        """The next message."""
        planned = next(self.planned)
        self._rows[self._given] = planned
        self._given += 1
        contact_id = planned.message.contact_id
        if planned.route is not None and contact_id is not None:
            self.learn(contact_id, planned.route)
        return planned.message

    def row(self, index: int) -> Planned:
        """The row of a message given, which is then forgotten.

        Args:
            index: The message's place among those given, from 0.
        """
        return self._rows.pop(index)
