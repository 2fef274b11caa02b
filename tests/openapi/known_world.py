"""A small world whose ids are known, and the contract narrowed to what is there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cleverapp_async.simulator import SeedData, parse_seed

from .contract import closed_document

if TYPE_CHECKING:
    from collections.abc import Iterator

_SCHEMA = "5dee4800c2cc5a38ec797235"
_ITEM = "5dee4800c2cc5a38ec797236"
_NUMBER = {"name": "Количество", "type": "number"}

WORLD: SeedData = parse_seed(
    {
        "bots": [{"id": 7, "tags": ["Горячий"]}],
        "contacts": [
            {"id": 1, "bot_id": 7, "messenger": "whatsapp", "phone": "70000000001"},
            {
                "id": 2,
                "bot_id": 7,
                "messenger": "telegram",
                "telegram_id": "123456",
                "phone": "70000000002",
                "bitrix_contact_id": 5,
                "utm": {"utm_source": "landing"},
                "tags": ["Горячий"],
                "variables": [{"id": 3, "name": "Город", "value": "Москва"}],
                "accounts": [{"id": 4, "currency": "RUB", "amount": 1_000_000}],
                "crypto_accounts": [{"id": 4, "currency": "BTC", "amount": "1000"}],
                "referrer_id": 1,
            },
        ],
        "list_schemas": [
            {
                "id": _SCHEMA,
                "name": "Заказы",
                "fields": {"quantity": _NUMBER},
                "items": [{"id": _ITEM, "quantity": 3}],
            }
        ],
    }
)

_WORD = {"type": "string", "pattern": "^[A-Za-z]{1,20}$"}
_FIELD: dict[str, Any] = {
    "type": "object",
    "required": ["name", "type"],
    "properties": {"name": _WORD, "type": {"enum": ["string", "number", "bool", "contact"]}},
    "additionalProperties": False,
}


def _only(*values: object) -> dict[str, Any]:
    return {"enum": list(values)}


def _object(**properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


# What is there, by the parameter's name; of one method's parameter where they differ.
_THERE: dict[str, dict[str, Any]] = {
    "account_id": _only(4),
    "amount": _only(1, 500),
    "addFundsToContactCryptoAccount.amount": _only("0.5", "2"),
    "withdrawFundsFromContactCryptoAccount.amount": _only("0.5", "2"),
    "bitrix_contact_id": _only(5),
    "bot_id": _only(7),
    "contact_external_id": _only("123456"),
    "contact_id": _only(2),
    "currency": _only("RUB", "BTC"),
    "addContactAccount.currency": _only("RUB", "USD"),
    "data": _object(quantity={"type": "integer", "minimum": 0, "maximum": 10**9}),
    "date_from": {"type": "integer", "minimum": 0, "maximum": 2**33},
    "date_to": {"type": "integer", "minimum": 0, "maximum": 2**33},
    "email": _only("anna@example.com"),
    "field": _object(slug=_WORD, **_FIELD["properties"]),
    "fields": {"type": "object", "minProperties": 1, "additionalProperties": False}
    | {"properties": {"sku": _FIELD, "price": _FIELD}},
    "file": _only("https://example.com/a.pdf"),
    "filters": _object(tag_name=_only("Горячий", ["Горячий", "Опт"])),
    "getListItems.filters": _object(quantity=_only(3, "3")),
    "deleteContactVariable.id": _only(3),
    "deleteContactVariable.name": _only("Город"),
    "image": _only("https://example.com/a.png"),
    "item_id": _only(_ITEM),
    "limit": {"type": "integer", "minimum": 1, "maximum": 500},
    "messenger": _only("telegram"),
    "createOrUpdateContact.messenger": _only("telegram", "whatsapp", "viber", "vk"),
    "order_by": _only("quantity", "created_at,desc"),
    "phone": _only("70000000002"),
    "schema_id": _only(_SCHEMA),
    "slug": _only("quantity"),
    "tag_id": _only(1),
    "tags": {"type": "array", "items": _WORD},
    "url": _only("https://example.com/s/1"),
}

# What the document says in words only: one of several sets in a query, and what hangs on values.
_NEEDED = {
    "sendMessage": ("contact_id", "text"),
    "sendMessageToWhatsApp": ("name",),
    "createOrUpdateContact": ("phone", "telegram_id"),
}


def narrowed_document() -> dict[str, Any]:
    """The closed document whose requests name only what is in the world."""
    contract = closed_document()
    for path, operations in contract["paths"].items():
        name = path.removeprefix("/")
        for parameter in _parameters(operations):
            if parameter["in"] == "query":
                _narrow(name, parameter["name"], parameter["schema"])
                parameter["required"] |= parameter["name"] in _NEEDED.get(name, ())
        for body in _bodies(operations):
            for field, schema in body["properties"].items():
                _narrow(name, field, schema)
            body["required"] = [*body.get("required", ()), *_NEEDED.get(name, ())]
            body["additionalProperties"] = False
    return contract


def _narrow(method: str, name: str, schema: dict[str, Any]) -> None:
    there = _THERE.get(f"{method}.{name}", _THERE.get(name))
    if there is None and schema.get("type") == "string" and "pattern" not in schema:
        there = _WORD
    if there is not None:
        schema.clear()
        schema.update(there)


def _parameters(operations: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for operation in operations.values():
        yield from (one for one in operation["parameters"] if "$ref" not in one)


def _bodies(operations: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for operation in operations.values():
        if "requestBody" in operation:
            yield operation["requestBody"]["content"]["application/json"]["schema"]
