"""Errors of the client: nothing was sent, no answer came, or no single request is concerned."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar, Literal

from .base import CleverAppError, Outcome

__all__ = [
    "CampaignPausedError",
    "ClientStateError",
    "ConfigurationError",
    "ConnectError",
    "DeadlineExceededError",
    "InvalidRequestError",
    "JournalError",
    "JournalLockedError",
    "JournalLostError",
    "JournalMismatchError",
    "JournalUnreachableError",
    "JournalWriteError",
    "LimiterUnavailableError",
    "NotSentError",
    "OutcomeUnknownError",
    "PagingError",
]


class InvalidRequestError(CleverAppError, ValueError):
    """A request that we refuse ourselves, before any I/O.

    Attributes:
        fields: The parameters at fault, as the API spells them.
    """

    code: ClassVar[str] = "invalid_request"

    def __init__(self, message: str, *, fields: tuple[str, ...] = ()) -> None:
        """Keep the message and the fields it is about."""
        super().__init__(message)
        self.fields = fields


class ConfigurationError(CleverAppError, ValueError):
    """A token, base URL or setting that cannot work."""

    code: ClassVar[str] = "invalid_configuration"


class ClientStateError(CleverAppError, RuntimeError):
    """The client was closed, or belongs to another event loop."""

    code: ClassVar[str] = "client_unusable"


class JournalError(CleverAppError):
    """A campaign's journal cannot be used: the message says which file, why, and the remedy.

    Its ``outcome`` is that of the run that it stopped: ``NOT_SENT`` if no message of the run can
    have arrived, ``REJECTED`` if the server refused some and took none, else ``UNKNOWN``.

    Attributes:
        so_far: How many messages of this run had ended with each outcome when this error stopped
            the run; the message says it, too. Empty if none had ended.
    """

    code: ClassVar[str] = "journal_unusable"

    so_far: Mapping[Outcome, int] = MappingProxyType({})


class JournalLockedError(JournalError):
    """Another runner has the journal: two would send the same messages.

    Attributes:
        pid: The holder's process id; None where it is not known.
        host: The machine it runs on; None where it is not known.
    """

    code: ClassVar[str] = "journal_locked"

    def __init__(self, message: str, *, pid: int | None = None, host: str | None = None) -> None:
        """Keep who holds it."""
        super().__init__(message)
        self.pid = pid
        self.host = host


class JournalMismatchError(JournalError):
    """The journal belongs to another campaign: other texts, recipients, order or server.

    Attributes:
        index: The first message that differs, its place among those given from 0; None if
            something other than a message differs.
    """

    code: ClassVar[str] = "journal_mismatch"

    def __init__(self, message: str, *, index: int | None = None) -> None:
        """Keep which message differs first."""
        super().__init__(message)
        self.index = index


class JournalUnreachableError(JournalError):
    """The server that keeps the journal is away, or failed: the same call may succeed later."""

    code: ClassVar[str] = "journal_unreachable"


class JournalWriteError(JournalError):
    """The journal cannot be written: no message is sent whose intent cannot be written.

    Results that were written before stay. A message that was on the wire has its outcome in the
    run, or is listed as unknown when the campaign is resumed.
    """

    code: ClassVar[str] = "journal_write_failed"


class JournalLostError(JournalWriteError):
    """The journal's file was deleted, moved or replaced while a run was at work on it.

    Nothing more is sent. A file that was moved holds all results, and the campaign resumes from
    it; what a deleted file held is gone, so that a campaign begun anew sends everything again.
    """

    code: ClassVar[str] = "journal_lost"


class CampaignPausedError(CleverAppError):
    """The same error came too often in a row, and the remaining messages would fail alike.

    Nothing more is sent. Once the cause is removed, a campaign resumes from its journal; without
    one, the messages that were not sent can be given to ``send_many`` again.

    Its ``outcome`` is that of the run, as that of a :class:`JournalError` is.

    Attributes:
        cause: The last error.
        in_a_row: How often its kind came while nothing showed that the service works.
        kind: What is wrong, in one word: ``token``, ``bot``, ``limit``, ``address``, ``redirect``,
            ``answer`` (not one of the API), ``server``, ``silence``, ``connection`` or ``limiter``.
        remedy: What to do about it, in words.
        so_far: How many messages of this run had ended with each outcome when it stopped.
    """

    code: ClassVar[str] = "campaign_paused"

    so_far: Mapping[Outcome, int] = MappingProxyType({})

    def __init__(
        self,
        message: str,
        *,
        cause: CleverAppError,
        in_a_row: int,
        kind: str = "",
        remedy: str = "",
    ) -> None:
        """Keep the error, how often it came, and what to do."""
        super().__init__(message)
        # What is known at least; a run, which knows all its messages, says it of them.
        self.outcome: Outcome = cause.outcome
        self.cause = cause
        self.in_a_row = in_a_row
        self.kind = kind
        self.remedy = remedy


class PagingError(CleverAppError):
    """The pages did not hold all items that the server promised: what came is right, but not all.

    Attributes:
        endpoint: The name of the API method, such as ``getContacts``.
        reason: ``"repeated"``: a page came again, as from a server that does not page by number;
            ``"short"``: the pages ended before their total was reached.
        page: The number of the page that was asked for last, from 1.
        given: How many different items came.
        promised: How many items there are by the smallest total that the server gave; None if it
            gave none.
    """

    code: ClassVar[str] = "pages_incomplete"
    outcome = Outcome.ACCEPTED

    def __init__(
        self,
        endpoint: str,
        *,
        reason: Literal["repeated", "short"],
        page: int,
        given: int,
        promised: int | None = None,
    ) -> None:
        """Keep what came and what was promised."""
        why = "brought nothing new" if reason == "repeated" else "was the last that held anything"
        whole = "" if promised is None else f" {promised}"
        super().__init__(
            f"{endpoint}: page {page} {why}, but only {given} of the{whole} promised items came. "
            "Narrow the request (dates, a bot, filters) until its answer fits on one page, "
            "or ask the provider how the method pages"
        )
        self.endpoint = endpoint
        self.reason = reason
        self.page = page
        self.given = given
        self.promised = promised


class NotSentError(CleverAppError):
    """The request provably never reached the server: repeating it is safe."""

    code: ClassVar[str] = "not_sent"
    outcome = Outcome.NOT_SENT


class ConnectError(NotSentError):
    """No connection to the server could be made (DNS, TCP, TLS, proxy or its time-out)."""

    code: ClassVar[str] = "connection_failed"


class DeadlineExceededError(NotSentError):
    """The deadline passed, or certainly would have, before the request could leave.

    Attributes:
        estimated_wait: Seconds for which the request would still have had to wait for the limits;
            None if that is not known.
    """

    code: ClassVar[str] = "deadline_exceeded"

    def __init__(self, message: str, *, estimated_wait: float | None = None) -> None:
        """Keep the message and the estimate in seconds."""
        super().__init__(message)
        self.estimated_wait = estimated_wait


class LimiterUnavailableError(NotSentError):
    """What keeps the shared limits cannot be reached or used, and the policy is ``"raise"``.

    That is their Redis, or their file on this machine. Where it cannot be used for a reason that
    waiting does not remove, such as a wrong password or a folder that cannot be written, this error
    is raised under every policy that would wait, too: at once, with the cause and the remedy.

    Attributes:
        remedy: What to do about it, in words; empty where that is not known.
    """

    code: ClassVar[str] = "limiter_unavailable"

    def __init__(self, message: str, *, remedy: str = "") -> None:
        """Keep the message and what to do."""
        super().__init__(message)
        self.remedy = remedy


class OutcomeUnknownError(CleverAppError):
    """The request may have reached the server, and no answer says whether it did.

    A message is repeated only by your own decision: the recipient may already have it.
    """

    code: ClassVar[str] = "outcome_unknown"
    outcome = Outcome.UNKNOWN
