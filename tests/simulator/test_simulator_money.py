from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleverapp_async.simulator import Simulator
from cleverapp_async.simulator.pages.account import INSUFFICIENT, note, spell
from tests.simulator.worlds import NO_LIMITS, WORLD, Api, nothing_like

if TYPE_CHECKING:
    from tests.simulator.conftest import Serve


KINDS = ("ContactAccount", "ContactCryptoAccount")


@pytest.fixture
async def api(serve: Serve) -> Api:
    """Call a simulator with three contacts, one of them with accounts."""
    return Api(await serve(Simulator(limits=NO_LIMITS, seed_data=WORLD)))


async def test_accounts_hold_minor_units(api: Api) -> None:
    """Funds are added and withdrawn in the minor unit, and the note shows the major one."""
    (account,) = await api.data("getContactAccounts", contact_id=5)
    assert account == {
        "id": 1,
        "amount": 15_000,
        "amount_note": "150.00 RUB",
        "currency": "RUB",
        "created_at": "2024-01-01T00:00:00+00:00",
        "updated_at": "2024-01-01T00:00:00+00:00",
    }
    funds = {"account_id": 1, "amount": 5, "description": "Бонус"}
    more = await api.data("addFundsToContactAccount", **funds)
    assert (more["amount"], more["amount_note"]) == (15_005, "150.05 RUB")
    assert more["updated_at"] > more["created_at"]
    less = await api.data("withdrawFundsFromContactAccount", **funds | {"amount": "15005"})
    assert less["amount"] == 0


async def test_crypto_accounts_are_exact(api: Api) -> None:
    """Decimals come as strings and are added without rounding, from strings and numbers."""
    (account,) = await api.data("getContactCryptoAccounts", contact_id=5)
    assert account["amount"] == "0.015"
    assert "amount_note" not in account
    funds = {"account_id": account["id"], "description": "x"}
    for amount in ("0.000000000000000001", 1, 0.5, "1e-8", "999999999999999999"):
        account = await api.data("addFundsToContactCryptoAccount", amount=amount, **funds)
    assert account["amount"] == "1000000000000000000.515000010000000001"
    await api.data("withdrawFundsFromContactCryptoAccount", amount=account["amount"], **funds)
    (account,) = await api.data("getContactCryptoAccounts", contact_id=5)
    assert account["amount"] == "0"


@pytest.mark.parametrize("kind", KINDS)
async def test_an_account_is_opened_empty_and_closed(api: Api, kind: str) -> None:
    """A contact may have two accounts of a currency; a closed one is gone, a second time too."""
    opened = [await api.data(f"add{kind}", contact_id=6, currency="USD") for _ in range(2)]
    assert [Decimal(one["amount"]) for one in opened] == [0, 0]
    assert await api.data(f"get{kind}s", contact_id=6) == opened
    gone = {"account_id": opened[0]["id"]}
    assert (await api(f"delete{kind}", **gone)).json == {"success": True}
    assert await api.data(f"get{kind}s", contact_id=6) == opened[1:]
    answer = await api(f"delete{kind}", **gone)
    assert (answer.status, answer.json) == (404, {"message": "No query results."})
    assert api.call.simulator.arrivals[-1].verdict == "missing"
    funds = await api(f"addFundsTo{kind}", **gone, amount=1, description="x")
    assert funds.status == 404


@pytest.mark.parametrize("kind", KINDS)
async def test_more_than_there_is_cannot_be_withdrawn(api: Api, kind: str) -> None:
    """Insufficient funds are told of the amount, and change nothing."""
    before = await api.data(f"get{kind}s", contact_id=5)
    funds = {"account_id": before[0]["id"], "amount": 15_001, "description": "x"}
    assert await api.errors(f"withdrawFundsFrom{kind}", **funds) == {"amount": [INSUFFICIENT]}
    assert await api.data(f"get{kind}s", contact_id=5) == before


@pytest.mark.parametrize(("kind", "most"), [(KINDS[0], str(2**63 - 1)), (KINDS[1], "1" + "0" * 30)])
async def test_a_balance_has_an_end(api: Api, kind: str, most: str) -> None:
    """What would be more than an account holds is refused."""
    funds = {"account_id": 1, "amount": most, "description": "x"}
    text = f"Поле amount не может быть более {most}."
    assert await api.errors(f"addFundsTo{kind}", **funds) == {"amount": [text]}


@pytest.mark.parametrize(
    ("kind", "amount", "text"),
    [
        (KINDS[0], 1.5, "Поле amount должно быть целым числом."),
        (KINDS[0], 0, "Поле amount должно быть не менее 1."),
        (KINDS[0], -5, "Поле amount должно быть не менее 1."),
        (KINDS[0], 2**63, "Поле amount должно быть целым числом."),
        (KINDS[1], "x", "Поле amount должно быть числом."),
        (KINDS[1], True, "Поле amount должно быть числом."),
        (KINDS[1], "1e31", "Поле amount должно быть числом."),
        (KINDS[1], "1e-19", "Поле amount должно быть числом."),
        (KINDS[1], "NaN", "Поле amount должно быть числом."),
        (KINDS[1], 0, "Поле amount должно быть больше 0."),
        (KINDS[1], "-1", "Поле amount должно быть больше 0."),
    ],
)
async def test_faulty_amounts_are_told(api: Api, kind: str, amount: object, text: str) -> None:
    """An amount that is none, or not above 0, is refused in the pack's words."""
    funds = {"account_id": 1, "amount": amount, "description": "x"}
    assert await api.errors(f"addFundsTo{kind}", **funds) == {"amount": [text]}


@pytest.mark.parametrize(("kind", "currency"), [(KINDS[0], "rub"), (KINDS[1], "B")])
async def test_a_currency_is_a_code(api: Api, kind: str, currency: str) -> None:
    """What does not look like a currency is refused."""
    errors = await api.errors(f"add{kind}", contact_id=5, currency=currency)
    assert errors == {"currency": ["Поле currency имеет ошибочный формат."]}
    errors = await api.errors(f"add{kind}", contact_id=99, currency="BTC")
    assert errors == {"contact_id": nothing_like("contact_id")}


def test_notes_follow_the_size_of_the_minor_unit() -> None:
    """A yen has no minor unit, a dinar has a thousand."""
    assert note(1500, "JPY") == "1500 JPY"
    assert note(1500, "KWD") == "1.500 KWD"
    assert note(7, "RUB") == "0.07 RUB"


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=0, max_value=10**30, places=18))
def test_a_spelt_amount_is_the_amount(amount: Decimal) -> None:
    """Spelling loses nothing and uses no exponent."""
    text = spell(amount)
    assert Decimal(text) == amount
    assert not set(text) - set("0123456789.")
