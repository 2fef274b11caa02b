"""One JSON object per line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, cast

from ..errors import BadInputError
from .columns import ColumnError, ColumnRules, trimmed
from .rows import Fault, Row, Table

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["read_jsonl"]

_REMEDY = 'Write one object per line, such as {"contact_id": 1, "text": "Hi"}'


def read_jsonl(source: str, lines: Iterator[str], rules: ColumnRules | None = None) -> Table:
    """Read JSON lines; blank ones are passed over.

    Numbers keep the digits they are written with: ids never turn into floats.

    Args:
        source: The file's name, for errors.
        lines: Its lines.
        rules: What the members of its objects are called.

    Raises:
        BadInputError: From the records: it is one JSON array.
    """
    return Table(None, _rows(source, lines, rules or ColumnRules()))


def _rows(source: str, lines: Iterator[str], rules: ColumnRules) -> Iterator[Row | Fault]:
    number = 0
    for line, text in enumerate(lines, 1):
        if not text.strip():
            continue
        number += 1
        if number == 1 and text.lstrip().startswith("["):
            raise BadInputError(
                f"{source}, line {line}: this is a JSON array. Write one object per line "
                "(jq -c '.[]' makes that of it)."
            )
        yield _row(number, line, text, rules)


def _row(number: int, line: int, text: str, rules: ColumnRules) -> Row | Fault:
    try:
        value: object = json.loads(text, parse_int=str, parse_float=str)
    except json.JSONDecodeError as error:
        told = f"no JSON at character {error.pos + 1}: {error.msg}"
        return Fault(number, line, "", told, _REMEDY)
    except RecursionError:
        return Fault(number, line, "", "it is nested too deeply", _REMEDY)
    if not isinstance(value, dict):
        return Fault(number, line, "", "it is no JSON object", _REMEDY)
    members = cast("dict[str, object]", value)
    try:
        keys = rules.keys(tuple(members))
    except ColumnError as error:
        return Fault(number, line, "", str(error).rstrip("."), "Rename one of them")
    cells: dict[str, str] = {}
    misfits: dict[str, str] = {}
    for name, cell in zip(keys, members.values(), strict=True):
        if isinstance(cell, str):
            if trimmed(cell):
                cells[name] = cell
        elif cell is not None:
            misfits[name] = f"{name} is neither text nor a number"
    return Row(number, line, cells, misfits)
