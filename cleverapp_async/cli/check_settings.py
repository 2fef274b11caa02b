"""Where the token and the base URL come from, and whether they can work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from ..brands import Brand
from ..config import DEFAULT_BASE_URL, check_base_url
from ..errors import ConfigurationError
from .exits import CommandError
from .finding import Finding, fail, fine
from .token import TOKEN_VARIABLE, read_token

if TYPE_CHECKING:
    from .connection import Connection

__all__ = ["Settings", "check_address", "check_token"]


@frozen
class Settings:
    """A setting, and what was found.

    Attributes:
        value: It, where it can work.
        finding: What was found.
    """

    value: str | None
    finding: Finding

    def __repr__(self) -> str:
        """What was found alone: the value may be the token."""
        return f"<Settings {self.finding}>"


def check_token(token_file: str | None) -> Settings:
    """Where the token comes from, and how long it is.

    Args:
        token_file: What ``--token-file`` says.
    """
    try:
        token = read_token(token_file)
    except CommandError as error:
        told, _, remedy = error.message.partition(". ")
        remedy = remedy or "Write the token alone into a file that you can read."
        return Settings(None, fail("token", told.rstrip("."), remedy))
    source = TOKEN_VARIABLE if token_file is None else f"--token-file {token_file}"
    if not token.isascii() or not token.isprintable() or " " in token:
        told = f"{source} holds characters that no token has"
        return Settings(None, fail("token", told, "Copy the token alone, from the settings."))
    return Settings(token, fine("token", f"{len(token)} characters, from {source}"))


def check_address(connection: Connection, source: str) -> Settings:
    """Where the API lives.

    Args:
        connection: What the options say.
        source: Where the base URL comes from, in words.
    """
    try:
        url = check_base_url(connection.base_url or DEFAULT_BASE_URL)
    except ConfigurationError as error:
        remedy = "Correct CLEVERAPP_BASE_URL or --base-url."
        return Settings(None, fail("base URL", f"{error}", remedy))
    brand = next((f", {one.name}" for one in Brand if one.base_url == url), "")
    return Settings(url, fine("base URL", f"{url} ({source}{brand})"))
