"""The kit's machine over a file, with what only a disk does: torn writes, and no space left."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule, run_state_machine_as_test

from cleverapp_async.journal import JournalResult, JournalState, JournalWriteError, Resend
from cleverapp_async.testing._journal_machine import JournalMachine
from tests.bulk.journal.journals import SqliteStore, result

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

    from cleverapp_async import SqliteJournal

S = JournalState

_TAIL = b"\x5a\xa5" * 4096


def _full(connection: sqlite3.Connection) -> None:
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages}")


def _roomy(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA max_page_count = 1000000")


def _log(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


class SqliteMachine(JournalMachine):
    """A real journal on a disk beside the kit's dictionary that must agree with it."""

    store: SqliteStore
    journal: SqliteJournal
    fills = 0

    def make_store(self) -> SqliteStore:
        """A folder of its own."""
        return SqliteStore()

    @precondition(lambda self: self.waiting)
    @rule(data=st.data(), part=st.floats(0, 1), garbled=st.booleans())
    def torn_write(self, data: st.DataObject, part: float, garbled: bool) -> None:
        """The machine stops in the middle of a commit, of which the disk has a part."""
        self._flush()
        torn, path = self.store.copy(), self.store.path
        durable = _log(path).read_bytes()
        earlier = dict(self.state)
        self._intend(data.draw(st.sets(st.sampled_from(sorted(self.waiting)), min_size=1)))
        later = _log(path).read_bytes()
        begins_anew = not later.startswith(durable)
        grown = len(later) - len(durable)
        cut = len(later) if begins_anew else len(durable) + int(part * grown)
        tail = _TAIL[: len(later) - cut] if garbled else b""
        _log(torn).write_bytes(later[:cut] + tail)
        torn.with_name(f"{torn.name}-shm").unlink(missing_ok=True)
        if cut < len(later):
            self.state = earlier
        self._go_on_with(torn)

    @precondition(lambda self: self.waiting)
    @rule(data=st.data(), crashed=st.booleans())
    def full_disk(self, data: st.DataObject, crashed: bool) -> None:
        """The disk is full: all fails and nothing is changed, till results find room at the end."""
        self._flush()
        assert self.journal._writer is not None
        self.run(self.journal._writer.call(_full))
        waiting = st.sampled_from(sorted(self.waiting))
        index, other = data.draw(waiting), data.draw(waiting)
        # So long that no page which is there already could take it.
        told = result(S.REJECTED, permanent=True, error=f"{self.fills} {'x' * 200_000}")
        self.fills += 1
        for _ in range(2):
            with pytest.raises(JournalWriteError, match="space"):
                self.run(self._write(index, told))
        with pytest.raises(JournalWriteError, match="space"):
            self._intend({other})
        self.run(self._check_summary())
        if crashed:
            self._go_on_with(self.store.copy())
            return
        self.run(self.journal._writer.call(_roomy))
        self.run(self.journal.close("the disk is full"))
        self.state[index], self.results[index] = told.state, told
        self._resume(Resend(rejected=True), unseen=False)

    async def _write(self, index: int, told: JournalResult) -> None:
        await self.journal.record(index, told)

    def _flush(self) -> None:
        """Wait until all is on the disk, intents that were taken back as well."""
        self.run(self._check_summary())
        self.withdrawn.clear()

    def _go_on_with(self, left: Path) -> None:
        """Go on with what a crash left; the abandoned journal ends where nobody looks."""
        self.started = False
        try:
            self.run(self.journal.close("abandoned"))
        except JournalWriteError:
            assert self.journal._writer is None
        self.store.path = left
        self._resume(Resend(), unseen=True)


def test_a_journal_agrees_with_its_model() -> None:
    """Whatever happens to it, a journal holds what it was told, and nothing else."""
    run_state_machine_as_test(
        SqliteMachine,
        settings=settings(
            max_examples=15,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
