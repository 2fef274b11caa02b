"""Which cells of a table have an apostrophe of ours before what a spreadsheet would calculate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..bulk.report.csv import COLUMNS
from .contact_rows import TEXT_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["exported_columns"]


def exported_columns(columns: Iterable[str]) -> frozenset[str]:
    """The columns of an export of contacts or of a campaign; none where the table is neither."""
    there = set(columns)
    if there.issuperset(COLUMNS):
        return frozenset(COLUMNS)
    return frozenset(TEXT_COLUMNS if "contact_id" in there else ())
