"""The page on lists of the API docs: their schemas."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from attrs import asdict

from ..context import (
    NO_CHANNEL,
    Call,
    Channel,
    Context,
    Decision,
    Endpoint,
    Handler,
    bot_channel,
    no_channel,
    text_of,
)
from ..laravel.parameters import Parameters, Value, as_boolean, members, present
from ..laravel.rules import (
    EXISTS,
    UNIQUE,
    Errors,
    Rules,
    array,
    boolean,
    integer,
    matches,
    missing_row,
    one_of,
    required,
    say,
    short_text,
    string,
    validate,
)
from ..state.contact_values import OWN_NAMES
from ..state.records import SimulatedField, now

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..context import AnswerVariants
    from ..state.contact_values import ListSchema

TYPES: Final = ("string", "number", "bool", "contact")
"""The types seen on the page; a new field is of one of these (*assumed*)."""

_SLUG: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")

_FIELD_RULES: Final[Rules] = {
    "name": (required, *short_text),
    "type": (required, one_of(TYPES)),
    "is_required": (boolean,),
    "is_hidden": (boolean,),
    "is_encryptable": (boolean,),
}

SCHEMA_RULES: Final[Rules] = {"schema_id": (required, string)}

_CREATE_RULES: Final[Rules] = {
    "name": (required, *short_text),
    "fields": (required, array),
    "is_menu": (boolean,),
    "bot_id": (integer,),
}


def schema_channel(context: Context, parameters: Parameters) -> Channel:
    """Return the bot of the list that is named, if it belongs to one."""
    schema = context.state.lists.schema(text_of(parameters, "schema_id") or "")
    return NO_CHANNEL if schema is None else (schema.bot_id, None)


def of_schema(handle: Callable[[Call, ListSchema], Decision]) -> Handler:
    """Look up the list, refuse what may not be seen, then handle."""

    def handler(call: Call) -> Decision:
        schema = call.state.lists.schema(call.text("schema_id") or "")
        if schema is None:
            return call.missing()
        return call.refuse_bot() or handle(call, schema)

    return handler


def show_schema(schema: ListSchema, variants: AnswerVariants) -> dict[str, object]:
    """Give a list the shape of the page."""
    return {
        "id": schema.id,
        "fields": {slug: asdict(field) for slug, field in schema.fields.items()},
        "name": schema.name,
        "is_menu": schema.is_menu,
        "created_at": variants.date(schema.created_at),
        "updated_at": variants.date(schema.updated_at),
    }


def _read_field(slug: str, spec: Value, place: str) -> tuple[SimulatedField | None, Errors]:
    """Read the description of a field.

    Args:
        slug: Its slug: a letter, then letters, digits, ``-`` and ``_``; not a name that every item
            has anyhow (*assumed*).
        spec: Its description, an object.
        place: What errors are told of, such as ``fields.sku``.

    Returns:
        The field, or None and what is wrong.
    """
    described: Parameters = present(spec if isinstance(spec, dict) else {})
    rules = {
        place: (matches(_SLUG),),
        **{f"{place}.{name}": checks for name, checks in _FIELD_RULES.items()},
    }
    given = {place: slug, **{f"{place}.{name}": value for name, value in described.items()}}
    errors = validate(rules, given)
    if slug in OWN_NAMES:
        errors.setdefault(place, []).append(say(EXISTS, place))
    if errors:
        return None, errors
    flags = (as_boolean(described.get(name)) or False for name in tuple(_FIELD_RULES)[2:])
    return SimulatedField(str(described["name"]), str(described["type"]), *flags), {}


def _get_list_schemas(call: Call) -> Decision:
    variants = call.variants
    return call.answer_page(
        call.state.lists.schemas(), lambda schema: show_schema(schema, variants)
    )


def _get_list_schema(call: Call, schema: ListSchema) -> Decision:
    return call.answer(show_schema(schema, call.variants))


def _create_list_schema(call: Call) -> Decision:
    bot_id = call.integer("bot_id")
    if bot_id is not None and not call.state.contacts.has_bot(bot_id):
        return call.invalid(missing_row("bot_id"))
    refused = call.refuse_bot()
    if refused is not None:
        return refused
    errors: Errors = {}
    fields: dict[str, SimulatedField] = {}
    for slug, spec in members(call.parameters["fields"]).items():
        field, wrong = _read_field(slug, spec, f"fields.{slug}")
        errors.update(wrong)
        if field is not None:
            fields[slug] = field
    if errors:
        return call.invalid(errors)
    schema = call.state.lists.add_schema(
        call.text("name") or "",
        fields,
        is_menu=as_boolean(call.parameters.get("is_menu")) or False,
        bot_id=bot_id,
        moment=now(),
    )
    return call.answer(show_schema(schema, call.variants))


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
    field, errors = _read_field(slug, spec, "field")
    if field is None:
        return call.invalid(errors)
    schema.fields[slug] = field
    schema.updated_at = now()
    return call.answer(show_schema(schema, call.variants))


def _delete_list_schema_field(call: Call, schema: ListSchema) -> Decision:
    slug = call.text("slug") or ""
    if slug not in schema.fields:
        return call.invalid(missing_row("slug"))
    call.state.lists.delete_field(schema, slug)
    return call.succeed()


def _delete_list_schema(call: Call, schema: ListSchema) -> Decision:
    call.state.lists.delete_schema(schema)
    return call.succeed()


ENDPOINTS: Final = (
    Endpoint("getListSchemas", "GET", {}, no_channel, _get_list_schemas),
    Endpoint("getListSchema", "GET", SCHEMA_RULES, schema_channel, of_schema(_get_list_schema)),
    Endpoint("createListSchema", "POST", _CREATE_RULES, bot_channel, _create_list_schema),
    Endpoint(
        "addListSchemaField",
        "POST",
        {**SCHEMA_RULES, "field": (required, array)},
        schema_channel,
        of_schema(_add_list_schema_field),
    ),
    Endpoint(
        "deleteListSchemaField",
        "POST",
        {**SCHEMA_RULES, "slug": (required, string)},
        schema_channel,
        of_schema(_delete_list_schema_field),
    ),
    Endpoint(
        "deleteListSchema", "POST", SCHEMA_RULES, schema_channel, of_schema(_delete_list_schema)
    ),
)
