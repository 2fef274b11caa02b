from __future__ import annotations

import signal
import subprocess
import sys

import psutil
import pytest

from tests.paths import ROOT
from tests.processes import end, started_by_us

_GUARDED = (sys.executable, "-m", "tests.processes", sys.executable, "-c")

# Leaves a process behind that no terminal and no process group reaches, and tells its pid.
_LEAVES_ONE = """
import subprocess, sys
left = subprocess.Popen(
    [sys.executable, "-c", "import signal; print(1, flush=True); signal.pause()"],
    start_new_session=True,
    stdout=subprocess.PIPE,
)
left.stdout.readline()
print(left.pid, flush=True)
"""


def _start(code: str) -> subprocess.Popen[str]:
    return subprocess.Popen((*_GUARDED, code), cwd=ROOT, stdout=subprocess.PIPE, text=True)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux gives orphans to whom we choose")
@pytest.mark.parametrize("ending", ["", "import os; os._exit(3)", "signal.pause()"])
def test_nothing_is_left_of_a_guarded_command(ending: str) -> None:
    """What a command started ends with it: at its end, in a crash, when it is terminated."""
    with _start(f"import signal\n{_LEAVES_ONE}\n{ending}") as guard:
        assert guard.stdout is not None
        left = int(guard.stdout.readline())
        if "pause" in ending:
            guard.send_signal(signal.SIGTERM)
        guard.wait(timeout=120)
    assert not psutil.pid_exists(left)


@pytest.mark.parametrize(
    ("code", "told"),
    [("", 0), ("raise SystemExit(5)", 5), ("import os; os.kill(os.getpid(), 9)", 137)],
)
def test_a_guard_tells_the_exit_code(code: str, told: int) -> None:
    """The exit code of a guarded command is told as a shell tells it."""
    with _start(code) as guard:
        assert guard.wait(timeout=120) == told


def test_processes_begin_with_the_default_handlers() -> None:
    """A process that a test starts is interrupted by SIGINT, whoever started the tests."""
    before = started_by_us()
    with subprocess.Popen(
        (sys.executable, "-c", "import signal; print(1, flush=True); signal.pause()"),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert [one.pid for one in started_by_us() - before] == [process.pid]
        process.send_signal(signal.SIGINT)
        try:
            assert process.wait(timeout=120) == -signal.SIGINT
        finally:
            end(started_by_us() - before)
