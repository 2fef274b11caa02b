"""The page on list items of sibling brands' docs."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from ..context import NO_CHANNEL, Call, Channel, Context, Decision, Endpoint, Handler, text_of
from ..laravel.parameters import (
    Parameters,
    Value,
    as_boolean,
    as_decimal,
    as_integer,
    members,
    present,
)
from ..laravel.rules import (
    EXISTS,
    IN,
    Errors,
    Rule,
    Rules,
    array,
    at_least,
    at_most,
    boolean,
    integer,
    numeric,
    required,
    say,
    string,
    validate,
)
from ..state.contact_values import OWN_NAMES, ListItem, ListSchema
from ..state.records import now
from .lists import SCHEMA_RULES, of_schema, schema_channel

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..context import AnswerVariants
    from ..state.contacts import ContactStore
    from ..state.records import SimulatedField

MAX_LIMIT: Final = 500
"""Items on the largest page (*assumed*: as contacts)."""

DEFAULT_LIMIT: Final = 100
"""Items on a page where the request does not say (*assumed*)."""

_TYPE_RULES: Final[Mapping[str, Rule]] = {
    "string": string,
    "number": numeric,
    "bool": boolean,
    "contact": integer,
}

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


def _item_channel(context: Context, parameters: Parameters) -> Channel:
    item = context.state.lists.item(text_of(parameters, "item_id") or "")
    if item is None:
        return NO_CHANNEL
    schema = context.state.lists.schema(item.schema_id)
    return NO_CHANNEL if schema is None else (schema.bot_id, None)


def _of_item(handle: Callable[[Call, ListItem, ListSchema], Decision]) -> Handler:
    def handler(call: Call) -> Decision:
        lists = call.state.lists
        item = lists.item(call.text("item_id") or "")
        schema = None if item is None else lists.schema(item.schema_id)
        if item is None or schema is None or call.text("schema_id") not in {None, schema.id}:
            return call.missing()
        return call.refuse_bot() or handle(call, item, schema)

    return handler


def show_item(schema: ListSchema, variants: AnswerVariants, item: ListItem) -> dict[str, object]:
    """Give an item the flat shape of the page; a missing value is null."""
    return {
        "id": item.id,
        **{slug: item.values.get(slug) for slug in schema.fields},
        "created_at": variants.date(item.created_at),
        "updated_at": variants.date(item.updated_at),
    }


def _read_values(
    fields: Mapping[str, SimulatedField], data: Parameters, contacts: ContactStore, *, whole: bool
) -> tuple[dict[str, object], Errors]:
    """Read an item's values.

    Args:
        fields: The list's fields.
        data: The values by slug; null means that there is no value.
        contacts: Finds contacts.
        whole: Whether values that are required must be there: not in an update, which only
            may not take them away.

    Returns:
        The values, and what is wrong with them.
    """
    values: dict[str, object] = {}
    errors: Errors = {}
    for slug, value in data.items():
        place = f"data.{slug}"
        field = fields.get(slug)
        if field is None:
            errors[place] = [say(EXISTS, place)]
            continue
        given = present({place: value})
        rules: tuple[Rule, ...] = (required,) if field.is_required else ()
        if field.type in _TYPE_RULES:
            rules = (*rules, _TYPE_RULES[field.type])
        errors.update(validate({place: rules}, given))
        values[slug] = _canonical(field, value)
        if field.type == "contact" and place not in errors and given:
            contact_id = as_integer(value)
            if contact_id is None or contacts.obtain(contact_id) is None:
                errors[place] = [say(EXISTS, place)]
    if whole:
        for slug, field in fields.items():
            if field.is_required and slug not in data:
                errors.update(validate({f"data.{slug}": (required,)}, {}))
    return values, errors


def _canonical(field: SimulatedField, value: Value) -> object:
    """Return the one form in which a value of a field is kept and compared.

    Args:
        field: The field.
        value: A value from a query, a form or JSON; one that does not fit stays as it is.
    """
    if field.type == "contact":
        number = as_integer(value)
        return value if number is None else number
    if field.type == "bool":
        truth = as_boolean(value)
        return value if truth is None else truth
    if field.type == "number":
        return _number(value)
    return value


def _number(value: Value) -> object:
    exact = as_decimal(value)
    if exact is None:
        return value
    whole = as_integer(value)
    if whole is not None:
        return whole
    rounded = float(exact)
    return rounded if abs(rounded) < float("inf") else value


def _get_list_items(call: Call, schema: ListSchema) -> Decision:
    errors: Errors = {}
    keep: list[Callable[[ListItem], bool]] = []
    for slug, value in members(call.parameters.get("filters")).items():
        if slug not in schema.fields:
            errors[f"filters.{slug}"] = [say(EXISTS, f"filters.{slug}")]
            continue
        keep.append(partial(_equals, slug, _canonical(schema.fields[slug], value)))
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
    items = [item for item in call.state.lists.items(schema) if all(test(item) for test in keep)]
    if order_by is not None:
        items.sort(key=partial(_rank, field), reverse=direction == "desc")
    show = partial(show_item, schema, call.variants)
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
    contacts = call.state.contacts
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
    state = call.state
    values, errors = _read_values(
        schema.fields, members(call.parameters.get("data")), state.contacts, whole=True
    )
    if errors:
        return call.invalid(errors)
    item = state.lists.add_item(schema, values, now())
    return call.answer(show_item(schema, call.variants, item), created=True)


def _update_list_item(call: Call, item: ListItem, schema: ListSchema) -> Decision:
    contacts = call.state.contacts
    values, errors = _read_values(
        schema.fields, members(call.parameters.get("data")), contacts, whole=False
    )
    if errors:
        return call.invalid(errors)
    item.values.update(values)
    item.updated_at = now()
    return call.answer(show_item(schema, call.variants, item))


def _delete_list_item(call: Call, item: ListItem, schema: ListSchema) -> Decision:
    del schema
    call.state.lists.delete_item(item)
    return call.succeed()


ENDPOINTS: Final = (
    Endpoint("getListItems", "POST", _LIST_RULES, schema_channel, of_schema(_get_list_items)),
    Endpoint("addListItem", "POST", _ADD_RULES, schema_channel, of_schema(_add_list_item)),
    Endpoint("updateListItem", "POST", _UPDATE_RULES, _item_channel, _of_item(_update_list_item)),
    Endpoint("deleteListItem", "POST", _ITEM_RULES, _item_channel, _of_item(_delete_list_item)),
)
