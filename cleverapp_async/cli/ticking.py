"""Lets a view draw now and then, while a send goes on."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .show import View

__all__ = ["tick"]

_TICK = 0.25
_SLOW_TICK = 1.0
_FEW_KEYS = 200


async def tick(view: View, keys: int) -> None:
    """Draw until cancelled.

    Args:
        view: What draws.
        keys: How many bots and messengers it has to look at: many are looked at less often.
    """
    while True:
        await asyncio.sleep(_TICK if keys < _FEW_KEYS else _SLOW_TICK)
        view.tick()
