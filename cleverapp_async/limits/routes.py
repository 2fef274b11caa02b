"""The routes of contacts, learned from requests and answers."""

from __future__ import annotations

from collections import OrderedDict
from typing import cast

from ..models.contact import Contact
from ..models.page import Page
from ..models.route import Route
from .quota import LimitKey

__all__ = ["RouteDirectory"]

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
        found: tuple[object, ...] = (content,)
        if isinstance(content, Page):
            found = cast("Page[object]", content).items
        for item in found:
            if not isinstance(item, Contact):
                return
            route = item.route
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
