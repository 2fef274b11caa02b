from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from cleverapp_async.simulator import (
    SeedData,
    SeedError,
    SimulatedContact,
    SimulatedField,
    SimulatedItem,
    SimulatedListSchema,
    Simulator,
    generate,
    load_seed,
    parse_seed,
)
from tests.paths import DOCS
from tests.simulator.worlds import ANNA, NO_LIMITS, Api

if TYPE_CHECKING:
    from pathlib import Path

    from tests.simulator.conftest import Serve

PAGE = DOCS / "simulator.md"
PETER: dict[str, Any] = {"id": 2, "bot_id": 7, "messenger": "telegram", "telegram_id": "1"}
FIELD = {"name": "x", "type": "string"}


def contact(**more: object) -> dict[str, object]:
    """Make a seed of one contact."""
    return {"contacts": [PETER | more]}


def one_list(**more: object) -> dict[str, object]:
    """Make a seed of one list."""
    return {"list_schemas": [{"name": "x", "fields": {"a": FIELD}, **more}]}


def example() -> str:
    """Give the seed file of the documentation."""
    found = re.search(r"```json\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    return found[1]


async def test_the_example_of_the_page_is_a_world(serve: Serve, tmp_path: Path) -> None:
    """The documentation's seed file is read, and what it says is answered."""
    file = tmp_path / "seed.json"
    file.write_text(example(), encoding="utf-8")
    api = Api(await serve(Simulator(limits=NO_LIMITS, seed_file=file)))
    assert await api.data("getMe") == {"id": 1, "name": "Магазин"}
    assert await api.data("getBotTags", bot_id=7) == ["Горячий", "Опт"]
    anna, peter = await api.data("getContacts")
    assert (anna["phone"], peter["telegram_username"]) == ("70000000001", "superman")
    assert peter["utm"] == {"utm_source": "landing"}
    assert peter["created_at"] == "2019-05-10T10:38:28+00:00"
    assert (await api.data("getReferrers", contact_id=2))["referrer"]["id"] == 1
    (account,) = await api.data("getContactAccounts", contact_id=2)
    assert account["amount_note"] == "150.00 RUB"
    (crypto,) = await api.data("getContactCryptoAccounts", contact_id=2)
    assert crypto["amount"] == "0.015"
    (item,) = await api.data("getListItems", schema_id="5dee4800c2cc5a38ec797235")
    assert item["quantity"] == 3
    link = await api.data("decodeShortLink", url="https://example.com/s/1")
    assert link == {"url": "https://storage.example.com/a.jpeg?sign=abc"}


def test_everything_a_seed_can_say() -> None:
    """Every name of a seed file is read into the record of its name."""
    seed = parse_seed(
        contact(
            external_id="55",
            vk_user_id="9",
            phone="7",
            email="a@example.com",
            address="г. Москва",
            bitrix_contact_id=3,
            created_at="2024-01-01T00:00:00Z",
            name=None,
            variables=[{"name": "a", "value": "b", "deletable": True, "id": 2**40}],
            accounts=[{"currency": "RUB"}],
            crypto_accounts=[{"currency": "BTC", "id": 4}],
        )
        | {
            "bots": [{"id": 9}],
            "list_schemas": [
                {
                    "name": "x",
                    "fields": {"a": FIELD | {"is_hidden": True}},
                    "is_menu": True,
                    "bot_id": 9,
                    "created_at": "2024-01-01T03:00:00+03:00",
                    "items": [{"a": "b", "id": "a" * 24, "created_at": "2024-01-01T00:00:00Z"}],
                }
            ],
        }
    )
    (found,) = seed.contacts or ()
    assert (found.external_id, found.other_ids) == ("55", {"vk_user_id": "9"})
    assert (found.bitrix_contact_id, found.name) == (3, None)
    assert found.created_at == datetime(2024, 1, 1, tzinfo=UTC)
    assert found.variables[0].id == 2**40
    assert found.crypto_accounts[0].amount == Decimal(0)
    (schema,) = seed.list_schemas
    assert schema.fields["a"] == SimulatedField("x", "string", is_hidden=True)
    assert schema.items[0].id == "a" * 24
    assert schema.created_at == found.created_at
    assert parse_seed({}) == SeedData()


@pytest.mark.parametrize(
    ("data", "place"),
    [
        ([], "$"),
        ({"contact": []}, "$.contact"),
        ({"contacts": {}}, "$.contacts"),
        ({"contacts": [5]}, "$.contacts[0]"),
        (contact(id="2"), "$.contacts[0].id"),
        (contact(id=True), "$.contacts[0].id"),
        (contact(id=0), "$.contacts[0].id"),
        (contact(id=2**63), "$.contacts[0].id"),
        (contact(bot_id=None), "$.contacts[0].bot_id"),
        (contact(nmae="x"), "$.contacts[0].nmae"),
        (contact(name=""), "$.contacts[0].name"),
        (contact(name="x" * 9), None),
        (contact(phone=["x" * 99]), "$.contacts[0].phone"),
        (contact(telegram_id=None), "$.contacts[0].telegram_id"),
        (contact(messenger="icq"), "$.contacts[0].external_id"),
        (contact(messenger="whatsapp"), "$.contacts[0].phone"),
        (contact(created_at="2024-01-01T00:00:00"), "$.contacts[0].created_at"),
        (contact(created_at="1969-01-01T00:00:00Z"), "$.contacts[0].created_at"),
        (contact(created_at="soon"), "$.contacts[0].created_at"),
        (contact(utm={"utm_source": 1}), "$.contacts[0].utm.utm_source"),
        (contact(tags=["x", 1]), "$.contacts[0].tags[1]"),
        (contact(variables=[{"name": "x"}]), "$.contacts[0].variables[0].value"),
        (
            contact(variables=[{"name": "x", "value": "y", "deletable": 1}]),
            "$.contacts[0].variables[0].deletable",
        ),
        (
            contact(accounts=[{"currency": "RUB", "amount": -1}]),
            "$.contacts[0].accounts[0].amount",
        ),
        (
            contact(crypto_accounts=[{"currency": "BTC", "amount": "x"}]),
            "$.contacts[0].crypto_accounts[0].amount",
        ),
        (
            contact(crypto_accounts=[{"currency": "BTC", "amount": "-Infinity"}]),
            "$.contacts[0].crypto_accounts[0].amount",
        ),
        (one_list(fields={"a": {"name": "x"}}), "$.list_schemas[0].fields.a.type"),
        ({"short_links": {"x": 1}}, "$.short_links.x"),
    ],
)
def test_a_fault_is_told_with_its_place(data: object, place: str | None) -> None:
    """What is no seed is refused, naming where it is wrong and what was wanted."""
    if place is None:
        assert parse_seed(data).contacts
        return
    with pytest.raises(SeedError) as caught:
        parse_seed(data)
    assert caught.value.place == place
    assert str(caught.value) == f"{place}: {caught.value.message}"
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    ("data", "place"),
    [
        ({"contacts": [PETER, PETER]}, "$.contacts[1].id"),
        (contact(referrer_id=9), "$.contacts[0].referrer_id"),
        (contact(referrer_id=2), "$.contacts"),
        (
            contact(variables=[{"name": "x", "value": "y"}] * 2),
            "$.contacts[0].variables[1].name",
        ),
        (
            contact(
                variables=[
                    {"name": "x", "value": "y", "id": 5},
                    {"name": "y", "value": "y", "id": 5},
                ]
            ),
            "$.contacts[0].variables[1].id",
        ),
        (contact(accounts=[{"currency": "RUB", "id": 1}] * 2), "$.contacts[0].accounts[1].id"),
        (
            contact(crypto_accounts=[{"currency": "BTC", "id": 1}] * 2),
            "$.contacts[0].crypto_accounts[1].id",
        ),
        (one_list(id="x"), "$.list_schemas[0].id"),
        (one_list(fields={"id": FIELD}), "$.list_schemas[0].fields"),
        (one_list(items=[{"b": 1}]), "$.list_schemas[0].items[0].b"),
        (
            one_list(id="a" * 24, items=[{"id": "a" * 24}]),
            "$.list_schemas[0].items[0].id",
        ),
    ],
)
def test_a_seed_that_contradicts_itself_makes_no_world(data: object, place: str) -> None:
    """Ids that are there twice, and names of nothing, are refused with their place."""
    seed = parse_seed(data)
    with pytest.raises(SeedError) as caught:
        Simulator(seed_data=seed)
    assert caught.value.place == place


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("{\n  x", "seed.json, line 2, column 3"),
        ("[NaN]", "seed.json"),
        ('{"me": {"x": 1e999}}', "seed.json"),
        ('{"me": 5.5}', "seed.json, $.me"),
        ("[" * 100_000, "seed.json"),
    ],
)
def test_a_file_that_is_no_seed_is_named(tmp_path: Path, text: str, place: str) -> None:
    """The error of a file names the file, and the line where JSON ends to be JSON."""
    file = tmp_path / "seed.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SeedError) as caught:
        load_seed(str(file))
    assert caught.value.place == place


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """A missing file is the operating system's error."""
    with pytest.raises(FileNotFoundError):
        load_seed(tmp_path / "seed.json")


def test_one_thing_is_said_once(tmp_path: Path) -> None:
    """A file and data, or contacts in two places, are refused."""
    with pytest.raises(ValueError, match=r"seed_file.*seed_data"):
        Simulator(seed_file=tmp_path, seed_data=SeedData())
    with pytest.raises(ValueError, match="contacts"):
        Simulator(contacts=[ANNA], seed_data=generate(1))


async def test_contacts_go_with_a_seed_that_names_none(serve: Serve) -> None:
    """Contacts may be given beside a seed of other things."""
    seed = parse_seed(one_list())
    api = Api(await serve(Simulator(limits=NO_LIMITS, contacts=[ANNA], seed_data=seed)))
    assert len(await api.data("getContacts")) == 1
    assert len(await api.data("getListSchemas")) == 1


async def test_made_ids_pass_over_those_of_the_seed(serve: Serve) -> None:
    """Ids that the simulator gives are none of those a seed gives, even further down."""
    first = 16_497_876_867_449
    ids = [f"{0:08x}{number:016x}" for number in (1, 3)]
    schema = SimulatedListSchema(
        "x",
        {},
        items=(SimulatedItem({}), *(SimulatedItem({}, number) for number in ids)),
        created_at=datetime(1970, 1, 1, tzinfo=UTC),
    )
    people = parse_seed(
        contact(
            accounts=[{"currency": "RUB"}, {"currency": "RUB", "id": 1}],
            variables=[
                {"name": "a", "value": "a"},
                {"name": "b", "value": "b", "id": first},
            ],
        )
    ).contacts
    seed = SeedData(contacts=people, list_schemas=(schema,))
    api = Api(await serve(Simulator(limits=NO_LIMITS, seed_data=seed)))
    accounts = await api.data("getContactAccounts", contact_id=2)
    assert [one["id"] for one in accounts] == [2, 1]
    variables = await api.data("getContactVariables", contact_id=2)
    assert [one["id"] for one in variables] == [first + 1, first]
    (shown,) = await api.data("getListSchemas")
    items = await api.data("getListItems", schema_id=shown["id"])
    assert len({shown["id"], *(item["id"] for item in items)}) == 4


def test_a_generated_world_is_the_same_for_the_same_arguments() -> None:
    """Equal arguments give equal worlds, another seed another one."""
    assert generate(200, seed=3) == generate(200, seed=3)
    assert generate(200, seed=3) != generate(200, seed=4)
    assert generate(0).contacts == ()


@pytest.mark.parametrize("contacts", [-1, 10_000_000])
def test_a_senseless_number_of_contacts_is_refused(contacts: int) -> None:
    """Fewer than none, and more than there are numbers for, are refused."""
    with pytest.raises(ValueError, match="contacts"):
        generate(contacts)


def test_a_generated_world_has_something_of_everything() -> None:
    """Several bots and messengers, all kinds of things, a forest of referrers, nobody real."""
    world = generate(500)
    people: tuple[SimulatedContact, ...] = world.contacts or ()
    assert [one.id for one in people] == list(range(1, 501))
    assert {one.bot_id for one in people} == {1, 2, 3}
    assert {one.messenger for one in people} == {"telegram", "whatsapp", "viber", "vk", "icq"}
    for what in ("tags", "variables", "accounts", "crypto_accounts", "utm", "address", "email"):
        having = sum(bool(getattr(one, what)) for one in people)
        assert 10 < having < 490, what
    brought = [one for one in people if one.referrer_id is not None]
    assert 100 < len(brought) < 400
    bots = {one.id: one.bot_id for one in people}
    assert all(bots[one.referrer_id or 0] == one.bot_id for one in brought)
    assert all((one.phone or "7000").startswith("7000") for one in people)
    assert all((one.email or "@example.com").endswith("@example.com") for one in people)
    assert all(re.fullmatch(r"[А-ЯЁа-яё]+ [А-ЯЁа-яё]+", one.name or "") for one in people)
    assert [len(schema.items) for schema in world.list_schemas] == [500, 8]


def test_a_seed_can_be_written_by_hand_as_json_and_read_again(tmp_path: Path) -> None:
    """What was read from a file once is read from its copy alike."""
    file = tmp_path / "seed.json"
    file.write_text(json.dumps(json.loads(example())), encoding="utf-8")
    assert load_seed(file) == parse_seed(json.loads(example()))
