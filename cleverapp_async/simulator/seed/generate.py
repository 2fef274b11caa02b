"""Generates seed data: the same arguments give the same data.

No person in it is real: phone numbers begin with 7000, which is not an area of Russia's numbering
plan, and e-mail addresses end in example.com.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

from ..state.records import (
    SeedData,
    SimulatedAccount,
    SimulatedBot,
    SimulatedContact,
    SimulatedCryptoAccount,
    SimulatedField,
    SimulatedItem,
    SimulatedListSchema,
    SimulatedVariable,
)

START: Final = datetime(2024, 1, 1, tzinfo=UTC)
"""When the first generated contact came; every ten minutes comes another."""

MOST_CONTACTS: Final = 9_999_999
"""Phone numbers last for so many."""

MESSENGERS: Final = (
    (1, ("telegram", "telegram", "telegram", "whatsapp")),
    (2, ("telegram", "viber", "vk")),
    (3, ("whatsapp", "icq")),
)
"""The bots with the messengers they write to, the frequent ones more than once."""

_BOTS: Final = (1, 1, 1, 2, 2, 3)
_CURRENCIES: Final = ("RUB", "RUB", "RUB", "USD", "JPY")

MOST_ORDERS: Final = 500
"""Orders, however many contacts there are."""

ORDERS_ID: Final = "65921f8000000000000000a1"
GOODS_ID: Final = "65921f8000000000000000a2"

# Common words, and nobody's own.
_MEN: Final = (
    "Александр", "Алексей", "Андрей", "Артём", "Борис", "Василий", "Виктор", "Глеб", "Дмитрий",
    "Егор", "Иван", "Кирилл", "Максим", "Михаил", "Никита", "Олег", "Пётр", "Роман", "Сергей",
    "Фёдор",
)  # fmt: skip

_WOMEN: Final = (
    "Алина", "Анастасия", "Анна", "Вера", "Виктория", "Галина", "Дарья", "Екатерина", "Елена",
    "Ирина", "Ксения", "Любовь", "Мария", "Надежда", "Наталья", "Ольга", "Полина", "Светлана",
    "Татьяна", "Юлия",
)  # fmt: skip

_SURNAMES: Final = (
    "Алексеев", "Андреев", "Васильев", "Волков", "Григорьев", "Егоров", "Зайцев", "Иванов",
    "Козлов", "Кузнецов", "Лебедев", "Макаров", "Михайлов", "Морозов", "Никитин", "Новиков",
    "Орлов", "Павлов", "Петров", "Романов", "Семёнов", "Сергеев", "Смирнов", "Соколов",
    "Степанов", "Фёдоров", "Яковлев",
)  # fmt: skip

_CITIES: Final = (
    "Москва", "Санкт-Петербург", "Новосибирск", "Екатеринбург", "Казань", "Нижний Новгород",
    "Самара", "Омск", "Пермь", "Воронеж",
)  # fmt: skip

_STREETS: Final = ("ул. Пушкина", "ул. Мира", "ул. Садовая", "пр. Ленина", "ул. Лесная")

_TAGS: Final = (
    "Горячий", "Реклама", "Акция", "Одежда", "Обувь", "Опт", "Новый", "Постоянный", "Отписался",
    "Оплатил",
)  # fmt: skip

_SOURCES: Final = ("landing", "instagram", "yandex", "vk", "email")

_GOODS: Final = ("Футболка", "Куртка", "Кепка", "Шарф", "Кроссовки", "Рюкзак", "Зонт", "Кружка")


def generate(contacts: int = 1000, seed: int = 0) -> SeedData:
    """Make up contacts of three bots, their tags, variables, accounts and referrers, and two lists.

    Args:
        contacts: How many contacts, with ids from 1.
        seed: Another number makes other data.

    Returns:
        What ``Simulator(seed_data=...)`` takes; equal for equal arguments.

    Raises:
        ValueError: The number of contacts is below 0 or above 9,999,999.
    """
    if not 0 <= contacts <= MOST_CONTACTS:
        msg = f"contacts must be from 0 to {MOST_CONTACTS}, not {contacts}"
        raise ValueError(msg)
    rng = random.Random(f"world {seed}")
    of_bot: dict[int, list[int]] = {bot_id: [] for bot_id, _ in MESSENGERS}
    people = tuple(_contact(number, rng, of_bot) for number in range(1, contacts + 1))
    return SeedData(
        contacts=people,
        bots=tuple(SimulatedBot(bot_id, _TAGS) for bot_id, _ in MESSENGERS),
        list_schemas=(_orders(contacts, START, rng), _goods(START, rng)),
    )


def _contact(number: int, rng: random.Random, of_bot: dict[int, list[int]]) -> SimulatedContact:
    bot_id = rng.choice(_BOTS)
    messenger = rng.choice(dict(MESSENGERS)[bot_id])
    phone = f"7000{number:07d}"
    earlier = of_bot[bot_id]
    referrer = rng.choice(earlier) if earlier and _happens(rng, 50) else None
    earlier.append(number)
    telegram = messenger == "telegram"
    return SimulatedContact(
        number,
        bot_id,
        messenger,
        phone if messenger == "whatsapp" else str(100_000_000 + number),
        phone=phone if messenger == "whatsapp" or _happens(rng, 30) else None,
        name=_name(rng),
        email=f"contact{number}@example.com" if _happens(rng, 30) else None,
        address=_address(rng) if _happens(rng, 20) else None,
        telegram_username=f"user{number}" if telegram and _happens(rng, 70) else None,
        utm=_utm(rng) if _happens(rng, 30) else None,
        created_at=START + timedelta(seconds=600 * number + rng.randrange(600)),
        tags=tuple(rng.sample(_TAGS, rng.randrange(4))),
        variables=_variables(rng),
        accounts=_accounts(rng),
        crypto_accounts=_crypto_accounts(rng),
        referrer_id=referrer,
    )


def _happens(rng: random.Random, percent: int) -> bool:
    return rng.randrange(100) < percent


def _name(rng: random.Random) -> str:
    surname = rng.choice(_SURNAMES)
    if _happens(rng, 50):
        return f"{rng.choice(_MEN)} {surname}"
    return f"{rng.choice(_WOMEN)} {surname}а"


def _address(rng: random.Random) -> str:
    return f"г. {rng.choice(_CITIES)}, {rng.choice(_STREETS)}, д. {rng.randrange(1, 100)}"


def _utm(rng: random.Random) -> dict[str, str | None]:
    return {
        "utm_source": rng.choice(_SOURCES),
        "utm_medium": "cpc",
        "utm_campaign": f"campaign{rng.randrange(1, 10)}",
        "utm_term": None,
        "utm_content": None,
    }


def _variables(rng: random.Random) -> tuple[SimulatedVariable, ...]:
    every = (
        SimulatedVariable("Город", rng.choice(_CITIES)),
        SimulatedVariable("Заказов", str(rng.randrange(20))),
        SimulatedVariable("Купон", f"K{rng.randrange(10_000):04d}", deletable=True),
    )
    return every[: rng.randrange(4)]


def _accounts(rng: random.Random) -> tuple[SimulatedAccount, ...]:
    if not _happens(rng, 30):
        return ()
    return (SimulatedAccount(rng.choice(_CURRENCIES), rng.randrange(1_000_000)),)


def _crypto_accounts(rng: random.Random) -> tuple[SimulatedCryptoAccount, ...]:
    if not _happens(rng, 10):
        return ()
    amount = Decimal(rng.randrange(1_000_000_000)).scaleb(-8)
    return (SimulatedCryptoAccount(rng.choice(("BTC", "ETH", "USDT")), amount),)


def _orders(contacts: int, start: datetime, rng: random.Random) -> SimulatedListSchema:
    """Make up orders of the first contacts, one a minute."""
    items = tuple(
        SimulatedItem(
            {
                "name": rng.choice(_GOODS),
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


def _goods(start: datetime, rng: random.Random) -> SimulatedListSchema:
    """Make up the goods, each with a price in roubles."""
    items = tuple(
        SimulatedItem(
            {"name": name, "price": rng.randrange(100, 10_000), "in_stock": bool(rng.randrange(5))},
            f"65921f80{2:08x}{number:08x}",
            start + timedelta(minutes=number),
        )
        for number, name in enumerate(_GOODS, 1)
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
