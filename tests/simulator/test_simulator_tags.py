from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cleverapp_async.simulator import Simulator
from tests.simulator.worlds import NO_LIMITS, WORLD, Api, nothing_like

if TYPE_CHECKING:
    from tests.simulator.conftest import Serve

SUCCESS = {"success": True}


@pytest.fixture
async def api(serve: Serve) -> Api:
    """Call a simulator with three contacts."""
    return Api(await serve(Simulator(limits=NO_LIMITS, seed_data=WORLD)))


async def test_a_tag_is_attached_and_detached_by_name(api: Api) -> None:
    """A new name becomes the contact's and the bot's tag; detaching leaves it to the bot."""
    assert (await api("attachTagToContact", contact_id=5, name="Новый")).json == SUCCESS
    assert await api.data("getContactTags", contact_id=5) == ["Горячий", "Реклама", "Новый"]
    assert (await api("detachTagFromContact", contact_id=5, name="Новый")).json == SUCCESS
    assert await api.data("getContactTags", contact_id=5) == ["Горячий", "Реклама"]
    assert await api.data("getBotTags", bot_id=7) == ["Горячий", "Реклама", "Новый"]


async def test_repeating_changes_nothing(api: Api) -> None:
    """Attaching what is attached and detaching what is not are successes without effect."""
    for _ in range(2):
        assert (await api("attachTagToContact", contact_id=6, name="Реклама")).json == SUCCESS
    assert await api.data("getContactTags", contact_id=6) == ["Горячий", "Реклама"]
    for _ in range(2):
        assert (await api("detachTagFromContact", contact_id=8, name="Реклама")).json == SUCCESS
    assert await api.data("getContactTags", contact_id=8) == []


async def test_a_tag_is_named_by_its_id(api: Api) -> None:
    """A tag's id names it to the contacts of its bot, and wins over a name."""
    assert (await api("attachTagToContact", contact_id=6, tag_id=3, name="x")).json == SUCCESS
    assert await api.data("getContactTags", contact_id=6) == ["Горячий", "Реклама"]
    assert (await api("detachTagFromContact", contact_id=6, tag_id="2")).json == SUCCESS
    assert await api.data("getContactTags", contact_id=6) == ["Реклама"]


@pytest.mark.parametrize("method", ["attachTagToContact", "detachTagFromContact"])
async def test_a_tag_of_another_bot_does_not_exist(api: Api, method: str) -> None:
    """A tag's id of another bot, or of none, is told to be nothing."""
    for contact_id, tag_id in ((8, 2), (5, 99)):
        errors = await api.errors(method, contact_id=contact_id, tag_id=tag_id)
        assert errors == {"tag_id": nothing_like("tag_id")}


async def test_either_id_or_name_is_needed(api: Api) -> None:
    """Without both, both are demanded."""
    errors = await api.errors("attachTagToContact", contact_id=5)
    assert errors == {
        "tag_id": ["Поле tag id обязательно для заполнения, когда name не указано."],
        "name": ["Поле name обязательно для заполнения, когда tag id не указано."],
    }


async def test_bots_are_told_apart(api: Api) -> None:
    """A bot of the seed has its tags, one that is not there does not exist."""
    assert await api.data("getBotTags", bot_id=11) == ["Пустой"]
    assert await api.data("getBotTags", bot_id=9) == []
    assert await api.errors("getBotTags", bot_id=12) == {"bot_id": nothing_like("bot_id")}


async def test_a_variable_is_created_changed_and_deleted(api: Api) -> None:
    """One name is one variable with one id above 2^31; deletable is false unless it is sent."""
    made = await api.data("setContactVariable", contact_id=5, name="Купон", value="A", deletable=1)
    assert made["id"] > 2**31
    assert made["deletable"] is True
    changed = await api.data("setContactVariable", contact_id=5, name="Купон", value="B")
    assert changed == made | {"value": "B", "deletable": False}
    other = await api.data("setContactVariable", contact_id=6, name="Купон", value="C")
    assert other["id"] == made["id"]
    assert (await api("deleteContactVariable", contact_id=5, id=made["id"])).json == SUCCESS
    assert (await api("deleteContactVariable", contact_id=5, name="Город")).json == SUCCESS
    assert await api.data("getContactVariables", contact_id=5) == []
    assert len(await api.data("getContactVariables", contact_id=6)) == 1


async def test_what_is_no_variable_of_the_contact_does_not_exist(api: Api) -> None:
    """An unknown id or name is told on the field that names it."""
    errors = await api.errors("deleteContactVariable", contact_id=6, name="Город")
    assert errors == {"name": nothing_like("name")}
    errors = await api.errors("deleteContactVariable", contact_id=6, id=1)
    assert errors == {"id": nothing_like("id")}
    errors = await api.errors("deleteContactVariable", contact_id=6)
    assert errors["id"] == ["Поле id обязательно для заполнения, когда name не указано."]


async def test_values_are_strings_and_flags_are_flags(api: Api) -> None:
    """A number as value, an empty value and a flag that is none are refused."""
    errors = await api.errors(
        "setContactVariable", contact_id=5, name="x", value=5, deletable="yes"
    )
    assert errors == {
        "value": ["Поле value должно быть строкой."],
        "deletable": ["Поле deletable должно иметь значение логического типа."],
    }
    errors = await api.errors("setContactVariable", contact_id=5, name="x", value="")
    assert errors == {"value": ["Поле value обязательно для заполнения."]}


async def test_the_older_shape_is_paged_and_dated(serve: Serve) -> None:
    """The older shape nests the name, has dates, and comes in pages."""
    simulator = Simulator(limits=NO_LIMITS, seed_data=WORLD, variables_shape="older")
    api = Api(await serve(simulator))
    answer = (await api("getContactVariables", contact_id=5)).json
    assert answer["meta"]["total"] == 1
    assert answer["data"] == [
        {
            "id": 16_497_876_867_449,
            "value": "Москва",
            "deletable": False,
            "variable": {"name": "Город"},
            "created_at": "2024-01-01T00:00:00+00:00",
            "updated_at": "2024-01-01T00:00:00+00:00",
        }
    ]
    changed = await api.data("setContactVariable", contact_id=5, name="Город", value="Омск")
    assert changed["updated_at"] > changed["created_at"]
