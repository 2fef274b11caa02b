"""Whether a journal's files are still those that a run writes."""

from __future__ import annotations

from pathlib import Path

from attrs import define, field

from ...errors import JournalLostError
from .handles import Identity, identity_of
from .lock import JournalLock

__all__ = ["Place"]


def _find(path: Path) -> Identity | None:
    try:
        return identity_of(path.lstat())
    except OSError:
        return None


@define(eq=False)
class Place:
    """The files of an open journal, remembered as they are when it has been opened.

    Attributes:
        lock: Holds the journal's file.
    """

    lock: JournalLock
    _known: dict[Path, Identity | None] = field(init=False)

    def __attrs_post_init__(self) -> None:
        """Remember them; SQLite has made its log by now."""
        journal = self.lock.journal
        paths = (journal, journal.with_name(f"{journal.name}-wal"))
        self._known = {path: _find(path) for path in paths}

    @property
    def exists(self) -> bool:
        """Whether the journal's file has a name still, be it another one."""
        return self.lock.exists()

    def check(self) -> None:
        """Make sure that the files are where they were.

        Raises:
            JournalLostError: One was deleted, moved or replaced.
        """
        journal = self.lock.journal
        for path, known in self._known.items():
            if known is None or (now := _find(path)) == known:
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
