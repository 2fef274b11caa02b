"""One call of each method: what it sends, what is answered, what it gives.

Answers that a page shows are the samples of ``tests/samples``; the others are made of what the
page says of their fields.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from attrs import frozen

from cleverapp_async import CleverAppClient, Contact, QueuedMessage, SendReceipt
from cleverapp_async.models import (
    ContactAccount,
    ContactCryptoAccount,
    ContactVariable,
    DecodedLink,
    ListField,
    ListItem,
    ListSchema,
    Me,
    Page,
    Referrer,
    ReferrerChain,
    Utm,
    VariableName,
)
from tests.paths import SAMPLES

__all__ = ["CALLS", "DAY", "HEX", "Sample", "sample"]

HEX = "5dee4800c2cc5a38ec797235"
DAY = datetime(2019, 5, 10, 10, 38, 28, tzinfo=UTC)
_DATE = "2019-05-10T10:38:28+00:00"


def sample(name: str) -> Any:  # noqa: ANN401 - a test compares it with what came
    """Read a sample of the API's pages."""
    return json.loads((SAMPLES / name).read_text(encoding="utf-8"))


@frozen
class Sample:
    """One call of one method.

    Attributes:
        http_method: ``GET`` or ``POST``.
        call: Makes the call.
        sent: What must arrive, besides the token.
        answer: What the server answers.
        wanted: What the call gives; a type where its values differ from run to run.
    """

    http_method: str
    call: Callable[[CleverAppClient], Awaitable[object]]
    sent: Mapping[str, object]
    answer: object
    wanted: object

    def check(self, result: object) -> None:
        """What came is what should have come."""
        if isinstance(self.wanted, type):
            assert isinstance(result, self.wanted)
        else:
            assert result == self.wanted
            assert type(result) is type(self.wanted)


def _get(
    call: Callable[[CleverAppClient], Awaitable[object]],
    sent: Mapping[str, object],
    answer: object,
    wanted: object,
) -> Sample:
    return Sample("GET", call, sent, answer, wanted)


def _post(
    call: Callable[[CleverAppClient], Awaitable[object]],
    sent: Mapping[str, object],
    answer: object,
    wanted: object,
) -> Sample:
    return Sample("POST", call, sent, answer, wanted)


_ONE = {"contact_id": 4}
_OK: object = {"data": {"deleted": True}}
_IVAN = Contact(
    id=1,
    bot_id=1,
    phone="79991234567",
    email="info@example.com",
    name="Иван Иванов",
    messenger="whatsapp",
    address="г. Москва, ул. Пушкина, д. 5",
    utm=Utm(
        utm_source="landing",
        utm_medium="...",
        utm_campaign="...",
        utm_term="...",
        utm_content="...",
    ),
    created_at=DAY,
)
_PETR = Contact(
    id=2,
    bot_id=1,
    phone="792712312321",
    name="Петр Петров",
    messenger="telegram",
    telegram_id="123456",
    telegram_username="superman",
    created_at=datetime(2019, 4, 2, 12, 16, 16, tzinfo=UTC),
)
_VARIABLES = tuple(
    ContactVariable(
        id=number,
        name=name,
        value=value,
        deletable=False,
        variable=VariableName(id=number, name=name),
    )
    for number, name, value in (
        (16497876867449, "Имя переменной", "Значение переменной"),
        (16497893703850, "Город", "Москва"),
    )
)
_MONEY = {"id": 9, "amount": 15000, "amount_note": "150 руб.", "currency": "RUB"}
_ACCOUNT = ContactAccount(id=9, amount=15000, amount_note="150 руб.", currency="RUB")
_COINS = {"id": 9, "amount": "0.015", "currency": "BTC", "created_at": _DATE}
_CRYPTO = ContactCryptoAccount(id=9, amount=Decimal("0.015"), currency="BTC", created_at=DAY)
_TREE = Referrer(
    id=3,
    name="Иван Иванов",
    messenger="telegram",
    created_at=DAY,
    referrer=Referrer(
        id=2,
        name="Петр Петров",
        messenger="telegram",
        created_at=DAY.replace(second=25),
        referrer=Referrer(
            id=1,
            name="Василий Васильев",
            messenger="telegram",
            created_at=DAY.replace(minute=11, second=42),
        ),
    ),
)
_PEOPLE = (_TREE, _TREE.referrer, _TREE.referrer and _TREE.referrer.referrer)


def _field(name: str, kind: str, *, required: bool = True, secret: bool = False) -> ListField:
    return ListField(
        name=name, type=kind, is_required=required, is_hidden=secret, is_encryptable=secret
    )


_ORDERS = ListSchema(
    id=HEX,
    name="Заказы",
    is_menu=False,
    created_at=datetime(2019, 12, 9, 13, 11, 28, tzinfo=UTC),
    updated_at=datetime(2019, 12, 9, 13, 11, 28, tzinfo=UTC),
    fields={
        "name": _field("Название", "string"),
        "quantity": _field("Количество", "number", required=False),
        "is_vip": _field("VIP", "bool"),
        "contact": _field("Контакт", "contact"),
        "key": _field("Ключ", "string", secret=True),
    },
)
_SCHEMAS: Any = sample("getListSchemas/ok.json")
_SCHEMA: object = {"data": _SCHEMAS["data"][0]}
_ROW = {"id": HEX, "quantity": "5", "is_vip": 1, "created_at": _DATE}
_TYPED = ListItem(id=HEX, created_at=DAY, extra={"quantity": 5, "is_vip": True})
_PLAIN = ListItem(id=HEX, created_at=DAY, extra={"quantity": "5", "is_vip": 1})

CALLS: Mapping[str, Sample] = {
    "sendMessage": _post(
        lambda c: c.send_message(
            bot_id=7, messenger="telegram", contact_external_id="100", text="Привет & пока"
        ),
        {
            "bot_id": 7,
            "messenger": "telegram",
            "contact_external_id": "100",
            "text": "Привет & пока",
        },
        sample("sendMessage/accepted.json"),
        SendReceipt,
    ),
    "sendMessageToWhatsApp": _post(
        lambda c: c.send_message_to_whatsapp(
            bot_id=7, phone="+7 (999) 123-45-67", text="Hi", name="Иван"
        ),
        {"bot_id": 7, "phone": "79991234567", "text": "Hi", "name": "Иван"},
        sample("sendMessageToWhatsApp/accepted.json"),
        # The answer does not say through which bot: the request did.
        Contact(
            id=1, phone="79991234567", name="Иван Иванов", messenger="whatsapp", created_at=DAY
        ),
    ),
    "sendMessageToQueue": _post(
        lambda c: c.send_message_to_queue(text="Hi", phone="+79991234567", message_id="m-1"),
        {"text": "Hi", "phone": "79991234567", "message_id": "m-1"},
        {"success": True, "message_id": "m-1", "phone": "79991234567", "text": "Hi"},
        QueuedMessage(success=True, message_id="m-1", phone="79991234567", text="Hi"),
    ),
    "getMe": _get(
        lambda c: c.get_me(),
        {},
        {"data": {"id": 1, "email": "a@example.com"}},
        Me(extra={"id": 1, "email": "a@example.com"}),
    ),
    "getContacts": _get(
        lambda c: c.get_contacts(
            date_from=DAY,
            date_to=1700000000,
            count=2,
            bot_id=1,
            page=3,
            with_=("tags", "variables"),
        ),
        {
            "date_from": 1557484708,
            "date_to": 1700000000,
            "count": 2,
            "bot_id": 1,
            "page": 3,
            "with": "tags,variables",
        },
        sample("getContacts/ok.json"),
        Page((_IVAN, _PETR), 3),
    ),
    "createOrUpdateContact": _post(
        lambda c: c.create_or_update_contact(
            bot_id=1,
            messenger="Telegram",
            name="Петр Петров",
            telegram_id="123456",
            tags=["Горячий", "Реклама"],
        ),
        {
            "bot_id": 1,
            "messenger": "telegram",
            "name": "Петр Петров",
            "telegram_id": "123456",
            "tags": ["Горячий", "Реклама"],
        },
        {"data": sample("getContacts/ok.json")["data"][1]},
        _PETR,
    ),
    "setYsellStatus": _post(
        lambda c: c.set_ysell_status(contact_id=4, status="Оплачен"),
        {**_ONE, "status": "Оплачен"},
        {"success": True},
        {"success": True},
    ),
    "getBotTags": _get(
        lambda c: c.get_bot_tags(bot_id=7),
        {"bot_id": 7},
        sample("getBotTags/ok.json"),
        ("Одежда", "Акция", "Горячий"),
    ),
    "getContactTags": _get(
        lambda c: c.get_contact_tags(contact_id=4),
        _ONE,
        sample("getContactTags/ok.json"),
        ("Горячий", "Реклама"),
    ),
    "attachTagToContact": _post(
        lambda c: c.attach_tag_to_contact(contact_id=4, tag_id=5),
        {**_ONE, "tag_id": 5},
        _OK,
        {"deleted": True},
    ),
    "detachTagFromContact": _post(
        lambda c: c.detach_tag_from_contact(contact_id=4, name="VIP"),
        {**_ONE, "name": "VIP"},
        {},
        {},
    ),
    "getContactVariables": _get(
        lambda c: c.get_contact_variables(contact_id=4),
        _ONE,
        sample("getContactVariables/ok.json"),
        _VARIABLES,
    ),
    "setContactVariable": _post(
        lambda c: c.set_contact_variable(
            contact_id=4, name="Город", value="Москва", deletable=False
        ),
        {**_ONE, "name": "Город", "value": "Москва", "deletable": 0},
        {"data": sample("getContactVariables/ok.json")["data"][1]},
        _VARIABLES[1],
    ),
    "deleteContactVariable": _post(
        lambda c: c.delete_contact_variable(contact_id=4, id=16497893703850),
        {**_ONE, "id": 16497893703850},
        {"data": []},
        [],
    ),
    "getContactAccounts": _get(
        lambda c: c.get_contact_accounts(contact_id=4), _ONE, {"data": [_MONEY]}, (_ACCOUNT,)
    ),
    "addContactAccount": _post(
        lambda c: c.add_contact_account(contact_id=4, currency="RUB"),
        {**_ONE, "currency": "RUB"},
        {"data": _MONEY},
        _ACCOUNT,
    ),
    "deleteContactAccount": _post(
        lambda c: c.delete_contact_account(account_id=9),
        {"account_id": 9},
        _OK,
        {"deleted": True},
    ),
    "addFundsToContactAccount": _post(
        lambda c: c.add_funds_to_contact_account(account_id=9, amount=500, description="Бонус"),
        {"account_id": 9, "amount": 500, "description": "Бонус"},
        {"data": _MONEY},
        _ACCOUNT,
    ),
    "withdrawFundsFromContactAccount": _post(
        lambda c: c.withdraw_funds_from_contact_account(
            account_id=9, amount=500, description="Заказ"
        ),
        {"account_id": 9, "amount": 500, "description": "Заказ"},
        {"data": _MONEY},
        _ACCOUNT,
    ),
    "getContactCryptoAccounts": _get(
        lambda c: c.get_contact_crypto_accounts(contact_id=4), _ONE, {"data": [_COINS]}, (_CRYPTO,)
    ),
    "addContactCryptoAccount": _post(
        lambda c: c.add_contact_crypto_account(contact_id=4, currency="BTC"),
        {**_ONE, "currency": "BTC"},
        {"data": _COINS},
        _CRYPTO,
    ),
    "deleteContactCryptoAccount": _post(
        lambda c: c.delete_contact_crypto_account(account_id=9),
        {"account_id": 9},
        _OK,
        {"deleted": True},
    ),
    "addFundsToContactCryptoAccount": _post(
        lambda c: c.add_funds_to_contact_crypto_account(
            account_id=9, amount=Decimal("1E-8"), description="Бонус"
        ),
        {"account_id": 9, "amount": "0.00000001", "description": "Бонус"},
        {"data": _COINS},
        _CRYPTO,
    ),
    "withdrawFundsFromContactCryptoAccount": _post(
        lambda c: c.withdraw_funds_from_contact_crypto_account(
            account_id=9, amount=Decimal("0.5"), description="Заказ"
        ),
        {"account_id": 9, "amount": "0.5", "description": "Заказ"},
        {"data": _COINS},
        _CRYPTO,
    ),
    "getReferrers": _get(
        lambda c: c.get_referrers(contact_id=4, depth=3, is_flat=False),
        {**_ONE, "depth": 3, "is_flat": 0},
        sample("getReferrers/tree.json"),
        ReferrerChain(_TREE, tuple(one for one in _PEOPLE if one)),
    ),
    "getReferrals": _post(
        lambda c: c.get_referrals(contact_id=4, page=2, tag_name=["VIP", "Акция"], tag_id=5),
        {**_ONE, "page": 2, "filters": {"tag_name": ["VIP", "Акция"], "tag_id": 5}},
        sample("getContacts/ok.json"),
        Page((_IVAN, _PETR), 2),
    ),
    "getCountReferrals": _post(
        lambda c: c.get_count_referrals(contact_id=4, tag_name="VIP"),
        {**_ONE, "filters": {"tag_name": "VIP"}},
        {"data": {"count": 12}},
        12,
    ),
    "getListSchemas": _get(
        lambda c: c.get_list_schemas(page=1),
        {"page": 1},
        _SCHEMAS,
        Page((_ORDERS,), 1, last=1, total=1, per_page=100, has_next=False),
    ),
    "getListSchema": _get(
        lambda c: c.get_list_schema(schema_id=HEX), {"schema_id": HEX}, _SCHEMA, _ORDERS
    ),
    "createListSchema": _post(
        lambda c: c.create_list_schema(
            name="Заказы",
            fields={"quantity": {"name": "Количество", "type": "number"}},
            is_menu=True,
            bot_id=7,
        ),
        {
            "name": "Заказы",
            "fields": {"quantity": {"name": "Количество", "type": "number"}},
            "is_menu": 1,
            "bot_id": 7,
        },
        _SCHEMA,
        _ORDERS,
    ),
    "addListSchemaField": _post(
        lambda c: c.add_list_schema_field(
            schema_id=HEX, field={"name": "Цвет", "type": "string"}, slug="colour"
        ),
        {"schema_id": HEX, "field": {"name": "Цвет", "type": "string", "slug": "colour"}},
        _SCHEMA,
        _SCHEMAS["data"][0],
    ),
    "deleteListSchemaField": _post(
        lambda c: c.delete_list_schema_field(schema_id=HEX, slug="colour"),
        {"schema_id": HEX, "slug": "colour"},
        _OK,
        {"deleted": True},
    ),
    "deleteListSchema": _post(
        lambda c: c.delete_list_schema(schema_id=HEX), {"schema_id": HEX}, _OK, {"deleted": True}
    ),
    "getListItems": _post(
        lambda c: c.get_list_items(
            schema=_ORDERS,
            bot_id=7,
            contact_id=4,
            order_by="quantity,desc",
            filters={"quantity": 5, "name": "Шляпа"},
            page=1,
            limit=10,
        ),
        {
            "schema_id": HEX,
            "bot_id": 7,
            **_ONE,
            "order_by": "quantity,desc",
            "filters": {"quantity": 5, "name": "Шляпа"},
            "page": 1,
            "limit": 10,
        },
        {"data": [_ROW]},
        Page((_TYPED,), 1),
    ),
    "addListItem": _post(
        lambda c: c.add_list_item(schema=HEX, data={"quantity": 5}),
        {"schema_id": HEX, "data": {"quantity": 5}},
        {"data": _ROW},
        _PLAIN,
    ),
    "updateListItem": _post(
        lambda c: c.update_list_item(item_id=HEX, data={"quantity": 5}, schema=_ORDERS),
        {"item_id": HEX, "data": {"quantity": 5}, "schema_id": HEX},
        {"data": _ROW},
        _TYPED,
    ),
    "deleteListItem": _post(
        lambda c: c.delete_list_item(item_id=HEX), {"item_id": HEX}, _OK, {"deleted": True}
    ),
    "decodeShortLink": _post(
        lambda c: c.decode_short_link(url="https://watbot.ru/s/abc"),
        {"url": "https://watbot.ru/s/abc"},
        sample("decodeShortLink/ok.json"),
        DecodedLink(url=sample("decodeShortLink/ok.json")["data"]["url"]),
    ),
}
"""By the API's own names, in the order of its pages."""
