"""The methods of the API documentation's page «Теги»."""

from __future__ import annotations

from .row import Endpoint, Kind, Parameter, ParametersIn, Repeat, Shape, Trust

__all__ = ["ROWS"]

ROWS = (
    Endpoint(
        name="getBotTags",
        http_method="GET",
        page="Теги",
        about="Lists the tags of a bot.",
        repeat=Repeat.SAFE,
        trust=Trust.DOCUMENTED,
        parameters=(Parameter("bot_id", Kind.INTEGER, "the bot", required=True),),
        shape=Shape.MANY,
        answer=str,
    ),
    Endpoint(
        name="getContactTags",
        http_method="GET",
        page="Теги",
        about="Lists the tags of a contact.",
        repeat=Repeat.SAFE,
        trust=Trust.DOCUMENTED,
        parameters=(Parameter("contact_id", Kind.INTEGER, "the contact", required=True),),
        shape=Shape.MANY,
        answer=str,
    ),
    Endpoint(
        name="attachTagToContact",
        http_method="POST",
        page="Теги",
        about="Attaches a tag to a contact.",
        repeat=Repeat.SAME_EFFECT,
        trust=Trust.DOCUMENTED,
        parameters=(
            Parameter("contact_id", Kind.INTEGER, "the contact", required=True),
            Parameter("tag_id", Kind.INTEGER, "the tag"),
            Parameter("name", Kind.STRING, "the tag's name"),
        ),
        parameters_in=ParametersIn.JSON,
        one_of=(("tag_id",), ("name",)),
        shape=Shape.ANY,
    ),
    Endpoint(
        name="detachTagFromContact",
        http_method="POST",
        page="Теги",
        about="Detaches a tag from a contact.",
        repeat=Repeat.SAME_EFFECT,
        trust=Trust.SIBLING,
        parameters=(
            Parameter("contact_id", Kind.INTEGER, "the contact", required=True),
            Parameter("tag_id", Kind.INTEGER, "the tag"),
            Parameter("name", Kind.STRING, "the tag's name"),
        ),
        parameters_in=ParametersIn.JSON,
        one_of=(("tag_id",), ("name",)),
        shape=Shape.ANY,
    ),
)
