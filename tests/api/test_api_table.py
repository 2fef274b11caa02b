from __future__ import annotations

import inspect

import pytest

from cleverapp_async import CallOptions, CleverAppClient
from cleverapp_async.endpoints import ENDPOINTS
from tests.api.samples import CALLS

NAMES = {
    "sendMessage": "send_message",
    "sendMessageToWhatsApp": "send_message_to_whatsapp",
    "sendMessageToQueue": "send_message_to_queue",
    "getMe": "get_me",
    "getContacts": "get_contacts",
    "createOrUpdateContact": "create_or_update_contact",
    "setYsellStatus": "set_ysell_status",
    "getBotTags": "get_bot_tags",
    "getContactTags": "get_contact_tags",
    "attachTagToContact": "attach_tag_to_contact",
    "detachTagFromContact": "detach_tag_from_contact",
    "getContactVariables": "get_contact_variables",
    "setContactVariable": "set_contact_variable",
    "deleteContactVariable": "delete_contact_variable",
    "getContactAccounts": "get_contact_accounts",
    "addContactAccount": "add_contact_account",
    "deleteContactAccount": "delete_contact_account",
    "addFundsToContactAccount": "add_funds_to_contact_account",
    "withdrawFundsFromContactAccount": "withdraw_funds_from_contact_account",
    "getContactCryptoAccounts": "get_contact_crypto_accounts",
    "addContactCryptoAccount": "add_contact_crypto_account",
    "deleteContactCryptoAccount": "delete_contact_crypto_account",
    "addFundsToContactCryptoAccount": "add_funds_to_contact_crypto_account",
    "withdrawFundsFromContactCryptoAccount": "withdraw_funds_from_contact_crypto_account",
    "getReferrers": "get_referrers",
    "getReferrals": "get_referrals",
    "getCountReferrals": "get_count_referrals",
    "getListSchemas": "get_list_schemas",
    "getListSchema": "get_list_schema",
    "createListSchema": "create_list_schema",
    "addListSchemaField": "add_list_schema_field",
    "deleteListSchemaField": "delete_list_schema_field",
    "deleteListSchema": "delete_list_schema",
    "getListItems": "get_list_items",
    "addListItem": "add_list_item",
    "updateListItem": "update_list_item",
    "deleteListItem": "delete_list_item",
    "decodeShortLink": "decode_short_link",
}
"""Every method of the API's pages, and the coroutine it must be."""

# Where a coroutine's parameters are not the row's: what it takes instead.
INSTEAD: dict[str, dict[str, set[str]]] = {
    "getContacts": {"with": {"with_"}},
    "getReferrals": {"filters": {"tag_name", "tag_id"}},
    "getCountReferrals": {"filters": {"tag_name", "tag_id"}},
    "addListSchemaField": {"field": {"field", "slug"}},
    "getListItems": {"schema_id": {"schema"}},
    "addListItem": {"schema_id": {"schema"}},
    "updateListItem": {"schema_id": {"schema"}},
}
OWN = {"route", "lane", "deadline", "self", "options"}


def test_the_table_holds_every_method() -> None:
    """The endpoint table, the samples and the list of names are the same 38."""
    assert len(NAMES) == 38
    assert list(ENDPOINTS) == list(NAMES)
    assert set(CALLS) == set(NAMES)


@pytest.mark.parametrize(("method", "name"), NAMES.items())
def test_a_method_is_a_coroutine_of_the_client(method: str, name: str) -> None:
    """Each method is a documented coroutine with keyword parameters and a type for its answer."""
    function = inspect.getattr_static(CleverAppClient, name)
    assert inspect.iscoroutinefunction(function)
    assert method in (inspect.getdoc(function) or "")
    signature = inspect.signature(function)
    assert signature.return_annotation not in {signature.empty, "Any", "None"}
    kinds = {parameter.kind for parameter in list(signature.parameters.values())[1:]}
    assert kinds <= {inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.VAR_KEYWORD}


@pytest.mark.parametrize(("method", "name"), NAMES.items())
def test_a_method_takes_what_its_row_says(method: str, name: str) -> None:
    """The parameters of a coroutine are those of its row, needed ones without a default."""
    row = ENDPOINTS[method]
    parameters = inspect.signature(getattr(CleverAppClient, name)).parameters
    instead = INSTEAD.get(method, {})
    wanted = {given for one in row.parameters for given in instead.get(one.name, {one.name})}
    assert set(parameters) - OWN == wanted
    needed = {
        given
        for one in row.parameters
        if one.required and one.name != "filters"
        for given in instead.get(one.name, {one.name})
        if given != "slug" or method != "addListSchemaField"
    }
    without = {
        one.name
        for one in parameters.values()
        if one.default is inspect.Parameter.empty and one.name not in OWN
    }
    assert without == needed


@pytest.mark.parametrize("name", NAMES.values())
def test_a_method_takes_the_options_of_all(name: str) -> None:
    """Each coroutine takes a lane and a deadline, by name or among its options."""
    parameters = set(inspect.signature(getattr(CleverAppClient, name)).parameters)
    assert "options" in parameters or set(CallOptions.__annotations__) <= parameters


@pytest.mark.parametrize("method", NAMES)
def test_a_row_says_where_its_facts_are_from(method: str) -> None:
    """Each row names its page and what it does, in a sentence."""
    row = ENDPOINTS[method]
    assert row.page
    assert row.about.endswith(".")
    assert row.http_method == CALLS[method].http_method
    assert {name for names in row.one_of for name in names} <= {one.name for one in row.parameters}
