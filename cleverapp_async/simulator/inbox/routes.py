"""What the inbox's HTTP API is made of: a table of routes, and what a handler of one is given."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, Literal, TypeAlias

from aiohttp import web
from attrs import field, frozen

from ..seed.load import JsonNode
from .entries import Json
from .query import InputError
from .state import InboxState

Number: TypeAlias = int | float

_WHOLE_DIGITS: Final = 18


@frozen
class Parameter:
    """A parameter of a route's query.

    Args:
        name: Its name.
        type: ``integer``, ``number`` or ``string``.
        about: What it means.
        least: The least number, or the fewest characters.
        most: The greatest number, or the most characters.
        default: What is meant where it is absent; None: nothing.
    """

    name: str
    type: Literal["integer", "number", "string"]
    about: str
    least: Number = 0
    most: Number = 2**53
    default: Number | str | None = None

    def read(self, text: str) -> Number | str:
        """Read a value.

        Raises:
            InputError: It is not of this type, or out of bounds.
        """
        place = f"query parameter {self.name}"
        if self.type == "string":
            if len(text) > self.most:
                raise InputError(place, f"at most {self.most} characters are read, not {len(text)}")
            return text
        number = _read_number(text, whole=self.type == "integer")
        if number is None or not self.least <= number <= self.most:
            kind = "a whole number" if self.type == "integer" else "a number"
            raise InputError(place, f"{kind} from {self.least} to {self.most} is needed")
        return number


def _read_number(text: str, *, whole: bool) -> Number | None:
    if not text.isascii() or len(text) > _WHOLE_DIGITS:
        return None
    if whole:
        return int(text) if text.isdigit() else None
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


@frozen
class Call:
    """One request to a route, its parameters checked.

    Args:
        state: What the inbox works with.
        request: The request itself.
        values: The parameters of the query.
        path_id: The id in the path, or 0.
        body: The JSON of the body, for routes that take one.
    """

    state: InboxState
    request: web.Request
    values: Mapping[str, Number | str | None]
    path_id: int
    body: JsonNode = field(default=JsonNode(None))

    def whole(self, name: str) -> int:
        """A parameter that is a whole number and has a default."""
        return int(self.values[name] or 0)

    def number(self, name: str) -> float:
        """A parameter that is a number and has a default."""
        return float(self.values[name] or 0)

    def text(self, name: str) -> str:
        """A parameter that is a string; empty where it is absent."""
        return str(self.values[name] or "")


Handler: TypeAlias = Callable[[Call], Awaitable[Json | web.StreamResponse]]


@frozen
class Route:
    """One operation of the HTTP API.

    Args:
        method: The HTTP method.
        path: The path, from ``/api/`` on, with ``{id}`` for an id.
        name: The operation's name.
        about: What it does.
        handle: Does it.
        answer: The name of the answer's schema.
        parameters: What its query may hold.
        body: The name of the body's schema; None: it takes none.
        errors: Which statuses other than 200 and 400 it answers, and when.
        status: The status of a success.
    """

    method: Literal["GET", "PUT", "POST", "DELETE"]
    path: str
    name: str
    about: str
    handle: Handler
    answer: str
    parameters: tuple[Parameter, ...] = ()
    body: str | None = None
    errors: Mapping[int, str] = field(factory=dict[int, str])
    status: int = 200
