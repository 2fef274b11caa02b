"""The documented limits, and what is assumed where the documentation is silent."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from .quota import Quota

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "ACCOUNT_QUOTAS",
    "ACCOUNT_SETTLE_WITHIN",
    "MESSENGER_QUOTAS",
    "OTHER_MESSENGERS_QUOTA",
    "WHATSAPP_DIRECT_QUOTA",
]

MESSENGER_QUOTAS: Mapping[str, Quota] = MappingProxyType(
    {
        "whatsapp": Quota(1, 10.0),
        "telegram": Quota(10, 10.0),
        "viber": Quota(10, 10.0),
        "icq": Quota(10, 10.0),
    }
)
"""sendMessage, per bot and messenger (API docs, page «Сообщения», «Лимиты»)."""

OTHER_MESSENGERS_QUOTA = Quota(10, 10.0)
"""sendMessage through a messenger whose limit no page names (*assumed* as telegram)."""

WHATSAPP_DIRECT_QUOTA = Quota(1, 1.0)
"""sendMessageToWhatsApp (page «Сообщения»: one per second; per bot is *assumed*)."""

ACCOUNT_SETTLE_WITHIN = 0.1
"""Seconds after which a slot of the account's one-second window is stamped without an answer.

A choice, not a fact of the API. Holding such a slot until the answer would cost a whole round
trip every second; a tenth bounds the cost at ten per cent. A request that needs longer than this
*to arrive* may make a third one in its second: the server then refuses it with 429, nothing is
sent, and it is repeated after a pause. Give the account your own quotas to choose otherwise.
"""

ACCOUNT_QUOTAS: tuple[Quota, ...] = (
    Quota(2, 1.0, settle_within=ACCOUNT_SETTLE_WITHIN),
    Quota(120, 60.0),
)
"""Every method, per account (API docs, page «Основы»: 2 per second, 120 per minute)."""
