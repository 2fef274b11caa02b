"""The kit for journals of one's own: ours pass it, and it finds what is wrong with others."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import pytest

from cleverapp_async import ConfigurationError
from cleverapp_async.testing import JournalStore, check_journal
from tests.bulk.journal.journals import SqliteStore
from tests.bulk.journal.lines_journal import LinesStore
from tests.bulk.memory_journal import MemoryJournal, MemoryPlace

if TYPE_CHECKING:
    from collections.abc import Callable

    from cleverapp_async.journal import Journal


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
    "no withdrawal",
    "not retryable",
    "oldest history",
    "one attempt",
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


@pytest.mark.parametrize("fault", ["no withdrawal", "oldest history", "one attempt"])
def test_some_faults_are_found_in_every_run(fault: str) -> None:
    """What happens in few random stories is a story of its own."""
    with pytest.raises(AssertionError):
        check_journal(partial(LinesStore, fault), examples=1, steps=1, shortest=False)


async def test_the_kit_wants_a_plain_function() -> None:
    """In a running event loop it says how it is called."""
    with pytest.raises(ConfigurationError, match="plain test function"):
        check_journal(LinesStore)


class WrongStore(MemoryStore):
    """A store one of whose methods is not what the kit needs."""


def _store_with(**methods: object) -> Callable[[], JournalStore]:
    return cast("Callable[[], JournalStore]", type("WrongStore", (WrongStore,), methods))


async def _later(*_: object) -> None:
    pass


def _of_a_class(_: object) -> object:
    return MemoryJournal


class Half:
    """Some methods of a journal, and not all."""

    open = load = keys = take = intend = record = summary = _later


WRONG: dict[str, Callable[[], object]] = {
    "no factory": lambda: check_journal(cast("Any", None)),
    "a store in place of its class": lambda: check_journal(cast("Any", MemoryStore())),
    "a coroutine function": lambda: check_journal(cast("Any", _later)),
    "a function that needs something": lambda: check_journal(cast("Any", lambda path: path)),
    "a journal in place of a store": lambda: check_journal(cast("Any", MemoryJournal)),
    "the abstract class": lambda: check_journal(JournalStore),
    "nothing made": lambda: check_journal(cast("Any", lambda: None)),
    "no journal": lambda: check_journal(_store_with(journal=lambda _: None)),
    "the class of a journal": lambda: check_journal(_store_with(journal=_of_a_class)),
    "half a journal": lambda: check_journal(_store_with(journal=lambda _: Half())),
    "an async journal": lambda: check_journal(_store_with(journal=_later)),
    "a plain kill": lambda: check_journal(_store_with(kill=lambda *_: None)),
    "a plain dispose": lambda: check_journal(_store_with(dispose=lambda _: None)),
    "a plain start": lambda: check_journal(_store_with(start=lambda *_, **__: None)),
    "no examples": lambda: check_journal(MemoryStore, examples=0),
    "no number of steps": lambda: check_journal(MemoryStore, steps=cast("Any", 1.5)),
    "no truth value": lambda: check_journal(MemoryStore, shortest=cast("Any", 1)),
}


@pytest.mark.parametrize("what", WRONG)
def test_wrong_arguments_are_told_before_any_story(what: str) -> None:
    """What cannot be checked at all is no failure of a journal, and no error from inside."""
    with pytest.raises(ConfigurationError):
        WRONG[what]()


def test_a_journal_that_lacks_methods_is_told_which() -> None:
    """The methods that are not there are named, with the class."""
    with pytest.raises(ConfigurationError, match=r"Half.*close, withdraw$"):
        WRONG["half a journal"]()


def test_without_hypothesis_the_kit_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """The remedy is told, before any place is made."""
    monkeypatch.delitem(sys.modules, "cleverapp_async.testing._journal_machine", raising=False)
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    with pytest.raises(ConfigurationError, match="pip install hypothesis"):
        check_journal(LinesStore)
