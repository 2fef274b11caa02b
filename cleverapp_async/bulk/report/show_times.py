"""How long accepted messages were on the wire, and how long they waited for limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .histogram import RELATIVE_ERROR
from .markup import NOTHING, Html, tag
from .show_states import name_of
from .tables import Column, table
from .words import number, seconds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...limits.quota import LimitKey
    from .figures import ReportFigures
    from .histogram import Spread

__all__ = ["times"]

_COLUMNS = (
    Column("bot and messenger", "name"),
    *map(Column, ("p50", "p90", "p95", "p99", "longest", "messages")),
)


def times(figures: ReportFigures) -> Html:
    """Two tables of percentiles; nothing where no message tells of its times."""
    on_wire, waited = figures.times.on_wire, figures.times.waited
    if on_wire is None and waited is None:
        return NOTHING
    note = (
        "Of messages that were accepted. Half of them took no longer than p50, 99 of 100 no "
        f"longer than p99. Percentiles are within {RELATIVE_ERROR:.0%}; the longest is exact."
    )
    return tag(
        "section",
        tag("h2", "Times", id="times"),
        tag("p", note, class_="quiet"),
        _spreads("On the wire", [(one.key, one.times.on_wire) for one in figures.keys], on_wire),
        _spreads(
            "Waited for limits", [(one.key, one.times.waited) for one in figures.keys], waited
        ),
        aria_labelledby="times",
    )


def _spreads(
    title: str, by_key: Sequence[tuple[LimitKey | None, Spread | None]], total: Spread | None
) -> Html:
    if total is None:
        return NOTHING
    rows: list[Sequence[Html | str]] = [
        [name_of(key), *_cells(spread)] for key, spread in by_key if spread is not None
    ]
    return tag("div", tag("h3", title), table(title, _COLUMNS, rows, total=["all", *_cells(total)]))


def _cells(spread: Spread) -> list[str]:
    shown = (spread.p50, spread.p90, spread.p95, spread.p99, spread.longest)
    return [*map(seconds, shown), number(spread.count)]
