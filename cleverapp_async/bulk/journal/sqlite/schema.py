"""The tables of a journal's file, and how an older file is brought up to date."""

from __future__ import annotations

import re
from contextlib import closing
from functools import cache
from typing import TYPE_CHECKING, TypeAlias

from ....errors import JournalError
from ..codec import damaged

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Mapping
    from pathlib import Path


__all__ = [
    "APPLICATION_ID",
    "INDEX_BY_KEY",
    "MIGRATIONS",
    "TABLES",
    "TABLES_0",
    "TABLES_1",
    "VERSION",
    "check_file",
]

_Schema: TypeAlias = frozenset[tuple[str, str, str, str]]
"""What ``sqlite_master`` holds: kind, name, table, and the statement that made it."""

_COMMENT = re.compile(r"--[^\n]*")
_SPACES = re.compile(r"\s+")
_NEEDLESS = re.compile(r" ?([(),]) ?")

APPLICATION_ID = 0x43414A31
"""SQLite's mark of the file's kind: the letters ``CAJ1``, a journal of cleverapp_async."""

VERSION = 2
"""The schema's version, SQLite's ``user_version``."""

INDEX_BY_KEY = "CREATE INDEX message_by_key ON message (key_id)"
"""Built once all messages are in, as sorting once is quicker; a row's id is part of it."""

_TABLES_OF_ALL = (
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID",
    # Row 0 stands for messages whose route is not known.
    "CREATE TABLE key (id INTEGER PRIMARY KEY, bot_id, messenger TEXT, scope TEXT)",
    "CREATE TABLE error (id INTEGER PRIMARY KEY, told TEXT UNIQUE)",
)

_MESSAGE_0 = (
    "CREATE TABLE message (id INTEGER PRIMARY KEY, key_id INTEGER, method TEXT, parameters TEXT)"
)

_MESSAGE = """
CREATE TABLE message (
    id INTEGER PRIMARY KEY,  -- its place among the messages given, from 0
    key_id INTEGER,
    method TEXT,
    parameters TEXT,         -- JSON; NULL once purged
    reference TEXT           -- JSON of what the user finds it again by; NULL: there is none
)
"""

TABLES_0 = (
    *_TABLES_OF_ALL,
    _MESSAGE_0,
    """
    CREATE TABLE fate (
        id INTEGER PRIMARY KEY, state INTEGER NOT NULL, intent_at REAL, ended_at REAL,
        permanent INTEGER, attempts INTEGER, waited REAL, on_wire REAL, contact_id,
        error_id INTEGER)
    """,
)
"""The tables of version 0."""

_SESSION = """
CREATE TABLE session (
    id INTEGER PRIMARY KEY,
    started_at REAL,
    ended_at REAL,
    pid INTEGER,
    host TEXT,
    ended TEXT
)
"""

_DUPLICATE = """
CREATE TABLE duplicate (
    id INTEGER PRIMARY KEY,  -- its place among the messages given
    first_id INTEGER,        -- the message that goes to the same address
    digest BLOB
)
"""

_REST = (
    # A message without a row here is pending.
    """
    CREATE TABLE fate (
        id INTEGER PRIMARY KEY,
        state INTEGER NOT NULL,
        before INTEGER NOT NULL DEFAULT 0,  -- the state that the intent took the place of
        intent_at REAL,
        ended_at REAL,
        permanent INTEGER,
        attempts INTEGER,
        waited REAL,
        on_wire REAL,
        contact_id,
        error_id INTEGER
    )
    """,
    _DUPLICATE,
    _SESSION,
)

TABLES_1 = (*_TABLES_OF_ALL, _MESSAGE_0, *_REST)
"""The tables of version 1."""

TABLES = (*_TABLES_OF_ALL, _MESSAGE, *_REST)


def _from_0(connection: sqlite3.Connection) -> None:
    """Version 0, before the first release, kept no sessions, duplicates or earlier states."""
    connection.execute(_SESSION)
    connection.execute(_DUPLICATE)
    connection.execute("ALTER TABLE fate ADD COLUMN before INTEGER NOT NULL DEFAULT 0")
    connection.execute(
        "INSERT OR REPLACE INTO meta SELECT 'given', count(*) FROM message "
        "UNION ALL VALUES ('duplicates', 0), ('deduplicated', 0)"
    )


def _from_1(connection: sqlite3.Connection) -> None:
    """Version 1 kept no references: its messages have none."""
    connection.execute("ALTER TABLE message ADD COLUMN reference TEXT")


MIGRATIONS: Mapping[int, Callable[[sqlite3.Connection], None]] = {0: _from_0, 1: _from_1}
"""By the version of the file: what makes the next version of it."""


def _plain(statement: str) -> str:
    """A statement without comments, and without spaces that mean nothing."""
    return _NEEDLESS.sub(r"\1", _SPACES.sub(" ", _COMMENT.sub("", statement)).strip())


def _schema_of(connection: sqlite3.Connection) -> _Schema:
    # SQLite keeps each statement as it was written: a trigger, or a view in the place of a table,
    # shows in it.
    found = connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master")
    return frozenset((str(a), str(b), str(c), _plain(str(sql or ""))) for a, b, c, sql in found)


@cache
def _known_schemas() -> Mapping[int, tuple[_Schema, ...]]:
    """By version, every schema that this package has made, without the index by key."""
    import sqlite3  # noqa: PLC0415 - importing the package must stay quick

    made: dict[int, tuple[_Schema, ...]] = {}
    # A file may have been made in any version, and brought up to date from there on.
    for first, tables in enumerate((TABLES_0, TABLES_1, TABLES)):
        with closing(sqlite3.connect(":memory:")) as connection:
            for table in tables:
                connection.execute(table)
            for version in range(first, VERSION):
                made[version] = (*made.get(version, ()), _schema_of(connection))
                MIGRATIONS[version](connection)
            made[VERSION] = (*made.get(VERSION, ()), _schema_of(connection))
    return made


def _check_schema(connection: sqlite3.Connection, path: Path, version: int) -> None:
    """Refuse views, triggers, generated columns and whatever else a journal does not have."""
    index = ("index", "message_by_key", "message", _plain(INDEX_BY_KEY))
    if _schema_of(connection) - {index} not in _known_schemas().get(version, ()):
        raise damaged("its tables are not those of a journal", path)


def _number(connection: sqlite3.Connection, pragma: str) -> int:
    return int(connection.execute(f"PRAGMA {pragma}").fetchone()[0])


def _check_length(connection: sqlite3.Connection, path: Path) -> None:
    """Refuse a file that was cut within a page.

    SQLite takes what is missing of it for zeros, in which messages that were sent are not.
    """
    log = path.with_name(f"{path.name}-wal")
    if log.exists() and log.stat().st_size:
        return  # while it is written, or where that was broken off, the log has what is missing
    if path.stat().st_size % _number(connection, "page_size"):
        raise damaged("its end is missing", path)


def check_file(connection: sqlite3.Connection, path: Path) -> int | None:
    """The version of the file's schema; None where it is empty.

    Raises:
        JournalError: It is no journal, one of a later version of this package, one in which
            something else than its tables was made, or one that was cut.
    """
    # An empty file has no mark yet and is a journal to be; any other without the mark is somebody
    # else's.
    if _number(connection, "application_id") != APPLICATION_ID:
        if connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            raise JournalError(
                f"{path} is a SQLite file, but no journal: give the path of a journal"
            )
        return None
    version = _number(connection, "user_version")
    if version > VERSION:
        raise JournalError(
            f"the journal {path} was made by a later version of cleverapp_async (its schema is "
            f"{version}, this one knows {VERSION}): update cleverapp_async"
        )
    _check_schema(connection, path, version)
    _check_length(connection, path)
    return version
