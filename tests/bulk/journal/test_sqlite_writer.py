from __future__ import annotations

import asyncio
import threading
import time
from typing import TYPE_CHECKING

import pytest

from cleverapp_async import JournalError, SqliteJournal
from cleverapp_async.bulk.journal.sqlite import writer
from cleverapp_async.journal import JournalReader, JournalState, JournalWriteError
from tests.bulk.journal.journals import ACCEPTED, ORIGIN, load, messages, opened
from tests.processes import run_code

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Awaitable
    from pathlib import Path


def _full(connection: sqlite3.Connection) -> None:
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages}")


def _roomy(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA max_page_count = 1000000")


class FailingJournal(SqliteJournal):
    """Its commits fail when told to."""

    failure: BaseException | None = None

    def _commit(self, connection: sqlite3.Connection) -> None:
        """Fail, or commit."""
        if self.failure is not None:
            raise self.failure
        super()._commit(connection)


class GatedJournal(SqliteJournal):
    """Its commits wait for a gate."""

    gate: threading.Event | None = None

    def _commit(self, connection: sqlite3.Connection) -> None:
        """Wait, then commit."""
        if self.gate is not None:
            self.gate.wait(20)
        super()._commit(connection)


async def test_one_commit_serves_all_that_wait(tmp_path: Path) -> None:
    """Fifty intents and their results cost far fewer commits than there are."""
    async with opened(tmp_path / "run.db", messages(50)) as journal:
        before = journal.commits
        await asyncio.gather(*(journal.intend(index) for index in range(50)))
        await asyncio.gather(*(journal.record(index, ACCEPTED) for index in range(50)))
        assert journal.commits - before <= 50
        assert (await journal.summary()).by_state[JournalState.ACCEPTED] == 50


async def test_results_wait_for_an_intent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A result shares the commit of an intent that comes right behind it."""
    monkeypatch.setattr(writer, "_LINGER", 3600)
    async with opened(tmp_path / "run.db", messages(4)) as journal:
        await asyncio.gather(journal.intend(0), journal.intend(1))
        before = journal.commits
        await asyncio.gather(journal.record(0, ACCEPTED), journal.intend(2))
        assert journal.commits - before == 1


async def test_intents_of_several_turns_share_a_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where many messages are under way, an intent waits a moment for the next one."""
    async with opened(tmp_path / "run.db", messages(12)) as journal:
        await asyncio.gather(*map(journal.intend, range(10)))
        monkeypatch.setattr(writer, "_LINGER", 3600)
        before = journal.commits
        first = asyncio.ensure_future(journal.intend(10))
        await asyncio.sleep(0)
        second = asyncio.ensure_future(journal.intend(11))
        assert (await journal.summary()).by_state[JournalState.INTENT] == 12
        await asyncio.gather(first, second)
        assert journal.commits - before == 1


async def test_results_reach_the_disk_while_the_loop_is_kept_busy(tmp_path: Path) -> None:
    """Results that linger are written by the thread alone, with no turn of the loop after them."""
    path = tmp_path / "run.db"
    async with opened(path, messages(20)) as journal:
        await asyncio.gather(*map(journal.intend, range(10)))
        written = [journal.record(index, ACCEPTED) for index in range(9)]
        deadline, found = time.monotonic() + 20, 0
        with JournalReader(path) as reader:
            while found < 9 and time.monotonic() < deadline:
                found = reader.summary().by_state[JournalState.ACCEPTED]
        assert found == 9
        await asyncio.gather(*written)


async def test_a_few_messages_wait_for_no_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The intent of a message that is nearly alone is written at once, and the last result is."""
    monkeypatch.setattr(writer, "_LINGER", 3600)
    async with opened(tmp_path / "run.db", messages(3)) as journal, asyncio.timeout(20):
        await journal.intend(0)
        await journal.intend(1)
        first = journal.record(0, ACCEPTED)
        await journal.record(1, ACCEPTED)
        await first


async def test_what_lingers_is_written_before_a_question_or_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A question sees all that was queued before it, a close writes it, and so do many changes."""
    monkeypatch.setattr(writer, "_LINGER", 3600)
    path = tmp_path / "run.db"
    async with opened(path, messages(140)) as journal, asyncio.timeout(20):
        waiting = [asyncio.ensure_future(journal.intend(index)) for index in range(130)]
        await asyncio.sleep(0)
        # At most 63 linger, which are the last ones.
        await asyncio.gather(*waiting[:67])
        assert (await journal.summary()).by_state[JournalState.INTENT] == 130
        await asyncio.gather(*waiting)
        last = asyncio.ensure_future(journal.record(129, ACCEPTED))
    await last
    with JournalReader(path) as reader:
        assert [entry.index for entry in reader.entries(JournalState.ACCEPTED)] == [129]


async def test_a_cancelled_waiter_breaks_nothing(tmp_path: Path) -> None:
    """Waiters that went away are answered no more; the others are."""
    journal = GatedJournal(tmp_path / "run.db")
    await journal.open(ORIGIN)
    await load(journal, messages(9))
    journal.gate = gate = threading.Event()
    tasks = [asyncio.ensure_future(journal.intend(index)) for index in range(9)]
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()
    gate.set()
    done = await asyncio.gather(*tasks, return_exceptions=True)
    assert [isinstance(one, asyncio.CancelledError) for one in done] == [True, False] * 4 + [True]
    assert (await journal.summary()).by_state[JournalState.INTENT] == 9
    await journal.close("finished")


async def test_a_full_queue_holds_intents_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Intents wait while too much is queued; all are written in the end, and results never wait."""
    monkeypatch.setattr(writer, "_MOST_QUEUED", 4)
    journal = GatedJournal(tmp_path / "run.db")
    await journal.open(ORIGIN)
    await load(journal, messages(40))
    journal.gate = gate = threading.Event()
    tasks = [asyncio.ensure_future(journal.intend(index)) for index in range(20)]
    await asyncio.sleep(0)
    assert journal._writer is not None
    assert journal._writer._queued == 4
    tasks.append(asyncio.ensure_future(journal.record(30, ACCEPTED)))
    assert journal._writer._queued == 5
    gate.set()
    await asyncio.gather(*tasks)
    counts = (await journal.summary()).by_state
    assert (counts[JournalState.INTENT], counts[JournalState.ACCEPTED]) == (20, 1)
    await journal.close("finished")


async def test_a_full_disk_stops_intents_and_keeps_results(tmp_path: Path) -> None:
    """After a failed commit every intent fails at once; results are written at the close."""
    path = tmp_path / "run.db"
    async with opened(path, messages(3000)) as journal:
        assert journal._writer is not None
        await asyncio.gather(journal.intend(0), journal.intend(1))
        await journal._writer.call(_full)
        tried = await asyncio.gather(
            *(journal.intend(index) for index in range(2, 3000)), return_exceptions=True
        )
        failed = [error for error in tried if error is not None]
        assert failed
        assert {type(error) for error in failed} == {JournalWriteError}
        assert "run.db" in str(failed[0])
        assert "space" in str(failed[0])
        await journal._writer.call(_roomy)
        with pytest.raises(JournalWriteError, match="space"):
            await journal.intend(2500)
        with pytest.raises(JournalWriteError, match="space"):
            await journal.record(0, ACCEPTED)
    with JournalReader(path) as reader:
        assert [entry.index for entry in reader.entries(JournalState.ACCEPTED)] == [0]
        intended = [entry.index for entry in reader.entries(JournalState.INTENT)]
    assert intended == [1, *(index for index, error in enumerate(tried, 2) if error is None)]


async def test_what_cannot_be_written_at_the_close_is_told(tmp_path: Path) -> None:
    """A close that cannot write says how many results are missing, and lets the journal go."""
    path = tmp_path / "run.db"
    journal = FailingJournal(path)
    await journal.open(ORIGIN)
    await load(journal, messages(5))
    await asyncio.gather(journal.intend(0), journal.intend(1))
    journal.failure = OSError("the disk is gone")
    with pytest.raises(JournalWriteError, match="the disk is gone"):
        await asyncio.gather(journal.record(0, ACCEPTED), journal.record(1, ACCEPTED))
    with pytest.raises(JournalWriteError, match=r"\b2\b"):
        await journal.close("failed")
    async with opened(path, None) as again:
        assert (await again.summary()).by_state[JournalState.UNKNOWN] == 2


async def test_waiters_of_one_commit_each_get_their_own_error(tmp_path: Path) -> None:
    """A failed commit is told to everybody who waited for it."""
    journal = FailingJournal(tmp_path / "run.db")
    await journal.open(ORIGIN)
    await load(journal, messages(5))
    journal.failure = OSError("the disk is gone")
    errors = await asyncio.gather(*map(journal.intend, range(5)), return_exceptions=True)
    assert {str(error) for error in errors} == {str(errors[0])}
    assert len({id(error) for error in errors}) == 5
    assert all(isinstance(error, JournalWriteError) for error in errors)
    journal.failure = None
    await journal.close("failed")


async def test_a_load_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """A disk that is full while loading gives an error, and the journal stays incomplete."""
    path = tmp_path / "run.db"
    journal = SqliteJournal(path)
    await journal.open(ORIGIN)
    assert journal._writer is not None
    await journal._writer.call(_full)
    with pytest.raises(JournalWriteError, match="space"):
        await load(journal, messages(3000))
    await journal._writer.call(_roomy)
    await journal.close("failed")
    with JournalReader(path) as reader:
        assert reader.summary().complete is False
    async with opened(path, messages(7)) as journal:
        assert (await journal.summary()).messages == 7


async def test_the_thread_ends_with_the_journal(tmp_path: Path) -> None:
    """No thread outlives a close, an open that failed, or an open that was cancelled."""
    path = tmp_path / "run.db"
    others = set(threading.enumerate())
    async with opened(path, messages(1)):
        begun = set(threading.enumerate()) - others
        assert "cleverapp-journal" in {thread.name for thread in begun}
        with pytest.raises(JournalError):
            await SqliteJournal(path).open(ORIGIN)
    journal = SqliteJournal(path)
    opening = asyncio.ensure_future(journal.open(ORIGIN))
    await asyncio.sleep(0)
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    for thread in set(threading.enumerate()) - others:
        if thread.name == "cleverapp-journal":
            thread.join(20)
            assert not thread.is_alive()
    async with opened(path, None):
        pass


def test_a_journal_outlives_its_loop(tmp_path: Path) -> None:
    """A loop that ended without closing leaves a journal that another loop can close."""
    path = tmp_path / "run.db"
    journal = SqliteJournal(path)
    handed_over: list[Awaitable[None]] = []

    async def begin() -> None:
        await journal.open(ORIGIN)
        await load(journal, messages(3))
        await journal.intend(0)
        handed_over.append(journal.record(0, ACCEPTED))

    asyncio.run(begin())
    asyncio.run(journal.close("interrupted"))
    with JournalReader(path) as reader:
        assert reader.summary().by_state[JournalState.ACCEPTED] == 1
        assert [run.ended for run in reader.summary().sessions] == ["interrupted"]


_FORGETFUL = """
import asyncio, sys
from tests.bulk.journal.journals import ACCEPTED, ORIGIN, load, messages
from cleverapp_async import SqliteJournal

async def main():
    journal = SqliteJournal(sys.argv[1])
    await journal.open(ORIGIN)
    await load(journal, messages(3))
    await journal.intend(0)
    journal.record(0, ACCEPTED)
    globals()["kept"] = journal

asyncio.run(main())
"""


def test_a_program_that_forgets_to_close_ends(tmp_path: Path) -> None:
    """The thread keeps no program alive; what was handed over is written as it ends."""
    path = tmp_path / "run.db"
    run_code(_FORGETFUL, str(path))
    with JournalReader(path) as reader:
        assert reader.summary().by_state[JournalState.ACCEPTED] == 1
        assert reader.holder() is None
