"""Worlds that several tests start from, and a shorter way to call methods."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from attrs import frozen

from cleverapp_async.simulator import (
    SeedData,
    SimulatedAccount,
    SimulatedBot,
    SimulatedContact,
    SimulatedCryptoAccount,
    SimulatedVariable,
    SimulatorLimits,
)
from tests.api.samples import CALLS
from tests.paths import SAMPLES
from tests.simulator.wire import Answer, Caller

if TYPE_CHECKING:
    from collections.abc import Mapping

NO_LIMITS: Final = SimulatorLimits.none()

METHODS: Final = {name: call.http_method for name, call in CALLS.items()}
"""The HTTP method of each of the API's, as the documentation's pages say it."""

ANNA: Final = SimulatedContact(
    5,
    7,
    "telegram",
    "100",
    phone="79991234567",
    name="Анна",
    bitrix_contact_id=77,
    created_at=datetime(2024, 1, 1, tzinfo=UTC),
    tags=("Горячий", "Реклама"),
    variables=(SimulatedVariable("Город", "Москва"),),
    accounts=(SimulatedAccount("RUB", 15_000),),
    crypto_accounts=(SimulatedCryptoAccount("BTC", Decimal("0.015")),),
)
BORIS: Final = SimulatedContact(
    6,
    7,
    "whatsapp",
    "79990000000",
    name="Борис",
    created_at=datetime(2024, 1, 2, tzinfo=UTC),
    tags=("Горячий",),
    referrer_id=5,
)
VERA: Final = SimulatedContact(
    8, 9, "viber", "abc", created_at=datetime(2024, 1, 3, tzinfo=UTC), referrer_id=6
)

WORLD: Final = SeedData(contacts=(ANNA, BORIS, VERA), bots=(SimulatedBot(11, ("Пустой",)),))


def sample(name: str) -> Any:  # noqa: ANN401 - a test compares it with what came
    """Read a sample of the API's pages."""
    return json.loads((SAMPLES / name).read_text(encoding="utf-8"))


@frozen
class Api:
    """Calls methods with their own HTTP method: GET from the query, POST as JSON."""

    call: Caller

    async def __call__(self, method: str, /, **parameters: object) -> Answer:
        """Call a method."""
        if METHODS[method] == "POST":
            return await self.call(method, json=parameters)
        query = {name: str(value) for name, value in parameters.items()}
        return await self.call(method, query, method="GET")

    async def data(self, method: str, /, **parameters: object) -> Any:  # noqa: ANN401 - as above
        """Call a method and give what is in the envelope of a good answer."""
        answer = await self(method, **parameters)
        assert answer.status in {200, 201}, answer.body
        return answer.json["data"]

    async def errors(self, method: str, /, **parameters: object) -> Mapping[str, list[str]]:
        """Call a method and give the errors of a failed validation."""
        answer = await self(method, **parameters)
        assert answer.status == 422, answer.body
        found: Mapping[str, list[str]] = answer.json["errors"]
        return found


def nothing_like(field: str) -> list[str]:
    """Give the text of `exists` for a field."""
    return [f"Выбранное значение для {field.replace('_', ' ')} некорректно."]
