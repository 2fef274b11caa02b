"""Processes of one machine on one file: twenty at once, forked, stopped with slots or the lock."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from cleverapp_async import LimiterUnavailableError, Quota
from tests.limits.oracle import most_in_window
from tests.limits.shared.disk.forked import QUOTA
from tests.limits.shared.fleet import ACCOUNT, KEY, registry
from tests.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def run_forked(folder: Path, processes: int, each: int) -> list[float]:
    """When each request of some processes was sent."""
    command = [sys.executable, "-m", "tests.limits.shared.disk.forked"]
    ended = subprocess.run(
        [*command, str(folder), str(processes), str(each)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert not ended.stderr.strip() or "DeprecationWarning" in ended.stderr
    return [float(line) for line in ended.stdout.split()]


def test_twenty_forked_processes_keep_one_quota(tmp_path: Path) -> None:
    """With their parent, which had the file open when they began."""
    sent = run_forked(tmp_path, 20, 3)
    assert len(sent) == 21 * 3
    assert most_in_window(sent, QUOTA.period) == QUOTA.limit


_STOPPED = """
import asyncio, sys
from pathlib import Path
from cleverapp_async import Quota
from tests.limits.shared.fleet import KEY, registry
async def main():
    async with registry(Path(sys.argv[1]), "p", Quota(2, 1.0), guard=2.0) as limits:
        limiter = limits.limiter(KEY)
        for permit in await asyncio.gather(limiter.acquire(), limiter.acquire()):
            permit.sent()
            permit.settle()
        waiting = [asyncio.create_task(limiter.acquire()) for _ in range(2)]
        await asyncio.sleep(0.5)  # their slots are booked for the next period by now
        print("booked", flush=True)
        for permit in await asyncio.gather(*waiting):
            import time
            print(time.monotonic(), flush=True)
            permit.sent()
            permit.settle()
asyncio.run(main())
"""


@pytest.fixture
def stopped(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that was stopped when it had booked the next two slots."""
    process = subprocess.Popen(
        [sys.executable, "-c", _STOPPED, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "booked\n"
    process.send_signal(signal.SIGSTOP)
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


async def test_who_was_stopped_does_not_use_what_it_had_booked(
    tmp_path: Path, stopped: subprocess.Popen[str]
) -> None:
    """Its slots go to others after the guard; when it goes on it asks for new ones."""
    quota, sent = 2, list[float]()
    async with registry(tmp_path, "p", Quota(quota, 1.0), guard=2.0) as limits:
        for _ in range(quota):
            permit = await limits.limiter(KEY).acquire()
            permit.sent()
            sent.append(time.monotonic())
            permit.settle()
    stopped.send_signal(signal.SIGCONT)
    told, _ = await asyncio.to_thread(stopped.communicate)
    sent += [float(line) for line in told.split()]
    assert len(sent) == 4
    assert most_in_window(sent, 1.0) == quota


_LOCKS = """
import os, signal, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
os.kill(os.getpid(), signal.SIGSTOP)
"""


@pytest.mark.parametrize("policy", ["raise", "local"])
async def test_who_is_stopped_with_the_lock_stops_nobody_for_ever(
    tmp_path: Path, policy: str
) -> None:
    """Others go by their policy after the time-out; when it is killed, the lock is free."""
    (tmp_path / "p").mkdir()
    path = tmp_path / "p" / f"{ACCOUNT.digest}.sqlite3"
    process = subprocess.Popen(  # noqa: ASYNC220 - it is stopped at once
        [sys.executable, "-c", _LOCKS, str(path)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "locked\n"
        kept = registry(tmp_path, "p", on_unavailable=policy, timeout=0.1)  # type: ignore[arg-type]
        async with kept as limits, asyncio.timeout(20):
            if policy == "raise":
                with pytest.raises(LimiterUnavailableError):
                    await limits.limiter(KEY).acquire()
            else:
                (await limits.limiter(KEY).acquire()).settle()
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            (await limits.limiter(KEY).acquire()).settle()
    finally:
        process.kill()
        process.communicate()
