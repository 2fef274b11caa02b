"""The API as an OpenAPI 3.1 document, from the endpoint table and the models.

``python -m cleverapp_async.openapi`` prints it; the simulator serves the copy that is shipped
with it, and a test keeps the two equal.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from types import UnionType
from typing import Any, TypeAlias, get_args, get_origin

import attrs

from .brands import Brand
from .endpoints import ENDPOINTS, Endpoint, Kind, Parameter, Shape
from .models.referral import ReferralCount, Referrer, ReferrerChain

__all__ = ["document"]

Json: TypeAlias = dict[str, Any]

_KINDS: Mapping[Kind, Json] = {
    Kind.INTEGER: {"type": "integer", "minimum": 1},
    Kind.STRING: {"type": "string", "minLength": 1},
    Kind.FLAG: {"type": "integer", "enum": [0, 1]},
    Kind.URL: {"type": "string", "format": "uri"},
    Kind.STRINGS: {"type": "array", "items": {"type": "string"}},
    Kind.OBJECT: {"type": "object"},
    Kind.DECIMAL: {"type": "string", "pattern": r"^\d+(\.\d+)?$"},
}
_PLAIN: Mapping[object, Json] = {
    int: {"type": "integer"},
    str: {"type": "string"},
    bool: {"type": "boolean"},
    datetime: {"type": "string", "format": "date-time"},
    Decimal: {"type": "string", "pattern": r"^-?\d+(\.\d+)?$"},
}
_MESSAGE = {"type": "object", "required": ["message"], "properties": {"message": _PLAIN[str]}}
_ERROR = {"type": "object", "required": ["error"], "properties": {"error": _PLAIN[str]}}
_INVALID = {
    "type": "object",
    "required": ["message", "errors"],
    "properties": {
        "message": _PLAIN[str],
        "errors": {
            "type": "object",
            "additionalProperties": {"type": "array", "items": _PLAIN[str]},
        },
    },
}
_TEXT_OR_NULL = {"type": ["string", "null"]}
_NUMBER_OR_NULL = {"type": ["integer", "null"]}
_META = {
    "type": "object",
    "properties": {
        **dict.fromkeys(("current_page", "last_page", "per_page", "total"), _PLAIN[int]),
        "from": _NUMBER_OR_NULL,
        "to": _NUMBER_OR_NULL,
        "path": _PLAIN[str],
    },
}
_LINKS = {
    "type": "object",
    "properties": dict.fromkeys(("first", "last", "prev", "next"), _TEXT_OR_NULL),
}


def document() -> Json:
    """The whole document, as plain JSON values."""
    schemas: Json = {}
    paths = {f"/{row.name}": _path(row, schemas) for row in ENDPOINTS.values()}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "CleverApp HTTP API, as known to cleverapp_async",
            "version": "1",
            "description": "Written from the documentation; x-trust says how far each method is "
            "known. Statuses other than 200, 422 and 429 are assumed.",
        },
        "servers": [{"url": brand.base_url, "description": brand.name} for brand in Brand],
        "security": [{"api_token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "api_token": {"type": "apiKey", "in": "query", "name": "api_token"}
            },
            "schemas": dict(sorted(schemas.items())),
        },
    }


def _path(row: Endpoint, schemas: Json) -> Json:
    operation: Json = {
        "operationId": row.name,
        "summary": row.about,
        "tags": [row.page],
        "x-repeat": row.repeat.value,
        "x-trust": row.trust.value,
        "x-parameters-in": row.parameters_in.value,
        "responses": _responses(row, schemas),
    }
    if row.http_method == "GET":
        operation["parameters"] = [_in_query(parameter) for parameter in row.parameters]
    else:
        body: Json = {
            "type": "object",
            "properties": {parameter.name: _of_kind(parameter) for parameter in row.parameters},
        }
        if required := [parameter.name for parameter in row.parameters if parameter.required]:
            body["required"] = required
        if row.one_of:
            body["anyOf"] = [{"required": list(names)} for names in row.one_of]
        operation["requestBody"] = {
            "required": bool(row.parameters),
            "content": {"application/json": {"schema": body}},
        }
    return {row.http_method.lower(): operation}


def _in_query(parameter: Parameter) -> Json:
    return {
        "name": parameter.name,
        "in": "query",
        "required": parameter.required,
        "schema": _of_kind(parameter),
        "description": parameter.about,
    }


def _of_kind(parameter: Parameter) -> Json:
    return {**_KINDS[parameter.kind], "description": parameter.about}


def _responses(row: Endpoint, schemas: Json) -> Json:
    errors: Json = {
        "401": ("The token is missing or wrong (assumed).", _MESSAGE),
        "403": ("The token may not do this (status assumed).", _MESSAGE),
        "404": ("No such method or object (assumed).", _MESSAGE),
        "405": ("The wrong HTTP method (assumed).", _MESSAGE),
        "422": ("The parameters are refused.", {"anyOf": [_INVALID, _ERROR]}),
        "429": ("A limit is exceeded.", {"anyOf": [_MESSAGE, _ERROR]}),
    }
    described = {
        status: {"description": about, "content": {"application/json": {"schema": schema}}}
        for status, (about, schema) in errors.items()
    }
    answer = {"application/json": {"schema": _answer(row, schemas)}}
    return {"200": {"description": "Done.", "content": answer}, **described}


def _answer(row: Endpoint, schemas: Json) -> Json:
    if row.shape is Shape.SUCCESS:
        success = {"const": True}
        return {"type": "object", "required": ["success"], "properties": {"success": success}}
    if row.shape is Shape.ANY:
        return {"type": "object"}
    model = _schema(row.answer, schemas)
    if row.shape in {Shape.ONE, Shape.BARE}:
        enveloped = {"type": "object", "required": ["data"], "properties": {"data": model}}
        return {"anyOf": [enveloped, model]} if row.shape is Shape.BARE else enveloped
    properties: Json = {"data": {"type": "array", "items": model}}
    if row.shape is Shape.PAGE:
        properties |= {"links": _LINKS, "meta": _META}
    return {"type": "object", "required": ["data"], "properties": properties}


def _schema(kind: object, schemas: Json) -> Json:
    """The schema of a type; models become named schemas."""
    if kind in _PLAIN:
        return _PLAIN[kind]
    if isinstance(kind, UnionType):
        kinds = [_schema(held, schemas) for held in get_args(kind) if held is not type(None)]
        return {"anyOf": [*kinds, {"type": "null"}]}
    if get_origin(kind) is tuple:
        return {"type": "array", "items": _schema(get_args(kind)[0], schemas)}
    if get_origin(kind) is Mapping:
        held = get_args(kind)[1]
        values = {} if held is object else _schema(held, schemas)
        return {"type": "object", "additionalProperties": values or True}
    return _model(kind, schemas)


def _model(kind: object, schemas: Json) -> Json:
    if kind is ReferrerChain:
        referrer = _schema(Referrer, schemas)
        return {"anyOf": [referrer, {"type": "array", "items": referrer}]}
    if kind is ReferralCount:
        counted = {"type": "object", "required": ["count"], "properties": {"count": _PLAIN[int]}}
        return {"anyOf": [counted, _PLAIN[int]]}
    if not isinstance(kind, type) or not attrs.has(kind):
        raise TypeError(f"no schema for {kind!r}")
    name = kind.__name__
    if name not in schemas:
        schemas[name] = {}
        attrs.resolve_types(kind)
        fields = [field for field in attrs.fields(kind) if field.name != "extra"]
        schemas[name] = {
            "type": "object",
            "description": (kind.__doc__ or "").partition("\n")[0],
            "properties": {field.name: _schema(field.type, schemas) for field in fields},
            "required": [field.name for field in fields if field.default is attrs.NOTHING],
        }
    return {"$ref": f"#/components/schemas/{name}"}


def main() -> None:
    """Print the document as JSON."""
    json.dump(document(), sys.stdout, ensure_ascii=False, indent=1)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
