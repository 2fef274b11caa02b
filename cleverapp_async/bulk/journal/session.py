"""The runs of a campaign, each with its beginning, and its end where it came to one."""

from __future__ import annotations

import os
import socket
import time
from typing import TYPE_CHECKING

from ...errors import JournalError, JournalMismatchError
from .cells import a_line
from .codec import decode_error, state_of
from .queries import meta, set_meta
from .records import JournalState

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

__all__ = ["begin_session", "check_campaign", "end_session", "last_session"]

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
        raise JournalError(
            f"the journal {path} was purged of recipients and texts, so its campaign cannot be "
            "resumed: give the path of a new file"
        )
    known = a_line(facts.get("origin"), "its base URL") if facts.get("complete") else origin
    if known != origin and not _never_arrived(connection):
        raise JournalMismatchError(
            f"the campaign in the journal {path} goes to {known}, not to {origin}: "
            "resume it there, or give the path of a new file"
        )


def _never_arrived(connection: sqlite3.Connection) -> bool:
    """Whether the campaign was tried and no API found at its base URL, which was wrong then."""
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
    """Note inside a transaction that a run begins; gives its row."""
    now = time.time()
    set_meta(connection, origin=origin)
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
