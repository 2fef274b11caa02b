"""Changes that a user makes to a journal by hand, while nobody runs its campaign."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from pathlib import Path

from attrs import evolve

from ....errors import JournalError
from ..codec import decode_error, encode_error, whole
from ..records import ErrorRecord, JournalState, JournalSummary
from . import queries
from .changes import error_id, orphan_intents
from .columns import CODES
from .database import check_integrity, opened_for_writing, transaction
from .errors import was_interrupted, write_failure
from .filesystem import resolve_path

__all__ = ["purge_journal", "resolve_unknown"]

_NAMED = 10
_PATIENCE_MS = 1000
_UNKNOWN = CODES[JournalState.UNKNOWN]
_BY_HAND = ErrorRecord(type="NotSentError", message="not sent, as the user found out")
_PLAIN_ENDS = ("finished", "interrupted")


def _commit(connection: sqlite3.Connection) -> None:
    connection.execute("COMMIT")


@contextmanager
def _opened(given: str | os.PathLike[str]) -> Generator[tuple[Path, sqlite3.Connection]]:
    import sqlite3  # noqa: PLC0415 - importing the package must stay quick

    path = resolve_path(given)
    try:
        with opened_for_writing(path, _commit, make=False) as journal:
            check_integrity(journal.connection, path)
            yield path, journal.connection
    except (sqlite3.Error, UnicodeDecodeError, OSError) as error:
        if was_interrupted(error):
            raise KeyboardInterrupt from None
        raise write_failure(path, error) from None


def resolve_unknown(
    path: str | os.PathLike[str], state: JournalState, indexes: Iterable[int] | None = None
) -> int:
    """Settle messages whose outcome is unknown, as a user found out what it is.

    Args:
        path: The journal's file.
        state: ``ACCEPTED``: they are never sent again; or ``NOT_SENT``: a resume sends them.
        indexes: Which ones; None: all that are unknown.

    Returns:
        How many were settled.

    Raises:
        ValueError: Another state is given.
        JournalLockedError: A runner has the journal.
        JournalError: A message is not unknown, or it is no journal: nothing is changed.
        JournalWriteError: It cannot be written: nothing is changed.
    """
    if state not in {JournalState.ACCEPTED, JournalState.NOT_SENT}:
        raise ValueError(f"an unknown message becomes ACCEPTED or NOT_SENT, not {state.name}")
    with _opened(path) as (_, connection), transaction(connection, _commit):
        orphan_intents(connection)
        unknown = {
            row[0] for row in connection.execute("SELECT id FROM fate WHERE state = ?", (_UNKNOWN,))
        }
        chosen = unknown if indexes is None else set(indexes)
        if others := sorted(chosen - unknown):
            named = ", ".join(map(str, others[:_NAMED])) + (", …" if others[_NAMED:] else "")
            raise JournalError(f"not unknown, so there is nothing to settle: message(s) {named}")
        error = None if state is JournalState.ACCEPTED else error_id(connection, _BY_HAND)
        connection.executemany(
            "UPDATE fate SET state = ?, permanent = 0, error_id = ? WHERE id = ?",
            [(CODES[state], error, whole(index)) for index in chosen],
        )
        return len(chosen)


def purge_journal(path: str | os.PathLike[str], *, force: bool = False) -> int:
    """Erase the recipients and the texts of a campaign; states, counts and times stay.

    Errors keep their type, status, fields and rules, and lose their texts, which may quote a
    recipient. The campaign cannot be resumed then. What the file system or the disk keeps of freed
    blocks is out of reach, and so are copies.

    Args:
        path: The journal's file.
        force: Also where messages are left to send, or of unknown outcome.

    Returns:
        How many messages were erased.

    Raises:
        JournalLockedError: A runner has the journal.
        JournalError: Messages are left; it is no journal; or another program reads it just now.
        JournalWriteError: It cannot be written.
    """
    with _opened(path) as (resolved, connection):
        if not force:
            _refuse_unfinished(resolved, queries.summary(connection))
        connection.execute("PRAGMA secure_delete = ON")
        with transaction(connection, _commit):
            orphan_intents(connection)
            count = connection.execute(
                "UPDATE message SET parameters = NULL WHERE parameters IS NOT NULL"
            ).rowcount
            connection.execute("UPDATE fate SET contact_id = NULL")
            connection.execute("UPDATE duplicate SET digest = NULL")
            connection.execute(
                "UPDATE session SET ended = 'failed; the text of the error was purged' "
                "WHERE ended IS NOT NULL AND ended NOT IN (?, ?)",
                _PLAIN_ENDS,
            )
            connection.execute("DELETE FROM meta WHERE name IN ('account_salt', 'account_mark')")
            _erase_errors(connection)
            queries.set_meta(connection, purged=1)
        # First the old pages are overwritten in place: VACUUM only cuts the file's end off.
        _empty_log(resolved, connection)
        connection.execute("VACUUM")
        _empty_log(resolved, connection)
        return count


def _refuse_unfinished(path: Path, summary: JournalSummary) -> None:
    counts = summary.by_state
    unknown = counts[JournalState.UNKNOWN] + counts[JournalState.INTENT]
    left = counts[JournalState.PENDING] + counts[JournalState.NOT_SENT] + summary.retryable
    if left or unknown:
        raise JournalError(
            f"the campaign in the journal {path} is not finished: {left} message(s) are left to "
            f"send, {unknown} of unknown outcome; resume or resolve them, or purge it by force"
        )


def _erase_errors(connection: sqlite3.Connection) -> None:
    connection.execute("CREATE TEMP TABLE erased (was INTEGER PRIMARY KEY, now INTEGER)")
    for row, told in connection.execute("SELECT id, told FROM error").fetchall():
        error = decode_error(told)
        fields = tuple((name, rule, related, "") for name, rule, related, _ in error.fields)
        plain = encode_error(evolve(error, message="", fields=fields))
        connection.execute("INSERT INTO erased VALUES (?, ?)", (row, error_id(connection, plain)))
    connection.execute(
        "UPDATE fate SET error_id = (SELECT now FROM erased WHERE was = error_id) "
        "WHERE error_id IS NOT NULL"
    )
    connection.execute("DELETE FROM error WHERE id NOT IN (SELECT now FROM erased)")
    connection.execute("DROP TABLE erased")


def _empty_log(path: Path, connection: sqlite3.Connection) -> None:
    connection.execute(f"PRAGMA busy_timeout = {_PATIENCE_MS}")
    if connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
        raise JournalError(
            f"another program reads the journal {path} just now, so that traces are left in it: "
            "end that program, and purge again"
        )
