"""The messengers that the documentation names."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Messenger"]


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
