"""A campaign's journal in one SQLite file."""

from __future__ import annotations

import asyncio
import os
import socket
import sqlite3
import time
from collections.abc import Awaitable, Callable, Generator
from contextlib import aclosing, contextmanager
from functools import partial
from pathlib import Path

from ...._arguments import check_instance, check_path, wrong_setting
from ....errors import ConfigurationError, JournalError, JournalLockedError
from ....limits.quota import LimitKey
from ....models.messages import Message
from ..codec import Cell
from ..messages import read_messages
from ..protocol import MarkOf, Messages
from ..records import JournalEntry, JournalResult, JournalSummary, Loaded, Resend
from ..rules import check_deduplication
from . import queries
from .database import OpenJournal, opened_for_writing, transaction
from .filesystem import check_file_type, resolve_path
from .loading import Comparer, Loader
from .states import Change, ChangeKind, orphan_intents, result_row
from .writer import WriterThread

__all__ = ["SqliteJournal"]

_SALT, _MARK = "account_salt", "account_mark"


_LONGEST_NOTE = 4000


def _check_note(note: str) -> None:
    if len(note) > _LONGEST_NOTE:
        raise ConfigurationError(
            f"note has {len(note)} characters, and {_LONGEST_NOTE} at most are kept: shorten it"
        )
    try:
        note.encode()
    except UnicodeEncodeError as error:
        raise ConfigurationError(
            f"note holds half a character (a surrogate) at {error.start}: no file can keep it"
        ) from None


async def _once_there_is_room(writer: WriterThread, change: Change) -> None:
    await writer.room()
    await writer.write(change)


class SqliteJournal:
    """A campaign's journal in one SQLite file, for ``run_campaign(journal)``.

    Beside the file lie ``-wal`` and ``-shm`` while it is open, or after a crash, and ``.lock``.
    They belong to it: copy all of them. The first holds what was written last; ``.lock`` names the
    runner, and tells after a crash whether something is missing. All are for their owner alone
    (mode 0600). The file holds recipients, texts and references, and never the API token.

    After :meth:`close` it can be opened again, to resume.

    Args:
        path: The file; it is made where there is none. It must lie on a local disk. Nothing is
            made or changed before :meth:`open`.
        note: What the next run is to know of this one, in words of your own, 4,000 characters at
            most: the journal's summary gives it back. It stays when the campaign is purged. None
            keeps that of the last run.

    Raises:
        ConfigurationError: The path is not valid, or that of a folder; or the note is no text, too
            long, or no Unicode.
    """

    def __init__(self, path: str | os.PathLike[str], *, note: str | None = None) -> None:
        self._given = check_path("path", path, wrong_setting)
        if os.path.isdir(self._given):  # noqa: PTH112 - of a link in a circle it says no
            raise ConfigurationError(
                f"path must be that of a file, and {self._given} is a folder: add the name of the "
                "journal in it, such as run.db"
            )
        if note is not None:
            check_instance("note", note, str, "a text, or None", wrong_setting)
            _check_note(note)
        self._note = note
        self._path: Path | None = None
        self._writer: WriterThread | None = None
        self._commits = 0
        self._session = 0
        self._origin: str | None = None
        self._used = False
        self._open: OpenJournal | None = None
        self._facts: dict[str, Cell] = {}
        self._keys: dict[int, LimitKey | None] = {}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._given!r})"

    @property
    def path(self) -> Path:
        """The file, links followed."""
        return self._path or resolve_path(self._given)

    @property
    def commits(self) -> int:
        """Transactions that this object has made durable: about one wait for the disk each."""
        return self._commits

    async def open(self, origin: str, *, create: bool = True) -> None:
        """Take the journal for this runner alone.

        Args:
            origin: The base URL that is sent to.
            create: Whether to make it where there is none.

        Raises:
            JournalLockedError: Another runner has it.
            JournalMismatchError: The campaign in it goes to another base URL.
            JournalWriteError: It cannot be made or written.
            JournalError: It is not there and not to be made, cannot be opened, is no journal, is
                damaged, was purged, lacks what a run that died had sent last (its log, the end of
                that, or all since an older copy), or lies where a journal cannot be kept.
        """
        if self._writer is not None:
            raise JournalLockedError(
                f"the journal {self.path} is in use by this program already: close it first",
                pid=os.getpid(),
                host=socket.gethostname(),
            )
        path = self._path = resolve_path(self._given)
        if not create and not check_file_type(path):
            raise JournalError(
                f"there is no journal {path}: give the path of one, or messages for a new campaign"
            )
        # Of an earlier opening of this object: until the new run has its session, commits must not
        # be compared with that of the last one.
        self._session, self._open, self._used = 0, None, False
        writer = WriterThread(path, partial(self._opened, path), self._end, self._end_at_last)
        self._writer = writer
        try:
            await writer.start()
        except BaseException:
            self._writer = None
            raise
        try:
            # In a call of its own: what it raises comes here, while the thread goes on and can be
            # stopped in order.
            await writer.call(partial(self._begin, origin, path))
        except BaseException:
            self._writer = None
            await writer.stop(lambda _: None)
            raise

    async def load(
        self,
        messages: Messages | None,
        key_of: Callable[[Message], LimitKey | None],
        *,
        deduplicate: bool,
    ) -> Loaded:
        """Read all messages in, or hold them against those of a campaign that is resumed.

        Memory is constant, however many there are. A load that was interrupted begins anew.

        Args:
            messages: What is sent; None resumes what the journal holds, unseen.
            key_of: What limits a message, asked once for each message right after it was read.
            deduplicate: Leave out a message whose address was given before. Must be as it was when
                the campaign began, where ``messages`` are given.

        Raises:
            JournalMismatchError: The messages are not those of the campaign; says what differs.
            InvalidRequestError: Something given is no message.
            JournalWriteError: They cannot be written.
            JournalError: There is no campaign to resume.
        """
        writer = self._at_work()
        resumed = bool(self._facts.get("complete"))
        orphans: list[JournalEntry] = []
        if not resumed:
            if messages is None:
                told = "loading was interrupted" if self._facts.get("loading") else "it is empty"
                raise JournalError(
                    f"the journal {self.path} has no campaign to resume, {told}: give the messages"
                )
            await self._take_in(writer, messages, key_of, deduplicate=deduplicate)
        elif messages is not None:
            await self._compare(writer, messages, deduplicate=deduplicate)
        # Counted as a run only now: one that was refused by the comparison leaves no trace in the
        # journal.
        if resumed:
            await self._count_as_run(writer)
            orphans = await writer.call(self._find_orphans)
        # Before anything is sent: from here on the file alone does not tell all, and says so.
        await writer.call(self._mark_at_work)
        self._facts = await writer.call(queries.meta)
        self._keys = await writer.call(queries.keys)
        given, duplicates = self._number("given"), self._number("duplicates")
        return Loaded(given - duplicates, duplicates, resumed, tuple(orphans))

    async def recognize(self, mark_of: MarkOf) -> bool | None:
        """Compare the account's token with that of the last run, and keep its mark.

        The journal holds 16 random bytes, and 4 bytes of a slow hash of the token with them.

        Args:
            mark_of: Gives the token's mark for a salt.

        Returns:
            Whether they are the same; None where no run has left a mark.

        Raises:
            JournalError: The mark cannot be read or written.
        """
        return await self._at_work().call(partial(self._recognize, mark_of))

    async def keys(self) -> list[LimitKey | None]:
        """The limit keys of all messages."""
        # Two rows may hold one key: an older release kept a messenger as the server spelled it.
        return list(dict.fromkeys(self._keys.values()))

    async def take(
        self, key: LimitKey | None, after: int, most: int, resend: Resend
    ) -> list[JournalEntry]:
        """The next messages of a key that are to be sent, in their order.

        Args:
            key: Whose messages.
            after: Only messages whose index is greater; -1 for all.
            most: How many at most.
            resend: Which of those that have a result are sent again.

        Raises:
            JournalError: They cannot be read.
        """
        writer = self._at_work()
        known = self._keys
        # A campaign has few keys, so that a look through them all costs nothing.
        asked = [
            queries.TakeQuery(row, after, most, resend.unknown, resend.rejected)
            for row, its in known.items()
            if its == key
        ]
        return await writer.call(partial(queries.take, asked=asked, known=known))

    async def sent_since(self, moment: float, most: int) -> list[JournalEntry]:
        """The messages whose last intent or result is not older than a moment.

        The file is looked through once, in the writer's thread.

        Args:
            moment: Unix seconds.
            most: How many of each key at most, the newest ones.

        Raises:
            JournalError: They cannot be read.
        """
        asked = partial(queries.sent_since, moment=moment, most=most)
        return await self._at_work().call(asked)

    def intend(self, index: int) -> Awaitable[None]:
        """Write that a message is about to leave; durable once it was awaited.

        It waits where so much is queued that the disk cannot follow. Whoever stops waiting for it
        withdraws it: it may be written all the same.

        Raises:
            JournalWriteError: It is not written: the message must not leave.
            JournalLockedError: Another run has the journal now: the same.
        """
        writer = self._at_work()
        change = (ChangeKind.INTENT, index, (index, time.time()))
        # A future costs less than a coroutine, and the queue is hardly ever full.
        return _once_there_is_room(writer, change) if writer.full else writer.write(change)

    def withdraw(self, index: int) -> None:
        """Queue a return to the state before the intent, if there is one, and wait for nothing."""
        self._at_work().add((ChangeKind.WITHDRAWAL, index, (time.time(), index)))

    def record(self, index: int, result: JournalResult) -> Awaitable[None]:
        """Write how a message ended; durable once it was awaited, and written even if it is not.

        A message that may have arrived before stays ``UNKNOWN``, with its older result, when
        sending it once more came to ``NOT_SENT`` or to a refusal that may pass.

        Raises:
            JournalWriteError: It is not written: its intent stays without a result, unless
                :meth:`close` can still write it.
        """
        return self._at_work().write((ChangeKind.RESULT, index, result_row(index, result)))

    async def summary(self) -> JournalSummary:
        """The campaign in numbers."""
        return await self._at_work().call(queries.summary)

    async def close(self, ended: str) -> None:
        """Write what is left, note why this run ended, and let the journal go.

        A run that was refused before it could send anything, since the messages are not those of
        the campaign for instance, leaves no trace: it is no run of the campaign.

        Args:
            ended: In words: ``finished``, ``interrupted``, or the text of an error.

        Raises:
            JournalLostError: The file was deleted or moved meanwhile, at the very end perhaps.
            JournalWriteError: What was left could not be written; the journal is let go.
        """
        # Gone from here on, however the last write ends: closing twice does nothing.
        writer, self._writer = self._writer, None
        if writer is not None:
            if self._used:
                last = partial(queries.end_session, row=self._session, ended=ended)
            else:
                last = partial(queries.forget_session, row=self._session, origin=self._origin)
            await writer.stop(last)

    def _commit(self, connection: sqlite3.Connection) -> None:
        """Make a transaction durable: every commit of this journal goes through here.

        A seam for tests, which override it to end the process before or after a commit. Runs in
        the writer's thread.
        """
        connection.execute("COMMIT")

    @contextmanager
    def _opened(self, path: Path, give_up: Callable[[], bool]) -> Generator[OpenJournal]:
        with opened_for_writing(path, self._end, give_up=give_up) as journal:
            self._open = journal
            yield journal

    def _end(self, connection: sqlite3.Connection) -> None:
        """Commit, if this run still owns the journal: no other run may have begun.

        Raises:
            JournalLockedError: Another run has begun, although this one holds the lock.
            JournalLostError: The file is not where it was.
        """
        # Looked at before every commit: what is written into a file that was deleted or moved away
        # would be found by no resume.
        if self._open is not None:
            self._open.files.check()
        # Where locks do not work (some virtual file systems) two runs may both believe to be alone:
        # the later one has written its session, and the earlier one stops here, before an intent of
        # it counts.
        if self._session and queries.last_session(connection) != self._session:
            raise JournalLockedError(
                f"another run has begun in the journal {self.path} and has it now: nothing more "
                "is sent by this one"
            )
        self._end_at_last(connection)

    def _end_at_last(self, connection: sqlite3.Connection) -> None:
        self._commit(connection)
        self._commits += 1

    def _at_work(self) -> WriterThread:
        if self._writer is None:
            raise JournalError(f"the journal {self.path} is not open")
        return self._writer

    async def _take_in(
        self,
        writer: WriterThread,
        messages: Messages,
        key_of: Callable[[Message], LimitKey | None],
        *,
        deduplicate: bool,
    ) -> None:
        await self._count_as_run(writer)
        intake = Loader(self._end, deduplicate)
        # Some rows are written while the next ones are made: at most two times some in memory.
        written = writer.begin(intake.begin)
        try:
            async with aclosing(read_messages(messages)) as batches:
                async for batch in batches:
                    intake.encode(batch, key_of)
                    if intake.full:
                        await written
                        written = writer.begin(partial(intake.add, rows=intake.take()))
                    # A plain iterable never gives the loop a turn.
                    await asyncio.sleep(0)
            await written
            written = writer.begin(partial(intake.add, rows=intake.take()))
            await written
        finally:
            if not written.cancel() and not written.cancelled():
                written.exception()  # or asyncio would log that nobody has seen it
        await writer.call(intake.finish)

    async def _count_as_run(self, writer: WriterThread) -> None:
        self._used = True
        if self._note is not None:
            await writer.call(self._write_note)

    def _write_note(self, connection: sqlite3.Connection) -> None:
        with transaction(connection, self._end):
            queries.set_meta(connection, note=self._note)

    async def _compare(
        self, writer: WriterThread, messages: Messages, *, deduplicate: bool
    ) -> None:
        check_deduplication(
            f"the journal {self.path}",
            left_out=bool(self._facts.get("deduplicated")),
            leave_out=deduplicate,
        )
        comparison = Comparer(self._number("given"))
        async with aclosing(read_messages(messages)) as batches:
            async for batch in batches:
                await writer.call(partial(comparison.check, batch=batch))
        comparison.finish()

    def _begin(self, origin: str, path: Path, connection: sqlite3.Connection) -> None:
        queries.check_campaign(connection, path, origin)
        self._origin = queries.origin(connection)
        with transaction(connection, self._end):
            self._session = queries.begin_session(connection, origin)
        self._facts = queries.meta(connection)

    def _recognize(self, mark_of: MarkOf, connection: sqlite3.Connection) -> bool | None:
        facts = queries.meta(connection)
        salt, known = facts.get(_SALT), facts.get(_MARK)
        if not isinstance(salt, bytes):
            salt, known = os.urandom(16), None
        # A slow hash, on purpose, and so in the writer's thread.
        mark = mark_of(salt)
        if mark != known:
            with transaction(connection, self._end):
                queries.set_meta(connection, **{_SALT: salt, _MARK: mark})
        return mark == known if isinstance(known, bytes) else None

    def _find_orphans(self, connection: sqlite3.Connection) -> list[JournalEntry]:
        # Marked in one transaction and read after it: a crash in between leaves them unknown, which
        # is what they are.
        with transaction(connection, self._end):
            indexes = orphan_intents(connection)
        return queries.pick(connection, indexes)

    def _mark_at_work(self, connection: sqlite3.Connection) -> None:
        if self._open is not None:
            self._open.mark_at_work(connection)

    def _number(self, fact: str) -> int:
        return queries.fact(self._facts, fact)
