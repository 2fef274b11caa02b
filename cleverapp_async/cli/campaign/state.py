"""Opens a campaign's journal, and how the campaign stands: what is left, and what can be done."""

from __future__ import annotations

import shlex
import sys
from contextlib import contextmanager
from pathlib import Path
from stat import S_ISREG
from typing import TYPE_CHECKING, Self, cast

import click
from attrs import evolve, field, frozen

from ..._terminal import printable
from ...bulk.journal.records import JournalState, JournalSummary, LockHolder
from ...bulk.journal.sqlite.maintenance import SqliteCampaign
from ...bulk.journal.sqlite.reader import read_note
from ...errors import ConfigurationError, JournalError, JournalWriteError
from ..errors import BadInputError, CommandError, Exit
from ..send_settings import ALL_SETTINGS, SendSettings, settings_options
from ..text import counted

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from ...bulk.journal.protocol import Campaign, CampaignReader
    from ...limits.quota import LimitKey

__all__ = [
    "CampaignState",
    "LeftOut",
    "Resuming",
    "RunNote",
    "Step",
    "command",
    "exit_of_states",
    "find_campaign",
    "index_of",
    "is_begun",
    "journal_errors",
    "journal_failure",
    "last_note",
    "look",
    "open_reader",
    "steps",
    "this_command",
]


def find_campaign(journal: str) -> Campaign:
    """The campaign that an argument names: a file, or ``redis://HOST:PORT/DATABASE/CAMPAIGN``.

    Raises:
        BadInputError: An address names no campaign, the path is empty, or the extra ``redis`` is
            not installed.
    """
    # A path may hold a colon, and hardly "://".
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


@frozen(kw_only=True)
class LeftOut:
    """Faulty rows of a list that are in no journal, as nobody could send them.

    Attributes:
        rows: How many they are.
        lines: The lines of the first of them.
        source: The list's name.
        faults: The file that lists all their faults; None: there is none.
    """

    rows: int
    lines: tuple[int, ...]
    source: str
    faults: str | None = None

    @classmethod
    def read(cls, rows: int, lines: str, source: str, faults: str) -> Self:
        """What :meth:`written` wrote."""
        found = tuple(map(int, lines.split(",")))
        return cls(rows=rows, lines=found, source=source, faults=faults or None)

    def written(self) -> list[str]:
        """As a note holds it."""
        return [str(self.rows), ",".join(map(str, self.lines)), self.source, self.faults or ""]

    def told(self) -> str:
        """A sentence about them."""
        were, line = ("was", "line") if self.rows == 1 else ("were", "lines")
        told = f"{counted(self.rows, 'faulty row')} of {printable(self.source)} {were} left out"
        told += f", in {line} {', '.join(map(str, self.lines))}"
        if self.rows > len(self.lines):
            told += f" and {self.rows - len(self.lines)} more"
        return f"{told}{'' if self.faults is None else f': see {printable(self.faults)}'}."


_LEFT_OUT = "--left-out"


@frozen(kw_only=True)
class RunNote:
    """What a run of a campaign writes down for the next one, in the note of the journal.

    Attributes:
        settings: How it sends.
        left_out: What of its list is not in the journal; None: nothing.
        legible: Whether it was read, and is not what is usual.
    """

    settings: SendSettings = field(factory=SendSettings)
    left_out: LeftOut | None = None
    legible: bool = field(default=False, eq=False)

    @classmethod
    def read(cls, note: str | None) -> RunNote:
        """Read what a journal keeps.

        It is what is usual where that cannot be read: a campaign that a program sends, or one in
        Redis, has no such note, or one in other words.

        Args:
            note: What the journal keeps.
        """
        try:
            # By click itself, so that a note is read by the very rules by which `send` reads its
            # options.
            context = _options_again.make_context("send", shlex.split(note or ""))
            with context:
                return evolve(
                    cast("RunNote", _options_again.invoke(context)), legible=note is not None
                )
        except (ValueError, click.UsageError, BadInputError):
            return cls()

    def written(self) -> str:
        """The note."""
        left_out = [] if self.left_out is None else [_LEFT_OUT, *self.left_out.written()]
        return shlex.join([*self.settings.written(), *left_out])

    def knows_limits(self, settings: SendSettings) -> bool:
        """Whether anybody says which limits hold; the journal of a program does not.

        Args:
            settings: What the command was given.
        """
        return self.legible or not settings.given.isdisjoint(("overrides", "account", "scale"))


@click.command(add_help_option=False)
@click.option(_LEFT_OUT, type=(click.IntRange(1), str, str, str))
@settings_options(*ALL_SETTINGS)
def _options_again(
    *, left_out: tuple[int, str, str, str] | None, settings: SendSettings
) -> RunNote:
    """Read what :meth:`RunNote.written` wrote; no command of its own."""
    found = None if left_out is None else LeftOut.read(*left_out)
    return RunNote(settings=settings, left_out=found)


def last_note(journal: str) -> RunNote:
    """The note in a journal's file, which may be of an earlier version of this package.

    Args:
        journal: Its path. Where it holds nothing that can be read, the note is the usual one: why
            that is, whoever opens the journal tells.
    """
    if not is_begun(journal):
        return RunNote()
    try:
        return RunNote.read(read_note(journal))
    except (JournalError, ConfigurationError):
        return RunNote()


def index_of(number: int) -> int:
    """The index of a message, from 0, by the number that people are shown and give, from 1."""
    return number - 1


def look(reader: CampaignReader) -> CampaignState:
    """How the campaign stands now."""
    return CampaignState(reader.summary(), reader.holder())


def journal_failure(error: JournalError) -> CommandError:
    """What ends the command: 1 where the journal cannot be written, else 2."""
    code = Exit.FAILED if isinstance(error, JournalWriteError) else Exit.USAGE
    return CommandError(f"{str(error).rstrip('. ')}.", code)


@frozen
class Step:
    """Something that can be done now.

    Attributes:
        does: What it does, in a few words.
        command: The exact command.
        pressing: Whether it is said at the end of a run, too.
        sends: Whether it sends messages.
    """

    does: str
    command: str
    pressing: bool = False
    sends: bool = False


@frozen
class CampaignState:
    """One look into a journal.

    Attributes:
        summary: The campaign in numbers.
        holder: Who runs it; None: nobody.
    """

    summary: JournalSummary
    holder: LockHolder | None

    @property
    def counts(self) -> dict[JournalState, int]:
        """Messages by state; without an active run an intent counts as unknown."""
        return self.settled(self.summary.by_state)

    @property
    def left(self) -> dict[LimitKey | None, int]:
        """Messages that the next run sends by itself, or this one still does, by key."""
        return self.summary.to_send(under_way=self.holder is not None)

    @property
    def to_send(self) -> int:
        """How many those are."""
        return sum(self.left.values())

    @property
    def finished(self) -> bool:
        """Whether all messages were read in, and none is left to be sent."""
        return self.summary.complete and not self.to_send

    def settled(self, counts: Mapping[JournalState, int]) -> dict[JournalState, int]:
        """Messages by state; without an active run intents count as unknown."""
        settled = {state: counts.get(state, 0) for state in JournalState}
        if self.holder is None:
            # The same as in `campaign export`, so that the numbers of both agree.
            settled[JournalState.UNKNOWN] += settled[JournalState.INTENT]
            settled[JournalState.INTENT] = 0
        return settled

    @property
    def exit(self) -> Exit:
        """The exit code that tells how it stands."""
        return exit_of_states(self.counts, complete=self.summary.complete)


def exit_of_states(counts: Mapping[JournalState, int], *, complete: bool) -> Exit:
    """The exit code of a campaign: unknown ones go before everything else that is not accepted.

    Args:
        counts: Messages by state.
        complete: Whether all messages were read in.
    """
    if counts[JournalState.UNKNOWN]:
        return Exit.UNKNOWN
    accepted = counts[JournalState.ACCEPTED] == sum(counts.values())
    return Exit.OK if accepted and complete else Exit.FAILED


def steps(state: CampaignState, resuming: Resuming) -> list[Step]:
    """What can be done with a campaign now, the most useful first.

    Args:
        state: How it stands.
        resuming: What the commands are made of.
    """
    found: list[Step] = []
    counts, summary = state.counts, state.summary
    if state.holder is not None:
        found.append(Step("watch the campaign", resuming.look("status", "--watch")))
    elif not summary.complete:
        again = resuming.send("FILE")
        found.append(Step("begin it again, with the same FILE and texts", again, sends=True))
    elif state.to_send and not summary.purged:
        again = resuming.send()
        found.append(Step("send the messages that are left", again, pressing=True, sends=True))
    if counts[JournalState.UNKNOWN]:
        found += _about_unknown(state, resuming)
    if counts[JournalState.REJECTED] or counts[JournalState.NOT_SENT]:
        found += _about_failed(state, resuming)
    if summary.complete:
        found.append(
            Step("write a report of the campaign", resuming.look("report", "-o", "report.html"))
        )
    settled = state.finished and not counts[JournalState.UNKNOWN]
    if settled and state.holder is None and not summary.purged:
        found.append(Step("erase recipients and texts", resuming.look("purge")))
    # `cleverapp send` cannot go on with a campaign in Redis: its workers do.
    return found if resuming.sends else [step for step in found if not step.sends]


def _about_unknown(state: CampaignState, resuming: Resuming) -> list[Step]:
    if state.summary.purged:
        return []
    found = [Step("list the messages of unknown outcome", resuming.look("unknown"), pressing=True)]
    if state.holder is None:
        say = ("resolve", "--all", "--as")
        found += [
            Step("record that they arrived", resuming.look(*say, "accepted")),
            Step("record that they did not arrive", resuming.look(*say, "not-sent")),
            Step(
                "send them again, although some may arrive twice",
                resuming.send("--resend-unknown"),
                pressing=resuming.resend_unknown,
                sends=True,
            ),
        ]
    return found


def _about_failed(state: CampaignState, resuming: Resuming) -> list[Step]:
    if state.summary.purged:
        return []
    found = [
        Step(
            "list the failed messages, and why they failed", resuming.look("failed"), pressing=True
        )
    ]
    # What may pass is sent again by every run, without an option.
    for_good = state.counts[JournalState.REJECTED] - state.summary.retryable
    if for_good > 0 and state.holder is None:
        again = resuming.send() if resuming.retry_rejected else resuming.send("--retry-rejected")
        found.append(Step("send the rejected messages again", again, sends=True))
    return found


def command(*parts: str) -> str:
    """A command of ``cleverapp`` as it can be pasted into a shell."""
    return shlex.join(("cleverapp", *parts))


def this_command() -> str:
    """The command that runs now, to be given again; no argument of it holds the token."""
    return command(*sys.argv[1:])


@frozen(kw_only=True)
class Resuming:
    """What the commands to go on with a campaign are made of; the token is in none of it.

    Attributes:
        journal: The journal's path.
        settings: How its messages are sent.
        retry_rejected: Whether what was refused for good is sent again.
        resend_unknown: Whether somebody has just wanted messages of unknown outcome sent again.
        sends: Whether `cleverapp send` goes on with it; a campaign in Redis its workers send.
    """

    journal: str
    settings: SendSettings = field(factory=SendSettings)
    retry_rejected: bool = False
    resend_unknown: bool = False
    sends: bool = True

    @property
    def path(self) -> str:
        """The journal's path, in a form that no shell or parser takes for an option."""
        return f"./{self.journal}" if self.journal.startswith("-") else self.journal

    def send(self, *more: str) -> str:
        """The command that sends what is left, every option that matters included.

        Args:
            *more: Further options.
        """
        again = ["--retry-rejected"] if self.retry_rejected else []
        return command("send", "--journal", self.path, *self.settings.written(), *again, *more)

    def look(self, name: str, *more: str) -> str:
        """A command of ``cleverapp campaign`` on this journal.

        Args:
            name: The command's name.
            *more: Its options.
        """
        return command("campaign", name, self.path, *more)
