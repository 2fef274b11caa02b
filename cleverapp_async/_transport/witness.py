"""Whether a request was sent, as far as one attempt can prove it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Witness"]


class Witness:
    """Watches one attempt from the moment it has its slot until its answer.

    An exception's type cannot tell whether a request left: the same ``TimeoutError`` covers
    "waited for a connection" and "waited for the answer". The witness fires before any byte is
    written, so *not fired* proves that nothing left; and a first write that the closed
    transport refused proves it too. Everything else is unknown. What arrives on a connection
    before anything has left is not an answer to it, whatever it says.

    Args:
        on_sent: Called once, when the request starts to leave.
    """

    __slots__ = ("_fired", "_left", "_on_sent")

    def __init__(self, on_sent: Callable[[], None]) -> None:
        self._on_sent = on_sent
        self._fired = False
        self._left = 0

    @property
    def outcome(self) -> Outcome:
        """``NOT_SENT`` where that is proven, else ``UNKNOWN``."""
        return Outcome.UNKNOWN if self._left else Outcome.NOT_SENT

    def fire(self) -> None:
        """The request starts to leave: from here on nothing is certain."""
        # Counted, as the HTTP library may try again by itself: each try proves only its own. Fired
        # twice and refused once leaves one try of which nothing is certain, so that the outcome is
        # UNKNOWN: that the second try did not leave proves nothing about the first.
        self._left += 1
        if not self._fired:
            # The limits count the start of the first try: the later ones lie within its slot.
            self._fired = True
            self._on_sent()

    def refuse_write(self) -> None:
        """The first write since it fired was refused: not one byte of that left."""
        self._left -= 1
