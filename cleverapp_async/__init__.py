"""An asyncio SDK for the CleverApp chatbot platform, exact about limits and outcomes."""

from typing import TYPE_CHECKING

from ._raw_answers import raw_answers
from ._response import RawResponse
from .brands import Brand
from .client import CleverAppClient
from .config import DEFAULT_BASE_URL, ClientConfig
from .endpoints import ENDPOINTS, Endpoint, Kind, Parameter, ParametersIn, Repeat, Shape, Trust
from .errors import (
    ApiError,
    AuthenticationError,
    CampaignPausedError,
    CleverAppError,
    ClientStateError,
    ConfigurationError,
    ConnectError,
    DeadlineExceededError,
    FieldError,
    ForbiddenError,
    InvalidRequestError,
    JournalError,
    JournalLockedError,
    JournalLostError,
    JournalMismatchError,
    JournalUnreachableError,
    JournalWriteError,
    LimiterUnavailableError,
    MessengerLimitError,
    MethodNotFoundError,
    NotFoundError,
    NotProcessedError,
    NotSentError,
    Outcome,
    OutcomeUnknownError,
    PagingError,
    RateLimitError,
    RequestTimeoutError,
    ServerError,
    UnexpectedResponseError,
    UnsupportedMessengerError,
    ValidationError,
)
from .events import (
    AttemptAnswered,
    AttemptFailed,
    AttemptStarted,
    Event,
    EventCallback,
    RetryScheduled,
    WaitingForLimit,
)
from .limits.paced import PacedLimiter
from .limits.protocols import (
    Limiter,
    LimiterFactory,
    LimiterSnapshot,
    Permit,
    PrimableLimiter,
)
from .limits.quota import AccountKey, Lane, LimitKey, Quota
from .limits.registry import LimiterRegistry
from .limits.sliding_window import SlidingWindowLimiter
from .methods.base import ABSENT, Absent, CallOptions
from .models.contact import Contact, ContactVariable, Utm, VariableName
from .models.lists import ListField, ListItem, ListSchema
from .models.me import Me
from .models.media import DecodedLink
from .models.messages import Message, QueuedMessage, SendMessage, SendMessageToWhatsApp, SendReceipt
from .models.money import ContactAccount, ContactCryptoAccount
from .models.page import Page
from .models.referral import Referrer, ReferrerChain
from .models.route import Messenger, Route
from .retry import Retry, RetryPolicy

if TYPE_CHECKING:
    from .bulk.eta import Eta
    from .bulk.forecast import Forecast, Share, forecast
    from .bulk.journal.messages import address_of, read_messages
    from .bulk.journal.protocol import (
        Campaign,
        CampaignReader,
        Journal,
        MarkOf,
        Messages,
        RecognizesAccount,
        SendHistory,
    )
    from .bulk.journal.records import (
        ErrorRecord,
        JournalEntry,
        JournalResult,
        JournalSession,
        JournalState,
        JournalSummary,
        Loaded,
        LockHolder,
        Resend,
        SettledMessage,
    )
    from .bulk.journal.sqlite.journal import SqliteJournal
    from .bulk.journal.sqlite.maintenance import (
        SqliteCampaign,
        purge_journal,
        resolve_unknown,
    )
    from .bulk.journal.sqlite.reader import JournalReader
    from .bulk.outcome import SendOutcome
    from .bulk.report.csv import export_csv
    from .bulk.report.page import write_report
    from .bulk.run import BulkProgress, BulkRun
    from .bulk.schedule import Schedule
    from .bulk.throughput import EtaMeter

__all__ = [
    "ABSENT",
    "DEFAULT_BASE_URL",
    "ENDPOINTS",
    "Absent",
    "AccountKey",
    "ApiError",
    "AttemptAnswered",
    "AttemptFailed",
    "AttemptStarted",
    "AuthenticationError",
    "Brand",
    "BulkProgress",
    "BulkRun",
    "CallOptions",
    "Campaign",
    "CampaignPausedError",
    "CampaignReader",
    "CleverAppClient",
    "CleverAppError",
    "ClientConfig",
    "ClientStateError",
    "ConfigurationError",
    "ConnectError",
    "Contact",
    "ContactAccount",
    "ContactCryptoAccount",
    "ContactVariable",
    "DeadlineExceededError",
    "DecodedLink",
    "Endpoint",
    "ErrorRecord",
    "Eta",
    "EtaMeter",
    "Event",
    "EventCallback",
    "FieldError",
    "ForbiddenError",
    "Forecast",
    "InvalidRequestError",
    "Journal",
    "JournalEntry",
    "JournalError",
    "JournalLockedError",
    "JournalLostError",
    "JournalMismatchError",
    "JournalReader",
    "JournalResult",
    "JournalSession",
    "JournalState",
    "JournalSummary",
    "JournalUnreachableError",
    "JournalWriteError",
    "Kind",
    "Lane",
    "LimitKey",
    "Limiter",
    "LimiterFactory",
    "LimiterRegistry",
    "LimiterSnapshot",
    "LimiterUnavailableError",
    "ListField",
    "ListItem",
    "ListSchema",
    "Loaded",
    "LockHolder",
    "MarkOf",
    "Me",
    "Message",
    "Messages",
    "Messenger",
    "MessengerLimitError",
    "MethodNotFoundError",
    "NotFoundError",
    "NotProcessedError",
    "NotSentError",
    "Outcome",
    "OutcomeUnknownError",
    "PacedLimiter",
    "Page",
    "PagingError",
    "Parameter",
    "ParametersIn",
    "Permit",
    "PrimableLimiter",
    "QueuedMessage",
    "Quota",
    "RateLimitError",
    "RawResponse",
    "RecognizesAccount",
    "Referrer",
    "ReferrerChain",
    "Repeat",
    "RequestTimeoutError",
    "Resend",
    "Retry",
    "RetryPolicy",
    "RetryScheduled",
    "Route",
    "Schedule",
    "SendHistory",
    "SendMessage",
    "SendMessageToWhatsApp",
    "SendOutcome",
    "SendReceipt",
    "ServerError",
    "SettledMessage",
    "Shape",
    "Share",
    "SlidingWindowLimiter",
    "SqliteCampaign",
    "SqliteJournal",
    "Trust",
    "UnexpectedResponseError",
    "UnsupportedMessengerError",
    "Utm",
    "ValidationError",
    "VariableName",
    "WaitingForLimit",
    "address_of",
    "export_csv",
    "forecast",
    "purge_journal",
    "raw_answers",
    "read_messages",
    "resolve_unknown",
    "write_report",
]

_LATER = {
    "BulkProgress": "bulk.run",
    "BulkRun": "bulk.run",
    "SendOutcome": "bulk.outcome",
    "ErrorRecord": "bulk.journal.records",
    "Campaign": "bulk.journal.protocol",
    "CampaignReader": "bulk.journal.protocol",
    "Eta": "bulk.eta",
    "EtaMeter": "bulk.throughput",
    "Forecast": "bulk.forecast",
    "Journal": "bulk.journal.protocol",
    "JournalEntry": "bulk.journal.records",
    "JournalReader": "bulk.journal.sqlite.reader",
    "JournalResult": "bulk.journal.records",
    "JournalSession": "bulk.journal.records",
    "JournalState": "bulk.journal.records",
    "JournalSummary": "bulk.journal.records",
    "Loaded": "bulk.journal.records",
    "LockHolder": "bulk.journal.records",
    "MarkOf": "bulk.journal.protocol",
    "Messages": "bulk.journal.protocol",
    "RecognizesAccount": "bulk.journal.protocol",
    "Resend": "bulk.journal.records",
    "Schedule": "bulk.schedule",
    "SendHistory": "bulk.journal.protocol",
    "SettledMessage": "bulk.journal.records",
    "Share": "bulk.forecast",
    "SqliteCampaign": "bulk.journal.sqlite.maintenance",
    "SqliteJournal": "bulk.journal.sqlite.journal",
    "address_of": "bulk.journal.messages",
    "export_csv": "bulk.report.csv",
    "forecast": "bulk.forecast",
    "purge_journal": "bulk.journal.sqlite.maintenance",
    "read_messages": "bulk.journal.messages",
    "resolve_unknown": "bulk.journal.sqlite.maintenance",
    "write_report": "bulk.report.page",
}

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """Import what campaigns alone need when it is first asked for: all else stays quick."""
        from importlib import import_module  # noqa: PLC0415 - the same

        if name not in _LATER:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(f".{_LATER[name]}", __name__), name)
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
