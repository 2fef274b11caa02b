"""What is told around a send: what it begins with, what it leaves, and how to go on."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, Self

from attrs import frozen
from rich.console import Console

from ..._terminal import printable
from ...bulk.journal.records import JournalState, Resend
from ...bulk.journal.sqlite.reader import read_last_sign
from ...bulk.schedule import Schedule
from ...errors import ConfigurationError, JournalError, JournalLostError, Outcome
from ..campaign.state import (
    CampaignState,
    Resuming,
    RunNote,
    command,
    exit_of_states,
    find_campaign,
    last_note,
    look,
    open_reader,
    steps,
    this_command,
)
from ..console import to_output_instead
from ..errors import CommandError, Exit
from ..shared_options import guard_of
from ..text import counted, say_duration, tell_forecast
from .partial import First, FirstOfCampaign
from .report import show_exit, show_report, tell_hours
from .tally import Tally, Workload

if TYPE_CHECKING:
    from ...bulk.run import BulkRun

__all__ = ["CampaignNotes", "DeadRun", "FileNotes", "Notes", "tell_the_rest", "tell_work"]

_TOTALS = (
    (JournalState.ACCEPTED, "accepted"),
    (JournalState.REJECTED, "rejected"),
    (JournalState.NOT_SENT, "not sent"),
    (JournalState.UNKNOWN, "unknown"),
    (JournalState.PENDING, "pending"),
)


class Notes(Protocol):
    """Tells people about one send."""

    def beginning(self, run: BulkRun, work: Workload) -> None:
        """It is known what is to be sent, and the send begins."""
        ...

    def ending(self, tally: Tally) -> Exit:
        """The send has ended.

        Returns:
            What the command exits with.
        """
        ...


@frozen(kw_only=True)
class FileNotes:
    """Tells people about a send of a file; the outcomes are all that is kept of it.

    Attributes:
        console: Where they read.
        output: Where the outcomes go; None: into a device or a pipe, where nobody finds them again.
        chosen: Whether nobody named that place, and so nobody knows it.
        schedule: When messages may leave; None: at any time.
        quiet: Whether only what must be said is said.
        options: Those with which the rest is sent as this was.
    """

    console: Console
    output: str | None
    chosen: bool = False
    schedule: Schedule | None = None
    quiet: bool = False
    options: Sequence[str] = ()

    def beginning(self, run: BulkRun, work: Workload) -> None:
        """How much is sent, and how long that takes at least."""
        del run
        if not self.quiet:
            told = tell_work(f"Sending {counted(work.total, 'message')}", work, self.schedule)
            if self.chosen:
                told += f" The outcomes go to {self.output}."
            self.console.print(told, soft_wrap=True)

    def ending(self, tally: Tally) -> Exit:
        """The closing tables, where the outcomes are, and how to send the rest."""
        if not self.quiet:
            show_report(self.console, tally)
        if self.chosen and not tally.unwritten:
            listed = tally.done + tally.later
            outcomes = counted(listed, "outcome")
            verb = "is" if listed == 1 else "are"
            self.console.print(f"{outcomes} {verb} in {self.output}.", soft_wrap=True)
        tell_the_rest(self.console, tally, self.output, self.options)
        code = tally.exit()
        if not self.quiet:
            show_exit(self.console, code, first=tally.later > 0)
        return code


@frozen
class DeadRun:
    """A run of a campaign that was killed while it kept the limits with other processes.

    Attributes:
        seen_at: Unix seconds of its last sign of life.
        held_for: Seconds after its death for which the limits may keep its places.
    """

    seen_at: float
    held_for: float

    @classmethod
    def find(cls, journal: str) -> Self | None:
        """The last run of a campaign that is to go on, if it was one.

        Args:
            journal: The journal's path.
        """
        note = last_note(journal)
        settings = note.settings
        # A program writes nothing of its limits down.
        if not note.legible or settings.kept_limits != "machine":
            return None
        try:
            seen_at = read_last_sign(journal)
        except (JournalError, ConfigurationError):
            return None  # whoever opens the journal tells why
        if seen_at is None:
            return None
        quotas = settings.limits.registry().own_quotas
        longest = max((quota.period for quota in quotas), default=0.0)
        # A place that was held counts in its window from then on, as its request may have arrived.
        return cls(seen_at, guard_of(settings.attempt_timeout) + longest)

    def is_over(self, now: float) -> bool:
        """Whether the limits keep nothing of it any more.

        Args:
            now: Unix seconds.
        """
        return now > self.seen_at + self.held_for


@frozen(kw_only=True)
class CampaignNotes:
    """Tells people about one run of a campaign.

    Attributes:
        console: Where they read.
        resuming: What the command to go on is made of.
        output: Where the outcomes go besides the journal; None: nowhere.
        schedule: When messages may leave.
        quiet: Whether only what must be said is said.
        first: How many of its messages this run was to send; None: all.
        dead: The run before, where it was killed and the limits may keep places of it.
    """

    console: Console
    resuming: Resuming
    output: str | None = None
    schedule: Schedule | None = None
    quiet: bool = False
    first: First | None = None
    dead: DeadRun | None = None

    def beginning(self, run: BulkRun, work: Workload) -> None:
        """What filling the journal came to, and what of the campaign is left to send."""
        loaded, summary = run.loaded, run.summary
        if loaded is None or summary is None:
            return  # it was not filled: nothing begins
        if loaded.orphans:
            count = len(loaded.orphans)
            have = "1 message has an" if count == 1 else f"{count} messages have an"
            self._say(f"{have} unknown outcome: an earlier run died while sending.")
        if self.quiet:
            return
        if loaded.duplicates and not loaded.resumed:
            left_out = counted(loaded.duplicates, "message")
            self._say(
                f"{left_out} left out: each recipient gets only the first of its messages. "
                "A new campaign with --allow-duplicates would send them all."
            )
        total, left = summary.messages, work.total
        resumed = "Resuming" if loaded.resumed else "Sending"
        these = counted(total, "message")
        if not left:
            of_them = "" if self.first is None else f" of the first {self.first.of(total)}"
            self._say(f"{resumed} {these}: there is nothing left to send{of_them}.")
            return
        if left < total:
            these = f"{left} of {these}"
        self._say(tell_work(f"{resumed} {these}", work, self.schedule))
        self._last_places()

    def _last_places(self) -> None:
        """Say why nothing may move at first where the run before was killed."""
        shared = self.resuming.settings.kept_limits == "machine"
        if self.dead is not None and shared and not self.dead.is_over(time.time()):
            self._say(
                f"The process of the last run died: for up to {say_duration(self.dead.held_for)} "
                "after that the limits may keep the places that it held, as its requests may still "
                "have been on their way."
            )

    def other_account(self) -> None:
        """Warn that the token is another than the last run's; nothing is sent yet."""
        self._say(
            "Warning: the last run of this campaign had another token. If the token was renewed, "
            "nothing is wrong. If it belongs to another account, stop now with Ctrl-C and give the "
            "token of the account that the campaign was begun with."
        )

    def ending(self, tally: Tally) -> Exit:
        """The closing tables, how the whole campaign stands, and what can be done."""
        if not tally.begun:
            return self._never_began()
        if not self.quiet and tally.done:
            show_report(self.console, tally)
        found = self._look(tally)
        if found is None:
            return self._without_journal(tally)
        state, stands = found
        if not self.quiet:
            left_out = RunNote.read(state.summary.note).left_out
            told = "" if left_out is None else f" {left_out.told()}"
            self._say(f"The campaign: {_totals(state)}.{told}")
        self._causes(tally)
        self._unwritten(tally)
        # Only what presses: all that can be done is listed by `campaign status`.
        for step in steps(state, self.resuming):
            if step.pressing:
                self._say(f"To {step.does}: {step.command}")
        code = _exit(tally, stands)
        if not self.quiet:
            show_exit(self.console, code, first=stands is not state.exit)
        return code

    def _look(self, tally: Tally) -> tuple[CampaignState, Exit] | None:
        """How the campaign stands, and the exit code of what of it was to be sent.

        None where its journal cannot tell any more.
        """
        if isinstance(tally.failure, JournalLostError):
            return None  # another file may lie in its place
        try:
            with open_reader(find_campaign(self.resuming.journal)) as reader:
                state = look(reader)
                if self.first is None:
                    return state, state.exit
                part = FirstOfCampaign.find(reader, self.first, Resend())
                counts = state.settled(part.states)
                return state, exit_of_states(counts, complete=state.summary.complete)
        except CommandError as error:
            if tally.failure is None:
                self._say(f"Error: {error.message}")
            return None

    def _without_journal(self, tally: Tally) -> Exit:
        """Report a run whose journal is gone: its counts are known, and no single message."""
        self._causes(tally)
        self._unwritten(tally)
        outcomes = tally.outcomes
        left = ", ".join(
            f"{outcomes[one]} {name}"
            for one, name in (
                (Outcome.ACCEPTED, "accepted"),
                (Outcome.REJECTED, "rejected"),
                (Outcome.UNKNOWN, "unknown"),
            )
            if outcomes[one]
        )
        if left:
            self._say(
                f"This run has sent messages ({left}), but its journal cannot tell which. Before "
                "you send the same list again, restore the journal or find out who already has a "
                "message."
            )
        else:
            self._say("This run has sent nothing.")
        code = Exit.UNKNOWN if left else Exit.FAILED
        if tally.interrupted:
            code = Exit.INTERRUPTED
        if not self.quiet:
            show_exit(self.console, code)
        return code

    def _never_began(self) -> Exit:
        self._say(
            "Interrupted while the journal was being read: this run sent nothing. "
            f"To begin again: {this_command()}"
        )
        return Exit.INTERRUPTED

    def _causes(self, tally: Tally) -> None:
        for cause in (tally.trouble, tally.failure, tally.paused):
            if cause is not None:
                self._say(f"Error: {printable(str(cause)).rstrip('. ')}.")

    def _unwritten(self, tally: Tally) -> None:
        """What the journal or the outcomes alone tell, where the other could not be written."""
        if not tally.unwritten:
            if tally.failure is not None and tally.done and self.output not in {None, "-"}:
                self._say(f"{self.output} has all outcomes of this run: {tally.done}.")
            return
        count = tally.unwritten.total()
        outcomes = "1 outcome is" if count == 1 else f"{count} outcomes are"
        place = "standard output" if self.output == "-" else self.output
        told = f"Error: {outcomes} missing in {place} ({tally.broken})."
        if tally.failure is None:
            again = self.resuming.look("export", "-o", "outcomes.csv")
            told += f" The journal has all of them: {again}"
        self._say(told)

    def _say(self, text: str) -> None:
        self.console.print(text, soft_wrap=True)


def tell_the_rest(
    console: Console, tally: Tally, output: str | None, options: Sequence[str] = ()
) -> None:
    """What stopped a send of a file, what was not sent, and how to send it.

    Args:
        console: Where people read.
        tally: What has come of it.
        output: Where the outcomes went; None: nowhere.
        options: Those with which the rest is sent as this was.
    """
    told: list[str] = []
    if tally.trouble is not None:
        told.append(f"Error: {tally.trouble}")
    if tally.paused is not None:
        told.append(f"Error: {printable(str(tally.paused)).rstrip('. ')}.")
    if tally.unwritten:
        told += _unwritten(tally, output)
    kept = "OUTCOMES.jsonl" if output == "-" else output
    saved = " (OUTCOMES.jsonl is the file with what standard output was)" if output == "-" else ""
    rest = [("not sent", "not_sent", tally.outcomes[Outcome.NOT_SENT])]
    rest += [("left for later", "not_sent", tally.later)]
    rest += [("rejected for a reason that may pass", "rejected", tally.passing)]
    rest = [one for one in rest if one[2]]
    if rest and kept is not None and not tally.unwritten:
        counts = ", ".join(f"{count} {what}" for what, _, count in rest)
        # Each option once, in the order in which its reasons stand in the sentence.
        chosen = dict.fromkeys(outcome for _, outcome, _ in rest)
        only = [word for outcome in chosen for word in ("--only", outcome)]
        # No shell or parser must take the file's name for an option.
        name = f"./{kept}" if kept.startswith("-") else kept
        told.append(f"{counts}. To send them: {command('send', name, *only, *options)}{saved}")
    if (count := tally.outcomes[Outcome.UNKNOWN]) and not tally.unwritten:
        outcomes = "1 outcome is" if count == 1 else f"{count} outcomes are"
        told.append(
            f"{outcomes} unknown: look whether the messages arrived before you send them again "
            f"with --only unknown{saved}."
        )
    if (unlisted := _unlisted(tally)) is not None:
        told.append(unlisted)
    for line in told:
        console.print(line, soft_wrap=True)
    if tally.unwritten:
        for line in told:
            to_output_instead(line)


def _unwritten(tally: Tally, output: str | None) -> list[str]:
    """Where each outcome was written: a resend by the file alone would send some messages twice."""
    lost = tally.unwritten
    written = tally.done - lost.total()
    outcomes = counted(written, "outcome")
    verb = "is" if written == 1 else "are"
    told = [f"{outcomes} {verb} in {output}."]
    if output in {None, "-"}:  # None: a device or a pipe, which keeps nothing to read again
        taker = "Standard output" if output == "-" else "The device or pipe of --output"
        told = [f"{taker} took {outcomes}."]
    sent = [(lost[one], one.value) for one in Outcome if lost[one] and one is not Outcome.NOT_SENT]
    if sent:
        counts = ", ".join(f"{count} {name}" for count, name in sent)
        total = sum(count for count, _ in sent)
        these = "outcome of 1 message that left is"
        if total > 1:
            these = f"outcomes of {total} messages that left are"
        told.append(
            f"The {these} on record nowhere but here, in the lines above that begin "
            f"with {{: {counts}. Keep them: who got one of these messages must not get it again. "
            "With --journal a campaign remembers it."
        )
    return told


def _unlisted(tally: Tally) -> str | None:
    """The messages that are not sent and not among the outcomes either."""
    count = tally.work.total - tally.done + tally.unwritten[Outcome.NOT_SENT]
    if not count:
        return None
    messages = "1 message was" if count == 1 else f"{count} messages were"
    return (
        f"{messages} not sent, and {'is' if count == 1 else 'are'} not among the outcomes. To send "
        "the rest, make a list of the rows of which no outcome is told."
    )


def _totals(state: CampaignState) -> str:
    told = [f"{state.counts[one]} {name}" for one, name in _TOTALS if state.counts[one]]
    return ", ".join(told) or "no message"


def _exit(tally: Tally, stands: Exit) -> Exit:
    """What the command exits with: this run's troubles first, then how the campaign stands."""
    if tally.interrupted:
        return Exit.INTERRUPTED
    if tally.misset:
        return Exit.CONFIGURATION
    if stands is not Exit.OK:
        return stands
    if tally.failure is not None:
        return Exit.FAILED
    return Exit.FAILED if tally.work.bad or tally.unwritten else Exit.OK


def tell_work(what: str, work: Workload, schedule: Schedule | None) -> str:
    """What is sent, how long it takes at least, and in which hours.

    Args:
        what: What is sent, the beginning of the sentence.
        work: How much that is.
        schedule: When messages may leave; None: at any time.
    """
    told = f"{what}: {tell_forecast(work.forecast)}"
    if schedule is not None:
        told += f", {tell_hours(work.forecast, schedule)}"
    return f"{told}."
