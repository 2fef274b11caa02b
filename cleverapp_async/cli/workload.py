"""What a send has to do, wherever its messages come from."""

from __future__ import annotations

from collections import Counter
from typing import Protocol

from attrs import field, frozen

from ..limits.quota import LimitKey

__all__ = ["Work", "Workload"]


class Work(Protocol):
    """Messages to send: a checked file is one, what a journal holds another."""

    @property
    def counts(self) -> Counter[LimitKey | None]:
        """Messages by what limits them; None: nothing tells."""
        ...

    @property
    def bad(self) -> int:
        """Rows with a fault, which are left out."""
        ...

    @property
    def total(self) -> int:
        """How many messages there are."""
        ...


@frozen
class Workload:
    """What a run sends out of a journal.

    Attributes:
        counts: Messages by what limits them; None: nothing tells.
        bad: Rows of the file with a fault, which are left out.
    """

    counts: Counter[LimitKey | None] = field(factory=Counter["LimitKey | None"])
    bad: int = 0

    @property
    def total(self) -> int:
        """How many messages there are."""
        return self.counts.total()
