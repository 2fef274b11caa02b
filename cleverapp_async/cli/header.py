"""The names of a table's columns, as its header has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .errors import BadInputError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["check_names"]


def check_names(source: str, line: int | None, names: Sequence[str]) -> None:
    """Refuse names that could not tell the columns apart.

    Args:
        source: The file's name, for errors.
        line: The line on which the header stands; None where it has no line of its own.
        names: The names, from the first column on.

    Raises:
        BadInputError: One is empty, or stands there twice.
    """
    place = source if line is None else f"{source}, line {line}"
    seen: set[str] = set()
    for number, name in enumerate(names, 1):
        if not name:
            raise BadInputError(
                f"{place}: column {number} of the header has no name. "
                "Name it, or delete the column."
            )
        if name in seen:
            raise BadInputError(
                f"{place}: the header names {name!r} twice. Rename one of the columns."
            )
        seen.add(name)
