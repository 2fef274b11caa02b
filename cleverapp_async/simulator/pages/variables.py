"""The page on variables of the API docs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..context import Call, Decision, Endpoint
from ..laravel.parameters import as_boolean
from ..laravel.rules import (
    Rules,
    boolean,
    integer,
    missing_row,
    required,
    required_without,
    short_text,
    string,
)
from ..state.records import now
from .lookups import CONTACT_RULES, contact_channel, of_contact

if TYPE_CHECKING:
    from ..context import AnswerVariants
    from ..state.records import SimulatedContact
    from ..state.variables import Variable

_SET_RULES: Final[Rules] = {
    **CONTACT_RULES,
    "name": (required, *short_text),
    "value": (required, string),
    "deletable": (boolean,),
}

_DELETE_RULES: Final[Rules] = {
    **CONTACT_RULES,
    "id": (required_without("name"), integer),
    "name": (required_without("id"), string),
}


def show_variable(variable: Variable, variants: AnswerVariants) -> dict[str, object]:
    """Give a variable the shape of CleverApp's page, or of a sibling's older one."""
    if variants.variables == "current":
        return {
            "id": variable.id,
            "name": variable.name,
            "value": variable.value,
            "deletable": variable.deletable,
            "variable": {"id": variable.id, "name": variable.name},
        }
    return {
        "id": variable.id,
        "value": variable.value,
        "deletable": variable.deletable,
        "variable": {"name": variable.name},
        "created_at": variants.date(variable.created_at),
        "updated_at": variants.date(variable.updated_at),
    }


def _get_contact_variables(call: Call, contact: SimulatedContact) -> Decision:
    variants = call.variants
    variables = tuple(call.state.variables.of_contact(contact.id))

    def show(variable: Variable) -> object:
        return show_variable(variable, variants)

    if variants.variables == "older":
        return call.answer_page(variables, show)
    return call.answer([show(variable) for variable in variables])


def _set_contact_variable(call: Call, contact: SimulatedContact) -> Decision:
    variables, name = call.state.variables, call.text("name") or ""
    created = variables.get(contact.id, name) is None
    variable = variables.put(
        contact.id,
        contact.bot_id,
        name,
        call.text("value") or "",
        deletable=as_boolean(call.parameters.get("deletable")) or False,
        moment=now(),
    )
    return call.answer(show_variable(variable, call.variants), created=created)


def _delete_contact_variable(call: Call, contact: SimulatedContact) -> Decision:
    variables = call.state.variables
    number, name = call.integer("id"), call.text("name") or ""
    if number is not None:
        variable = variables.find(contact.id, number)
    else:
        variable = variables.get(contact.id, name)
    if variable is None:
        return call.invalid(missing_row("name" if number is None else "id"))
    variables.delete(contact.id, variable.name)
    return call.succeed()


ENDPOINTS: Final = (
    Endpoint(
        "getContactVariables",
        "GET",
        CONTACT_RULES,
        contact_channel,
        of_contact(_get_contact_variables),
    ),
    Endpoint(
        "setContactVariable", "POST", _SET_RULES, contact_channel, of_contact(_set_contact_variable)
    ),
    Endpoint(
        "deleteContactVariable",
        "POST",
        _DELETE_RULES,
        contact_channel,
        of_contact(_delete_contact_variable),
    ),
)
