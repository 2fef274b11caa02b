"""A campaign over three workers of which one is killed every second, judged by what arrived."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from cleverapp_async.journal import JournalState

from ._report import Figure, Report

if TYPE_CHECKING:
    from tests.integrations.taskiq.fleet import FleetReport

__all__ = ["run"]

_MESSAGES = 2_000
_WORKERS = 3
_RATE = 100
_KILL_EVERY = 1.0


def run(repetitions: int) -> Report:
    """Run campaigns with kills, and one without.

    Args:
        repetitions: How many with kills.
    """
    calm = _campaign(None, seed=0)
    killed = [_campaign(_KILL_EVERY, seed=seed) for seed in range(1, repetitions + 1)]
    alone = [_campaign(_KILL_EVERY, seed=seed, shared=False) for seed in range(1, repetitions + 1)]
    every = [calm, *killed]
    unknown = [each.states.get(JournalState.UNKNOWN, 0) for each in killed]
    return Report(
        name="fanout",
        about=(
            f"{_MESSAGES} messages in chunks of 50 over {_WORKERS} worker processes of taskiq on "
            f"one Redis with appendfsync always, a limit of {_RATE * _WORKERS} per second that the "
            "server enforces and the workers share, latency of 40 ms median; a worker chosen by "
            "chance is killed (SIGKILL) every second and replaced."
        ),
        figures=(
            _worst("messages that arrived twice, worst run", [each.duplicates for each in every]),
            _worst("messages lost or told wrongly, worst run", [len(each.lost) for each in every]),
            _worst(
                "messages without an end, worst run",
                [each.messages - _ended(each) for each in every],
            ),
            _worst("messages refused for the limit, worst run", [each.refusals for each in every]),
            Figure(
                name="… a third of the limit for each worker, not shared",
                value=max(each.refusals for each in alone),
                runs=tuple(float(each.refusals) for each in alone),
            ),
            _median("workers killed", [each.kills for each in killed]),
            _median("messages listed as unknown", unknown),
            _median("… of which arrived", [each.arrived_unknown for each in killed]),
            _median("until the end", [each.seconds for each in killed], "s"),
            Figure(name="… without kills", value=calm.seconds, unit="s"),
        ),
        settings={
            "messages": _MESSAGES,
            "workers": _WORKERS,
            "rate": _RATE,
            "kill_every": _KILL_EVERY,
        },
    )


def _campaign(kill_every: float | None, seed: int, *, shared: bool = True) -> FleetReport:
    # Imported late: the other benchmarks need no Redis.
    from tests.integrations.taskiq.fleet import run_fleet  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(
            run_fleet(
                Path(folder),
                messages=_MESSAGES,
                workers=_WORKERS,
                kill_every=kill_every,
                rate=_RATE * _WORKERS if shared else _RATE,
                limit=_RATE * _WORKERS,
                shared=shared,
                seed=seed,
            )
        )


def _ended(report: FleetReport) -> int:
    told = (JournalState.ACCEPTED, JournalState.UNKNOWN)
    return sum(report.states.get(state, 0) for state in told)


def _worst(name: str, runs: list[int]) -> Figure:
    return Figure(name=name, value=max(runs), at_most=0, runs=tuple(map(float, runs)))


def _median(name: str, runs: list[int] | list[float], unit: str = "") -> Figure:
    return Figure(name=name, value=median(runs), unit=unit, runs=tuple(map(float, runs)))
