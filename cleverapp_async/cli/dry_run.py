"""What ``cleverapp send --dry-run`` does once the file is checked: count and forecast."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..bulk.forecast import forecast
from ..limits.quota import AccountKey
from .campaign_reading import open_reader
from .campaign_state import left_by_key
from .clocks import say_moment
from .console import make_console
from .exits import Exit
from .report import show_forecast

if TYPE_CHECKING:
    from collections import Counter

    from ..bulk.schedule import Schedule
    from ..limits.quota import LimitKey
    from .plan import Plan
    from .send_settings import Sending

__all__ = ["tell_only"]


def tell_only(plan: Plan | None, sending: Sending, schedule: Schedule | None) -> Exit:
    """The counts and the forecast, on standard output.

    Args:
        plan: The checked file; None: there is none.
        sending: The options.
        schedule: When messages may leave.

    Raises:
        CommandError: The journal cannot be read.
    """
    counts = None if plan is None else plan.counts
    if sending.journal is not None and (plan is None or Path(sending.journal).exists()):
        left = _left(sending.journal, sending)
        if left is not None:
            counts = left
            total = left.total()
            click.echo(f"{sending.journal} holds a campaign: {total} of its messages are left.")
    registry = sending.limit_settings().registry()
    found = forecast(counts or {}, registry.quotas, registry.quotas(AccountKey("")))
    show_forecast(make_console(stderr=False), found)
    if schedule is not None:
        end = say_moment(found.ends_at(time.time(), schedule), schedule.zone)
        click.echo(f"Sent {schedule.told()}, it does not end before {end}.")
    return Exit.FAILED if plan is not None and plan.bad else Exit.OK


def _left(journal: str, sending: Sending) -> Counter[LimitKey | None] | None:
    """What is left in a journal; None where it was never filled."""
    with open_reader(journal) as reader:
        summary = reader.summary()
    if not summary.complete:
        return None
    left = left_by_key(
        summary, unknown=sending.resend_unknown, rejected=sending.retry_rejected, intents=True
    )
    left[None] += 0 if sending.retry_rejected else summary.retryable
    return left
