"""Makes up a world: the same one for the same arguments.

Nobody in it is real: phone numbers begin with 7000, which is no area of Russia's numbering
plan, and addresses of e-mail end in example.com.
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
    SimulatedVariable,
)
from . import names
from .generate_lists import goods, orders

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


def generate(contacts: int = 1000, seed: int = 0) -> SeedData:
    """Make up contacts of three bots, their tags, variables, accounts and referrers, and two lists.

    Args:
        contacts: How many contacts, with ids from 1.
        seed: Another number makes another world.

    Returns:
        What ``Simulator(seed_data=...)`` takes; equal for equal arguments.

    Raises:
        ValueError: The number of contacts is below 0 or above 9,999,999.
    """
    if not 0 <= contacts <= MOST_CONTACTS:
        msg = f"contacts is from 0 to {MOST_CONTACTS}, not {contacts}"
        raise ValueError(msg)
    rng = random.Random(f"world {seed}")
    of_bot: dict[int, list[int]] = {bot_id: [] for bot_id, _ in MESSENGERS}
    people = tuple(_contact(number, rng, of_bot) for number in range(1, contacts + 1))
    return SeedData(
        contacts=people,
        bots=tuple(SimulatedBot(bot_id, names.TAGS) for bot_id, _ in MESSENGERS),
        list_schemas=(orders(contacts, START, rng), goods(START, rng)),
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
        tags=tuple(rng.sample(names.TAGS, rng.randrange(4))),
        variables=_variables(rng),
        accounts=_accounts(rng),
        crypto_accounts=_crypto_accounts(rng),
        referrer_id=referrer,
    )


def _happens(rng: random.Random, percent: int) -> bool:
    return rng.randrange(100) < percent


def _name(rng: random.Random) -> str:
    surname = rng.choice(names.SURNAMES)
    if _happens(rng, 50):
        return f"{rng.choice(names.MEN)} {surname}"
    return f"{rng.choice(names.WOMEN)} {surname}а"


def _address(rng: random.Random) -> str:
    return f"г. {rng.choice(names.CITIES)}, {rng.choice(names.STREETS)}, д. {rng.randrange(1, 100)}"


def _utm(rng: random.Random) -> dict[str, str | None]:
    return {
        "utm_source": rng.choice(names.SOURCES),
        "utm_medium": "cpc",
        "utm_campaign": f"campaign{rng.randrange(1, 10)}",
        "utm_term": None,
        "utm_content": None,
    }


def _variables(rng: random.Random) -> tuple[SimulatedVariable, ...]:
    every = (
        SimulatedVariable("Город", rng.choice(names.CITIES)),
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
