"""What spans and metrics call a limit: words of few values, and nobody's address."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import TypeAlias

from ...limits.quota import LimitKey

__all__ = ["Labels", "labels_of_key"]

Labels: TypeAlias = dict[str, str | bool | int | float]
"""Attributes of OpenTelemetry by their names."""

_WORD = re.compile(r"[a-z][a-z_]{0,31}")


@lru_cache(maxsize=1024)
def labels_of_key(key: LimitKey | None) -> Mapping[str, str | bool | int | float]:
    """The messenger and the bot of a limit key, as far as they are known.

    A caller may give any string as a messenger: one that is not a plain word is ``other``, so that
    neither a number that stands there by mistake nor a series for each string gets out.

    Args:
        key: The key; None where it is not known.
    """
    labels: Labels = {}
    if key is not None:
        labels["cleverapp.messenger"] = key.messenger if _WORD.fullmatch(key.messenger) else "other"
        if key.bot_id is not None:
            labels["cleverapp.bot.id"] = key.bot_id
    return labels
