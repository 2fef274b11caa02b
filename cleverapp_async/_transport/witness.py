"""Was it sent? What one attempt can prove."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Witness"]


class Witness:
    """Watches one attempt from its slot to its answer.

    An exception's type cannot tell whether a request left: the same ``TimeoutError`` covers
    "waited for a connection" and "waited for the answer". The witness fires before any byte is
    written, so *not fired* proves that nothing left; and a first write that the closed
    transport refused proves it too. Everything else is unknown.

    Args:
        on_sent: Called once, when the request starts to leave.
    """

    __slots__ = ("_fired", "_on_sent", "_refused")

    def __init__(self, on_sent: Callable[[], None]) -> None:
        self._on_sent = on_sent
        self._fired = False
        self._refused = False

    @property
    def outcome(self) -> Outcome:
        """``NOT_SENT`` where that is proven, else ``UNKNOWN``."""
        if self._fired and not self._refused:
            return Outcome.UNKNOWN
        return Outcome.NOT_SENT

    def fire(self) -> None:
        """The request starts to leave: from here on nothing is certain."""
        if not self._fired:
            self._fired = True
            self._on_sent()
        elif self._refused:
            # A second try on another connection: the first one's refusal proves nothing of it.
            self._refused = False

    def refuse_write(self) -> None:
        """The very first write was refused: not one byte left."""
        self._refused = True
