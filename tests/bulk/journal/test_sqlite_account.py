"""A campaign that goes on with another token: said, not refused, and the token is nowhere."""

from __future__ import annotations

import logging
import sqlite3
import time
from typing import TYPE_CHECKING

from cleverapp_async import CleverAppClient, SqliteJournal
from cleverapp_async._secret import Secret
from cleverapp_async.journal import purge_journal
from cleverapp_async.simulator import Simulator

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

FIRST, SECOND = "Abcdefgh12345678Abcdefgh12345678", "Zyxwvuts87654321Zyxwvuts87654321"


async def _run(
    path: Path, simulator: Simulator, token: str, caplog: pytest.LogCaptureFixture
) -> bool:
    """Resume with nothing left to send; gives whether it was said that the token is another."""
    caplog.clear()
    async with CleverAppClient(token, base_url=simulator.base_url) as client:
        run = client.run_campaign(SqliteJournal(path), [])
        assert [outcome async for outcome in run] == []
    warned = [one for one in caplog.records if "token" in one.getMessage()]
    assert all(one.name == "cleverapp_async" and one.levelno == logging.WARNING for one in warned)
    assert run.other_account == bool(warned)
    return run.other_account


async def test_another_token_is_said_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The first run and one with the same token say nothing; each change of the token is said."""
    path = tmp_path / "run.db"
    async with Simulator() as simulator:
        given = [FIRST, FIRST, SECOND, SECOND, FIRST]
        told = [await _run(path, simulator, token, caplog) for token in given]
    assert told == [False, False, True, False, True]


async def test_a_journal_without_a_mark_says_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A journal of before knows no token, and learns the present one."""
    path = tmp_path / "run.db"
    async with Simulator() as simulator:
        await _run(path, simulator, FIRST, caplog)
        connection = sqlite3.connect(path)
        with connection:
            connection.execute("DELETE FROM meta WHERE name LIKE 'account%'")
        connection.close()
        assert not await _run(path, simulator, SECOND, caplog)
        assert await _run(path, simulator, FIRST, caplog)


async def test_no_token_is_in_the_files(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Neither the token nor any hash of it longer than four bytes is in a file of the journal."""
    path = tmp_path / "run.db"
    async with Simulator() as simulator:
        await _run(path, simulator, FIRST, caplog)
    connection = sqlite3.connect(path)
    salt, mark = (
        connection.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()[0]
        for name in ("account_salt", "account_mark")
    )
    connection.close()
    assert (len(salt), len(mark)) == (16, 4)
    assert mark == Secret(FIRST).mark(salt)
    for file in tmp_path.iterdir():  # noqa: ASYNC240 - a test
        content = file.read_bytes()
        for part in (FIRST, FIRST[:8], FIRST[-8:], Secret(FIRST).digest()[:16]):
            assert part.encode() not in content


async def test_a_purge_erases_the_mark(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing of the account is left in a journal that was purged."""
    path = tmp_path / "run.db"
    async with Simulator() as simulator:
        await _run(path, simulator, FIRST, caplog)
    purge_journal(path)
    connection = sqlite3.connect(path)
    names = {row[0] for row in connection.execute("SELECT name FROM meta")}
    connection.close()
    assert not {name for name in names if name.startswith("account")}


def test_a_mark_is_slow_to_try_and_salted() -> None:
    """A mark depends on the salt, and a guess costs more than ten milliseconds."""
    token = Secret(FIRST)
    begun = time.perf_counter()
    mark = token.mark(bytes(16))
    assert time.perf_counter() - begun > 0.01
    assert mark != token.mark(bytes(15) + b"x")
    assert mark != Secret(SECOND).mark(bytes(16))
