"""Where the journals of one campaign keep it, as a test of them sees it."""

from __future__ import annotations

from abc import ABC, abstractmethod

from ..bulk.journal.protocol import Journal, Messages
from ..bulk.journal.records import Loaded
from ._campaign import key_of

__all__ = ["JournalStore"]


class JournalStore(ABC):
    """A place for one campaign, empty when it is made: a file, a table, a dictionary.

    :func:`check_journal` makes many of them, each for one story. Subclass it for your journal; most
    journals need :meth:`journal` alone, and :meth:`kill` where the lock must be let go by hand.
    """

    @abstractmethod
    def journal(self) -> Journal:
        """A new object for the campaign in this place, as another process would make it."""

    async def start(
        self, journal: Journal, messages: Messages | None, *, origin: str, deduplicate: bool
    ) -> Loaded:
        """Open a journal and load it, as a run does.

        Override it where messages are read in by something else than the journal itself.

        Args:
            journal: A new one of this place.
            messages: What is sent; None: what the place holds.
            origin: The base URL.
            deduplicate: Whether a recipient gets the first of several messages alone.

        Returns:
            What ``load`` gave.

        Raises:
            JournalError: As by ``open`` and ``load``; the journal is closed then.
        """
        await journal.open(origin, create=messages is not None)
        try:
            return await journal.load(messages, key_of, deduplicate=deduplicate)
        except BaseException:
            await journal.close("interrupted")
            raise

    async def kill(self, journal: Journal) -> None:
        """The process that has the journal dies: it writes nothing more, and its lock ends.

        By default nothing is done, and the object is never used again.

        Args:
            journal: One of this place, open.
        """
        del journal

    async def dispose(self) -> None:  # noqa: B027 - most places need nothing
        """Delete the place. By default nothing is done."""
