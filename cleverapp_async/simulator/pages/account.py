"""The pages on the account and on media of sibling brands' docs: getMe, decodeShortLink."""

from __future__ import annotations

import hashlib
from typing import Final

from ..context import Call, Decision, Endpoint
from ..laravel.rules import required, url
from ..state.records import now
from .lookups import no_channel

LIFETIME: Final = 3600
"""Seconds for which an invented link is good (*assumed*)."""


def _get_me(call: Call) -> Decision:
    return call.answer(dict(call.state.me))


def _decode_short_link(call: Call) -> Decision:
    short = call.text("url") or ""
    known = call.state.short_links.get(short)
    return call.answer({"url": _invent(short) if known is None else known})


def _invent(short: str) -> str:
    digest = hashlib.sha256(short.encode("utf-8", "replace")).hexdigest()
    expires_at = now() + LIFETIME
    return f"https://storage.example.com/{digest[:16]}?expires_at={expires_at}&s=1&sign={digest}"


ENDPOINTS: Final = (
    Endpoint("getMe", "GET", {}, no_channel, _get_me),
    Endpoint("decodeShortLink", "POST", {"url": (required, url)}, no_channel, _decode_short_link),
)
