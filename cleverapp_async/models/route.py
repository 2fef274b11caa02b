"""Which bot and messenger a message goes through."""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from typing import cast

from attrs import field, frozen

__all__ = ["KNOWN_MESSENGERS", "Messenger", "Route", "route_of", "spelled"]


class Messenger(StrEnum):
    """Messengers known to the documentation; the set grows, so any other string is accepted too.

    WhatsApp, Telegram, Viber and ICQ are on CleverApp's page «Сообщения»; VK and MAX are named by
    the sibling brand WatBot.
    """

    WHATSAPP = "whatsapp"
    TELEGRAM = "telegram"
    VIBER = "viber"
    ICQ = "icq"
    VK = "vk"
    MAX = "max"


KNOWN_MESSENGERS = frozenset(map(str, Messenger))


def spelled(messenger: str) -> str:
    """A messenger in the API's spelling, which is lower case: what limits a message has one key.

    What a lenient client kept of a wrong type stays as it is.
    """
    if type(messenger) is str and messenger in KNOWN_MESSENGERS:
        return messenger
    # A member of an enumeration becomes the plain string that it is equal to, as its methods give
    # it; `str` of one that is no StrEnum is its name.
    return messenger.strip().lower() if isinstance(cast("object", messenger), str) else messenger


@frozen
class Route:
    """The bot and messenger a message goes through: its limit is counted by them.

    Attributes:
        bot_id: The bot; None where only the messenger is known.
        messenger: The messenger, kept in the API's spelling: ``WhatsApp`` becomes ``whatsapp``.
    """

    bot_id: int | None
    messenger: str = field(converter=spelled)


@lru_cache(1024)
def route_of(bot_id: int, messenger: str) -> Route:
    """The route through this bot and messenger: the many messages of a campaign share few."""
    return Route(bot_id, messenger)
