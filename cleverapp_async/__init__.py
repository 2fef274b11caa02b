"""An asyncio SDK for the CleverApp chatbot platform, exact about limits and outcomes.

Here is what sends and what is caught. The rest is in the public modules beside: ``bulk``,
``config``, ``endpoints``, ``errors``, ``events``, ``journal``, ``limits``, ``models``,
``openapi``, ``simulator``, ``telemetry``, ``testing``, and those of ``integrations``.
"""

from typing import TYPE_CHECKING

from ._imports import lazy_names

if TYPE_CHECKING:
    from ._call import raw_answers
    from ._response import RawResponse
    from .bulk.eta import Forecast, forecast
    from .bulk.journal.sqlite.journal import SqliteJournal
    from .bulk.outcome import SendOutcome
    from .bulk.run import BulkProgress, BulkRun
    from .bulk.schedule import Schedule
    from .client import CleverAppClient
    from .config import DEFAULT_BASE_URL, Brand, ClientConfig
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
    from .limits import AccountKey, Lane, LimiterRegistry, LimitKey, Quota
    from .methods.base import ABSENT, Absent, CallOptions, ClientOptions
    from .models import (
        Contact,
        Message,
        Messenger,
        QueuedMessage,
        Route,
        SendMessage,
        SendMessageToWhatsApp,
        SendReceipt,
    )
    from .retry import Retry, RetryPolicy
    from .webhook import IncomingWebhook

__all__ = [
    "ABSENT",
    "DEFAULT_BASE_URL",
    "Absent",
    "AccountKey",
    "ApiError",
    "AuthenticationError",
    "Brand",
    "BulkProgress",
    "BulkRun",
    "CallOptions",
    "CampaignPausedError",
    "CleverAppClient",
    "CleverAppError",
    "ClientConfig",
    "ClientOptions",
    "ClientStateError",
    "ConfigurationError",
    "ConnectError",
    "Contact",
    "DeadlineExceededError",
    "FieldError",
    "ForbiddenError",
    "Forecast",
    "IncomingWebhook",
    "InvalidRequestError",
    "JournalError",
    "JournalLockedError",
    "Lane",
    "LimitKey",
    "LimiterRegistry",
    "LimiterUnavailableError",
    "Message",
    "Messenger",
    "MessengerLimitError",
    "MethodNotFoundError",
    "NotFoundError",
    "NotProcessedError",
    "NotSentError",
    "Outcome",
    "OutcomeUnknownError",
    "PagingError",
    "QueuedMessage",
    "Quota",
    "RateLimitError",
    "RawResponse",
    "RequestTimeoutError",
    "Retry",
    "RetryPolicy",
    "Route",
    "Schedule",
    "SendMessage",
    "SendMessageToWhatsApp",
    "SendOutcome",
    "SendReceipt",
    "ServerError",
    "SqliteJournal",
    "UnexpectedResponseError",
    "UnsupportedMessengerError",
    "ValidationError",
    "forecast",
    "raw_answers",
]

if not TYPE_CHECKING:
    # Whoever wants an error alone, or the command's help, need not wait for aiohttp. A name without
    # a place here comes from `.errors`.
    _PLACES = {
        "._call": ("raw_answers",),
        "._response": ("RawResponse",),
        ".bulk.eta": ("Forecast", "forecast"),
        ".bulk.journal.sqlite.journal": ("SqliteJournal",),
        ".bulk.outcome": ("SendOutcome",),
        ".bulk.run": ("BulkProgress", "BulkRun"),
        ".bulk.schedule": ("Schedule",),
        ".client": ("CleverAppClient",),
        ".config": ("DEFAULT_BASE_URL", "Brand", "ClientConfig"),
        ".limits": ("AccountKey", "Lane", "LimiterRegistry", "LimitKey", "Quota"),
        ".methods.base": ("ABSENT", "Absent", "CallOptions", "ClientOptions"),
        ".models": (
            "Contact",
            "Message",
            "Messenger",
            "QueuedMessage",
            "Route",
            "SendMessage",
            "SendMessageToWhatsApp",
            "SendReceipt",
        ),
        ".retry": ("Retry", "RetryPolicy"),
        ".webhook": ("IncomingWebhook",),
    }
    __getattr__, __dir__ = lazy_names(
        __name__,
        dict.fromkeys(__all__, ".errors")
        | {name: place for place, names in _PLACES.items() for name in names},
        modules=(
            "bulk",
            "config",
            "endpoints",
            "errors",
            "events",
            "integrations",
            "journal",
            "limits",
            "models",
            "openapi",
            "simulator",
            "telemetry",
            "testing",
        ),
    )
