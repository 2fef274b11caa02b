"""Makes up two lists: orders, which name contacts, and goods."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from ..state.records import SimulatedField, SimulatedItem, SimulatedListSchema
from . import names

if TYPE_CHECKING:
    import random

MOST_ORDERS: Final = 500
"""Orders, however many contacts there are."""

ORDERS_ID: Final = "65921f8000000000000000a1"
GOODS_ID: Final = "65921f8000000000000000a2"


def orders(contacts: int, start: datetime, rng: random.Random) -> SimulatedListSchema:
    """Make up orders of the first contacts, one a minute."""
    items = tuple(
        SimulatedItem(
            {
                "name": rng.choice(names.GOODS),
                "quantity": rng.randrange(1, 10),
                "is_vip": not rng.randrange(5),
                "contact": number,
            },
            f"65921f80{1:08x}{number:08x}",
            start + timedelta(minutes=number),
        )
        for number in range(1, min(contacts, MOST_ORDERS) + 1)
    )
    fields = {
        "name": SimulatedField("Название", "string", is_required=True),
        "quantity": SimulatedField("Количество", "number"),
        "is_vip": SimulatedField("VIP", "bool", is_required=True),
        "contact": SimulatedField("Контакт", "contact", is_required=True),
    }
    return SimulatedListSchema("Заказы", fields, ORDERS_ID, items=items, created_at=start)


def goods(start: datetime, rng: random.Random) -> SimulatedListSchema:
    """Make up the goods, each with a price in roubles."""
    items = tuple(
        SimulatedItem(
            {"name": name, "price": rng.randrange(100, 10_000), "in_stock": bool(rng.randrange(5))},
            f"65921f80{2:08x}{number:08x}",
            start + timedelta(minutes=number),
        )
        for number, name in enumerate(names.GOODS, 1)
    )
    fields = {
        "name": SimulatedField("Название", "string", is_required=True),
        "price": SimulatedField("Цена", "number", is_required=True),
        "in_stock": SimulatedField("В наличии", "bool"),
        "note": SimulatedField("Заметка", "string", is_hidden=True),
    }
    return SimulatedListSchema(
        "Товары", fields, GOODS_ID, is_menu=True, bot_id=1, items=items, created_at=start
    )
