"""A journal's file that was separated from SQLite's log: what the log may know is not sent."""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from cleverapp_async import JournalError, SqliteJournal
from cleverapp_async.bulk.journal.sqlite.lock import JournalLock
from cleverapp_async.bulk.journal.sqlite.reader import check_openable
from cleverapp_async.journal import (
    JournalLostError,
    JournalMismatchError,
    JournalReader,
    JournalState,
    JournalWriteError,
    resolve_unknown,
)
from tests.bulk.journal.journals import (
    ACCEPTED,
    ORIGIN,
    copy_journal,
    load,
    messages,
    opened,
    result,
)
from tests.raising import raises

if TYPE_CHECKING:
    from pathlib import Path

S = JournalState
_COUNT = 9


async def _earlier(path: Path, runs: int) -> None:
    """Runs that ended in order."""
    for _ in range(runs):
        async with opened(path, messages(_COUNT)) as journal:
            await journal.intend(7)
            await journal.record(7, result(S.NOT_SENT))


async def _crashed(path: Path, *, runs: int = 1) -> Path:
    """The files of a campaign whose last run died after it had sent messages."""
    work = path.with_name("work.db")
    await _earlier(work, runs - 1)
    async with opened(work, messages(_COUNT)) as journal:
        await asyncio.gather(*map(journal.intend, range(4)))
        await journal.record(0, ACCEPTED)
        await journal.record(1, result(S.REJECTED, permanent=True))
        return copy_journal(work, path)


def _alone(path: Path) -> Path:
    """A copy of the journal's own file, in another folder."""
    folder = path.with_name("elsewhere")
    folder.mkdir()
    return shutil.copyfile(path, folder / path.name)


def _counts(path: Path) -> dict[JournalState, int]:
    with JournalReader(path) as reader:
        return {state: count for state, count in reader.summary().by_state.items() if count}


@pytest.mark.parametrize("runs", [1, 2])
async def test_a_file_without_its_log_is_not_resumed(tmp_path: Path, runs: int) -> None:
    """After a crash the file alone is refused, with the name of the log, and is left as it is."""
    path = await _crashed(tmp_path / "run.db", runs=runs)
    alone = _alone(path)
    before = alone.read_bytes()
    with raises(JournalError, "run.db-wal", str(alone)):
        await SqliteJournal(alone).open(ORIGIN)
    assert alone.read_bytes() == before


@pytest.mark.parametrize("runs", [1, 2])
async def test_a_file_without_its_log_shows_what_is_in_doubt(tmp_path: Path, runs: int) -> None:
    """What the log may have known of is of unknown outcome, and looking writes nothing."""
    alone = _alone(await _crashed(tmp_path / "run.db", runs=runs))
    before = alone.read_bytes()
    assert _counts(alone) == {S.UNKNOWN: _COUNT}
    with JournalReader(alone) as reader:
        assert [entry.index for entry in reader.entries(S.UNKNOWN)] == list(range(_COUNT))
        assert [count for _, count in reader.errors()] == [_COUNT]
    assert alone.read_bytes() == before
    assert [file.name for file in alone.parent.iterdir()] == [alone.name]


async def test_the_log_that_is_put_back_tells_all(tmp_path: Path) -> None:
    """With its log beside it the moved file is the journal again."""
    path = await _crashed(tmp_path / "run.db")
    alone = _alone(path)
    copy_journal(path, alone)
    assert _counts(alone) == {S.ACCEPTED: 1, S.REJECTED: 1, S.INTENT: 2, S.PENDING: 5}
    async with opened(alone, messages(_COUNT)) as journal:
        assert (await journal.summary()).by_state[S.UNKNOWN] == 2


async def test_a_log_that_is_gone_for_good_is_settled_by_word(tmp_path: Path) -> None:
    """Who settles what is in doubt has a campaign that can be resumed."""
    alone = _alone(await _crashed(tmp_path / "run.db"))
    assert resolve_unknown(alone, S.ACCEPTED, [0, 1]) == 2
    assert _counts(alone) == {S.ACCEPTED: 2, S.UNKNOWN: _COUNT - 2}
    async with opened(alone, messages(_COUNT)) as journal:
        assert (await journal.summary()).by_state[S.UNKNOWN] == _COUNT - 2


async def test_whoever_looks_leaves_the_log_of_a_crash(tmp_path: Path) -> None:
    """After somebody looked at a crashed campaign it is resumed as if nobody had."""
    path = await _crashed(tmp_path / "run.db")
    counts = _counts(path)
    assert _counts(path) == counts
    async with opened(path, None) as journal:
        assert (await journal.summary()).by_state[S.UNKNOWN] == 2


async def test_a_campaign_that_ended_in_order_is_its_file_alone(tmp_path: Path) -> None:
    """After a run that ended, be it that it was refused after a crash, the file needs no log."""
    path = await _crashed(tmp_path / "run.db")
    refused = SqliteJournal(path)
    await refused.open(ORIGIN)
    with raises(JournalMismatchError):
        await load(refused, messages(_COUNT + 1))
    await refused.close("refused")
    alone = _alone(path)
    async with opened(alone, messages(_COUNT)) as journal:
        assert (await journal.summary()).by_state[S.ACCEPTED] == 1


def _log(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


def _merge(path: Path) -> None:
    """Open and close it with another program of SQLite's, which puts the log into the file."""
    with closing(sqlite3.connect(path)) as other:
        other.execute("SELECT count(*) FROM fate").fetchone()
    assert not _log(path).exists()


def _cut(path: Path, keep: float) -> None:
    log = _log(path)
    os.truncate(log, int(log.stat().st_size * keep))
    path.with_name(f"{path.name}-shm").unlink()


async def _crashed_later(path: Path, *, runs: int = 1) -> Path:
    """A campaign whose last run died after it had sent messages in several transactions."""
    work = path.with_name("work.db")
    await _earlier(work, runs - 1)
    async with opened(work, messages(_COUNT)) as journal:
        for index in range(6):
            await journal.intend(index)
            await journal.record(index, ACCEPTED)
        return copy_journal(work, path)


async def test_a_log_that_another_program_merged_is_missing(tmp_path: Path) -> None:
    """Nobody can tell whether all of a log went into the file, so that it is settled by word."""
    path = await _crashed(tmp_path / "run.db")
    _merge(path)
    with raises(JournalError, "run.db-wal", "campaign resolve"):
        await SqliteJournal(path).open(ORIGIN)
    assert _counts(path) == {S.ACCEPTED: 1, S.REJECTED: 1, S.UNKNOWN: 7}


@pytest.mark.parametrize(
    ("runs", "keep"),
    [(1, 0.3), (1, 0.6), (1, 0.9), pytest.param(2, 0.1, id="2-0.1: before the mark of its run")],
)
async def test_a_log_that_was_cut_is_noticed(tmp_path: Path, runs: int, keep: float) -> None:
    """What the rest of the log does not tell is not sent: it is unknown, and settled by word."""
    path = await _crashed_later(tmp_path / "run.db", runs=runs)
    _cut(path, keep)
    rest, counts = _log(path).read_bytes(), _counts(path)
    for _ in range(2):
        with raises(JournalError, "run.db-wal", "older copy", "campaign resolve"):
            await SqliteJournal(path).open(ORIGIN)
        with raises(JournalError, "run.db-wal"):
            check_openable(path, ORIGIN, create=False)
        assert _counts(path) == counts
        assert _log(path).read_bytes() == rest, "who refuses or looks leaves the log as it is"
    assert counts.get(S.ACCEPTED, 0) + counts[S.UNKNOWN] == _COUNT
    assert resolve_unknown(path, S.ACCEPTED) == counts[S.UNKNOWN]
    async with opened(path, messages(_COUNT)) as journal:
        assert (await journal.summary()).by_state[S.ACCEPTED] == _COUNT


_DIES_AFTER_SETTLING = """
import os, signal, sqlite3, sys
from cleverapp_async.journal import JournalState, resolve_unknown

settled = False

def told(statement):
    global settled
    settled = settled or statement.startswith("UPDATE fate SET state")
    if settled and statement.startswith("SELECT 1 FROM meta"):
        os.kill(os.getpid(), signal.SIGKILL)  # all is committed, and the file is about to be closed

def connect(*arguments, **named):
    connection = plain(*arguments, **named)
    connection.set_trace_callback(told)
    return connection

plain, sqlite3.connect = sqlite3.connect, connect
resolve_unknown(sys.argv[1], JournalState(sys.argv[2]), [6, 7])
"""


@pytest.mark.parametrize("state", [S.ACCEPTED, S.NOT_SENT])
@pytest.mark.parametrize("cut", [True, False])
async def test_what_was_settled_stays_so_when_the_settling_is_killed(
    tmp_path: Path, state: JournalState, cut: bool
) -> None:
    """A kill between the last commit and the end brings no doubt back, and nothing is lost."""
    path = await _crashed_later(tmp_path / "run.db")
    if cut:
        _cut(path, 0.6)
    else:
        path = _alone(path)
    counts = _counts(path)
    command = [sys.executable, "-c", _DIES_AFTER_SETTLING, str(path), state.value]
    ended = await asyncio.to_thread(subprocess.run, command, check=False)
    assert ended.returncode == -signal.SIGKILL
    settled = {**counts, S.UNKNOWN: counts[S.UNKNOWN] - 2}
    settled[state] = settled.get(state, 0) + 2
    assert _counts(path) == settled
    check_openable(path, ORIGIN, create=False)
    async with opened(path, messages(_COUNT)) as journal:
        found = (await journal.summary()).by_state
        assert {one: count for one, count in found.items() if count} == settled
    assert _counts(path) == settled


async def test_a_cut_log_that_another_program_merged_is_noticed(tmp_path: Path) -> None:
    """A file without a log lacks what it does not know of, whoever has removed the log."""
    path = await _crashed_later(tmp_path / "run.db")
    _cut(path, 0.6)
    _merge(path)
    with raises(JournalError, "run.db-wal"):
        await SqliteJournal(path).open(ORIGIN)


async def test_an_intent_that_was_withdrawn_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A withdrawal takes no intent out of the count, whatever the clock shows by then."""
    work = tmp_path / "work.db"
    async with opened(work, messages(_COUNT)) as journal:
        await journal.intend(3)
        monkeypatch.setattr(time, "time", lambda: 1e9)
        journal.withdraw(3)
        await journal.summary()
        path = copy_journal(work, tmp_path / "run.db")
    async with opened(path, None) as journal:
        assert (await journal.summary()).by_state[S.PENDING] == _COUNT


@pytest.mark.parametrize(
    "kept",
    [b"", b"\xff", b"[1]", b"[1, {}]", b"[NaN, 9]", b"[" * 250, b"[5.0, 999]"],
    ids=["nothing", "bytes", "short", "object", "no time", "nested", "another campaign's"],
)
async def test_what_is_kept_and_makes_no_sense_is_nothing(tmp_path: Path, kept: bytes) -> None:
    """Nothing is told by what is not this campaign's, or not readable."""
    path = await _crashed(tmp_path / "run.db")
    lock = path.with_name("run.db.lock")
    lock.write_bytes(lock.read_bytes()[:4096] + kept)
    async with opened(path, None) as journal:
        assert (await journal.summary()).by_state[S.UNKNOWN] == 2


def _full(lock: JournalLock, told: bytes) -> None:
    del lock, told
    raise OSError(errno.ENOSPC, "No space left on device")


async def test_what_cannot_be_kept_is_written_all_the_same(tmp_path: Path) -> None:
    """An intent that is durable is told so, and what was kept before it raises no false alarm."""
    work = tmp_path / "work.db"
    async with opened(work, messages(_COUNT)) as journal:
        await journal.intend(0)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(JournalLock, "keep", _full)
            await journal.intend(1)
            await journal.record(1, ACCEPTED)
        path = copy_journal(work, tmp_path / "run.db")
        await journal.intend(2)
    async with opened(path, None) as journal:
        counts = (await journal.summary()).by_state
        assert (counts[S.ACCEPTED], counts[S.UNKNOWN]) == (1, 1)
        assert [entry.earlier for entry in await journal.sent_since(0, 9)] == [0, 0]


async def test_a_run_that_can_keep_nothing_does_not_begin(tmp_path: Path) -> None:
    """A full disk is told before anything is sent, with what helps."""
    path = tmp_path / "run.db"
    journal = SqliteJournal(path)
    await journal.open(ORIGIN)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(JournalLock, "keep", _full)
        with raises(JournalWriteError, path, "make room"):
            await load(journal, messages(_COUNT))
    await journal.close("failed")


async def _finished_once(path: Path) -> Path:
    """A campaign that has sent one message, and a copy of it."""
    async with opened(path, messages(_COUNT)) as journal:
        await journal.intend(0)
        await journal.record(0, ACCEPTED)
    return shutil.copyfile(path, path.with_name("older.db"))


def _restore(older: Path, path: Path) -> None:
    for end in ("-wal", "-shm"):
        path.with_name(path.name + end).unlink(missing_ok=True)
    older.replace(path)


async def _refused_as_older(path: Path) -> None:
    with raises(JournalError, path, "older copy"):
        await SqliteJournal(path).open(ORIGIN)
    assert _counts(path) == {S.ACCEPTED: 1, S.UNKNOWN: _COUNT - 1}


async def test_an_older_copy_in_the_place_of_a_crashed_run_is_noticed(tmp_path: Path) -> None:
    """A backup from before the run that died does not send again what that run sent."""
    work = tmp_path / "work.db"
    older = await _finished_once(work)
    async with opened(work, messages(_COUNT)) as journal:
        await journal.intend(1)
        path = copy_journal(work, tmp_path / "run.db")
    _restore(older, path)
    await _refused_as_older(path)


async def test_an_older_copy_in_the_place_of_a_damaged_file_is_noticed(tmp_path: Path) -> None:
    """A crashed run whose file is refused as damaged is not forgotten by that, nor is its log."""
    work = tmp_path / "work.db"
    older = await _finished_once(work)
    async with opened(work, messages(_COUNT)) as journal:
        await journal.intend(1)
        assert journal._writer is not None
        await journal._writer.call(lambda the: the.execute("UPDATE fate SET before = -1"))
        path = copy_journal(work, tmp_path / "run.db")
        await journal._writer.call(lambda the: the.execute("UPDATE fate SET before = 0"))
    log = _log(path).read_bytes()
    with raises(JournalError, path, "damaged"):
        await SqliteJournal(path).open(ORIGIN)
    with raises(JournalError, path, "damaged"):
        resolve_unknown(path, S.ACCEPTED)
    assert _log(path).read_bytes() == log
    _restore(older, path)
    await _refused_as_older(path)


@pytest.mark.skipif(os.name == "nt", reason="open files stay there")
async def test_an_older_copy_in_the_place_of_a_running_journal_is_noticed(tmp_path: Path) -> None:
    """A run that ends without its file leaves beside its path what tells that a copy is older."""
    path = tmp_path / "run.db"
    older = await _finished_once(path)
    journal = SqliteJournal(path)
    await journal.open(ORIGIN)
    await load(journal, messages(_COUNT))
    await journal.intend(1)
    _restore(older, path)
    with raises(JournalLostError, path):
        await journal.close("finished")
    await _refused_as_older(path)


async def test_a_version_that_is_too_old_leaves_the_log(tmp_path: Path) -> None:
    """A crashed campaign of a later version is refused, and the later version can resume it."""
    work = tmp_path / "work.db"
    async with opened(work, messages(_COUNT)) as journal:
        await journal.intend(1)
        assert journal._writer is not None
        await journal._writer.call(lambda the: the.execute("PRAGMA user_version = 99"))
        path = copy_journal(work, tmp_path / "run.db")
    log = _log(path).read_bytes()
    with raises(JournalError, path, "99"):
        await SqliteJournal(path).open(ORIGIN)
    assert _log(path).read_bytes() == log
