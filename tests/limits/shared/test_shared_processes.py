"""Processes of their own on one quota, and what becomes of it when one is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.limits.oracle import most_in_window
from tests.paths import ROOT

if TYPE_CHECKING:
    from tests.limits.shared.fleet import Place

# Minutes of real time, and nothing that tells the servers apart: the laws run on both.
ONE_ENGINE = True


def start(place: Place, prefix: str, count: int, guard: float) -> subprocess.Popen[str]:
    """Start one process."""
    return subprocess.Popen(
        [
            sys.executable,
            *("-m", "tests.limits.shared.worker"),
            *(str(place), prefix, str(count), str(guard)),
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_processes_keep_one_quota_together(place: Place, prefix: str) -> None:
    """Three of them at once: all arrive, and in no window more than one quota."""
    processes = [start(place, prefix, 8, 5.0) for _ in range(3)]
    arrivals = [float(line) for each in processes for line in each.communicate()[0].split()]
    assert [each.returncode for each in processes] == [0, 0, 0]
    assert len(arrivals) == 24
    assert most_in_window(arrivals, 0.3) <= 4


def test_a_killed_process_blocks_its_slots_for_the_guard_only(place: Place, prefix: str) -> None:
    """Its requests may still arrive, so its slots are held; then others take them, no more."""
    killed = start(place, prefix, -20, 1.5)
    assert killed.stdout is not None
    arrivals = [float(killed.stdout.readline()) for _ in range(4)]
    survivor = start(place, prefix, 4, 1.5)
    os.kill(killed.pid, signal.SIGKILL)
    killed.communicate()
    later = [float(line) for line in survivor.communicate()[0].split()]
    assert survivor.returncode == 0
    assert len(later) == 4
    assert most_in_window([*arrivals, *later], 0.3) <= 4
    # The others may be slow to start; what is held for ever would end with the time for a test.
    assert min(later) - min(arrivals) >= 1.4
