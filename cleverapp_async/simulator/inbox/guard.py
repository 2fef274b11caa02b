"""Who may ask the inbox, and what its answers forbid a browser.

The inbox has no password, so that it must not be reached through somebody's browser. A page of
another site can make that send requests here, and a name of its own can be made to lead here (DNS
rebinding). So the name that was asked for (``Host``) must be one of ours, and a request that a page
sends (``Origin``, ``Sec-Fetch-Site``) must come from our own page.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web

from .errors import InputError

HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        "object-src 'none'; require-trusted-types-for 'script'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
}

_LOOPBACK_NAMES: Final = frozenset({"localhost", "127.0.0.1", "::1"})


def is_loopback(host: str) -> bool:
    """Tell whether only this machine reaches an address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check(request: web.Request, host: str, names: Collection[str]) -> None:
    """Refuse a request that may come from somebody else's page.

    Args:
        request: The request.
        host: The address that is listened on.
        names: Further names that lead here, in lower case.

    Raises:
        InputError: It is refused, with 403.
    """
    # A client that sends two of a header is read differently by each who reads it.
    for name in ("Host", "Origin"):
        if len(request.headers.getall(name, ())) > 1:
            raise InputError(f"header {name}", "is given twice", 403)
    asked = request.headers.get("Host", "")
    name = _name_of(f"//{asked}")
    if not _is_ours(name, host, names):
        raise InputError(
            "header Host",
            "is no name of this inbox: open it by its address, or allow the name with --inbox-name",
            403,
        )
    # Of a name that was allowed, a proxy may make https; on this machine there is none.
    schemes = ("http", "https") if name in names else ("http",)
    origin = request.headers.get("Origin")
    if origin is not None and origin.lower() not in {f"{one}://{asked.lower()}" for one in schemes}:
        raise InputError("header Origin", "is another site's", 403)
    site = request.headers.get("Sec-Fetch-Site", "none")
    # A link on another site may lead to the page: a browser shows it, and gives it to nobody.
    follows_link = request.path == "/" and request.headers.get("Sec-Fetch-Mode") == "navigate"
    if site not in {"same-origin", "none"} and not follows_link:
        raise InputError("header Sec-Fetch-Site", "is another site's", 403)


def _is_ours(name: str, host: str, names: Collection[str]) -> bool:
    if name in _LOOPBACK_NAMES or name in names or name == host:
        return bool(name)
    if is_loopback(host):
        return False
    try:
        # Nobody's name leads here: an address can be asked for only by whoever knows it.
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _name_of(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""
