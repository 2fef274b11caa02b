"""Outcomes as a journal keeps them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import (
    ApiError,
    CleverAppError,
    Outcome,
    ValidationError,
)
from .breaker import trouble_of
from .journal.records import ErrorRecord, JournalResult, JournalState

if TYPE_CHECKING:
    from .outcome import SendOutcome

__all__ = ["is_permanent", "record_of", "result_of"]


def is_permanent(outcome: SendOutcome) -> bool:
    """Whether a refusal would come again: all but those that are no verdict on the message."""
    return outcome.outcome is Outcome.REJECTED and trouble_of(outcome.error) is None


def record_of(error: CleverAppError) -> ErrorRecord:
    """An error as a journal keeps it."""
    fields: tuple[tuple[str, str | None, tuple[str, ...], str], ...] = ()
    if isinstance(error, ValidationError):
        fields = tuple((one.field, one.rule, one.related, one.message) for one in error.errors)
    return ErrorRecord(
        type=type(error).__name__,
        message=str(error),
        status=error.status if isinstance(error, ApiError) else None,
        fields=fields,
    )


def result_of(outcome: SendOutcome, now: float) -> JournalResult:
    """An outcome as a journal keeps it.

    Args:
        outcome: What became of a message.
        now: Unix seconds.
    """
    receipt, error = outcome.receipt, outcome.error
    return JournalResult(
        state=JournalState(outcome.outcome.value),
        ended_at=now,
        permanent=is_permanent(outcome),
        attempts=receipt.attempts if receipt else error.attempts if error else 0,
        waited=receipt.waited if receipt else None,
        on_wire=receipt.on_wire if receipt else None,
        contact_id=outcome.contact.id if outcome.contact else None,
        error=None if error is None else record_of(error),
    )
