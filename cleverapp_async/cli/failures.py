"""An error of the client in words for people, and the exit code that goes with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import (
    AuthenticationError,
    CleverAppError,
    ConfigurationError,
    InvalidRequestError,
    Outcome,
    ValidationError,
)
from .exits import CommandError, Exit
from .screen import printable

if TYPE_CHECKING:
    from ..field_errors import FieldError

__all__ = ["exit_of", "failure"]


def failure(error: CleverAppError, *, note: str = "") -> CommandError:
    """What ends the command.

    Args:
        error: What the client raised.
        note: What is to be said besides, a sentence.
    """
    told = _told(error)
    return CommandError(f"{told} {note}".rstrip(), exit_of(error))


def exit_of(error: CleverAppError) -> Exit:
    """The exit code: rejected and not sent are 1, what may have been done is 4."""
    if isinstance(error, AuthenticationError | ConfigurationError):
        return Exit.CONFIGURATION
    if isinstance(error, InvalidRequestError):
        return Exit.USAGE
    return Exit.UNKNOWN if error.outcome is Outcome.UNKNOWN else Exit.FAILED


def _told(error: CleverAppError) -> str:
    if isinstance(error, ValidationError) and error.errors:
        lines = [f"{error.endpoint} was rejected (HTTP {error.status}):"]
        return "\n".join([*lines, *(f"  {_of_field(one)}" for one in error.errors)])
    told = printable(str(error)).rstrip(". ")
    if error.attempts > 1:
        told += f" after {error.attempts} attempts"
    if error.outcome is Outcome.UNKNOWN:
        told += "; whether it was carried out, nobody can tell"
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
