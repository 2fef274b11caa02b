"""Puts the document together: one path per row of the endpoint table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..brands import Brand
from ..endpoints import ENDPOINTS, Endpoint, Shape
from .parameters import HEADER, describe_one_of, request_parts
from .schemas import INTEGER, TEXT, Json, Schemas

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["document"]

_ABOUT = """\
Written from the documentation of CleverApp and its sibling brands. `x-trust` says whose \
documentation describes a method, `x-repeat` what repeating it does when its outcome is not \
known. Parameters stand where the method's page puts them; the service merges query, form and \
JSON body. The statuses of errors other than 422 and 429 are assumed.\
"""

_HERE: Json = {"url": "/api/v1", "description": "The server that gave this document."}

_COUNT_OR_NULL: Json = {"type": ["integer", "null"]}
_TEXT_OR_NULL: Json = {"type": ["string", "null"]}

_SHARED: Mapping[str, Json] = {
    "Links": {
        "type": "object",
        "description": "Without the token and the other parameters: page by number instead.",
        "properties": dict.fromkeys(("first", "last", "prev", "next"), _TEXT_OR_NULL),
    },
    "Meta": {
        "type": "object",
        "description": "Which page it is.",
        "properties": {
            **dict.fromkeys(("current_page", "last_page", "per_page", "total"), INTEGER),
            "from": _COUNT_OR_NULL,
            "to": _COUNT_OR_NULL,
            "path": TEXT,
            "links": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "url": {"type": ["string", "null"]},
                        "label": TEXT,
                        "active": {"type": "boolean"},
                    },
                },
            },
        },
    },
    "Message": {"type": "object", "required": ["message"], "properties": {"message": TEXT}},
    "Error": {"type": "object", "required": ["error"], "properties": {"error": TEXT}},
    "Invalid": {
        "type": "object",
        "description": "Texts in Russian by field.",
        "required": ["message", "errors"],
        "properties": {
            "message": TEXT,
            "errors": {
                "type": "object",
                "additionalProperties": {"type": "array", "items": TEXT},
            },
        },
    },
}

_ERRORS: Mapping[str, tuple[str, str, tuple[str, ...]]] = {
    "401": ("Unauthenticated", "The token is missing or wrong (assumed).", ("Message",)),
    "403": ("Forbidden", "The token may not do this (status assumed).", ("Message",)),
    "404": ("NotFound", "No such method or object (assumed).", ("Message",)),
    "405": ("WrongMethod", "The wrong HTTP method (assumed).", ("Message",)),
    "413": ("TooLarge", "The body is too large (assumed).", ("Message",)),
    "422": ("Refused", "The parameters, or the message, are refused.", ("Invalid", "Error")),
    "429": ("TooMany", "A limit is exceeded (body assumed).", ("Message", "Error")),
}
"""By status: the name, what it means, and the schemas of the body."""


def document() -> Json:
    """The whole document, as plain JSON values."""
    schemas = Schemas()
    paths = {f"/{row.name}": _path(row, schemas) for row in ENDPOINTS.values()}
    siblings = [{"url": brand.base_url, "description": brand.name} for brand in Brand]
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "CleverApp HTTP API, as known to cleverapp_async",
            "version": "1",
            "description": _ABOUT,
        },
        "servers": [_HERE, *siblings],
        "security": [{"api_token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "api_token": {"type": "apiKey", "in": "query", "name": "api_token"}
            },
            "parameters": {HEADER["name"]: HEADER},
            "responses": {name: _error(about, of) for name, about, of in _ERRORS.values()},
            "schemas": dict(sorted({**_SHARED, **schemas.named}.items())),
        },
    }


def _path(row: Endpoint, schemas: Schemas) -> Json:
    operation: Json = {
        "operationId": row.name,
        "summary": row.about,
        "tags": [row.page],
        "x-repeat": row.repeat.value,
        "x-trust": row.trust.value,
        **request_parts(row, schemas),
        "responses": {
            "2XX": {
                "description": "Done; 201 where something was created.",
                "content": _json(_answer(row, schemas)),
            },
            **{
                status: {"$ref": f"#/components/responses/{name}"}
                for status, (name, *_) in _ERRORS.items()
            },
        },
    }
    if needs := describe_one_of(row):
        operation["description"] = needs
    return {row.http_method.lower(): operation}


def _answer(row: Endpoint, schemas: Schemas) -> Json:
    if row.shape is Shape.SUCCESS:
        return _object("success", {"success": {"const": True}})
    if row.shape is Shape.ANY:
        return {"description": "Not documented.", "type": "object", "additionalProperties": True}
    model = schemas.of(row.answer)
    if row.shape is Shape.BARE:
        return {"anyOf": [_object("data", {"data": model}), model]}
    if row.shape is Shape.ONE:
        return _object("data", {"data": model})
    properties: Json = {"data": {"type": "array", "items": model}}
    if row.shape is Shape.PAGE:
        properties |= {"links": _named("Links"), "meta": _named("Meta")}
    return _object("data", properties)


def _error(about: str, names: tuple[str, ...]) -> Json:
    schemas = [_named(name) for name in names]
    return {
        "description": about,
        "content": _json(schemas[0] if len(schemas) == 1 else {"anyOf": schemas}),
    }


def _json(schema: Json) -> Json:
    return {"application/json": {"schema": schema}}


def _object(required: str, properties: Json) -> Json:
    return {"type": "object", "required": [required], "properties": properties}


def _named(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}
