"""Answers on standard output, in UTF-8 whatever the terminal's settings say."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from .._terminal import escaped, printable

if TYPE_CHECKING:
    from .._response import RawResponse

__all__ = ["as_json", "print_json", "print_raw"]


def as_json(content: object, *, indent: int | None = None) -> str:
    """A value as JSON, in which nothing is left that a terminal would obey.

    Args:
        content: Plain JSON values.
        indent: Spaces per level; None puts all on one line.
    """
    return escaped(json.dumps(content, ensure_ascii=False, indent=indent))


def print_json(content: object) -> None:
    """Print a value: for people where they read, else on one line."""
    _print(as_json(content, indent=2 if sys.stdout.isatty() else None).encode() + b"\n")


def print_raw(answer: RawResponse) -> None:
    """Print an answer: status, the headers that are kept, an empty line, the body as it came."""
    lines = [f"HTTP {answer.status}"]
    lines += [printable(f"{name}: {value}") for name, value in answer.headers.items()]
    body = answer.body
    if sys.stdout.isatty():
        body = answer.text.encode()
    end = b"" if body.endswith(b"\n") else b"\n"
    _print("\n".join([*lines, "", ""]).encode() + body + end)


def _print(text: bytes) -> None:
    sys.stdout.flush()
    sys.stdout.buffer.write(text)
    sys.stdout.buffer.flush()
