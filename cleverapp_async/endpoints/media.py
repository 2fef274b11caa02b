"""The methods of the API documentation's page «Медиа»."""

from __future__ import annotations

from ..models.media import DecodedLink
from .row import Endpoint, Kind, Parameter, ParametersIn, Repeat, Trust

__all__ = ["ROWS"]

ROWS = (
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
