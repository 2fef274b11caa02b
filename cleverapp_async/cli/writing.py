"""Counts outcomes and passes them on, as long as that works."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import define

from .outcomes import Sink
from .stopping import Stopper
from .tally import Tally

if TYPE_CHECKING:
    from ..bulk.outcome import SendOutcome
    from ..limits.quota import LimitKey

__all__ = ["Writer"]


@define
class Writer:
    """Takes each outcome once; where the sink breaks the send is stopped.

    Attributes:
        sink: Where outcomes go.
        tally: What counts them.
        stopper: What ends the send.
    """

    sink: Sink
    tally: Tally
    stopper: Stopper
    _broken: bool = False

    def count(
        self, outcome: SendOutcome, key: LimitKey | None = None, *, tried: bool = True
    ) -> None:
        """Count one outcome; see :meth:`Tally.add`."""
        self.tally.add(outcome, key, tried=tried)

    def pass_on(self, number: int, line: int | None, outcome: SendOutcome) -> None:
        """Give one outcome to the sink.

        Args:
            number: The message's number, from 1.
            line: The line of the file on which its row begins; None where it comes of no file.
            outcome: What came of it.
        """
        if self._broken:
            self.tally.unwritten[outcome.outcome] += 1
            return
        try:
            self.sink.write(number, line, outcome)
        except OSError as error:
            self._broken = True
            self.tally.unwritten[outcome.outcome] += 1
            told = error.strerror or type(error).__name__
            self.stopper.trouble(f"outcomes cannot be written ({told}): the send was stopped.")
