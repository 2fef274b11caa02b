"""Lists that join the outcomes of several sends: a row counts once there, by what is known last.

A row that was not sent, and accepted when it was sent again, stands in such a list twice. Whoever
asks for what was not sent wants it no third time.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

from attrs import define, field

from ...bulk.journal.messages import PLACE_COLUMNS
from ..recipients.columns import DECIDING
from ..recipients.rows import Row, outcome_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from ..recipients.rows import Fault

__all__ = ["ToldTwice", "settled_rows"]

_ACCEPTED, _UNKNOWN = "accepted", "unknown"


def _key(row: Row) -> bytes | None:
    """What the outcomes of one row have in common; None where the list does not number its rows."""
    place = [row.cells.get(name, "").strip() for name in PLACE_COLUMNS]
    if not any(place):
        return None
    told = repr((place, [row.cells.get(name, "").strip() for name in DECIDING]))
    return blake2b(told.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def settled_rows(records: Iterable[Row | Fault], only: Collection[str]) -> frozenset[bytes]:
    """The rows that got their message, or may have, by one of their outcomes at least.

    Args:
        records: The list.
        only: The outcomes whose rows are sent: what may have arrived may be among them.
    """
    settling = {_ACCEPTED, _UNKNOWN} - set(only)
    rows = (one for one in records if isinstance(one, Row) and outcome_of(one.cells) in settling)
    return frozenset(key for key in map(_key, rows) if key is not None)


@define
class ToldTwice:
    """Finds the rows of which another outcome in the list tells more; for one pass.

    Attributes:
        settled: What :func:`settled_rows` found.
    """

    settled: frozenset[bytes]
    _seen: set[bytes] = field(factory=set[bytes])

    def why(self, row: Row) -> str | None:
        """Why a row is not sent by this outcome of it; None where it is.

        Args:
            row: A row whose outcome was chosen.
        """
        key = _key(row)
        if key is None:
            return None
        if key in self.settled:
            return "settled by another line"
        if key in self._seen:
            return "told by another line"
        self._seen.add(key)
        return None
