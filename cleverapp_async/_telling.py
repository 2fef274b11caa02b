"""Tells callbacks and the log what happens to a request; the token is in none of it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from attrs import define

from .events import EventCallback

if TYPE_CHECKING:
    from .events import Event

__all__ = ["Teller"]

_log = logging.getLogger("cleverapp_async")
_log.addHandler(logging.NullHandler())


@define
class Teller:
    """Passes events on to the callbacks of one client, and to the log.

    Attributes:
        callbacks: Called in turn; what one raises is logged and changes nothing.
    """

    callbacks: tuple[EventCallback, ...]

    @property
    def listened(self) -> bool:
        """Whether anybody wants to know: making an event costs time too."""
        return bool(self.callbacks) or _log.isEnabledFor(logging.DEBUG)

    def tell(self, event: Event) -> None:
        """Pass one event on."""
        _log.debug("%r", event)
        for callback in self.callbacks:
            try:
                callback(event)
            except Exception:  # noqa: BLE001 - a callback of the user's, whatever it raises
                _log.exception("an on_event callback failed; the request goes on")
