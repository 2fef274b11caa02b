"""A contact as the API returns it, with its variables and the link through which it came."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from attrs import field, frozen

from .route import Route

__all__ = ["Contact", "ContactVariable", "Utm", "VariableName"]


@frozen(kw_only=True, slots=False)
class Utm:
    """The UTM parameters of the link through which a contact came (API docs, page «Контакты»).

    Attributes:
        utm_source: The source.
        utm_medium: The medium.
        utm_campaign: The campaign.
        utm_term: The term.
        utm_content: The content.
        extra: Whatever else the server answered, by its own names.
    """

    utm_source: str | None = None
    utm_medium: str | None = None
    utm_campaign: str | None = None
    utm_term: str | None = None
    utm_content: str | None = None
    extra: Mapping[str, object] = field(factory=dict[str, object])


@frozen(kw_only=True, slots=False)
class VariableName:
    """The variable that a value belongs to.

    Attributes:
        name: Its name.
        id: Its id, which may exceed 2^31; older answers do not have it.
        extra: Whatever else the server answered, by its own names.
    """

    name: str
    id: int | None = None
    extra: Mapping[str, object] = field(factory=dict[str, object])


@frozen(kw_only=True, slots=False)
class ContactVariable:
    """One variable of one contact (API docs, page «Пользовательские переменные»).

    The current form of the answer has the name beside the value; an older form has it only inside
    ``variable``. :attr:`title` is right for both.

    Attributes:
        value: The value.
        name: The name, where it stands beside the value.
        id: The id, which may exceed 2^31.
        deletable: Whether it is removed after an order.
        variable: The variable the value belongs to.
        created_at: When it was first set; older answers only.
        updated_at: When it was last set; older answers only.
        extra: Whatever else the server answered, by its own names.
    """

    value: str | None = None
    name: str | None = None
    id: int | None = None
    deletable: bool | None = None
    variable: VariableName | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    extra: Mapping[str, object] = field(factory=dict[str, object])

    @property
    def title(self) -> str | None:
        """The variable's name, from whichever of the two places has it."""
        if self.name is not None:
            return self.name
        return None if self.variable is None else self.variable.name


@frozen(kw_only=True, slots=False)
class Contact:
    """A person in a bot's contacts (API docs, page «Контакты»).

    Attributes:
        id: The contact's id on the platform.
        bot_id: The bot; the answer of sendMessageToWhatsApp does not have it.
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
        """The bot and messenger through which messages reach it, if both are known."""
        if self.bot_id is None or self.messenger is None:
            return None
        return Route(self.bot_id, self.messenger)
