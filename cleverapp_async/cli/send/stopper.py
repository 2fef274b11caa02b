"""Stops a send: in order when first asked to, at once after a while or when asked again."""

from __future__ import annotations

import asyncio

from attrs import define, field

from ...bulk.run import BulkRun
from ..text import say_duration
from .progress import View
from .tally import Tally

__all__ = ["DRAIN_TIMEOUT", "Stopper"]

DRAIN_TIMEOUT = 30.0
"""Seconds that what is on the wire has to end after an interrupt."""


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
                f"Interrupted: what is on the wire has {say_duration(self.drain_timeout)} to end; "
                "Ctrl-C again aborts it."
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
