"""Opens a campaign's journal to look into it; what cannot be read ends the command."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from stat import S_ISREG
from typing import TYPE_CHECKING

from attrs import evolve

from ...bulk.journal.records import JournalState
from ...bulk.journal.sqlite.maintenance import SqliteCampaign
from ...errors import ConfigurationError, JournalError, JournalWriteError
from ..errors import BadInputError, CommandError, Exit
from .state import CampaignState

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from ...bulk.journal.protocol import Campaign, CampaignReader
    from ...bulk.journal.records import JournalEntry

__all__ = [
    "entries_of",
    "find_campaign",
    "index_of",
    "is_begun",
    "journal_errors",
    "journal_failure",
    "look",
    "open_reader",
]


def find_campaign(journal: str) -> Campaign:
    """The campaign that an argument names: a file, or ``redis://HOST:PORT/DATABASE/CAMPAIGN``.

    Raises:
        BadInputError: An address names no campaign, the path is empty, or the extra ``redis`` is
            not installed.
    """
    if "://" not in journal:
        with journal_errors():
            return SqliteCampaign(journal)
    from ...integrations.redis_journal import RedisCampaign

    with journal_errors():
        return RedisCampaign.at(journal)


def is_begun(journal: str) -> bool:
    """Whether there is anything at a path: an empty file is a journal that is still to be begun.

    Args:
        journal: The path. What is no plain file, or cannot be reached, is told when it is opened.
    """
    try:
        found = Path(journal).stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return found.st_size > 0 or not S_ISREG(found.st_mode)


@contextmanager
def journal_errors() -> Generator[None]:
    """End the command where a journal cannot be used; the message says why.

    Raises:
        CommandError: It cannot.
    """
    try:
        yield
    except JournalError as error:
        raise journal_failure(error) from None
    except ConfigurationError as error:
        raise BadInputError(f"{error}.") from None


@contextmanager
def open_reader(campaign: Campaign) -> Generator[CampaignReader]:
    """A reader of a campaign, also of one that is being sent.

    Args:
        campaign: As :func:`find_campaign` gives it.

    Raises:
        CommandError: It cannot be read, at once or later; the message says why.
    """
    with journal_errors(), campaign.reader() as reader:
        yield reader


def index_of(number: int) -> int:
    """The index of a message, from 0, by the number that people are shown and give, from 1."""
    return number - 1


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
