"""How long the command line takes before it does something, beside what it cannot do without.

Its help is held against an interpreter that imports click, and a send of one message against one
that imports aiohttp and posts the same. All modules are compiled beforehand, as in every
installation.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from attrs import frozen

from ._report import Figure, Report
from ._server import TOKEN, bare_server

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["run"]

_SERVER_CORE = 1
_HELP_BAR = 1.2
_SEND_BAR = 0.5
_COMMAND = str(Path(sys.executable).with_name("cleverapp"))
_CLICK = "import click"
_POST = """
import asyncio, sys, aiohttp
async def main():
    async with aiohttp.ClientSession() as session:
        message = {"contact_id": 1, "text": "Hello"}
        async with session.post(sys.argv[1] + "/sendMessage", json=message) as answer:
            assert (await answer.json())["success"]
asyncio.run(main())
"""


@frozen
class _Cost:
    """One process, from its start to its end.

    Attributes:
        wall: Seconds.
        cpu: CPU seconds: what else the machine does is not in them.
    """

    wall: float
    cpu: float


def run(repetitions: int) -> Report:
    """Start each in turns.

    Args:
        repetitions: How often each.
    """
    python = sys.executable
    with tempfile.TemporaryDirectory() as folder, bare_server(_SERVER_CORE) as server:
        rows = Path(folder, "rows.csv")
        rows.write_text("contact_id\n1\n", encoding="utf-8")
        places = ("--base-url", server.base_url, "--output", "-")
        commands = (
            (_COMMAND, "--help"),
            (python, "-c", _CLICK),
            (_COMMAND, "send", str(rows), "--text", "Hello", "--yes", "-q", *places),
            (python, "-c", _POST, server.base_url),
        )
        for command in commands:
            _cost(command, folder)  # compiles what is not compiled yet
        rounds = [[_cost(each, folder) for each in commands] for _ in range(repetitions)]
    helps, clicks, sends, posts = zip(*rounds, strict=True)
    return Report(
        name="startup",
        about=f"{repetitions} processes each, in turns, from their start to their end",
        figures=(
            *_ratios("cleverapp --help ÷ python that imports click", helps, clicks, _HELP_BAR),
            *_ratios("cleverapp send, one row ÷ python that posts by aiohttp", sends, posts),
            _seconds("cleverapp --help", helps),
            _seconds("python that imports click", clicks),
            _seconds("cleverapp send, one row", sends, _SEND_BAR),
            _seconds("python that posts by aiohttp", posts),
        ),
        settings={"repetitions": repetitions},
    )


def _ratios(
    name: str, ours: Sequence[_Cost], theirs: Sequence[_Cost], bar: float | None = None
) -> tuple[Figure, ...]:
    pairs = list(zip(ours, theirs, strict=True))
    kinds = {
        "time": [a.wall / b.wall for a, b in pairs],
        "CPU time": [a.cpu / b.cpu for a, b in pairs],
        "CPU time, least of each": [min(a.cpu for a in ours) / min(b.cpu for b in theirs)],
    }
    return tuple(
        Figure(name=f"{name}, {kind}", value=median(ratios), at_most=bar, runs=tuple(ratios))
        for kind, ratios in kinds.items()
    )


def _seconds(name: str, costs: Sequence[_Cost], bar: float | None = None) -> Figure:
    walls = tuple(cost.wall for cost in costs)
    return Figure(name=name, value=median(walls), unit="s", at_most=bar, runs=walls)


def _cost(command: Sequence[str], folder: str) -> _Cost:
    environment = {**os.environ, "CLEVERAPP_API_TOKEN": TOKEN, "PYTHONPYCACHEPREFIX": folder}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    started, before = time.perf_counter(), _cpu_of_ended()
    done = subprocess.run(
        command, cwd=folder, env=environment, check=False, capture_output=True, text=True
    )
    wall, cpu = time.perf_counter() - started, _cpu_of_ended() - before
    assert done.returncode == 0, f"{command[:2]} ended with {done.returncode}: {done.stderr}"
    return _Cost(wall, cpu)


def _cpu_of_ended() -> float:
    """CPU seconds of all processes that this one has started and that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
