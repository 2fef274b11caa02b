"""A journal that fails in the middle of a run: it stops, and says what was sent."""

from __future__ import annotations

import errno
import os
import re
import shutil
import sqlite3
import sys
from typing import TYPE_CHECKING

import pytest

from cleverapp_async import (
    CleverAppClient,
    JournalError,
    JournalLockedError,
    LimiterRegistry,
    Outcome,
    SqliteJournal,
)
from cleverapp_async.journal import JournalLostError, JournalReader, JournalState, JournalWriteError
from cleverapp_async.simulator import Latency, Simulator, SimulatorLimits
from tests.bulk.journal.journals import ACCEPTED, ORIGIN, load, messages

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cleverapp_async import SendOutcome

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="open files stay there")

_COUNT = 200


def _delete(path: Path) -> None:
    path.unlink()


def _delete_all(path: Path) -> None:
    for file in path.parent.glob(f"{path.name}*"):
        file.unlink()


def _move(path: Path) -> None:
    path.rename(path.with_name("moved.db"))


def _move_folder(path: Path) -> None:
    path.parent.rename(path.parent.with_name("elsewhere"))


def _replace(path: Path) -> None:
    copy = path.with_name("copy.db")
    shutil.copyfile(path, copy)
    copy.replace(path)


def _delete_log(path: Path) -> None:
    path.with_name(f"{path.name}-wal").unlink()


def _cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


async def _broken_off(
    path: Path, happens: Callable[[Path], None], journal: SqliteJournal | None = None
) -> tuple[JournalError, list[SendOutcome]]:
    """A real run to whose journal something happens after 20 outcomes: its error and outcomes."""
    seen: list[SendOutcome] = []
    limits = LimiterRegistry(messengers={"telegram": None, "viber": None}, account=None)
    given = [one for one in messages(_COUNT) if one.route is not None]
    async with (
        Simulator(limits=SimulatorLimits.none(), latency=Latency.constant(0.002)) as simulator,
        CleverAppClient(simulator.api_token, base_url=simulator.base_url, limits=limits) as client,
    ):
        run = client.run_campaign(journal or SqliteJournal(path), given, concurrency=4)

        async def watch() -> None:
            async for outcome in run:
                seen.append(outcome)
                if len(seen) == 20:
                    happens(path)

        with pytest.raises(JournalError) as raised:
            await watch()
        assert len(simulator.arrivals) == len(seen)
    error = raised.value
    # What is on the wire ends, and nothing more is sent: a few, of 134.
    assert 20 <= len(seen) <= 40
    assert error.so_far == {Outcome.ACCEPTED: len(seen)}
    assert f"{len(seen)} accepted" in str(error)
    assert error.outcome is Outcome.UNKNOWN
    assert str(path) in str(error)
    return error, seen


@pytest.mark.parametrize("happens", [_delete, _delete_all, _replace])
async def test_a_journal_that_is_deleted_stops_the_run(
    tmp_path: Path, happens: Callable[[Path], None]
) -> None:
    """A file that is gone is noticed at the next commit, and the error tells what was sent."""
    error, _ = await _broken_off(tmp_path / "run.db", happens)
    assert isinstance(error, JournalLostError)
    assert "deleted" in str(error)


async def test_a_journal_that_is_cut_stops_the_run(tmp_path: Path) -> None:
    """A file that has lost its end is noticed as one that is gone, while it can be told of."""
    error, _ = await _broken_off(tmp_path / "run.db", _cut)
    assert isinstance(error, JournalLostError)
    assert "cut" in str(error)


@pytest.mark.parametrize("happens", [_move, _move_folder, _delete_log])
async def test_a_journal_that_is_moved_stops_the_run_and_keeps_its_results(
    tmp_path: Path, happens: Callable[[Path], None]
) -> None:
    """What was sent is in the file wherever it is now, as accepted: nothing is sent twice."""
    folder = tmp_path / "folder"
    folder.mkdir()
    error, seen = await _broken_off(folder / "run.db", happens)
    assert isinstance(error, JournalLostError)
    places: dict[object, Path] = {
        _move: folder / "moved.db",
        _move_folder: tmp_path / "elsewhere" / "run.db",
        _delete_log: folder / "run.db",
    }
    with JournalReader(places[happens]) as reader:
        counts = reader.summary().by_state
        assert reader.holder() is None
    assert counts[JournalState.ACCEPTED] == len(seen)
    assert counts[JournalState.UNKNOWN] + counts[JournalState.INTENT] == 0


class _Failing(SqliteJournal):
    """Its commits fail from a moment on, as those on a failing disk do."""

    error: BaseException | None = None

    def _commit(self, connection: sqlite3.Connection) -> None:
        """Fail, or commit."""
        if self.error is not None:
            raise self.error
        super()._commit(connection)


def _sqlite_error(name: str, text: str) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError(text)
    error.sqlite_errorname = name
    return error


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        (_sqlite_error("SQLITE_FULL", "database or disk is full"), "room"),
        (_sqlite_error("SQLITE_READONLY_DBMOVED", "readonly"), "folder"),
        (_sqlite_error("SQLITE_IOERR_FSYNC", "disk I/O error"), "disk"),
        (_sqlite_error("SQLITE_CORRUPT", "malformed"), "copy"),
        (OSError("the disk is gone"), "file"),
        (OSError(errno.ENOSPC, "No space left on device"), "make room"),
        (MemoryError("no memory"), "file"),
        (KeyboardInterrupt(), "file"),
        (SystemExit(3), "file"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)
async def test_a_commit_that_fails_stops_the_run(
    tmp_path: Path, error: BaseException, remedy: str
) -> None:
    """Whatever a commit raises, the error says what was sent, what is unknown, and the remedy."""
    path = tmp_path / "run.db"
    journal = _Failing(path)

    def happens(_: Path) -> None:
        journal.error = error

    found, seen = await _broken_off(path, happens, journal)
    assert isinstance(found, JournalWriteError)
    assert remedy in str(found)
    with JournalReader(path) as reader:
        counts = reader.summary().by_state
    lost = counts[JournalState.INTENT]
    assert counts[JournalState.ACCEPTED] == len(seen) - lost
    assert bool(re.search(rf"\b{lost} .*unknown", str(found))) == bool(lost)


async def test_a_journal_that_is_deleted_at_the_very_end_is_told(tmp_path: Path) -> None:
    """A run is not called finished when its file is gone before it could be closed."""
    path = tmp_path / "run.db"
    journal = SqliteJournal(path)
    await journal.open(ORIGIN)
    await load(journal, messages(2))
    await journal.intend(0)
    await journal.record(0, ACCEPTED)
    _delete(path)
    with pytest.raises(JournalLostError):
        await journal.close("finished")


async def test_another_run_that_takes_the_journal_over_stops_this_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that was fenced off ends with what it has sent, all of it in the journal."""
    path = tmp_path / "run.db"
    monkeypatch.setattr("cleverapp_async.bulk.journal.sqlite.lock._try_lock", lambda *_, **__: True)

    def take_over(_: Path) -> None:
        connection = sqlite3.connect(path)
        with connection:
            connection.execute("INSERT INTO session (started_at, pid, host) VALUES (1, 1, 'b')")
            connection.execute("UPDATE fate SET state = 5, before = 0 WHERE state = 1")
        connection.close()

    error, seen = await _broken_off(path, take_over)
    assert isinstance(error, JournalLockedError)
    with JournalReader(path) as reader:
        counts = reader.summary().by_state
    assert counts[JournalState.ACCEPTED] == len(seen)
    assert counts[JournalState.UNKNOWN] + counts[JournalState.INTENT] == 0
