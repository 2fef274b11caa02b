"""The exit codes, and the error that ends a command with one of them."""

from __future__ import annotations

from enum import IntEnum

import click

__all__ = ["MEANINGS", "BadInputError", "CommandError", "Exit"]


class Exit(IntEnum):
    """What a command ends with; see ``MEANINGS``."""

    OK = 0
    FAILED = 1
    USAGE = 2
    CONFIGURATION = 3
    UNKNOWN = 4
    INTERRUPTED = 130


MEANINGS: dict[Exit, str] = {
    Exit.OK: "everything was accepted",
    Exit.FAILED: "some were rejected, left out or not sent",
    Exit.USAGE: "the command or its input cannot be used",
    Exit.CONFIGURATION: "the token or another setting does not work",
    Exit.UNKNOWN: "some may have been sent, nobody can tell",
    Exit.INTERRUPTED: "interrupted",
}
"""In words, for the closing table and the help."""


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
