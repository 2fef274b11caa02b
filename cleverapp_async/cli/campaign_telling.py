"""What is told around a run of a campaign: what it finds, what it leaves, and how to go on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen
from rich.console import Console

from .._terminal import printable
from ..bulk.journal.records import JournalState, JournalSummary, Loaded
from ..bulk.schedule import Schedule
from ..errors import JournalLostError, Outcome
from .campaign.reader import look, open_reader
from .campaign.state import CampaignState, Resuming, steps, this_command
from .errors import CommandError, Exit
from .report import show_exit, show_report, tell_forecast, tell_hours
from .tally import wrong_setting

if TYPE_CHECKING:
    from ..bulk.forecast import Forecast
    from .journal_run import RunEnd

__all__ = ["CampaignTeller"]

_TOTALS = (
    (JournalState.ACCEPTED, "accepted"),
    (JournalState.REJECTED, "rejected"),
    (JournalState.NOT_SENT, "not sent"),
    (JournalState.UNKNOWN, "unknown"),
    (JournalState.PENDING, "not begun"),
)


@frozen(kw_only=True)
class CampaignTeller:
    """Tells people about one run.

    Attributes:
        console: Where they read.
        resuming: What the command to go on is made of.
        schedule: When messages may leave.
        quiet: Whether only what must be said is said.
    """

    console: Console
    resuming: Resuming
    schedule: Schedule | None = None
    quiet: bool = False

    def beginning(self, loaded: Loaded, summary: JournalSummary, found: Forecast) -> None:
        """The journal is filled, and the run begins.

        Args:
            loaded: What filling it came to.
            summary: The campaign as the run finds it.
            found: How long the run takes at least.
        """
        if loaded.orphans:
            count = len(loaded.orphans)
            had = "1 message was" if count == 1 else f"{count} messages were"
            self._say(f"{had} on the way when an earlier run died, and may have arrived.")
        if self.quiet:
            return
        if loaded.duplicates and not loaded.resumed:
            left_out = _count(loaded.duplicates, "message")
            self._say(
                f"{left_out} left out: each recipient gets the first of several alone "
                "(--allow-duplicates sends them all, in a campaign of its own)."
            )
        total, left = summary.messages, found.account.messages
        resumed = "Resuming" if loaded.resumed else "Sending"
        these = _count(total, "message")
        if not left:
            self._say(f"{resumed}: nothing of {these} is left to send.")
            return
        if left < total:
            these = f"{left} of {these}"
        told = f"{resumed} {these}: {tell_forecast(found)}"
        if self.schedule is not None:
            told += f", {tell_hours(found, self.schedule)}"
        self._say(f"{told}.")

    def other_account(self) -> None:
        """The token is another than the last run's; nothing is sent yet."""
        self._say(
            "Warning: the token is not the one that the last run of this campaign had. If it was "
            "renewed, nothing is wrong. If it is another account's, stop now with Ctrl-C, and "
            "give the token of the account that the campaign was begun with."
        )

    def ending(self, end: RunEnd) -> Exit:
        """The run has ended.

        Args:
            end: How.

        Returns:
            What the command exits with.
        """
        if end.found is None:
            return self._never_began()
        if not self.quiet and end.tally.done:
            show_report(self.console, end.tally, end.found)
        state = self._look(end)
        if state is None:
            return self._without_journal(end)
        if not self.quiet:
            self._say(f"The campaign: {_totals(state)}.")
        self._causes(end)
        for step in steps(state, self.resuming):
            if step.pressing:
                self._say(f"To {step.does}: {step.command}")
        code = _exit(end, state)
        if not self.quiet:
            show_exit(self.console, code)
        return code

    def _look(self, end: RunEnd) -> CampaignState | None:
        """How the campaign stands; None where its journal cannot tell any more.

        Raises:
            CommandError: A journal that nothing happened to cannot be read.
        """
        if isinstance(end.failure, JournalLostError):
            return None  # another file may lie in its place
        try:
            with open_reader(self.resuming.journal) as reader:
                return look(reader)
        except CommandError:
            if end.failure is None:
                raise
            return None

    def _without_journal(self, end: RunEnd) -> Exit:
        """What is known of a run whose journal is gone: its own counts, and nothing by name."""
        self._causes(end)
        outcomes = end.tally.outcomes
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
                f"This run has sent messages ({left}), and its journal does not tell which: before "
                "the same list is sent again, bring the journal back, or find out who has a "
                "message already."
            )
        else:
            self._say("This run has sent nothing.")
        code = Exit.UNKNOWN if left else Exit.FAILED
        if not self.quiet:
            show_exit(self.console, code)
        return code

    def _never_began(self) -> Exit:
        self._say(
            "Interrupted while the journal was read: this run sent nothing. "
            f"To begin again: {this_command()}"
        )
        return Exit.INTERRUPTED

    def _causes(self, end: RunEnd) -> None:
        for cause in (end.tally.trouble, end.failure, end.paused):
            if cause is not None:
                self._say(f"Error: {printable(str(cause)).rstrip('. ')}.")

    def _say(self, text: str) -> None:
        self.console.print(text, soft_wrap=True)


def _totals(state: CampaignState) -> str:
    told = [f"{state.counts[one]} {name}" for one, name in _TOTALS if state.counts[one]]
    return ", ".join(told) or "no message"


def _exit(end: RunEnd, state: CampaignState) -> Exit:
    """What the command exits with: this run's troubles first, then how the campaign stands."""
    if end.tally.interrupted:
        return Exit.INTERRUPTED
    if wrong_setting(end.paused):
        return Exit.CONFIGURATION
    if state.exit is not Exit.OK:
        return state.exit
    if end.failure is not None:
        return Exit.FAILED
    return Exit.FAILED if end.tally.work.bad or end.tally.unwritten else Exit.OK


def _count(count: int, name: str) -> str:
    return f"{count} {name}{'' if count == 1 else 's'}"
