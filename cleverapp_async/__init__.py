"""An asyncio SDK for the CleverApp chatbot platform, exact about limits and outcomes."""

from ._answers import raw_answers
from ._response import RawResponse
from .brands import Brand
from .bulk.outcome import SendOutcome
from .bulk.run import BulkProgress, BulkRun
from .client import CleverAppClient
from .config import DEFAULT_BASE_URL, ClientConfig
from .endpoints import ENDPOINTS, Endpoint, Kind, Parameter, ParametersIn, Repeat, Shape, Trust
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
    LimiterUnavailableError,
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
from .methods.base import ABSENT, Absent, CallOptions
from .models.contact import Contact
from .models.lists import ListField, ListItem, ListSchema
from .models.me import Me
from .models.media import DecodedLink
from .models.messages import Message, SendMessage, SendMessageToWhatsApp
from .models.messenger import Messenger
from .models.money import ContactAccount, ContactCryptoAccount
from .models.page import Page
from .models.queued_message import QueuedMessage
from .models.receipt import SendReceipt
from .models.referral import Referrer, ReferrerChain
from .models.route import Route
from .models.utm import Utm
from .models.variable import ContactVariable, VariableName
from .retry import Retry, RetryPolicy

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
    "Event",
    "EventCallback",
    "FieldError",
    "ForbiddenError",
    "InvalidRequestError",
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
    "Me",
    "Message",
    "Messenger",
    "MessengerLimitError",
    "NotFoundError",
    "NotSentError",
    "Outcome",
    "OutcomeUnknownError",
    "PacedLimiter",
    "Page",
    "Parameter",
    "ParametersIn",
    "Permit",
    "QueuedMessage",
    "Quota",
    "RateLimitError",
    "RawResponse",
    "Referrer",
    "ReferrerChain",
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
    "Shape",
    "SlidingWindowLimiter",
    "Trust",
    "UnexpectedResponseError",
    "UnsupportedMessengerError",
    "Utm",
    "ValidationError",
    "VariableName",
    "WaitingForLimit",
    "raw_answers",
]
