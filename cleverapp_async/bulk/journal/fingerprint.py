"""Whether the messages given are those of the campaign that a journal holds; else what differs."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from attrs import define

from ...errors import JournalMismatchError
from .address import address_of
from .codec import decode_message, digest_of, encode_parameters

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from ...models.messages import Message

__all__ = ["Comparison"]

_REMEDY = "give the input that the journal was made from, or another file for another campaign"

_Row: TypeAlias = tuple[int, str | None, str | None, int | None, bytes | None]

_ROWS = """
SELECT id, method, parameters, NULL, NULL FROM message WHERE id >= :begin AND id < :end
UNION ALL
SELECT id, NULL, NULL, first_id + 1, digest FROM duplicate WHERE id >= :begin AND id < :end
ORDER BY 1
"""


def _mismatch(index: int, told: str) -> JournalMismatchError:
    return JournalMismatchError(
        f"message {index + 1} of the input, counted from 1, differs: {told}; {_REMEDY}",
        index=index,
    )


def _difference(index: int, given: Message, kept: Message) -> JournalMismatchError:
    if address_of(given) != address_of(kept):
        return _mismatch(index, "the journal has another recipient")
    if given.method != kept.method:
        return _mismatch(index, f"it is sent by {given.method}, in the journal by {kept.method}")
    ours, theirs = given.parameters(), kept.parameters()
    name = next(name for name in {**theirs, **ours} if ours.get(name) != theirs.get(name))
    if name not in theirs:
        told = f"the journal has no {name}"
    elif name not in ours:
        told = f"the journal has a {name}"
    else:
        told = f"the journal has another {name}"
    return _mismatch(index, told)


@define(eq=False)
class Comparison:
    """Messages held against a journal, in constant memory; runs in the writer's thread.

    Attributes:
        total: Messages that the journal was made from, duplicates included.
        count: Messages compared.
    """

    total: int
    count: int = 0

    def check(self, connection: sqlite3.Connection, batch: Iterable[Message]) -> None:
        """Compare the next messages.

        Raises:
            JournalMismatchError: One differs, or there are more than in the journal.
        """
        given = list(batch)
        begin = self.count
        self.count += len(given)
        rows = connection.execute(_ROWS, {"begin": begin, "end": self.count})
        for message, row in zip(given, rows, strict=False):
            _compare(message, row)
        if self.count > self.total:
            raise JournalMismatchError(
                f"the input is longer than the {self.total} message(s) that the journal was made "
                f"from; {_REMEDY}",
                index=self.total,
            )

    def finish(self) -> None:
        """Make sure that no message is missing at the end.

        Raises:
            JournalMismatchError: The journal has more.
        """
        if self.count < self.total:
            raise JournalMismatchError(
                f"the input ends after {self.count} message(s), the journal was made from "
                f"{self.total}; {_REMEDY}",
                index=self.count,
            )


def _compare(given: Message, row: _Row) -> None:
    index, method, parameters, first, digest = row
    ours = encode_parameters(given)
    if method is None:
        if digest_of(given.method, ours) != digest:
            raise _mismatch(
                index, f"the journal left another one out, as a duplicate of message {first}"
            )
    elif (ours, given.method) != (parameters, method):
        kept = decode_message(method, parameters)
        if given != kept:
            raise _difference(index, given, kept)
