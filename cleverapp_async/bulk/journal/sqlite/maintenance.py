"""Changes that a user makes to a journal by hand, while nobody runs its campaign."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from pathlib import Path

from attrs import Attribute, field, frozen

from ...._arguments import check_flag, check_path, wrong_argument, wrong_setting
from ....errors import JournalError
from ..codec import decode_error, encode_error, whole
from ..records import JournalState
from ..rules import (
    PURGED_END,
    check_finished,
    check_settling,
    check_unknown,
    error_by_hand,
    is_plain_end,
    without_texts,
)
from . import queries
from .database import opened_for_writing, transaction, was_interrupted, write_failure
from .filesystem import resolve_path
from .reader import JournalReader
from .states import CODES, error_id, orphan_intents

__all__ = ["SqliteCampaign", "purge_journal", "resolve_unknown"]

_PATIENCE_MS = 1000
_UNKNOWN = CODES[JournalState.UNKNOWN]


def _commit(connection: sqlite3.Connection) -> None:
    connection.execute("COMMIT")


@contextmanager
def _opened(given: str | os.PathLike[str]) -> Generator[tuple[Path, sqlite3.Connection]]:
    import sqlite3  # noqa: PLC0415 - importing the package must stay quick

    path = resolve_path(check_path("path", given, wrong_argument))
    try:
        with opened_for_writing(path, _commit, make=False, without=True) as journal:
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
        indexes: Which ones, counted from 0 as :attr:`JournalEntry.index` is, where the command line
            counts from 1; None: all that are unknown.

    Returns:
        How many were settled.

    Raises:
        InvalidRequestError: An argument cannot work, such as another state.
        JournalLockedError: A runner has the journal.
        JournalError: A message is not unknown, or it is no journal: nothing is changed.
        JournalWriteError: It cannot be written: nothing is changed.
    """
    asked = check_settling(state, indexes)
    with _opened(path) as (_, connection), transaction(connection, _commit):
        # The lock is ours, so that every intent is one of a dead run.
        orphan_intents(connection)
        unknown = {
            row[0] for row in connection.execute("SELECT id FROM fate WHERE state = ?", (_UNKNOWN,))
        }
        chosen = unknown if asked is None else asked
        check_unknown(chosen, unknown)
        told = error_by_hand(state)
        error = None if told is None else error_id(connection, told)
        connection.executemany(
            "UPDATE fate SET state = ?, permanent = 0, error_id = ? WHERE id = ?",
            [(CODES[state], error, whole(index)) for index in chosen],
        )
        return len(chosen)


def purge_journal(path: str | os.PathLike[str], *, force: bool = False) -> int:
    """Erase the recipients, texts and references of a campaign; states, counts and times stay.

    Errors keep their type, status, fields and rules, and lose their texts, which may quote a
    recipient. The campaign cannot be resumed then. What the file system or the disk keeps of freed
    blocks is out of reach, and so are copies.

    Args:
        path: The journal's file.
        force: Also where messages are left to send, or of unknown outcome.

    Returns:
        How many messages were erased.

    Raises:
        InvalidRequestError: An argument cannot work.
        JournalLockedError: A runner has the journal.
        JournalError: Messages are left; it is no journal; or another program reads it just now.
        JournalWriteError: It cannot be written.
    """
    check_flag("force", force, wrong_argument)
    with _opened(path) as (resolved, connection):
        if not force:
            summary = queries.summary(connection)
            check_finished(f"the campaign in the journal {resolved}", summary)
        # Freed bytes are overwritten with zeros; without it they would stay legible in the file.
        connection.execute("PRAGMA secure_delete = ON")
        with transaction(connection, _commit):
            orphan_intents(connection)
            count = connection.execute(
                "UPDATE message SET parameters = NULL, reference = NULL "
                "WHERE parameters IS NOT NULL"
            ).rowcount
            connection.execute("UPDATE fate SET contact_id = NULL")
            connection.execute("UPDATE duplicate SET digest = NULL")
            ends = connection.execute("SELECT id, ended FROM session").fetchall()
            telling = [(PURGED_END, row) for row, ended in ends if not is_plain_end(ended)]
            connection.executemany("UPDATE session SET ended = ? WHERE id = ?", telling)
            connection.execute(
                "DELETE FROM meta "
                "WHERE name IN ('account_salt', 'account_mark', 'reference_columns')"
            )
            _erase_errors(connection)
            queries.set_meta(connection, purged=1)
        # First the old pages are overwritten in place: VACUUM only cuts the file's end off.
        _empty_log(resolved, connection)
        connection.execute("VACUUM")
        _empty_log(resolved, connection)
        return count


def _erase_errors(connection: sqlite3.Connection) -> None:
    # Many errors become one and the same once their texts are gone: each message is led to the new
    # row before the old ones are deleted.
    connection.execute("CREATE TEMP TABLE erased (was INTEGER PRIMARY KEY, now INTEGER)")
    for row, told in connection.execute("SELECT id, told FROM error").fetchall():
        plain = encode_error(without_texts(decode_error(told)))
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


def _path(_: object, attribute: Attribute[str], value: object) -> None:
    check_path(attribute.name, value, wrong_setting)


@frozen
class SqliteCampaign:
    """A campaign in one SQLite file, to be read or settled by hand; a :class:`Campaign`.

    Attributes:
        path: The journal's file. Nothing is touched before it is read or changed.

    Raises:
        ConfigurationError: The path is not valid.
    """

    path: str | os.PathLike[str] = field(validator=_path)

    @property
    def address(self) -> str:
        """The path, as it was given."""
        return os.fspath(self.path)

    @property
    def resumable(self) -> bool:
        """One process goes on with all of it."""
        return True

    def reader(self) -> JournalReader:
        """Looks into it: a context manager."""
        return JournalReader(self.path)

    def resolve_unknown(self, state: JournalState, indexes: Iterable[int] | None = None) -> int:
        """The same as the function :func:`resolve_unknown`, for this file."""
        return resolve_unknown(self.path, state, indexes)

    def purge(self, *, force: bool = False) -> int:
        """The same as the function :func:`purge_journal`, for this file."""
        return purge_journal(self.path, force=force)
