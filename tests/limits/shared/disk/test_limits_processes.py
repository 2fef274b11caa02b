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


_INTERRUPTED = """
import _thread, functools, logging, os, signal, sys, threading
from pathlib import Path
# As a signal that comes during the fork does: its handler runs in the next lines of Python.
os.register_at_fork(after_in_parent=functools.partial(_thread.interrupt_main, signal.SIGUSR1))
from cleverapp_async.limits.shared.disk import file as ours
from cleverapp_async.limits.shared.disk.machine import machine_clock

def limits(name):
    return ours.LimitsFile(Path(sys.argv[1], name), timeout=5.0, clock=machine_clock())

def use(file):  # in another thread, as a registry does
    thread = threading.Thread(target=file.carry_out, args=([],))
    thread.start()
    thread.join()

def handle(number, frame):
    waits = frame.f_locals.get("file") is old
    if frame.f_code.co_filename == ours.__file__ and (waits or raised.is_set()):
        raised.set()
        raise InterruptedError

def transact():
    with old.no_fork:
        held.set()
        while not raised.wait(0.01):
            os.kill(os.getpid(), signal.SIGUSR1)
        forked.wait()

signal.alarm(50)  # whoever hangs is ended by it
old = limits("old")
use(old)
held, raised, forked = (threading.Event() for _ in range(3))
signal.signal(signal.SIGUSR1, handle)
thread = threading.Thread(target=transact)
thread.start()
held.wait()
child = os.fork()
if child:
    forked.set()
    thread.join()
else:
    signal.alarm(50)
for again in range(2):
    use(old)
    use(limits(f"new {again}"))
    last = os.fork()
    if not last:
        signal.alarm(50)
        use(old)
        os._exit(0)
    if os.waitpid(last, 0)[1]:
        os._exit(1)
if not child:
    os._exit(0)
sys.exit(bool(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks there")
def test_a_handler_that_raises_while_a_process_forks_stops_nobody_for_ever(tmp_path: Path) -> None:
    """Python forks all the same: parent and child use old and new files, and fork, after it."""
    command = [sys.executable, "-W", "ignore", "-c", _INTERRUPTED, str(tmp_path)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr.count("InterruptedError") >= 3


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
