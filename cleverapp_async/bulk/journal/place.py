"""Whether a journal's files are still those that a run writes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from attrs import define, field

from ...errors import JournalLostError
from .handles import Identity, identity_of
from .lock import JournalLock

if TYPE_CHECKING:
    import os
    import sqlite3

__all__ = ["Place"]


def _find(path: Path) -> os.stat_result | None:
    try:
        return path.lstat()
    except OSError:
        return None


def _identity(found: os.stat_result | None) -> Identity | None:
    return None if found is None else identity_of(found)


@define(eq=False)
class Place:
    """The files of an open journal, remembered as they are when it has been opened.

    Attributes:
        lock: Holds the journal's file.
    """

    lock: JournalLock
    _known: dict[Path, Identity | None] = field(init=False)
    _size: int = field(default=0, init=False)

    def __attrs_post_init__(self) -> None:
        """Remember them; SQLite has made its log by now."""
        journal = self.lock.journal
        paths = (journal, journal.with_name(f"{journal.name}-wal"))
        self._known = {path: _identity(_find(path)) for path in paths}

    @property
    def exists(self) -> bool:
        """Whether the journal's file has a name still, be it another one."""
        return self.lock.exists()

    def leave(self, connection: sqlite3.Connection) -> None:
        """Make sure at the end that they are where they were, or that the file needs no other.

        Raises:
            JournalLostError: One was deleted, moved or replaced.
        """
        try:
            self.check()
        except JournalLostError:
            # SQLite leaves the log of a file that was moved where it is: under its old name nobody
            # would look for it.
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            raise

    def check(self) -> None:
        """Make sure that the files are where they were.

        Raises:
            JournalLostError: One was deleted, moved or replaced, or the journal was cut.
        """
        journal = self.lock.journal
        for path, known in self._known.items():
            found = _find(path)
            now = _identity(found)
            if known is None or now == known:
                if found is not None and path == journal:
                    self._check_size(found.st_size)
                continue
            if not self.exists:
                raise JournalLostError(
                    f"the journal {journal} was deleted while it was in use, and what it held is "
                    "gone: find out who has got a message before you send to the same people again"
                )
            if path != journal:
                raise JournalLostError(
                    f"the log of the journal, {path}, was deleted or replaced while it was in use: "
                    "leave the files beside a journal alone, and resume the campaign"
                )
            happened = "moved" if now is None else "replaced by another file"
            raise JournalLostError(
                f"the journal {journal} was {happened} while it was in use: resume the campaign "
                "from where the journal's own file is now"
            )

    def _check_size(self, now: int) -> None:
        # Nothing that a run does makes the file shorter.
        if now < self._size:
            raise JournalLostError(
                f"the journal {self.lock.journal} was cut while it was in use, and what it held is "
                "gone: find out who has got a message before you send to the same people again"
            )
        self._size = now
