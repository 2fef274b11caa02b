"""A journal's file that was separated from SQLite's log: what the log may know is not sent."""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from attrs import evolve

from cleverapp_async import JournalError, SqliteJournal
from cleverapp_async.bulk.journal.sqlite.lock import JournalLock
from cleverapp_async.bulk.journal.sqlite.log import LastIntent
from cleverapp_async.bulk.journal.sqlite.reader import check_openable
from cleverapp_async.journal import (
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


async def _crashed(path: Path, *, runs: int = 1) -> Path:
    """The files of a campaign whose last run died after it had sent messages."""
    work = path.with_name("work.db")
    for _ in range(runs - 1):
        async with opened(work, messages(_COUNT)) as journal:
            await journal.intend(7)
            await journal.record(7, result(S.NOT_SENT))
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


async def _crashed_later(path: Path) -> Path:
    """A campaign that died after it had sent messages in several transactions."""
    work = path.with_name("work.db")
    async with opened(work, messages(_COUNT)) as journal:
        for index in range(6):
            await journal.intend(index)
            await journal.record(index, ACCEPTED)
        return copy_journal(work, path)


async def test_a_log_that_another_program_merged_is_not_missing(tmp_path: Path) -> None:
    """A journal that lost nothing is resumed, though the log beside it has gone."""
    path = await _crashed(tmp_path / "run.db")
    counts = _counts(path)
    _merge(path)
    assert _counts(path) == counts
    async with opened(path, messages(_COUNT)) as journal:
        assert (await journal.summary()).by_state[S.UNKNOWN] == 2


async def test_a_run_that_died_before_it_sent_loses_nothing(tmp_path: Path) -> None:
    """Without an intent there is none that a log could have known of."""
    work = tmp_path / "work.db"
    async with opened(work, messages(_COUNT)):
        path = copy_journal(work, tmp_path / "run.db")
    _log(path).unlink()
    async with opened(path, None) as journal:
        assert (await journal.summary()).by_state[S.PENDING] == _COUNT


@pytest.mark.parametrize("boot", ["another", ""])
async def test_what_a_power_cut_may_have_lost_proves_nothing(tmp_path: Path, boot: str) -> None:
    """After a start of the machine a file without its log may lack what was kept of it, too."""
    path = await _crashed(tmp_path / "run.db")
    _merge(path)
    lock = path.with_name("run.db.lock")
    kept = LastIntent.read(path)
    assert kept is not None
    lock.write_bytes(lock.read_bytes()[:2048] + evolve(kept, boot=boot).encode())
    with raises(JournalError, "run.db-wal"):
        await SqliteJournal(path).open(ORIGIN)


@pytest.mark.parametrize("keep", [0.3, 0.6, 0.9])
async def test_a_log_that_was_cut_is_noticed(tmp_path: Path, keep: float) -> None:
    """What the rest of the log does not tell is not sent: it is unknown, and settled by word."""
    path = await _crashed_later(tmp_path / "run.db")
    _cut(path, keep)
    for _ in range(2):
        with raises(JournalError, "run.db-wal", "campaign resolve"):
            await SqliteJournal(path).open(ORIGIN)
        with raises(JournalError, "run.db-wal"):
            check_openable(path, ORIGIN, create=False)
    counts = _counts(path)
    assert counts.get(S.ACCEPTED, 0) + counts[S.UNKNOWN] == _COUNT
    assert resolve_unknown(path, S.ACCEPTED) == counts[S.UNKNOWN]
    async with opened(path, messages(_COUNT)) as journal:
        assert (await journal.summary()).by_state[S.ACCEPTED] == _COUNT


async def test_a_cut_log_that_another_program_merged_is_noticed(tmp_path: Path) -> None:
    """A file without a log lacks what it does not know of, whoever has removed the log."""
    path = await _crashed_later(tmp_path / "run.db")
    _cut(path, 0.6)
    _merge(path)
    with raises(JournalError, "run.db-wal"):
        await SqliteJournal(path).open(ORIGIN)


async def test_an_intent_that_was_withdrawn_is_known(tmp_path: Path) -> None:
    """A journal that says later what became of the last intent lacks nothing."""
    work = tmp_path / "work.db"
    async with opened(work, messages(_COUNT)) as journal:
        await journal.intend(3)
        journal.withdraw(3)
        await journal.summary()
        path = copy_journal(work, tmp_path / "run.db")
    async with opened(path, None) as journal:
        assert (await journal.summary()).by_state[S.PENDING] == _COUNT


@pytest.mark.parametrize(
    "kept",
    [b"", b"\xff", b"[1]", b"[1, 2, {}, 3]", b'[5.0, "", 3, 1%s]' % (b"0" * 200)],
    ids=["nothing", "bytes", "short", "object", "another campaign's"],
)
async def test_what_is_kept_and_makes_no_sense_is_nothing(tmp_path: Path, kept: bytes) -> None:
    """Nothing is told by what is not this campaign's, or not readable."""
    path = await _crashed(tmp_path / "run.db")
    lock = path.with_name("run.db.lock")
    lock.write_bytes(lock.read_bytes()[:2048] + kept)
    async with opened(path, None) as journal:
        assert (await journal.summary()).by_state[S.UNKNOWN] == 2


async def test_what_cannot_be_kept_is_not_sent(tmp_path: Path) -> None:
    """An intent that nobody would miss ends the run, as one that cannot be written does."""
    path = tmp_path / "run.db"

    def full(lock: JournalLock, told: bytes) -> None:
        del lock, told
        raise OSError(errno.ENOSPC, "No space left on device")

    async with opened(path, messages(_COUNT)) as journal:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(JournalLock, "keep", full)
            with raises(JournalWriteError, "No space left"):
                await journal.intend(1)
