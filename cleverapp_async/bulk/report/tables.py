"""Tables that scroll inside themselves where a screen is narrower than they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from .markup import Html, tag

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["Column", "table"]


@frozen
class Column:
    """A column of a table.

    Attributes:
        head: What stands above it.
        kind: How its cells look: ``name``, ``said``, ``when`` or ``figure``.
    """

    head: str
    kind: str = "figure"


def table(
    label: str,
    columns: Sequence[Column],
    rows: Iterable[Sequence[Html | str]],
    *,
    total: Sequence[Html | str] | None = None,
    stacked: bool = False,
    tall: bool = False,
) -> Html:
    """A table whose rows are named by their first cells.

    Args:
        label: What it holds, for those who do not see it.
        columns: Its columns.
        rows: Its cells.
        total: The cells of a last row that sums the others up.
        stacked: Whether the cells of a row stand below each other on a phone, the first as heading.
        tall: Whether it scrolls down inside itself.
    """
    heads = (tag("th", column.head, scope="col", class_=column.kind) for column in columns)
    body = [_row(columns, row, stacked=stacked) for row in rows]
    if total is not None:
        body.append(_row(columns, total, class_="total", stacked=stacked))
    return tag(
        "div",
        tag(
            "table",
            tag("thead", tag("tr", *heads)),
            tag("tbody", *body),
            class_="stack" if stacked else None,
        ),
        class_="scroll tall" if tall else "scroll",
        role="region",
        aria_label=label,
        tabindex=0,
    )


def _row(
    columns: Sequence[Column],
    row: Sequence[Html | str],
    *,
    class_: str | None = None,
    stacked: bool,
) -> Html:
    cells = (
        tag(
            "td" if place else "th",
            tag("span", cell) if stacked else cell,
            scope=None if place else "row",
            class_=column.kind,
            data_label=column.head if stacked and place else None,
        )
        for place, (column, cell) in enumerate(zip(columns, row, strict=True))
    )
    return tag("tr", *cells, class_=class_)
