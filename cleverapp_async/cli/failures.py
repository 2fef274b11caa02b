"""An error of the client in words for people, and the exit code that goes with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._terminal import printable
from ..endpoints import ENDPOINTS
from ..errors import (
    AuthenticationError,
    CleverAppError,
    ConfigurationError,
    InvalidRequestError,
    MethodNotFoundError,
    Outcome,
    ValidationError,
)
from .exits import CommandError, Exit

if TYPE_CHECKING:
    from ..errors import FieldError

__all__ = ["exit_of", "failure"]


def failure(error: CleverAppError, *, reads: bool, note: str = "") -> CommandError:
    """What ends the command.

    Args:
        error: What the client raised.
        reads: Whether the method changes nothing, so that its failure leaves nothing open.
        note: What is to be said besides, a sentence.
    """
    told = _told(error, reads=reads)
    return CommandError(f"{told} {note}".rstrip(), exit_of(error, reads=reads))


def exit_of(error: CleverAppError, *, reads: bool) -> Exit:
    """The exit code: rejected, not sent and not read are 1, what may have been done is 4.

    Args:
        error: What the client raised.
        reads: Whether the method changes nothing.
    """
    if isinstance(error, AuthenticationError | ConfigurationError):
        return Exit.CONFIGURATION
    if isinstance(error, MethodNotFoundError) and error.endpoint in ENDPOINTS:
        # The method is there: the base URL leads elsewhere.
        return Exit.CONFIGURATION
    if isinstance(error, InvalidRequestError):
        return Exit.USAGE
    unknown = error.outcome is Outcome.UNKNOWN and not reads
    return Exit.UNKNOWN if unknown else Exit.FAILED


def _told(error: CleverAppError, *, reads: bool) -> str:
    if isinstance(error, ValidationError) and error.errors:
        lines = [f"{error.endpoint} was rejected (HTTP {error.status}):"]
        return "\n".join([*lines, *(f"  {_of_field(one)}" for one in error.errors)])
    told = printable(str(error)).rstrip(". ")
    if error.attempts > 1:
        told += f" after {error.attempts} attempts"
    if error.outcome is Outcome.UNKNOWN:
        fate = "nothing was changed" if reads else "whether it was carried out is not known"
        told += "" if fate in told else f"; {fate}"
    if isinstance(error, AuthenticationError):
        told += ". Check the token and --base-url: `cleverapp doctor` helps"
    return told + "."


def _of_field(error: FieldError) -> str:
    place = f"{error.field}: " if error.field else ""
    told = printable(f"{place}{error.message}")
    if error.rule is None:
        return told
    related = f" {', '.join(error.related)}" if error.related else ""
    return f"{told} [{error.rule}{related}]"
