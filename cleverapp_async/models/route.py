"""Which bot and messenger a message goes through."""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache

from attrs import frozen

__all__ = ["Messenger", "Route", "route_of"]


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


@frozen
class Route:
    """The bot and messenger a message goes through: its limit is counted by them.

    Attributes:
        bot_id: The bot; None where only the messenger is known.
        messenger: The messenger, in the API's spelling (``whatsapp``).
    """

    bot_id: int | None
    messenger: str


@lru_cache(1024)
def route_of(bot_id: int, messenger: str) -> Route:
    """The route through this bot and messenger: the many messages of a campaign share few."""
    return Route(bot_id, messenger)
