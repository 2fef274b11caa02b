from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from cleverapp_async.simulator import SimulatedContact, Simulator, generate
from tests.simulator.worlds import NO_LIMITS, WORLD, Api, nothing_like

if TYPE_CHECKING:
    from tests.simulator.conftest import Serve

DAY = 86_400
NEW_YEAR = int(datetime(2024, 1, 1, tzinfo=UTC).timestamp())


async def ids(api: Api, **query: object) -> list[int]:
    """Give the ids of a page of contacts."""
    return [contact["id"] for contact in await api.data("getContacts", **query)]


async def test_pages_cover_all_contacts_once(serve: Serve) -> None:
    """Pages of a count hold every contact once, and the counters of Laravel's paginator."""
    api = Api(await serve(Simulator(limits=NO_LIMITS, seed_data=generate(25))))
    url = api.call.simulator.base_url
    pages = [(await api("getContacts", count=10, page=page)).json for page in (1, 2, 3)]
    assert [one["id"] for page in pages for one in page["data"]] == list(range(1, 26))
    answer = pages[2]
    assert [link["label"] for link in answer["meta"].pop("links")[1:-1]] == ["1", "2", "3"]
    assert answer["meta"] == {
        "current_page": 3,
        "from": 21,
        "last_page": 3,
        "path": f"{url}/getContacts",
        "per_page": 10,
        "to": 25,
        "total": 25,
    }
    assert answer["links"] == {
        "first": f"{url}/getContacts?page=1",
        "last": f"{url}/getContacts?page=3",
        "prev": f"{url}/getContacts?page=2",
        "next": None,
    }


async def test_a_page_beyond_the_last_is_empty(serve: Serve) -> None:
    """Beyond the last page there is no data; from and to are null."""
    api = Api(await serve(Simulator(limits=NO_LIMITS, seed_data=generate(3))))
    answer = (await api("getContacts", page=2**62)).json
    assert answer["data"] == []
    assert (answer["meta"]["from"], answer["meta"]["to"]) == (None, None)
    assert answer["meta"]["last_page"] == 1


@pytest.mark.parametrize("page", ["0", "-1", "x", "1.5", "9" * 30])
async def test_a_senseless_page_is_the_first(serve: Serve, page: str) -> None:
    """What is no positive integer is page 1, as Laravel reads it."""
    api = Api(await serve(Simulator(limits=NO_LIMITS, seed_data=generate(3))))
    assert await ids(api, page=page) == [1, 2, 3]


async def test_dates_and_bots_filter(serve: Serve) -> None:
    """date_from and date_to belong to the span, bot_id keeps its own, filters combine."""
    api = Api(await serve(Simulator(limits=NO_LIMITS, seed_data=WORLD)))
    assert await ids(api) == [5, 6, 8]
    assert await ids(api, date_from=NEW_YEAR + DAY) == [6, 8]
    assert await ids(api, date_to=NEW_YEAR + DAY) == [5, 6]
    assert await ids(api, date_from=NEW_YEAR + 1, date_to=NEW_YEAR + DAY) == [6]
    assert await ids(api, date_from=2**62) == []
    assert await ids(api, bot_id=7) == [5, 6]
    assert await ids(api, bot_id=7, date_from=NEW_YEAR + 1) == [6]
    assert await ids(api, bot_id=11) == []
    assert await ids(api, bot_id=12) == []


async def test_tags_and_variables_come_on_demand(serve: Serve) -> None:
    """With names what is added to each contact."""
    api = Api(await serve(Simulator(limits=NO_LIMITS, seed_data=WORLD)))
    plain, *_ = await api.data("getContacts")
    assert not {"tags", "variables"} & set(plain)
    anna, *_ = await api.data("getContacts", **{"with": "tags, variables"})
    assert anna["tags"] == ["Горячий", "Реклама"]
    assert anna["variables"] == [{"name": "Город", "value": "Москва"}]
    assert set(anna) - set(plain) == {"tags", "variables"}


async def test_the_older_shape_nests_the_name_of_a_variable(serve: Serve) -> None:
    """In the older shape a contact's variable has its name inside `variable`."""
    simulator = Simulator(limits=NO_LIMITS, seed_data=WORLD, variables_shape="older")
    anna, *_ = await Api(await serve(simulator)).data("getContacts", **{"with": "variables"})
    assert anna["variables"] == [{"variable": {"name": "Город"}, "value": "Москва"}]


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ({"count": 501}, "Поле count не может быть более 500."),
        ({"count": 0}, "Поле count должно быть не менее 1."),
        ({"count": "x"}, "Поле count должно быть целым числом."),
        ({"date_from": "2024-01-01"}, "Поле date from должно быть целым числом."),
        ({"bot_id": "x"}, "Поле bot id должно быть целым числом."),
        ({"with": "tags,secrets"}, "Выбранное значение для with ошибочно."),
    ],
)
async def test_faulty_filters_are_told(serve: Serve, query: dict[str, object], text: str) -> None:
    """A filter that breaks a rule is a validation error in the pack's words."""
    errors = await Api(await serve(Simulator(limits=NO_LIMITS))).errors("getContacts", **query)
    assert list(errors.values()) == [[text]]


async def test_dates_in_the_other_style(serve: Serve) -> None:
    """On demand dates are in UTC with microseconds and a Z."""
    simulator = Simulator(limits=NO_LIMITS, seed_data=WORLD, date_style="zulu")
    anna, *_ = await Api(await serve(simulator)).data("getContacts")
    assert anna["created_at"] == "2024-01-01T00:00:00.000000Z"


async def test_anybody_becomes_a_contact_when_named(serve: Serve) -> None:
    """Without given contacts, naming an id keeps its contact, and sendMessage does not."""
    api = Api(await serve(Simulator(limits=NO_LIMITS)))
    assert (await api("sendMessage", contact_id=40, text="Hi")).status == 200
    assert await ids(api) == []
    assert await api.data("getContactTags", contact_id=42) == []
    assert await api.data("getContactTags", contact_id=42) == []
    (contact,) = await api.data("getContacts")
    assert (contact["id"], contact["bot_id"], contact["telegram_id"]) == (42, 1, "42")
    assert await api.errors("getContactTags", contact_id=0) == {
        "contact_id": nothing_like("contact_id")
    }


async def test_a_contact_is_created_and_then_updated(serve: Serve) -> None:
    """The same id in the same messenger and bot is the same contact; absent fields stay."""
    api = Api(await serve(Simulator(limits=NO_LIMITS, seed_data=WORLD)))
    made = await api.data(
        "createOrUpdateContact",
        bot_id=7,
        messenger="telegram",
        name="Глеб",
        telegram_id=555,
        telegram_username="gleb",
        email="gleb@example.com",
        vk_id="9",
        tags=["Новый"],
    )
    assert (made["telegram_id"], made["vk_user_id"]) == ("555", "9")
    assert await api.data("getContactTags", contact_id=made["id"]) == ["Новый"]
    again = await api.data(
        "createOrUpdateContact",
        bot_id=7,
        messenger="telegram",
        name="Глеб Ильич",
        telegram_id="555",
        phone="+7 000",
        tags={"a": "Опт"},
    )
    assert again == made | {"name": "Глеб Ильич", "phone": "+7 000"}
    assert await api.data("getContactTags", contact_id=made["id"]) == ["Новый", "Опт"]
    assert await ids(api) == [5, 6, 8, made["id"]]


async def test_a_contact_is_found_by_its_number(serve: Serve) -> None:
    """In WhatsApp, and without an id in the messenger, the phone number finds the contact."""
    api = Api(await serve(Simulator(limits=NO_LIMITS, seed_data=WORLD)))
    whatsapp = {"bot_id": 7, "messenger": "whatsapp", "name": "Б", "phone": "+7 999 000-00-00"}
    assert (await api.data("createOrUpdateContact", **whatsapp))["id"] == 6
    viber = {"bot_id": 9, "messenger": "viber", "name": "В", "phone": "79990000001"}
    made = await api.data("createOrUpdateContact", **viber)
    assert made["viber_id"] is None
    assert (await api.data("createOrUpdateContact", **viber))["id"] == made["id"]
    nobody = {"bot_id": 9, "messenger": "icq", "name": "Г"}
    first = await api.data("createOrUpdateContact", **nobody)
    assert (await api.data("createOrUpdateContact", **nobody))["id"] == first["id"] + 1


async def test_new_ids_pass_over_those_in_use(serve: Serve) -> None:
    """A contact that was named first keeps its id when others are made."""
    api = Api(await serve(Simulator(limits=NO_LIMITS)))
    await api("getContactTags", contact_id=1_000_000_001)
    made = await api.data("createOrUpdateContact", bot_id=1, messenger="vk", name="А", vk_id="1")
    assert made["id"] == 1_000_000_002


@pytest.mark.parametrize(
    ("parameters", "errors"),
    [
        (
            {"messenger": "whatsapp"},
            {"phone": ["Поле phone обязательно для заполнения, когда messenger равно whatsapp."]},
        ),
        (
            {"messenger": "telegram"},
            {
                "telegram_id": [
                    "Поле telegram id обязательно для заполнения, когда messenger равно telegram."
                ]
            },
        ),
        ({"bot_id": 99}, {"bot_id": nothing_like("bot_id")}),
        ({"email": "x"}, {"email": ["Поле email должно быть действительным электронным адресом."]}),
        ({"tags": "x"}, {"tags": ["Поле tags должно быть массивом."]}),
        (
            {"tags": [5, None]},
            {
                "tags.0": ["Поле tags.0 должно быть строкой."],
                "tags.1": ["Поле tags.1 обязательно для заполнения."],
            },
        ),
        ({"viber_id": 1.5}, {"viber_id": ["Поле viber id должно быть строкой."]}),
        (
            {"name": "x" * 256},
            {"name": ["Количество символов в поле name не может превышать 255."]},
        ),
    ],
)
async def test_faulty_contacts_are_told(
    serve: Serve, parameters: dict[str, object], errors: dict[str, list[str]]
) -> None:
    """What breaks a rule of createOrUpdateContact is told field by field."""
    api = Api(await serve(Simulator(limits=NO_LIMITS, seed_data=WORLD)))
    contact = {"bot_id": 7, "messenger": "vk", "name": "А", **parameters}
    assert await api.errors("createOrUpdateContact", **contact) == errors


async def test_a_status_has_at_most_64_characters(serve: Serve) -> None:
    """SetYsellStatus takes 64 characters and no more."""
    api = Api(await serve(simulator := Simulator(limits=NO_LIMITS, seed_data=WORLD)))
    answer = await api("setYsellStatus", contact_id=5, status="я" * 64)
    assert answer.json == {"success": True}
    assert simulator._context.state.ysell_statuses == {5: "я" * 64}
    assert await api.errors("setYsellStatus", contact_id=5, status="я" * 65) == {
        "status": ["Количество символов в поле status не может превышать 64."]
    }


def test_a_date_tells_its_offset() -> None:
    """A contact's date is refused when it is naive or before 1970."""
    for date in (datetime(2024, 1, 1), datetime(1969, 1, 1, tzinfo=UTC)):  # noqa: DTZ001 - naive
        with pytest.raises(ValueError, match="offset"):
            SimulatedContact(1, 1, "vk", "1", created_at=date)
