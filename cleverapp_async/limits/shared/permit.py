"""One granted slot: of the fleet's log, and of this process's own window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..sliding_window import SETTLE_MARGIN

if TYPE_CHECKING:
    from ..protocols import Permit
    from .ledger import Slot
    from .limiter import SharedLimiter

__all__ = ["SharedPermit"]


class SharedPermit:
    """A permit of :class:`SharedLimiter`."""

    __slots__ = ("_limiter", "_own", "_slot")

    def __init__(self, limiter: SharedLimiter, slot: Slot, own: Permit) -> None:
        self._limiter: SharedLimiter | None = limiter
        self._slot = slot
        self._own = own

    def sent(self) -> None:
        """The request starts to leave now."""
        if self._limiter is not None and self._slot.sent_at is None:
            self._own.sent()
            self._limiter.on_sent(self._slot)

    def settle(self) -> None:
        """Ending: an answer arrived."""
        limiter, self._limiter = self._limiter, None
        if limiter is not None:
            self._own.settle()
            limiter.on_ended(self._slot)

    def refuse(self, retry_after: float | None) -> None:
        """Ending: the server refused the request for this limit; the whole fleet pauses."""
        limiter, self._limiter = self._limiter, None
        if limiter is not None:
            self._own.refuse(retry_after)
            limiter.on_refused(self._slot)

    def give_up(self) -> None:
        """Ending: no answer came, and the request may still arrive."""
        limiter, self._limiter = self._limiter, None
        if limiter is not None:
            self._own.give_up()
            limiter.on_ended(self._slot, later=SETTLE_MARGIN)

    def refund(self) -> None:
        """Ending: the request provably never left, so its slot goes back to the fleet."""
        limiter, self._limiter = self._limiter, None
        if limiter is not None:
            self._own.refund()
            limiter.on_returned(self._slot)
