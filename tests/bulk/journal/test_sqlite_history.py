"""What a SQLite journal tells of the last minutes, for the limits of a resume."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from typing import TYPE_CHECKING

import pytest

from cleverapp_async import JournalError, SqliteJournal
from cleverapp_async.bulk.journal.sqlite.schema import VERSION
from cleverapp_async.journal import JournalState, SendHistory
from tests.bulk.journal.journals import TELEGRAM, VIBER, copy_journal, messages, opened, result

if TYPE_CHECKING:
    from pathlib import Path

S = JournalState


async def test_only_what_may_have_been_on_the_wire_since_then_is_told(tmp_path: Path) -> None:
    """By the moment of the result or of the intent, whichever is later; whatever the state."""
    async with opened(tmp_path / "run.db", messages(12)) as journal:
        assert isinstance(journal, SendHistory)
        assert await journal.sent_since(0.0, 100) == []
        for index, state in enumerate((S.ACCEPTED, S.REJECTED, S.NOT_SENT, S.UNKNOWN)):
            await journal.record(index, result(state, at=100.0 + index))
        begun = time.time()
        await journal.intend(4)
        assert {entry.index for entry in await journal.sent_since(102.0, 100)} == {2, 3, 4}
        (entry,) = await journal.sent_since(begun, 100)
        assert (entry.index, entry.state, entry.earlier) == (4, S.INTENT, 0)
        assert entry.message == messages(12)[4]
        found = {entry.index: entry for entry in await journal.sent_since(0.0, 100)}
        assert set(found) == {0, 1, 2, 3, 4}
        assert found[3].result == result(S.UNKNOWN, at=103.0)
        assert found[0].key == VIBER


async def test_the_newest_of_each_key_suffice(tmp_path: Path) -> None:
    """However much was sent, no more is read than the limits can use."""
    async with opened(tmp_path / "run.db", messages(60)) as journal:
        for index in range(60):
            await journal.record(index, result(S.ACCEPTED, at=1_000.0 - index))
        found = await journal.sent_since(0.0, 3)
        assert len(found) == 9
        by_key = {
            key: {entry.index for entry in found if entry.key == key}
            for key in (VIBER, TELEGRAM, None)
        }
        assert by_key == {VIBER: {0, 3, 6}, TELEGRAM: {1, 4, 7}, None: {2, 5, 8}}


async def test_an_attempt_that_was_withdrawn_leaves_its_end_and_its_number(tmp_path: Path) -> None:
    """Refused and to be tried again: the server may have counted it, so a resume must know."""
    async with opened(tmp_path / "run.db", messages(3)) as journal:
        await journal.intend(0)
        journal.withdraw(0)
        await journal.intend(0)
        begun = time.time()
        journal.withdraw(0)
        (entry,) = await journal.sent_since(begun, 10)
        assert (entry.state, entry.earlier, entry.result) == (S.PENDING, 2, None)
        await journal.intend(0)
        (entry,) = await journal.sent_since(begun, 10)
        assert (entry.state, entry.earlier) == (S.INTENT, 2)
        await journal.record(0, result(S.ACCEPTED, at=time.time()))
        (entry,) = await journal.sent_since(begun, 10)
        assert entry.earlier == 2
        assert entry.result is not None


async def test_an_orphan_tells_of_the_attempts_before_it(tmp_path: Path) -> None:
    """A run that died after two refusals had tried three times."""
    path = tmp_path / "run.db"
    async with opened(path, messages(3)) as journal:
        for _ in range(2):
            await journal.intend(0)
            journal.withdraw(0)
        await journal.intend(0)
        left = copy_journal(path, tmp_path / "left.db")
    async with opened(left, None) as journal:
        (entry,) = await journal.sent_since(time.time() - 60.0, 10)
        assert entry.state is S.UNKNOWN
        assert entry.earlier == 2


async def test_a_retry_that_did_nothing_leaves_its_end(tmp_path: Path) -> None:
    """A message that stays unknown keeps its older result, and the moment of the last attempt."""
    async with opened(tmp_path / "run.db", messages(3)) as journal:
        await journal.record(0, result(S.UNKNOWN, at=100.0))
        await journal.intend(0)
        ended_at = time.time() + 5.0
        await journal.record(0, result(S.REJECTED, at=ended_at))
        (entry,) = await journal.sent_since(200.0, 10)
        assert (entry.state, entry.intent_at) == (S.UNKNOWN, ended_at)
        assert entry.result == result(S.UNKNOWN, at=100.0)
        assert entry.earlier == 1


async def test_what_earlier_runs_sent_of_a_message_is_counted_for_a_day(tmp_path: Path) -> None:
    """A message that is sent again has been sent twice, as far as any limit counts."""
    path = tmp_path / "run.db"
    now = time.time()
    async with opened(path, messages(5)) as journal:
        await journal.record(0, result(S.UNKNOWN, at=now - 5.0))
        await journal.record(1, result(S.UNKNOWN, at=now - 90_000.0))
        await journal.record(2, result(S.NOT_SENT, at=now - 5.0))
        await journal.record(3, result(S.REJECTED, at=now - 5.0))
        for index in range(3):
            await journal.intend(index)
            await journal.record(index, result(S.ACCEPTED, at=now))
        await journal.intend(3)
        left = copy_journal(path, tmp_path / "left.db")
        found = {entry.index: entry.earlier for entry in await journal.sent_since(now, 10)}
        assert found == {0: 1, 1: 0, 2: 0, 3: 0}
    async with opened(left, None) as journal:
        found = {entry.index: entry.earlier for entry in await journal.sent_since(now, 10)}
        assert found == {0: 1, 1: 0, 2: 0, 3: 1}


async def test_a_journal_made_before_is_read_as_it_is(tmp_path: Path) -> None:
    """The history needs no table, column or index that an older journal has not."""
    path = tmp_path / "run.db"
    async with opened(path, messages(3)) as journal:
        await journal.record(0, result(S.ACCEPTED, at=100.0))
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (VERSION,)
        connection.execute("UPDATE fate SET intent_at = 99.0, attempts = NULL WHERE id = 0")
    connection.close()
    async with opened(path, None) as journal:
        (entry,) = await journal.sent_since(50.0, 10)
        assert entry.result is not None
        assert (entry.intent_at, entry.result.attempts) == (99.0, 0)


async def test_the_event_loop_does_not_wait_for_the_file(tmp_path: Path) -> None:
    """It is read in the writer's thread, while the loop goes on."""
    threads: set[int] = set()

    class Watched(SqliteJournal):
        def _commit(self, connection: sqlite3.Connection) -> None:
            def look(*_: object) -> int:
                threads.add(threading.get_ident())
                return 0

            super()._commit(connection)
            connection.set_progress_handler(look, 1)

    journal = Watched(tmp_path / "run.db")
    await journal.open("https://app.cleverapp.pro/api/v1")
    try:
        await journal.load(messages(30), lambda _: None, deduplicate=True)
        threads.clear()
        reading = asyncio.ensure_future(journal.sent_since(0.0, 10))
        await asyncio.sleep(0)
        assert not reading.done()
        await reading
        assert threads
        assert threading.get_ident() not in threads
    finally:
        await journal.close("finished")


async def test_a_journal_that_is_not_open_has_no_history(tmp_path: Path) -> None:
    """As for everything else it is asked."""
    with pytest.raises(JournalError, match="open"):
        await SqliteJournal(tmp_path / "run.db").sent_since(0.0, 10)
