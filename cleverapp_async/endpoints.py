"""The API's methods as a table of frozen rows: an API change is a one-line change here."""

from __future__ import annotations

from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING

from attrs import frozen

from .models.contact import Contact

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ENDPOINTS", "Endpoint", "ParametersIn", "Repeat", "Trust"]


class Repeat(Enum):
    """What repeating a request does whose outcome is not known."""

    SAFE = "safe"
    """It only reads."""

    SAME_EFFECT = "same effect"
    """Doing it twice is the same as doing it once."""

    NEVER = "never"
    """It may do its work twice: only repeated when provably not received, or refused."""


class ParametersIn(Enum):
    """Where a method's page says that its parameters go."""

    QUERY = "query"
    JSON = "json"


class Trust(Enum):
    """How far what is known of a method can be trusted."""

    DOCUMENTED = "documented"
    """CleverApp's own documentation says so."""

    SIBLING = "sibling"
    """A sibling brand's documentation says so."""


@frozen
class Endpoint:
    """One method of the API.

    Attributes:
        name: The method's name, the last part of the URL.
        http_method: ``GET`` or ``POST``.
        parameters_in: Where the parameters go.
        repeat: What repeating it does.
        trust: How far this row can be trusted.
        limited: Whether the server limits it per bot and messenger, besides the account.
        answer: The model inside ``data``; None where the answer is ``{"success": true}``.
    """

    name: str
    http_method: str
    parameters_in: ParametersIn
    repeat: Repeat
    trust: Trust
    limited: bool = False
    answer: type[Contact] | None = None


_ROWS = (
    Endpoint(
        "sendMessage",
        "POST",
        ParametersIn.QUERY,
        Repeat.NEVER,
        Trust.DOCUMENTED,
        limited=True,
    ),
    Endpoint(
        "sendMessageToWhatsApp",
        "POST",
        ParametersIn.JSON,
        Repeat.NEVER,
        Trust.DOCUMENTED,
        limited=True,
        answer=Contact,
    ),
)

ENDPOINTS: Mapping[str, Endpoint] = MappingProxyType({row.name: row for row in _ROWS})
"""Every method by its name."""
