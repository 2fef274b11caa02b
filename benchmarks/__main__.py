"""``python -m benchmarks NAME``: runs a benchmark, shows its table, writes its JSON."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, cast

from . import (
    acquire,
    decode,
    fanout,
    fleet,
    import_time,
    journal,
    keepalive,
    kill,
    memory,
    mixed,
    overhead,
    startup,
    stray,
    sweep,
    window,
)
from ._report import write_json
from ._table import table

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._report import Report

_RESULTS = Path(__file__).parent / "results"

# Each with the repetitions it is run with by default.
_BENCHMARKS: dict[str, tuple[Callable[[int], Report], int]] = {
    "acquire": (acquire.run, 7),
    "decode": (decode.run, 25),
    "fanout": (fanout.run, 3),
    "fleet": (fleet.run, 1),
    "import": (import_time.run, 25),
    "journal": (journal.run, 9),
    "keepalive": (keepalive.run, 1),
    "kill": (kill.run, 48),
    "overhead": (overhead.run, 9),
    "memory": (memory.run, 1),
    "mixed": (mixed.run, 3),
    "startup": (startup.run, 15),
    "stray": (stray.run, 1),
    "sweep": (sweep.run, 2),
    "window": (window.run, 5),
}


def main() -> int:
    """Run what the command line asks for.

    Returns:
        0, or 1 where a figure misses its bar.
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("name", choices=[*_BENCHMARKS, "all"])
    parser.add_argument("--repetitions", type=int, help="how often each side is measured")
    parser.add_argument(
        "--json", type=Path, help="where the figures go (benchmarks/results/NAME.json)"
    )
    options = parser.parse_args()
    name = cast("str", options.name)
    repetitions = cast("int | None", options.repetitions)
    target = cast("Path | None", options.json)
    if repetitions is not None and repetitions < 1:
        parser.error("--repetitions must be 1 or more")
    if name == "all" and target is not None:
        parser.error("--json names one file: give it with one benchmark")
    missed = 0
    for each in _BENCHMARKS if name == "all" else (name,):
        missed += _run(each, repetitions, target or _RESULTS / f"{each}.json")
    return 1 if missed else 0


def _run(name: str, repetitions: int | None, target: Path) -> int:
    """Run one benchmark; how many bars it missed."""
    measure, default = _BENCHMARKS[name]
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    report = measure(repetitions or default)
    print(table(report))
    write_json(report, target, load)
    for figure in report.missed:
        bar = figure.at_least if figure.at_most is None else figure.at_most
        print(f"missed: {figure.name} is {figure.value:.4g} {figure.unit}, the bar is {bar:g}")
    print(flush=True)
    return len(report.missed)


if __name__ == "__main__":
    sys.exit(main())
