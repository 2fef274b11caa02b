"""Answers on standard output, in UTF-8 whatever the terminal's settings say."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from .._terminal import escaped, give_up, printable

if TYPE_CHECKING:
    from .._response import RawResponse

__all__ = ["as_json", "print_json", "print_raw", "to_stdout"]


def as_json(content: object, *, indent: int | None = None) -> str:
    """A value as JSON, in which nothing is left that a terminal would obey.

    Args:
        content: Plain JSON values.
        indent: Spaces per level; None puts all on one line.
    """
    return escaped(json.dumps(content, ensure_ascii=False, indent=indent))


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
