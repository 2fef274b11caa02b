"""An asyncio SDK for the CleverApp chatbot platform, exact about limits and outcomes."""

from .bulk.outcome import SendOutcome
from .bulk.run import BulkProgress, BulkRun
from .client import CleverAppClient
from .config import DEFAULT_BASE_URL, ClientConfig
from .endpoints import ENDPOINTS, Endpoint, Repeat, Trust
from .errors import (
    ApiError,
    AuthenticationError,
    CleverAppError,
    ClientStateError,
    ConfigurationError,
    ConnectError,
    DeadlineExceededError,
    ForbiddenError,
    InvalidRequestError,
    MessengerLimitError,
    NotFoundError,
    NotSentError,
    Outcome,
    OutcomeUnknownError,
    RateLimitError,
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
from .field_errors import FieldError
from .limits.paced import PacedLimiter
from .limits.protocols import Limiter, LimiterFactory, LimiterSnapshot, Permit
from .limits.quota import AccountKey, Lane, LimitKey, Quota
from .limits.registry import LimiterRegistry
from .limits.sliding_window import SlidingWindowLimiter
from .models.contact import Contact
from .models.messages import Message, SendMessage, SendMessageToWhatsApp
from .models.messenger import Messenger
from .models.receipt import SendReceipt
from .models.route import Route
from .retry import Retry, RetryPolicy

__all__ = [
    "DEFAULT_BASE_URL",
    "ENDPOINTS",
    "AccountKey",
    "ApiError",
    "AttemptAnswered",
    "AttemptFailed",
    "AttemptStarted",
    "AuthenticationError",
    "BulkProgress",
    "BulkRun",
    "CleverAppClient",
    "CleverAppError",
    "ClientConfig",
    "ClientStateError",
    "ConfigurationError",
    "ConnectError",
    "Contact",
    "DeadlineExceededError",
    "Endpoint",
    "Event",
    "EventCallback",
    "FieldError",
    "ForbiddenError",
    "InvalidRequestError",
    "Lane",
    "LimitKey",
    "Limiter",
    "LimiterFactory",
    "LimiterRegistry",
    "LimiterSnapshot",
    "Message",
    "Messenger",
    "MessengerLimitError",
    "NotFoundError",
    "NotSentError",
    "Outcome",
    "OutcomeUnknownError",
    "PacedLimiter",
    "Permit",
    "Quota",
    "RateLimitError",
    "Repeat",
    "Retry",
    "RetryPolicy",
    "RetryScheduled",
    "Route",
    "SendMessage",
    "SendMessageToWhatsApp",
    "SendOutcome",
    "SendReceipt",
    "ServerError",
    "SlidingWindowLimiter",
    "Trust",
    "UnexpectedResponseError",
    "UnsupportedMessengerError",
    "ValidationError",
    "WaitingForLimit",
]
