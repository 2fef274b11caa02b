"""PHP's ``parse_str`` and ``json_decode`` as an oracle: what a Laravel application gets to see.

Written from ``main/php_variables.c`` (PHP 8.2), not from the package or its simulator.
"""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import unquote_to_bytes

__all__ = ["from_json", "from_pairs", "laravel"]

MAX_INPUT_VARS = 1000
MAX_INPUT_NESTING_LEVEL = 64
JSON_DEPTH = 511  # 512, with what the innermost list or object holds

_INT = re.compile(r"-?[1-9][0-9]{0,18}|0", re.ASCII)
_INT64 = range(-(2**63), 2**63)
_SPACES = " \t\n\v\f\r"


def _key(text: str) -> str | int:
    """An array's key: the digits of a number are that number."""
    return int(text) if _INT.fullmatch(text) and int(text) in _INT64 else text


def _append(array: dict[str | int, Any], value: object) -> None:
    array[max([key for key in array if isinstance(key, int)], default=-1) + 1] = value


def _split(name: str) -> list[str | None]:
    """The keys that a name is taken apart into; None where one appends."""
    name = name.partition("\0")[0].lstrip(" ")
    head, bracket, rest = name.partition("[")
    head = head.replace(" ", "_").replace(".", "_")
    if not bracket:
        return [head]
    keys: list[str | None] = [head]
    while True:
        inside = rest[1:] if rest[:1] and rest[0] in _SPACES else rest
        if inside.startswith("]"):
            keys.append(None)
            rest = inside[1:]
        else:
            inner, closed, after = rest.partition("]")
            if not closed:
                # No index after all: what stands before it ends in an underscore.
                ended = re.sub(r"[ .\[]", "_", rest)
                return [f"{head}_{ended}" if head else ""] if len(keys) == 1 else keys
            keys.append(inner)
            rest = after
        if not rest.startswith("["):
            return keys
        rest = rest[1:]


def from_pairs(encoded: str) -> dict[str | int, Any]:
    """What ``parse_str`` makes of a query or a form: arrays as dicts, values as strings."""
    whole: dict[str | int, Any] = {}
    for count, pair in enumerate(encoded.split("&") if encoded else []):
        if count >= MAX_INPUT_VARS:
            break
        name, _, value = pair.replace("+", " ").partition("=")
        keys = _split(unquote_to_bytes(name).decode())
        if not keys[0] or len(keys) - 1 > MAX_INPUT_NESTING_LEVEL:
            continue
        held: dict[str | int, Any] = whole
        for key in keys[:-1]:
            inner: Any = None if key is None else held.get(_key(key))
            if not isinstance(inner, dict):
                inner = {}
                if key is None:
                    _append(held, inner)
                else:
                    held[_key(key)] = inner
            held = inner
        text = unquote_to_bytes(value).decode()
        if keys[-1] is None:
            _append(held, text)
        else:
            held[_key(keys[-1])] = text
    return whole


def from_json(body: bytes) -> Any:  # noqa: ANN401 - whatever it holds
    """What ``json_decode($body, true)`` makes of a body; nothing where it is none, or too deep."""
    try:
        read = json.loads(body, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    return _arrays(read, JSON_DEPTH)


def _refuse(name: str) -> None:
    raise ValueError(name)


def _arrays(value: object, depth: int) -> Any:  # noqa: ANN401 - whatever it holds
    if depth <= 0 and isinstance(value, dict | list):
        raise ValueError("deeper than PHP reads")
    if isinstance(value, list):
        return {index: _arrays(held, depth - 1) for index, held in enumerate(value)}
    if isinstance(value, dict):
        return {_key(name): _arrays(held, depth - 1) for name, held in value.items()}
    if isinstance(value, int) and not isinstance(value, bool) and not -(2**63) <= value < 2**63:
        return float(value)
    return value


def laravel(value: object) -> Any:  # noqa: ANN401 - whatever it holds
    """What both ways have in common for a validator: numbers by their texts, blanks as null."""
    if isinstance(value, dict):
        return {key: laravel(held) for key, held in value.items()}
    if isinstance(value, bool):
        return "1" if value else "0"
    return None if value is None or value == "" else str(value)
