"""Lists that tell the outcomes of an earlier send: what may be sent of them, and what is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import BadInputError
from ..recipients.rows import OUTCOME_COLUMNS, RESULT_COLUMNS, Fault, Row, outcome_of

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["is_of_campaign", "no_outcome", "refuse_outcomes"]


def refuse_outcomes(row: Row, source: str) -> None:
    """Refuse to send the outcomes of an earlier send as if they were recipients.

    Args:
        row: A row of a list of which no outcome was chosen.
        source: The list's name.

    Raises:
        BadInputError: The row tells an outcome, or what only outcomes have.
    """
    place = f"{source}, line {row.line}"
    if outcome_of(row.cells) is not None:
        raise BadInputError(
            f"{place}: these are the outcomes of an earlier send. "
            "Say which of them to send again, such as --only not_sent. If the column is one of "
            "your own, give it another name, such as --columns stage=state."
        )
    left = [column for column in RESULT_COLUMNS if column in row.cells]
    if left:
        raise BadInputError(
            f"{place}: these are the outcomes of an earlier send ({', '.join(left)}) without the "
            "column that says what came of each row. Give the list with its column outcome or "
            f"state, and --only; if every row is to be sent, delete {', '.join(left)}. If the "
            f"column is one of your own, give it another name, such as --columns mine={left[0]}."
        )


def no_outcome(row: Row) -> Fault:
    """The fault of a row that --only cannot judge."""
    column = next((name for name in OUTCOME_COLUMNS if name in row.cells), OUTCOME_COLUMNS[0])
    told = f"{row.cells[column]!r} is no outcome" if column in row.cells else "it is missing"
    remedy = "Give --only for the outcomes of an earlier send alone"
    return Fault(row.number, row.line, column, told, remedy, row.cells.get(column, ""))


def is_of_campaign(columns: Iterable[str]) -> bool:
    """Whether a list comes of a campaign, whose journal goes on to know its messages.

    Args:
        columns: What its columns are called.
    """
    there = set(columns)
    return "number" in there and not there.isdisjoint(OUTCOME_COLUMNS)
