"""Errors of this side: nothing was sent, no answer came, or it is about no single request."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar, Literal

from .base import CleverAppError, Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

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

    Attributes:
        so_far: How many messages of this run ended with each outcome before the run was stopped
            by this error, and in the message, too; empty where nothing had ended.
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
        index: The first message that differs, its place among those given from 0; None where
            something else than a message differs.
    """

    code: ClassVar[str] = "journal_mismatch"

    def __init__(self, message: str, *, index: int | None = None) -> None:
        """Keep which message differs first."""
        super().__init__(message)
        self.index = index


class JournalUnreachableError(JournalError):
    """The server that keeps the journal is away, or failed: the same may succeed later."""

    code: ClassVar[str] = "journal_unreachable"


class JournalWriteError(JournalError):
    """The journal cannot be written: nothing is sent that it could not tell of.

    What was sent before stands as it was; what was on the wire has its outcome in the run, or
    is listed as unknown when the campaign is resumed.
    """

    code: ClassVar[str] = "journal_write_failed"


class JournalLostError(JournalWriteError):
    """The journal's file was deleted, moved or replaced while a run was at work on it.

    Nothing more is sent. A file that was moved holds all results, and the campaign resumes from
    it; what a deleted file held is gone, so that a campaign begun anew sends everything again.
    """

    code: ClassVar[str] = "journal_lost"


class CampaignPausedError(CleverAppError):
    """The same trouble came time and again, so that the rest would fare no better.

    Nothing more is sent. Once the cause is mended a campaign resumes from its journal; without
    one, what was not sent can be given to ``send_many`` again.

    Attributes:
        cause: The error that was met last.
        in_a_row: How often it came while nothing showed that the service works.
        kind: What is wrong, in a word: ``token``, ``bot``, ``limit``, ``address``, ``redirect``,
            ``answer`` (not one of the API), ``server``, ``silence``, ``connection`` or ``limiter``.
        remedy: What to do about it, in words.
    """

    code: ClassVar[str] = "campaign_paused"

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
        self.cause = cause
        self.in_a_row = in_a_row
        self.kind = kind
        self.remedy = remedy


class PagingError(CleverAppError):
    """The pages of an answer did not hold all that was promised: what came is right, but not all.

    Attributes:
        endpoint: The name of the API method, such as ``getContacts``.
        reason: ``"repeated"``: a page came again, as where a server does not page by number;
            ``"short"``: the pages ended before their total was reached.
        page: The number of the page that was asked for last, from 1.
        given: How many different items came.
        promised: How many there are by the smallest total that the server told; None where it told
            none.
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
        whole = "more" if promised is None else f"{promised}"
        super().__init__(
            f"{endpoint}: the server promised {whole} items, only {given} came, page {page} {why}. "
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
        estimated_wait: Seconds that the limits would still have asked for; None where unknown.
    """

    code: ClassVar[str] = "deadline_exceeded"

    def __init__(self, message: str, *, estimated_wait: float | None = None) -> None:
        """Keep the message and the estimate in seconds."""
        super().__init__(message)
        self.estimated_wait = estimated_wait


class LimiterUnavailableError(NotSentError):
    """The Redis of the shared limits cannot be reached, and the policy is to raise.

    Or it cannot be used, for a reason that does not pass by waiting, such as a wrong password:
    that is raised at once under every policy, with the cause and the remedy.
    """

    code: ClassVar[str] = "limiter_unavailable"


class OutcomeUnknownError(CleverAppError):
    """The request may have reached the server, and no answer tells.

    It is repeated only by your own decision: the recipient may already have the message.
    """

    code: ClassVar[str] = "outcome_unknown"
    outcome = Outcome.UNKNOWN
