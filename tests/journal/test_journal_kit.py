"""The kit for journals of one's own: ours pass it, and it finds what is wrong with others."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cleverapp_async import Journal, SqliteJournal
from cleverapp_async.testing import JournalStore, check_journal
from tests.bulk.memory_journal import MemoryJournal, MemoryPlace
from tests.journal.journals import copy_journal

if TYPE_CHECKING:
    from collections.abc import Callable


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
        self.crashes += 1
        self.path = copy_journal(self.path, Path(self.folder.name) / f"crash{self.crashes}.db")
        await journal.close("abandoned")

    async def dispose(self) -> None:
        """Delete it."""
        self.folder.cleanup()


class MemoryStore(JournalStore):
    """What the journals of a campaign in memory share."""

    def __init__(self) -> None:
        self.place = MemoryPlace()

    def journal(self) -> MemoryJournal:
        """Another view of the same."""
        return MemoryJournal(place=self.place)

    async def kill(self, journal: Journal) -> None:
        """Nobody has it any more."""
        del journal
        self.place.owner = None


@pytest.mark.parametrize("store", [SqliteStore, MemoryStore])
def test_our_journals_pass(store: Callable[[], JournalStore]) -> None:
    """A file, and the journal in memory that the tests of runs use."""
    check_journal(store, examples=15, steps=20)
