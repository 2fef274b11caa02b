"""Reads all messages of a campaign into the journal, or compares them with those in it."""

from __future__ import annotations

import json
import sqlite3
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
    from collections.abc import Callable, Iterable

    from ....models.messages import Message


__all__ = ["Comparer", "Loader"]

# Rows of one transaction: so many that the thread which writes them needs the interpreter's lock
# seldom, for which it waits while messages are read, and so few that they take a few megabytes. For
# long texts their characters are counted, or 8000 rows would take a hundred megabytes.
_ROWS_AT_ONCE = 8000
_CHARACTERS_AT_ONCE = 2_000_000

# Values of one statement: SQLite may allow 999 alone.
_VALUES = 8000

_KEY = "key (id, bot_id, messenger, scope)"
_MESSAGE = "message (id, key_id, method, parameters)"
_REFERRING = "message (id, key_id, method, parameters, reference)"
_HASHED = "temp.hashed (id, hash)"

_TABLES = ("message", "fate", "key", "error", "duplicate")

# Messages to one address have one hash, and hardly any others do: only those that share theirs are
# held against each other. The sorts are SQLite's own: they spill to temporary files, so that memory
# is constant.
_SHARED = """
INSERT INTO temp.shared SELECT hash FROM temp.hashed GROUP BY hash HAVING count(*) > 1
"""
_DUPLICATES = """
INSERT INTO duplicate (id, first_id, digest)
SELECT message.id, first_id, digest(method, parameters) FROM (
    SELECT id, first_value(id) OVER (PARTITION BY address ORDER BY id) AS first_id
    FROM (
        SELECT message.id AS id, address(method, parameters) AS address
        FROM temp.hashed JOIN message ON message.id = hashed.id
        WHERE hash IN (SELECT hash FROM temp.shared)
    )
) AS found JOIN message ON message.id = found.id WHERE found.id <> first_id
"""


def _insert(connection: sqlite3.Connection, table: str, values: list[Cell]) -> None:
    """Insert rows, whose values are given one after the other."""
    width = table.count(",") + 1
    most = connection.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER)
    step = min(most, _VALUES) // width * width
    for begin in range(0, len(values), step):
        # Many rows in one statement: each call of SQLite takes the interpreter's lock once, for
        # which the event loop may be waiting.
        some = values[begin : begin + step]
        marks = ", ".join([f"({', '.join('?' * width)})"] * (len(some) // width))
        connection.execute(f"INSERT INTO {table} VALUES {marks}", some)  # noqa: S608 - constants


def _address(method: str, parameters: str) -> str:
    """The address of a message as SQLite tells it from another one."""
    return json.dumps(address_of(decode_message(method, parameters)))


KeyOf: TypeAlias = "Callable[[Message], LimitKey | None]"


@define(eq=False)
class Rows:
    """Rows for each table: their values, one after the other."""

    count: int = 0
    characters: int = 0
    keys: list[Cell] = field(factory=list["Cell"])
    plain: list[Cell] = field(factory=list["Cell"])
    referring: list[Cell] = field(factory=list["Cell"])
    hashed: list[Cell] = field(factory=list["Cell"])


@define(eq=False)
class Loader:
    """Reads a campaign into an empty journal; all but ``encode`` runs in the writer's thread.

    Attributes:
        commit: Ends a transaction.
        deduplicate: Whether a message is left out whose address was given before.
        count: Messages taken in.
        rows: Those of them that :meth:`add` has not been given yet.
    """

    commit: Commit
    deduplicate: bool
    count: int = 0
    rows: Rows = field(factory=Rows)
    _keys: dict[LimitKey | None, int] = field(factory=dict[LimitKey | None, int])
    _columns: ReferenceColumns = field(factory=ReferenceColumns)

    @property
    def full(self) -> bool:
        """Whether there are so many rows that they should be written."""
        rows = self.rows
        return rows.count >= _ROWS_AT_ONCE or rows.characters >= _CHARACTERS_AT_ONCE

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
        for table in ("hashed (id INTEGER PRIMARY KEY, hash)", "shared (hash INTEGER PRIMARY KEY)"):
            connection.execute(f"DROP TABLE IF EXISTS temp.{table.split()[0]}")
            connection.execute(f"CREATE TEMP TABLE {table}")

    def encode(self, batch: Iterable[Message], key_of: KeyOf) -> None:
        """Make rows of the next messages, in the order in which they are given.

        Here in the thread of the event loop, so that meanwhile the writer's writes the rows before.

        Raises:
            InvalidRequestError: The references of all have too many names.
        """
        rows, keys, index = self.rows, self._keys, self.count
        characters = 0
        for message in batch:
            key = key_of(message)
            key_id = keys.get(key)
            if key_id is None:
                # Row 0 stands for a route that is not known.
                key_id = keys[key] = 0 if key is None else len(keys) + 1
                rows.keys += (key_id, *encode_key(key))
            told = encode_parameters(message)
            characters += len(told)
            if message.reference:
                self._columns.add(message)
                reference = encode_reference(message)
                characters += len(reference or "")
                rows.referring += (index, key_id, message.method, told, reference)
            else:
                rows.plain += (index, key_id, message.method, told)
            if self.deduplicate:
                rows.hashed += (index, hash(address_of(message)))
            index += 1
        rows.count += index - self.count
        rows.characters += characters
        self.count = index

    def take(self) -> Rows:
        """The rows that are to be written next; from here on they are no longer in ``rows``."""
        rows, self.rows = self.rows, Rows()
        return rows

    def add(self, connection: sqlite3.Connection, rows: Rows) -> None:
        """Write the next rows."""
        with transaction(connection, self.commit):
            _insert(connection, _KEY, rows.keys)
            _insert(connection, _MESSAGE, rows.plain)
            _insert(connection, _REFERRING, rows.referring)
            _insert(connection, _HASHED, rows.hashed)

    def finish(self, connection: sqlite3.Connection) -> None:
        """Leave the duplicates out and mark the campaign as complete."""
        connection.create_function("address", 2, _address, deterministic=True)
        connection.create_function("digest", 2, digest_of, deterministic=True)
        connection.execute("PRAGMA synchronous = FULL")
        # Nothing is read any more meanwhile: a sort may use a second core.
        connection.execute("PRAGMA threads = 1")
        with transaction(connection, self.commit):
            # In the very transaction that calls the campaign complete: a campaign with its
            # duplicates still in it is never seen.
            duplicates = 0
            if connection.execute(_SHARED).rowcount:
                duplicates = connection.execute(_DUPLICATES).rowcount
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
        for table in ("hashed", "shared"):
            connection.execute(f"DROP TABLE temp.{table}")
        connection.execute("PRAGMA threads = 0")
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
