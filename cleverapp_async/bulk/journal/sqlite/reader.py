"""Looks into a journal, also while a campaign runs, and changes nothing."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path
from typing import Self, TypeVar, cast
from weakref import WeakSet

from ...._arguments import check_flag, check_path, wrong_argument, wrong_setting
from ....errors import JournalError, JournalWriteError
from ....models.messages import Message
from ..codec import decode_error, expect_duration, expect_moment, expect_number, expect_text
from ..messages import decode_columns
from ..records import (
    ErrorRecord,
    JournalEntry,
    JournalState,
    JournalSummary,
    LockHolder,
    SettledMessage,
    chosen_states,
)
from ..rules import check_deduplication
from . import queries
from .database import harden, read_failure
from .filesystem import (
    Handle,
    check_file_type,
    check_files_beside,
    check_mount,
    check_place,
    resolve_path,
)
from .loading import Comparer
from .lock import check_lockable, read_holder
from .log import (
    close_after_look,
    has_log,
    is_without_log,
    lacks_end,
    show_doubt,
    without_log,
)
from .schema import VERSION, check_file
from .states import CODES, state_of

__all__ = ["JournalReader", "check_openable", "read_last_sign", "read_note"]

T = TypeVar("T")

_BUSY = 5.0
_BATCH = 400

_LAST_SIGN = "SELECT max(max(ifnull(intent_at, 0), ifnull(ended_at, 0))) FROM fate"
_WITH_RESULT = f"fate.state NOT IN ({CODES[JournalState.PENDING]}, {CODES[JournalState.INTENT]})"

_SETTLED = f"""
SELECT message.key_id, fate.state, fate.intent_at, ifnull(fate.ended_at, 0), fate.waited,
       fate.on_wire, ifnull(fate.attempts, 0)
FROM fate JOIN message ON message.id = fate.id WHERE {_WITH_RESULT}
ORDER BY fate.ended_at, fate.id
"""  # noqa: S608 - made of constants

_ERRORS = f"""
SELECT error.told, count(*) FROM fate JOIN error ON error.id = fate.error_id
WHERE {_WITH_RESULT} GROUP BY fate.error_id ORDER BY 2 DESC, 1
"""  # noqa: S608 - made of constants


@contextmanager
def _reading(path: Path) -> Generator[None]:
    import sqlite3  # noqa: PLC0415 - importing the package must stay quick

    try:
        yield
    except (sqlite3.Error, UnicodeDecodeError, OSError) as error:
        raise read_failure(path, error) from None


def _try_connect(path: Path, options: str) -> sqlite3.Connection:
    import sqlite3  # noqa: PLC0415 - importing the package must stay quick

    uri = f"{path.as_uri()}?{options}"
    connection = sqlite3.connect(uri, uri=True, timeout=_BUSY, isolation_level=None)
    try:
        harden(connection)
        connection.execute("PRAGMA query_only = ON")
        # SQLite opens a file at the first query: what is wrong with it must show here, where other
        # ways of opening it are still tried.
        connection.execute("SELECT 1 FROM sqlite_master").fetchone()
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def _looking(path: Path) -> Generator[sqlite3.Connection]:
    """A connection for a look; the log of a run that died stays beside the file."""
    with _reading(path), ExitStack() as opened:
        connection = _connect(path)
        # The last connection that closes a file empties its log into it; a mere look must not do
        # that to the journal of a run that died.
        opened.callback(close_after_look, connection, path)
        yield connection


def _connect(path: Path) -> sqlite3.Connection:
    import sqlite3  # noqa: PLC0415 - importing the package must stay quick

    try:
        # Writing is switched off by `query_only`; `mode=ro` would leave the -wal and -shm files,
        # which the connection needs, behind.
        return _try_connect(path, "mode=rw")
    except sqlite3.OperationalError:
        if has_log(path):
            return _try_connect(path, "mode=ro")
        # A folder that cannot be written, and nobody who writes: the file is all there is.
        return _try_connect(path, "immutable=1")


def _check(connection: sqlite3.Connection, path: Path) -> None:
    version = check_file(connection, path)
    if version is None:
        raise JournalError(f"the file {path} is empty: no campaign was begun in it")
    if version < VERSION:
        raise JournalError(
            f"the journal {path} was made by an earlier version of cleverapp_async: resume it "
            "once, which brings it up to date"
        )


def _second_name(path: Path) -> JournalError:
    return JournalError(
        f"the journal {path} has a second name (a hard link), under which its log would be missed: "
        "remove the other name, or use a copy"
    )


def _duplicates(connection: sqlite3.Connection) -> Iterator[tuple[int, int]]:
    for index, first in connection.execute("SELECT id, first_id FROM duplicate ORDER BY id"):
        yield index, expect_number(first, "a duplicate")


def _settled(connection: sqlite3.Connection) -> Iterator[SettledMessage]:
    known = queries.keys(connection)
    for key_id, code, intent_at, ended_at, waited, on_wire, attempts in connection.execute(
        _SETTLED
    ):
        yield SettledMessage(
            queries.key_in(known, key_id),
            state_of(code),
            None if intent_at is None else expect_moment(intent_at, "an intent's time"),
            expect_moment(ended_at, "the end of a message"),
            expect_duration(waited, "the wait of a message"),
            expect_duration(on_wire, "the time of a message on the wire"),
            expect_number(attempts, "the attempts of a message"),
        )


class JournalReader:
    """Looks into a journal; a context manager that works while a run goes on, and after it.

    Each call shows the journal as it is then; while an iteration is under way, as it was when that
    began.

    Messages whose state is ``INTENT`` are on their way while somebody holds the journal. Once
    nobody does (:meth:`holder`), they may have arrived or not: a resume calls them ``UNKNOWN``.

    Args:
        path: The journal's file. Nothing is touched before the block is entered.

    Raises:
        ConfigurationError: The path is not valid.
        JournalError: From every method: it cannot be read, or is no journal.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = resolve_path(check_path("path", path, wrong_setting))
        self._opened: sqlite3.Connection | None = None
        self._closing = ExitStack()
        self._streams: WeakSet[Generator[object]] = WeakSet()

    def __enter__(self) -> Self:
        """Open it.

        Raises:
            JournalError: There is none, it cannot be read, or it is of another version.
        """
        path = self._path
        if not check_file_type(path):
            raise JournalError(f"there is no journal {path}: check the path")
        with ExitStack() as opened, _reading(path):
            # Kept as long as the connection: to close it sooner would take SQLite's locks away.
            handle = Handle.open(path, os.O_RDONLY)
            opened.callback(handle.close)
            if handle.status().st_nlink > 1:
                raise _second_name(path)
            check_mount(path)
            check_files_beside(path)
            separated = is_without_log(path)
            connection = _try_connect(path, "immutable=1") if separated else _connect(path)
            if separated:
                opened.callback(connection.close)
            else:
                opened.callback(close_after_look, connection, path)
            _check(connection, path)
            # What is kept beside the file may be half written while somebody writes.
            if separated or (read_holder(path) is None and lacks_end(connection, path)):
                # Views of this connection are no change of the file, and SQLite refuses them all
                # the same while `query_only` is on.
                connection.execute("PRAGMA query_only = OFF")
                show_doubt(connection)
                connection.execute("PRAGMA query_only = ON")
            self._opened = connection
            self._closing = opened.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        """Close it; what is still iterated over ends."""
        # SQLite would keep the file in use for as long as one of them is alive.
        for stream in list(self._streams):
            stream.close()
        self._opened = None
        self._closing.close()

    @property
    def path(self) -> Path:
        """The journal's file, links followed."""
        return self._path

    @property
    def name(self) -> str:
        """The file's name without its folder, as reports call it."""
        return self._path.name

    def summary(self) -> JournalSummary:
        """The campaign in numbers."""
        with _reading(self._path):
            return queries.summary(self._connection)

    def entries(self, *states: JournalState) -> Iterator[JournalEntry]:
        """The messages in these states, all where none is given, by their index, row by row.

        Raises:
            InvalidRequestError: Something else than states is given.
            JournalError: The journal was purged, so that it holds no messages.
        """
        return self._stream(queries.entries(self._connection, chosen_states(states)))

    def errors(self) -> list[tuple[ErrorRecord, int]]:
        """The errors that results hold, and how often each; the most frequent first."""
        with _reading(self._path):
            found = self._connection.execute(_ERRORS)
            return [(decode_error(told), count) for told, count in found]

    def reference_columns(self) -> tuple[str, ...]:
        """The columns that an export has for the references of the messages."""
        with _reading(self._path):
            return decode_columns(queries.meta(self._connection).get("reference_columns"))

    def duplicates(self) -> Iterator[tuple[int, int]]:
        """Messages left out: their index, and the index of the one with the same address."""
        return self._stream(_duplicates(self._connection))

    def settled(self) -> Iterator[SettledMessage]:
        """The messages that have a result, in the order they ended, row by row."""
        return self._stream(_settled(self._connection))

    def holder(self) -> LockHolder | None:
        """Who has the journal open for writing; None where nobody has."""
        return read_holder(self._path)

    def compare(
        self, messages: Iterable[Message] | None, *, origin: str, deduplicate: bool = True
    ) -> None:
        """Hold messages against those of the campaign, as a run does that resumes it.

        Memory is constant, however many there are.

        Args:
            messages: What would be sent; None: only whether the campaign can be resumed there.
            origin: The base URL that would be sent to.
            deduplicate: Whether the run would leave out messages to an address given before.

        Raises:
            JournalMismatchError: The campaign is another one, or was begun in another way; says
                what differs.
            JournalError: It was purged or never filled, or cannot be read.
            InvalidRequestError: What is given is no list of messages, or an argument is wrong.
        """
        check_flag("deduplicate", deduplicate, wrong_argument)
        if isinstance(cast("object", messages), str | bytes | Mapping) or not isinstance(
            cast("object", messages), Iterable | None
        ):
            raise wrong_argument("messages", "messages in a list or any other iterable", messages)
        connection = self._connection
        with _reading(self._path):
            queries.check_campaign(connection, self._path, origin)
            facts = queries.meta(connection)
        if not facts.get("complete"):
            raise JournalError(f"the journal {self._path} has no campaign yet: give the messages")
        if messages is None:
            return
        name = f"the journal {self._path}"
        left_out = bool(facts.get("deduplicated"))
        check_deduplication(name, left_out=left_out, leave_out=deduplicate)
        comparison = Comparer(queries.fact(facts, "given"))
        given = iter(messages)
        # The messages are the caller's: what reading them raises must not be told as a fault of the
        # journal, so that only the comparison stands in the block.
        while batch := list(islice(given, _BATCH)):
            with _reading(self._path):
                comparison.check(connection, batch)
        comparison.finish()

    def _stream(self, rows: Iterator[T]) -> Iterator[T]:
        def wrapped() -> Generator[T]:
            with _reading(self._path):
                yield from rows

        stream = wrapped()
        self._streams.add(stream)
        return stream

    @property
    def _connection(self) -> sqlite3.Connection:
        if self._opened is None:
            raise JournalError(f"the journal {self._path} is not open: use the reader in a `with`")
        return self._opened


def check_openable(given: str | os.PathLike[str], origin: str, *, create: bool) -> None:
    """Make sure that a run could open a journal now, as far as that can be told without a trace.

    Nothing is made, locked or written. What may still fail is what only writing shows: a full disk.

    Args:
        given: The journal's path.
        origin: The base URL that the run would send to.
        create: Whether the run would begin a campaign where there is none.

    Raises:
        JournalLockedError: Another runner has it.
        JournalMismatchError: The campaign in it goes to another base URL.
        JournalWriteError: It or its folder cannot be written.
        JournalError: There is no campaign to go on with, it is no journal, was purged, lacks what a
            run that died had sent last, or lies where a journal cannot be kept.
    """
    path = resolve_path(given)
    check_place(path)
    filled = check_file_type(path) and path.stat().st_size > 0
    if not filled and not create:
        raise JournalError(f"there is no journal {path}: give the path of one, or messages")
    # The same as `opened_for_writing`, in its order.
    if not os.access(path.parent, os.W_OK):
        raise JournalWriteError(
            f"the journal {path} cannot be written: let it and its folder be written, or put "
            "the journal elsewhere"
        )
    check_lockable(path)
    check_mount(path)
    check_files_beside(path)
    if not filled:
        return
    if is_without_log(path):
        raise without_log(path)
    with _looking(path) as connection:
        # What an earlier version made is brought up to date when it is opened.
        if check_file(connection, path) == VERSION:
            queries.check_campaign(connection, path, origin)
            if lacks_end(connection, path):
                raise without_log(path, cut=True)


def read_note(given: str | os.PathLike[str]) -> str | None:
    """What a campaign's last run wrote down for the next one; nothing is made, locked or written.

    Unlike a reader, this also reads journals that an earlier version of this package made.

    Args:
        given: The journal's path.

    Raises:
        ConfigurationError: The path is not valid.
        JournalError: There is no journal, or it cannot be read.
    """
    with _looking_at(given) as (connection, version):
        if version is None:
            return None
        note = queries.meta(connection).get("note")
        return None if note is None else expect_text(note, "its note")


def read_last_sign(given: str | os.PathLike[str]) -> float | None:
    """When a campaign's last run was last seen alive, if it has not ended; read as the note is.

    Args:
        given: The journal's path.

    Returns:
        Unix seconds: when it began, or wrote an intent or a result. None: it has ended, or there
        was none.

    Raises:
        ConfigurationError: The path is not valid.
        JournalError: There is no journal, or it cannot be read.
    """
    with _looking_at(given) as (connection, version):
        if not version:  # the first version kept no runs
            return None
        last = "SELECT started_at, ended_at FROM session ORDER BY id DESC LIMIT 1"
        began, ended = connection.execute(last).fetchone() or (None, None)
        if began is None or ended is not None:
            return None
        (sign,) = connection.execute(_LAST_SIGN).fetchone()
        return max(expect_moment(one or 0, "a moment of a run") for one in (began, sign))


@contextmanager
def _looking_at(
    given: str | os.PathLike[str],
) -> Generator[tuple[sqlite3.Connection, int | None]]:
    """A connection for a look into a journal of any version, and the version."""
    path = resolve_path(given)
    if not check_file_type(path):
        raise JournalError(f"there is no journal {path}: check the path")
    check_mount(path)
    check_files_beside(path)
    with _looking(path) as connection:
        yield connection, check_file(connection, path)
