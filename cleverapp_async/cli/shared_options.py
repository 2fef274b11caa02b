"""The options that several commands share, and what is made of them."""

from __future__ import annotations

from datetime import datetime, time
from typing import TYPE_CHECKING, TypeVar

import click
from attrs import frozen

from ..cli import params
from ..client import CleverAppClient
from ..config import DEFAULT_BASE_URL, ClientConfig
from ..limits.quota import (
    ACCOUNT_QUOTAS,
    MESSENGER_QUOTAS,
    OTHER_MESSENGERS_QUOTA,
    WHATSAPP_DIRECT_QUOTA,
    Quota,
)
from ..limits.registry import LimiterRegistry
from .params import LimitOverride

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..bulk.schedule import Schedule
    from ..events import EventCallback

__all__ = [
    "Connection",
    "GivenHours",
    "LimitSettings",
    "connection_options",
    "limit_options",
    "schedule_options",
]

F = TypeVar("F", bound="Callable[..., object]")


@frozen(kw_only=True)
class GivenHours:
    """When messages may leave, as the options say it.

    Attributes:
        not_before: The hour of the day from which on.
        not_after: The hour of the day until which.
        timezone: The zone that both and a time without an offset are in; None: this machine's.
        at: The first moment.
    """

    not_before: time | None = None
    not_after: time | None = None
    timezone: str | None = None
    at: datetime | None = None

    def schedule(self) -> Schedule | None:
        """The schedule; None where messages may leave at any time.

        Raises:
            BadInputError: The hours or the zone cannot be used.
        """
        from ..bulk.schedule import Schedule
        from ..errors import ConfigurationError
        from .errors import BadInputError

        if self.not_before is None and self.not_after is None and self.at is None:
            if self.timezone is not None:
                raise BadInputError(
                    "--timezone says nothing by itself: give --not-before, --not-after or --at."
                )
            return None
        try:
            return Schedule(
                at=self.at,
                not_before=self.not_before,
                not_after=self.not_after,
                zone=self.timezone,
            )
        except ConfigurationError as error:
            raise BadInputError(f"{str(error).rstrip('.')}.") from None

    def written(self) -> list[str]:
        """The options again, as arguments."""
        given = (
            ("--not-before", None if self.not_before is None else _written(self.not_before)),
            ("--not-after", None if self.not_after is None else _written(self.not_after)),
            ("--timezone", self.timezone),
            ("--at", None if self.at is None else self.at.isoformat()),
        )
        return [part for name, value in given if value is not None for part in (name, value)]


def schedule_options(command: F) -> F:
    """Give a command ``--not-before``, ``--not-after``, ``--timezone`` and ``--at``."""
    for option in (
        click.option(
            "--at",
            type=params.MOMENT,
            metavar="WHEN",
            help="Begin no sooner, such as 2026-12-01T10:00; an offset may follow.",
        ),
        click.option(
            "--timezone",
            metavar="NAME",
            help="Zone of these hours, such as Europe/Moscow; by default this machine's.",
        ),
        click.option(
            "--not-after",
            type=params.HOUR,
            metavar="HH:MM",
            help="Send nothing later in the day: what waits goes on the next day.",
        ),
        click.option(
            "--not-before",
            type=params.HOUR,
            metavar="HH:MM",
            help="Send nothing earlier in the day.",
        ),
    ):
        command = option(command)
    return command


def _written(hour: time) -> str:
    return hour.isoformat("minutes" if not hour.second else "seconds")


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
        config = ClientConfig(attempt_timeout=self.attempt_timeout, on_event=listeners)
        return CleverAppClient(token, base_url=self.base_url or DEFAULT_BASE_URL, config=config)


def connection_options(command: F) -> F:
    """Give a command ``--token-file``, ``--base-url`` and ``--attempt-timeout``."""
    for option in (
        click.option(
            "--attempt-timeout",
            type=params.DURATION,
            default="60s",
            show_default=True,
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


@frozen(kw_only=True)
class LimitSettings:
    """The limits a send keeps.

    Attributes:
        overrides: In place of the documented ones.
        account: In place of the account's documented ones; None keeps those.
        scale: How many times as fast time runs; for the simulator.
    """

    overrides: tuple[LimitOverride, ...] = ()
    account: tuple[Quota, ...] | None = None
    scale: float = 1.0

    def registry(self) -> LimiterRegistry:
        """The limiters for one event loop."""
        own = {override.name: override.quotas for override in self.overrides}
        messengers = {name: self._scaled(quota) for name, quota in MESSENGER_QUOTAS.items()}
        others = own.pop(params.OTHERS, self._scaled(OTHER_MESSENGERS_QUOTA))
        direct = own.pop(params.DIRECT, self._scaled(WHATSAPP_DIRECT_QUOTA))
        account = self.account
        if account is None:
            account = tuple(quota for known in ACCOUNT_QUOTAS for quota in self._scaled(known))
        return LimiterRegistry(
            messengers={**messengers, **own},
            other_messengers=others,
            whatsapp_direct=direct,
            account=account,
        )

    def written(self) -> list[str]:
        """The options again, as arguments."""
        written = [part for one in self.overrides for part in ("--limit", one.written())]
        if self.account is not None:
            written += ["--account-limit", params.write_quotas(self.account)]
        if self.scale != 1.0:
            written += ["--scale", repr(self.scale)]
        return written

    def _scaled(self, quota: Quota) -> tuple[Quota, ...]:
        """The quota in quicker time: stamped at the answer, as round trips do not get quicker."""
        if self.scale == 1.0:
            return (quota,)
        return (Quota(quota.limit, quota.period / self.scale),)


def limit_options(command: F) -> F:
    """Give a command ``--limit``, ``--account-limit`` and ``--scale``."""
    for option in (
        click.option(
            "--scale",
            type=params.SCALE,
            default=1.0,
            help="Documented limits with quicker time, for `cleverapp simulate --scale`.",
        ),
        click.option(
            "--account-limit",
            type=params.ACCOUNT_LIMIT,
            metavar="N/T,…|none",
            help="Limit of the account of your own, such as 2/1s,120/60s.",
        ),
        click.option(
            "--limit",
            "limits",
            type=params.LIMIT,
            multiple=True,
            metavar="MESSENGER=N/T",
            help="Limit of your own per bot, such as whatsapp=1/10s; none for no limit. "
            "Repeatable.",
        ),
    ):
        command = option(command)
    return command
