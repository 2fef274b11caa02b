from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

import pytest

from cleverapp_async import ABSENT, CleverAppClient, InvalidRequestError
from cleverapp_async.models import ListField
from tests.api.samples import HEX
from tests.api.wire import read, serve
from tests.transport.rig import client_of, one_attempt

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from cleverapp_async.config import PostParameters

WRONG = cast("Any", object())
CONTACT: object = {"data": {"id": 1}}

REFUSED: dict[str, tuple[Callable[[CleverAppClient], Awaitable[object]], set[str]]] = {
    "no tag": (lambda c: c.attach_tag_to_contact(contact_id=1), {"tag_id", "name"}),
    "two tags": (
        lambda c: c.detach_tag_from_contact(contact_id=1, tag_id=1, name="x"),
        {"tag_id", "name"},
    ),
    "no variable": (lambda c: c.delete_contact_variable(contact_id=1), {"id", "name"}),
    "two variables": (
        lambda c: c.delete_contact_variable(contact_id=1, id=1, name="x"),
        {"id", "name"},
    ),
    "no addressee": (
        lambda c: c.send_message_to_queue(text="x"),
        {"contact_id", "bitrix_contact_id", "phone"},
    ),
    "two addressees": (
        lambda c: c.send_message_to_queue(text="x", contact_id=1, phone="79991234567"),
        {"contact_id", "phone"},
    ),
    "whatsapp without a phone": (
        lambda c: c.create_or_update_contact(bot_id=1, messenger="whatsapp", name="x"),
        {"phone"},
    ),
    "telegram without an id": (
        lambda c: c.create_or_update_contact(
            bot_id=1, messenger="telegram", name="x", telegram_id=None
        ),
        {"telegram_id"},
    ),
    "a long status": (lambda c: c.set_ysell_status(contact_id=1, status="x" * 65), {"status"}),
    "a page of 501": (lambda c: c.get_contacts(count=501), {"count"}),
    "page 0": (lambda c: c.get_contacts(page=0), {"page"}),
    "a naive date": (lambda c: c.get_contacts(date_from=datetime(2024, 1, 1)), {"date_from"}),  # noqa: DTZ001
    "a date in words": (lambda c: c.get_contacts(date_to=WRONG), {"date_to"}),
    "a date before 1970": (lambda c: c.get_contacts(date_to=-1), {"date_to"}),
    "depth 11": (lambda c: c.get_referrers(contact_id=1, depth=11), {"depth"}),
    "a float of money": (
        lambda c: c.add_funds_to_contact_account(account_id=1, amount=WRONG, description="x"),
        {"amount"},
    ),
    "no money": (
        lambda c: c.withdraw_funds_from_contact_account(account_id=1, amount=0, description="x"),
        {"amount"},
    ),
    "a float of coins": (
        lambda c: c.add_funds_to_contact_crypto_account(
            account_id=1, amount=WRONG, description="x"
        ),
        {"amount"},
    ),
    "endless coins": (
        lambda c: c.withdraw_funds_from_contact_crypto_account(
            account_id=1, amount=Decimal("Infinity"), description="x"
        ),
        {"amount"},
    ),
    "a short id": (lambda c: c.get_list_schema(schema_id="abc"), {"schema_id"}),
    "an empty item": (lambda c: c.add_list_item(schema=HEX, data={}), {"data"}),
    "slugs that are no texts": (
        lambda c: c.add_list_item(schema=HEX, data=cast("Any", {1: 2})),
        {"data"},
    ),
    "a field without a slug": (
        lambda c: c.add_list_schema_field(schema_id=HEX, field=ListField(name="x", type="y")),
        {"slug"},
    ),
    "a value that is no text": (
        lambda c: c.set_contact_variable(contact_id=1, name="x", value=WRONG),
        {"value"},
    ),
    "no link": (lambda c: c.decode_short_link(url="watbot.ru/s/abc"), {"url"}),
    "an unknown method": (lambda c: c.call("getWeather"), {"http_method"}),
    "no method": (lambda c: c.call("../etc", http_method="GET"), {"method"}),
}


@pytest.mark.parametrize(("call", "fields"), REFUSED.values(), ids=REFUSED)
async def test_what_cannot_be_sent_is_refused_before_anything_is(
    call: Callable[[CleverAppClient], Awaitable[object]], fields: set[str]
) -> None:
    """A rule that is broken is told with its fields, and no request leaves."""
    async with serve({}) as raw, client_of(raw.base_url) as client:
        with pytest.raises(InvalidRequestError) as caught:
            await call(client)
        assert raw.requests == []
    assert set(caught.value.fields) == fields


async def arrived(
    call: Callable[[CleverAppClient], Awaitable[object]],
    answer: object,
    placement: PostParameters = "documented",
) -> dict[str, Any]:
    """What one call carried."""

    class Always(dict[str, object]):
        def __missing__(self, _: str) -> object:
            return answer

    config = one_attempt(post_parameters=placement)
    async with serve(Always()) as raw, client_of(raw.base_url, config=config) as client:
        await call(client)
        (request,) = raw.requests
    return read(request).parameters


@pytest.mark.parametrize(
    ("placement", "nothing"), [("documented", None), ("json", None), ("form", ""), ("query", "")]
)
async def test_absent_is_not_none(placement: PostParameters, nothing: object) -> None:
    """What is left out is not sent; None is sent as null, or as nothing where texts travel."""
    sent = await arrived(
        lambda c: c.create_or_update_contact(
            bot_id=1, messenger="viber", name="x", phone=ABSENT, email=None, tags=ABSENT
        ),
        CONTACT,
        placement,
    )
    assert {name: value for name, value in sent.items() if name != "bot_id"} == {
        "messenger": "viber",
        "name": "x",
        "email": nothing,
    }


async def test_none_inside_an_items_data_is_sent() -> None:
    """None among an item's values empties one, and is not dropped."""
    sent = await arrived(
        lambda c: c.update_list_item(item_id=HEX, data={"a": None, "b": 0}), {"data": {"id": HEX}}
    )
    assert sent == {"item_id": HEX, "data": {"a": None, "b": 0}}


@pytest.mark.parametrize(
    ("call", "wanted"),
    [
        (lambda c: c.get_contacts(), {}),
        (lambda c: c.get_contacts(with_=()), {}),
        (lambda c: c.get_list_schemas(), {}),
        (lambda c: c.get_referrals(contact_id=1), {"contact_id": 1}),
        (lambda c: c.get_referrals(contact_id=1, tag_name=None), {"contact_id": 1}),
        (lambda c: c.get_list_items(schema=HEX, filters={}), {"schema_id": HEX}),
    ],
)
async def test_what_is_not_given_is_not_sent(
    call: Callable[[CleverAppClient], Awaitable[object]], wanted: object
) -> None:
    """Optional parameters are left out rather than sent empty."""
    assert await arrived(call, {"data": []}) == wanted


@pytest.mark.parametrize(
    ("moment", "seconds"),
    [
        (0, "0"),
        (1700000000, "1700000000"),
        (datetime(2024, 1, 1, tzinfo=UTC), "1704067200"),
        (datetime(2024, 1, 1, 3, tzinfo=timezone(timedelta(hours=3))), "1704067200"),
    ],
)
async def test_dates_travel_as_unix_seconds(moment: datetime | int, seconds: str) -> None:
    """A datetime and its Unix seconds are the same filter, in whatever zone."""
    sent = await arrived(lambda c: c.get_contacts(date_from=moment, date_to=moment), {"data": []})
    assert sent == {"date_from": seconds, "date_to": seconds}


async def test_filters_are_in_brackets_in_a_query() -> None:
    """Nested values take PHP's brackets where they travel in a query."""
    config = one_attempt(post_parameters="query")
    async with (
        serve({"getReferrals": {"data": []}}) as raw,
        client_of(raw.base_url, config=config) as client,
    ):
        await client.get_referrals(contact_id=1, tag_name="VIP", tag_id=[5, 6])
        (request,) = raw.requests
    line = request.partition(b"\r\n")[0]
    for pair in (b"tag_name%5D=VIP", b"tag_id%5D%5B%5D=5", b"tag_id%5D%5B%5D=6"):
        assert b"&filters%5B" + pair in line


async def test_a_list_field_is_written_as_the_api_writes_it() -> None:
    """A field given as a model is sent with its slug and its flags."""
    field = ListField(name="Цвет", type="string", is_required=True)
    sent = await arrived(
        lambda c: c.add_list_schema_field(schema_id=HEX, field=field, slug="colour"), {"data": {}}
    )
    assert sent["field"] == {
        "slug": "colour",
        "name": "Цвет",
        "type": "string",
        "is_required": True,
        "is_hidden": False,
        "is_encryptable": False,
    }
