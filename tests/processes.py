"""The processes that tests start: they begin like any other, and none outlives what started it.

``python -m tests.processes COMMAND…`` runs a command and, however it ends, ends all that it
left running.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import psutil

from tests.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from types import FrameType

__all__ = ["begin_with_default_signals", "end", "main", "run_code", "started_by_us"]

_FROM_THE_PARENT = ("SIGINT", "SIGHUP", "SIGQUIT", "SIGTERM")
_PR_SET_CHILD_SUBREAPER = 36


def begin_with_default_signals() -> None:
    """Let the processes that are started from here on meet signals as under a terminal.

    A background job of a shell, ``nohup`` and some runners of continuous integration ignore
    signals, and a process inherits that. What has a handler here, a new program meets by default.
    """
    for name in _FROM_THE_PARENT:
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_IGN:
            # asyncio takes an interrupt over from Python's own handler and from no other.
            ours = signal.default_int_handler if number == signal.SIGINT else _ignore
            signal.signal(number, ours)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_SETMASK, ())


def _ignore(_number: int, _frame: FrameType | None) -> None:
    """As our parent wants it."""


def run_code(
    code: str, *arguments: str, options: Sequence[str] = (), check: bool = True
) -> subprocess.CompletedProcess[str]:
    """Run a program in a fresh interpreter, at the root of the project, to its end.

    Args:
        code: The program.
        arguments: What it finds in ``sys.argv``.
        options: The interpreter's own, such as ``-W error``.
        check: Whether an exit code that is not 0 is an error.
    """
    command = (sys.executable, *options, "-c", code, *arguments)
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=check)


_seen = set[int]()
_below_us = dict[int, psutil.Process]()


def started_by_us() -> set[psutil.Process]:
    """The processes below this one that still run."""
    running = set[psutil.Process]()
    try:
        # Quick, and for nearly all tests the answer.
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return running
    _look_around()
    for process in _below_us.values():
        with contextlib.suppress(psutil.NoSuchProcess):
            if process.status() != psutil.STATUS_ZOMBIE and not _keeps_to_itself(process):
                running.add(process)
    return running


def _look_around() -> None:
    """Look for processes below this one among those that were not there the last time.

    Every test looks twice, and where a server runs for all tests there is always something to look
    for: to ask each process of the machine for its parent would take longer than most tests.
    """
    there = set(psutil.pids())
    for pid in _below_us.keys() - there:
        del _below_us[pid]
    for pid in there - _seen:
        with contextlib.suppress(psutil.NoSuchProcess):
            process = psutil.Process(pid)
            if any(one.pid == os.getpid() for one in process.parents()):
                _below_us[pid] = process
    _seen.clear()
    _seen.update(there)


def _keeps_to_itself(process: psutil.Process) -> bool:
    """Whether it is multiprocessing's own, which ends with this process and not before."""
    return any("multiprocessing.resource_tracker" in word for word in process.cmdline())


def end(processes: Collection[psutil.Process]) -> None:
    """End processes at once; who waits for them learns of it as ever."""
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()


def main() -> int:
    """Run the command that the arguments name; its exit code, as a shell tells it."""
    if sys.platform == "linux":
        # What loses its parent becomes a child of this process, and cannot get out of sight.
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    command = subprocess.Popen(sys.argv[1:])
    # A terminal interrupts the command itself; what a runner sends to this process is passed on.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _frame: command.send_signal(number))
    code = command.wait()
    while left := started_by_us():
        end(left)
        psutil.wait_procs(left)
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main())
