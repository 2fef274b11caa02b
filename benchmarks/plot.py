"""``python -m benchmarks.plot [FOLDER]``: draws what benchmarks found, into ``docs/figures``.

It reads ``benchmarks/results/*.json``; run ``sweep``, ``journal`` and ``kill`` before. Needs
matplotlib, which is a requirement of development alone. The same results give the same bytes.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, cast

import matplotlib as mpl
from attrs import frozen
from matplotlib.figure import Figure as Picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw", "main"]

_ROOT = Path(__file__).parent.parent
_RESULTS = _ROOT / "benchmarks" / "results"
_SIZE = (7.2, 3.6)
# Told apart without colours, too.
_MARKS = ("o", "s", "^", "D", "v")


@frozen(kw_only=True)
class _Plot:
    """One picture.

    Attributes:
        benchmark: Whose results it shows.
        title: What stands above it.
        across: What the points differ in.
        up: What is counted, and its unit.
        logarithmic: Whether each step to the right is a multiple of the one before.
    """

    benchmark: str
    title: str
    across: str
    up: str
    logarithmic: bool = False


_PLOTS = {
    "refusals": _Plot(
        benchmark="sweep",
        title="Messages refused, of 400 over ten keys of 10 per second",
        across="jitter of the network (sigma of the logarithm of a delay of 50 ms)",
        up="refused",
    ),
    "completion": _Plot(
        benchmark="sweep",
        title="Until the last answer, 40 messages for each key of 10 per second",
        across="keys",
        up="seconds",
        logarithmic=True,
    ),
    "journal": _Plot(
        benchmark="journal",
        title="Messages per second without any limit, with a journal and without",
        across="",
        up="messages per second",
    ),
    "kill": _Plot(
        benchmark="kill",
        title="After SIGKILL and resuming: messages that went wrong",
        across="",
        up="messages",
    ),
}

_Points = list[tuple[float | str, float]]


def draw(results: Path, folder: Path) -> list[Path]:
    """Draw every picture whose benchmark was run.

    Args:
        results: The folder with the benchmarks' JSON.
        folder: Where the pictures go.

    Returns:
        The pictures that were written.
    """
    drawn: list[Path] = []
    for name, plot in _PLOTS.items():
        source = results / f"{plot.benchmark}.json"
        if not source.exists():
            continue
        report = json.loads(source.read_text(encoding="utf-8"))
        lines: dict[str, _Points] = {
            each["name"]: [(x, y) for x, y in each["points"]]
            for each in report["series"]
            if each["plot"] == name
        }
        folder.mkdir(parents=True, exist_ok=True)
        drawn.append(folder / f"{name}.svg")
        _picture(plot, lines, drawn[-1])
    return drawn


def _picture(plot: _Plot, lines: dict[str, _Points], path: Path) -> None:
    # Without these the names of parts and the date would differ from run to run.
    with mpl.rc_context({"svg.hashsalt": plot.title, "svg.fonttype": "none"}):
        picture = Picture(figsize=_SIZE, layout="constrained")
        axes = picture.subplots()
        if any(isinstance(x, str) for points in lines.values() for x, _ in points):
            _bars(axes, lines)
        else:
            for (name, points), mark in zip(lines.items(), _MARKS, strict=False):
                # Not clipped: a line of zeros would hide in the axis.
                axes.plot(*zip(*points, strict=True), marker=mark, label=name, clip_on=False)
            axes.set_ylim(bottom=0)
        if plot.logarithmic:
            axes.set_xscale("log")
            ticks = sorted({cast("float", x) for points in lines.values() for x, _ in points})
            axes.set_xticks(ticks, [f"{x:g}" for x in ticks])
            axes.minorticks_off()
        axes.set_title(plot.title, fontsize="medium")
        axes.set_xlabel(plot.across)
        axes.set_ylabel(plot.up)
        axes.grid(axis="y", alpha=0.3)
        axes.legend(fontsize="small")
        picture.savefig(path, metadata={"Date": None, "Creator": None})


def _bars(axes: Axes, lines: dict[str, _Points]) -> None:
    """Groups of bars side by side, each with its number above: a zero is seen, too."""
    groups = [cast("str", x) for x, _ in next(iter(lines.values()))]
    width = 0.8 / len(lines)
    for number, (name, points) in enumerate(lines.items()):
        left = [group + (number - (len(lines) - 1) / 2) * width for group in range(len(groups))]
        bars = axes.bar(left, [y for _, y in points], width, label=name)
        axes.bar_label(bars, fmt="{:,.0f}", fontsize="small")
    axes.set_xticks(range(len(groups)), groups)
    axes.margins(y=0.12)


def main() -> int:
    """Draw into the folder that the command line names.

    Returns:
        0, or 2 where no benchmark was run before.
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks.plot", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=_ROOT / "docs" / "figures")
    folder = cast("Path", parser.parse_args().folder)
    drawn = draw(_RESULTS, folder)
    if not drawn:
        names = sorted({plot.benchmark for plot in _PLOTS.values()})
        print(
            f"nothing to draw: run python -m benchmarks with one of {', '.join(names)} first",
            file=sys.stderr,
        )
        return 2
    for path in drawn:
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
