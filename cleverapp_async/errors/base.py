"""The root of all errors, and the outcome of the request that each of them has."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import ClassVar, TypeAlias, cast

__all__ = ["CleverAppError", "Outcome"]


class Outcome(Enum):
    """What became of a request: every send ends as exactly one of these."""

    ACCEPTED = "accepted"
    """The server answered that it took the request."""

    REJECTED = "rejected"
    """The server answered that it refused the request: nothing was done."""

    NOT_SENT = "not_sent"
    """The request provably never reached the server, or the server did not take it up."""

    UNKNOWN = "unknown"
    """The request may have reached the server; the client cannot know."""


_Flat: TypeAlias = "list[tuple[type[list[object] | dict[object, object]] | None, object]]"
"""A value as a flat list: leaves as they are, containers as the indexes of their members."""


def _flatten(value: object) -> _Flat:
    """Take a value apart, however deep it is nested: recursion, and so pickle's, has a limit."""
    flat: _Flat = []
    found: list[object] = [value]
    places: dict[int, int] = {}

    def place_of(one: object) -> int:
        place = places.setdefault(id(one), len(found))
        if place == len(found):
            found.append(one)
        return place

    # Grows while it is read.
    for one in found:
        if type(one) is list:
            flat.append((list, [place_of(held) for held in cast("list[object]", one)]))
        elif type(one) is dict:
            named = cast("dict[object, object]", one).items()
            flat.append((dict, {name: place_of(held) for name, held in named}))
        else:
            flat.append((None, one))
    return flat


def _unflatten(flat: _Flat) -> object:
    """Put together what :func:`_flatten` took apart."""
    built: list[object] = [one if kind is None else kind() for kind, one in flat]
    for (kind, held), container in zip(flat, built, strict=True):
        if kind is list:
            places = cast("list[int]", held)
            cast("list[object]", container).extend(built[place] for place in places)
        elif kind is dict:
            named = cast("dict[object, int]", held).items()
            cast("dict[object, object]", container).update((name, built[at]) for name, at in named)
    return built[0]


def _rebuild(cls: type[CleverAppError], flat_args: _Flat, flat_state: _Flat) -> CleverAppError:
    args = tuple(cast("list[object]", _unflatten(flat_args)))
    error = cls.__new__(cls, *args)
    error.args = args
    error.__dict__.update(cast("dict[str, object]", _unflatten(flat_state)))
    return error


class CleverAppError(Exception):
    """The root of all errors of this package.

    Attributes:
        code: The kind of error as a stable word, such as ``rate_limited``: each class has its own,
            which no later release changes.
        outcome: What became of the request, as far as it is known. Of an error that stops a run of
            many messages, what became of all of them: ``NOT_SENT`` if none can have arrived,
            ``REJECTED`` if the server refused some and took none, else ``UNKNOWN``.
        attempts: How many times the request was tried before this error was raised (0: never).
    """

    code: ClassVar[str] = "error"
    outcome: Outcome = Outcome.NOT_SENT
    attempts: int = 0

    def __reduce__(
        self,
    ) -> tuple[
        Callable[[type[CleverAppError], _Flat, _Flat], CleverAppError],
        tuple[type[CleverAppError], _Flat, _Flat],
    ]:
        """Pickle without calling ``__init__`` again, whatever its signature.

        What it holds may be nested as deep as an answer was.
        """
        return _rebuild, (type(self), _flatten(list(self.args)), _flatten(vars(self)))
