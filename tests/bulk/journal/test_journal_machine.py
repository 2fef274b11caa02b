from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from cleverapp_async import JournalLockedError, SqliteJournal
from cleverapp_async.journal import JournalResult, JournalState, JournalWriteError, Loaded, Resend
from tests.bulk.journal.journals import ORIGIN, copy_journal, load, messages, result

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Awaitable

    from cleverapp_async import Message

T = TypeVar("T")
S = JournalState

_COUNT = 12
_TAIL = b"\x5a\xa5" * 4096

_indexes = st.integers(0, _COUNT - 1)
_results = st.sampled_from(
    [
        result(S.ACCEPTED),
        result(S.NOT_SENT, error="no route"),
        result(S.REJECTED, error="too many"),
        result(S.REJECTED, permanent=True, error="no such contact"),
        result(S.UNKNOWN, error="no answer"),
    ]
)


def _full(connection: sqlite3.Connection) -> None:
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages}")


def _roomy(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA max_page_count = 1000000")


class JournalMachine(RuleBasedStateMachine):
    """A real journal on a disk beside a plain dictionary that must agree with it."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.loop = asyncio.new_event_loop()
        self.crashes = self.fills = 0
        self.path = Path(self.folder.name) / "run.db"
        self.given: list[Message] = [*messages(_COUNT), *messages(3)]
        self.journal = SqliteJournal(self.path)
        self.state = dict.fromkeys(range(_COUNT), S.PENDING)
        self.before: dict[int, JournalState] = {}

    def run(self, work: Awaitable[T]) -> T:
        """Wait for something in the machine's own loop."""

        async def wait() -> T:
            return await work

        return self.loop.run_until_complete(wait())

    @initialize()
    def load(self) -> None:
        """A campaign with three duplicates."""
        self.run(self.journal.open(ORIGIN))
        loaded = self.run(load(self.journal, self.given))
        assert loaded == Loaded(_COUNT, 3, resumed=False)

    def _known(self, index: int) -> JournalState:
        return self.before.get(index, self.state[index])

    def _intended(self, index: int) -> None:
        self.before[index] = self._known(index)
        self.state[index] = S.INTENT

    def _recorded(self, index: int, told: JournalResult) -> None:
        passing = told.state is S.NOT_SENT or (told.state is S.REJECTED and not told.permanent)
        stays = self._known(index) is S.UNKNOWN and passing
        self.state[index] = S.UNKNOWN if stays else told.state
        self.before.pop(index, None)

    @rule(chosen=st.sets(_indexes, min_size=1))
    def intend(self, chosen: set[int]) -> None:
        """Several messages are about to leave at once."""

        async def all_at_once() -> None:
            await asyncio.gather(*map(self.journal.intend, chosen))

        self.run(all_at_once())
        for index in chosen:
            self._intended(index)

    @rule(told=st.dictionaries(_indexes, _results, min_size=1))
    def record(self, told: dict[int, JournalResult]) -> None:
        """Several messages end at once, whether or not an intent of them is there."""

        async def all_at_once() -> None:
            await asyncio.gather(*(self.journal.record(*one) for one in told.items()))

        self.run(all_at_once())
        for index, how in told.items():
            self._recorded(index, how)

    @rule(index=_indexes)
    def withdraw(self, index: int) -> None:
        """An attempt did nothing."""

        async def withdraw() -> None:
            self.journal.withdraw(index)

        self.run(withdraw())
        self.state[index] = self._known(index)
        self.before.pop(index, None)

    @rule()
    def second_runner(self) -> None:
        """Nobody else gets the journal."""
        with pytest.raises(JournalLockedError):
            self.run(SqliteJournal(self.path).open(ORIGIN))

    @rule(unseen=st.booleans())
    def close(self, unseen: bool) -> None:
        """The run ends in order, and the next one begins."""
        self.run(self.journal.close("interrupted"))
        self._resume(unseen=unseen)

    @rule(unseen=st.booleans())
    def crash(self, unseen: bool) -> None:
        """The machine stops at once: what the disk has at this moment is all there is."""
        self.run(self.journal.summary())
        self._move_to(self._copy())
        self._resume(unseen=unseen)

    @rule(chosen=st.sets(_indexes, min_size=1), part=st.floats(0, 1), garbled=st.booleans())
    def torn_write(self, chosen: set[int], part: float, garbled: bool) -> None:
        """The machine stops in the middle of a commit, of which the disk has a part."""
        self.run(self.journal.summary())
        torn = self._copy()
        log = self.path.with_name(self.path.name + "-wal")
        durable = log.read_bytes()
        earlier = dict(self.state)
        self.intend(chosen)
        later = log.read_bytes()
        grown = len(later) - len(durable)
        begins_anew = not later.startswith(durable)
        cut = len(later) if begins_anew else len(durable) + int(part * grown)
        tail = _TAIL[: len(later) - cut] if garbled else b""
        torn.with_name(torn.name + "-wal").write_bytes(later[:cut] + tail)
        torn.with_name(torn.name + "-shm").unlink(missing_ok=True)
        if cut < len(later):
            self.state = earlier
            self.before = {i: b for i, b in self.before.items() if earlier[i] is S.INTENT}
        self._move_to(torn)
        self._resume(unseen=True)

    @rule(index=_indexes, other=_indexes, crashed=st.booleans())
    def full_disk(self, index: int, other: int, crashed: bool) -> None:
        """The disk is full: all fails and nothing is changed, till results find room at the end."""
        assert self.journal._writer is not None
        self.run(self.journal._writer.call(_full))
        # So long that no page which is there already could take it.
        told = result(S.REJECTED, permanent=True, error=f"{self.fills} {'x' * 200_000}")
        self.fills += 1
        for _ in range(2):
            with pytest.raises(JournalWriteError, match="space"):
                self.run(self._record(index, told))
        with pytest.raises(JournalWriteError, match="space"):
            self.intend({other})
        self.agree()
        if crashed:
            self._move_to(self._copy())
        else:
            self.run(self.journal._writer.call(_roomy))
            self.run(self.journal.close("the disk is full"))
            self._recorded(index, told)
        self._resume(unseen=False)

    async def _record(self, index: int, told: JournalResult) -> None:
        await self.journal.record(index, told)

    def _copy(self) -> Path:
        self.crashes += 1
        return copy_journal(self.path, Path(self.folder.name) / f"crash{self.crashes}.db")

    def _move_to(self, copy: Path) -> None:
        """Go on with what a crash left; the abandoned journal ends where nobody looks."""
        abandoned, self.path = self.journal, copy
        self.journal = SqliteJournal(copy)
        try:
            self.run(abandoned.close("abandoned"))
        except JournalWriteError:
            assert abandoned._writer is None

    def _resume(self, *, unseen: bool) -> None:
        self.journal = SqliteJournal(self.path)
        self.run(self.journal.open(ORIGIN))
        loaded = self.run(load(self.journal, None if unseen else self.given))
        orphans = [index for index, state in self.state.items() if state is S.INTENT]
        assert (loaded.messages, loaded.duplicates, loaded.resumed) == (_COUNT, 3, True)
        assert [entry.index for entry in loaded.orphans] == orphans
        self.state |= dict.fromkeys(orphans, S.UNKNOWN)
        self.before.clear()

    @invariant()
    @precondition(lambda self: self.journal._writer is not None)
    def agree(self) -> None:
        """Every message is in the state that was told last, and the counts add up."""
        summary = self.run(self.journal.summary())
        states = list(self.state.values())
        assert dict(summary.by_state) == {state: states.count(state) for state in S}
        everything = Resend(unknown=True, rejected=True)
        taken = [
            entry
            for key in self.run(self.journal.keys())
            for entry in self.run(self.journal.take(key, -1, _COUNT, everything))
        ]
        there = {entry.index: entry.state for entry in taken}
        hidden = {S.INTENT, S.ACCEPTED}
        assert there == {i: state for i, state in self.state.items() if state not in hidden}
        assert all(entry.message == self.given[entry.index] for entry in taken)

    def teardown(self) -> None:
        """Let everything go."""
        self.run(self.journal.close("finished"))
        self.loop.close()
        self.folder.cleanup()


def test_a_journal_agrees_with_its_model() -> None:
    """Whatever happens to it, a journal holds what it was told, and nothing else."""
    run_state_machine_as_test(
        JournalMachine,
        settings=settings(
            max_examples=20,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
