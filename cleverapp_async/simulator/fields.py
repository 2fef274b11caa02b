"""The fields of a list's schema, and the values that its items may have."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from .laravel.parameters import Parameters, Value, as_boolean, as_decimal, as_integer, present
from .laravel.rules import (
    EXISTS,
    Errors,
    Rule,
    Rules,
    boolean,
    integer,
    matches,
    max_length,
    numeric,
    one_of,
    required,
    say,
    string,
    validate,
)
from .state.lists import OWN_NAMES
from .state.records import SimulatedField

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .state.contacts import ContactStore

TYPES: Final = ("string", "number", "bool", "contact")
"""The types seen on the page; a new field is of one of these (*assumed*)."""

MAX_NAME: Final = 255
"""Characters of the longest name (*assumed*: Laravel's default column)."""

_SLUG: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")
_SLUG_RULES: Final = (matches(_SLUG),)

_RULES: Final[Rules] = {
    "name": (required, string, max_length(MAX_NAME)),
    "type": (required, one_of(TYPES)),
    "is_required": (boolean,),
    "is_hidden": (boolean,),
    "is_encryptable": (boolean,),
}

_TYPE_RULES: Final[Mapping[str, Rule]] = {
    "string": string,
    "number": numeric,
    "bool": boolean,
    "contact": integer,
}


def read_field(slug: str, spec: Value, place: str) -> tuple[SimulatedField | None, Errors]:
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
    rules = {place: _SLUG_RULES, **{f"{place}.{name}": checks for name, checks in _RULES.items()}}
    given = {place: slug, **{f"{place}.{name}": value for name, value in described.items()}}
    errors = validate(rules, given)
    if slug in OWN_NAMES:
        errors.setdefault(place, []).append(say(EXISTS, place))
    if errors:
        return None, errors
    flags = (as_boolean(described.get(name)) or False for name in tuple(_RULES)[2:])
    return SimulatedField(str(described["name"]), str(described["type"]), *flags), {}


def read_values(
    fields: Mapping[str, SimulatedField], data: Parameters, contacts: ContactStore, *, whole: bool
) -> tuple[dict[str, object], Errors]:
    """Read an item's values.

    Args:
        fields: The list's fields.
        data: The values by slug; null is no value.
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
        values[slug] = canonical(field, value)
        if field.type == "contact" and place not in errors and given:
            contact_id = as_integer(value)
            if contact_id is None or contacts.obtain(contact_id) is None:
                errors[place] = [say(EXISTS, place)]
    if whole:
        for slug, field in fields.items():
            if field.is_required and slug not in data:
                errors.update(validate({f"data.{slug}": (required,)}, {}))
    return values, errors


def canonical(field: SimulatedField, value: Value) -> object:
    """Give the one form in which a value of a field is kept and compared.

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
