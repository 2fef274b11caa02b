"""Where a request's parameters go on the wire: pure, without the token and without I/O."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from attrs import define, field

from .endpoints import ParametersIn

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .config import PostParameters
    from .endpoints import Endpoint

__all__ = ["LONGEST_QUERY", "WireRequest", "build"]

LONGEST_QUERY = 4096
"""Encoded bytes of parameters that a URL is trusted with; longer ones go in a JSON body."""

_JSON = "application/json"
_FORM = "application/x-www-form-urlencoded"

# Made once: json.dumps makes a new encoder for every call that is not of its default form.
_write_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@define
class WireRequest:
    """One request, ready but for the token and the base URL.

    Attributes:
        http_method: ``GET`` or ``POST``.
        name: The API method's name, the last part of the URL.
        query: The encoded query string; empty where the parameters are elsewhere.
        body: The body; empty where the parameters are in the query.
        content_type: The body's type; None without a body.
    """

    http_method: str
    name: str
    query: str = ""
    body: bytes = field(default=b"", repr=False)
    content_type: str | None = None


def build(
    endpoint: Endpoint, parameters: Mapping[str, str | int], placement: PostParameters
) -> WireRequest:
    """Place the parameters of one request.

    Args:
        endpoint: The method's row.
        parameters: By the API's own names.
        placement: What the client's configuration says of POST parameters.
    """
    method, name = endpoint.http_method, endpoint.name
    if method != "POST":
        return WireRequest(method, name, _encode(parameters))
    chosen = endpoint.parameters_in.value if placement == "documented" else placement
    if chosen == ParametersIn.QUERY.value:
        query = _encode(parameters)
        if len(query) <= LONGEST_QUERY:
            return WireRequest(method, name, query)
    elif chosen == "form":
        return WireRequest(method, name, "", _encode(parameters).encode("ascii"), _FORM)
    return WireRequest(method, name, "", _write_json(parameters).encode(), _JSON)


def _encode(parameters: Mapping[str, str | int]) -> str:
    return urlencode(parameters, quote_via=quote)
