"""The methods of the API documentation's page «Аккаунт»."""

from __future__ import annotations

from ..models.me import Me
from .row import Endpoint, Repeat, Trust

__all__ = ["ROWS"]

ROWS = (
    Endpoint(
        name="getMe",
        http_method="GET",
        page="Аккаунт",
        about="Tells whose token it is.",
        repeat=Repeat.SAFE,
        trust=Trust.SIBLING,
        answer=Me,
    ),
)
