"""A journal that kills its own process."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

from cleverapp_async import SqliteJournal
from cleverapp_async.bulk.journal.sqlite.states import CODES
from cleverapp_async.journal import JournalState
from tests.bulk.journal.kill.points import CrashPoint

if TYPE_CHECKING:
    from collections.abc import Callable
    from sqlite3 import Connection

    from cleverapp_async import LimitKey, Message
    from cleverapp_async.bulk import Messages
    from cleverapp_async.journal import JournalResult, Loaded

__all__ = ["DyingJournal"]


class DyingJournal(SqliteJournal):
    """A journal whose process dies at one point of its work.

    Args:
        path: Where it is.
        die_at: The point; None: it lives.
        nth: At which time it comes there, from 1.
    """

    def __init__(self, path: str, die_at: CrashPoint | None, nth: int) -> None:
        super().__init__(path)
        self._die_at = die_at
        self._left = nth
        self._phase = ""
        self._awaited: set[tuple[int, JournalState]] = set()

    def reach(self, point: CrashPoint) -> None:
        """Die here, if this is the point and the time."""
        if point is self._die_at:
            self._left -= 1
            if not self._left:
                os.kill(os.getpid(), signal.SIGKILL)

    async def load(
        self,
        messages: Messages | None,
        key_of: Callable[[Message], LimitKey | None],
        *,
        deduplicate: bool,
    ) -> Loaded:
        """As every journal."""
        self._phase = "loading"
        loaded = await super().load(messages, key_of, deduplicate=deduplicate)
        self._phase = "sending"
        return loaded

    async def intend(self, index: int) -> None:
        """Die once the intent is durable."""
        self._awaited.add((index, JournalState.INTENT))
        await super().intend(index)
        self.reach(CrashPoint.BEFORE_WIRE)

    async def record(self, index: int, result: JournalResult) -> None:
        """Die when the answer is there, or once its result is durable."""
        self.reach(CrashPoint.ANSWERED)
        self._awaited.add((index, result.state))
        await super().record(index, result)
        self.reach(CrashPoint.RECORDED)

    async def close(self, ended: str) -> None:
        """Die before or after."""
        self._phase = "closing"
        self.reach(CrashPoint.CLOSING)
        await super().close(ended)
        self.reach(CrashPoint.CLOSED)

    def _commit(self, connection: Connection) -> None:
        """Die beside a commit."""
        written = self._written(connection)
        pairs = self._pairs(connection, {state for _, state in written})
        for before, _ in pairs:
            self.reach(before)
        super()._commit(connection)
        for _, after in pairs:
            self.reach(after)
        self._awaited -= written

    def _written(self, connection: Connection) -> set[tuple[int, JournalState]]:
        """What somebody waits for and this transaction holds."""
        found: set[tuple[int, JournalState]] = set()
        for index, state in tuple(self._awaited):
            row = connection.execute("SELECT state FROM fate WHERE id = ?", (index,)).fetchone()
            if row is not None and row[0] == CODES[state]:
                found.add((index, state))
        return found

    def _pairs(
        self, connection: Connection, states: set[JournalState]
    ) -> list[tuple[CrashPoint, CrashPoint]]:
        """The points before and after this commit, by what it makes durable."""
        if self._phase == "loading":
            if _completes(connection):
                return [(CrashPoint.BEFORE_COMPLETE, CrashPoint.AFTER_COMPLETE)]
            return [(CrashPoint.BEFORE_LOADING, CrashPoint.AFTER_LOADING)]
        if self._phase == "closing":
            return [(CrashPoint.BEFORE_END, CrashPoint.AFTER_END)]
        pairs: list[tuple[CrashPoint, CrashPoint]] = []
        if JournalState.INTENT in states:
            pairs.append((CrashPoint.BEFORE_INTENT, CrashPoint.AFTER_INTENT))
        if states - {JournalState.INTENT}:
            pairs.append((CrashPoint.BEFORE_RESULT, CrashPoint.AFTER_RESULT))
        return pairs


def _completes(connection: Connection) -> bool:
    """Whether this transaction says that all messages are in."""
    found = connection.execute("SELECT value FROM meta WHERE name = 'complete'").fetchone()
    return found is not None and bool(found[0])
