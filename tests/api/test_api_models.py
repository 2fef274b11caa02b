from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from cleverapp_async import Contact, RawResponse, UnexpectedResponseError
from cleverapp_async._converter import structure, unstructure
from cleverapp_async._response import read_answer
from cleverapp_async.endpoints import ENDPOINTS
from cleverapp_async.models import (
    ContactAccount,
    ContactCryptoAccount,
    ContactVariable,
    DecodedLink,
    ListField,
    ListItem,
    ListSchema,
    Page,
    ReferrerChain,
    Utm,
)
from tests.api.samples import HEX, sample


def answered(method: str, body: object, *, lenient: bool = False) -> Any:  # noqa: ANN401 - a test knows
    """What an answer of a method is read as."""
    raw = RawResponse(200, {}, json.dumps(body).encode())
    if lenient:
        return read_answer(raw, ENDPOINTS[method], lenient=True)
    return read_answer(raw, ENDPOINTS[method])


def test_both_shapes_of_a_variable_are_read() -> None:
    """The name is found beside the value, inside ``variable``, or in both places."""
    older = {
        "variable": {"name": "Город"},
        "value": "Омск",
        "created_at": "2019-05-10T10:38:28+00:00",
    }
    body = {"data": [older, {"name": "Город", "value": "Омск"}, {"value": "Омск"}]}
    first, second, third = answered("getContactVariables", body)
    assert (first.title, second.title, third.title) == ("Город", "Город", None)
    assert first.created_at == datetime(2019, 5, 10, 10, 38, 28, tzinfo=UTC)
    assert first.variable.id is None


def test_a_contact_may_have_variables_of_both_shapes() -> None:
    """A contact's variables come as ``{name, value}`` or with the name inside, tags as texts."""
    body = {"id": 1, "tags": ["VIP"], "variables": [{"name": "a", "value": "1"}]}
    body["variables"] = [{"name": "a", "value": "1"}, {"variable": {"name": "b"}, "value": "2"}]
    contact = structure(body, Contact)
    assert contact.tags == ("VIP",)
    assert [one.title for one in contact.variables or ()] == ["a", "b"]


def test_ids_may_be_large() -> None:
    """The ids of variables exceed 32 bits and stay whole numbers."""
    (variable, _) = answered("getContactVariables", sample("getContactVariables/ok.json"))
    assert variable.id == 16497876867449 > 2**31


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2019-05-10T10:38:28+00:00", datetime(2019, 5, 10, 10, 38, 28, tzinfo=UTC)),
        ("2024-12-01T10:00:00.000000Z", datetime(2024, 12, 1, 10, tzinfo=UTC)),
        ("2024-12-01T13:00:00+03:00", datetime(2024, 12, 1, 10, tzinfo=UTC)),
        ("2024-12-01 10:00:00", datetime(2024, 12, 1, 10, tzinfo=UTC)),
    ],
)
def test_dates_know_their_offset(written: str, moment: datetime) -> None:
    """Each form of a date becomes a datetime with an offset; one without is taken as UTC."""
    read = structure({"id": 1, "created_at": written}, Contact).created_at
    assert read == moment
    assert read is not None
    assert isinstance(read.utcoffset(), timedelta)


@pytest.mark.parametrize(("given", "kept"), [("0123", "0123"), (123, "123")])
def test_the_telegram_id_is_a_text(given: object, kept: str) -> None:
    """It stays the string the API answers, and a number of a sibling's becomes one."""
    assert structure({"id": 1, "telegram_id": given}, Contact).telegram_id == kept


def test_money_is_whole_and_crypto_is_decimal() -> None:
    """Money counts minor units in an int; crypto amounts are exact, from text or number."""
    money = structure({"id": 1, "amount": "15000", "currency": "XTS"}, ContactAccount)
    assert money.amount == 15000
    assert money.currency == "XTS"
    for written in ("0.015", 0.015):
        coins = structure({"id": 1, "amount": written, "currency": "BTC"}, ContactCryptoAccount)
        assert coins.amount == Decimal("0.015")
        assert unstructure(coins) == {"id": 1, "amount": "0.015", "currency": "BTC"}


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "much", True, None, [], "1,5"])
def test_what_is_no_amount_is_refused(amount: object) -> None:
    """Only a finite decimal number is an amount."""
    with pytest.raises(ValueError, match=r"@ \$\.amount"):
        structure({"id": 1, "amount": amount, "currency": "BTC"}, ContactCryptoAccount)


def test_utm_is_null_or_an_object() -> None:
    """A contact without marks has None; marks that nobody documents are kept."""
    assert structure({"id": 1, "utm": None}, Contact).utm is None
    marks = {"utm_source": "x", "utm_id": "7"}
    assert structure({"id": 1, "utm": marks}, Contact).utm == Utm(
        utm_source="x", extra={"utm_id": "7"}
    )


def test_referrers_come_as_a_tree_or_flat() -> None:
    """Both answers of getReferrers hold the same people in the same order."""
    tree = sample("getReferrers/tree.json")
    chain = answered("getReferrers", tree)
    assert [one.id for one in chain.flat] == [3, 2, 1]
    assert chain.tree is chain.flat[0]
    people = [
        {name: value for name, value in one.items() if name != "referrer"}
        for one in (tree["data"], tree["data"]["referrer"], tree["data"]["referrer"]["referrer"])
    ]
    flat = answered("getReferrers", {"data": people})
    assert [one.id for one in flat.flat] == [3, 2, 1]
    assert flat.tree is None
    assert answered("getReferrers", {"data": []}) == ReferrerChain(None, ())


@pytest.mark.parametrize("body", [{"data": {"count": 3}}, {"data": 3}, {"data": "3"}])
def test_a_count_of_referrals_is_bare_or_inside(body: object) -> None:
    """The count is read from each of the bodies that the pages allow for."""
    assert answered("getCountReferrals", body).count == 3


def test_what_the_api_adds_stays_visible() -> None:
    """Messengers, types and currencies nobody knows are plain values, new keys are in extra."""
    contact = structure({"id": 1, "messenger": "max2", "score": {"a": [1]}, "extra": 5}, Contact)
    assert contact.messenger == "max2"
    assert contact.extra == {"score": {"a": [1]}, "extra": 5}
    assert unstructure(contact) == {"id": 1, "messenger": "max2", "score": {"a": [1]}, "extra": 5}
    assert structure({"name": "x", "type": "colour"}, ListField).type == "colour"


SCHEMA = ListSchema(
    id=HEX,
    fields={
        name: ListField(name=name, type=kind)
        for name, kind in {
            "title": "string",
            "quantity": "number",
            "is_vip": "bool",
            "owner": "contact",
            "colour": "colour",
        }.items()
    },
)


@pytest.mark.parametrize(
    ("slug", "answered_as", "typed"),
    [
        ("title", 5, "5"),
        ("title", True, "true"),
        ("quantity", "5", 5),
        ("quantity", "5.5", 5.5),
        ("quantity", "five", "five"),
        ("quantity", "nan", "nan"),
        ("quantity", "-.5e1", -5.0),
        ("quantity", "1_000", "1_000"),
        ("quantity", "\u0663", "\u0663"),
        ("quantity", "1e999", "1e999"),
        ("quantity", None, None),
        ("is_vip", 1, True),
        ("is_vip", "0", False),
        ("is_vip", "", False),
        ("is_vip", "perhaps", "perhaps"),
        ("owner", "17", 17),
        ("owner", "1.5", "1.5"),
        ("owner", {"id": 17}, {"id": 17}),
        ("colour", "5", "5"),
        ("new", "5", "5"),
    ],
)
def test_items_are_typed_by_their_schema(slug: str, answered_as: object, typed: object) -> None:
    """A value has the type its schema names; what does not fit, and is not known, stays."""
    item = structure({"id": HEX, slug: answered_as}, ListItem)
    assert item[slug] == answered_as
    value = item.typed(SCHEMA)[slug]
    assert value == typed
    assert type(value) is type(typed)


def test_an_item_is_a_mapping_of_its_values() -> None:
    """An item's own id and dates are attributes; its values are its keys."""
    item = structure({"id": HEX, "a": 1, "b": 2, "created_at": None}, ListItem)
    assert dict(item) == {"a": 1, "b": 2}
    assert len(item) == 2
    assert item.get("id") is None


def test_a_link_knows_when_it_expires() -> None:
    """The end of a signed link is read from its own query, and is None where there is none."""
    link = answered("decodeShortLink", sample("decodeShortLink/ok.json"))
    assert link.expires_at == datetime.fromtimestamp(1720383587, UTC)
    for url in ("https://x.example/", "https://x.example/?expires_at=soon", "https://[/"):
        assert DecodedLink(url=url).expires_at is None


CONTACTS = [{"id": number, "created_at": "2019-05-10T10:38:28+00:00"} for number in range(1, 6)]


@pytest.mark.parametrize(
    ("method", "data", "path"),
    [
        ("getContacts", [*CONTACTS[:3], {"id": 4, "created_at": "soon"}], "$.data[3].created_at"),
        ("getContacts", [*CONTACTS[:3], {"id": 4, "utm": {"utm_term": []}}], "$.data[3].utm.utm_t"),
        ("getContacts", [{"id": 1, "new": 1, "created_at": "soon"}], "$.data[0].created_at"),
        ("getContacts", [{"name": "nobody"}], "$.data[0].id"),
        ("getContacts", [7], "$.data[0]"),
        ("getContacts", {"a": CONTACTS[0]}, "$.data"),
        ("getBotTags", "VIP", "$.data"),
        ("getBotTags", [None], "$.data[0]"),
        ("getListSchema", {"id": HEX, "fields": {"a": {"name": "A"}}}, "$.data.fields['a'].type"),
        ("getReferrers", {"id": 1, "referrer": {"id": "x"}}, "$.data.referrer.id"),
        ("getContactAccounts", [{"id": 1, "amount": 1.5, "currency": "RUB"}], "$.data[0].amount"),
    ],
)
def test_a_wrong_shape_is_told_by_its_path(method: str, data: object, path: str) -> None:
    """A value of a wrong shape inside a 2xx names its place, and the body is kept."""
    with pytest.raises(UnexpectedResponseError) as caught:
        answered(method, {"data": data})
    assert f"@ {path}" in str(caught.value)
    assert caught.value.status == 200
    assert caught.value.body == {"data": data}


def test_a_dollar_in_a_name_is_no_path() -> None:
    """A name of the user's own is told as it is."""
    body = {"data": {"id": HEX, "fields": {"$5": {"name": "x"}}}}
    with pytest.raises(UnexpectedResponseError, match=r"@ \$\.data\.fields\['\$5'\]\.type"):
        answered("getListSchema", body)


def test_several_wrong_values_are_all_told() -> None:
    """Each place that is wrong is named."""
    body = {"data": [{"id": 1, "created_at": "soon"}, {"id": None}]}
    with pytest.raises(UnexpectedResponseError) as caught:
        answered("getContacts", body)
    assert "$.data[0].created_at" in str(caught.value)
    assert "$.data[1].id" in str(caught.value)


@pytest.mark.parametrize("lenient", [False, True])
def test_models_nested_deeply_are_read_once(lenient: bool) -> None:
    """A wrong value under sixty referrers costs one reading, not one doubled at every level."""
    person: dict[str, object] = {"id": 1, "created_at": "soon"}
    for number in range(2, 62):
        person = {"id": number, "referrer": person}
    if lenient:
        chain = answered("getReferrers", {"data": person}, lenient=True)
        assert chain.flat[-1].created_at == "soon"
    else:
        with pytest.raises(UnexpectedResponseError, match=r"referrer\.referrer"):
            answered("getReferrers", {"data": person})


def test_a_lenient_reader_keeps_what_does_not_fit() -> None:
    """Wrong and missing values are kept as they came, beside right ones that are read."""
    odd = {"id": "x", "created_at": "soon", "utm": 5, "tags": "VIP", "variables": [1], "new": 1}
    body = {"data": [CONTACTS[0], odd, {"name": "nobody"}, 7]}
    page: Page[Any] = answered("getContacts", body, lenient=True)
    right, wrong, nobody, number = page.items
    assert right == answered("getContacts", {"data": CONTACTS[:1]}).items[0]
    assert (wrong.id, wrong.created_at, wrong.utm) == ("x", "soon", 5)
    assert (wrong.tags, wrong.variables, wrong.extra) == ("VIP", (1,), {"new": 1})
    assert (nobody.id, nobody.name) == (None, "nobody")
    assert number == 7


def test_what_is_kept_is_written_again() -> None:
    """A value that is false, zero or empty is a value: only what is absent is left out."""
    field = {"name": "", "type": "bool", "is_required": False}
    assert unstructure(structure(field, ListField)) == {
        **field,
        "is_hidden": False,
        "is_encryptable": False,
    }
    assert unstructure(structure({"id": HEX, "fields": {}}, ListSchema)) == {
        "id": HEX,
        "fields": {},
    }
    variable = {"value": "", "deletable": False}
    assert unstructure(structure(variable, ContactVariable)) == variable
