"""Where a command keeps its limits: with all processes on this machine, or by itself."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Literal, TypeAlias, TypedDict, TypeVar

import click

from ..client import CleverAppClient
from ..limits.registry import LimiterRegistry, SharedLimiterRegistry

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Unpack

    from ..limits.quota import Quotas

__all__ = ["CommandClient", "KeptLimits", "QuotaSettings", "kept_limits_option", "make_limits"]

F = TypeVar("F", bound="Callable[..., object]")

KeptLimits: TypeAlias = Literal["machine", "process"]
"""The processes that keep the limits together: those of this user on this machine, or this one."""

_LOG = "cleverapp_async.limits"
_LEAST_GUARD = 62.0
_LATE = 2.0


def kept_limits_option(command: F) -> F:
    """Give a command ``--limits``: see :data:`KeptLimits`."""
    return click.option(
        "--limits",
        "kept_limits",
        type=click.Choice(["machine", "process"]),
        default="machine",
        show_default=True,
        help="Keep the limits together with your other processes on this machine, or in this "
        "process alone.",
    )(command)


class _Warnings(logging.Handler):
    """Says what the limits warn of, unless the whole log is shown."""

    def emit(self, record: logging.LogRecord) -> None:
        """Say it."""
        if not logging.getLogger(_LOG).isEnabledFor(logging.DEBUG):
            click.echo(f"Warning: {record.getMessage()}.", err=True)


class QuotaSettings(TypedDict, total=False):
    """The quotas of a :class:`LimiterRegistry`."""

    messengers: Mapping[str, Quotas]
    other_messengers: Quotas
    whatsapp_direct: Quotas
    account: Quotas


def make_limits(
    kept: KeptLimits, attempt_timeout: float, **quotas: Unpack[QuotaSettings]
) -> LimiterRegistry:
    """The limits of one command.

    Where they cannot be kept together, that is said once, and the process keeps them by itself.

    Args:
        kept: Who keeps them.
        attempt_timeout: Seconds for one attempt.
        **quotas: Those that are not the documented ones.
    """
    if kept == "process":
        return LimiterRegistry(**quotas)
    log = logging.getLogger(_LOG)
    if not any(isinstance(handler, _Warnings) for handler in log.handlers):
        log.addHandler(_Warnings(logging.WARNING))
    guard = max(_LEAST_GUARD, attempt_timeout + _LATE)
    return LimiterRegistry.on_disk(on_unavailable="process", guard=guard, **quotas)


class CommandClient(CleverAppClient):
    """A client that nobody shares its limits with in this process: they are closed with it."""

    async def close(self) -> None:
        """Close it, and tell other processes which slots are not needed any more."""
        await super().close()
        if isinstance(self.limits, SharedLimiterRegistry):
            await self.limits.close()
