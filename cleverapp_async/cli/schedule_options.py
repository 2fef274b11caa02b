"""The options that say when messages may leave."""

from __future__ import annotations

from datetime import datetime, time
from typing import TYPE_CHECKING, TypeVar

import click
from attrs import frozen

from . import params

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..bulk.schedule import Schedule

__all__ = ["GivenHours", "schedule_options"]

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
