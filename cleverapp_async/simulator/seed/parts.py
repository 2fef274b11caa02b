"""Reads the parts of a seed: bots, contacts and lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from attrs import AttrsInstance, fields

from ..state.contacts import ID_NAMES, WHATSAPP
from ..state.records import (
    SeedError,
    SimulatedAccount,
    SimulatedBot,
    SimulatedContact,
    SimulatedCryptoAccount,
    SimulatedField,
    SimulatedItem,
    SimulatedListSchema,
    SimulatedVariable,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .node import Node


def names(record: type[AttrsInstance]) -> tuple[str, ...]:
    """Give the names of a record's fields."""
    return tuple(one.name for one in fields(record))


_ID_NAMES: Final = tuple(ID_NAMES.values())
_CONTACT: Final = (
    *(name for name in names(SimulatedContact) if name != "other_ids"),
    *_ID_NAMES,
)
_TEXTS: Final = ("phone", "name", "email", "address", "telegram_username")
_NUMBERS: Final = ("bitrix_contact_id", "referrer_id")


def read_bot(node: Node) -> SimulatedBot:
    """Read a bot."""
    found = node.record(names(SimulatedBot), ("id",))
    return SimulatedBot(found["id"].number(), found["tags"].texts() if "tags" in found else ())


def read_contact(node: Node) -> SimulatedContact:
    """Read a contact: its id in its messenger by the API's name of it, or as external_id."""
    found = node.record(_CONTACT, ("id", "bot_id", "messenger"))
    messenger = found["messenger"].text()
    texts = {name: found[name].text() for name in (*_TEXTS, *_ID_NAMES) if name in found}
    numbers = {name: found[name].number() for name in _NUMBERS if name in found}
    own = "phone" if messenger == WHATSAPP else ID_NAMES.get(messenger)
    external_id = found["external_id"].text() if "external_id" in found else texts.get(own or "")
    if external_id is None:
        raise SeedError(f"{node.place}.{own or 'external_id'}", "is needed")
    utm = found.get("utm")
    return SimulatedContact(
        found["id"].number(),
        found["bot_id"].number(),
        messenger,
        external_id,
        phone=texts.get("phone"),
        name=texts.get("name"),
        email=texts.get("email"),
        address=texts.get("address"),
        telegram_username=texts.get("telegram_username"),
        utm=None if utm is None else {name: one.text() for name, one in utm.members().items()},
        other_ids={name: texts[name] for name in _ID_NAMES if name in texts and name != own},
        bitrix_contact_id=numbers.get("bitrix_contact_id"),
        created_at=found["created_at"].moment() if "created_at" in found else None,
        tags=found["tags"].texts() if "tags" in found else (),
        variables=tuple(_variable(one) for one in _items(found, "variables")),
        accounts=tuple(_account(one) for one in _items(found, "accounts")),
        crypto_accounts=tuple(_crypto_account(one) for one in _items(found, "crypto_accounts")),
        referrer_id=numbers.get("referrer_id"),
    )


def _items(found: Mapping[str, Node], name: str) -> list[Node]:
    return found[name].items() if name in found else []


def _id(found: Mapping[str, Node]) -> int | None:
    return found["id"].number() if "id" in found else None


def _variable(node: Node) -> SimulatedVariable:
    found = node.record(names(SimulatedVariable), ("name", "value"))
    deletable = "deletable" in found and found["deletable"].flag()
    return SimulatedVariable(found["name"].text(), found["value"].text(), deletable, _id(found))


def _account(node: Node) -> SimulatedAccount:
    found = node.record(names(SimulatedAccount), ("currency",))
    amount = found["amount"].minor_units() if "amount" in found else 0
    return SimulatedAccount(found["currency"].text(), amount, _id(found))


def _crypto_account(node: Node) -> SimulatedCryptoAccount:
    found = node.record(names(SimulatedCryptoAccount), ("currency",))
    amount = found["amount"].decimal() if "amount" in found else SimulatedCryptoAccount("").amount
    return SimulatedCryptoAccount(found["currency"].text(), amount, _id(found))


def read_list(node: Node) -> SimulatedListSchema:
    """Read a list with its items."""
    found = node.record(names(SimulatedListSchema), ("name", "fields"))
    return SimulatedListSchema(
        found["name"].text(),
        {slug: _field(one) for slug, one in found["fields"].members().items()},
        found["id"].text() if "id" in found else None,
        "is_menu" in found and found["is_menu"].flag(),
        found["bot_id"].number() if "bot_id" in found else None,
        tuple(_item(one) for one in _items(found, "items")),
        found["created_at"].moment() if "created_at" in found else None,
    )


def _field(node: Node) -> SimulatedField:
    flags = ("is_required", "is_hidden", "is_encryptable")
    found = node.record(("name", "type", *flags), ("name", "type"))
    given = (name in found and found[name].flag() for name in flags)
    return SimulatedField(found["name"].text(), found["type"].text(), *given)


def _item(node: Node) -> SimulatedItem:
    found = node.members()
    return SimulatedItem(
        {slug: one.value for slug, one in found.items() if slug not in {"id", "created_at"}},
        found["id"].text() if "id" in found else None,
        found["created_at"].moment() if "created_at" in found else None,
    )
