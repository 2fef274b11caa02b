"""Journals, messages and results for the tests of SqliteJournal."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from cleverapp_async import LimitKey, SendMessage, SqliteJournal
from cleverapp_async.bulk.journal.sqlite.schema import APPLICATION_ID
from cleverapp_async.journal import ErrorRecord, JournalResult, JournalState
from cleverapp_async.testing import JournalStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from cleverapp_async import Message
    from cleverapp_async.bulk import Messages
    from cleverapp_async.journal import Journal, Loaded

__all__ = [
    "ACCEPTED",
    "ORIGIN",
    "TELEGRAM",
    "VIBER",
    "SqliteStore",
    "copy_journal",
    "key_of",
    "load",
    "make_version_0",
    "messages",
    "opened",
    "result",
]

ORIGIN = "https://app.cleverapp.pro/api/v1"
TELEGRAM = LimitKey(7, "telegram")
VIBER = LimitKey(7, "viber")


def key_of(message: Message) -> LimitKey | None:
    """The key that a message's own fields tell."""
    route = message.route
    return None if route is None else LimitKey(route.bot_id, route.messenger)


def messages(count: int, *, first: int = 0) -> list[Message]:
    """Messages to different contacts, every third by contact_id, the others by two messengers."""
    return [
        SendMessage(contact_id=index + 1, text=f"Привет {index}")
        if index % 3 == 2
        else SendMessage(
            bot_id=7,
            messenger="telegram" if index % 3 else "viber",
            contact_external_id=str(10_000 + index),
            text=f"Привет {index}",
        )
        for index in range(first, first + count)
    ]


def result(
    state: JournalState, *, permanent: bool = False, error: str | None = None, at: float = 5.0
) -> JournalResult:
    """A result as a runner would write it."""
    told = None if error is None else ErrorRecord(type="ServerError", message=error, status=500)
    return JournalResult(state=state, ended_at=at, permanent=permanent, attempts=1, error=told)


ACCEPTED = result(JournalState.ACCEPTED)


async def load(
    journal: SqliteJournal, given: Messages | None, *, deduplicate: bool = True
) -> Loaded:
    """Load as a runner does."""
    return await journal.load(given, key_of, deduplicate=deduplicate)


@asynccontextmanager
async def opened(
    path: Path, given: Iterable[Message] | None, *, ended: str = "finished"
) -> AsyncIterator[SqliteJournal]:
    """A journal that was opened and loaded, and is closed behind the block."""
    journal = SqliteJournal(path)
    await journal.open(ORIGIN)
    try:
        await load(journal, given)
        yield journal
    finally:
        await journal.close(ended)


def copy_journal(path: Path, to: Path) -> Path:
    """What a crash at this moment leaves on the disk."""
    for suffix in ("", "-wal", "-shm", ".lock"):
        beside = path.with_name(path.name + suffix)
        target = to.with_name(to.name + suffix)
        target.unlink(missing_ok=True)
        if beside.exists():
            shutil.copyfile(beside, target)
    return to


def make_version_0(path: Path, origin: str = ORIGIN) -> None:
    """A journal as the first drafts of this package made it."""
    connection = sqlite3.connect(path)
    connection.executescript(f"""
        PRAGMA application_id = {APPLICATION_ID};
        PRAGMA user_version = 0;
        CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
        CREATE TABLE key (id INTEGER PRIMARY KEY, bot_id, messenger TEXT, scope TEXT);
        CREATE TABLE message (
            id INTEGER PRIMARY KEY, key_id INTEGER, method TEXT, parameters TEXT);
        CREATE TABLE fate (
            id INTEGER PRIMARY KEY, state INTEGER NOT NULL, intent_at REAL, ended_at REAL,
            permanent INTEGER, attempts INTEGER, waited REAL, on_wire REAL, contact_id,
            error_id INTEGER);
        CREATE TABLE error (id INTEGER PRIMARY KEY, told TEXT UNIQUE);
        CREATE INDEX message_by_key ON message (key_id);
        INSERT INTO meta VALUES ('created_at', 5.0), ('origin', '{origin}'), ('complete', 1);
        INSERT INTO key VALUES (0, NULL, NULL, NULL);
        INSERT INTO message VALUES
            (0, 0, 'sendMessage', '{{"contact_id":1,"text":"a"}}'),
            (1, 0, 'sendMessage', '{{"contact_id":2,"text":"b"}}'),
            (2, 0, 'sendMessage', '{{"contact_id":3,"text":"c"}}');
        INSERT INTO fate (id, state, intent_at, ended_at)
            VALUES (0, 2, 6.0, 7.0), (1, 1, 8.0, NULL);
    """)  # noqa: S608 - made of constants
    connection.close()


class SqliteStore(JournalStore):
    """A folder with a file; a crash leaves what the disk has at that moment."""

    def __init__(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "run.db"
        self.crashes = 0

    def journal(self) -> SqliteJournal:
        """The file as another process opens it."""
        return SqliteJournal(self.path)

    async def kill(self, journal: Journal) -> None:
        """Go on with a copy of what was durable."""
        self.path = self.copy()
        await journal.close("abandoned")

    def copy(self) -> Path:
        """What a crash at this moment leaves on the disk, in a file of its own."""
        self.crashes += 1
        return copy_journal(self.path, Path(self.folder.name) / f"crash{self.crashes}.db")

    async def dispose(self) -> None:
        """Delete it."""
        self.folder.cleanup()
