"""The simulator's inbox on the command line: its options, and its server."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import click
from attrs import frozen

from . import params
from .errors import BadInputError
from .shared_options import Options

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from ..simulator import Inbox, Simulator

__all__ = ["INBOX_HELP", "InboxSettings", "cannot_listen", "inbox_options", "serve_inbox"]

_HOST = "127.0.0.1"
_PORT = 8081
_KEEP = 10_000
INBOX_HELP = "Serve a page with the messages that arrive."

inbox_options: Options = Options(
    click.option(
        "--inbox/--no-inbox",
        default=True,
        show_default=True,
        help=INBOX_HELP,
    ),
    click.option(
        "--inbox-host",
        default=_HOST,
        show_default=True,
        metavar="HOST",
        help="Address of the page. It has no password: whoever reaches it reads and sets all.",
    ),
    click.option(
        "--inbox-port",
        type=params.whole(0, 65_535),
        metavar="PORT",
        show_default=f"{_PORT}, or a free one",
        help="Port of the page; 0 takes a free one.",
    ),
    click.option(
        "--inbox-name",
        "inbox_names",
        multiple=True,
        metavar="NAME",
        help="Further name that the page is opened by, such as that of a container. Repeatable.",
    ),
    click.option(
        "--inbox-keep",
        type=params.whole(1, 1_000_000),
        default=_KEEP,
        show_default=True,
        metavar="N",
        help="How many messages are kept, the newest.",
    ),
)
"""``--inbox``, ``--inbox-host``, ``--inbox-port``, ``--inbox-name`` and ``--inbox-keep``."""


@frozen
class InboxSettings:
    """Where the inbox is served.

    Attributes:
        host: The address that is listened on.
        port: The port; None: the usual one, or a free one where that is taken.
        names: Further names that the page is opened by.
        keep: How many messages are kept.
    """

    host: str = _HOST
    port: int | None = None
    names: tuple[str, ...] = ()
    keep: int = _KEEP


@asynccontextmanager
async def serve_inbox(simulator: Simulator, settings: InboxSettings) -> AsyncGenerator[Inbox]:
    """Serve a simulator's inbox inside the ``async with`` block.

    Args:
        simulator: The simulator.
        settings: Where.

    Raises:
        BadInputError: The port is taken, or the address is not one of this machine.
    """
    inbox = _make(simulator, settings, _PORT if settings.port is None else settings.port)
    try:
        await inbox.start()
    except OSError as error:
        if settings.port is not None or not _is_taken(error):
            raise cannot_listen(inbox.host, inbox.port, error, "inbox-") from None
        inbox = _make(simulator, settings, 0)
        await inbox.start()
    try:
        yield inbox
    finally:
        await inbox.close()


def _make(simulator: Simulator, settings: InboxSettings, port: int) -> Inbox:
    from ..simulator import Inbox

    return Inbox(simulator, host=settings.host, port=port, names=settings.names, keep=settings.keep)


def _is_taken(error: OSError) -> bool:
    import errno

    return error.errno == errno.EADDRINUSE


def cannot_listen(host: str, port: int, error: OSError, prefix: str = "") -> BadInputError:
    """Tell why an address cannot be listened on, with the option that is to blame.

    Args:
        host: The address.
        port: The port.
        error: What the system said.
        prefix: What the names of the options begin with.
    """
    import errno
    import os
    import socket

    # The event loop's own text names all addresses that it tried.
    unknown_name = isinstance(error, socket.gaierror)
    told = os.strerror(error.errno) if error.errno and not unknown_name else error.strerror
    if unknown_name or error.errno in {
        errno.EADDRNOTAVAIL,
        errno.EAFNOSUPPORT,
        errno.EINVAL,
    }:
        return BadInputError(
            f"--{prefix}host {host} is no address of this machine ({told}). Give one of its "
            "addresses, such as 127.0.0.1, or 0.0.0.0 for all."
        )
    return BadInputError(
        f"--{prefix}port {port} of {host} cannot be listened on ({told}). Choose another port; 0 "
        "takes a free one."
    )
