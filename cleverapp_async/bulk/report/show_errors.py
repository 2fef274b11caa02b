"""Why messages were not accepted: by field and rule, then by type and text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .markup import NOTHING, Html, foreign, tag
from .tables import Column, table
from .words import number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .failing import ErrorCount, FieldCount
    from .figures import ReportFigures

__all__ = ["errors"]

_FIELD_COLUMNS = (
    Column("field", "name"),
    Column("rule", "name"),
    Column("text", "said"),
    Column("times"),
)
_OTHER_COLUMNS = (
    Column("error", "name"),
    Column("status"),
    Column("text", "said"),
    Column("messages"),
)


def errors(figures: ReportFigures) -> Html:
    """The tables of errors; nothing where there were none."""
    found = figures.failures
    if not found.fields and not found.others:
        return NOTHING
    return tag(
        "section",
        tag("h2", "Errors", id="errors"),
        _part(
            "Refused fields", _FIELD_COLUMNS, [*map(_field, found.fields)], found.fields_left_out
        ),
        _part("Other errors", _OTHER_COLUMNS, [*map(_other, found.others)], found.others_left_out),
        aria_labelledby="errors",
    )


def _part(
    title: str,
    columns: Sequence[Column],
    rows: Sequence[Sequence[Html | str]],
    left_out: int,
) -> Html:
    if not rows:
        return NOTHING
    more = tag("p", f"And {number(left_out)} more.", class_="quiet") if left_out else NOTHING
    return tag("div", tag("h3", title), table(title, columns, rows, stacked=True), more)


def _field(one: FieldCount) -> Sequence[Html | str]:
    rule = "–" if one.rule is None else foreign(one.rule, 60)
    return [foreign(one.field or "–", 80), rule, foreign(one.message), number(one.messages)]


def _other(one: ErrorCount) -> Sequence[Html | str]:
    status = "–" if one.status is None else str(one.status)
    return [foreign(one.type, 80), status, foreign(one.message), number(one.messages)]
