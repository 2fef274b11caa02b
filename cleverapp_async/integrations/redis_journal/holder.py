"""Who has a lease, as Redis keeps it."""

from __future__ import annotations

import json
import os
import secrets
import socket
import time
from contextlib import suppress
from typing import cast

from ...bulk.journal.lock import LockHolder

__all__ = ["describe_holder", "read_lease"]


def describe_holder() -> str:
    """This process, and a token that tells two runs in it apart."""
    return json.dumps(
        {
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "since": time.time(),
            "token": secrets.token_hex(8),
        }
    )


def read_lease(told: str | None) -> LockHolder | None:
    """Who a lease names; None where there is no lease."""
    if told is None:
        return None
    said: object = None
    with suppress(ValueError):
        said = json.loads(told)
    held = cast("dict[str, object]", said) if isinstance(said, dict) else {}
    pid, host, since = held.get("pid"), held.get("host"), held.get("since")
    return LockHolder(
        pid if isinstance(pid, int) else None,
        host if isinstance(host, str) else None,
        since if isinstance(since, int | float) else None,
    )
