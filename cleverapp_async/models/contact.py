"""A contact as the API answers it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from attrs import field, frozen

from .route import Route

__all__ = ["Contact"]


@frozen(kw_only=True)
class Contact:
    """A person in a bot's contacts.

    Attributes:
        id: The contact's id on the platform.
        phone: The phone number; None where it is not known.
        name: The name.
        messenger: The messenger, in the API's spelling.
        created_at: When the contact was created, with its offset.
        bot_id: The bot; sendMessageToWhatsApp does not answer it.
        extra: Whatever else the server answered, by its own names.
    """

    id: int
    phone: str | None = None
    name: str | None = None
    messenger: str | None = None
    created_at: datetime | None = None
    bot_id: int | None = None
    extra: Mapping[str, object] = field(factory=dict[str, object])

    @property
    def route(self) -> Route | None:
        """The bot and messenger it is written to through, where both are known."""
        if self.bot_id is None or self.messenger is None:
            return None
        return Route(self.bot_id, self.messenger)
