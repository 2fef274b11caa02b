"""What a benchmark found: figures, each with its bar where it has one."""

from __future__ import annotations

import json
import os
import platform
import sys
from importlib.metadata import version
from typing import TYPE_CHECKING

from attrs import Factory, asdict, frozen

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Figure", "Report", "Series", "write_json"]

_PACKAGES = ("aiohttp", "aiolimiter", "attrs", "cattrs", "multidict", "redis", "yarl")


@frozen(kw_only=True)
class Figure:
    """One figure.

    Attributes:
        name: What it is.
        value: The figure: over several repetitions their median, or their worst where it says so.
        unit: What it is counted in; empty for a ratio or a count.
        at_most: Its bar from above, or None.
        at_least: Its bar from below, or None.
        runs: The figure of each repetition, in their order.
    """

    name: str
    value: float
    unit: str = ""
    at_most: float | None = None
    at_least: float | None = None
    runs: tuple[float, ...] = ()

    @property
    def met(self) -> bool | None:
        """Whether the bar is met; None where there is none."""
        if self.at_most is not None:
            return self.value <= self.at_most
        if self.at_least is not None:
            return self.value >= self.at_least
        return None


@frozen(kw_only=True)
class Series:
    """Points of a line, to be drawn.

    Attributes:
        plot: The picture that it belongs to.
        name: What the line is.
        points: Its points, from left to right; with words in place of numbers it is bars.
    """

    plot: str
    name: str
    points: tuple[tuple[float | str, float], ...]


@frozen(kw_only=True)
class Report:
    """All the figures of one benchmark.

    Attributes:
        name: The benchmark's name.
        about: What was run, in a sentence or two.
        figures: In the order in which they are shown.
        settings: The numbers it was run with.
        series: What of it is drawn as lines.
    """

    name: str
    about: str
    figures: tuple[Figure, ...]
    settings: dict[str, float | int | str] = Factory(dict[str, float | int | str])
    series: tuple[Series, ...] = ()

    @property
    def missed(self) -> tuple[Figure, ...]:
        """The figures that miss their bar."""
        return tuple(figure for figure in self.figures if figure.met is False)


def write_json(report: Report, path: Path, load: float | None) -> None:
    """Write a report with the machine and the versions it was measured with.

    Args:
        report: What was found.
        path: Where to.
        load: How many processes wanted a core in the minute before, None where unknown.
    """
    content = {
        "benchmark": report.name,
        "about": report.about,
        "settings": report.settings,
        "series": [asdict(series) for series in report.series],
        "figures": [{**asdict(figure), "met": figure.met} for figure in report.figures],
        "machine": {
            "cores": os.cpu_count(),
            "load_before": load,
            "processor": platform.machine(),
            "python": platform.python_version(),
            "implementation": sys.implementation.name,
            "system": platform.system(),
        },
        "versions": {name: version(name) for name in _PACKAGES},
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
