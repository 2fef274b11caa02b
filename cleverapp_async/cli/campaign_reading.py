"""Opens a campaign's journal to look into it; what cannot be read ends the command."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..errors import JournalError, JournalWriteError
from .campaign_state import CampaignState
from .exits import CommandError, Exit

if TYPE_CHECKING:
    from collections.abc import Generator

    from ..bulk.journal.reader import JournalReader

__all__ = ["journal_failure", "look", "open_reader"]


@contextmanager
def open_reader(journal: str) -> Generator[JournalReader]:
    """A reader of a journal, also of one that is being written.

    Args:
        journal: The journal's path.

    Raises:
        CommandError: It cannot be read, at once or later; the message says why.
    """
    from ..bulk.journal.reader import JournalReader

    try:
        with JournalReader(journal) as reader:
            yield reader
    except JournalError as error:
        raise journal_failure(error) from None


def look(reader: JournalReader) -> CampaignState:
    """How the campaign stands now."""
    return CampaignState(reader.summary(), reader.holder())


def journal_failure(error: JournalError) -> CommandError:
    """What ends the command: 1 where the journal cannot be written, else 2."""
    code = Exit.FAILED if isinstance(error, JournalWriteError) else Exit.USAGE
    return CommandError(f"{str(error).rstrip('. ')}.", code)
