"""What ``import cleverapp_async`` costs beside the two libraries it cannot do without.

All of them are compiled beforehand, as in every installation, whatever the environment says
about writing bytecode: a folder of its own takes it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from attrs import frozen

from ._report import Figure, Report

__all__ = ["run"]

_ROOT = Path(__file__).resolve().parent.parent
_OURS = "cleverapp_async"
_LIBRARIES = "aiohttp, cattrs"
_BAR = 1.3
_NO_BYTECODE = "PYTHONDONTWRITEBYTECODE"
_TIMED = """
import time
started, used = time.perf_counter(), time.process_time()
import {}
print(time.perf_counter() - started, time.process_time() - used)
"""


@frozen
class _Cost:
    """One import.

    Attributes:
        wall: Seconds.
        cpu: CPU seconds: what else the machine does is not in them.
    """

    wall: float
    cpu: float


def run(repetitions: int) -> Report:
    """Import each in fresh interpreters, in turns.

    Args:
        repetitions: How many interpreters each.
    """
    with tempfile.TemporaryDirectory() as compiled:
        for modules in (_OURS, _LIBRARIES):
            _cost(modules, compiled)  # compiles what is not compiled yet
        pairs = [(_cost(_OURS, compiled), _cost(_LIBRARIES, compiled)) for _ in range(repetitions)]
    return Report(
        name="import",
        about=f"{repetitions} fresh interpreters each, in turns; the import statement alone",
        figures=(
            _ratio("time", [a.wall / b.wall for a, b in pairs]),
            _ratio("CPU time", [a.cpu / b.cpu for a, b in pairs]),
            _ratio("CPU time, least of each", [_least(pairs, 0) / _least(pairs, 1)]),
            _milliseconds(f"import {_OURS}", [pair[0].wall for pair in pairs]),
            _milliseconds(f"import {_LIBRARIES}", [pair[1].wall for pair in pairs]),
            _milliseconds(f"import {_OURS}, CPU time", [pair[0].cpu for pair in pairs]),
            _milliseconds(f"import {_LIBRARIES}, CPU time", [pair[1].cpu for pair in pairs]),
        ),
        settings={"repetitions": repetitions},
    )


def _ratio(kind: str, ratios: list[float]) -> Figure:
    return Figure(
        name=f"import {_OURS} ÷ import {_LIBRARIES}, {kind}",
        value=median(ratios),
        at_most=_BAR,
        runs=tuple(ratios),
    )


def _least(pairs: list[tuple[_Cost, _Cost]], side: int) -> float:
    return min(pair[side].cpu for pair in pairs)


def _milliseconds(name: str, seconds: list[float]) -> Figure:
    each = [value * 1000 for value in seconds]
    return Figure(name=name, value=median(each), unit="ms", runs=tuple(each))


def _cost(modules: str, compiled: str) -> _Cost:
    """Import in a fresh interpreter."""
    environment = {name: value for name, value in os.environ.items() if name != _NO_BYTECODE}
    environment["PYTHONPYCACHEPREFIX"] = compiled
    told = subprocess.run(
        [sys.executable, "-c", _TIMED.format(modules)],
        cwd=_ROOT,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    wall, cpu = told.stdout.split()
    return _Cost(float(wall), float(cpu))
