from __future__ import annotations

import inspect
import re

import pytest

from cleverapp_async import CallOptions, CleverAppClient, models
from cleverapp_async.endpoints import ENDPOINTS
from tests.api.samples import CALLS
from tests.openapi.methods_table import coroutine_of

NAMES = {method: coroutine_of(method) for method in CALLS}
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
    """The endpoint table holds the methods of which the samples have a call, and no other."""
    assert set(ENDPOINTS) == set(CALLS)


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


@pytest.mark.parametrize(("method", "name"), NAMES.items())
def test_the_model_of_an_answer_is_public(method: str, name: str) -> None:
    """What a coroutine gives is of a class that users can import, to annotate their own code."""
    model = ENDPOINTS[method].answer
    given = inspect.signature(getattr(CleverAppClient, name)).return_annotation
    if model not in {None, str} and re.search(rf"\b{model.__name__}\b", given):
        assert getattr(models, model.__name__, None) is model


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
