"""Answers on standard output, in UTF-8 whatever the terminal's settings say."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, cast

from .._terminal import escaped, give_up, printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .._response import RawResponse

__all__ = ["as_json", "deep_json", "print_json", "print_raw", "to_stdout"]


def as_json(content: object, *, indent: int | None = None) -> str:
    """A value as JSON, in which nothing is left that a terminal would obey.

    Args:
        content: Plain JSON values.
        indent: Spaces per level; None puts all on one line.
    """
    try:
        text = json.dumps(content, ensure_ascii=False, indent=indent)
    except RecursionError:
        text = "".join(deep_json(content, indent))
    return escaped(text)


def deep_json(content: object, indent: int | None) -> Iterator[str]:
    """What ``json.dumps`` gives, also of a value that is nested too deeply for it.

    Args:
        content: Plain JSON values.
        indent: Spaces per level; None puts all on one line.
    """
    comma, gap = (", ", "") if indent is None else (",", " " * indent)
    # For each open container: what closes it, and what it still holds.
    ends: list[tuple[str, Iterator[tuple[str, object]]]] = [("", iter([("", content)]))]
    first = True
    while ends:
        end, rest = ends[-1]
        depth = len(ends) - 1
        found = next(rest, None)
        if found is None:
            ends.pop()
            if end and not first and gap:
                yield f"\n{gap * (depth - 1)}"
            yield end
            first = False
            continue
        name, value = found
        if depth:
            yield "" if first else comma
            yield f"\n{gap * depth}" if gap else ""
        yield name
        first = isinstance(value, dict | list)
        if isinstance(value, dict):
            named = cast("dict[str, object]", value).items()
            yield "{"
            ends.append(("}", ((f"{_text(key)}: ", held) for key, held in named)))
        elif isinstance(value, list):
            yield "["
            ends.append(("]", (("", held) for held in cast("list[object]", value))))
        else:
            yield _text(value)


def _text(leaf: object) -> str:
    return json.dumps(leaf, ensure_ascii=False)


def print_json(content: object) -> None:
    """Print a value: for people where they read, else on one line.

    Raises:
        OSError: Nobody takes it.
    """
    to_stdout(as_json(content, indent=2 if sys.stdout.isatty() else None).encode() + b"\n")


def print_raw(answer: RawResponse) -> None:
    """Print an answer: status, the headers that are kept, an empty line, the body as it came.

    Raises:
        OSError: Nobody takes it.
    """
    lines = [f"HTTP {answer.status}"]
    lines += [printable(f"{name}: {value}") for name, value in answer.headers.items()]
    body = answer.body
    if sys.stdout.isatty():
        body = answer.text.encode()
    end = b"" if body.endswith(b"\n") else b"\n"
    to_stdout("\n".join([*lines, "", ""]).encode() + body + end)


def to_stdout(data: bytes) -> None:
    """Write bytes to standard output at once.

    Raises:
        OSError: Nobody takes them.
    """
    try:
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except OSError:
        give_up(sys.stdout)
        raise
