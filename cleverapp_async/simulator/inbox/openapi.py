"""The inbox's HTTP API as an OpenAPI 3.1 document, from its table of routes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, get_args

from ..limits import WINDOW_KINDS
from ..request_log import ArrivalVerdict
from .entries import Json, Kind
from .routes import Parameter, Route
from .specs import FAULT_KINDS, FAULTS

_TEXT: Final[Json] = {"type": "string"}
_INTEGER: Final[Json] = {"type": "integer"}
_NUMBER: Final[Json] = {"type": "number"}
_FLAG: Final[Json] = {"type": "boolean"}
_TEXT_OR_NULL: Final[Json] = {"type": ["string", "null"]}
_INTEGER_OR_NULL: Final[Json] = {"type": ["integer", "null"]}
_DATE: Final[Json] = {"type": "string", "format": "date-time"}


def _of(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def _list(items: Json, **more: object) -> Json:
    return {"type": "array", "items": items, **more}


def _object(
    properties: Mapping[str, Json], optional: Iterable[str] = (), about: str | None = None
) -> Json:
    left_out = set(optional)
    schema: Json = {
        "type": "object",
        "properties": dict(properties),
        "required": [name for name in properties if name not in left_out],
        "additionalProperties": False,
    }
    return schema if about is None else {**schema, "description": about}


def _or_null(schema: Json) -> Json:
    return {"anyOf": [schema, {"type": "null"}]}


_QUOTA: Final = _or_null(_of("Quota"))

_ROW: Final[Mapping[str, Json]] = {
    "id": {**_INTEGER, "description": "Grows with each message."},
    "at": _DATE,
    "kind": {"enum": list(get_args(Kind))},
    "method": {**_TEXT, "description": "The API's method; empty where there was none."},
    "bot_id": _INTEGER_OR_NULL,
    "messenger": _TEXT_OR_NULL,
    "to": {**_TEXT_OR_NULL, "description": "Whom it names, as it was written."},
    "contact_id": _INTEGER_OR_NULL,
    "name": {**_TEXT_OR_NULL, "description": "The contact's name, where it is known."},
    "text": {**_TEXT, "description": "In a list at most 200 characters of it."},
    "attached": {"enum": ["image", "file", None]},
    "verdict": {"enum": list(get_args(ArrivalVerdict))},
    "status": {**_INTEGER_OR_NULL, "description": "The status that was answered."},
    "fault": {**_TEXT_OR_NULL, "description": "The kind of the fault that struck it."},
    "taken": {**_FLAG, "description": "Whether it would be delivered."},
}

_TRANSFER: Final[Mapping[str, Json]] = {
    "headers": _list(_list(_TEXT, minItems=2, maxItems=2)),
    "body": _TEXT,
    "size": {**_INTEGER, "description": "Bytes of the whole body."},
}

_STRIP: Final[Mapping[str, Json]] = {
    "windows": _list(_of("Window")),
    "arrivals": _INTEGER,
    "refused": _INTEGER,
    "marks": _list(
        {"type": "array", "prefixItems": [_NUMBER, _FLAG], "minItems": 2, "maxItems": 2},
        description="Seconds ago, and whether a limit refused it.",
    ),
}

_CONTACT: Final[Mapping[str, Json]] = {
    "id": _INTEGER,
    "bot_id": _INTEGER,
    "messenger": _TEXT,
    "external_id": _TEXT,
    "phone": _TEXT_OR_NULL,
    "name": _TEXT_OR_NULL,
    "email": _TEXT_OR_NULL,
    "tags": _list(_TEXT),
    "variables": _list(_of("Variable")),
    "created_at": {**_TEXT_OR_NULL, "format": "date-time"},
}

_FAULT: Final[Json] = {
    "type": "object",
    "required": ["kind"],
    "properties": {
        "kind": {"enum": list(FAULT_KINDS)},
        "taken": {**_FLAG, "description": "Whether the message is taken before things go wrong."},
        "on": {**_INTEGER, "minimum": 1, "description": "Only the request of this number."},
        "every": {**_INTEGER, "minimum": 1, "description": "Every so many requests."},
        "probability": {**_NUMBER, "minimum": 0, "maximum": 1},
        "endpoint": {**_TEXT, "description": "Only requests of this method."},
        "times": {**_INTEGER, "minimum": 1, "description": "At most so many."},
    },
    "additionalProperties": True,
    "description": "What goes wrong, and with which requests; further members are those of its "
    "kind, as the simulator's documentation names them.",
}

_SCHEMAS: Final[Mapping[str, Json]] = {
    "Error": _object(
        {"error": _TEXT, "place": {**_TEXT, "description": "Which part of the request is wrong."}}
    ),
    "Nothing": _object({}),
    "Ready": _object({"ready": {"const": True}, "base_url": _TEXT, "kept": _INTEGER}),
    "Row": _object(_ROW),
    "Messages": _object({"messages": _list(_of("Row")), "more": _FLAG}),
    "Window": _object(
        {
            "limit": _INTEGER,
            "period": {**_NUMBER, "description": "Seconds."},
            "used": _INTEGER,
            "free_in": _list(
                _NUMBER, description="Seconds until slots in use are free, the soonest first."
            ),
        }
    ),
    "Request": _object(
        {
            "method": _TEXT,
            "target": _TEXT,
            "version": _TEXT,
            **_TRANSFER,
            "withheld": {"enum": ["long", "secret", None]},
        },
        about="As it came; the token is struck.",
    ),
    "Answer": _object({"status": _INTEGER, **_TRANSFER}),
    "Message": _object(
        {
            **_ROW,
            "image": {"description": "As it was sent; nobody fetches it."},
            "file": {"description": "As it was sent; nobody fetches it."},
            "parameters": {"type": "object", "additionalProperties": True},
            "why": {**_TEXT_OR_NULL, "description": "Why it was not accepted."},
            "errors": {
                "type": "object",
                "additionalProperties": True,
                "description": "The texts of a failed validation by field.",
            },
            "request": _or_null(_of("Request")),
            "answer": _or_null(_of("Answer")),
            "key_window": _or_null(_of("Window")),
            "account_windows": _list(_of("Window")),
        }
    ),
    "Events": {"type": "string", "description": "Server-sent events."},
    "Keys": _object(
        {
            "seconds": _NUMBER,
            "account": _object(_STRIP),
            "keys": _list(
                _object({"method": _TEXT, "bot_id": _INTEGER, "messenger": _TEXT, **_STRIP})
            ),
            "left_out": {**_INTEGER, "description": "Keys that are not told, the silent ones."},
        }
    ),
    "Variable": _object(
        {"name": _TEXT, "value": _TEXT, "deletable": _FLAG, "id": _INTEGER_OR_NULL}
    ),
    "Contact": _object(_CONTACT),
    "Contacts": _object(
        {
            "contacts": _list(_of("Contact")),
            "next_id": {**_INTEGER_OR_NULL, "description": "The next `after_id`; null at the end."},
        }
    ),
    "NewContact": {
        "type": "object",
        "required": ["bot_id", "messenger"],
        "properties": {
            "id": {**_INTEGER, "minimum": 1},
            "bot_id": {**_INTEGER, "minimum": 1},
            "messenger": {**_TEXT, "minLength": 1},
            "external_id": {
                **_TEXT,
                "minLength": 1,
                "description": "The id in the messenger; needed unless `telegram_id`, `viber_id`, "
                "`vk_user_id` or, in WhatsApp, `phone` tells it.",
            },
            "phone": _TEXT,
            "name": _TEXT,
            "tags": _list(_TEXT),
            "variables": _list(
                {"type": "object", "required": ["name", "value"], "additionalProperties": True}
            ),
        },
        "additionalProperties": True,
        "description": "A contact as a seed file holds it.",
    },
    "Writing": _object({"text": {**_TEXT, "minLength": 1, "maxLength": 4096}}),
    "Fault": _FAULT,
    "Faults": _object({"faults": _list(_of("Fault"), maxItems=FAULTS)}),
    "ArmedFaults": _object({"faults": _list(_of("Fault")), "struck": _list(_INTEGER)}),
    "Latency": _object(
        {
            "latency": {
                **_TEXT,
                "description": "Of each way: `none`, `50ms`, `20ms-80ms` or `lognormal:50ms:1.0`.",
            }
        }
    ),
    "Quota": _object(
        {
            "limit": {**_INTEGER, "minimum": 1},
            "seconds": {**_NUMBER, "exclusiveMinimum": 0, "maximum": 86_400},
        }
    ),
    "Limits": _object(
        {
            "window": {"enum": list(WINDOW_KINDS)},
            "limits": _object(
                {
                    "messengers": _or_null({"type": "object", "additionalProperties": _QUOTA}),
                    "other_messengers": _QUOTA,
                    "whatsapp_direct": _QUOTA,
                    "account": _or_null(_list(_of("Quota"))),
                }
            ),
        },
        about="null switches a limit off.",
    ),
}

_ABOUT: Final = """\
What reached a simulator of the CleverApp API, and what is set there. There is no password: it \
is reached from this machine alone unless it was asked for otherwise, by its own names, and by no \
page of another site. A body needs `Content-Type: application/json`.\
"""


def document(routes: Iterable[Route]) -> Json:
    """Describe the routes, as plain JSON values."""
    paths: dict[str, Json] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {"title": "The simulator's inbox", "version": "1", "description": _ABOUT},
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {"schemas": dict(_SCHEMAS)},
    }


def _operation(route: Route) -> Json:
    streams = route.answer == "Events"
    kind = "text/event-stream" if streams else "application/json"
    errors = {400: "A part of the request is wrong.", 403: "Not from here.", **route.errors}
    if route.body is not None:
        errors |= {413: "The body is too large.", 415: "The body is not JSON."}
    responses: Json = {
        str(route.status): {
            "description": "Done.",
            "content": {kind: {"schema": _of(route.answer)}},
        },
        **{
            str(status): {
                "description": about,
                "content": {"application/json": {"schema": _of("Error")}},
            }
            for status, about in sorted(errors.items())
        },
    }
    operation: Json = {
        "operationId": route.name,
        "summary": route.about,
        "parameters": [_parameter(one) for one in route.parameters],
        "responses": responses,
    }
    if "{id}" in route.path:
        in_path: Json = {
            "name": "id",
            "in": "path",
            "required": True,
            "schema": {**_INTEGER, "minimum": 0, "maximum": 10**18 - 1},
        }
        operation["parameters"] = [in_path, *map(_parameter, route.parameters)]
    if route.body is not None:
        content = {"application/json": {"schema": _of(route.body)}}
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _parameter(one: Parameter) -> Json:
    schema: Json = {"type": one.type}
    if one.type == "string":
        schema["maxLength"] = one.most
    else:
        schema |= {"minimum": one.least, "maximum": one.most}
    if one.default is not None:
        schema["default"] = one.default
    return {"name": one.name, "in": "query", "description": one.about, "schema": schema}
