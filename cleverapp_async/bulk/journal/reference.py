"""What a user finds a message again by: how a journal keeps it, and its columns in an export.

An export has the columns of the outcome, of the message and of its reference side by side. A name
that outcomes or messages have a column for gets ``own_`` in front, and so does one that begins with
``own_`` and such a name: taking it off once gives back what it was.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from functools import lru_cache
from json.encoder import encode_basestring as _quoted
from typing import TYPE_CHECKING, cast

from attrs import define, field

from ...errors import InvalidRequestError
from ...models.messages import SendMessage
from .codec import UNREADABLE, damaged, expect_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ...models.messages import Message
    from .codec import Cell

__all__ = [
    "MESSAGE_COLUMNS",
    "MOST_COLUMNS",
    "OUTCOME_COLUMNS",
    "PLACE_COLUMNS",
    "RESULT_COLUMNS",
    "ReferenceColumns",
    "decode_columns",
    "decode_reference",
    "encode_reference",
    "name_of_column",
    "reference_columns",
    "reference_text",
]

PLACE_COLUMNS = ("row", "line")
"""The names by which the command line refers to a row of a list, which come first in an export."""

MESSAGE_COLUMNS = (
    *("contact_id", "bot_id", "messenger", "contact_external_id", "phone", "name"),
    *("text", "image", "file"),
)
"""The columns of the recipient and the message: the API's own names."""

RESULT_COLUMNS = (
    *("intent_at", "ended_at", "attempts", "waited", "on_wire", "answered_contact_id"),
    *("error", "status", "error_message", "error_fields"),
)
"""The columns of a result, in the order of an export."""

OUTCOME_COLUMNS = ("number", "index", "state", "outcome", "send_id", *RESULT_COLUMNS)
"""The columns that tell of an outcome, in whichever form."""

MOST_COLUMNS = 1000
"""Names that the references of one campaign may have together: each is a column of an export."""

_PREFIX = "own_"
_TAKEN = re.compile(rf"(?:{_PREFIX})*+(?:{'|'.join((*MESSAGE_COLUMNS, *OUTCOME_COLUMNS))})")
# What ``sendMessage`` has no parameter for, and what changes nothing where a list gives it.
_FREE = frozenset({"phone", "name"})


def encode_reference(message: Message) -> str | None:
    """The reference of a message as compact JSON; None where it has none."""
    if not message.reference:
        return None
    # Twice as quick as a whole encoder, for what holds texts alone.
    told = [f"{_quoted(name)}:{_quoted(text)}" for name, text in message.reference.items()]
    return f"{{{','.join(told)}}}"


def decode_reference(cell: Cell) -> Mapping[str, str]:
    """The reference that :func:`encode_reference` wrote; the message checks what it holds.

    Raises:
        JournalError: It is none.
    """
    if cell is None:
        return {}
    try:
        return cast("Mapping[str, str]", json.loads(expect_text(cell, "a reference")))
    except UNREADABLE:
        raise damaged("a reference in it is none") from None


@lru_cache(4 * MOST_COLUMNS)
def _column(name: str, method: str) -> str:
    if method == SendMessage.method and name in _FREE:
        return name
    return f"{_PREFIX}{name}" if _TAKEN.fullmatch(name) else name


def reference_columns(message: Message) -> dict[str, str]:
    """The reference of a message by the columns that an export has for it."""
    method = message.method
    return {_column(name, method): text for name, text in message.reference.items()}


def reference_text(message: Message) -> str:
    """The reference of a message in one line, such as ``line 5, order_id A-17``."""
    # A line tells the same as a row, and it is what an editor shows.
    needless = PLACE_COLUMNS[0] if PLACE_COLUMNS[1] in message.reference else None
    told = (f"{name} {text}" for name, text in message.reference.items() if name != needless)
    return ", ".join(told)


def name_of_column(column: str) -> str:
    """The name in a reference that a column of an export stands for."""
    taken = column.startswith(_PREFIX) and _TAKEN.fullmatch(column)
    return column.removeprefix(_PREFIX) if taken else column


@define(eq=False)
class ReferenceColumns:
    """Gathers the columns of references while messages are read in; there is a bound to them."""

    _found: dict[str, None] = field(factory=dict[str, None], init=False)
    _names: dict[str, set[str]] = field(factory=dict[str, set[str]], init=False)

    def add(self, message: Message) -> None:
        """Take note of a message.

        Raises:
            InvalidRequestError: There are too many different names.
        """
        if not message.reference:
            return
        names = self._names.setdefault(message.method, set())
        if names.issuperset(message.reference):
            return
        names.update(message.reference)
        for column in reference_columns(message):
            if column not in self._found:
                if len(self._found) == MOST_COLUMNS:
                    raise InvalidRequestError(
                        f"the references of the messages have more than {MOST_COLUMNS} different "
                        "names, each of which is a column of an export: use the same names for "
                        "all messages, and put what differs into the texts",
                        fields=("reference",),
                    )
                self._found[column] = None

    def encode(self) -> str:
        """All of them as JSON, in the order in which they came."""
        return json.dumps([*self._found])


def decode_columns(told: Cell) -> tuple[str, ...]:
    """The columns that :meth:`ReferenceColumns.encode` wrote; none where nothing was written.

    Raises:
        JournalError: They are none.
    """
    if told is None:
        return ()
    found: object = None
    with suppress(*UNREADABLE):
        found = json.loads(expect_text(told, "the names of references"))
    if isinstance(found, list):
        names = cast("list[object]", found)
        if len(names) <= MOST_COLUMNS and all(isinstance(name, str) for name in names):
            return tuple(cast("list[str]", names))
    raise damaged("the names of references in it are none")
