"""The outcomes of an earlier send, in whichever format, as a list of recipients."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...bulk.journal.records import JournalState

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["OUTCOME_COLUMNS", "RESULT_COLUMNS", "outcome_of"]

OUTCOME_COLUMNS = ("outcome", "state")
"""What the columns that hold an outcome are called: by ``send``, and in a campaign's CSV."""

RESULT_COLUMNS = ("send_id", "intent_at", "ended_at", "answered_contact_id")
"""Columns that only outcomes have: what is left of them where the outcome itself was deleted."""

_STATES = frozenset(state.value for state in JournalState)


def outcome_of(cells: Mapping[str, str]) -> str | None:
    """What came of a row in an earlier send; None where it does not tell.

    A spreadsheet or a person may have changed case and blanks: ``Not sent`` is ``not_sent``.

    Args:
        cells: The row's cells by column.
    """
    for column in OUTCOME_COLUMNS:
        written = cells.get(column, "").casefold().replace("_", " ").replace("-", " ")
        word = "_".join(written.split())
        if word in _STATES:
            return word
    return None
