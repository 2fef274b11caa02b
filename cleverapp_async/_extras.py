"""What works only with further packages, and how to get them: one text, wherever it is told."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["EXTRAS", "missing_extra"]

EXTRAS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "cli": ("click", "phonenumbers", "rich"),
        "files": ("pyarrow", "python-calamine"),
        "redis": ("redis",),
        "taskiq": ("redis", "taskiq", "taskiq-redis"),
    }
)
"""The packages of each extra in ``pyproject.toml``."""


def missing_extra(feature: str, extra: str) -> str:
    """What is wrong where packages of an extra are not installed, and the remedy.

    Args:
        feature: What cannot be used without them, as the subject of the sentence.
        extra: The extra's name.

    Returns:
        A sentence without a full stop.
    """
    packages = " ".join(EXTRAS[extra])
    return (
        f"{feature} needs packages that are not installed: pip install {packages}, "
        f"or in a clone of cleverapp-async pip install '.[{extra}]'"
    )
