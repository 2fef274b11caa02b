"""The moments that are written into the state: Unix seconds of the machine's clock."""

from __future__ import annotations

import time


def now() -> int:
    """Give the current Unix second."""
    return int(time.time())
