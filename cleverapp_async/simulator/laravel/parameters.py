"""How the server reads parameters: as Laravel does, query and body as one.

Query string and form body follow PHP's bracket keys (API docs, "Основы": ``filters[tag_name]=x``);
a JSON body is read when the content type says JSON. Body and query are merged with the body
winning, strings are trimmed, empty ones count as absent (*assumed*, from Laravel's middleware).
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from email.parser import BytesParser
from typing import TYPE_CHECKING, Final, ForwardRef, TypeAlias, cast
from urllib.parse import parse_qsl

if TYPE_CHECKING:
    from email.message import Message

Value: TypeAlias = "bool | int | float | str | list[Value] | dict[str, Value] | None"
"""What JSON may hold."""
if not TYPE_CHECKING:
    # Where typing.get_type_hints reads it, this name may be unknown: it is looked up here.
    Value = ForwardRef(Value, module=__name__)
Parameters: TypeAlias = Mapping[str, Value]
"""The parameters of a request by their names."""

MAX_FIELDS: Final = 1000
"""Fields read from one query or form; PHP ignores the rest (``max_input_vars``, *assumed*)."""

MAX_DEPTH: Final = 64
"""Brackets read in one key; PHP ignores a deeper key (``max_input_nesting_level``, *assumed*)."""

MAX_JSON_DEPTH: Final = 511
"""Lists and objects in one another that are read (PHP's default is 512, *assumed*; it counts what
the innermost one holds)."""

_PHP_BLANKS: Final = " \t\n\r\0\x0b"
_PHP_SPACES: Final = " \t\n\v\f\r"
_NUMBER_SHAPE: Final = re.compile(r"[+-]?[0-9]{1,40}(?:\.[0-9]{1,40})?(?:[eE][+-]?[0-9]{1,3})?")
_INDEX: Final = re.compile(r"-?[1-9]\d{0,18}|0", re.ASCII)


def read_parameters(query: str, body: bytes, content_type: str) -> dict[str, Value]:
    """Merge the query string and the body of one request.

    Args:
        query: The raw query string, without the question mark.
        body: The whole body.
        content_type: The ``Content-Type`` header as it came, or an empty string.

    Returns:
        The parameters which are present: trimmed, without nulls and empty strings.
    """
    merged = read_pairs(parse_qsl(query, keep_blank_values=True)) if query else {}
    if body:
        merged.update(read_body(body, content_type))
    kept: dict[str, Value] = {}
    for name, value in merged.items():
        # Laravel's middleware: texts are trimmed, and empty ones become null, as if they were not
        # there.
        clean = value.strip(_PHP_BLANKS) if type(value) is str else value
        if clean is not None and clean != "":
            kept[name] = clean
    return kept


def read_body(body: bytes, content_type: str) -> dict[str, Value]:
    """Read a JSON, urlencoded or multipart body; any other body holds no parameters."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind.endswith(("/json", "+json")):
        return _read_json(body)
    if kind == "application/x-www-form-urlencoded":
        return read_pairs(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    if kind == "multipart/form-data":
        return read_pairs(_multipart_pairs(body, content_type))
    return {}


def read_pairs(pairs: Iterable[tuple[str, str]]) -> dict[str, Value]:
    """Build PHP's arrays from keys like ``tags[]`` and ``data[sku]``; a later key wins."""
    result: dict[str, Value] = {}
    nested = False
    for count, (key, value) in enumerate(pairs):
        if count >= MAX_FIELDS:
            break
        # PHP reads a key as C does, up to a zero byte, and spells what no variable may be called
        # with `_`.
        whole = key.partition("\0")[0].lstrip(" ")
        head, *rest = _split_key(whole) if "[" in whole else (whole,)
        name = head.replace(".", "_").replace(" ", "_")
        if not name or len(rest) > MAX_DEPTH:
            continue
        if rest:
            nested = True
            _put(result, [name, *rest], value)
        else:
            result[name] = value
    if not nested:
        return result
    return {name: _normalize(_lists(value), MAX_JSON_DEPTH) for name, value in result.items()}


def as_integer(value: Value) -> int | None:
    """Return the integer that PHP's ``FILTER_VALIDATE_INT`` sees in a value, or None."""
    text = _php_string(value).strip(_PHP_BLANKS)
    digits = text[1:] if text[:1] in {"+", "-"} else text
    if not (digits.isascii() and digits.isdigit()) or len(digits) > _INT64_DIGITS:
        return None
    # The filter of PHP refuses leading zeros, which would mean another base.
    if digits[0] == "0" and digits != "0":
        return None
    number = int(text)
    return number if -(2**63) <= number < 2**63 else None


def as_boolean(value: Value) -> bool | None:
    """Return the truth value that Laravel sees: true, false, 1, 0, "1" or "0"; else None."""
    if isinstance(value, float) or value not in (True, False, "1", "0"):
        return None
    return value in (True, "1")


def as_decimal(value: Value) -> Decimal | None:
    """Return the exact number that a value spells, or None; a float by its shortest spelling."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    text = str(value).strip()
    return Decimal(text) if _NUMBER_SHAPE.fullmatch(text) else None


def present(parameters: Parameters) -> Parameters:
    """Leave out what is null: an absent parameter."""
    return {name: value for name, value in parameters.items() if value is not None}


def parts(value: Value) -> tuple[str, ...]:
    """Split a comma-separated list; anything but a string is a list of one empty word."""
    words = value.split(",") if isinstance(value, str) else [""]
    return tuple(word.strip() for word in words)


def members(value: Value) -> dict[str, Value]:
    """Return an object's members, or a list's by their positions; nothing for other values."""
    if isinstance(value, list):
        return {str(index): item for index, item in enumerate(value)}
    return value if isinstance(value, dict) else {}


def elements(value: Value) -> list[Value]:
    """Return what a list or an object holds; nothing for other values."""
    return list(members(value).values())


_INT64_DIGITS: Final = 19


def _php_string(value: Value) -> str:
    if value is True:
        return "1"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, (str, int, float)) and value is not False:
        return str(value)
    return ""


def _split_key(key: str) -> list[str]:
    """The names that a key is taken apart into, empty where one appends, as PHP does it."""
    head, _, rest = key.partition("[")
    if "]" not in rest:
        return [f"{head}_{rest.replace('[', '_')}" if head else ""]
    parts = [head]
    while True:
        inner, closed, after = rest.partition("]")
        if not closed:
            break
        appends = inner[:1] in _PHP_SPACES and not inner[1:]
        parts.append("" if appends else inner)
        if not after.startswith("["):
            break
        rest = after[1:]
    return parts


def _put(target: dict[str, Value], path: list[str], value: str) -> None:
    *parents, last = path
    for part in parents:
        name = part or _next_index(target)
        inner = target.get(name)
        if not isinstance(inner, dict):
            inner = {}
            target[name] = inner
        target = inner
    target[last or _next_index(target)] = value


def _next_index(target: dict[str, Value]) -> str:
    numbers = (int(key) for key in target if _INDEX.fullmatch(key))
    return str(1 + max(numbers, default=-1))


def _lists(value: Value) -> Value:
    if not isinstance(value, dict):
        return value
    inner = [_lists(item) for item in value.values()]
    # An array of PHP is a list where its keys are 0, 1, 2 and so on, in that order.
    if list(value) == [str(index) for index in range(len(value))]:
        return inner
    return dict(zip(value, inner, strict=True))


def _normalize(value: Value, levels: int) -> Value:
    if isinstance(value, str):
        return value.strip(_PHP_BLANKS) or None
    if not isinstance(value, (list, dict)):
        infinite = isinstance(value, float) and not math.isfinite(value)
        return None if infinite else value
    # PHP gives up below this depth; a recursion without a bound would end in Python's own.
    if not levels:
        msg = "deeper than PHP reads"
        raise ValueError(msg)
    # Loops, for a comprehension would be one more frame on the stack for every level.
    if isinstance(value, list):
        items: list[Value] = []
        for item in value:
            items.append(_normalize(item, levels - 1))  # noqa: PERF401 - see above
        return items
    members: dict[str, Value] = {}
    for key, item in value.items():
        members[key] = _normalize(item, levels - 1)
    return members


def _reject_constant(name: str) -> Value:
    raise ValueError(name)


def _read_json(body: bytes) -> dict[str, Value]:
    try:
        text = body.decode()  # no other charset, and no byte order mark
        read = cast("Value", json.loads(text, parse_constant=_reject_constant))
        # Only an escape can bring half a character in: UTF-8 holds none.
        if "\\u" in text:
            json.dumps(read, ensure_ascii=False).encode()  # half a character is none
        data = _normalize(read, MAX_JSON_DEPTH)
    except (ValueError, RecursionError):
        return {}
    return members(data)


def _multipart_pairs(body: bytes, content_type: str) -> list[tuple[str, str]]:
    head = f"Content-Type: {content_type}\r\n\r\n".encode("utf-8", "replace")
    message = BytesParser().parsebytes(head + body)
    pairs: list[tuple[str, str]] = []
    for part in message.walk():
        name = part.get_param("name", header="content-disposition")
        if isinstance(name, str) and part.get_filename() is None:
            pairs.append((name, _part_text(part)))
    return pairs


def _part_text(part: Message) -> str:
    payload = part.get_payload(decode=True)
    return payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""
