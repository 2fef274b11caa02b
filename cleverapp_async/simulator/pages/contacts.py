"""The pages «Контакты», «Теги» and «Пользовательские переменные» of the API docs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from attrs import evolve

from ..context import (
    CONTACT_RULES,
    PER_PAGE,
    Call,
    Decision,
    Endpoint,
    bot_channel,
    contact_channel,
    of_bot,
    of_contact,
)
from ..laravel.parameters import as_boolean, elements, parts
from ..laravel.rules import (
    COLUMN_LENGTH,
    Rules,
    all_of,
    array,
    at_least,
    at_most,
    boolean,
    email,
    integer,
    max_length,
    missing_row,
    required,
    required_if,
    required_without,
    scalar,
    short_text,
    string,
)
from ..state.contacts import ID_NAMES, WHATSAPP, phone_digits
from ..state.records import SimulatedContact, now

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from ..context import AnswerVariants, Context, Handler
    from ..state.contact_values import Variable

MAX_COUNT: Final = 500
"""Contacts on the largest page (API docs, «Контакты»)."""

MAX_STATUS: Final = 64
"""Characters of the longest Ysell status (WatBot's docs)."""

_LIST_RULES: Final[Rules] = {
    "date_from": (integer,),
    "date_to": (integer,),
    "count": (integer, at_least(1), at_most(MAX_COUNT)),
    "bot_id": (integer,),
    "with": (all_of(("tags", "variables")),),
}

_WRITE_RULES: Final[Rules] = {
    "bot_id": (required, integer),
    "messenger": (required, *short_text),
    "name": (required, *short_text),
    "phone": (required_if("messenger", WHATSAPP), *short_text),
    "telegram_id": (required_if("messenger", "telegram"), scalar, max_length(COLUMN_LENGTH)),
    "telegram_username": short_text,
    "viber_id": (scalar, max_length(COLUMN_LENGTH)),
    "vk_id": (scalar, max_length(COLUMN_LENGTH)),
    "email": (*short_text, email),
    "address": short_text,
    "tags": (array,),
    "tags.*": (required, *short_text),
}

_STATUS_RULES: Final[Rules] = {
    **CONTACT_RULES,
    "status": (required, string, max_length(MAX_STATUS)),
}


def show_contact(
    context: Context, contact: SimulatedContact, with_: Collection[str] = ()
) -> dict[str, object]:
    """Give a contact the shape of the page.

    Args:
        context: What is known.
        contact: A contact that is kept.
        with_: ``tags`` and ``variables`` are added when they are in it.
    """
    messenger = contact.messenger
    shown: dict[str, object] = {
        "id": contact.id,
        "bot_id": contact.bot_id,
        "phone": shown_phone(contact),
        "email": contact.email,
        "name": contact.name,
        "messenger": messenger,
    }
    own = ID_NAMES.get(messenger)
    if own is not None:
        shown[own] = contact.external_id or None
    if messenger == "telegram" or contact.telegram_username is not None:
        shown["telegram_username"] = contact.telegram_username
    shown.update(contact.other_ids)
    shown["address"] = contact.address
    shown["utm"] = None if contact.utm is None else dict(contact.utm)
    shown["created_at"] = context.variants.date(context.state.contacts.since(contact.id))
    if "tags" in with_:
        shown["tags"] = list(context.state.tags.of_contact(contact.id))
    if "variables" in with_:
        older = context.variants.variables == "older"
        shown["variables"] = [
            {"variable": {"name": one.name}, "value": one.value}
            if older
            else {"name": one.name, "value": one.value}
            for one in context.state.variables.of_contact(contact.id)
        ]
    return shown


def shown_phone(contact: SimulatedContact) -> str | None:
    """Return a contact's phone number: in WhatsApp also its external id is one."""
    if contact.phone is None and contact.messenger == WHATSAPP:
        return contact.external_id
    return contact.phone


def _get_contacts(call: Call) -> Decision:
    refused = call.refuse_bot()
    if refused is not None:
        return refused
    contacts = call.state.contacts
    with_ = parts(call.parameters.get("with", ""))

    def show(contact_id: int) -> object:
        return show_contact(call.context, contacts.kept(contact_id), with_)

    ids = contacts.listed(
        call.integer("bot_id"), call.integer("date_from"), call.integer("date_to")
    )
    return call.answer_page(ids, show, call.integer("count") or PER_PAGE)


def _create_or_update(call: Call, bot_id: int) -> Decision:
    contacts, messenger = call.state.contacts, call.text("messenger") or ""
    ids = {name: str(call.parameters[sent]) for sent, name in _SENT_IDS if sent in call.parameters}
    own = ids.pop(ID_NAMES.get(messenger, ""), "")
    phone = call.text("phone")
    external_id = phone_digits(phone or "") or phone or "" if messenger == WHATSAPP else own
    found = contacts.by_triple(bot_id, messenger, external_id or phone or "")
    before = found or SimulatedContact(0, bot_id, messenger, external_id)
    contact = evolve(
        before,
        external_id=external_id or before.external_id,
        name=call.text("name"),
        phone=phone or before.phone,
        email=call.text("email") or before.email,
        address=call.text("address") or before.address,
        telegram_username=call.text("telegram_username") or before.telegram_username,
        other_ids={**before.other_ids, **ids},
    )
    if found is None:
        contact = contacts.create(contact)
    else:
        contacts.replace(contact)
    for tag in elements(call.parameters.get("tags")):
        call.state.tags.attach(contact.id, bot_id, str(tag))
    return call.answer(show_contact(call.context, contact), created=found is None)


_SENT_IDS: Final = (
    ("telegram_id", "telegram_id"),
    ("viber_id", "viber_id"),
    ("vk_id", "vk_user_id"),
)


def _set_ysell_status(call: Call, contact: SimulatedContact) -> Decision:
    call.state.ysell_statuses[contact.id] = call.text("status") or ""
    return call.succeed()


_TAG_RULES: Final[Rules] = {
    **CONTACT_RULES,
    "tag_id": (required_without("name"), integer),
    "name": (required_without("tag_id"), *short_text),
}


def _get_bot_tags(call: Call, bot_id: int) -> Decision:
    return call.answer(list(call.state.tags.of_bot(bot_id)))


def _get_contact_tags(call: Call, contact: SimulatedContact) -> Decision:
    return call.answer(list(call.state.tags.of_contact(contact.id)))


def _of_tag(change: Callable[[Call, SimulatedContact, str], None]) -> Handler:
    """Look up the contact and the tag's name, then change what the contact has."""

    def handle(call: Call, contact: SimulatedContact) -> Decision:
        tag_id, name = call.integer("tag_id"), call.text("name")
        if tag_id is not None:
            name = call.state.tags.name(contact.bot_id, tag_id)
        if name is None:
            return call.invalid(missing_row("tag_id"))
        change(call, contact, name)
        return call.succeed()

    return of_contact(handle)


def _attach(call: Call, contact: SimulatedContact, name: str) -> None:
    call.state.tags.attach(contact.id, contact.bot_id, name)


def _detach(call: Call, contact: SimulatedContact, name: str) -> None:
    call.state.tags.detach(contact.id, name)


_SET_VARIABLE_RULES: Final[Rules] = {
    **CONTACT_RULES,
    "name": (required, *short_text),
    "value": (required, string),
    "deletable": (boolean,),
}

_DELETE_VARIABLE_RULES: Final[Rules] = {
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
    Endpoint("getContacts", "GET", _LIST_RULES, bot_channel, _get_contacts),
    Endpoint("createOrUpdateContact", "POST", _WRITE_RULES, bot_channel, of_bot(_create_or_update)),
    Endpoint(
        "setYsellStatus", "POST", _STATUS_RULES, contact_channel, of_contact(_set_ysell_status)
    ),
    Endpoint(
        "getBotTags", "GET", {"bot_id": (required, integer)}, bot_channel, of_bot(_get_bot_tags)
    ),
    Endpoint(
        "getContactTags", "GET", CONTACT_RULES, contact_channel, of_contact(_get_contact_tags)
    ),
    Endpoint("attachTagToContact", "POST", _TAG_RULES, contact_channel, _of_tag(_attach)),
    Endpoint("detachTagFromContact", "POST", _TAG_RULES, contact_channel, _of_tag(_detach)),
    Endpoint(
        "getContactVariables",
        "GET",
        CONTACT_RULES,
        contact_channel,
        of_contact(_get_contact_variables),
    ),
    Endpoint(
        "setContactVariable",
        "POST",
        _SET_VARIABLE_RULES,
        contact_channel,
        of_contact(_set_contact_variable),
    ),
    Endpoint(
        "deleteContactVariable",
        "POST",
        _DELETE_VARIABLE_RULES,
        contact_channel,
        of_contact(_delete_contact_variable),
    ),
)
