"""The moments at which a campaign kills its own process."""

from __future__ import annotations

from enum import Enum

__all__ = ["CrashPoint"]


class CrashPoint(Enum):
    """Where a process dies, besides at random.

    A commit may carry both intents and results; a point before or after "a commit of an intent"
    is one of a commit that carries at least one.
    """

    READING = "while the messages are read"
    BEFORE_LOADING = "before a commit of messages"
    AFTER_LOADING = "after a commit of messages"
    BEFORE_COMPLETE = "before the commit that ends the loading"
    AFTER_COMPLETE = "after the commit that ends the loading"
    BEFORE_INTENT = "before the commit of an intent"
    AFTER_INTENT = "after the commit of an intent, nobody told"
    BEFORE_WIRE = "intent durable and told, before the wire"
    ANSWERED = "the answer is there, its result not written"
    BEFORE_RESULT = "before the commit of a result"
    AFTER_RESULT = "after the commit of a result, nobody told"
    RECORDED = "result durable and told"
    CLOSING = "when the closing begins"
    BEFORE_END = "before the last commit of the closing"
    AFTER_END = "after the last commit of the closing"
    CLOSED = "when the closing has ended"
