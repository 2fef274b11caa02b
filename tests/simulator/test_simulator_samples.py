from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from cleverapp_async.simulator import (
    SeedData,
    SimulatedBot,
    SimulatedContact,
    SimulatedField,
    SimulatedListSchema,
    SimulatedVariable,
    Simulator,
)
from tests.simulator.worlds import NO_LIMITS, Api, sample

if TYPE_CHECKING:
    from tests.simulator.conftest import Serve

BRAND = "https://watbot.ru/api/v1"


def person(number: int, name: str, date: str, referrer: int | None = None) -> SimulatedContact:
    """Make a contact of the samples."""
    return SimulatedContact(
        number,
        1,
        "telegram",
        str(number),
        name=name,
        created_at=datetime.fromisoformat(date),
        referrer_id=referrer,
    )


async def test_contacts_are_answered_as_in_the_sample(serve: Serve) -> None:
    """Two contacts with the sample's data give the sample's rows, key for key."""
    ivan = SimulatedContact(
        1,
        1,
        "whatsapp",
        "79991234567",
        phone="79991234567",
        email="info@example.com",
        name="Иван Иванов",
        address="г. Москва, ул. Пушкина, д. 5",
        utm=sample("getContacts/ok.json")["data"][0]["utm"],
        created_at=datetime.fromisoformat("2019-05-10T10:38:28+00:00"),
    )
    petr = SimulatedContact(
        2,
        1,
        "telegram",
        "123456",
        phone="792712312321",
        name="Петр Петров",
        telegram_username="superman",
        created_at=datetime.fromisoformat("2019-04-02T12:16:16+00:00"),
    )
    api = Api(await serve(Simulator(limits=NO_LIMITS, contacts=(petr, ivan))))
    data = await api.data("getContacts")
    wanted = sample("getContacts/ok.json")["data"]
    assert data == wanted
    assert [list(one) for one in data] == [list(one) for one in wanted]


async def test_tags_are_answered_as_in_the_samples(serve: Serve) -> None:
    """Tags of a bot and of a contact come as bare names, in the order they came."""
    bot = SimulatedBot(1, tuple(sample("getBotTags/ok.json")["data"]))
    contact = SimulatedContact(4, 2, "telegram", "4", tags=("Горячий", "Реклама"))
    seed = SeedData(contacts=(contact,), bots=(bot,))
    api = Api(await serve(Simulator(limits=NO_LIMITS, seed_data=seed)))
    assert (await api("getBotTags", bot_id=1)).json == sample("getBotTags/ok.json")
    assert (await api("getContactTags", contact_id=4)).json == sample("getContactTags/ok.json")


async def test_variables_are_answered_as_in_the_samples(serve: Serve) -> None:
    """Variables with the sample's ids give the sample, and no contact the sample of the error."""
    contact = SimulatedContact(
        4,
        1,
        "telegram",
        "4",
        variables=(
            SimulatedVariable("Имя переменной", "Значение переменной", id=16_497_876_867_449),
            SimulatedVariable("Город", "Москва", id=16_497_893_703_850),
        ),
    )
    api = Api(await serve(Simulator(limits=NO_LIMITS, contacts=[contact])))
    answer = await api("getContactVariables", contact_id=4)
    assert answer.json == sample("getContactVariables/ok.json")
    answer = await api("getContactVariables")
    assert (answer.status, answer.json) == (422, sample("getContactVariables/validation.json"))


async def test_schemas_are_answered_as_in_the_sample(serve: Serve) -> None:
    """One list with the sample's fields gives the whole sample, its page and brand included."""
    wanted = sample("getListSchemas/ok.json")
    shown = wanted["data"][0]
    schema = SimulatedListSchema(
        shown["name"],
        {slug: SimulatedField(**field) for slug, field in shown["fields"].items()},
        shown["id"],
        created_at=datetime.fromisoformat(shown["created_at"]),
    )
    seed = SeedData(list_schemas=(schema,))
    api = Api(await serve(Simulator(limits=NO_LIMITS, seed_data=seed, links_url=BRAND)))
    answer = (await api("getListSchemas")).json
    del answer["meta"]["links"]  # newer releases of the framework add them to what the page shows
    assert answer == wanted
    assert (await api("getListSchema", schema_id=shown["id"])).json == {"data": shown}


async def test_referrers_are_answered_as_in_the_sample(serve: Serve) -> None:
    """A chain of three contacts gives the sample's tree."""
    contacts = (
        person(3, "Иван Иванов", "2019-05-10T10:38:28+00:00", 2),
        person(2, "Петр Петров", "2019-05-10T10:38:25+00:00", 1),
        person(1, "Василий Васильев", "2019-05-10T10:11:42+00:00"),
    )
    api = Api(await serve(Simulator(limits=NO_LIMITS, contacts=contacts)))
    assert (await api("getReferrers", contact_id=3)).json == sample("getReferrers/tree.json")


async def test_short_links_are_answered_as_in_the_samples(serve: Serve) -> None:
    """A link of the seed gives the sample, and what is no link the sample of the error."""
    wanted = sample("decodeShortLink/ok.json")
    seed = SeedData(short_links={"https://example.com/s": wanted["data"]["url"]})
    api = Api(await serve(Simulator(limits=NO_LIMITS, seed_data=seed)))
    assert (await api("decodeShortLink", url="https://example.com/s")).json == wanted
    answer = await api("decodeShortLink", url="nowhere")
    assert (answer.status, answer.json) == (422, sample("decodeShortLink/validation.json"))


async def test_a_whatsapp_contact_is_answered_as_in_the_sample(serve: Serve) -> None:
    """A known number gives the sample of sendMessageToWhatsApp."""
    wanted = sample("sendMessageToWhatsApp/accepted.json")
    contact = SimulatedContact(
        1,
        1,
        "whatsapp",
        "79991234567",
        name="Иван Иванов",
        created_at=datetime.fromisoformat(wanted["data"]["created_at"]),
    )
    api = Api(await serve(Simulator(limits=NO_LIMITS, contacts=[contact])))
    answer = await api("sendMessageToWhatsApp", bot_id=1, phone="79991234567", text="Hi")
    assert answer.json == wanted
