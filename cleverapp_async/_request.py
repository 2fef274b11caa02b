"""Where a request's parameters go on the wire: pure, without the token and without I/O."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from functools import lru_cache
from math import isfinite
from typing import TYPE_CHECKING, TypeAlias, cast

from attrs import define, field

from ._values import kind_of
from .endpoints import ParametersIn
from .errors import InvalidRequestError

if TYPE_CHECKING:
    from .config import PostParameters
    from .endpoints import Endpoint

__all__ = ["LONGEST_QUERY", "Parameters", "WireRequest", "build", "build_list"]

Parameters: TypeAlias = Mapping[str, object]
"""Request parameters by the API's own names; absent ones are left out."""

LONGEST_QUERY = 4096
"""Encoded bytes of parameters that a URL is trusted with; longer ones go in a JSON body."""

# What PHP reads of a request, and what it drops without a word beyond (the defaults of PHP 8).
_DEEPEST_BRACKETS = 64
_DEEPEST_JSON = 510  # and the object of all parameters; PHP counts a scalar as the 512th level
_MOST_PAIRS = 999  # and the token
_INT64 = 2**63
_BYTES: tuple[type, ...] = (bytes, bytearray, memoryview)
_CHANGED = re.compile(r"[ .\[\0]")
# A bracket that holds nothing, or one white space, begins a new element of a list.
_APPENDS = frozenset(("", *" \t\n\v\f\r"))

# A run from its first character on that is no space: most spaces stand alone between words.
_NOT_IN_QUERIES = re.compile(r"[^A-Za-z0-9_.~ -][^A-Za-z0-9_.~-]*")

_IN_JSON = ParametersIn.JSON.value
_JSON = "application/json"
_FORM = "application/x-www-form-urlencoded"

# Made once: json.dumps makes a new encoder for every call that is not of its default form.
# What is written is nested no more deeply than `_plain` allows, so that no circle is in it.
_write_json = json.JSONEncoder(
    ensure_ascii=False, separators=(",", ":"), check_circular=False
).encode


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

    What a query or a form cannot say (an empty list, a name that PHP would change) goes in a JSON
    body where the method is a POST.

    Args:
        endpoint: The method's row.
        parameters: By the API's own names.
        placement: What the client's configuration says of POST parameters.

    Raises:
        InvalidRequestError: A value is not one that JSON has, or no GET can say it; it is named.
    """
    sent = {
        name: value
        if type(value) is str or (type(value) is int and 0 <= value < _INT64)
        else _sendable(name, value)
        for name, value in parameters.items()
    }
    try:
        return _place(endpoint, sent, placement)
    except _NotInBrackets as error:
        culprit, told = error.args
        told = f"{culprit!r} cannot be sent by GET: {told}"
        refused = InvalidRequestError(told, fields=(culprit,))
    except UnicodeEncodeError:
        refused = _halved(next(name for name in sent if not _is_whole({name: sent[name]})))
    raise refused


def build_list(endpoint: Endpoint, name: str, items: Sequence[object]) -> WireRequest:
    """One request whose JSON body is a list.

    Args:
        endpoint: The method's row.
        name: What the caller calls the list, for errors.
        items: The list.

    Raises:
        InvalidRequestError: A value is not one that JSON has.
    """
    sent = _sendable(name, items)
    if _is_whole({name: sent}):
        body = _write_json(sent).encode()
        return WireRequest(endpoint.http_method, endpoint.name, "", body, _JSON)
    raise _halved(name)


def _halved(name: str) -> InvalidRequestError:
    told = f"{name!r} holds half a character (a lone surrogate): remove it"
    return InvalidRequestError(told, fields=(name,))


def _place(
    endpoint: Endpoint, sent: Mapping[str, object], placement: PostParameters
) -> WireRequest:
    method, name = endpoint.http_method, endpoint.name
    if method != "POST":
        return WireRequest(method, name, _encode(sent))
    chosen = endpoint.parameters_in.value if placement == "documented" else placement
    if chosen != _IN_JSON:
        with suppress(_NotInBrackets):
            encoded = _encode(sent)
            if chosen == "form":
                return WireRequest(method, name, "", encoded.encode("ascii"), _FORM)
            if len(encoded) <= LONGEST_QUERY:
                return WireRequest(method, name, encoded)
    return WireRequest(method, name, "", _write_json(sent).encode(), _JSON)


def _is_whole(sent: Mapping[str, object]) -> bool:
    try:
        _write_json(sent).encode()
    except UnicodeEncodeError:
        return False
    return True


def _sendable(name: str, value: object) -> object:
    """A parameter as plain JSON values, in which PHP loses nothing."""
    try:
        return _plain(value, _DEEPEST_JSON)
    except (ValueError, RecursionError) as error:
        told = str(error)
    raise InvalidRequestError(f"{name!r} cannot be sent: {told}", fields=(name,))


def _plain(value: object, levels: int) -> object:
    if isinstance(value, str):
        # Not `str(value)`: an enumeration's own would be its name.
        return str.__str__(value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        # PHP makes a float of a longer number, but takes its digits.
        return int(value) if -_INT64 <= value < _INT64 else str(int(value))
    if isinstance(value, float | Decimal):
        if not isfinite(value):
            raise ValueError(f"JSON has no number {value}: leave it out, or send it as a string")
        return float(value) if isinstance(value, float) else f"{value:f}"
    if isinstance(value, Mapping):
        _check_depth(levels)
        members: dict[str, object] = {}
        for key, held in cast("Mapping[object, object]", value).items():
            members[_key(key)] = _plain(held, levels - 1)
        _check_keys(len(members), len(cast("Mapping[object, object]", value)))
        return members
    if isinstance(value, _BYTES) or not isinstance(value, Sequence):
        raise ValueError(  # noqa: TRY004 - all refusals are one kind
            f"a value of type {type(value).__name__} cannot be written as JSON: give a string, a "
            "number, a truth value, None, or a list or mapping of these"
        )
    _check_depth(levels)
    items: list[object] = []
    # A loop, for a comprehension would be one more frame on the stack for every level.
    for held in cast("Sequence[object]", value):
        items.append(_plain(held, levels - 1))  # noqa: PERF401 - see above
    return items


def _check_depth(levels: int) -> None:
    if not levels:
        raise ValueError(
            "it is nested more deeply than the server reads: split it into several requests"
        )


def _check_keys(written: int, given: int) -> None:
    if written < given:
        raise ValueError("a key is there twice, as a number and as a string: keep one of them")


def _key(key: object) -> str:
    if isinstance(key, str):
        return str.__str__(key)
    if isinstance(key, int) and not isinstance(key, bool):
        return str(int(key))
    raise ValueError(f"a key must be a string, not {kind_of(key)}")


class _NotInBrackets(Exception):  # noqa: N818 - an answer, not a failure
    """A query or a form cannot say it: the parameter, and what to do instead."""


def _encode(parameters: Mapping[str, object]) -> str:
    """The parameters as PHP's ``parse_str`` reads them.

    Raises:
        _NotInBrackets: It would read something else.
    """
    pairs: list[str] = []
    for name, value in parameters.items():
        quoted = _quoted_name(name)
        # What messages are made of goes the short way: `_flat` would say the same of it.
        if type(value) is str:
            pairs.append(f"{quoted}={_quoted(value)}")
        elif type(value) is int:
            pairs.append(f"{quoted}={value}")
        else:
            try:
                flat = list(_flat(name, value, _DEEPEST_BRACKETS))
            except ValueError as error:
                raise _NotInBrackets(name, str(error)) from None
            pairs += [f"{_quoted(inner)}={_quoted(text)}" for inner, text in flat]
        if len(pairs) > _MOST_PAIRS:
            told = (
                f"PHP reads no more than {_MOST_PAIRS} values of a request: split it into several"
            )
            raise _NotInBrackets(name, told)
    return "&".join(pairs)


@lru_cache(256)
def _quoted_name(name: str) -> str:
    """A parameter's name as a query says it; the API has few of them.

    Raises:
        _NotInBrackets: PHP would read another one.
    """
    if name and not _CHANGED.search(name):
        return _quoted(name)
    told = (
        "PHP changes a name that is empty or holds a space, a dot or a bracket: give a nested "
        "mapping instead"
    )
    raise _NotInBrackets(name, told)


def _quoted(text: str) -> str:
    """As ``urllib.parse.quote`` has it, which takes several times as long for other alphabets.

    Raises:
        UnicodeEncodeError: It holds half a character.
    """
    return _NOT_IN_QUERIES.sub(_escaped, text).replace(" ", "%20")


def _escaped(found: re.Match[str]) -> str:
    return "%" + found[0].encode().hex("%").upper()


def _flat(name: str, value: object, levels: int) -> Iterator[tuple[str, str]]:
    """Nested values in PHP's brackets (``filters[tag]=x``, ``tags[]=a``), truth as 0 and 1."""
    if isinstance(value, dict | list):
        held = cast("dict[str, object] | list[object]", value)
        if not held:
            raise ValueError("a query cannot hold an empty list or object: leave it out")
        if not levels:
            raise ValueError(
                f"PHP reads no more than {_DEEPEST_BRACKETS} nested brackets: split it into "
                "several requests"
            )
        for key, inner in _keyed(held):
            yield from _flat(f"{name}[{key}]", inner, levels - 1)
    elif isinstance(value, bool):
        yield name, str(int(value))
    else:
        yield name, "" if value is None else str(value)


def _keyed(held: dict[str, object] | list[object]) -> Iterable[tuple[object, object]]:
    """What stands between the brackets of each element."""
    if isinstance(held, dict):
        for key in held:
            if key in _APPENDS or "]" in key or "\0" in key:
                raise ValueError(
                    "a query cannot hold a key that is blank or contains ] or NUL: rename it"
                )
        return held.items()
    if any(isinstance(inner, dict | list) for inner in held):
        # Each `[]` begins a new element: `a[][x]=1&a[][y]=2` would be two.
        return enumerate(held)
    return (("", inner) for inner in held)
