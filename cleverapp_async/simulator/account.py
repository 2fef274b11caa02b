"""The page on the account of sibling brands' docs: getMe."""

from __future__ import annotations

from typing import Final

from .addressing import no_route
from .endpoints import Call, Decision, Endpoint


def _get_me(call: Call) -> Decision:
    return call.answer(dict(call.world.state.me))


ENDPOINTS: Final = (Endpoint("getMe", "GET", {}, no_route, _get_me),)
