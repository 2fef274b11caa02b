"""Limits: quotas, the limiters that keep them, and the registry that finds them.

:class:`Limiter` and :class:`Permit` are what a limiter of your own has to offer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._imports import lazy_names
from .._redis import RedisCommands
from .protocols import (
    Limiter,
    LimiterFactory,
    LimiterSnapshot,
    OnFileUnavailable,
    OnUnavailable,
    Permit,
    PrimableLimiter,
)
from .quota import (
    ACCOUNT_QUOTAS,
    MESSENGER_QUOTAS,
    OTHER_MESSENGERS_QUOTA,
    WHATSAPP_DIRECT_QUOTA,
    AccountKey,
    Lane,
    LimitKey,
    Quota,
    Quotas,
    QuotasOf,
)
from .registry import LimiterRegistry, QuotaSettings, SharedLimiterRegistry
from .routes import CountedSends
from .sliding_window import SlidingWindowLimiter, SlidingWindowPermit

if TYPE_CHECKING:
    from .paced import PacedLimiter, PacedPermit

__all__ = [
    "ACCOUNT_QUOTAS",
    "MESSENGER_QUOTAS",
    "OTHER_MESSENGERS_QUOTA",
    "WHATSAPP_DIRECT_QUOTA",
    "AccountKey",
    "CountedSends",
    "Lane",
    "LimitKey",
    "Limiter",
    "LimiterFactory",
    "LimiterRegistry",
    "LimiterSnapshot",
    "OnFileUnavailable",
    "OnUnavailable",
    "PacedLimiter",
    "PacedPermit",
    "Permit",
    "PrimableLimiter",
    "Quota",
    "QuotaSettings",
    "Quotas",
    "QuotasOf",
    "RedisCommands",
    "SharedLimiterRegistry",
    "SlidingWindowLimiter",
    "SlidingWindowPermit",
]

if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy_names(
        __name__,
        {"PacedLimiter": ".paced", "PacedPermit": ".paced"},
    )
