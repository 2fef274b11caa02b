"""The page on list items of sibling brands' docs."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from .endpoints import NO_ROUTE, Call, Decision, Endpoint, Route, World, text_of
from .fields import canonical, read_values
from .laravel.rules import (
    EXISTS,
    IN,
    Errors,
    Rules,
    array,
    at_least,
    at_most,
    integer,
    required,
    say,
    string,
)
from .lists import SCHEMA_RULES, of_schema, schema_route
from .state.clock import now
from .state.lists import OWN_NAMES, ListItem, ListSchema

if TYPE_CHECKING:
    from collections.abc import Callable

    from .addressing import Handle
    from .laravel.parameters import Parameters, Value
    from .shapes import Shapes

MAX_LIMIT: Final = 500
"""Items on the largest page (*assumed*: as contacts)."""

DEFAULT_LIMIT: Final = 100
"""Items on a page where the request does not say (*assumed*)."""

_LIST_RULES: Final[Rules] = {
    **SCHEMA_RULES,
    "bot_id": (integer,),
    "contact_id": (integer,),
    "order_by": (string,),
    "filters": (array,),
    "limit": (integer, at_least(1), at_most(MAX_LIMIT)),
}

_ADD_RULES: Final[Rules] = {**SCHEMA_RULES, "data": (required, array)}

_ITEM_RULES: Final[Rules] = {"item_id": (required, string)}

_UPDATE_RULES: Final[Rules] = {
    **_ITEM_RULES,
    "data": (required, array),
    "schema_id": (string,),
}


def _item_route(world: World, parameters: Parameters) -> Route:
    item = world.state.lists.item(text_of(parameters, "item_id") or "")
    if item is None:
        return NO_ROUTE
    schema = world.state.lists.schema(item.schema_id)
    return NO_ROUTE if schema is None else (schema.bot_id, None)


def _of_item(handle: Callable[[Call, ListItem, ListSchema], Decision]) -> Handle:
    def handler(call: Call) -> Decision:
        lists = call.world.state.lists
        item = lists.item(call.text("item_id") or "")
        schema = None if item is None else lists.schema(item.schema_id)
        if item is None or schema is None or call.text("schema_id") not in {None, schema.id}:
            return call.missing()
        return call.refuse_bot() or handle(call, item, schema)

    return handler


def show_item(schema: ListSchema, shapes: Shapes, item: ListItem) -> dict[str, object]:
    """Give an item the flat shape of the page; a value it has not is null."""
    return {
        "id": item.id,
        **{slug: item.values.get(slug) for slug in schema.fields},
        "created_at": shapes.date(item.created_at),
        "updated_at": shapes.date(item.updated_at),
    }


def _data(call: Call, name: str) -> dict[str, Value]:
    value = call.parameters.get(name)
    if isinstance(value, list):
        return {str(index): element for index, element in enumerate(value)}
    return value if isinstance(value, dict) else {}


def _get_list_items(call: Call, schema: ListSchema) -> Decision:
    errors: Errors = {}
    keep: list[Callable[[ListItem], bool]] = []
    for slug, value in _data(call, "filters").items():
        if slug not in schema.fields:
            errors[f"filters.{slug}"] = [say(EXISTS, f"filters.{slug}")]
            continue
        keep.append(partial(_equals, slug, canonical(schema.fields[slug], value)))
    order_by = call.text("order_by")
    field, _, direction = (order_by or "id").partition(",")
    if field not in schema.fields and field not in OWN_NAMES:
        errors["order_by"] = [say(EXISTS, "order_by")]
    elif direction not in {"", "asc", "desc"}:
        errors["order_by"] = [say(IN, "order_by")]
    if errors:
        return call.invalid(errors)
    contact_id, bot_id = call.integer("contact_id"), call.integer("bot_id")
    if contact_id is not None:
        keep.append(lambda item: contact_id in _contacts(schema, item))
    if bot_id is not None and schema.bot_id != bot_id:
        keep.append(partial(_of_bot, call, schema, bot_id))
    items = [
        item for item in call.world.state.lists.items(schema) if all(test(item) for test in keep)
    ]
    if order_by is not None:
        items.sort(key=partial(_rank, field), reverse=direction == "desc")
    show = partial(show_item, schema, call.world.shapes)
    return call.answer_page(items, show, call.integer("limit") or DEFAULT_LIMIT)


def _equals(slug: str, wanted: object, item: ListItem) -> bool:
    value = item.values.get(slug)
    return value == wanted and isinstance(value, bool) == isinstance(wanted, bool)


def _contacts(schema: ListSchema, item: ListItem) -> set[object]:
    values = (
        item.values.get(slug) for slug, field in schema.fields.items() if field.type == "contact"
    )
    return {value for value in values if isinstance(value, int)}


def _of_bot(call: Call, schema: ListSchema, bot_id: int, item: ListItem) -> bool:
    contacts = call.world.state.contacts
    found = (contacts.by_id(one) for one in _contacts(schema, item) if isinstance(one, int))
    return any(contact is not None and contact.bot_id == bot_id for contact in found)


def _rank(field: str, item: ListItem) -> tuple[int, float | int, str]:
    """Order what is absent before numbers, and numbers before texts."""
    if field in OWN_NAMES:
        own = {"id": item.id, "created_at": item.created_at, "updated_at": item.updated_at}
        value: object = own[field]
    else:
        value = item.values.get(field)
    if value is None:
        return 0, 0, ""
    if isinstance(value, (int, float)):
        return 1, value, ""
    return 2, 0, str(value)


def _add_list_item(call: Call, schema: ListSchema) -> Decision:
    state = call.world.state
    values, errors = read_values(schema.fields, _data(call, "data"), state.contacts, whole=True)
    if errors:
        return call.invalid(errors)
    item = state.lists.add_item(schema, values, now())
    return call.answer(show_item(schema, call.world.shapes, item), created=True)


def _update_list_item(call: Call, item: ListItem, schema: ListSchema) -> Decision:
    contacts = call.world.state.contacts
    values, errors = read_values(schema.fields, _data(call, "data"), contacts, whole=False)
    if errors:
        return call.invalid(errors)
    item.values.update(values)
    item.updated_at = now()
    return call.answer(show_item(schema, call.world.shapes, item))


def _delete_list_item(call: Call, item: ListItem, schema: ListSchema) -> Decision:
    del schema
    call.world.state.lists.delete_item(item)
    return call.answer_bare({"success": True})


ENDPOINTS: Final = (
    Endpoint("getListItems", "POST", _LIST_RULES, schema_route, of_schema(_get_list_items)),
    Endpoint("addListItem", "POST", _ADD_RULES, schema_route, of_schema(_add_list_item)),
    Endpoint("updateListItem", "POST", _UPDATE_RULES, _item_route, _of_item(_update_list_item)),
    Endpoint("deleteListItem", "POST", _ITEM_RULES, _item_route, _of_item(_delete_list_item)),
)
