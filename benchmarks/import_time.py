"""What importing the package or its client costs beside the two libraries it is made with.

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
from typing import TYPE_CHECKING

from attrs import frozen

from ._report import Figure, Report

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["run"]

_ROOT = Path(__file__).resolve().parent.parent
_DOOR = "import cleverapp_async"
_CLIENT = "from cleverapp_async import CleverAppClient"
_LIBRARIES = "import aiohttp, cattrs"
_BAR = 1.12
_NO_BYTECODE = "PYTHONDONTWRITEBYTECODE"
_TIMED = """
import time
started, used = time.perf_counter(), time.process_time()
{}
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
    statements = (_DOOR, _CLIENT, _LIBRARIES)
    with tempfile.TemporaryDirectory() as compiled:
        for statement in statements:
            _cost(statement, compiled)  # compiles what is not compiled yet
        rounds = [[_cost(each, compiled) for each in statements] for _ in range(repetitions)]
    doors, clients, libraries = zip(*rounds, strict=True)
    return Report(
        name="import",
        about=f"{repetitions} fresh interpreters each, in turns; the import statement alone",
        figures=(
            *_ratios(_DOOR, doors, libraries),
            *_ratios(_CLIENT, clients, libraries),
            *(
                _milliseconds(f"{statement}{kind}", [getattr(cost, name) for cost in costs])
                for kind, name in (("", "wall"), (", CPU time", "cpu"))
                for statement, costs in zip(statements, (doors, clients, libraries), strict=True)
            ),
        ),
        settings={"repetitions": repetitions},
    )


def _ratios(
    statement: str, ours: Sequence[_Cost], libraries: Sequence[_Cost]
) -> tuple[Figure, ...]:
    pairs = list(zip(ours, libraries, strict=True))
    least = min(one.cpu for one in ours) / min(one.cpu for one in libraries)
    kinds = {
        "time": [a.wall / b.wall for a, b in pairs],
        "CPU time": [a.cpu / b.cpu for a, b in pairs],
        "CPU time, least of each": [least],
    }
    return tuple(
        Figure(
            name=f"{statement} ÷ {_LIBRARIES}, {kind}",
            value=median(ratios),
            at_most=_BAR,
            runs=tuple(ratios),
        )
        for kind, ratios in kinds.items()
    )


def _milliseconds(name: str, seconds: list[float]) -> Figure:
    each = [value * 1000 for value in seconds]
    return Figure(name=name, value=median(each), unit="ms", runs=tuple(each))


def _cost(statement: str, compiled: str) -> _Cost:
    """Import in a fresh interpreter."""
    environment = {name: value for name, value in os.environ.items() if name != _NO_BYTECODE}
    environment["PYTHONPYCACHEPREFIX"] = compiled
    told = subprocess.run(
        [sys.executable, "-c", _TIMED.format(statement)],
        cwd=_ROOT,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    wall, cpu = told.stdout.split()
    return _Cost(float(wall), float(cpu))
