"""The writer's thread, and whatever is raised in it: everybody who waits is told."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import TYPE_CHECKING, cast

import pytest

from cleverapp_async import JournalError, SqliteJournal
from cleverapp_async.bulk.journal.sqlite import database, writer
from cleverapp_async.journal import JournalReader, JournalState
from tests.bulk.journal.journals import ACCEPTED, ORIGIN, load, messages, opened
from tests.bulk.journal.test_sqlite_writer import FailingJournal, GatedJournal

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path


def _no_memory(*_: object) -> None:
    """Raise what nothing in the thread catches."""
    raise MemoryError("no memory")


async def _dead(path: Path, monkeypatch: pytest.MonkeyPatch) -> SqliteJournal:
    """A journal whose thread has ended with a result in its hands, and another in its queue."""
    journal = GatedJournal(path)
    await journal.open(ORIGIN)
    await load(journal, messages(6))
    await asyncio.gather(*map(journal.intend, range(4)))
    monkeypatch.setattr(writer.WriterThread, "_write", _no_memory)
    async with asyncio.timeout(20):
        with pytest.raises(JournalError, match="no memory"):
            await journal.record(0, ACCEPTED)
    return journal


async def test_a_thread_that_ends_leaves_no_waiter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who waits when it ends is told, and so is who comes later; the close tells what is lost."""
    path = tmp_path / "run.db"
    journal = await _dead(path, monkeypatch)
    async with asyncio.timeout(20):
        for later in (journal.intend(5), journal.record(1, ACCEPTED), journal.summary()):
            with pytest.raises(JournalError, match="no memory"):
                await later
        journal.withdraw(2)
        with pytest.raises(JournalError, match=r"\b2\b"):
            await journal.close("finished")
        await journal.close("finished")
    monkeypatch.undo()
    async with opened(path, None) as again:
        assert (await again.summary()).by_state[JournalState.UNKNOWN] == 4


async def test_all_that_is_queued_is_answered_when_the_thread_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hundred waiters of every kind have their answer, one of them that waits for room, too."""
    monkeypatch.setattr(writer, "_MOST_QUEUED", 60)
    journal = GatedJournal(tmp_path / "run.db")
    await journal.open(ORIGIN)
    await load(journal, messages(99))
    await journal.intend(98)
    journal.gate = threading.Event()
    waiting = [asyncio.ensure_future(journal.intend(0))]
    await asyncio.sleep(0.01)
    for module in (database, writer):
        monkeypatch.setattr(module, "write_changes", _raise_system_exit)
    monkeypatch.setattr(writer.WriterThread, "_gather", _no_memory)
    waiting += [asyncio.ensure_future(journal.record(index, ACCEPTED)) for index in range(1, 70)]
    waiting += [asyncio.ensure_future(journal.intend(index)) for index in range(70, 98)]
    asked = asyncio.ensure_future(journal.summary())
    await asyncio.sleep(0)
    journal.gate.set()
    async with asyncio.timeout(20):
        told = await asyncio.gather(*waiting, return_exceptions=True)
        await asyncio.gather(asked, return_exceptions=True)
    assert all(isinstance(error, JournalError) for error in told[1:])
    with pytest.raises(JournalError):
        await journal.close("finished")


def _raise_system_exit(*_: object) -> None:
    raise SystemExit(3)


@pytest.mark.parametrize(
    "raised", [KeyboardInterrupt(), SystemExit(3), StopIteration(), MemoryError(), GeneratorExit()]
)
async def test_a_job_that_raises_what_ends_programs_is_told(
    tmp_path: Path, raised: BaseException
) -> None:
    """What a query raises in the thread reaches its waiter as an error, and the thread goes on."""
    path = tmp_path / "run.db"

    def work(_: sqlite3.Connection) -> None:
        raise raised

    async with opened(path, messages(3)) as journal:
        assert journal._writer is not None
        async with asyncio.timeout(20):
            with pytest.raises((JournalError, MemoryError)):
                await journal._writer.call(work)
        assert (await journal.summary()).messages == 3


@pytest.mark.parametrize("raised", [KeyboardInterrupt(), SystemExit(3), RecursionError("deep")])
async def test_a_close_that_raises_anything_tells_what_is_lost(
    tmp_path: Path, raised: BaseException
) -> None:
    """The last commit may raise what it likes: the close fails, and says how much is lost."""
    journal = FailingJournal(tmp_path / "run.db")
    await journal.open(ORIGIN)
    await load(journal, messages(3))
    await journal.intend(0)
    journal.failure = raised
    with pytest.raises(JournalError):
        await journal.record(0, ACCEPTED)
    async with asyncio.timeout(20):
        with pytest.raises(JournalError, match=r"\b1\b") as told:
            await journal.close("finished")
    assert str(told.value).count("result(s)") == 1
    with JournalReader(tmp_path / "run.db") as reader:
        assert reader.summary().sessions[-1].ended is None


_ENDLESS = "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"


def _endless(connection: sqlite3.Connection) -> object:
    return cast("object", connection.execute(_ENDLESS).fetchone())


async def test_a_query_that_nobody_waits_for_is_given_up(tmp_path: Path) -> None:
    """A waiter that goes away ends an endless query, and the journal can be closed."""
    async with opened(tmp_path / "run.db", messages(3)) as journal:
        assert journal._writer is not None
        task = asyncio.ensure_future(journal._writer.call(_endless))
        await asyncio.sleep(0.05)
        task.cancel()
        async with asyncio.timeout(20):
            assert (await journal.summary()).messages == 3


async def test_an_open_that_nobody_waits_for_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A journal whose opening takes for ever is let go once it is cancelled."""
    path = tmp_path / "run.db"
    module = "cleverapp_async.bulk.journal.sqlite.database.check_file"
    monkeypatch.setattr(module, lambda connection, _: _endless(connection))
    task = asyncio.ensure_future(SqliteJournal(path).open(ORIGIN))
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    monkeypatch.undo()
    assert await _opens_soon(path)


async def test_a_close_that_nobody_waits_for_writes_all_the_same(tmp_path: Path) -> None:
    """What is left is written, and the journal let go, although the close was cancelled."""
    path = tmp_path / "run.db"
    journal = GatedJournal(path)
    await journal.open(ORIGIN)
    await load(journal, messages(300))
    journal.gate = threading.Event()
    results = [asyncio.ensure_future(journal.record(index, ACCEPTED)) for index in range(300)]
    closing = asyncio.ensure_future(journal.close("interrupted"))
    await asyncio.sleep(0.01)
    closing.cancel()
    journal.gate.set()
    await asyncio.gather(closing, *results, return_exceptions=True)
    assert await _opens_soon(path)
    with JournalReader(path) as reader:
        assert reader.summary().by_state[JournalState.ACCEPTED] == 300
        assert reader.summary().sessions[0].ended == "interrupted"


async def _opens_soon(path: Path) -> bool:
    """Whether a journal can be opened within some seconds."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        journal = SqliteJournal(path)
        try:
            await journal.open(ORIGIN)
        except JournalError:
            await asyncio.sleep(0.01)
        else:
            await journal.close("finished")
            return True
    return False
