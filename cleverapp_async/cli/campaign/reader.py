"""Opens a campaign's journal to look into it; what cannot be read ends the command."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from attrs import evolve

from ...bulk.journal.records import JournalState
from ...bulk.journal.sqlite.reader import JournalReader
from ...errors import ConfigurationError, JournalError, JournalWriteError
from ..errors import BadInputError, CommandError, Exit
from .state import CampaignState

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from ...bulk.journal.protocol import CampaignReader
    from ...bulk.journal.records import JournalEntry

__all__ = [
    "entries_of",
    "in_redis",
    "journal_failure",
    "look",
    "look_into",
    "open_reader",
]


@contextmanager
def open_reader(journal: str) -> Generator[JournalReader]:
    """A reader of a journal, also of one that is being written.

    Args:
        journal: The journal's path.

    Raises:
        CommandError: It cannot be read, at once or later; the message says why.
    """
    try:
        with JournalReader(journal) as reader:
            yield reader
    except JournalError as error:
        raise journal_failure(error) from None


def in_redis(journal: str) -> bool:
    """Whether a journal is named as one in Redis: ``redis://HOST:PORT/DATABASE/CAMPAIGN``."""
    return "://" in journal


@contextmanager
def look_into(journal: str) -> Generator[CampaignReader]:
    """A reader of a journal in a file or in Redis.

    Args:
        journal: The journal's path, or its address in Redis.

    Raises:
        CommandError: It cannot be read, at once or later; the message says why.
    """
    if not in_redis(journal):
        with open_reader(journal) as reader:
            yield reader
        return
    from ...integrations.redis_journal import RedisJournalReader

    try:
        with RedisJournalReader.at(journal) as found:
            yield found
    except JournalError as error:
        raise journal_failure(error) from None
    except ConfigurationError as error:
        raise BadInputError(f"{error}.") from None


def look(reader: CampaignReader) -> CampaignState:
    """How the campaign stands now."""
    return CampaignState(reader.summary(), reader.holder())


def entries_of(reader: CampaignReader, *states: JournalState) -> Iterator[JournalEntry]:
    """The messages in these states, all where none is given, by their number.

    An intent that nobody is at work on is unknown here, as it is in ``campaign status``.

    Args:
        reader: What looks into the campaign.
        states: The states.

    Raises:
        JournalError: The journal cannot be read any further.
    """
    wanted = set(states or JournalState)
    if reader.holder() is not None:
        yield from reader.entries(*wanted)
        return
    wanted -= {JournalState.INTENT}
    if JournalState.UNKNOWN in wanted:
        wanted |= {JournalState.INTENT}
    for entry in reader.entries(*wanted) if wanted else ():
        abandoned = entry.state is JournalState.INTENT
        yield evolve(entry, state=JournalState.UNKNOWN) if abandoned else entry


def journal_failure(error: JournalError) -> CommandError:
    """What ends the command: 1 where the journal cannot be written, else 2."""
    code = Exit.FAILED if isinstance(error, JournalWriteError) else Exit.USAGE
    return CommandError(f"{str(error).rstrip('. ')}.", code)
