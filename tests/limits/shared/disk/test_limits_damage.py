"""What lies in the place of a file of limits: damaged, half written, no file, or another's lock."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from cleverapp_async import AccountKey, LimiterRegistry, LimiterUnavailableError, LimitKey, Quota
from cleverapp_async.limits.shared.disk.log import look_into_folder
from cleverapp_async.limits.shared.disk.machine import machine_clock
from cleverapp_async.limits.shared.messages import LogCallError
from tests.late import check_took, in_time_once
from tests.raising import raises

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import TypeAlias

    from cleverapp_async.limits import OnFileUnavailable, SharedLimiterRegistry

    Damage: TypeAlias = Callable[[sqlite3.Connection], None]

ACCOUNT = AccountKey("5eed")
KEY = LimitKey(7, "telegram")


def registry(
    folder: Path | str,
    quota: Quota,
    account: AccountKey = ACCOUNT,
    *,
    policy: OnFileUnavailable = "raise",
    timeout: float = 5.0,
) -> SharedLimiterRegistry:
    """One process's registry with one quota."""
    limits = LimiterRegistry.on_disk(
        folder,
        messengers={"telegram": quota},
        account=None,
        on_unavailable=policy,
        timeout=timeout,
        guard=5.0,
    )
    limits.use_account(account)
    return limits


def file_of(folder: Path, account: AccountKey = ACCOUNT) -> Path:
    """An account's file."""
    return folder / f"{account.digest}.sqlite3"


async def use(limits: SharedLimiterRegistry) -> float:
    """One request that is answered at once; tells when, by the loop's clock."""
    permit = await limits.limiter(KEY).acquire()
    permit.sent()
    permit.settle()
    return asyncio.get_running_loop().time()


def _no_text(opened: sqlite3.Connection) -> None:
    opened.execute("UPDATE logs SET log = CAST(x'7bff7d' AS TEXT)")


def _no_string(opened: sqlite3.Connection) -> None:
    opened.execute("UPDATE logs SET log = CAST(log AS BLOB)")


def _rewrite(opened: sqlite3.Connection, name: str, place: int, value: object) -> None:
    (text,) = opened.execute("SELECT log FROM logs").fetchone()
    log = json.loads(text)
    log[name][place] = value
    _write(opened, log)


def _write(opened: sqlite3.Connection, log: object) -> None:
    text = json.dumps(log, separators=(",", ":"))
    opened.execute("UPDATE logs SET log = ?", (text,))


def _number(place: int, value: int) -> Damage:
    """Damage to one of the numbers: 2 is the last call, 3 a pause's end, 4 a hold's, 9 the end."""

    def damage(opened: sqlite3.Connection) -> None:
        _rewrite(opened, "numbers", place, value)

    return damage


def _no_quota(opened: sqlite3.Connection) -> None:
    _rewrite(opened, "quotas", 0, [0, 400_000])


def _moments(value: int) -> Damage:
    """Damage to the moments at which the slots are free again."""

    def damage(opened: sqlite3.Connection) -> None:
        (text,) = opened.execute("SELECT log FROM logs").fetchone()
        log = json.loads(text)
        assert log["windows"]["400000"]
        log["windows"]["400000"] = dict.fromkeys(log["windows"]["400000"], value)
        _write(opened, log)

    return damage


def _no_moment(opened: sqlite3.Connection) -> None:
    opened.execute("DELETE FROM logs")
    opened.execute("INSERT INTO losses VALUES (?, 'no time')", (machine_clock()().boot,))


def _loss_to_come(opened: sqlite3.Connection) -> None:
    opened.execute("DELETE FROM logs")
    reading = machine_clock()()
    lost = (reading.boot, reading.time + 3_600_000_000)
    opened.execute("INSERT INTO losses VALUES (?, ?)", lost)


@in_time_once
@pytest.mark.parametrize(
    "damage",
    [
        _no_text,
        _no_string,
        _number(3, 10**400),
        *(_number(place, 2**62) for place in (2, 3, 4, 9)),
        _number(9, 0),
        _moments(2**62),
        _moments(0),
        _no_quota,
        _no_moment,
        _loss_to_come,
    ],
)
async def test_damage_inside_the_file_costs_one_period(tmp_path: Path, damage: Damage) -> None:
    """What is not as it was written is as good as lost: who comes next waits for one period."""
    quota = Quota(1, 0.4)
    async with registry(tmp_path, quota) as limits:
        await use(limits)
    with closing(sqlite3.connect(file_of(tmp_path))) as opened, opened:
        damage(opened)
    assert look_into_folder(tmp_path) == []
    began = asyncio.get_running_loop().time()
    async with registry(tmp_path, quota) as limits:
        check_took(await use(limits) - began, 1.5, least=0.4)


async def test_a_name_that_cannot_be_read_is_passed_over(tmp_path: Path) -> None:
    """A key's name with a broken character hinders neither the others nor a look at them."""
    async with registry(tmp_path, Quota(1, 0.2)) as limits:
        await use(limits)
    with closing(sqlite3.connect(file_of(tmp_path))) as opened, opened:
        opened.execute("INSERT INTO logs VALUES (CAST(x'ff' AS TEXT), '{}')")
    assert [state.key for state in look_into_folder(tmp_path)] == [KEY]
    async with registry(tmp_path, Quota(1, 0.2)) as limits:
        await use(limits)


_KILLED = """
import os, signal, sqlite3, sys
opened = sqlite3.connect(sys.argv[1], isolation_level=None)
opened.executescript("PRAGMA journal_mode = PERSIST; PRAGMA cache_size = 1")
opened.execute("BEGIN IMMEDIATE")
opened.executemany("INSERT INTO logs VALUES (?, ?)", ((n, "x" * 5000) for n in range(200)))
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="nothing is killed like that there")
async def test_who_was_killed_while_it_wrote_hides_nothing(tmp_path: Path) -> None:
    """A look at the file undoes the half of a transaction that a killed process left."""
    async with registry(tmp_path, Quota(1, 0.2)) as limits:
        await use(limits)
    await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", _KILLED, str(file_of(tmp_path))], check=False
    )
    assert [state.key for state in look_into_folder(tmp_path)] == [KEY]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names")
async def test_what_is_no_file_is_neither_opened_nor_changed(tmp_path: Path) -> None:
    """A pipe in its place is named, is waited for by nobody, and keeps its mode."""
    path = file_of(tmp_path)
    os.mkfifo(path, 0o644)
    mode = path.stat().st_mode
    async with registry(tmp_path, Quota(1, 0.2), policy="wait") as limits:
        with raises(LimiterUnavailableError, path.name):
            await limits.limiter(KEY).acquire()
    with raises(LogCallError, path.name):
        look_into_folder(tmp_path)
    assert path.stat().st_mode == mode


async def test_a_file_stays_the_same_wherever_its_process_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that is not absolute is that of the first use, after a change of folder as well."""
    for name in ("before", "after"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "before")
    async with registry("limits", Quota(2, 0.2)) as limits:
        await use(limits)
        monkeypatch.chdir(tmp_path / "after")
        await use(limits)
    assert file_of(tmp_path / "before" / "limits").exists()
    assert not any((tmp_path / "after").iterdir())


async def test_one_account_does_not_wait_for_the_file_of_another(tmp_path: Path) -> None:
    """While somebody locks one account's file, another account of the process goes on."""
    other = AccountKey("0ther")
    quota = Quota(1, 0.01)
    locked, free = (registry(tmp_path, quota, each, policy="wait") for each in (ACCOUNT, other))
    async with locked, free:
        await use(locked)
        with closing(sqlite3.connect(file_of(tmp_path), isolation_level=None)) as opened:
            opened.execute("BEGIN IMMEDIATE")
            waiting = asyncio.create_task(use(locked))
            for _ in range(20):
                await use(free)
            # Far less than its time-out has passed: it still waits for the lock.
            assert locked.round_trips == 2
            assert not waiting.done()
        await waiting
