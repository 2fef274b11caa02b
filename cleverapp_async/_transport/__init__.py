"""The wire: the only room that touches aiohttp's client."""

from .destination import ApiDestination, WebhookDestination
from .session import Transport, WireFailure
from .witness import Witness

__all__ = ["ApiDestination", "Transport", "WebhookDestination", "WireFailure", "Witness"]
