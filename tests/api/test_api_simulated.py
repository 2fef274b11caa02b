from __future__ import annotations

from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from cleverapp_async import CleverAppClient, NotFoundError, ValidationError
from cleverapp_async.endpoints import ENDPOINTS
from cleverapp_async.models import ListField
from cleverapp_async.simulator import Simulator, SimulatorLimits, generate
from tests.transport.rig import client_of, one_attempt

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from cleverapp_async.config import PostParameters, TokenPlace

SIZE = 60


class Slug(str, Enum):  # noqa: UP042 - what programs have
    """Names of a program, in an enumeration that is no StrEnum."""

    QUANTITY = "quantity"


@pytest_asyncio.fixture(params=["as documented", "as otherwise seen"])
async def simulator(request: pytest.FixtureRequest) -> AsyncIterator[Simulator]:
    """A simulator with generated contacts, without limits."""
    made = Simulator(limits=SimulatorLimits.none(), seed_data=generate(contacts=SIZE))
    if request.param == "as otherwise seen":
        made = Simulator(
            limits=SimulatorLimits.none(),
            seed_data=generate(contacts=SIZE),
            empty_objects="array",
            variables_shape="older",
            date_style="zulu",
            count_referrals_shape="bare",
        )
    async with made as running:
        yield running


@pytest_asyncio.fixture
async def client(simulator: Simulator) -> AsyncIterator[CleverAppClient]:
    """A client of it."""
    async with client_of(simulator.base_url) as made:
        yield made


async def tags(client: CleverAppClient) -> None:
    """Attach a tag and detach it."""
    contact = (await client.get_contacts(count=1)).items[0]
    assert contact.bot_id is not None
    await client.attach_tag_to_contact(contact_id=contact.id, name="Новый")
    assert "Новый" in await client.get_contact_tags(contact_id=contact.id)
    assert "Новый" in await client.get_bot_tags(bot_id=contact.bot_id)
    await client.detach_tag_from_contact(contact_id=contact.id, name="Новый")
    assert "Новый" not in await client.get_contact_tags(contact_id=contact.id)


async def variables(client: CleverAppClient) -> None:
    """Set a variable, change it and delete it."""
    contact = (await client.get_contacts(count=1)).items[0].id
    first = await client.set_contact_variable(contact_id=contact, name="Размер", value="1")
    second = await client.set_contact_variable(
        contact_id=contact, name="Размер", value="Й 2&", deletable=True
    )
    assert (second.title, second.value, second.deletable) == ("Размер", "Й 2&", True)
    assert first.id == second.id
    assert second in await client.get_contact_variables(contact_id=contact)
    await client.delete_contact_variable(contact_id=contact, name="Размер")
    names = {one.title for one in await client.get_contact_variables(contact_id=contact)}
    assert "Размер" not in names


async def money(client: CleverAppClient) -> None:
    """Open an account, put money on it, take some, close it."""
    contact = (await client.get_contacts(count=1)).items[0].id
    account = await client.add_contact_account(contact_id=contact, currency="KZT")
    await client.add_funds_to_contact_account(account_id=account.id, amount=500, description="a")
    left = await client.withdraw_funds_from_contact_account(
        account_id=account.id, amount=200, description="b"
    )
    assert left.amount == 300
    assert left in await client.get_contact_accounts(contact_id=contact)
    await client.delete_contact_account(account_id=account.id)
    accounts = await client.get_contact_accounts(contact_id=contact)
    assert account.id not in {one.id for one in accounts}


async def coins(client: CleverAppClient) -> None:
    """The same in crypto currency, exactly."""
    contact = (await client.get_contacts(count=1)).items[0].id
    account = await client.add_contact_crypto_account(contact_id=contact, currency="XMR")
    await client.add_funds_to_contact_crypto_account(
        account_id=account.id, amount=Decimal("0.3"), description="a"
    )
    left = await client.withdraw_funds_from_contact_crypto_account(
        account_id=account.id, amount=Decimal("0.1"), description="b"
    )
    assert left.amount == Decimal("0.2")
    assert left in await client.get_contact_crypto_accounts(contact_id=contact)
    await client.delete_contact_crypto_account(account_id=account.id)
    accounts = await client.get_contact_crypto_accounts(contact_id=contact)
    assert account.id not in {one.id for one in accounts}


async def referrals(client: CleverAppClient) -> None:
    """Whoever somebody brought has them as the nearest referrer."""
    for contact in (await client.get_contacts(count=SIZE)).items:
        brought = [one async for one in client.iter_referrals(contact_id=contact.id)]
        assert await client.get_count_referrals(contact_id=contact.id) == len(brought)
        if brought:
            break
    else:
        pytest.fail("the seed has no referrals")
    assert (await client.get_referrals(contact_id=contact.id)).items[0] == brought[0]
    tree = await client.get_referrers(contact_id=brought[0].id)
    flat = await client.get_referrers(contact_id=brought[0].id, is_flat=True, depth=10)
    assert contact.id in {one.id for one in tree.flat}
    assert [one.id for one in flat.flat] == [one.id for one in tree.flat]


async def lists(client: CleverAppClient) -> None:
    """Make a list, change its fields and its items, delete it."""
    known = [one async for one in client.iter_list_schemas()]
    assert known
    schema = await client.create_list_schema(
        name="Заказы", fields={"quantity": ListField(name="Число", type="number")}, is_menu=False
    )
    await client.add_list_schema_field(
        schema_id=schema.id, slug="vip", field=ListField(name="VIP", type="bool")
    )
    schema = await client.get_list_schema(schema_id=schema.id)
    assert [one.type for one in schema.fields.values()] == ["number", "bool"]
    item = await client.add_list_item(schema=schema, data={Slug.QUANTITY: 5, "vip": True})
    changed = await client.update_list_item(item_id=item.id, data={"quantity": 6}, schema=schema)
    assert (changed["quantity"], changed["vip"]) == (6, True)
    assert [one async for one in client.iter_list_items(schema=schema)] == [changed]
    found = await client.get_list_items(schema=schema, filters={"quantity": 5})
    assert found.items == ()
    await client.delete_list_item(item_id=item.id)
    await client.delete_list_schema_field(schema_id=schema.id, slug="vip")
    await client.delete_list_schema(schema_id=schema.id)
    assert len((await client.get_list_schemas()).items) == len(known)


async def contacts(client: CleverAppClient) -> None:
    """Create a contact, find it among all, and set its status."""
    before = {one.id async for one in client.iter_contacts(count=7)}
    assert len(before) == SIZE
    bot = (await client.get_contacts(count=1)).items[0].bot_id
    assert bot is not None
    made = await client.create_or_update_contact(
        bot_id=bot, messenger="telegram", name="Нина", telegram_id="555", tags=["Опт"]
    )
    assert (made.telegram_id, made.name, made.messenger) == ("555", "Нина", "telegram")
    after = {one.id async for one in client.iter_contacts(count=7, bot_id=bot)}
    assert after - before == {made.id}
    await client.set_ysell_status(contact_id=made.id, status="Оплачен")


async def messages(client: CleverAppClient) -> None:
    """Send in each of the three ways, and decode a link."""
    contact = (await client.get_contacts(count=1)).items[0]
    assert contact.bot_id is not None
    assert (await client.send_message(contact_id=contact.id, text="Да")).attempts == 1
    written = await client.send_message_to_whatsapp(
        bot_id=contact.bot_id, phone="79990000000", text="Да", name="Нина"
    )
    assert (written.messenger, written.phone) == ("whatsapp", "79990000000")
    queued = await client.send_message_to_queue(text="Да", contact_id=contact.id, message_id="m-1")
    assert (queued.success, queued.contact_id) == (True, contact.id)
    assert (await client.decode_short_link(url="https://watbot.ru/s/abc")).expires_at is not None
    assert (await client.get_me()).extra


STORIES: dict[str, Callable[[CleverAppClient], Awaitable[None]]] = {
    story.__name__: story
    for story in (tags, variables, money, coins, referrals, lists, contacts, messages)
}


@pytest.mark.parametrize("story", STORIES)
async def test_what_was_done_is_seen_afterwards(client: CleverAppClient, story: str) -> None:
    """Against the simulator each method does what its page says, seen through other methods."""
    await STORIES[story](client)


@pytest.mark.parametrize("token_place", ["query", "body"])
@pytest.mark.parametrize("placement", ["documented", "query", "json", "form"])
async def test_all_methods_work_however_they_are_sent(
    simulator: Simulator, placement: PostParameters, token_place: TokenPlace
) -> None:
    """All methods are understood by the simulator, in each placement of both things."""
    config = one_attempt(post_parameters=placement, token_place=token_place)
    async with client_of(simulator.base_url, config=config) as client:
        for story in STORIES.values():
            await story(client)
        assert {one.endpoint for one in simulator.arrivals} == set(ENDPOINTS)
        assert {one.verdict for one in simulator.arrivals} == {"accepted"}


async def test_what_is_not_there_is_an_error_of_ours(client: CleverAppClient) -> None:
    """Unknown ids and insufficient funds come back as errors that a program can act on."""
    with pytest.raises((NotFoundError, ValidationError)):
        await client.get_contact_tags(contact_id=10**9)
    contact = (await client.get_contacts(count=1)).items[0].id
    account = await client.add_contact_account(contact_id=contact, currency="KZT")
    with pytest.raises(ValidationError) as caught:
        await client.withdraw_funds_from_contact_account(
            account_id=account.id, amount=1, description="x"
        )
    assert caught.value.errors
