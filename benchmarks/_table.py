"""Shows a report as a table of plain text."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._report import Figure, Report

__all__ = ["table"]

_HEAD = ("figure", "value", "bar", "met?")
_WHOLE_FROM = 1000


def table(report: Report) -> str:
    """The report's figures, one line each, under what was run."""
    rows = [_HEAD, *(_row(figure) for figure in report.figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    lines = [_line(row, widths) for row in rows]
    rule = "  ".join("-" * width for width in widths)
    return "\n".join([f"{report.name}: {report.about}", "", lines[0], rule, *lines[1:]])


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    name, value, *rest = (
        text.rjust(width) if column == 1 else text.ljust(width)
        for column, (text, width) in enumerate(zip(row, widths, strict=True))
    )
    return "  ".join((name, value, *rest)).rstrip()


def _row(figure: Figure) -> tuple[str, str, str, str]:
    bar = ""
    if figure.at_most is not None:
        bar = f"<= {_number(figure.at_most)}"
    elif figure.at_least is not None:
        bar = f">= {_number(figure.at_least)}"
    met = "" if figure.met is None else "yes" if figure.met else "MISSED"
    return figure.name, f"{_number(figure.value)} {figure.unit}".rstrip(), bar, met


def _number(value: float) -> str:
    if abs(value) >= _WHOLE_FROM:
        return f"{value:,.0f}"
    return f"{value:g}" if value == int(value) else f"{value:.3f}"
