"""The token: from the environment or a file, never from an argument."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import click

from .errors import CommandError, Exit

__all__ = ["TOKEN_VARIABLE", "read_token"]

TOKEN_VARIABLE = "CLEVERAPP_API_TOKEN"  # noqa: S105 - the variable's name


def read_token(path: str | None) -> str:
    """The token in a file, or else in ``CLEVERAPP_API_TOKEN``.

    Args:
        path: The file, which holds nothing else; others should not be able to read it.

    Raises:
        CommandError: There is no token: exit 3.
    """
    if path is None:
        token = os.environ.get(TOKEN_VARIABLE, "").strip()
        if not token:
            raise CommandError(
                f"there is no token. Set {TOKEN_VARIABLE}, or give --token-file with a file that "
                "holds it; it stands in the account's settings.",
                Exit.CONFIGURATION,
            )
        return token
    try:
        token = Path(path).read_text(encoding="utf-8-sig").strip()
        mode = Path(path).stat().st_mode
    except (OSError, UnicodeDecodeError) as error:
        told = error.strerror if isinstance(error, OSError) else "it is no text"
        raise CommandError(
            f"--token-file {path} cannot be read: {told}.", Exit.CONFIGURATION
        ) from None
    if not token:
        raise CommandError(
            f"--token-file {path} is empty: write the token into it.", Exit.CONFIGURATION
        )
    if os.name == "posix" and mode & (stat.S_IRGRP | stat.S_IROTH):
        click.echo(
            f"Warning: others can read the token in {path}. Take it from them: chmod 600 {path}",
            err=True,
        )
    return token
