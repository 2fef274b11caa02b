"""The brands that sell the platform, and where each one's API lives."""

from __future__ import annotations

from enum import Enum
from typing import Literal, TypeAlias

__all__ = ["Brand", "TokenPlace"]

TokenPlace: TypeAlias = Literal["query", "body"]
"""Where the token travels: in the query of every request, or in the body of a POST."""

_DOCUMENTED = ("whatsapp", "telegram", "viber", "icq")


class Brand(Enum):
    """A brand of the platform: pass it as ``base_url``.

    The API is the same; the known differences are here (from CleverApp's and WatBot's pages, and
    the addresses of the others from theirs). Any other host is given as a plain URL.

    Attributes:
        base_url: Where its API lives.
        messengers: The messengers its documentation names for sendMessage.
        token_place: Where its documentation wants the token; see ``ClientConfig.token_place``.
    """

    CLEVERAPP = ("https://app.cleverapp.pro/api/v1", _DOCUMENTED, "query")
    WATBOT = ("https://watbot.ru/api/v1", (*_DOCUMENTED, "vk", "max"), "query")
    JETBOT = ("https://app.jetbot24.ru/api/v1", _DOCUMENTED, "query")
    LEADTEH = ("https://app.leadteh.ru/api/v1", _DOCUMENTED, "query")
    ONEBOT = ("https://app.onebot.tech/api/v1", _DOCUMENTED, "query")

    def __init__(self, base_url: str, messengers: tuple[str, ...], token_place: TokenPlace) -> None:
        self.base_url = base_url
        self.messengers = messengers
        self.token_place: TokenPlace = token_place
