"""The API as an OpenAPI 3.1 document, from the endpoint table and the models.

``python -m cleverapp_async.openapi`` prints it: one path per row of the endpoint table, with its
parameters. The simulator serves the copy that is shipped with it, and a test keeps the two equal.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from types import UnionType
from typing import Any, TypeAlias, get_args, get_origin

import attrs

from .config import Brand
from .endpoints import ENDPOINTS, Endpoint, Kind, Parameter, ParametersIn, Shape
from .models.account import ReferralCount, Referrer, ReferrerChain
from .models.lists import ListField

__all__ = ["document"]

Json: TypeAlias = dict[str, Any]

TEXT: Json = {"type": "string"}
INTEGER: Json = {"type": "integer"}

_PLAIN: Mapping[object, Json] = {
    int: INTEGER,
    str: TEXT,
    bool: {"type": "boolean"},
    datetime: {"type": "string", "format": "date-time"},
    Decimal: {"type": "string", "pattern": r"^-?\d+(\.\d+)?$"},
}


class Schemas:
    """Makes schemas of types, and keeps those of models by their names.

    Attributes:
        named: The models' schemas, for ``components.schemas``.
    """

    def __init__(self) -> None:
        self.named: Json = {}

    def of(self, kind: object) -> Json:
        """The schema of a type; a model's is a reference to its named one.

        Raises:
            TypeError: It is a type that no answer holds.
        """
        if kind in _PLAIN:
            return _PLAIN[kind]
        if isinstance(kind, UnionType):
            held = [self.of(one) for one in get_args(kind) if one is not type(None)]
            return {"anyOf": [*held, {"type": "null"}]}
        if get_origin(kind) is tuple:
            return {"type": "array", "items": self.of(get_args(kind)[0])}
        if get_origin(kind) is Mapping:
            return {"type": "object", "additionalProperties": self.of(get_args(kind)[1])}
        return self._model(kind)

    def _model(self, kind: object) -> Json:
        if kind is ReferrerChain:
            referrer = self.of(Referrer)
            return {"anyOf": [referrer, {"type": "array", "items": referrer}]}
        if kind is ReferralCount:
            count = {"type": "object", "required": ["count"], "properties": {"count": INTEGER}}
            return {"anyOf": [count, INTEGER]}
        if not isinstance(kind, type) or not attrs.has(kind):
            raise TypeError(f"no schema for {kind!r}")
        name = kind.__name__
        if name not in self.named:
            self.named[name] = {}  # it may hold others of its own kind
            attrs.resolve_types(kind)
            fields = [field for field in attrs.fields(kind) if field.name != "extra"]
            schema: Json = {
                "type": "object",
                "description": (kind.__doc__ or "").partition("\n")[0],
                "properties": {field.name: self.of(field.type) for field in fields},
            }
            if required := [field.name for field in fields if field.default is attrs.NOTHING]:
                schema["required"] = required
            if not fields or issubclass(kind, Mapping):
                # What it holds is named by nobody (getMe) or by the user (items of lists).
                schema["additionalProperties"] = True
            self.named[name] = schema
        return {"$ref": f"#/components/schemas/{name}"}


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


_HEADER: Json = {
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


def document() -> dict[str, Any]:
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
            "parameters": {_HEADER["name"]: _HEADER},
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
        **_request_parts(row, schemas),
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
    if needs := _describe_one_of(row):
        operation["description"] = needs
    return {row.http_method.lower(): operation}


def _request_parts(row: Endpoint, schemas: Schemas) -> Json:
    """The ``parameters`` and the ``requestBody`` of an operation.

    Args:
        row: The method's row.
        schemas: Where the schemas of models go.
    """
    header: Json = {"$ref": f"#/components/parameters/{_HEADER['name']}"}
    if row.http_method == "GET" or row.parameters_in is ParametersIn.QUERY:
        in_query = [_in_query(row, parameter, schemas) for parameter in row.parameters]
        return {"parameters": [header, *in_query]}
    properties = {
        parameter.name: {
            **_in_body(_parameter_schema(row, parameter, schemas)),
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


def _describe_one_of(row: Endpoint) -> str:
    """Which sets of parameters a method needs one of, in words; empty where there are none."""
    sets = [" and ".join(names) for names in row.one_of]
    return f"Needs {', or '.join(sets)}." if sets else ""


def _in_query(row: Endpoint, parameter: Parameter, schemas: Schemas) -> Json:
    return {
        "name": parameter.name,
        "in": "query",
        "required": parameter.required,
        "schema": _parameter_schema(row, parameter, schemas),
        "description": parameter.about,
    }


def _in_body(schema: Json) -> Json:
    """JSON has truth values of its own, which the server takes as well."""
    return {"anyOf": [{"type": "boolean"}, _FLAG]} if schema == _FLAG else schema


def _parameter_schema(row: Endpoint, parameter: Parameter, schemas: Schemas) -> Json:
    name = parameter.name
    more = _MORE.get(f"{row.name}.{name}", _MORE.get(name, {}))
    schema = {**_KINDS[parameter.kind], **more}
    if parameter.kind is Kind.OBJECT and parameter.required:
        schema["minProperties"] = 1
    if name == "fields":
        schema["additionalProperties"] = schemas.of(ListField)
    return schema


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


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the document as JSON in UTF-8, whatever the terminal's encoding is.

    Args:
        arguments: The command line's, which takes none but ``--help``; None: this process's.
    """
    argparse.ArgumentParser(
        prog="python -m cleverapp_async.openapi",
        description="Print the API as an OpenAPI 3.1 document: JSON in UTF-8.",
    ).parse_args(arguments)
    text = json.dumps(document(), ensure_ascii=False, indent=1)
    sys.stdout.buffer.write(f"{text}\n".encode())


if __name__ == "__main__":
    main()
