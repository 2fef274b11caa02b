"""A journal's file that was separated from SQLite's log: what the log may know is not sent."""

from __future__ import annotations

import asyncio
import shutil
from typing import TYPE_CHECKING

import pytest

from cleverapp_async import JournalError, SqliteJournal
from cleverapp_async.journal import (
    JournalMismatchError,
    JournalReader,
    JournalState,
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
