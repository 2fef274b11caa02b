"""What happens to a request, reported to callbacks and the log as it happens.

The token is in none of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from attrs import frozen

from .errors import Outcome

__all__ = [
    "AttemptAnswered",
    "AttemptFailed",
    "AttemptStarted",
    "Event",
    "EventCallback",
    "RetryScheduled",
    "WaitingForLimit",
]


@frozen
class Event:
    """Something that happened to one request.

    Attributes:
        send_id: The id of the request, the same for all its attempts.
        endpoint: The API method, such as ``sendMessage``, or ``incomingWebhook``.
        attempt: The attempt's number, from 1 up.
    """

    send_id: str
    endpoint: str
    attempt: int


@frozen
class WaitingForLimit(Event):
    """The attempt has to wait for its limits.

    Attributes:
        key: What is limited, in words (``whatsapp of bot 7``), or ``account``.
        estimated_wait: The least number of seconds it will take.
    """

    key: str
    estimated_wait: float


@frozen
class AttemptStarted(Event):
    """The limits are won, and the request goes to the wire."""


@frozen
class AttemptAnswered(Event):
    """An answer came.

    Attributes:
        status: Its HTTP status.
        seconds: How long it took on the wire.
    """

    status: int
    seconds: float


@frozen
class AttemptFailed(Event):
    """The attempt ended without an answer.

    Attributes:
        outcome: ``NOT_SENT`` or ``UNKNOWN``.
        reason: Why, in words.
    """

    outcome: Outcome
    reason: str


@frozen
class RetryScheduled(Event):
    """Another attempt will follow.

    Attributes:
        delay: Seconds of back-off before it; the limits may add to it.
        reason: The error that ended this attempt, in words.
    """

    delay: float
    reason: str


EventCallback: TypeAlias = Callable[[Event], None]
"""Called in the event loop, so it must be quick. What it raises is logged and has no effect."""
