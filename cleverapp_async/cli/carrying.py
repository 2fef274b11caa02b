"""Sends what was planned: the one way that ``send`` and ``demo`` share."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from attrs import frozen

from ..bulk.forecast import forecast
from ..bulk.outcome import SendOutcome
from ..bulk.schedule import Schedule
from ..bulk.throughput import EtaMeter
from ..client import CleverAppClient
from ..errors import CampaignPausedError, NotSentError, Outcome
from .exits import BadInputError
from .feed import Feed
from .interrupts import Interrupts
from .outcomes import Sink
from .plan import Plan, Planned
from .show import View
from .standing import Standings
from .stopping import DRAIN_TIMEOUT, Stopper
from .tally import Tally
from .ticking import tick
from .writing import Writer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from ..bulk.forecast import Forecast
    from ..bulk.run import BulkRun

__all__ = ["Campaign", "carry_out"]


@frozen
class Campaign:
    """What a send needs.

    Attributes:
        plan: What is sent.
        client: Who sends it.
        sink: Where outcomes go.
        view: What shows progress.
        interrupts: Where Ctrl-C is heard of.
        schedule: When messages may leave; None: at any time.
        drain_timeout: Seconds that what is on the wire has to end after an interrupt.
    """

    plan: Plan
    client: CleverAppClient
    sink: Sink
    view: View
    interrupts: Interrupts
    schedule: Schedule | None = None
    drain_timeout: float = DRAIN_TIMEOUT

    def forecast(self) -> Forecast:
        """How long it takes at least."""
        limits = self.client.limits
        return forecast(self.plan.counts, limits.quotas, limits.quotas(self.client.account))


async def carry_out(campaign: Campaign) -> Tally:
    """Send everything, unless it is stopped; every row gets its outcome.

    Returns:
        What has come of it.
    """
    loop = asyncio.get_running_loop()
    schedule, view = campaign.schedule, campaign.view
    tally = Tally(campaign.plan, meter=EtaMeter(schedule))
    feed = Feed(campaign.plan.messages(), campaign.client.learn_route)
    run = campaign.client.send_many(feed, schedule=schedule)
    stopper = Stopper(run, tally, view, campaign.drain_timeout)
    writer = Writer(campaign.sink, tally, stopper)
    view.start(Standings(tally, campaign.client, campaign.forecast(), schedule))
    ticker = asyncio.create_task(tick(view, len(campaign.plan.counts)))
    campaign.interrupts.tell(loop, stopper.interrupt)
    try:
        async with run:
            with stopper:
                async for outcome in _until_changed(run, stopper):
                    _write(writer, feed.row(outcome.index), outcome)
    except CampaignPausedError as error:
        tally.paused = error
    finally:
        campaign.interrupts.tell(None, None)
        ticker.cancel()
        view.stop()
    _list_the_rest(feed, writer, stopper)
    tally.finish()
    return tally


async def _until_changed(run: BulkRun, stopper: Stopper) -> AsyncIterator[SendOutcome]:
    """The outcomes; where the file has changed under way, those of what was read before."""
    try:
        async for outcome in run:
            yield outcome
    except BadInputError as error:
        stopper.trouble(str(error))


def _write(writer: Writer, row: Planned, outcome: SendOutcome, *, tried: bool = True) -> None:
    writer.count(outcome, row.key, tried=tried)
    writer.pass_on(row.number, row.line, outcome)


def _list_the_rest(feed: Feed, writer: Writer, stopper: Stopper) -> None:
    """The rows that a stopped run never read, as not sent."""
    try:
        for index, planned in enumerate(feed.planned):
            error = NotSentError("not sent: the run was stopped")
            outcome = SendOutcome(
                message=planned.message, outcome=Outcome.NOT_SENT, index=index, error=error
            )
            _write(writer, planned, outcome, tried=False)
    except BadInputError as error:
        stopper.trouble(str(error))
