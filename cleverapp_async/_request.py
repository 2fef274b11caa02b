"""Where a request's parameters go on the wire: pure, without the token and without I/O."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias, cast
from urllib.parse import quote, urlencode

from attrs import define, field

from .endpoints import ParametersIn
from .errors import InvalidRequestError

if TYPE_CHECKING:
    from .config import PostParameters
    from .endpoints import Endpoint

__all__ = ["LONGEST_QUERY", "Parameters", "WireRequest", "build"]

Parameters: TypeAlias = Mapping[str, object]
"""Request parameters by the API's own names; absent ones are left out."""

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
    query: str = field(default="", repr=False)
    body: bytes = field(default=b"", repr=False)
    content_type: str | None = None


def build(endpoint: Endpoint, parameters: Parameters, placement: PostParameters) -> WireRequest:
    """Place the parameters of one request.

    Args:
        endpoint: The method's row.
        parameters: By the API's own names.
        placement: What the client's configuration says of POST parameters.

    Raises:
        InvalidRequestError: A parameter is nested too deeply to be written.
    """
    try:
        return _build(endpoint, parameters, placement)
    except RecursionError:
        pass
    raise InvalidRequestError("the parameters are nested too deeply")


def _build(endpoint: Endpoint, parameters: Parameters, placement: PostParameters) -> WireRequest:
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


def _encode(parameters: Parameters) -> str:
    pairs = [pair for name, value in parameters.items() for pair in _flat(name, value)]
    return urlencode(pairs, quote_via=quote)


def _flat(name: str, value: object) -> Iterator[tuple[str, str]]:
    """Nested values in PHP's brackets (``filters[tag]=x``, ``tags[]=a``), truth as 0 and 1."""
    if isinstance(value, Mapping):
        for inner, held in cast("Mapping[str, object]", value).items():
            yield from _flat(f"{name}[{inner}]", held)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for held in cast("Sequence[object]", value):
            yield from _flat(f"{name}[]", held)
    elif isinstance(value, bool):
        yield name, str(int(value))
    else:
        yield name, "" if value is None else str(value)
