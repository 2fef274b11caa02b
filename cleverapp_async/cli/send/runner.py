"""Sends messages to their end, or until somebody interrupts or nobody takes the outcomes.

They are those of a checked file, or those of a campaign in its journal.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable

from attrs import Factory, define, field, frozen

from ..._event_loop import error_of
from ...bulk.outcome import SendOutcome
from ...bulk.run import BulkRun
from ...bulk.schedule import Schedule
from ...bulk.throughput import EtaMeter
from ...errors import CampaignPausedError, JournalError, NotSentError, Outcome
from ..console import as_json, to_output_instead
from ..errors import BadInputError
from ..shared_options import DRAIN_TIMEOUT
from ..signals import Interrupts
from ..text import say_duration
from .outcomes import Sink, as_record
from .progress import Progress, View
from .sources import MessageSource, Place
from .tally import Tally, Workload

__all__ = ["OutcomeWriter", "Runner", "Stopper"]

_ONE_REQUEST = 0.2
"""Seconds in which several signals are one request: ``timeout`` sends each of its signals twice,
Ctrl-C reaches a whole group of processes, of which some pass it on, and systemd may send SIGHUP
right after SIGTERM. Nobody can have read before what a second one does."""


@define
class Stopper:
    """Ends a run, and remembers why.

    Attributes:
        run: What is ended.
        tally: What has come of it.
        view: What tells people.
        drain_timeout: Seconds that what is on the wire has to end after an interrupt.
        cut_short: Whether not even the messages that were not sent are to be listed.
    """

    run: BulkRun
    tally: Tally
    view: View
    drain_timeout: float = DRAIN_TIMEOUT
    cut_short: bool = field(init=False, default=False)
    _asked: bool = field(init=False, default=False)
    _answered: bool = field(init=False, default=False)
    _finished: bool = field(init=False, default=False)
    _aborting: asyncio.Task[None] | None = field(init=False, default=None)
    _timer: asyncio.TimerHandle | None = field(init=False, default=None)

    def interrupt(self) -> None:
        """Stop the run: in order at the first request, at once at the second."""
        if not self._asked:
            self._asked = self.tally.interrupted = True
            self.run.drain()
            loop = asyncio.get_running_loop()
            loop.call_later(min(_ONE_REQUEST, self.drain_timeout / 2), self._answer)
            # An interrupt is no endless wait: servers may take as long as the attempt's time-out to
            # answer.
            self._timer = loop.call_later(self.drain_timeout, self._abort)
        elif self._answered and self._finished:
            # The run is over and the rest of the list is being written: that is what is given up
            # now.
            self.cut_short = True
        elif self._answered:
            self._abort()

    def trouble(self, told: str) -> None:
        """Something makes it pointless to go on."""
        self.tally.trouble = self.tally.trouble or told
        self.run.drain()

    def finish(self) -> None:
        """The run has ended: nothing more is to be cut off."""
        self._finished = True
        if self._timer is not None:
            self._timer.cancel()

    def _answer(self) -> None:
        """Tell what is waited for, and that it need not be."""
        self._answered = True
        # Nothing on the wire means nothing to wait for, and nothing to be told.
        if any(work for _, work in self.run.progress.by_key.values()):
            self.view.say(
                "Interrupted: requests on the wire may take up to "
                f"{say_duration(self.drain_timeout)} to end; Ctrl-C again aborts them."
            )

    def _abort(self) -> None:
        if self._aborting is None:
            self._aborting = asyncio.ensure_future(self.run.aclose())
            # What it raises, whoever iterates over the run is told as well.
            self._aborting.add_done_callback(error_of)


@define
class OutcomeWriter:
    """Counts each outcome and gives it to the sink.

    Where the sink breaks and no journal keeps the outcomes, the send is stopped, and what was on
    the wire by then is written where people read: nothing else is left.

    Attributes:
        sink: Where outcomes go.
        tally: What counts them.
        stopper: What ends the send.
        on_record: Whether a journal keeps them as well.
    """

    sink: Sink
    tally: Tally
    stopper: Stopper
    on_record: bool

    def write(self, number: int, line: int | None, outcome: SendOutcome) -> None:
        """Take one outcome.

        Args:
            number: The row's number, from 1; of a campaign the message's.
            line: The line of the file on which it begins; None where it comes of no file.
            outcome: What came of it.
        """
        # The first failure is the last attempt: a full disk would be asked for each of a million
        # outcomes.
        if self.tally.broken is None:
            try:
                self.sink.write(number, line, outcome)
            except OSError as error:
                self._break(error)
            else:
                return
        # Reached only where the sink takes nothing any more.
        self.tally.unwritten[outcome.outcome] += 1
        if not self.on_record and outcome.outcome is not Outcome.NOT_SENT:
            told = as_json(as_record(number, line, outcome))
            self.stopper.view.say(told)
            to_output_instead(told)

    def _break(self, error: OSError) -> None:
        reason = os.strerror(error.errno) if error.errno else type(error).__name__
        self.tally.broken = reason
        if self.on_record:
            self.stopper.view.say(
                f"Warning: the outcomes cannot be written ({reason}). The send goes on, as the "
                "journal has them."
            )
            return
        told = f"the outcomes cannot be written ({reason}), so the send was stopped."
        self.stopper.trouble(told)
        self.stopper.view.say(f"Error: {told} What was on the wire by then ends like this:")


_LOADING_TICK = 0.1
_TICK = 0.25
_SLOW_TICK = 1.0
_MANY_KEYS = 200
_BLOCK = 500


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
        tally: What has come of it so far.
    """

    source: MessageSource
    sink: Sink
    view: View
    interrupts: Interrupts
    announce: Callable[[BulkRun, Workload], None]
    schedule: Schedule | None = None
    drain_timeout: float = DRAIN_TIMEOUT
    tally: Tally = field(
        init=False, default=Factory(lambda self: Tally(EtaMeter(self.schedule)), takes_self=True)
    )

    async def send(self) -> Tally:
        """Send everything, unless it is stopped.

        Returns:
            What has come of it: :attr:`tally`.

        Raises:
            BadInputError: The file has changed, or cannot be read, before anything was sent.
            JournalError: The journal cannot be used.
        """
        tally = self.tally
        run = self.source.start(self.schedule)
        stopper = Stopper(run, tally, self.view, self.drain_timeout)
        # To the last line of the outcomes: none is lost by a signal at the wrong moment.
        with self.interrupts.passed_to(stopper.interrupt):
            async with self.source.client:
                await self._send(run, stopper)
        return tally

    async def _send(self, run: BulkRun, stopper: Stopper) -> None:
        tally = self.tally
        writer = OutcomeWriter(self.sink, tally, stopper, self.source.on_record)
        self._begin(run)
        if tally.interrupted:  # by a signal that came before anybody listened here
            stopper.interrupt()
        try:
            await self._take_all(run, writer)
        except CampaignPausedError as error:
            tally.paused = error
        except JournalError as error:
            # Nothing has left: an error that ends the command says more than a report about
            # nothing.
            if not tally.begun:
                raise
            tally.failure = error
        except (BadInputError, OSError) as error:
            if not tally.begun:
                raise BadInputError(_why_unread(error)) from None
            stopper.trouble(_why_unread(error))
        tally.finish()
        await self._list_the_rest(writer)

    async def _take_all(self, run: BulkRun, writer: OutcomeWriter) -> None:
        showing = asyncio.create_task(self._show(run))
        try:
            async with run:
                async for outcome in run:
                    self._begin(run)
                    self._take(writer, outcome, self.source.place(outcome))
        finally:
            writer.stopper.finish()
            # A campaign with nothing to send, or that fails at once, has begun all the same.
            self._begin(run)
            showing.cancel()
            self.view.stop()

    def _take(
        self, writer: OutcomeWriter, outcome: SendOutcome, place: Place, *, tried: bool = True
    ) -> None:
        """Count an outcome, and write it."""
        if place.later:
            self.tally.later += 1
        elif not place.earlier:
            self.tally.add(outcome, place.key, tried=tried)
        writer.write(place.number, place.line, outcome)

    def _begin(self, run: BulkRun) -> None:
        """Tell what is about to be sent, once, as soon as that is known."""
        tally = self.tally
        if tally.begun:
            return
        work = self.source.work(run)
        if work is not None:
            tally.begin(work)
            self.announce(run, work)
            self.view.start(Progress(tally, self.source.client, self.schedule))

    async def _show(self, run: BulkRun) -> None:
        """Show how the messages are loaded, then how the send goes, until cancelled."""
        tally = self.tally
        while not tally.begun:
            self.view.wait(self.source.loading())
            await asyncio.sleep(_LOADING_TICK)
            self._begin(run)
        # Many bots and messengers take long to look at.
        tick = _TICK if len(tally.work.counts) < _MANY_KEYS else _SLOW_TICK
        while True:
            await asyncio.sleep(tick)
            self.view.tick()

    async def _list_the_rest(self, writer: OutcomeWriter) -> None:
        """The rows that a stopped run never read, as not sent."""
        try:
            for index, untried in enumerate(self.source.rest()):
                if not index % _BLOCK:
                    # Listing a million rows must not keep a signal from being heard.
                    await asyncio.sleep(0)
                if writer.stopper.cut_short:
                    return
                planned = untried.planned
                why = "it is left for later" if untried.later else "the run was stopped"
                outcome = SendOutcome(
                    message=planned.message,
                    outcome=Outcome.NOT_SENT,
                    index=index,
                    error=NotSentError(f"not sent: {why}"),
                )
                place = Place(planned.number, planned.line, planned.key, later=untried.later)
                self._take(writer, outcome, place, tried=False)
        except (BadInputError, OSError) as error:
            writer.stopper.trouble(_why_unread(error))


def _why_unread(error: BadInputError | OSError) -> str:
    """What stopped the reading of the file while its messages were sent, as a sentence."""
    if isinstance(error, BadInputError):
        return error.message
    return f"the file cannot be read any further: {error.strerror or type(error).__name__}."
