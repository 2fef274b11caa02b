"""A contact as the API answers it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from attrs import field, frozen

from .route import Route
from .utm import Utm
from .variable import ContactVariable

__all__ = ["Contact"]


@frozen(kw_only=True, slots=False)
class Contact:
    """A person in a bot's contacts (API docs, page «Контакты»).

    Attributes:
        id: The contact's id on the platform.
        bot_id: The bot; sendMessageToWhatsApp does not answer it.
        phone: The phone number; None where it is not known.
        email: The e-mail address; None where it is not known.
        name: The name.
        messenger: The messenger, in the API's spelling.
        address: The postal address; None where it is not known.
        utm: Where the contact came from; None where it is not known.
        created_at: When the contact was created, with its offset.
        telegram_id: The id in Telegram, a string.
        telegram_username: The user name in Telegram.
        viber_id: The id in Viber.
        vk_user_id: The id in VK.
        tags: The tags, where they were asked for.
        variables: The variables, where they were asked for.
        extra: Whatever else the server answered, by its own names.
    """

    id: int
    bot_id: int | None = None
    phone: str | None = None
    email: str | None = None
    name: str | None = None
    messenger: str | None = None
    address: str | None = None
    utm: Utm | None = None
    created_at: datetime | None = None
    telegram_id: str | None = None
    telegram_username: str | None = None
    viber_id: str | None = None
    vk_user_id: str | None = None
    tags: tuple[str, ...] | None = None
    variables: tuple[ContactVariable, ...] | None = None
    extra: Mapping[str, object] = field(factory=dict[str, object])

    @property
    def route(self) -> Route | None:
        """The bot and messenger it is written to through, where both are known."""
        if self.bot_id is None or self.messenger is None:
            return None
        return Route(self.bot_id, self.messenger)
