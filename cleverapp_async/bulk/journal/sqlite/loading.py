"""Reads all messages of a campaign into the journal, or compares them with those in it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeAlias

from attrs import define, field

from ....limits.quota import LimitKey
from ..codec import Cell, encode_key
from ..messages import (
    ReferenceColumns,
    address_of,
    decode_message,
    digest_of,
    encode_parameters,
    encode_reference,
)
from ..rules import different_message, input_too_long, input_too_short, other_duplicate
from .database import Commit, transaction
from .queries import set_meta
from .schema import INDEX_BY_KEY

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Sequence

    from ....models.messages import Message


__all__ = ["Comparer", "Loader"]

# Values of one statement: SQLite allows 999 everywhere, and batches of 400 rows go into few.
_VALUES = 800

_MESSAGE = "message (id, key_id, method, parameters)"
_REFERRING = "message (id, key_id, method, parameters, reference)"

_TABLES = ("message", "fate", "key", "error", "duplicate")

# The sort by address is SQLite's own: it spills to a temporary file, so that memory is constant.
_DUPLICATES = """
INSERT INTO duplicate (id, first_id, digest)
SELECT message.id, first_id, digest(method, parameters) FROM (
    SELECT id, first_value(id) OVER (PARTITION BY address ORDER BY id) AS first_id
    FROM temp.address
) AS found JOIN message ON message.id = found.id WHERE found.id <> first_id
"""


def _insert(connection: sqlite3.Connection, table: str, rows: Sequence[tuple[Cell, ...]]) -> None:
    if not rows:
        return
    width = len(rows[0])
    for begin in range(0, len(rows), _VALUES // width):
        # Many rows in one statement: each call of SQLite takes the interpreter's lock once, for
        # which the event loop may be waiting.
        some = rows[begin : begin + _VALUES // width]
        values = ", ".join([f"({', '.join('?' * width)})"] * len(some))
        connection.execute(
            f"INSERT INTO {table} VALUES {values}",  # noqa: S608 - made of constants
            [value for row in some for value in row],
        )


KeyOf: TypeAlias = "Callable[[Message], LimitKey | None]"


@define(eq=False)
class Rows:
    """Rows of one batch, for each table."""

    keys: list[tuple[Cell, ...]] = field(factory=list["tuple[Cell, ...]"])
    plain: list[tuple[Cell, ...]] = field(factory=list["tuple[Cell, ...]"])
    referring: list[tuple[Cell, ...]] = field(factory=list["tuple[Cell, ...]"])
    addresses: list[tuple[Cell, ...]] = field(factory=list["tuple[Cell, ...]"])


@define(eq=False)
class Loader:
    """Reads a campaign into an empty journal; all but ``encode`` runs in the writer's thread.

    Attributes:
        commit: Ends a transaction.
        deduplicate: Whether a message is left out whose address was given before.
        count: Messages taken in.
    """

    commit: Commit
    deduplicate: bool
    count: int = 0
    _keys: dict[LimitKey | None, int] = field(factory=dict[LimitKey | None, int])
    _columns: ReferenceColumns = field(factory=ReferenceColumns)

    def begin(self, connection: sqlite3.Connection) -> None:
        """Empty the tables of what an interrupted load left."""
        # What is not complete is worth nothing: only the last commit waits for the disk, and it
        # makes all those before it durable too.
        connection.execute("PRAGMA synchronous = NORMAL")
        with transaction(connection, self.commit):
            # An interrupted load may have come as far as its last commit, but not to the mark of
            # completeness.
            connection.execute("DROP INDEX IF EXISTS message_by_key")
            for table in _TABLES:
                connection.execute(f"DELETE FROM {table}")  # noqa: S608 - a constant
            set_meta(connection, loading=1, created_at=time.time())
        connection.execute("DROP TABLE IF EXISTS temp.address")
        connection.execute("CREATE TEMP TABLE address (id INTEGER PRIMARY KEY, address TEXT)")

    def encode(self, batch: Iterable[Message], key_of: KeyOf) -> Rows:
        """The rows of the next messages, in the order in which they are given.

        Here in the thread of the event loop, so that meanwhile the writer's writes the rows before.

        Raises:
            InvalidRequestError: The references of all have too many names.
        """
        rows = Rows()
        for index, message in enumerate(batch, self.count):
            key = key_of(message)
            key_id = self._keys.get(key)
            if key_id is None:
                # Row 0 stands for a route that is not known.
                key_id = self._keys[key] = 0 if key is None else len(self._keys) + 1
                rows.keys.append((key_id, *encode_key(key)))
            row = (index, key_id, message.method, encode_parameters(message))
            if message.reference:
                self._columns.add(message)
                rows.referring.append((*row, encode_reference(message)))
            else:
                rows.plain.append(row)
            if self.deduplicate:
                rows.addresses.append((index, "\0".join(map(str, address_of(message)))))
        self.count += len(rows.plain) + len(rows.referring)
        return rows

    def add(self, connection: sqlite3.Connection, rows: Rows) -> None:
        """Write the next rows."""
        with transaction(connection, self.commit):
            _insert(connection, "key", rows.keys)
            _insert(connection, _MESSAGE, rows.plain)
            _insert(connection, _REFERRING, rows.referring)
            _insert(connection, "temp.address", rows.addresses)

    def finish(self, connection: sqlite3.Connection) -> None:
        """Leave the duplicates out and mark the campaign as complete."""
        connection.create_function("digest", 2, digest_of, deterministic=True)
        connection.execute("PRAGMA synchronous = FULL")
        with transaction(connection, self.commit):
            # In the very transaction that calls the campaign complete: a campaign with its
            # duplicates still in it is never seen.
            duplicates = connection.execute(_DUPLICATES).rowcount if self.deduplicate else 0
            if duplicates:
                connection.execute("DELETE FROM message WHERE id IN (SELECT id FROM duplicate)")
                connection.execute("DELETE FROM key WHERE id NOT IN (SELECT key_id FROM message)")
            connection.execute(INDEX_BY_KEY)
            set_meta(
                connection,
                complete=1,
                given=self.count,
                duplicates=duplicates,
                deduplicated=int(self.deduplicate),
                reference_columns=self._columns.encode(),
            )
        connection.execute("DROP TABLE temp.address")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


_Row: TypeAlias = tuple[int, str | None, str | None, int | None, bytes | None]

_ROWS = """
SELECT id, method, parameters, NULL, NULL FROM message WHERE id >= :begin AND id < :end
UNION ALL
SELECT id, NULL, NULL, first_id + 1, digest FROM duplicate WHERE id >= :begin AND id < :end
ORDER BY 1
"""


@define(eq=False)
class Comparer:
    """Compares messages with those of a journal, in constant memory; runs in the writer's thread.

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
            raise input_too_long(self.total)

    def finish(self) -> None:
        """Make sure that no message is missing at the end.

        Raises:
            JournalMismatchError: The journal has more.
        """
        if self.count < self.total:
            raise input_too_short(self.count, self.total)


def _compare(given: Message, row: _Row) -> None:
    index, method, parameters, first, digest = row
    ours = encode_parameters(given)
    if method is None:
        if digest_of(given.method, ours) != digest:
            raise other_duplicate(index, first)
    elif (ours, given.method) != (parameters, method):
        kept = decode_message(method, parameters)
        if given != kept:
            raise different_message(index, given, kept)
