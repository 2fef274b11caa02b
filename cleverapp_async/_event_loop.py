"""One event loop for a client and for each limiter: their timers and futures belong to it."""

from __future__ import annotations

import asyncio

from .errors import ClientStateError

__all__ = ["CLIENT_REFUSES", "LIMITER_REFUSES", "claim_running_loop"]

CLIENT_REFUSES = "the client belongs to another event loop: make one inside each asyncio.run()"
LIMITER_REFUSES = "this limiter serves another event loop: make one LimiterRegistry per event loop"


def claim_running_loop(
    claimed: asyncio.AbstractEventLoop | None, refusal: str
) -> asyncio.AbstractEventLoop:
    """The running loop, which is to be the one that was claimed at the first call.

    Args:
        claimed: The loop that the first call found; None at the first call.
        refusal: What is wrong where another loop runs now, and what to do about it.

    Raises:
        ClientStateError: Another loop runs now.
    """
    running = asyncio.get_running_loop()
    if claimed is not None and claimed is not running:
        raise ClientStateError(refusal)
    return running
