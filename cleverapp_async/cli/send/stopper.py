"""What ends a send before its time: somebody who interrupts it, or outcomes that nobody takes."""

from __future__ import annotations

import asyncio
import os

from attrs import define, field

from ...bulk.outcome import SendOutcome
from ...bulk.run import BulkRun
from ...errors import Outcome
from ..console import as_json, to_output_instead
from ..send_settings import DRAIN_TIMEOUT
from ..text import say_duration
from .outcomes import Sink, as_record
from .progress import View
from .tally import Tally

__all__ = ["OutcomeWriter", "Stopper"]

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
        """Somebody wants it to end: at first in order, and at once when asked again."""
        if not self._asked:
            self._asked = self.tally.interrupted = True
            self.run.drain()
            loop = asyncio.get_running_loop()
            loop.call_later(min(_ONE_REQUEST, self.drain_timeout / 2), self._answer)
            self._timer = loop.call_later(self.drain_timeout, self._abort)
        elif self._answered and self._finished:
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
        if any(work for _, work in self.run.progress.by_key.values()):
            self.view.say(
                "Interrupted: requests on the wire may take up to "
                f"{say_duration(self.drain_timeout)} to end; Ctrl-C again aborts them."
            )

    def _abort(self) -> None:
        if self._aborting is None:
            self._aborting = asyncio.ensure_future(self.run.aclose())
            # What it raises, whoever iterates over the run is told as well.
            self._aborting.add_done_callback(lambda task: task.cancelled() or task.exception())


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
        if self.tally.broken is None:
            try:
                self.sink.write(number, line, outcome)
            except OSError as error:
                self._break(error)
            else:
                return
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
