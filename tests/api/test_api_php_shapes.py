"""What PHP, Laravel and JavaScript make of objects, lists, numbers and dates is read as meant."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleverapp_async import (
    ClientConfig,
    Contact,
    RawResponse,
    UnexpectedResponseError,
    ValidationError,
    raw_answers,
)
from cleverapp_async._converter import converter, lenient_converter, structure, unstructure
from cleverapp_async._response import read_answer
from cleverapp_async.endpoints import ENDPOINTS
from cleverapp_async.field_errors import parse_field_errors
from cleverapp_async.models import (
    ContactAccount,
    ContactVariable,
    ListField,
    ListItem,
    ListSchema,
    Me,
    Page,
    ReferrerChain,
    Utm,
    VariableName,
)
from tests.api.samples import HEX, sample
from tests.transport.rig import client_of, http, raw_server

BOTH = pytest.mark.parametrize("lenient", [False, True], ids=["strict", "lenient"])
FIELD = {"name": "A", "type": "string"}
AS_FIELD = ListField(name="A", type="string")


def answered(method: str, body: object, *, lenient: bool = False, status: int = 200) -> Any:  # noqa: ANN401 - a test knows
    """What an answer of a method is read as."""
    raw = RawResponse(status, {}, body if isinstance(body, bytes) else json.dumps(body).encode())
    return read_answer(raw, ENDPOINTS[method], lenient=lenient)


def test_the_frameworks_own_answers_are_read() -> None:
    """Pages and a schema without fields, as a real application of the framework answers them."""
    page = answered("getContacts", sample("laravel/contacts_page.json")["body"])
    assert (page.number, page.last, page.total, page.per_page, page.has_next) == (2, 8, 23, 3, True)
    assert [one.id for one in page] == [4, 5, 6]
    end = answered("getContacts", sample("laravel/contacts_beyond_the_end.json")["body"])
    assert (end.items, end.number, end.total, end.has_next) == ((), 99, 23, False)
    empty = answered("getListSchemas", sample("laravel/list_schemas.json")["body"])
    assert (empty.items, empty.total) == ((), 0)
    made = answered(
        "createListSchema", sample("laravel/create_list_schema_empty_fields.json")["body"]
    )
    assert made.fields == {}


@BOTH
def test_an_empty_object_may_be_an_empty_list(lenient: bool) -> None:
    """PHP writes ``[]`` for an object that holds nothing, at every depth."""
    contact = answered(
        "sendMessageToWhatsApp",
        {"data": {"id": 1, "utm": [], "variables": [[], {"variable": {"name": "a"}}]}},
        lenient=lenient,
    )
    assert contact == Contact(
        id=1,
        utm=Utm(),
        variables=(ContactVariable(), ContactVariable(variable=VariableName(name="a"))),
    )
    schemas = answered(
        "getListSchemas",
        {"data": [{"id": HEX, "fields": []}], "meta": [], "links": []},
        lenient=lenient,
    )
    assert schemas.items == (ListSchema(id=HEX, fields={}),)
    assert answered("getMe", {"data": []}, lenient=lenient) == Me()


@BOTH
@pytest.mark.parametrize("empty", [[], {}])
def test_an_optional_object_may_be_empty(lenient: bool, empty: object) -> None:
    """Where a model cannot be empty but may be absent, PHP's empty array is its absence."""
    (value,) = answered("getContactVariables", {"data": [{"variable": empty}]}, lenient=lenient)
    assert value == ContactVariable()
    for contact_id in (2, "2"):
        tree = {"id": 3, "referrer": {"id": contact_id, "referrer": empty}}
        chain = answered("getReferrers", {"data": tree}, lenient=lenient)
        assert [one.id for one in chain.flat] == [3, 2]
        assert chain.flat[-1].referrer is None


@BOTH
def test_a_list_with_gaps_may_be_an_object(lenient: bool) -> None:
    """PHP writes an array some of whose elements are gone as an object of its numbers."""
    people = {"10": {"id": 3}, "2": {"id": 2, "tags": {"1": "b", "0": "a"}}, "1": {"id": 1}}
    wanted = (Contact(id=1), Contact(id=2, tags=("a", "b")), Contact(id=3))
    assert answered("getContacts", {"data": people}, lenient=lenient).items == wanted
    assert answered("getBotTags", {"data": {"3": "c", "7": "d"}}, lenient=lenient) == ("c", "d")
    assert answered("getBotTags", {"data": {}}, lenient=lenient) == ()
    chain = answered("getReferrers", {"data": {"1": {"id": 2}, "4": {"id": 1}}}, lenient=lenient)
    assert isinstance(chain, ReferrerChain)
    assert ([one.id for one in chain.flat], chain.tree) == ([2, 1], None)


@BOTH
def test_an_object_of_numbers_stays_an_object(lenient: bool) -> None:
    """Slugs that are numbers are slugs; PHP writes 0, 1, 2 … as a list."""
    for fields, wanted in (
        ({"1": FIELD, "3": FIELD}, {"1": AS_FIELD, "3": AS_FIELD}),
        ([FIELD, FIELD], {"0": AS_FIELD, "1": AS_FIELD}),
    ):
        schema = answered("getListSchema", {"data": {"id": HEX, "fields": fields}}, lenient=lenient)
        assert schema.fields == wanted
    item = structure({"id": HEX, "1": "x", "2": []}, ListItem)
    assert dict(item) == {"1": "x", "2": []}


@pytest.mark.parametrize(
    ("method", "data", "path"),
    [
        ("getContacts", {"1": {"id": 1}, "4": {"id": "x"}}, "$.data['4'].id"),
        ("getContacts", {"1": {"id": 1}, "a": {"id": 2}}, "$.data"),
        ("getContacts", {"01": {"id": 1}}, "$.data"),
        ("getContacts", {"1" * 5000: {"id": 1}}, "$.data"),
        ("getContacts", [["x"]], "$.data[0]"),
        ("sendMessageToWhatsApp", [{"id": 1}], "$.data"),
        ("sendMessageToWhatsApp", [], "$.data"),
        ("getListSchema", {"id": HEX, "fields": [{"name": "x"}]}, "$.data.fields['0'].type"),
    ],
)
def test_what_is_neither_is_told_by_its_place(method: str, data: object, path: str) -> None:
    """An object of names is no list, a list that holds something no model."""
    with pytest.raises(UnexpectedResponseError) as caught:
        answered(method, {"data": data})
    assert path in str(caught.value)


@given(st.dictionaries(st.integers(-(2**63), 2**63 - 1), st.integers(), max_size=6))
def test_any_gaps_keep_the_order_of_the_numbers(items: dict[int, int]) -> None:
    """Whatever is gone from a list, the rest comes in the order of its numbers."""
    data = {str(key): {"id": value} for key, value in items.items()}
    wanted = [items[key] for key in sorted(items)]
    assert [one.id for one in answered("getContacts", {"data": data}).items] == wanted


@pytest.mark.parametrize(
    ("errors", "wanted"),
    [
        ({"text": {"1": "a", "3": "b"}}, [("text", "a"), ("text", "b")]),
        ({"1": "a", "3": "b"}, [("", "a"), ("", "b")]),
        ({"data": {"1": ["a"], "3": {"sku": ["b"]}}}, [("data.1", "a"), ("data.3.sku", "b")]),
        ({"text": {"0": "a"}}, [("text", "a")]),
        (["a", {"text": "b"}], [("", "a"), ("text", "b")]),
    ],
)
def test_texts_of_errors_may_have_gaps(errors: object, wanted: list[tuple[str, str]]) -> None:
    """A number before a text is its place in a list, and no field."""
    found = parse_field_errors({"errors": errors})
    assert [(one.field, one.message) for one in found] == wanted
    with pytest.raises(ValidationError):
        answered("getContacts", {"message": "x", "errors": errors}, status=422)


@pytest.mark.parametrize("status", [422, 400])
def test_no_errors_may_be_an_empty_list(status: int) -> None:
    """An empty ``errors`` says nothing: the status and the message count."""
    raw = json.dumps({"message": "Нет", "errors": []}).encode()
    with pytest.raises(Exception, match="Нет") as caught:
        answered("getContacts", raw, status=status)
    assert getattr(caught.value, "errors", ()) == ()
    assert answered("getContacts", {"data": [], "errors": []}).items == ()


@BOTH
@pytest.mark.parametrize("nothing", [None, ""])
def test_optional_fields_may_be_null_or_blank(lenient: bool, nothing: object) -> None:
    """Where nothing stands in a field that may be absent, it is absent; a text stays blank."""
    names = ("bot_id", "utm", "created_at", "tags", "variables", "phone", "messenger")
    blank = dict.fromkeys(names, nothing)
    contact = structure({"id": 1, **blank}, Contact, _using(lenient=lenient))
    assert contact == Contact(id=1, phone=contact.phone, messenger=contact.messenger)
    assert (contact.phone, contact.messenger) == (nothing, nothing)
    field = structure({**FIELD, "is_required": nothing}, ListField, _using(lenient=lenient))
    assert field == AS_FIELD
    schema = structure(
        {"id": HEX, "fields": nothing, "is_menu": nothing, "updated_at": nothing},
        ListSchema,
        _using(lenient=lenient),
    )
    assert schema == ListSchema(id=HEX)
    only_date = structure({"id": 1, "created_at": nothing}, Contact, _using(lenient=lenient))
    assert only_date == Contact(id=1)


@pytest.mark.parametrize("value", ["", None])
def test_what_is_needed_may_not_be_blank(value: object) -> None:
    """No id is invented."""
    with pytest.raises(ValueError, match=r"@ \$\.id"):
        structure({"id": value}, Contact)


@pytest.mark.parametrize(
    ("written", "number"),
    [(5, 5), ("5", 5), (5.0, 5), ("5.0", 5), ("5.000", 5), (" 7 ", 7), ("-3", -3), (1e3, 1000)],
)
def test_whole_numbers_may_be_texts_or_floats(written: object, number: int) -> None:
    """A whole number is one, however a serializer writes it."""
    contact = structure({"id": written, "bot_id": written}, Contact)
    assert (contact.id, contact.bot_id) == (number, number)
    assert type(contact.id) is int
    account = structure({"id": 1, "amount": written, "currency": "RUB"}, ContactAccount)
    assert account.amount == number


@pytest.mark.parametrize(
    "written",
    [5.5, "5.5", True, "five", "1_000", "٣", 1e17, float("inf"), [], "5.", "0x5", "9" * 9999],
)
def test_what_is_no_whole_number_is_no_id(written: object) -> None:
    """Neither a part, nor a float that may have lost digits, is taken for a number."""
    with pytest.raises(ValueError, match=r"@ \$\.id"):
        structure({"id": written}, Contact)


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (5, "5"),
        (1e20, "1e+20"),
        (5.0, "5"),
        (5000000001.0, "5000000001"),
        (1.5, "1.5"),
        (True, "true"),
        (False, "false"),
    ],
)
def test_texts_may_be_numbers_or_truths(written: object, text: str) -> None:
    """A number is its digits, without a point that nobody wrote; a truth value is JSON's word."""
    assert structure({"id": 1, "telegram_id": written}, Contact).telegram_id == text
    assert structure({"value": written}, ContactVariable).value == text


@pytest.mark.parametrize(
    ("written", "truth"),
    [(1, True), ("0", False), (1.0, True), (0.0, False), ("true", True), ("False", False)],
)
def test_truth_values_may_be_numbers_or_words(written: object, truth: bool) -> None:
    """0, 1 and the words are truth values, whichever type they are of."""
    assert structure({"deletable": written}, ContactVariable).deletable is truth


@pytest.mark.parametrize("written", [2, "2", "yes", 0.5, [], "tru"])
def test_nothing_else_is_a_truth_value(written: object) -> None:
    """What is neither true nor false is told."""
    with pytest.raises(ValueError, match=r"@ \$\.deletable"):
        structure({"deletable": written}, ContactVariable)


NOON = datetime(2024, 12, 1, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "written",
    [
        "2024-12-01T10:00:00Z",
        "2024-12-01T10:00:00+0000",
        "2024-12-01T10:00:00.0000000Z",
        " 2024-12-01 10:00:00 ",
        1733047200,
        1733047200.0,
        "1733047200",
        1733047200000,
        "1733047200000",
        {"date": "2024-12-01 10:00:00.000000", "timezone_type": 3, "timezone": "UTC"},
        {"date": "2024-12-01 13:00:00.000000", "timezone_type": 1, "timezone": "+03:00"},
        {"date": "2024-12-01 10:00:00.000000", "timezone_type": 2, "timezone": "Z"},
        {"date": "2024-12-01 13:00:00.000000", "timezone_type": 3, "timezone": "Europe/Moscow"},
    ],
)
def test_dates_as_php_and_javascript_write_them(written: object) -> None:
    """ISO 8601, Unix seconds and milliseconds, and PHP's date object are the same moment."""
    assert structure({"id": 1, "created_at": written}, Contact).created_at == NOON


@pytest.mark.parametrize(
    "written", ["0000-00-00 00:00:00", "0000-00-00", "-0001-11-30T00:00:00.000000Z"]
)
@BOTH
def test_a_date_of_zeros_is_none(lenient: bool, written: str) -> None:
    """What databases and PHP write for no date is no date."""
    read = structure({"id": 1, "created_at": written}, Contact, _using(lenient=lenient))
    assert read.created_at is None
    slow = structure({"id": "1", "created_at": written}, Contact, _using(lenient=lenient))
    assert slow.created_at is None


@pytest.mark.parametrize(
    "written",
    [
        5,
        True,
        1e300,
        "31.01.2024",
        "1712011512000000",
        {"date": "2024-12-01 10:00:00", "timezone": "Middle/Earth"},
        {"date": "2024-12-01 10:00:00", "timezone": ["UTC"]},
        {"date": "soon", "timezone": "UTC"},
        {"date": "2024-12-01 10:00:00"},
        {},
    ],
)
def test_what_is_no_date_is_told_by_its_place(written: object) -> None:
    """No moment is guessed."""
    with pytest.raises(ValueError, match=r"@ \$\.created_at"):
        structure({"id": 1, "created_at": written}, Contact)


def test_a_crypto_amount_may_be_whole() -> None:
    """A decimal number is read from any number."""
    (account,) = answered(
        "getContactCryptoAccounts", {"data": [{"id": 1, "amount": 2, "currency": "BTC"}]}
    )
    assert account.amount == Decimal(2)
    assert unstructure(account) == {"id": 1, "amount": "2", "currency": "BTC"}


@pytest.mark.parametrize("where", ["meta", "top"])
@pytest.mark.parametrize("kind", [int, str, float])
def test_the_numbers_of_a_page_are_found(where: str, kind: type) -> None:
    """A resource has them in ``meta``, a bare paginator beside ``data``; digits are numbers."""
    told = {
        name: kind(value)
        for name, value in {"current_page": 2, "last_page": 3, "per_page": 5, "total": 11}.items()
    }
    body = {"data": [], **(told if where == "top" else {"meta": told})}
    page: Page[Contact] = answered("getContacts", body)
    assert (page.number, page.last, page.per_page, page.total) == (2, 3, 5, 11)


@pytest.mark.parametrize(
    ("more", "has_next"),
    [
        ({}, None),
        ({"links": []}, None),
        ({"links": {"next": None}}, False),
        ({"links": {"next": "https://x.example/?page=2"}}, True),
        ({"next_page_url": None}, False),
        ({"next_page_url": "https://x.example/?page=2"}, True),
        ({"links": {"next": None}, "meta": {"next_cursor": "abc"}}, True),
        ({"meta": {"next_cursor": None}}, False),
        ({"links": {"next": 7}}, True),
    ],
)
def test_a_page_tells_whether_another_follows(
    more: dict[str, object], has_next: bool | None
) -> None:
    """Links and cursors say that there is more, or that there is none."""
    assert answered("getContacts", {"data": [], **more}).has_next is has_next


CONTACT = {"id": 1, "bot_id": 2}


@BOTH
@pytest.mark.parametrize(
    "body",
    [
        [CONTACT],
        {"3": CONTACT},
        {"data": {"data": [CONTACT]}},
        {"data": {"data": {"3": CONTACT}, "links": [], "meta": []}},
        {"success": True, "data": {"data": [CONTACT], "current_page": 4}},
    ],
)
def test_lists_may_be_wrapped_twice_or_not_at_all(lenient: bool, body: object) -> None:
    """Laravel leaves ``data`` away where it was told to, and puts it around a paginator."""
    page: Page[Contact] = answered("getContacts", body, lenient=lenient)
    assert page.items == (Contact(id=1, bot_id=2),)
    assert answered("getContacts", []).items == ()


def test_the_numbers_of_a_wrapped_paginator_are_found() -> None:
    """They stand beside either ``data``."""
    for told in (
        {"current_page": 2, "last_page": 5, "total": "9", "next_page_url": "https://x.example/"},
        {"links": {"next": "x"}, "meta": {"current_page": 2, "last_page": 5, "total": 9}},
    ):
        for body in ({"data": {"data": [CONTACT], **told}}, {"data": {"data": [CONTACT]}, **told}):
            page: Page[Contact] = answered("getContacts", body)
            assert (page.number, page.last, page.total, page.has_next) == (2, 5, 9, True)


@pytest.mark.parametrize("body", [{"data": {"data": ["a"]}}, ["a"], {"2": "a"}])
def test_tags_may_be_wrapped_twice_or_not_at_all(body: object) -> None:
    """The same holds where there are no pages."""
    assert answered("getContactTags", body) == ("a",)


def test_a_model_may_come_without_data_around_it() -> None:
    """An object that has what a model has is the model; any other is none."""
    assert answered("createOrUpdateContact", CONTACT) == Contact(id=1, bot_id=2)
    assert answered("getListSchema", {"id": HEX}) == ListSchema(id=HEX)
    assert answered("getMe", {"id": 1}) == Me(extra={"id": 1})
    assert answered("decodeShortLink", {"url": "x"}).url == "x"
    for method in ("getMe", "setContactVariable", "getContacts", "getContactTags"):
        others: tuple[object, ...] = ({}, {"success": True}, {"message": "x"}, {"a": []}, 7, "x")
        for body in others:
            with pytest.raises(UnexpectedResponseError):
                answered(method, body)


@pytest.mark.parametrize("no", [False, 0, "0", "false"])
def test_no_success_may_be_a_number_or_a_word(no: object) -> None:
    """What the server says it did not do is no success."""
    for method in ("sendMessage", "deleteListItem", "attachTagToContact"):
        with pytest.raises(UnexpectedResponseError):
            answered(method, {"success": no})


@pytest.mark.parametrize("before", ["\ufeff", "\ufeff\ufeff", "\n\ufeff", "\ufeff\r\n\ufeff "])
def test_marks_before_an_answer_are_nothing(before: str) -> None:
    """Each file of a PHP application may put a byte order mark or a line end before the answer."""
    body = f'{before}{{"data": ["a"]}}{before}'.encode()
    assert answered("getContactTags", body) == ("a",)


@pytest.mark.parametrize("status", [200, 201, 202])
def test_every_2xx_is_a_success(status: int) -> None:
    """A created resource is answered with a 201."""
    assert answered("getBotTags", {"data": ["a"]}, status=status) == ("a",)
    assert answered("sendMessage", {"success": True}, status=status) == {"success": True}


async def test_no_content_is_a_success_where_no_answer_is_documented() -> None:
    """A 204 says all there is to say of a deletion, and is no contact and no list."""
    async with (
        raw_server(http(b"", 204)) as raw,
        client_of(raw.base_url, config=ClientConfig()) as client,
    ):
        with raw_answers() as answers:
            assert await client.delete_list_item(item_id=HEX) is None
        assert answers[0].status == 204
        assert await client.call("doIt", http_method="POST") is None
    for method in ("getContacts", "sendMessage", "setContactVariable"):
        with pytest.raises(UnexpectedResponseError):
            answered(method, b"", status=204)


def _using(*, lenient: bool) -> Any:  # noqa: ANN401 - a converter
    return lenient_converter() if lenient else converter
