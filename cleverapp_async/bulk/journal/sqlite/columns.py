"""States and results as the columns of the table ``fate`` hold them."""

from __future__ import annotations

from typing import TypeAlias

from ..codec import (
    Cell,
    damaged,
    decode_error,
    encode_error,
    expect_duration,
    expect_moment,
    expect_number,
    whole,
)
from ..records import JournalResult, JournalState

__all__ = [
    "CODES",
    "STATES",
    "ResultColumns",
    "Row",
    "decode_result",
    "earlier_attempts",
    "result_row",
    "state_of",
]

Row: TypeAlias = tuple[Cell, ...]
"""What is written for one message."""

ResultColumns: TypeAlias = tuple[Cell, Cell, Cell, Cell, Cell, Cell, Cell]
"""What tells of a result: the columns ``ended_at``, ``permanent``, ``attempts``, ``waited``,
``on_wire`` and ``contact_id``, and the text of its error."""

STATES = (
    JournalState.PENDING,
    JournalState.INTENT,
    JournalState.ACCEPTED,
    JournalState.REJECTED,
    JournalState.NOT_SENT,
    JournalState.UNKNOWN,
)
"""The states by their codes in the file: a place in this row never changes its meaning."""


def state_of(code: Cell) -> JournalState:
    """The state with this code; None stands for a message without a row.

    Raises:
        JournalError: There is no such code.
    """
    if code is None:
        return STATES[0]
    if not isinstance(code, int) or not 0 <= code < len(STATES):
        raise damaged("a state in it is none")
    return STATES[code]


CODES = {state: code for code, state in enumerate(STATES)}


def decode_result(state: JournalState, columns: ResultColumns) -> JournalResult | None:
    """The result that the columns of a message hold; None where the state tells of none.

    Raises:
        JournalError: They hold something else.
    """
    if state in {JournalState.PENDING, JournalState.INTENT}:
        return None
    ended_at, permanent, attempts, waited, on_wire, contact_id, told = columns
    return JournalResult(
        state=state,
        ended_at=expect_moment(ended_at or 0.0, "the end of a message"),
        permanent=bool(permanent),
        attempts=expect_number(attempts or 0, "the attempts of a message"),
        waited=expect_duration(waited, "the wait of a message"),
        on_wire=expect_duration(on_wire, "the time of a message on the wire"),
        contact_id=None if contact_id is None else expect_number(contact_id, "a contact"),
        error=None if told is None else decode_error(told),
    )


def result_row(index: int, result: JournalResult) -> Row:
    """The columns of a result; its error goes as JSON in the last one."""
    return (
        index,
        CODES[result.state],
        result.ended_at,
        result.permanent,
        whole(result.attempts),
        result.waited,
        result.on_wire,
        whole(result.contact_id),
        None if result.error is None else encode_error(result.error),
    )


def earlier_attempts(before: int) -> int:
    """How many attempts of a message came before the last one, by the column ``before``."""
    return before // 10
