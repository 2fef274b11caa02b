"""The methods of the API documentation's pages «Аккаунт» and «Медиа»."""

from __future__ import annotations

from ..models.account import DecodedLink, Me
from .row import Endpoint, Kind, Parameter, ParametersIn, Repeat, Trust

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
    Endpoint(
        name="decodeShortLink",
        http_method="POST",
        page="Медиа",
        about="Turns a short link to a file into a signed one that expires.",
        repeat=Repeat.SAFE,
        trust=Trust.SIBLING,
        parameters=(Parameter("url", Kind.URL, "the short link", required=True),),
        parameters_in=ParametersIn.JSON,
        answer=DecodedLink,
    ),
)
