"""Sends what was planned: the one way that ``send`` and ``demo`` share."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from attrs import define, field, frozen

from ..bulk.outcome import SendOutcome
from ..bulk.run import BulkRun
from ..client import CleverAppClient
from ..errors import NotSentError, Outcome
from .exits import BadInputError
from .feed import Feed
from .forecast import forecast
from .interrupts import Interrupts
from .outcomes import Sink
from .plan import Plan, Planned
from .show import View
from .standing import Standings
from .tally import Tally

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from .forecast import Forecast

__all__ = ["Campaign", "carry_out"]

_TICK = 0.25
_FEW_KEYS = 200


@frozen
class Campaign:
    """What a send needs.

    Attributes:
        plan: What is sent.
        client: Who sends it.
        sink: Where outcomes go.
        view: What shows progress.
        interrupts: Where Ctrl-C is heard of.
    """

    plan: Plan
    client: CleverAppClient
    sink: Sink
    view: View
    interrupts: Interrupts

    def forecast(self) -> Forecast:
        """How long it takes at least."""
        limits = self.client.limits
        return forecast(self.plan.counts, limits.quotas, limits.quotas(self.client.account))


@define
class _Stopper:
    """Stops a run in order when first asked to, and at once when asked again."""

    run: BulkRun
    tally: Tally
    view: View
    _aborting: asyncio.Task[None] | None = field(init=False, default=None)

    def interrupt(self) -> None:
        """Somebody wants it to end."""
        if not self.tally.interrupted:
            self.tally.interrupted = True
            in_work = sum(work for _, work in self.run.progress.by_key.values())
            self.run.drain()
            if in_work:
                self.view.say(
                    "Interrupted: what is on the wire ends first; Ctrl-C again aborts it."
                )
        elif self._aborting is None:
            self._aborting = asyncio.ensure_future(self.run.aclose())

    def trouble(self, told: str) -> None:
        """Something makes it pointless to go on."""
        self.tally.trouble = self.tally.trouble or told
        self.run.drain()


async def carry_out(campaign: Campaign) -> Tally:
    """Send everything, unless it is stopped; every row gets its outcome.

    Returns:
        What has come of it.
    """
    loop = asyncio.get_running_loop()
    tally, view = Tally(campaign.plan), campaign.view
    feed = Feed(campaign.plan.messages(), campaign.client.learn_route)
    run = campaign.client.send_many(feed)
    stopper = _Stopper(run, tally, view)
    writer = _Writer(campaign.sink, tally, stopper)
    view.start(Standings(tally, campaign.client, campaign.forecast()))
    ticker = asyncio.create_task(_tick(view, _TICK if len(campaign.plan.counts) < _FEW_KEYS else 1))
    campaign.interrupts.tell(loop, stopper.interrupt)
    try:
        async with run:
            async for outcome in _until_changed(run, stopper):
                writer.write(feed.row(outcome.index), outcome)
                if tally.refused_token:
                    run.drain()
    finally:
        campaign.interrupts.tell(None, None)
        ticker.cancel()
        view.stop()
    _list_the_rest(feed, writer, stopper)
    tally.finish()
    return tally


async def _until_changed(run: BulkRun, stopper: _Stopper) -> AsyncIterator[SendOutcome]:
    """The outcomes; where the file has changed under way, those of what was read before."""
    try:
        async for outcome in run:
            yield outcome
    except BadInputError as error:
        stopper.trouble(str(error))


@define
class _Writer:
    """Counts outcomes and passes them on, as long as that works."""

    sink: Sink
    tally: Tally
    stopper: _Stopper
    _broken: bool = False

    def write(self, row: Planned, outcome: SendOutcome, *, tried: bool = True) -> None:
        self.tally.add(outcome, row.key, tried=tried)
        if self._broken:
            return
        try:
            self.sink.write(row.number, row.line, outcome)
        except OSError as error:
            self._broken = True
            told = error.strerror or type(error).__name__
            self.stopper.trouble(f"outcomes cannot be written ({told}): the send was stopped.")


def _list_the_rest(feed: Feed, writer: _Writer, stopper: _Stopper) -> None:
    """The rows that a stopped run never read, as not sent."""
    try:
        for index, planned in enumerate(feed.planned):
            error = NotSentError("not sent: the run was stopped")
            outcome = SendOutcome(
                message=planned.message, outcome=Outcome.NOT_SENT, index=index, error=error
            )
            writer.write(planned, outcome, tried=False)
    except BadInputError as error:
        stopper.trouble(str(error))


async def _tick(view: View, seconds: float) -> None:
    while True:
        await asyncio.sleep(seconds)
        view.tick()
