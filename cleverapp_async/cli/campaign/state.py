"""How a campaign stands by its journal: what is left, what it exits with, what can be done."""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING

from attrs import field, frozen

from ...bulk.journal.records import JournalState, JournalSummary, LockHolder
from ...config import DEFAULT_BASE_URL
from ..errors import Exit
from ..shared_options import GivenHours, LimitSettings
from ..text import write_duration

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ...limits.quota import LimitKey

__all__ = [
    "CampaignState",
    "Resuming",
    "Step",
    "command",
    "exit_of_states",
    "steps",
    "this_command",
]


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
        """Messages by state; an intent that nobody is at work on is unknown."""
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
        """Messages by state, with the intents that nobody is at work on as unknown."""
        settled = {state: counts.get(state, 0) for state in JournalState}
        if self.holder is None:
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
        found.append(Step("watch it", resuming.look("status", "--watch")))
    elif not summary.complete:
        again = resuming.send("FILE")
        found.append(
            Step("begin it anew, with the FILE and texts it was begun with", again, sends=True)
        )
    elif state.to_send and not summary.purged:
        found.append(Step("send what is left", resuming.send(), pressing=True, sends=True))
    if counts[JournalState.UNKNOWN]:
        found += _about_unknown(state, resuming)
    if counts[JournalState.REJECTED] or counts[JournalState.NOT_SENT]:
        found += _about_failed(state, resuming)
    if summary.complete:
        found.append(Step("see all of it as a page", resuming.look("report", "-o", "report.html")))
    settled = state.finished and not counts[JournalState.UNKNOWN]
    if settled and state.holder is None and not summary.purged:
        found.append(Step("erase recipients and texts", resuming.look("purge")))
    return found if resuming.sends else [step for step in found if not step.sends]


def _about_unknown(state: CampaignState, resuming: Resuming) -> list[Step]:
    if state.summary.purged:
        return []
    found = [Step("list what may have been sent", resuming.look("unknown"), pressing=True)]
    if state.holder is None:
        say = ("resolve", "--all", "--as")
        found += [
            Step("say that it arrived", resuming.look(*say, "accepted")),
            Step("say that it did not", resuming.look(*say, "not-sent")),
            Step("send it again, come what may", resuming.send("--resend-unknown"), sends=True),
        ]
    return found


def _about_failed(state: CampaignState, resuming: Resuming) -> list[Step]:
    if state.summary.purged:
        return []
    found = [Step("list what failed, and why", resuming.look("failed"), pressing=True)]
    for_good = state.counts[JournalState.REJECTED] - state.summary.retryable
    if for_good > 0 and state.holder is None:
        again = resuming.send() if resuming.retry_rejected else resuming.send("--retry-rejected")
        found.append(Step("send what was refused for good again", again, sends=True))
    return found


_CONCURRENCY = 100
_ATTEMPT_TIMEOUT = 60.0
_DRAIN_TIMEOUT = 30.0


def command(*parts: str) -> str:
    """A command of ``cleverapp`` as it can be pasted into a shell."""
    return shlex.join(("cleverapp", *parts))


def this_command() -> str:
    """The command that runs now, to be given again; no argument of it holds the token."""
    return command(*sys.argv[1:])


@frozen(kw_only=True)
class Resuming:
    """What a command to go on is made of; the token is in none of it.

    Attributes:
        journal: The journal's path.
        base_url: Where the campaign is sent to; None: CleverApp's own.
        token_file: Where the token stands; None: in the environment.
        limits: The limits that are kept.
        hours: When messages may leave.
        concurrency: Requests on the wire at once.
        attempt_timeout: Seconds for one attempt.
        drain_timeout: Seconds that what is on the wire has after an interrupt.
        retry_rejected: Whether what was refused for good is sent again.
        sends: Whether `cleverapp send` goes on with it; a campaign in Redis its workers send.
    """

    journal: str
    base_url: str | None = None
    token_file: str | None = None
    limits: LimitSettings = field(factory=LimitSettings)
    hours: GivenHours = field(factory=GivenHours)
    concurrency: int = _CONCURRENCY
    attempt_timeout: float = _ATTEMPT_TIMEOUT
    drain_timeout: float = _DRAIN_TIMEOUT
    retry_rejected: bool = False
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
        return command("send", "--journal", self.path, *self.options(), *more)

    def options(self) -> list[str]:
        """The options that matter for whatever is sent as the campaign was."""
        parts: list[str] = []
        if self.base_url is not None and self.base_url != DEFAULT_BASE_URL:
            parts += ["--base-url", self.base_url]
        if self.token_file is not None:
            parts += ["--token-file", self.token_file]
        if self.concurrency != _CONCURRENCY:
            parts += ["--concurrency", str(self.concurrency)]
        if self.attempt_timeout != _ATTEMPT_TIMEOUT:
            parts += ["--attempt-timeout", write_duration(self.attempt_timeout)]
        if self.drain_timeout != _DRAIN_TIMEOUT:
            parts += ["--drain-timeout", write_duration(self.drain_timeout)]
        parts += [*self.limits.written(), *self.hours.written()]
        if self.retry_rejected:
            parts.append("--retry-rejected")
        return parts

    def look(self, name: str, *more: str) -> str:
        """A command of ``cleverapp campaign`` on this journal.

        Args:
            name: The command's name.
            *more: Its options.
        """
        return command("campaign", name, self.path, *more)
