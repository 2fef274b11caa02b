"""The methods of the API documentation's page «Списки»."""

from __future__ import annotations

from ..models.lists import ListSchema
from .row import Endpoint, Kind, Parameter, ParametersIn, Repeat, Shape, Trust

__all__ = ["ROWS"]

ROWS = (
    Endpoint(
        name="getListSchemas",
        http_method="GET",
        page="Списки",
        about="Lists the schemas of lists.",
        repeat=Repeat.SAFE,
        trust=Trust.DOCUMENTED,
        parameters=(Parameter("page", Kind.INTEGER, "the page, from 1"),),
        shape=Shape.PAGE,
        answer=ListSchema,
    ),
    Endpoint(
        name="getListSchema",
        http_method="GET",
        page="Списки",
        about="Gives one schema.",
        repeat=Repeat.SAFE,
        trust=Trust.SIBLING,
        parameters=(
            Parameter("schema_id", Kind.STRING, "the schema, 24 hex digits", required=True),
        ),
        answer=ListSchema,
    ),
    Endpoint(
        name="createListSchema",
        http_method="POST",
        page="Списки",
        about="Creates a list by its schema.",
        repeat=Repeat.NEVER,
        trust=Trust.SIBLING,
        parameters=(
            Parameter("name", Kind.STRING, "the list's name", required=True),
            Parameter("fields", Kind.OBJECT, "the fields by their slugs", required=True),
            Parameter("is_menu", Kind.FLAG, "whether it is shown in the menu"),
            Parameter("bot_id", Kind.INTEGER, "the bot it belongs to"),
        ),
        parameters_in=ParametersIn.JSON,
        answer=ListSchema,
    ),
    Endpoint(
        name="addListSchemaField",
        http_method="POST",
        page="Списки",
        about="Adds a field to a schema.",
        repeat=Repeat.NEVER,
        trust=Trust.SIBLING,
        parameters=(
            Parameter("schema_id", Kind.STRING, "the schema, 24 hex digits", required=True),
            Parameter("field", Kind.OBJECT, "the field", required=True),
        ),
        parameters_in=ParametersIn.JSON,
        shape=Shape.ANY,
    ),
    Endpoint(
        name="deleteListSchemaField",
        http_method="POST",
        page="Списки",
        about="Deletes a field of a schema.",
        repeat=Repeat.SAME_EFFECT,
        trust=Trust.SIBLING,
        parameters=(
            Parameter("schema_id", Kind.STRING, "the schema, 24 hex digits", required=True),
            Parameter("slug", Kind.STRING, "the field's slug", required=True),
        ),
        parameters_in=ParametersIn.JSON,
        shape=Shape.ANY,
    ),
    Endpoint(
        name="deleteListSchema",
        http_method="POST",
        page="Списки",
        about="Deletes a list and its schema.",
        repeat=Repeat.SAME_EFFECT,
        trust=Trust.SIBLING,
        parameters=(
            Parameter("schema_id", Kind.STRING, "the schema, 24 hex digits", required=True),
        ),
        parameters_in=ParametersIn.JSON,
        shape=Shape.ANY,
    ),
)
