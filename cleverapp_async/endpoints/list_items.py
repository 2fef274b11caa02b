"""The methods of the API documentation's page «Элементы списка»."""

from __future__ import annotations

from ..models.lists import ListItem
from .row import Endpoint, Kind, Parameter, ParametersIn, Repeat, Shape, Trust

__all__ = ["ROWS"]

ROWS = (
    Endpoint(
        name="getListItems",
        http_method="POST",
        page="Элементы списка",
        about="Lists the items of a list.",
        repeat=Repeat.SAFE,
        trust=Trust.SIBLING,
        parameters=(
            Parameter("schema_id", Kind.STRING, "the schema, 24 hex digits", required=True),
            Parameter("bot_id", Kind.INTEGER, "only of this bot"),
            Parameter("contact_id", Kind.INTEGER, "only of this contact"),
            Parameter("order_by", Kind.STRING, "a field, or field,direction"),
            Parameter("filters", Kind.OBJECT, "exact values by slug, all of them must match"),
            Parameter("page", Kind.INTEGER, "the page, from 1"),
            Parameter("limit", Kind.INTEGER, "items per page"),
        ),
        parameters_in=ParametersIn.JSON,
        shape=Shape.PAGE,
        answer=ListItem,
    ),
    Endpoint(
        name="addListItem",
        http_method="POST",
        page="Элементы списка",
        about="Adds an item to a list.",
        repeat=Repeat.NEVER,
        trust=Trust.SIBLING,
        parameters=(
            Parameter("schema_id", Kind.STRING, "the schema, 24 hex digits", required=True),
            Parameter("data", Kind.OBJECT, "the values by slug", required=True),
        ),
        parameters_in=ParametersIn.JSON,
        answer=ListItem,
    ),
    Endpoint(
        name="updateListItem",
        http_method="POST",
        page="Элементы списка",
        about="Changes values of an item.",
        repeat=Repeat.SAME_EFFECT,
        trust=Trust.SIBLING,
        parameters=(
            Parameter("item_id", Kind.STRING, "the item, 24 hex digits", required=True),
            Parameter("data", Kind.OBJECT, "the values by slug", required=True),
            Parameter("schema_id", Kind.STRING, "the schema; WatBot requires it"),
        ),
        parameters_in=ParametersIn.JSON,
        answer=ListItem,
    ),
    Endpoint(
        name="deleteListItem",
        http_method="POST",
        page="Элементы списка",
        about="Deletes an item.",
        repeat=Repeat.SAME_EFFECT,
        trust=Trust.SIBLING,
        parameters=(Parameter("item_id", Kind.STRING, "the item, 24 hex digits", required=True),),
        parameters_in=ParametersIn.JSON,
        shape=Shape.ANY,
    ),
)
