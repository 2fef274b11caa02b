"""What a simulator can start with, as its user gives it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from attrs import field, frozen
from attrs.converters import optional


def now() -> int:
    """Return the current Unix second."""
    return int(time.time())


class SeedError(ValueError):
    """A simulator cannot start with this seed.

    Args:
        place: Where it is wrong, such as ``$.contacts[3].bot_id``.
        message: What is wrong there.
    """

    def __init__(self, place: str, message: str) -> None:
        super().__init__(place, message)
        self.place = place
        self.message = message

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"


def aware(moment: datetime) -> datetime:
    """Refuse a date without an offset, and one before 1970.

    Raises:
        ValueError: The date is one of these; the message says which.
    """
    if moment.tzinfo is None or moment.timestamp() < 0:
        msg = f"a date must be from 1970 on and have its offset from UTC, not {moment.isoformat()}"
        raise ValueError(msg)
    return moment


@frozen
class SimulatedVariable:
    """A variable of a contact.

    Args:
        name: Its name, one per contact.
        value: Its value.
        deletable: Whether it is removed after an order.
        id: Its id; one name has one id per bot. None: the simulator gives one above 2^31.
    """

    name: str
    value: str
    deletable: bool = False
    id: int | None = None


@frozen
class SimulatedAccount:
    """An account of a contact.

    Args:
        currency: ISO 4217.
        amount: The balance in the currency's minor unit.
        id: Its id, or None for the next free one.
    """

    currency: str
    amount: int = 0
    id: int | None = None


@frozen
class SimulatedCryptoAccount:
    """A crypto account of a contact.

    Args:
        currency: Its code, such as ``BTC``.
        amount: The balance, exact.
        id: Its id, or None for the next free one.
    """

    currency: str
    amount: Decimal = Decimal(0)
    id: int | None = None


@frozen
class SimulatedContact:
    """One contact of one bot in one messenger.

    Args:
        id: The contact's id.
        bot_id: The bot it has written to.
        messenger: Its messenger.
        external_id: Its id in that messenger; in WhatsApp the phone number.
        phone: A bound phone number, which addresses the contact in any messenger.
        name: Its name.
        email: Its e-mail address.
        address: Its postal address.
        telegram_username: Its user name in Telegram.
        utm: Where it came from: ``utm_source``, ``utm_medium`` and so on.
        other_ids: Its ids in other messengers, by the API's names: ``telegram_id``,
            ``viber_id``, ``vk_user_id``.
        bitrix_contact_id: Its id in Bitrix24, which sendMessageToQueue takes.
        created_at: Since when it is a contact, with an offset; None: since the start.
        tags: The tags it starts with.
        variables: The variables it starts with.
        accounts: The accounts it starts with.
        crypto_accounts: The crypto accounts it starts with.
        referrer_id: The contact which brought it.
    """

    id: int
    bot_id: int
    messenger: str
    external_id: str
    phone: str | None = None
    name: str | None = None
    email: str | None = None
    address: str | None = None
    telegram_username: str | None = None
    utm: Mapping[str, str | None] | None = None
    other_ids: Mapping[str, str] = field(factory=dict[str, str])
    bitrix_contact_id: int | None = None
    created_at: datetime | None = field(default=None, converter=optional(aware))
    tags: tuple[str, ...] = ()
    variables: tuple[SimulatedVariable, ...] = ()
    accounts: tuple[SimulatedAccount, ...] = ()
    crypto_accounts: tuple[SimulatedCryptoAccount, ...] = ()
    referrer_id: int | None = None


@frozen
class SimulatedBot:
    """A bot of the account.

    Args:
        id: Its id.
        tags: Its tags, whether or not a contact has them.
    """

    id: int
    tags: tuple[str, ...] = ()


@frozen
class SimulatedField:
    """One field of a list's schema.

    Args:
        name: What people call it.
        type: ``string``, ``number``, ``bool`` or ``contact``; another is kept and takes anything.
        is_required: Whether every item has it.
        is_hidden: Whether it is hidden from people.
        is_encryptable: Whether the service stores it encrypted.
    """

    name: str
    type: str
    is_required: bool = False
    is_hidden: bool = False
    is_encryptable: bool = False


@frozen
class SimulatedItem:
    """One item of a list.

    Args:
        values: Its values by slug.
        id: 24 hex digits, or None for the next free id.
        created_at: With an offset; None: the start.
    """

    values: Mapping[str, object]
    id: str | None = None
    created_at: datetime | None = field(default=None, converter=optional(aware))


@frozen
class SimulatedListSchema:
    """A list with its schema.

    Args:
        name: Its name.
        fields: Its fields by slug.
        id: 24 hex digits, or None for the next free id.
        is_menu: Whether it is shown in the menu.
        bot_id: The bot it belongs to; None: all of them.
        items: The items it starts with.
        created_at: With an offset; None: the start.
    """

    name: str
    fields: Mapping[str, SimulatedField]
    id: str | None = None
    is_menu: bool = False
    bot_id: int | None = None
    items: tuple[SimulatedItem, ...] = ()
    created_at: datetime | None = field(default=None, converter=optional(aware))


@frozen
class SeedData:
    """What a simulator knows when it starts.

    Args:
        contacts: The contacts that exist; None: everybody is a contact.
        bots: Bots, as far as they are not known by their contacts.
        list_schemas: The lists.
        me: What getMe answers; None: an invented account.
        short_links: What decodeShortLink answers, by the short link.
    """

    contacts: tuple[SimulatedContact, ...] | None = None
    bots: tuple[SimulatedBot, ...] = ()
    list_schemas: tuple[SimulatedListSchema, ...] = ()
    me: Mapping[str, object] | None = None
    short_links: Mapping[str, str] = field(factory=dict[str, str])
