"""Whether a journal's file still has its log beside it, and what is in doubt where it does not.

What a run writes goes into SQLite's log, ``<journal>-wal``, and from there into the file now and
then. After a crash the last results are in the log alone: a file that is moved, copied or kept
without it does not know of them, and nothing in it looks wrong. So a run writes a mark into the
file itself before it sends anything, and the mark goes when all that was written is in the file.
A file with the mark and without a log was separated from it. Or another program of SQLite's has put
the log into the file; this cannot be told from a log that was lost while it was being put there, of
which the file has a part.

How many intents there are is written with each of them, and also kept in the file beside the
journal that says who holds it (:class:`IntentCount`). A journal that knows of fewer has lost the
end of its log, or is an older copy.
"""

from __future__ import annotations

import json
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Self

from attrs import evolve, frozen

from ....errors import JournalError
from ..codec import UNREADABLE, encode_error, expect_moment, expect_number, whole
from ..records import ErrorRecord, JournalState
from .lock import read_kept
from .queries import fact, meta, set_meta
from .schema import APPLICATION_ID
from .states import CODES, error_id

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

__all__ = [
    "IntentCount",
    "close_after_look",
    "close_beside_log",
    "doubt",
    "has_log",
    "is_without_log",
    "lacks_end",
    "mark_at_work",
    "mark_whole",
    "show_doubt",
    "without_log",
]

_MARK, _INTENTS = "log", "intents"
_MARKED = f"SELECT 1 FROM meta WHERE name = '{_MARK}' AND value = 1"  # noqa: S608 - a constant

_UNKNOWN = CODES[JournalState.UNKNOWN]
_KEPT = f"({CODES[JournalState.ACCEPTED]}, {_UNKNOWN})"
# A refusal for good is not sent again, whatever the log says.
_DOUBTFUL = (
    f"(fate.id IS NULL OR fate.state NOT IN {_KEPT} AND "
    f"NOT (fate.state = {CODES[JournalState.REJECTED]} AND ifnull(fate.permanent, 0)))"
)
_LOST = ErrorRecord(
    type="OutcomeUnknownError",
    message="it may have reached the server: the journal's log, which knew of it, is missing",
)


@frozen
class IntentCount:
    """How many intents all runs of a campaign have written.

    Attributes:
        created_at: The campaign's beginning, by which it is told from another one.
        count: The intents.
    """

    created_at: float
    count: int

    @classmethod
    def known(cls, connection: sqlite3.Connection) -> Self:
        """What a journal says.

        Raises:
            JournalError: It is damaged.
        """
        facts = meta(connection)
        began = expect_moment(facts.get("created_at") or 0, "its beginning")
        return cls(began, fact(facts, _INTENTS))

    @classmethod
    def kept(cls, path: Path) -> Self | None:
        """What was kept beside a journal; None where that is nothing."""
        try:
            created_at, count = json.loads(read_kept(path))
            return cls(expect_moment(created_at, "a time"), expect_number(count, "a count"))
        except (*UNREADABLE, JournalError):
            return None

    def plus(self, added: int) -> Self:
        """With some more."""
        return evolve(self, count=self.count + added)

    def write(self, connection: sqlite3.Connection) -> None:
        """Write it into the journal."""
        set_meta(connection, **{_INTENTS: whole(self.count)})

    def encode(self) -> bytes:
        """As it is kept beside the journal."""
        return json.dumps([self.created_at, self.count]).encode()


def lacks_end(connection: sqlite3.Connection, path: Path) -> bool:
    """Whether a journal knows of fewer intents than there were.

    Args:
        connection: A connection to the file.
        path: The journal's file, links followed; nobody runs it.

    Raises:
        JournalError: It is damaged.
    """
    kept = IntentCount.kept(path)
    if kept is None:
        return False
    known = IntentCount.known(connection)
    return kept.created_at == known.created_at and kept.count > known.count


def _log_path(journal: Path) -> Path:
    """SQLite's log of a journal."""
    return journal.with_name(f"{journal.name}-wal")


def has_log(journal: Path) -> bool:
    """Whether there is something in the log of a journal.

    Raises:
        OSError: It cannot be looked at.
    """
    log = _log_path(journal)
    return log.exists() and log.stat().st_size > 0


def _has_mark(connection: sqlite3.Connection) -> bool:
    return connection.execute(_MARKED).fetchone() is not None


def is_without_log(path: Path) -> bool:
    """Whether a journal's file was separated from the log that has what was written last.

    Asked before SQLite opens the file, as it makes an empty log where there is none.

    Args:
        path: The journal's file, links followed.
    """
    import sqlite3  # noqa: PLC0415 - importing the package must stay quick

    try:
        if has_log(path) or not path.stat().st_size:
            return False
        # Nobody writes where there is no log, and nothing is made beside the file in this way.
        connection = sqlite3.connect(f"{path.as_uri()}?immutable=1", uri=True)
    except (OSError, sqlite3.Error):
        return False
    try:
        kind = connection.execute("PRAGMA application_id").fetchone()[0]
        return kind == APPLICATION_ID and _has_mark(connection)
    except (sqlite3.Error, UnicodeDecodeError):
        return False  # whoever opens it will say what is wrong with it
    finally:
        connection.close()


def without_log(path: Path, *, cut: bool = False) -> JournalError:
    """The error of a journal that lacks what a run that died had sent last.

    Args:
        path: The journal's file.
        cut: Whether the file and its log are both too old, instead of the log being missing.
    """
    log = _log_path(path).name
    told = (
        f"the journal {path} does not know of what a run that died had sent last: its log {log} "
        f"lacks its end, or {path.name} is an older copy. Put the newer files back, {path.name} "
        f"and {log}. If they are gone for good"
        if cut
        else f"the journal {path} lacks its log {log}, which holds what a run that died had sent "
        f"last: put {log} beside it again, from where the journal was before. If the log is gone "
        "for good, as after another SQLite program has opened the file"
    )
    return JournalError(
        f"{told}, nobody knows who of those left has got a message: `cleverapp campaign unknown` "
        "lists them, and `cleverapp campaign resolve` settles them"
    )


def mark_at_work(connection: sqlite3.Connection) -> IntentCount:
    """Write into the file that its log has what it lacks; before anything is sent.

    Runs inside no transaction.

    Returns:
        The intents before this run.

    Raises:
        JournalError: The journal is damaged.
    """
    counted = IntentCount.known(connection)
    # It goes into the log like every write; the checkpoint then brings it into the file.
    set_meta(connection, **{_MARK: 1})
    # What a reader holds up for a moment comes with the next checkpoint.
    connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
    return counted


def mark_whole(connection: sqlite3.Connection) -> bool:
    """Remove the mark before the file is closed in order, and return whether it is gone."""
    import sqlite3  # noqa: PLC0415 - importing the package must stay quick

    try:
        if _has_mark(connection):
            connection.execute(f"DELETE FROM meta WHERE name = '{_MARK}'")  # noqa: S608 - a constant
            # SQLite leaves the log of a file that was moved where it is.
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
    except (sqlite3.Error, UnicodeDecodeError):
        return False
    return True


def close_beside_log(connection: sqlite3.Connection, path: Path) -> None:
    """Close a connection, and leave the log as it is.

    The last one that closes would put the log into the file and remove it. A file with the mark
    would then look as if the log had been lost, and a log that was cut would be gone.

    Args:
        connection: A connection to the file.
        path: The journal's file.
    """
    import sqlite3  # noqa: PLC0415 - importing the package must stay quick

    keeper: sqlite3.Connection | None = None
    try:
        # An empty log is none: SQLite has made it itself.
        if has_log(path):
            # It cannot write, so it removes nothing; and while it is there nobody else does.
            keeper = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
            keeper.execute("SELECT 1 FROM sqlite_master").fetchone()
    except (sqlite3.Error, UnicodeDecodeError, OSError):
        pass
    finally:
        connection.close()
        if keeper is not None:
            keeper.close()


def close_after_look(connection: sqlite3.Connection, path: Path) -> None:
    """Close a connection that has only read; the log goes only if the file needs it no longer.

    It does not where a run has ended in order while somebody looked.

    Args:
        connection: A connection to the file.
        path: The journal's file.
    """
    import sqlite3  # noqa: PLC0415 - importing the package must stay quick

    whole = False
    with suppress(sqlite3.Error, UnicodeDecodeError, JournalError):
        whole = not _has_mark(connection) and not lacks_end(connection, path)
    if whole:
        connection.close()
    else:
        close_beside_log(connection, path)


def doubt(connection: sqlite3.Connection, path: Path) -> None:
    """Write that whatever the log may have known of is of unknown outcome; in a transaction.

    Args:
        connection: The one that writes.
        path: The journal's file, links followed.

    Raises:
        JournalError: The journal is damaged.
    """
    kept = IntentCount.kept(path)
    if kept is not None and lacks_end(connection, path):
        # From here on nothing is missing that is not accounted for. Whoever opens the journal after
        # a crash would doubt once more, also what was settled by hand meanwhile.
        kept.write(connection)
    connection.execute(
        "INSERT OR REPLACE INTO fate (id, state, before, intent_at, ended_at, permanent, attempts, "  # noqa: S608 - made of constants
        f"error_id) SELECT message.id, {_UNKNOWN}, ifnull(fate.before, 0), fate.intent_at, "
        "?, 0, ifnull(fate.attempts, 0), ? FROM message "
        f"LEFT JOIN fate ON fate.id = message.id WHERE {_DOUBTFUL}",
        (time.time(), error_id(connection, _LOST)),
    )


def show_doubt(connection: sqlite3.Connection) -> None:
    """Let this connection see what :func:`doubt` would write; nothing is written."""
    # Views of this connection alone hide the tables of the same names, so that every query of a
    # reader sees what a resume would write, and the file stays as it is.
    told = encode_error(_LOST).replace("'", "''")

    def chosen(ours: str, its: str) -> str:
        return f"CASE WHEN {_DOUBTFUL} THEN {ours} ELSE {its} END"

    connection.execute(
        "CREATE TEMP VIEW error AS SELECT id, told FROM main.error "  # noqa: S608 - made of constants
        f"UNION ALL SELECT -1, '{told}'"
    )
    connection.execute(
        "CREATE TEMP VIEW fate AS SELECT message.id AS id, "  # noqa: S608 - made of constants
        f"{chosen(str(_UNKNOWN), 'fate.state')} AS state, ifnull(fate.before, 0) AS before, "
        f"fate.intent_at AS intent_at, {chosen(repr(time.time()), 'fate.ended_at')} "
        f"AS ended_at, {chosen('0', 'fate.permanent')} AS permanent, "
        "ifnull(fate.attempts, 0) AS attempts, fate.waited AS waited, fate.on_wire AS on_wire, "
        f"fate.contact_id AS contact_id, {chosen('-1', 'fate.error_id')} AS error_id "
        "FROM main.message AS message LEFT JOIN main.fate AS fate ON fate.id = message.id"
    )
