"""The table ``fate``: states and results as its columns hold them, and how changes go into it."""

from __future__ import annotations

import time
from enum import IntEnum
from functools import cache
from typing import TYPE_CHECKING, TypeAlias, cast

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
from ..records import ORPHANED, ErrorRecord, JournalResult, JournalState

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence

__all__ = [
    "CODES",
    "STATES",
    "Change",
    "ChangeKind",
    "ResultColumns",
    "Row",
    "decode_result",
    "earlier_attempts",
    "error_id",
    "only_unknown",
    "orphan_intents",
    "result_row",
    "state_of",
    "write_changes",
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
    # Not a set of both: an enum's hash is slow, and each message of a campaign is asked.
    if state is JournalState.PENDING or state is JournalState.INTENT:
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


class ChangeKind(IntEnum):
    """The kinds of changes."""

    INTENT = 0
    WITHDRAWAL = 1
    RESULT = 2


Change: TypeAlias = tuple[ChangeKind, int, Row]
"""The kind, the message's index, and the row to write."""

_PENDING = CODES[JournalState.PENDING]
_INTENT = CODES[JournalState.INTENT]
_REJECTED = CODES[JournalState.REJECTED]
_NOT_SENT = CODES[JournalState.NOT_SENT]
_UNKNOWN = CODES[JournalState.UNKNOWN]

# Rows of one statement. One statement for many rows asks for the interpreter's lock once, where
# the event loop may be at work; SQLite allows 999 values in a statement everywhere.
_CHUNKS = (64, 16, 4, 1)

# The column `before` holds in its last digit the state that an intent took the place of, and in
# front of that how many attempts came before the last one: the limits of a resume count them.
_WAS = f"CASE state WHEN {_INTENT} THEN before % 10 ELSE state END"
_EARLIER = "before / 10"

_AFTER_INTENT = f"""
ON CONFLICT (id) DO UPDATE SET
    before = {_EARLIER} * 10 + {_WAS},
    state = excluded.state,
    intent_at = excluded.intent_at
"""

# An attempt without a result leaves the moment of its end.
_WITHDRAW = f"""
    UPDATE fate SET state = before % 10, before = ({_EARLIER} + 1) * 10, intent_at = ?
    WHERE state = {_INTENT} AND id = ?
"""  # noqa: S608 - made of constants

# A message that may have arrived before stays unknown, when sending it once more did nothing.
_STAYS = f"""(
    {_WAS} = {_UNKNOWN}
    AND (excluded.state = {_NOT_SENT} OR excluded.state = {_REJECTED} AND NOT excluded.permanent)
)"""

# What an older result told of is an earlier attempt now; after a day no limit counts it.
_REPLACED = f"({_WAS} NOT IN ({_PENDING}, {_NOT_SENT}) AND ended_at > {{now}} - 86400)"
_RESULT_COLUMNS = (
    "ended_at",
    "permanent",
    "attempts",
    "waited",
    "on_wire",
    "contact_id",
    "error_id",
)
_AFTER_RESULT = f"""
ON CONFLICT (id) DO UPDATE SET
    state = CASE WHEN {_STAYS} THEN {_UNKNOWN} ELSE excluded.state END,
    before = ({_EARLIER} + CASE WHEN {_STAYS} THEN excluded.state = {_REJECTED}
        ELSE ifnull({_REPLACED.format(now="excluded.ended_at")}, 0) END) * 10,
    intent_at = CASE WHEN {_STAYS} THEN excluded.ended_at ELSE intent_at END,
    {", ".join(f"{c} = CASE WHEN {_STAYS} THEN {c} ELSE excluded.{c} END" for c in _RESULT_COLUMNS)}
"""


_MARK_UNKNOWN = f"""
    UPDATE fate SET state = {_UNKNOWN}, ended_at = :now, permanent = 0, attempts = 1, waited = NULL,
    on_wire = NULL, contact_id = NULL, error_id = :error,
    before = ({_EARLIER} + ifnull({_REPLACED.format(now=":now")}, 0)) * 10
    WHERE state = {_INTENT}
"""  # noqa: S608 - made of constants


@cache
def _statement(kind: ChangeKind, rows: int) -> str:
    if kind is ChangeKind.INTENT:
        values = ", ".join([f"(?, {_INTENT}, ?)"] * rows)
        return f"INSERT INTO fate (id, state, intent_at) VALUES {values} {_AFTER_INTENT}"  # noqa: S608 - made of constants
    values = ", ".join(["(?, ?, ?, ?, ?, ?, ?, ?, ?)"] * rows)
    columns = ", ".join(_RESULT_COLUMNS)
    return f"INSERT INTO fate (id, state, {columns}) VALUES {values} {_AFTER_RESULT}"  # noqa: S608 - made of constants


def _execute(connection: sqlite3.Connection, kind: ChangeKind, rows: Sequence[Row]) -> None:
    if kind is ChangeKind.WITHDRAWAL:
        connection.executemany(_WITHDRAW, rows)
        return
    done = 0
    for chunk in _CHUNKS:
        while len(rows) - done >= chunk:
            values = [value for row in rows[done : done + chunk] for value in row]
            connection.execute(_statement(kind, chunk), values)
            done += chunk


def error_id(connection: sqlite3.Connection, error: ErrorRecord | str) -> int:
    """The row of an error, made where it is new."""
    told = error if isinstance(error, str) else encode_error(error)
    connection.execute("INSERT OR IGNORE INTO error (told) VALUES (?)", (told,))
    row: tuple[int] = connection.execute("SELECT id FROM error WHERE told = ?", (told,)).fetchone()
    return row[0]


def orphan_intents(connection: sqlite3.Connection) -> tuple[int, ...]:
    """Mark as unknown what was under way when its runner died; return the messages' indexes."""
    found = connection.execute("SELECT id FROM fate WHERE state = ? ORDER BY id", (_INTENT,))
    indexes = tuple(cast("list[int]", [row[0] for row in found]))
    if indexes:
        # The lock tells that no runner lives: so each intent that is left is one of a dead run.
        told = {"now": time.time(), "error": error_id(connection, ORPHANED)}
        connection.execute(_MARK_UNKNOWN, told)
    return indexes


def only_unknown(connection: sqlite3.Connection, changes: Iterable[Change]) -> list[Change]:
    """The results among changes whose messages another runner has marked as unknown.

    It did so to all that we had on its way; what it has done with a message since is its own.
    """
    told: list[Change] = []
    for change in changes:
        kind, index, _ = change
        row = connection.execute("SELECT state FROM fate WHERE id = ?", (index,)).fetchone()
        if kind is ChangeKind.RESULT and row == (_UNKNOWN,):
            told.append(change)
    return told


def write_changes(connection: sqlite3.Connection, changes: Iterable[Change]) -> None:
    """Write changes inside a transaction, each message's in their order."""
    errors: dict[str, int] = {}
    batch: dict[ChangeKind, list[Row]] = {kind: [] for kind in ChangeKind}
    indexes: dict[int, ChangeKind] = {}

    def flush() -> None:
        for kind, rows in batch.items():
            _execute(connection, kind, rows)
            rows.clear()
        indexes.clear()

    # Changes of one kind go into few statements, which loses the order among the kinds: that makes
    # no difference as long as no message has two of them.
    for kind, index, given in changes:
        if index in indexes:
            flush()
        indexes[index] = kind
        row = given
        if kind is ChangeKind.RESULT and isinstance(told := row[-1], str):
            # Thousands of messages fail with one and the same error: its row is looked for once a
            # batch.
            if told not in errors:
                errors[told] = error_id(connection, told)
            row = (*row[:-1], errors[told])
        batch[kind].append(row)
    flush()
