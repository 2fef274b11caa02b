"""Journals, messages and results for the tests of SqliteJournal."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from cleverapp_async import LimitKey, SendMessage, SqliteJournal
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
    for suffix in ("", "-wal", "-shm"):
        beside = path.with_name(path.name + suffix)
        target = to.with_name(to.name + suffix)
        target.unlink(missing_ok=True)
        if beside.exists():
            shutil.copyfile(beside, target)
    return to


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
