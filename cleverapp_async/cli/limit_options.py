"""The options that set limits of one's own, for whatever keeps them or counts with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import click

from . import options

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["limit_options"]

F = TypeVar("F", bound="Callable[..., object]")


def limit_options(command: F) -> F:
    """Give a command ``--limit``, ``--account-limit`` and ``--scale``."""
    for option in (
        click.option(
            "--scale",
            callback=options.scale,
            type=float,
            default=1.0,
            help="Documented limits with quicker time, for `cleverapp simulate --scale`.",
        ),
        click.option(
            "--account-limit",
            callback=options.account_limit,
            metavar="N/T,…|none",
            help="Limit of the account of your own, such as 2/1s,120/60s.",
        ),
        click.option(
            "--limit",
            "limits",
            callback=options.limits,
            multiple=True,
            metavar="MESSENGER=N/T",
            help="Limit of your own per bot, such as whatsapp=1/10s; none for no limit. "
            "Repeatable.",
        ),
    ):
        command = option(command)
    return command
