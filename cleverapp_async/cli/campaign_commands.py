"""The exact commands that go on with a campaign, quoted for the shell."""

from __future__ import annotations

import shlex
import sys

from attrs import field, frozen

from ..config import DEFAULT_BASE_URL
from .schedule_options import GivenHours
from .shared_options import LimitSettings
from .text import write_duration

__all__ = ["Resuming", "command", "this_command"]

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

    @property
    def path(self) -> str:
        """The journal's path, in a form that no shell or parser takes for an option."""
        return f"./{self.journal}" if self.journal.startswith("-") else self.journal

    def send(self, *more: str) -> str:
        """The command that sends what is left, every option that matters included.

        Args:
            *more: Further options.
        """
        parts = ["send", "--journal", self.path]
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
        return command(*parts, *more)

    def look(self, name: str, *more: str) -> str:
        """A command of ``cleverapp campaign`` on this journal.

        Args:
            name: The command's name.
            *more: Its options.
        """
        return command("campaign", name, self.path, *more)
