"""Every error the package raises, in one leaf package.

::

    CleverAppError
    ├── InvalidRequestError (ValueError)      we refused it ourselves, before any I/O
    ├── ConfigurationError (ValueError)       a token, URL or setting that cannot work
    ├── ClientStateError (RuntimeError)       a closed client, or another event loop
    ├── JournalError                          a campaign's journal cannot be used
    │   ├── JournalLockedError                another runner has it
    │   ├── JournalMismatchError              it belongs to other messages
    │   ├── JournalUnreachableError           the server that keeps it is away
    │   └── JournalWriteError                 it cannot be written: a full disk, say
    │       └── JournalLostError              its file was deleted, moved or replaced
    ├── CampaignPausedError                   the same trouble in a row stopped it
    ├── PagingError                           pages ended before all that was promised came
    ├── NotSentError                          it provably never reached the server
    │   ├── ConnectError                      no connection could be made
    │   ├── DeadlineExceededError             the deadline passed before it could leave
    │   └── LimiterUnavailableError           the shared limits could not be asked
    ├── OutcomeUnknownError                   it may have reached the server
    └── ApiError                              the server answered, and did not say yes
        ├── AuthenticationError
        ├── ForbiddenError
        ├── NotFoundError
        │   └── MethodNotFoundError           no such method there: the base URL is wrong
        ├── ValidationError                   one FieldError per text
        ├── RateLimitError                    the account's limit: refused
        │   └── MessengerLimitError           the limit of one bot and messenger: refused
        ├── UnsupportedMessengerError
        ├── NotProcessedError                 421, 425: the server did not take it up
        ├── RequestTimeoutError               408: the server says it got no whole request
        ├── ServerError                       5xx
        └── UnexpectedResponseError           an answer of a shape nobody documented

Each has an ``outcome``: what is known about the request, and a ``code``: its kind as a stable
word, for logs and metrics. No error holds the token or the URL of a request, and each survives
pickling.
"""

from __future__ import annotations

from .api import (
    ApiError,
    AuthenticationError,
    FieldError,
    ForbiddenError,
    MessengerLimitError,
    MethodNotFoundError,
    NotFoundError,
    NotProcessedError,
    RateLimitError,
    RequestTimeoutError,
    ServerError,
    UnexpectedResponseError,
    UnsupportedMessengerError,
    ValidationError,
)
from .base import CleverAppError, Outcome
from .local import (
    CampaignPausedError,
    ClientStateError,
    ConfigurationError,
    ConnectError,
    DeadlineExceededError,
    InvalidRequestError,
    JournalError,
    JournalLockedError,
    JournalLostError,
    JournalMismatchError,
    JournalUnreachableError,
    JournalWriteError,
    LimiterUnavailableError,
    NotSentError,
    OutcomeUnknownError,
    PagingError,
)

__all__ = [
    "ApiError",
    "AuthenticationError",
    "CampaignPausedError",
    "CleverAppError",
    "ClientStateError",
    "ConfigurationError",
    "ConnectError",
    "DeadlineExceededError",
    "FieldError",
    "ForbiddenError",
    "InvalidRequestError",
    "JournalError",
    "JournalLockedError",
    "JournalLostError",
    "JournalMismatchError",
    "JournalUnreachableError",
    "JournalWriteError",
    "LimiterUnavailableError",
    "MessengerLimitError",
    "MethodNotFoundError",
    "NotFoundError",
    "NotProcessedError",
    "NotSentError",
    "Outcome",
    "OutcomeUnknownError",
    "PagingError",
    "RateLimitError",
    "RequestTimeoutError",
    "ServerError",
    "UnexpectedResponseError",
    "UnsupportedMessengerError",
    "ValidationError",
]
