"""The kit for journals of one's own: ours pass it, and it finds what is wrong with others."""

from __future__ import annotations

import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cleverapp_async import ConfigurationError, SqliteJournal
from cleverapp_async.testing import JournalStore, check_journal
from tests.bulk.journal.journals import copy_journal
from tests.bulk.journal.lines_journal import LinesStore
from tests.bulk.memory_journal import MemoryJournal, MemoryPlace

if TYPE_CHECKING:
    from collections.abc import Callable

    from cleverapp_async.journal import Journal


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
    check_journal(store, examples=5, steps=12)


def test_a_journal_written_from_the_documentation_passes() -> None:
    """JSON lines, with both optional protocols."""
    check_journal(LinesStore, examples=10)


FAULTS = (
    "any account",
    "any list",
    "any server",
    "doubt dispelled",
    "forgotten doubt",
    "lost intent",
    "no history",
    "no references",
    "not retryable",
    "order",
    "references compared",
    "rejected again",
    "two runners",
    "unknown again",
    "vanishing result",
)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found(fault: str) -> None:
    """Whatever a journal may get wrong, the kit says so."""
    with pytest.raises(AssertionError):
        check_journal(partial(LinesStore, fault), examples=20, shortest=False)


async def test_the_kit_wants_a_plain_function() -> None:
    """In a running event loop it says how it is called."""
    with pytest.raises(ConfigurationError, match="plain test function"):
        check_journal(LinesStore)


def test_without_hypothesis_the_kit_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """The remedy is told, before any place is made."""
    monkeypatch.delitem(sys.modules, "cleverapp_async.testing._journal_machine", raising=False)
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    with pytest.raises(ConfigurationError, match="pip install hypothesis"):
        check_journal(LinesStore)
