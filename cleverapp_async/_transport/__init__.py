"""The wire: the only room that touches aiohttp's client."""

from .session import Transport, WireFailure
from .witness import Witness

__all__ = ["Transport", "WireFailure", "Witness"]
