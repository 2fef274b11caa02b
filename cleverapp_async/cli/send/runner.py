"""Sends messages to their end, wherever they come from: those of a file, or of a campaign."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from attrs import define, field, frozen

from ...bulk.outcome import SendOutcome
from ...bulk.run import BulkRun
from ...bulk.schedule import Schedule
from ...bulk.throughput import EtaMeter
from ...errors import CampaignPausedError, JournalError, NotSentError, Outcome
from ..errors import BadInputError
from ..send_settings import DRAIN_TIMEOUT
from ..signals import Interrupts
from ..text import say_duration
from .outcomes import Sink
from .progress import Progress, View
from .sources import MessageSource, Place
from .tally import Tally, Workload

__all__ = ["Runner", "Stopper"]

_LOADING_TICK = 0.1
_TICK = 0.25
_SLOW_TICK = 1.0
_MANY_KEYS = 200


@frozen(kw_only=True)
class Runner:
    """One send, from the first message to the last outcome.

    Attributes:
        source: Where its messages come from, and who sends them: a client that is closed then.
        sink: Where outcomes go.
        view: What shows progress.
        interrupts: Where Ctrl-C is heard of.
        announce: Called once, when it is known what is to be sent.
        schedule: When messages may leave; None: at any time.
        drain_timeout: Seconds that what is on the wire has to end after an interrupt.
    """

    source: MessageSource
    sink: Sink
    view: View
    interrupts: Interrupts
    announce: Callable[[BulkRun, Workload], None]
    schedule: Schedule | None = None
    drain_timeout: float = DRAIN_TIMEOUT

    async def send(self) -> Tally:
        """Send everything, unless it is stopped.

        Returns:
            What has come of it.

        Raises:
            BadInputError: The file has changed before anything was sent.
            JournalError: The journal cannot be used.
        """
        tally = Tally(EtaMeter(self.schedule))
        async with self.source.client:
            run = self.source.start(self.schedule)
            stopper = Stopper(run, tally, self.view, self.drain_timeout)
            writer = _Writer(self.sink, tally, stopper)
            self._begin(run, tally)
            try:
                with self.interrupts.passed_to(stopper.interrupt):
                    await self._take_all(run, writer)
            except CampaignPausedError as error:
                tally.paused = error
            except JournalError as error:
                if not tally.begun:
                    raise
                tally.failure = error
            except BadInputError as error:
                if not tally.begun:
                    raise
                stopper.trouble(str(error))
            self._list_the_rest(writer)
            tally.finish()
        return tally

    async def _take_all(self, run: BulkRun, writer: _Writer) -> None:
        showing = asyncio.create_task(self._show(run, writer.tally))
        try:
            async with run:
                async for outcome in run:
                    self._begin(run, writer.tally)
                    writer.write(outcome, self.source.place(outcome))
        finally:
            writer.stopper.finish()
            # A campaign with nothing to send, or that fails at once, has begun all the same.
            self._begin(run, writer.tally)
            showing.cancel()
            self.view.stop()

    def _begin(self, run: BulkRun, tally: Tally) -> None:
        """Tell what is about to be sent, once, as soon as that is known."""
        if tally.begun:
            return
        work = self.source.work(run)
        if work is not None:
            tally.begin(work)
            self.announce(run, work)
            self.view.start(Progress(tally, self.source.client, self.schedule))

    async def _show(self, run: BulkRun, tally: Tally) -> None:
        """Show how the messages are loaded, then how the send goes, until cancelled."""
        while not tally.begun:
            self.view.wait(self.source.loading())
            await asyncio.sleep(_LOADING_TICK)
            self._begin(run, tally)
        # Many bots and messengers take long to look at.
        tick = _TICK if len(tally.work.counts) < _MANY_KEYS else _SLOW_TICK
        while True:
            await asyncio.sleep(tick)
            self.view.tick()

    def _list_the_rest(self, writer: _Writer) -> None:
        """The rows that a stopped run never read, as not sent."""
        try:
            for index, untried in enumerate(self.source.rest()):
                planned = untried.planned
                why = "it is left for later" if untried.later else "the run was stopped"
                outcome = SendOutcome(
                    message=planned.message,
                    outcome=Outcome.NOT_SENT,
                    index=index,
                    error=NotSentError(f"not sent: {why}"),
                )
                place = Place(planned.number, planned.line, planned.key, later=untried.later)
                writer.write(outcome, place, tried=False)
        except BadInputError as error:
            writer.stopper.trouble(str(error))


@define
class Stopper:
    """Ends a run, and remembers why.

    Attributes:
        run: What is ended.
        tally: What has come of it.
        view: What tells people.
        drain_timeout: Seconds that what is on the wire has to end after an interrupt.
    """

    run: BulkRun
    tally: Tally
    view: View
    drain_timeout: float = DRAIN_TIMEOUT
    _aborting: asyncio.Task[None] | None = field(init=False, default=None)
    _timer: asyncio.TimerHandle | None = field(init=False, default=None)

    def interrupt(self) -> None:
        """Somebody wants it to end."""
        if self.tally.interrupted:
            self._abort()
            return
        self.tally.interrupted = True
        in_work = sum(work for _, work in self.run.progress.by_key.values())
        self.run.drain()
        if in_work:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self.drain_timeout, self._abort)
            self.view.say(
                "Interrupted: requests on the wire may take up to "
                f"{say_duration(self.drain_timeout)} to end; Ctrl-C again aborts them."
            )

    def trouble(self, told: str) -> None:
        """Something makes it pointless to go on."""
        self.tally.trouble = self.tally.trouble or told
        self.run.drain()

    def finish(self) -> None:
        """The run has ended: nothing more is to be stopped."""
        if self._timer is not None:
            self._timer.cancel()

    def _abort(self) -> None:
        if self._aborting is None:
            self._aborting = asyncio.ensure_future(self.run.aclose())
            # What it raises, whoever iterates over the run is told as well.
            self._aborting.add_done_callback(lambda task: task.cancelled() or task.exception())


@define
class _Writer:
    """Counts each outcome and gives it to the sink; where that breaks, the send is stopped."""

    sink: Sink
    tally: Tally
    stopper: Stopper
    _broken: bool = False

    def write(self, outcome: SendOutcome, place: Place, *, tried: bool = True) -> None:
        """Take one outcome; see :meth:`Tally.add`."""
        if place.later:
            self.tally.later += 1
        elif not place.earlier:
            self.tally.add(outcome, place.key, tried=tried)
        if self._broken:
            self.tally.unwritten[outcome.outcome] += 1
            return
        try:
            self.sink.write(place.number, place.line, outcome)
        except OSError as error:
            self._broken = True
            self.tally.unwritten[outcome.outcome] += 1
            told = error.strerror or type(error).__name__
            self.stopper.trouble(
                f"the outcomes cannot be written ({told}), so the send was stopped."
            )
