"""The page on the account of sibling brands' docs: getMe."""

from __future__ import annotations

from typing import Final

from ..context import Call, Decision, Endpoint
from .lookups import no_channel


def _get_me(call: Call) -> Decision:
    return call.answer(dict(call.state.me))


ENDPOINTS: Final = (Endpoint("getMe", "GET", {}, no_channel, _get_me),)
