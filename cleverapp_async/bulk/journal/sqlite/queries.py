"""The queries of runners and readers: messages, facts of the campaign, and its runs."""

from __future__ import annotations

import os
import socket
import time
from collections import Counter
from typing import TYPE_CHECKING, TypeAlias, cast

from attrs import asdict, evolve, frozen

from ..codec import (
    damaged,
    decode_error,
    decode_key,
    expect_line,
    expect_moment,
    expect_number,
    expect_text,
)
from ..messages import decode_message
from ..records import JournalEntry, JournalSession, JournalState, JournalSummary
from ..rules import check_origin, purged_campaign
from .states import CODES, decode_result, earlier_attempts, state_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from ....limits.quota import LimitKey
    from ..codec import Cell
    from .states import ResultColumns

__all__ = [
    "TakeQuery",
    "begin_session",
    "check_campaign",
    "end_session",
    "entries",
    "fact",
    "forget_session",
    "key_in",
    "keys",
    "last_session",
    "meta",
    "origin",
    "pick",
    "sent_since",
    "set_meta",
    "summary",
    "take",
]

# index, method, parameters, reference, the key's row, state, intent_at; then the columns of the
# result
_Row: TypeAlias = "tuple[int, Cell, Cell, Cell, Cell, Cell, Cell, *ResultColumns]"
_Keys: TypeAlias = "Mapping[int, LimitKey | None]"

_COLUMNS = """
    message.id, message.method, message.parameters, message.reference, message.key_id, fate.state,
    fate.intent_at, fate.ended_at, fate.permanent, fate.attempts, fate.waited, fate.on_wire,
    fate.contact_id, error.told
"""
_JOINED = f"""
    SELECT {_COLUMNS} FROM message
    LEFT JOIN fate ON fate.id = message.id LEFT JOIN error ON error.id = fate.error_id
"""  # noqa: S608 - made of constants
_PENDING, _REJECTED, _NOT_SENT, _UNKNOWN = (
    CODES[state]
    for state in (
        JournalState.PENDING,
        JournalState.REJECTED,
        JournalState.NOT_SENT,
        JournalState.UNKNOWN,
    )
)
# No row means pending. What is unknown or refused for good is sent only where the run says so.
_TO_SEND = f"""
    (fate.id IS NULL OR fate.state IN ({_PENDING}, {_NOT_SENT})
     OR fate.state = {_REJECTED} AND (NOT fate.permanent OR :rejected)
     OR fate.state = {_UNKNOWN} AND :unknown)
"""
_PICK = f"{_JOINED} WHERE message.id = ?"
_TAKE = f"""
    {_JOINED} WHERE message.key_id = :key AND message.id > :after AND {_TO_SEND}
    ORDER BY message.id LIMIT :most
"""
# CROSS JOIN fixes the order: the fates are looked through once, and few messages are read.
_SENT = """
    SELECT id, before FROM (
        SELECT fate.id, before, row_number() OVER (
            PARTITION BY key_id ORDER BY max(ifnull(ended_at, 0), ifnull(intent_at, 0)) DESC
        ) AS place
        FROM fate CROSS JOIN message ON message.id = fate.id
        WHERE ended_at >= :moment OR intent_at >= :moment
    ) WHERE place <= :most
"""


def meta(connection: sqlite3.Connection) -> dict[str, Cell]:
    """The campaign's facts by their names."""
    return dict(connection.execute("SELECT name, value FROM meta"))


def fact(facts: Mapping[str, Cell], name: str) -> int:
    """A fact that is a number; 0 where there is none.

    Raises:
        JournalError: It is no whole number.
    """
    return expect_number(facts.get(name) or 0, f"the fact {name!r}")


def set_meta(connection: sqlite3.Connection, **values: Cell) -> None:
    """Write facts of the campaign."""
    connection.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", list(values.items()))


def keys(connection: sqlite3.Connection) -> dict[int, LimitKey | None]:
    """The limit keys of all messages by their rows."""
    found = connection.execute("SELECT id, bot_id, messenger, scope FROM key ORDER BY id")
    return {row[0]: decode_key(*row[1:]) for row in found}


def key_in(known: _Keys, row: Cell) -> LimitKey | None:
    """The limit key of a row.

    Raises:
        JournalError: There is no such row.
    """
    if not isinstance(row, int) or row not in known:
        raise damaged("what limits a message is not in it")
    return known[row]


def _entry(row: _Row, known: _Keys) -> JournalEntry:
    index, method, parameters, reference, key_id, code, intent_at, *result = row
    state = state_of(code)
    return JournalEntry(
        index=index,
        message=decode_message(method, parameters, reference),
        key=key_in(known, key_id),
        state=state,
        intent_at=None if intent_at is None else expect_moment(intent_at, "an intent's time"),
        result=decode_result(state, cast("ResultColumns", tuple(result))),
    )


@frozen
class TakeQuery:
    """The arguments of :meth:`Journal.take`, with the key by its row."""

    key: int
    after: int
    most: int
    unknown: bool
    rejected: bool


def take(
    connection: sqlite3.Connection, asked: Sequence[TakeQuery], known: _Keys
) -> list[JournalEntry]:
    """The next messages of a key that are to be sent, see :meth:`Journal.take`.

    Args:
        connection: To the journal.
        asked: The same question for each row of the key, hardly ever more than one.
        known: The keys by their rows.
    """
    rows = [row for one in asked for row in connection.execute(_TAKE, asdict(one))]
    if len(asked) > 1:
        rows = sorted(rows)[: asked[0].most]
    return [_entry(row, known) for row in rows]


def pick(connection: sqlite3.Connection, indexes: Iterable[int]) -> list[JournalEntry]:
    """Messages by their indexes."""
    known = keys(connection)
    found = [connection.execute(_PICK, (index,)).fetchone() for index in indexes]
    return [_entry(row, known) for row in found if row is not None]


def sent_since(connection: sqlite3.Connection, moment: float, most: int) -> list[JournalEntry]:
    """The newest messages that may have been on the wire; see :meth:`SendHistory.sent_since`."""
    found = connection.execute(_SENT, {"moment": moment, "most": most}).fetchall()
    picked = pick(connection, (index for index, _ in found))
    return [
        evolve(entry, earlier=earlier_attempts(expect_number(before, "attempts of a message")))
        for entry, (_, before) in zip(picked, found, strict=True)
    ]


def entries(
    connection: sqlite3.Connection, states: frozenset[JournalState]
) -> Iterator[JournalEntry]:
    """The messages in any of some states, in their order."""
    known = keys(connection)
    codes = ", ".join(str(CODES[state]) for state in states)
    found = connection.execute(
        f"{_JOINED} WHERE ifnull(fate.state, {_PENDING}) IN ({codes}) ORDER BY message.id"
    )
    for row in found:
        yield _entry(row, known)


def _counts(
    connection: sqlite3.Connection,
) -> tuple[dict[LimitKey | None, Mapping[JournalState, int]], dict[LimitKey | None, int]]:
    """By key, the messages by state, and those whose refusal may pass."""
    known = keys(connection)
    pending: dict[Cell, int] = dict(
        connection.execute("SELECT key_id, count(*) FROM message GROUP BY key_id")
    )
    counted: dict[Cell, dict[JournalState, int]] = {row: {} for row in pending}
    retryable: Counter[LimitKey | None] = Counter()
    found = connection.execute(
        "SELECT message.key_id, fate.state, ifnull(fate.permanent, 0), count(*) FROM fate "
        "CROSS JOIN message ON message.id = fate.id GROUP BY 1, 2, 3"
    )
    # A message without a row in `fate` is pending: those are what the rows leave of all messages.
    for row, code, permanent, count in found:
        state = state_of(code)
        if row not in pending:
            raise damaged("its counts contradict each other")
        pending[row] -= count
        counted[row][state] = counted[row].get(state, 0) + count
        if state is JournalState.REJECTED and not permanent:
            retryable[key_in(known, row)] += count
    by_key: dict[LimitKey | None, dict[JournalState, int]] = {}
    for row, count in pending.items():
        states = counted[row]
        if count:
            states[JournalState.PENDING] = states.get(JournalState.PENDING, 0) + count
        # Two spellings of a messenger, which an older release kept apart, are one key.
        its = by_key.setdefault(key_in(known, row), {})
        for state, number in states.items():
            its[state] = its.get(state, 0) + number
    return {key: states for key, states in by_key.items() if states}, dict(retryable)


def _session(row: tuple[Cell, ...]) -> JournalSession:
    started_at, ended_at, pid, host, ended = row
    return JournalSession(
        started_at=expect_moment(started_at, "the beginning of a run"),
        ended_at=None if ended_at is None else expect_moment(ended_at, "the end of a run"),
        pid=expect_number(pid, "the process of a run"),
        host=expect_line(host, "the machine of a run"),
        ended=None if ended is None else expect_text(ended, "why a run ended"),
    )


def summary(connection: sqlite3.Connection) -> JournalSummary:
    """The campaign in numbers.

    Raises:
        JournalError: The journal is damaged.
    """
    facts = meta(connection)
    by_key, retryable = _counts(connection)
    sessions = connection.execute(
        "SELECT started_at, ended_at, pid, host, ended FROM session ORDER BY id"
    )
    messages = sum(sum(states.values()) for states in by_key.values())
    duplicates = fact(facts, "duplicates")
    # A row that was deleted from the file shows here, and nowhere else: `quick_check` finds no
    # fault in a table that lacks one.
    if facts.get("complete") and "given" in facts and messages + duplicates != fact(facts, "given"):
        raise damaged(f"it was made of {fact(facts, 'given')} message(s), and holds {messages}")
    return JournalSummary(
        created_at=expect_moment(facts.get("created_at") or 0, "its beginning"),
        origin=expect_line(facts.get("origin") or "", "its base URL"),
        complete=bool(facts.get("complete")),
        purged=bool(facts.get("purged")),
        messages=messages,
        duplicates=duplicates,
        deduplicated=bool(facts.get("deduplicated")),
        by_key=by_key,
        retryable_by_key=retryable,
        sessions=tuple(map(_session, sessions)),
        note=None if facts.get("note") is None else expect_text(facts["note"], "its note"),
    )


_NOT_THERE = ("MethodNotFoundError", "UnexpectedResponseError")
"""The refusals that say that the base URL is wrong: no such method, and a redirect."""


def check_campaign(connection: sqlite3.Connection, path: Path, origin: str) -> None:
    """Make sure that the campaign in a journal, if there is one, can be resumed.

    It keeps to its base URL, unless it was tried there and no API was found.

    Raises:
        JournalError: It was purged, or is damaged.
        JournalMismatchError: It goes to another base URL.
    """
    facts = meta(connection)
    if facts.get("purged"):
        raise purged_campaign(f"the journal {path}", "give the path of a new file")
    known = expect_line(facts.get("origin"), "its base URL") if facts.get("complete") else origin
    if known != origin and not _never_arrived(connection):
        check_origin(f"the campaign in the journal {path}", known, origin)


def origin(connection: sqlite3.Connection) -> str | None:
    """The base URL that the campaign is sent to; None where no run has begun."""
    known = connection.execute("SELECT value FROM meta WHERE name = 'origin'").fetchone()
    return None if known is None else expect_line(known[0], "its base URL")


def _never_arrived(connection: sqlite3.Connection) -> bool:
    """Whether every message failed because there is no API at the base URL: it was wrong."""
    # Grouped, so that a million messages that failed alike are one row.
    tried = connection.execute(
        "SELECT fate.state, fate.permanent, error.told FROM fate "
        "LEFT JOIN error ON error.id = fate.error_id GROUP BY 1, 2, 3"
    ).fetchall()
    return bool(tried) and all(
        state_of(code) is JournalState.NOT_SENT
        or (
            state_of(code) is JournalState.REJECTED
            and not permanent
            and decode_error(told).type in _NOT_THERE
        )
        for code, permanent, told in tried
    )


def begin_session(connection: sqlite3.Connection, origin: str) -> int:
    """Note inside a transaction that a run begins; return its row."""
    now = time.time()
    set_meta(connection, origin=origin)
    # The first run's moment stays.
    connection.execute("INSERT OR IGNORE INTO meta VALUES ('created_at', ?)", (now,))
    began = connection.execute(
        "INSERT INTO session (started_at, pid, host) VALUES (?, ?, ?)",
        (now, os.getpid(), socket.gethostname()),
    )
    return began.lastrowid or 0


def last_session(connection: sqlite3.Connection) -> int:
    """The row of the run that began last; 0 where none has."""
    found = connection.execute("SELECT max(id) FROM session").fetchone()[0]
    return found or 0


def end_session(connection: sqlite3.Connection, row: int, ended: str) -> None:
    """Note inside a transaction why a run ended, in ASCII where UTF-8 cannot say it."""
    told = ended.encode(errors="backslashreplace").decode()
    connection.execute(
        "UPDATE session SET ended_at = ?, ended = ? WHERE id = ?", (time.time(), told, row)
    )


def forget_session(connection: sqlite3.Connection, row: int, origin: str | None) -> None:
    """Take back inside a transaction what :func:`begin_session` wrote.

    Args:
        connection: The journal.
        row: The run's row.
        origin: The base URL that the campaign had before; None: none was written down.
    """
    # Only as long as no other run has begun since, whose base URL it is by now.
    if origin is not None and last_session(connection) == row:
        set_meta(connection, origin=origin)
    connection.execute("DELETE FROM session WHERE id = ?", (row,))
