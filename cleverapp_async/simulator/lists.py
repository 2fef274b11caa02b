"""The page on lists of the API docs: their schemas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .addressing import Handle, bot_route, no_route
from .endpoints import NO_ROUTE, Call, Decision, Endpoint, Route, World, text_of
from .fields import MAX_NAME, read_field
from .laravel.parameters import as_boolean
from .laravel.rules import (
    UNIQUE,
    Errors,
    Rules,
    array,
    boolean,
    integer,
    max_length,
    missing_row,
    required,
    say,
    string,
)
from .state.clock import now

if TYPE_CHECKING:
    from collections.abc import Callable

    from .laravel.parameters import Parameters, Value
    from .shapes import Shapes
    from .state.lists import ListSchema
    from .state.records import SimulatedField

SCHEMA_RULES: Final[Rules] = {"schema_id": (required, string)}

_CREATE_RULES: Final[Rules] = {
    "name": (required, string, max_length(MAX_NAME)),
    "fields": (required, array),
    "is_menu": (boolean,),
    "bot_id": (integer,),
}


def schema_route(world: World, parameters: Parameters) -> Route:
    """Give the bot of the list that is named, if it belongs to one."""
    schema = world.state.lists.schema(text_of(parameters, "schema_id") or "")
    return NO_ROUTE if schema is None else (schema.bot_id, None)


def of_schema(handle: Callable[[Call, ListSchema], Decision]) -> Handle:
    """Look up the list, refuse what may not be seen, then handle."""

    def handler(call: Call) -> Decision:
        schema = call.world.state.lists.schema(call.text("schema_id") or "")
        if schema is None:
            return call.missing()
        return call.refuse_bot() or handle(call, schema)

    return handler


def show_schema(schema: ListSchema, shapes: Shapes) -> dict[str, object]:
    """Give a list the shape of the page."""
    return {
        "id": schema.id,
        "fields": {
            slug: {
                "name": field.name,
                "type": field.type,
                "is_required": field.is_required,
                "is_hidden": field.is_hidden,
                "is_encryptable": field.is_encryptable,
            }
            for slug, field in schema.fields.items()
        },
        "name": schema.name,
        "is_menu": schema.is_menu,
        "created_at": shapes.date(schema.created_at),
        "updated_at": shapes.date(schema.updated_at),
    }


def _get_list_schemas(call: Call) -> Decision:
    shapes = call.world.shapes
    return call.answer_page(
        call.world.state.lists.schemas(), lambda schema: show_schema(schema, shapes)
    )


def _get_list_schema(call: Call, schema: ListSchema) -> Decision:
    return call.answer(show_schema(schema, call.world.shapes))


def _create_list_schema(call: Call) -> Decision:
    bot_id = call.integer("bot_id")
    if bot_id is not None and not call.world.state.contacts.has_bot(bot_id):
        return call.invalid(missing_row("bot_id"))
    refused = call.refuse_bot()
    if refused is not None:
        return refused
    specs = call.parameters["fields"]
    errors: Errors = {}
    fields: dict[str, SimulatedField] = {}
    for slug, spec in _by_slug(specs).items():
        field, wrong = read_field(slug, spec, f"fields.{slug}")
        errors.update(wrong)
        if field is not None:
            fields[slug] = field
    if errors:
        return call.invalid(errors)
    schema = call.world.state.lists.add_schema(
        call.text("name") or "",
        fields,
        is_menu=as_boolean(call.parameters.get("is_menu")) or False,
        bot_id=bot_id,
        moment=now(),
    )
    return call.answer(show_schema(schema, call.world.shapes))


def _by_slug(specs: Value) -> dict[str, Value]:
    if isinstance(specs, list):
        return {str(index): spec for index, spec in enumerate(specs)}
    return specs if isinstance(specs, dict) else {}


def _add_list_schema_field(call: Call, schema: ListSchema) -> Decision:
    spec = call.parameters["field"]
    described = spec if isinstance(spec, dict) else {}
    slug: Value = described.get("slug")
    if slug is None and len(described) == 1:
        ((slug, spec),) = described.items()
    if not isinstance(slug, str):
        return call.invalid({"field.slug": [required("field.slug", {}) or ""]})
    if slug in schema.fields:
        return call.invalid({"field.slug": [say(UNIQUE, "field.slug")]})
    field, errors = read_field(slug, spec, "field")
    if field is None:
        return call.invalid(errors)
    schema.fields[slug] = field
    schema.updated_at = now()
    return call.answer(show_schema(schema, call.world.shapes))


def _delete_list_schema_field(call: Call, schema: ListSchema) -> Decision:
    slug = call.text("slug") or ""
    if slug not in schema.fields:
        return call.invalid(missing_row("slug"))
    call.world.state.lists.delete_field(schema, slug)
    return call.answer_bare({"success": True})


def _delete_list_schema(call: Call, schema: ListSchema) -> Decision:
    call.world.state.lists.delete_schema(schema)
    return call.answer_bare({"success": True})


ENDPOINTS: Final = (
    Endpoint("getListSchemas", "GET", {}, no_route, _get_list_schemas),
    Endpoint("getListSchema", "GET", SCHEMA_RULES, schema_route, of_schema(_get_list_schema)),
    Endpoint("createListSchema", "POST", _CREATE_RULES, bot_route, _create_list_schema),
    Endpoint(
        "addListSchemaField",
        "POST",
        {**SCHEMA_RULES, "field": (required, array)},
        schema_route,
        of_schema(_add_list_schema_field),
    ),
    Endpoint(
        "deleteListSchemaField",
        "POST",
        {**SCHEMA_RULES, "slug": (required, string)},
        schema_route,
        of_schema(_delete_list_schema_field),
    ),
    Endpoint(
        "deleteListSchema", "POST", SCHEMA_RULES, schema_route, of_schema(_delete_list_schema)
    ),
)
