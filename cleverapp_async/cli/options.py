"""What several commands' options have in common: each says itself what is wrong with a value."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeVar

import click

from .dates import read_from, read_hour, read_moment, read_to
from .durations import read_duration
from .quotas import read_account_limit, read_limit
from .template import Template

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime, time

    from ..limits.quota import Quota
    from .quotas import Override

__all__ = [
    "account_limit",
    "additions",
    "date_from",
    "date_to",
    "duration",
    "hour",
    "limits",
    "moment",
    "optional_duration",
    "scale",
    "template",
]

_ADDITIONS = ("tags", "variables")

T = TypeVar("T")


def _read(read: Callable[[str], T], value: str) -> T:
    try:
        return read(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def template(_: click.Context, __: click.Parameter, value: str | None) -> Template | None:
    """A text with ``{column}`` fields."""
    return None if value is None else _read(Template.parse, value)


def limits(_: click.Context, __: click.Parameter, value: tuple[str, ...]) -> tuple[Override, ...]:
    """Limits such as ``whatsapp=1/10s``."""
    return tuple(_read(read_limit, one) for one in value)


def account_limit(
    _: click.Context, __: click.Parameter, value: str | None
) -> tuple[Quota, ...] | None:
    """A limit such as ``2/1s,120/60s``, or ``none``."""
    return None if value is None else _read(read_account_limit, value)


def duration(_: click.Context, __: click.Parameter, value: str) -> float:
    """Seconds."""
    return _read(read_duration, value)


def optional_duration(_: click.Context, __: click.Parameter, value: str | None) -> float | None:
    """Seconds, or None."""
    return None if value is None else _read(read_duration, value)


def date_from(_: click.Context, __: click.Parameter, value: str | None) -> int | None:
    """Unix seconds of a day's beginning."""
    return None if value is None else _read(read_from, value)


def date_to(_: click.Context, __: click.Parameter, value: str | None) -> int | None:
    """Unix seconds of a day's end."""
    return None if value is None else _read(read_to, value)


def hour(_: click.Context, __: click.Parameter, value: str | None) -> time | None:
    """An hour of the day such as ``09:00``."""
    return None if value is None else _read(read_hour, value)


def moment(_: click.Context, __: click.Parameter, value: str | None) -> datetime | None:
    """A date with its time, with or without an offset."""
    return None if value is None else _read(read_moment, value)


def additions(_: click.Context, __: click.Parameter, value: str | None) -> tuple[str, ...]:
    """What is added to each contact, such as ``tags,variables``."""
    given = [name.strip() for name in (value or "").split(",") if name.strip()]
    for name in given:
        if name not in _ADDITIONS:
            raise click.BadParameter(f"there is no {name!r}; there are {', '.join(_ADDITIONS)}")
    return tuple(dict.fromkeys(given))


def scale(_: click.Context, __: click.Parameter, value: float) -> float:
    """How many times as fast time runs."""
    if not (math.isfinite(value) and value > 0):
        raise click.BadParameter(f"{value} is no number above 0")
    return value
