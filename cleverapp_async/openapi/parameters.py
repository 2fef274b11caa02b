"""JSON schemas of the parameters, and where a request carries them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..endpoints import Endpoint, Kind, Parameter, ParametersIn
from ..models.lists import ListField
from .schemas import INTEGER, TEXT, Json, Schemas

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["HEADER", "describe_one_of", "request_parts"]

HEADER: Json = {
    "name": "X-Requested-With",
    "in": "header",
    "required": True,
    "schema": {"const": "XMLHttpRequest"},
    "description": "Without it errors may come as HTML pages or redirects.",
}
"""The header that every request needs (API docs, «Основы»)."""

_FLAG: Json = {"type": "integer", "enum": [0, 1]}

_KINDS: Mapping[Kind, Json] = {
    Kind.INTEGER: {**INTEGER, "minimum": 1},
    Kind.STRING: {**TEXT, "minLength": 1},
    Kind.FLAG: _FLAG,
    Kind.URL: {**TEXT, "format": "uri"},
    Kind.STRINGS: {"type": "array", "items": {**TEXT, "minLength": 1}},
    Kind.OBJECT: {"type": "object"},
    Kind.DECIMAL: {**TEXT, "pattern": r"^[0-9]+(\.[0-9]+)?$"},
}

_HEX_ID: Json = {"pattern": "^[0-9a-f]{24}$"}
_UNIX_SECONDS: Json = {"minimum": 0}

# What the pages say of a parameter beyond its type: of one method's, or of all of the name.
_MORE: Mapping[str, Json] = {
    "count": {"maximum": 500},
    "date_from": _UNIX_SECONDS,
    "date_to": _UNIX_SECONDS,
    "depth": {"maximum": 10},
    "email": {"format": "email"},
    "item_id": _HEX_ID,
    "schema_id": _HEX_ID,
    "status": {"maxLength": 64},
    "with": {"pattern": "^(tags|variables)(,(tags|variables))*$"},
    "addContactAccount.currency": {"pattern": "^[A-Z]{3}$"},
}


def request_parts(row: Endpoint, schemas: Schemas) -> Json:
    """The ``parameters`` and the ``requestBody`` of an operation.

    Args:
        row: The method's row.
        schemas: Where the schemas of models go.
    """
    header: Json = {"$ref": f"#/components/parameters/{HEADER['name']}"}
    if row.http_method == "GET" or row.parameters_in is ParametersIn.QUERY:
        in_query = [_in_query(row, parameter, schemas) for parameter in row.parameters]
        return {"parameters": [header, *in_query]}
    properties = {
        parameter.name: {
            **_in_body(_schema(row, parameter, schemas)),
            "description": parameter.about,
        }
        for parameter in row.parameters
    }
    required = [parameter.name for parameter in row.parameters if parameter.required]
    body: Json = {"type": "object", "properties": properties, "required": required}
    if row.one_of:
        body["anyOf"] = [{"required": list(names)} for names in row.one_of]
    content = {"application/json": {"schema": body}}
    return {"parameters": [header], "requestBody": {"required": True, "content": content}}


def describe_one_of(row: Endpoint) -> str:
    """Which sets of parameters a method needs one of, in words; empty where there are none."""
    sets = [" and ".join(names) for names in row.one_of]
    return f"Needs {', or '.join(sets)}." if sets else ""


def _in_query(row: Endpoint, parameter: Parameter, schemas: Schemas) -> Json:
    return {
        "name": parameter.name,
        "in": "query",
        "required": parameter.required,
        "schema": _schema(row, parameter, schemas),
        "description": parameter.about,
    }


def _in_body(schema: Json) -> Json:
    """JSON has truth values of its own, which the server takes as well."""
    return {"anyOf": [{"type": "boolean"}, _FLAG]} if schema == _FLAG else schema


def _schema(row: Endpoint, parameter: Parameter, schemas: Schemas) -> Json:
    name = parameter.name
    more = _MORE.get(f"{row.name}.{name}", _MORE.get(name, {}))
    schema = {**_KINDS[parameter.kind], **more}
    if parameter.kind is Kind.OBJECT and parameter.required:
        schema["minProperties"] = 1
    if name == "fields":
        schema["additionalProperties"] = schemas.of(ListField)
    return schema
