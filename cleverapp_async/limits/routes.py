"""What one registry learns: the routes of contacts, and which sends of campaigns it has counted."""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from typing import cast

from attrs import define, field

from .. import models
from ..models.contact import Contact
from ..models.route import Route
from .quota import LimitKey

__all__ = ["CountedSends", "RouteDirectory"]

_REMEMBERED = 100_000


class RouteDirectory:
    """Remembers the routes of contacts, and forgets those first that were used least recently.

    ``sendMessage`` by ``contact_id`` does not say which bot and messenger it goes through, but
    its limit is counted by them. The client teaches this directory from every contact it
    parses, from routes given by hand, and from refusals, which name the messenger.

    Args:
        size: How many contacts are remembered.
    """

    def __init__(self, size: int = _REMEMBERED) -> None:
        self._size = size
        self._routes: OrderedDict[int, Route] = OrderedDict()

    def __len__(self) -> int:
        """How many contacts are remembered."""
        return len(self._routes)

    def get(self, contact_id: int) -> Route | None:
        """The route of a contact, or None where it is not known."""
        route = self._routes.get(contact_id)
        # The one that was used least recently goes first: contacts of a list that was sent once
        # make room, and those that are written to again and again stay.
        if route is not None:
            self._routes.move_to_end(contact_id)
        return route

    def limit_key(
        self, method: str, *, route: Route | None, contact_id: int | None
    ) -> LimitKey | None:
        """What limits a message in addition to the account; None if its route is not known.

        Args:
            method: The method that sends it.
            route: The bot and messenger it goes through, where the caller knows.
            contact_id: The contact it goes to otherwise, whose route may be remembered.
        """
        if route is None and contact_id is not None:
            route = self.get(contact_id)
        return LimitKey.through(route, method)

    def learn(self, contact_id: int, route: Route) -> None:
        """Remember a contact's route."""
        self._routes[contact_id] = route
        self._routes.move_to_end(contact_id)
        if len(self._routes) > self._size:
            self._routes.popitem(last=False)

    def learn_from(self, content: object) -> None:
        """Remember the route of every contact in an answer.

        Args:
            content: What a call answered: a contact, a page of them, or anything else.
        """
        if isinstance(content, dict):  # what most methods answer
            return
        found: tuple[object, ...] = (content,)
        if isinstance(content, models.Page):
            found = cast("models.Page[object]", content).items
        for item in found:
            # A page holds items of one kind: after the first that is no contact there is none to
            # come.
            if not isinstance(item, Contact):
                return
            route = item.route
            # Taken as it is, a bot_id that is a text would make a key that no other message has,
            # and so an empty window of its own.
            if route is not None and _is_sound(item.id, route):
                self.learn(item.id, route)

    def learn_messenger(self, contact_id: int, messenger: str) -> Route:
        """Remember the messenger that a refusal named; a bot already known is kept."""
        known = self.get(contact_id)
        route = Route(known.bot_id if known else None, messenger)
        self.learn(contact_id, route)
        return route


def _is_sound(contact_id: object, route: Route) -> bool:
    """Whether they have the right types: a lenient client keeps values of wrong types as well."""
    bot_id, messenger = cast("tuple[object, object]", (route.bot_id, route.messenger))
    return isinstance(contact_id, int) and isinstance(bot_id, int) and isinstance(messenger, str)


@define(eq=False)
class CountedSends:
    """Distinguishes sends that passed these limiters from those of another process.

    A journal holds both. What this process wrote into one is recognized by the message and by the
    moment at which it was written, because one process at a time writes about a message.

    Args:
        clock: Gives the seconds of a clock that is never set.
    """

    _clock: Callable[[], float] = field(default=time.monotonic, alias="clock")
    _noted: deque[tuple[float, Hashable, float, float]] = field(
        factory=deque[tuple[float, Hashable, float, float]], init=False
    )

    def __len__(self) -> int:
        """How many moments are remembered."""
        return len(self._noted)

    def note(self, message: Hashable, begun: float, ended: float, *, keep: float) -> None:
        """Something about a message was written down, between two moments.

        Args:
            message: What tells it apart from all others, those of other campaigns included.
            begun: Unix seconds before it was written.
            ended: Unix seconds after it was written.
            keep: Seconds for which this matters: the longest period of the limits.
        """
        now, noted = self._clock(), self._noted
        # In the order of their ends, as every note is kept for as long as the others: `keep` is the
        # longest period of the same registry.
        while noted and noted[0][0] <= now:
            noted.popleft()
        # Two clocks: how long it is kept goes by one that is never set, and the span is told by the
        # wall clock, which is what the journal writes.
        noted.append((now + keep, message, begun, ended))

    def known(self) -> Callable[[Hashable, float], bool]:
        """Whether this process wrote about a message at a moment (Unix seconds)."""
        spans: dict[Hashable, list[tuple[float, float]]] = {}
        for _, message, begun, ended in self._noted:
            spans.setdefault(message, []).append((begun, ended))

        def is_known(message: Hashable, moment: float) -> bool:
            return any(begun <= moment <= ended for begun, ended in spans.get(message, ()))

        return is_known
