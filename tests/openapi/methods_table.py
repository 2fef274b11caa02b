"""The table of ``docs/methods.md``; ``python -m tests.generate`` writes it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cleverapp_async.endpoints import ENDPOINTS, Repeat, Trust

if TYPE_CHECKING:
    from cleverapp_async.endpoints import Endpoint

_REPEAT = {
    Repeat.SAFE: "safe",
    Repeat.SAME_EFFECT: "same effect",
    Repeat.NEVER: "never",
}
_TRUST = {Trust.DOCUMENTED: "documented", Trust.SIBLING: "sibling"}
_HEAD = ("coroutine", "HTTP method", "repeat", "limit", "trust", "page")


def coroutine_of(method: str) -> str:
    """The coroutine's name for the API's: ``get_me`` for ``getMe``."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", method.replace("WhatsApp", "Whatsapp")).lower()


def methods_table() -> list[str]:
    """The lines of the table, a row for each method in the order of the endpoint table."""
    rows = (_HEAD, ("---",) * len(_HEAD), *map(_row, ENDPOINTS.values()))
    return ["| " + " | ".join(row) + " |" for row in rows]


def _row(endpoint: Endpoint) -> tuple[str, ...]:
    return (
        f"`{coroutine_of(endpoint.name)}`",
        f"{endpoint.http_method} `{endpoint.name}`",
        _REPEAT[endpoint.repeat],
        "key, account" if endpoint.limited else "account",
        _TRUST[endpoint.trust],
        endpoint.page,
    )
