"""The options that say how the API is reached, and the client that they make."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import click
from attrs import frozen

from . import options

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..client import CleverAppClient
    from ..events import EventCallback

__all__ = ["Connection", "connection_options"]

F = TypeVar("F", bound="Callable[..., object]")


@frozen(kw_only=True)
class Connection:
    """How the API is reached.

    Attributes:
        base_url: Where it lives; None: CleverApp's own.
        attempt_timeout: Seconds for one attempt, from its start to the whole answer.
    """

    base_url: str | None
    attempt_timeout: float

    def client(self, token: str, *listeners: EventCallback) -> CleverAppClient:
        """The client.

        Args:
            token: The account's token.
            *listeners: Called with what happens to each request.

        Raises:
            ConfigurationError: The token or the base URL cannot work.
        """
        from ..client import CleverAppClient
        from ..config import DEFAULT_BASE_URL, ClientConfig

        config = ClientConfig(attempt_timeout=self.attempt_timeout, on_event=listeners)
        return CleverAppClient(token, base_url=self.base_url or DEFAULT_BASE_URL, config=config)


def connection_options(command: F) -> F:
    """Give a command ``--token-file``, ``--base-url`` and ``--attempt-timeout``."""
    for option in (
        click.option(
            "--attempt-timeout",
            callback=options.duration,
            default="60s",
            show_default=True,
            metavar="DURATION",
            help="For one attempt, from its start to the whole answer.",
        ),
        click.option(
            "--base-url",
            envvar="CLEVERAPP_BASE_URL",
            show_envvar=True,
            metavar="URL",
            help="Where the API lives, for a sibling brand or the simulator.",
        ),
        click.option(
            "--token-file", metavar="FILE", help="File that holds the token and nothing else."
        ),
    ):
        command = option(command)
    return command
