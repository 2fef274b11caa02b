"""The token in the body of a POST, where a brand wants it there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import quote

from attrs import evolve

if TYPE_CHECKING:
    from .._request import WireRequest

__all__ = ["with_token"]

_FORM = "application/x-www-form-urlencoded"


def with_token(request: WireRequest, token: str) -> WireRequest:
    """A POST with the token in its body, whatever the body is.

    Args:
        request: The request.
        token: The token.
    """
    pair = f"api_token={quote(token, safe='')}"
    if not request.body:
        return evolve(request, body=pair.encode(), content_type=_FORM)
    if request.content_type == _FORM:
        return evolve(request, body=b"&".join((pair.encode(), request.body)))
    # A JSON object: its first brace makes room for one more member.
    member = f'{{"api_token":{json.dumps(token)}'.encode()
    separator = b"" if request.body == b"{}" else b","
    return evolve(request, body=member + separator + request.body[1:])
