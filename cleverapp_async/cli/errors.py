"""The exit codes, the errors that end a command, and the client's errors in words for people."""

from __future__ import annotations

from contextlib import contextmanager
from enum import IntEnum
from typing import TYPE_CHECKING, Literal

import click

import cleverapp_async as sdk

from .._terminal import printable

if TYPE_CHECKING:
    from collections.abc import Generator

    from ..errors import CleverAppError, FieldError

__all__ = [
    "MEANINGS",
    "BadInputError",
    "CommandError",
    "Exit",
    "exit_codes",
    "exit_of",
    "failure",
    "setting_errors",
    "wrong_setting",
]


class Exit(IntEnum):
    """What a command ends with; see ``MEANINGS``."""

    OK = 0
    FAILED = 1
    USAGE = 2
    CONFIGURATION = 3
    UNKNOWN = 4
    INTERRUPTED = 130


MEANINGS: dict[Exit, str] = {
    Exit.OK: "every message was accepted",
    Exit.FAILED: "some messages were rejected, left out or not sent, or outcomes were not written",
    Exit.USAGE: "the command or its input cannot be used, and nothing was sent",
    Exit.CONFIGURATION: "the token, the base URL or another setting does not work",
    Exit.UNKNOWN: "some outcomes are unknown: those messages may have been sent",
    Exit.INTERRUPTED: "interrupted by Ctrl-C, SIGTERM or a closed terminal",
}
"""In words, for the closing table and the help."""


def exit_codes(
    ok: str,
    *,
    failed: str | None = None,
    usage: str = "the command cannot be used",
    configuration: str | None = None,
    unknown: str | None = None,
    interrupted: str = "it was interrupted",
) -> str:
    """The exit codes of a command, as a sentence of its help.

    Args:
        ok: What 0 means.
        failed: What 1 means; None: it does not end with it.
        usage: What 2 means.
        configuration: What 3 means.
        unknown: What 4 means.
        interrupted: What 130 means.
    """
    meanings = {
        Exit.OK: ok,
        Exit.FAILED: failed,
        Exit.USAGE: usage,
        Exit.CONFIGURATION: configuration,
        Exit.UNKNOWN: unknown,
        Exit.INTERRUPTED: interrupted,
    }
    told = (f"{code.value} {meaning}" for code, meaning in meanings.items() if meaning)
    return f"Exit codes: {'; '.join(told)}."


_OPTIONS = {"token": "the token and --base-url", "base URL": "--base-url"}


class CommandError(click.ClickException):
    """Ends the command with one clear message.

    Args:
        message: What is wrong, where, and the remedy.
        code: What to exit with.
    """

    def __init__(self, message: str, code: Exit) -> None:
        super().__init__(message)
        # Where click reads what to exit with; it declares this for the class.
        vars(self)["exit_code"] = int(code)


class BadInputError(CommandError):
    """The input as a whole cannot be used: exit 2."""

    def __init__(self, message: str) -> None:
        super().__init__(message, Exit.USAGE)


@contextmanager
def setting_errors() -> Generator[None]:
    """Inside, a setting that cannot work ends the command.

    Raises:
        CommandError: One cannot: exit 3.
    """
    try:
        yield
    except sdk.ConfigurationError as error:
        raise CommandError(f"{error}.", Exit.CONFIGURATION) from None


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
    setting = wrong_setting(error)
    # A redirect may be one of a portal on the way, which is gone the next time.
    certain = setting is not None and not isinstance(error, sdk.UnexpectedResponseError)
    if certain or isinstance(error, sdk.ConfigurationError):
        return Exit.CONFIGURATION
    if isinstance(error, sdk.InvalidRequestError):
        return Exit.USAGE
    unknown = error.outcome is sdk.Outcome.UNKNOWN and not reads
    return Exit.UNKNOWN if unknown else Exit.FAILED


def wrong_setting(error: CleverAppError) -> Literal["token", "base URL"] | None:
    """The setting that an error shows to be wrong; None where it shows nothing of the kind.

    Args:
        error: What the client raised.
    """
    from ..bulk.breaker import trouble_of  # what the help of a group does not need
    from ..endpoints import ENDPOINTS

    trouble = trouble_of(error)
    kind = None if trouble is None else trouble.kind
    if kind == "token":
        return "token"
    # Of a method that the table does not know, the name may be wrong as well.
    unknown_method = isinstance(error, sdk.MethodNotFoundError) and error.endpoint not in ENDPOINTS
    return "base URL" if kind in {"address", "redirect"} and not unknown_method else None


def _told(error: CleverAppError, *, reads: bool) -> str:
    if isinstance(error, sdk.ValidationError) and error.errors:
        lines = [f"{error.endpoint} was rejected (HTTP {error.status}):"]
        return "\n".join([*lines, *(f"  {_of_field(one)}" for one in error.errors)])
    told = printable(str(error)).rstrip(". ")
    if error.attempts > 1:
        told += f" after {error.attempts} attempts"
    if error.outcome is sdk.Outcome.UNKNOWN:
        outcome = "nothing was changed" if reads else "it is unknown whether it was carried out"
        told += "" if outcome in told else f"; {outcome}"
    setting = wrong_setting(error)
    if setting is not None:
        told += f". Check {_OPTIONS[setting]}: `cleverapp doctor` helps"
    elif isinstance(error, sdk.ConnectError):
        # No certain sign of a wrong setting: the server may be down for a while.
        told += ". Check the network and --base-url: `cleverapp doctor` helps"
    return told + "."


def _of_field(error: FieldError) -> str:
    place = f"{error.field}: " if error.field else ""
    told = printable(f"{place}{error.message}")
    if error.rule is None:
        return told
    related = f" {', '.join(error.related)}" if error.related else ""
    return f"{told} [{error.rule}{related}]"
