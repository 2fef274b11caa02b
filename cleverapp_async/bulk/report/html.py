"""HTML in which every text is escaped, whoever wrote it, and its tables and times."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from attrs import frozen

from .text import Clock, plain, shortened

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["NOTHING", "Column", "Html", "foreign", "joined", "table", "tag", "time_tag"]

_ALONE = frozenset({"br", "meta"})


@frozen
class Html:
    """Markup that this package wrote.

    Attributes:
        source: The markup.
    """

    source: str


NOTHING = Html("")
"""No markup at all."""


def joined(parts: Iterable[Html | str]) -> Html:
    """Markup and texts in a row, the texts escaped."""
    return Html("".join(_source(part) for part in parts))


def tag(name: str, *content: Html | str, **attributes: str | float | None) -> Html:
    """One element.

    Args:
        name: Its name.
        *content: What is in it; texts are escaped.
        **attributes: Its attributes, escaped; None leaves one out. An underscore at the end
            goes, others become hyphens.
    """
    opened = [name]
    for given, value in attributes.items():
        if value is not None:
            written = given.rstrip("_").replace("_", "-")
            opened.append(f'{written}="{escape(plain(str(value)))}"')
    inside = "".join(_source(part) for part in content)
    closed = "" if name in _ALONE else f"</{name}>"
    return Html(f"<{' '.join(opened)}>{inside}{closed}")


def foreign(text: str, most: int = 200) -> Html:
    """A text that somebody else wrote: on one line, shortened, its writing direction isolated.

    Args:
        text: The text.
        most: How many characters of it are shown.
    """
    return tag("bdi", shortened(text, most))


def _source(part: Html | str) -> str:
    return part.source if isinstance(part, Html) else escape(plain(part))


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


def time_tag(clock: Clock, moment: float) -> Html:
    """A moment to the second for people, and to the millisecond with its offset for programs."""
    return tag("time", clock.written(moment), datetime=clock.exact(moment))
