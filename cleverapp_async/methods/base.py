"""What the classes of methods build on."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .._call import Call, Reply

__all__ = ["Methods"]


class Methods(ABC):
    """Some of the API's methods; the client inherits them all."""

    @abstractmethod
    async def _run(self, call: Call) -> Reply:
        """Carry out one call."""
