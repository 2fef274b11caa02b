"""The documented limits, and what is assumed where the documentation is silent."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from .quota import Quota

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "ACCOUNT_QUOTAS",
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

ACCOUNT_QUOTAS: tuple[Quota, ...] = (Quota(2, 1.0), Quota(120, 60.0))
"""Every method, per account (API docs, page «Основы»: 2 per second, 120 per minute).

Both are kept exactly, at the cost of a round trip per second. ``Quota(2, 1.0, settle_within=0.1)``
in a registry of your own bounds that cost, and is exact only while no request needs longer than
that to arrive.
"""
