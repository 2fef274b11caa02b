"""Whether a journal's file still has its log beside it, and what is in doubt where it does not.

What a run writes goes into SQLite's log, ``<journal>-wal``, and from there into the file now and
then. After a crash the last results are in the log alone: a file that is moved, copied or kept
without it does not know of them, and nothing in it looks wrong. So a run writes a mark into the
file itself before it sends anything, and the mark goes when all that was written is in the file.
A file with the mark and without a log was separated from it.

The file beside the journal that says who holds it keeps the last intent, too (:class:`LastIntent`).
A journal that does not know that intent has lost the end of its log, or the whole. One without a
log that knows it has lost nothing: another program of SQLite's has put the log into the file.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Self, cast

from attrs import evolve, frozen

from ....errors import JournalError
from ....limits.shared.disk.machine import read_boot_id
from ..codec import Cell, encode_error, expect_number, whole
from ..records import ErrorRecord, JournalState
from .lock import read_kept
from .schema import APPLICATION_ID
from .states import CODES, error_id

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

__all__ = [
    "LastIntent",
    "close_beside_log",
    "doubt",
    "is_without_log",
    "lacks_end",
    "log_path",
    "mark_at_work",
    "mark_whole",
    "show_doubt",
    "without_log",
]

_MARK = "log"
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

_CREATED = "SELECT value FROM meta WHERE name = 'created_at'"
_LAST = "SELECT id, intent_at FROM fate WHERE intent_at NOT NULL ORDER BY intent_at DESC LIMIT 1"


@frozen
class LastIntent:
    """The intent that was written last, as it is kept outside of the file and its log.

    Attributes:
        created_at: The campaign's beginning, by which it is told from another one.
        boot: The start of the machine: a power cut may lose what was kept. Empty where nobody
            knows.
        index: The message; None where there was no intent yet.
        at: The moment of the intent.
    """

    created_at: Cell
    boot: str
    index: int | None = None
    at: float = 0.0

    @classmethod
    def find(cls, connection: sqlite3.Connection) -> Self:
        """The one that a journal knows of, which lacks nothing."""
        created = connection.execute(_CREATED).fetchone()
        index, at = connection.execute(_LAST).fetchone() or (None, 0.0)
        return cls(created and created[0], read_boot_id(), index, at)

    @classmethod
    def read(cls, path: Path) -> Self | None:
        """What was kept beside a journal; None where that is nothing."""
        try:
            created_at, boot, index, at = json.loads(read_kept(path))
            number = None if index is None else expect_number(index, "an intent")
            return cls(created_at, str(boot), number, float(at))
        except (ValueError, TypeError, OverflowError, RecursionError, JournalError):
            return None

    def followed_by(self, index: int, at: Cell) -> Self:
        """A later one."""
        return evolve(self, index=index, at=cast("float", at))

    def encode(self) -> bytes:
        """As it is kept."""
        return json.dumps([self.created_at, self.boot, self.index, self.at]).encode()

    def is_of(self, connection: sqlite3.Connection) -> bool:
        """Whether it is one of this campaign."""
        created = connection.execute(_CREATED).fetchone()
        return created is not None and created[0] == self.created_at

    def is_in(self, connection: sqlite3.Connection) -> bool:
        """Whether the journal knows of it: it was settled, withdrawn or repeated since, perhaps."""
        if self.index is None:
            return True
        asked = "SELECT 1 FROM fate WHERE id = ? AND intent_at >= ?"
        return connection.execute(asked, (whole(self.index), self.at)).fetchone() is not None


def lacks_end(connection: sqlite3.Connection, path: Path) -> bool:
    """Whether a journal does not know of the intent that was its last.

    Args:
        connection: A connection to the file.
        path: The journal's file, links followed; nobody runs it.
    """
    last = LastIntent.read(path)
    return last is not None and last.is_of(connection) and not last.is_in(connection)


def _knows_all(connection: sqlite3.Connection, path: Path) -> bool:
    """Whether a file without its log lacks nothing all the same."""
    last = LastIntent.read(path)
    if last is None or not last.boot or last.boot != read_boot_id():
        return False
    return last.is_of(connection) and last.is_in(connection)


def log_path(journal: Path) -> Path:
    """SQLite's log of a journal."""
    return journal.with_name(f"{journal.name}-wal")


def _has_mark(connection: sqlite3.Connection) -> bool:
    return connection.execute(_MARKED).fetchone() is not None


def is_without_log(path: Path) -> bool:
    """Whether a journal's file was separated from the log that has what was written last.

    Asked before SQLite opens the file, as it makes an empty log where there is none.

    Args:
        path: The journal's file, links followed.
    """
    import sqlite3  # noqa: PLC0415 - importing the package must stay quick

    log = log_path(path)
    try:
        if (log.exists() and log.stat().st_size) or not path.stat().st_size:
            return False
        # Nobody writes where there is no log, and nothing is made beside the file in this way.
        connection = sqlite3.connect(f"{path.as_uri()}?immutable=1", uri=True)
    except (OSError, sqlite3.Error):
        return False
    try:
        kind = connection.execute("PRAGMA application_id").fetchone()[0]
        marked = kind == APPLICATION_ID and _has_mark(connection)
        return marked and not _knows_all(connection, path)
    except (sqlite3.Error, UnicodeDecodeError):
        return False  # whoever opens it will say what is wrong with it
    finally:
        connection.close()


def without_log(path: Path, *, cut: bool = False) -> JournalError:
    """The error of a journal that a run would resume without its log.

    Args:
        path: The journal's file.
        cut: Whether there is a log, which lacks its end.
    """
    log = log_path(path)
    told = f"lacks the end of its log {log.name}" if cut else f"lacks its log {log.name}"
    return JournalError(
        f"the journal {path} {told}, which holds what a run that died had sent "
        f"last: put {log.name} beside it again, from where the journal was before. If the log is "
        "gone for good, nobody knows who of those left has got a message: `cleverapp campaign "
        "unknown` lists them, and `cleverapp campaign resolve` settles them"
    )


def mark_at_work(connection: sqlite3.Connection) -> None:
    """Write into the file that its log has what it lacks; before anything is sent.

    Runs inside no transaction.
    """
    # It goes into the log like every write; the checkpoint then brings it into the file.
    connection.execute(f"INSERT OR REPLACE INTO meta VALUES ('{_MARK}', 1)")  # noqa: S608 - a constant
    # What a reader holds up for a moment comes with the next checkpoint.
    connection.execute("PRAGMA wal_checkpoint(PASSIVE)")


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
    """Close a connection; where the file has the mark, its log stays as it is.

    The last one that closes would put the log into the file and remove it, so that the file with
    its mark would look as if the log had been lost.

    Args:
        connection: A connection to the file.
        path: The journal's file.
    """
    import sqlite3  # noqa: PLC0415 - importing the package must stay quick

    keeper: sqlite3.Connection | None = None
    try:
        if _has_mark(connection):
            # It cannot write, so it removes nothing; and while it is there nobody else does.
            keeper = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
            keeper.execute("SELECT 1 FROM sqlite_master").fetchone()
    except (sqlite3.Error, UnicodeDecodeError):
        pass
    finally:
        connection.close()
        if keeper is not None:
            keeper.close()


def doubt(connection: sqlite3.Connection) -> None:
    """Write that whatever the log may have known of is of unknown outcome; in a transaction."""
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
