"""The log of everything that reached the server."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, TypeAlias, overload

from attrs import define, field, frozen

from .laravel.parameters import Parameters

ArrivalVerdict: TypeAlias = Literal[
    "accepted",
    "invalid",
    "refused_messenger",
    "refused_account",
    "unauthenticated",
    "forbidden",
    "unsupported",
    "missing",
    "not_found",
    "wrong_method",
    "too_large",
    "malformed",
    "incomplete",
    "fault",
]
"""What the server made of a request.

``missing``: the method exists, what an id names does not. ``malformed``: no HTTP request could
be read from the bytes. ``incomplete``: the client left before the body was whole. ``fault``: a
scripted fault came before the request was looked at.
"""


@frozen
class Arrival:
    """One request as the server saw it.

    Args:
        at: ``loop.time()`` when it was counted: after the way out, before the answer.
        endpoint: The method's name, ``incomingWebhook``, or an empty string when no request could
            be read.
        bot_id: The bot it goes through, where that is known.
        messenger: The messenger it goes through, where that is known.
        parameters: Everything it carried, without the token.
        verdict: What the server made of it.
        status: The HTTP status that was answered, or None when no valid answer was.
        taken: Whether a message would be delivered, or a webhook would start its scenario, whatever
            the client was told; False for every method that does neither.
        fault: The kind of the scripted fault it met, if any.
    """

    at: float
    endpoint: str
    bot_id: int | None
    messenger: str | None
    parameters: Parameters
    verdict: ArrivalVerdict
    status: int | None
    taken: bool
    fault: str | None = None


def _size(items: list[Arrival]) -> str:
    return f"<{len(items)} arrivals>"


@define(eq=False)
class ArrivalLog(Sequence[Arrival]):
    """A view on the arrivals, in their order; it grows while the server runs."""

    _items: list[Arrival] = field(factory=list[Arrival], repr=_size)

    def __len__(self) -> int:
        return len(self._items)

    @overload
    def __getitem__(self, index: int) -> Arrival: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Arrival]: ...
    def __getitem__(self, index: int | slice) -> Arrival | Sequence[Arrival]:
        return self._items[index]

    def __iter__(self) -> Iterator[Arrival]:
        return iter(self._items)


@define
class RequestLog:
    """Keeps the arrivals, and beside them those which were taken."""

    _arrivals: list[Arrival] = field(init=False, factory=list[Arrival], repr=False)
    _deliveries: list[Arrival] = field(init=False, factory=list[Arrival], repr=False)

    def add(self, arrival: Arrival) -> None:
        """Append an arrival."""
        self._arrivals.append(arrival)
        if arrival.taken:
            self._deliveries.append(arrival)

    def clear(self) -> None:
        """Forget everything."""
        self._arrivals.clear()
        self._deliveries.clear()

    @property
    def arrivals(self) -> ArrivalLog:
        """Everything that arrived."""
        return ArrivalLog(self._arrivals)

    @property
    def deliveries(self) -> ArrivalLog:
        """The messages that would be delivered, and the triggers of the webhook."""
        return ArrivalLog(self._deliveries)
