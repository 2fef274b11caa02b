from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cleverapp_async.simulator import SeedData, SimulatedField, SimulatedListSchema, Simulator
from cleverapp_async.simulator import SimulatedItem as Item
from tests.simulator.worlds import ANNA, BORIS, NO_LIMITS, VERA, Api, nothing_like

if TYPE_CHECKING:
    from tests.simulator.conftest import Serve

ORDERS = "5dee4800c2cc5a38ec797235"
NOTES = "5dee4800c2cc5a38ec797236"
WORLD = SeedData(
    contacts=(ANNA, BORIS, VERA),
    list_schemas=(
        SimulatedListSchema(
            "Заказы",
            {
                "name": SimulatedField("Название", "string", is_required=True),
                "quantity": SimulatedField("Количество", "number"),
                "is_vip": SimulatedField("VIP", "bool"),
                "buyer": SimulatedField("Контакт", "contact"),
            },
            ORDERS,
            items=(
                Item({"name": "b", "quantity": 2, "is_vip": True, "buyer": 5}, "0" * 23 + "1"),
                Item({"name": "a", "quantity": 2.5, "is_vip": False, "buyer": 8}, "0" * 23 + "2"),
                Item({"name": "c", "quantity": 1}, "0" * 23 + "3"),
                Item({"name": "d"}, "0" * 23 + "4"),
            ),
        ),
        SimulatedListSchema(
            "Заметки",
            {"any": SimulatedField("Что угодно", "date")},
            NOTES,
            bot_id=7,
            items=(Item({"any": [1]}), Item({"any": 10**400}), Item({"any": "x"})),
        ),
    ),
)
MISSING = {"message": "No query results."}


@pytest.fixture
async def api(serve: Serve) -> Api:
    """Call a simulator with two lists."""
    return Api(await serve(Simulator(limits=NO_LIMITS, seed_data=WORLD)))


async def names(api: Api, **parameters: object) -> str:
    """Give the names of the orders that are found, in their order."""
    items = await api.data("getListItems", schema_id=ORDERS, **parameters)
    return "".join(item["name"] for item in items)


async def test_a_list_lives(api: Api) -> None:
    """A list is created, gets and loses fields, and is gone in the end with its items."""
    field = {"name": "Имя", "type": "string", "is_required": 1}
    made = await api.data("createListSchema", name="Новый", fields={"title": field}, is_menu=1)
    assert len(made["id"]) == 24
    assert set(made["id"]) <= set("0123456789abcdef")
    assert made["is_menu"] is True
    assert made["fields"]["title"]["is_required"] is True
    schema = {"schema_id": made["id"]}
    count = {"slug": "count", "name": "Число", "type": "number"}
    assert "count" in (await api.data("addListSchemaField", **schema, field=count))["fields"]
    flag = {"flag": {"name": "Флаг", "type": "bool"}}
    assert "flag" in (await api.data("addListSchemaField", **schema, field=flag))["fields"]
    item = await api.data("addListItem", **schema, data={"title": "x", "count": "3", "flag": "1"})
    assert (item["count"], item["flag"]) == (3, True)
    gone = await api("deleteListSchemaField", **schema, slug="count")
    assert gone.json == {"success": True}
    (left,) = await api.data("getListItems", **schema)
    assert set(left) == {"id", "title", "flag", "created_at", "updated_at"}
    assert (await api("deleteListSchema", **schema)).json == {"success": True}
    assert (await api("getListSchema", **schema)).status == 404
    assert (await api("deleteListItem", item_id=item["id"])).status == 404
    assert len(await api.data("getListSchemas")) == 2


async def test_an_item_lives(api: Api) -> None:
    """An item is added, changed value by value, and deleted."""
    schema = {"schema_id": ORDERS}
    item = await api.data("addListItem", **schema, data={"name": "x", "quantity": 1.5, "buyer": 6})
    assert list(item) == ["id", "name", "quantity", "is_vip", "buyer", "created_at", "updated_at"]
    assert (item["quantity"], item["is_vip"], item["buyer"]) == (1.5, None, 6)
    changes = {"quantity": None, "buyer": "5"}
    changed = await api.data("updateListItem", item_id=item["id"], data=changes, **schema)
    assert (changed["quantity"], changed["buyer"], changed["name"]) == (None, 5, "x")
    assert (await api("deleteListItem", item_id=item["id"])).json == {"success": True}
    answer = await api("updateListItem", item_id=item["id"], data=changes)
    assert (answer.status, answer.json) == (404, MISSING)


async def test_an_item_of_another_list_is_missing(api: Api) -> None:
    """A schema_id that is not the item's is not found."""
    changes = {"item_id": "0" * 23 + "1", "data": {"name": "x"}}
    assert (await api("updateListItem", schema_id=NOTES, **changes)).status == 404
    assert (await api("updateListItem", **changes)).status == 200


@pytest.mark.parametrize(
    ("parameters", "found"),
    [
        ({}, "bacd"),
        ({"filters": {"quantity": "2"}}, "b"),
        ({"filters": {"quantity": 2.5}}, "a"),
        ({"filters": {"quantity": "2.50"}}, "a"),
        ({"filters": {"quantity": "x"}}, ""),
        ({"filters": {"quantity": True}}, ""),
        ({"filters": {"quantity": 1, "name": "c"}}, "c"),
        ({"filters": {"quantity": 1, "name": "d"}}, ""),
        ({"filters": {"is_vip": 0}}, "a"),
        ({"filters": {"is_vip": "maybe"}}, ""),
        ({"filters": {"buyer": "5"}}, "b"),
        ({"filters": {"buyer": "x"}}, ""),
        ({"filters": {"quantity": None}}, "d"),
        ({"filters": {"quantity": "1e999"}}, ""),
        ({"contact_id": 5}, "b"),
        ({"bot_id": 9}, "a"),
        ({"bot_id": 7}, "b"),
        ({"order_by": "name"}, "abcd"),
        ({"order_by": "name,desc"}, "dcba"),
        ({"order_by": "quantity,asc"}, "dcba"),
        ({"order_by": "id,desc"}, "dcab"),
        ({"order_by": "created_at,desc", "limit": 2}, "ba"),
        ({"limit": 3, "page": 2}, "d"),
    ],
)
async def test_items_are_filtered_ordered_and_paged(
    api: Api, parameters: dict[str, object], found: str
) -> None:
    """Filters are exact and must all hold; absent values come first in an order."""
    assert await names(api, **parameters) == found


async def test_filters_come_in_brackets_too(api: Api) -> None:
    """In a form, filters and data are PHP's brackets."""
    form = {"schema_id": ORDERS, "filters[name]": "a", "filters[is_vip]": "0"}
    answer = await api.call("getListItems", data=form)
    assert [item["name"] for item in answer.json["data"]] == ["a"]
    form = {"schema_id": ORDERS, "data[name]": "z", "data[quantity]": "0.25"}
    assert (await api.call("addListItem", data=form)).json["data"]["quantity"] == 0.25


async def test_values_of_unknown_types_are_kept_and_ordered(api: Api) -> None:
    """A field of a type nobody knows takes and orders anything."""
    made = await api.data("addListItem", schema_id=NOTES, data={"any": {"deep": [1, None]}})
    assert made["any"] == {"deep": [1, None]}
    items = await api.data("getListItems", schema_id=NOTES, order_by="any", bot_id=7)
    assert [item["any"] for item in items] == [10**400, [1], "x", {"deep": [1, None]}]


@pytest.mark.parametrize(
    ("method", "parameters", "errors"),
    [
        ("getListItems", {"filters": {"x": 1}}, {"filters.x": nothing_like("filters.x")}),
        ("getListItems", {"filters": ["x"]}, {"filters.0": nothing_like("filters.0")}),
        ("getListItems", {"order_by": "x"}, {"order_by": nothing_like("order_by")}),
        (
            "getListItems",
            {"order_by": "name,up"},
            {"order_by": ["Выбранное значение для order by ошибочно."]},
        ),
        ("getListItems", {"limit": 501}, {"limit": ["Поле limit не может быть более 500."]}),
        (
            "addListItem",
            {"data": {"quantity": 1}},
            {"data.name": ["Поле data.name обязательно для заполнения."]},
        ),
        ("addListItem", {"data": {}}, {"data": ["Поле data обязательно для заполнения."]}),
        (
            "addListItem",
            {"data": {"name": 5, "quantity": "x", "is_vip": "x", "buyer": "x", "more": 1}},
            {
                "data.name": ["Поле data.name должно быть строкой."],
                "data.quantity": ["Поле data.quantity должно быть числом."],
                "data.is_vip": ["Поле data.is vip должно иметь значение логического типа."],
                "data.buyer": ["Поле data.buyer должно быть целым числом."],
                "data.more": nothing_like("data.more"),
            },
        ),
        (
            "addListItem",
            {"data": {"name": "x", "buyer": 99}},
            {"data.buyer": nothing_like("data.buyer")},
        ),
        ("deleteListSchemaField", {"slug": "x"}, {"slug": nothing_like("slug")}),
        (
            "addListSchemaField",
            {"field": {"slug": "name", "name": "x", "type": "string"}},
            {"field.slug": ["Такое значение поля field.slug уже существует."]},
        ),
        (
            "addListSchemaField",
            {"field": {"name": "x", "type": "string"}},
            {"field.slug": ["Поле field.slug обязательно для заполнения."]},
        ),
        (
            "addListSchemaField",
            {"field": {"slug": "x", "name": "x", "type": "colour"}},
            {"field.type": ["Выбранное значение для field.type ошибочно."]},
        ),
    ],
)
async def test_what_does_not_fit_a_list_is_told(
    api: Api, method: str, parameters: dict[str, object], errors: dict[str, list[str]]
) -> None:
    """Unknown slugs, wrong types and missing values are told value by value."""
    assert await api.errors(method, schema_id=ORDERS, **parameters) == errors


@pytest.mark.parametrize(
    ("fields", "errors"),
    [
        ({"id": {"name": "x", "type": "string"}}, {"fields.id": nothing_like("fields.id")}),
        (
            [{"name": "x", "type": "string"}],
            {"fields.0": ["Поле fields.0 имеет ошибочный формат."]},
        ),
        (
            {"a": "x"},
            {
                "fields.a.name": ["Поле fields.a.name обязательно для заполнения."],
                "fields.a.type": ["Поле fields.a.type обязательно для заполнения."],
            },
        ),
        ("x", {"fields": ["Поле fields должно быть массивом."]}),
    ],
)
async def test_faulty_fields_are_told(
    api: Api, fields: object, errors: dict[str, list[str]]
) -> None:
    """What breaks a rule in a new list's fields is told field by field."""
    assert await api.errors("createListSchema", name="x", fields=fields) == errors


async def test_a_list_of_an_unknown_bot_is_not_created(api: Api) -> None:
    """A bot that does not exist has no lists."""
    errors = await api.errors("createListSchema", name="x", fields={"a": 1}, bot_id=99)
    assert errors == {"bot_id": nothing_like("bot_id")}


@pytest.mark.parametrize(
    "method",
    [
        "getListSchema",
        "deleteListSchema",
        "getListItems",
        "deleteListItem",
        "deleteListSchemaField",
    ],
)
async def test_unknown_lists_and_items_are_missing(api: Api, method: str) -> None:
    """An id of nothing is not found."""
    nothing = "f" * 24
    answer = await api(method, schema_id=nothing, item_id=nothing, slug="x", field={}, data={})
    assert (answer.status, answer.json) == (404, MISSING)


async def test_many_lists_come_in_pages(serve: Serve) -> None:
    """Lists come in pages of a hundred."""
    lists = tuple(
        SimulatedListSchema(str(number), {"a": SimulatedField("a", "string")})
        for number in range(120)
    )
    api = Api(await serve(Simulator(limits=NO_LIMITS, seed_data=SeedData(list_schemas=lists))))
    page = (await api("getListSchemas", page=2)).json
    assert [one["name"] for one in page["data"]] == [str(number) for number in range(100, 120)]
    assert len({one["id"] for one in page["data"]}) == 20


async def test_an_update_cannot_take_away_what_is_required(api: Api) -> None:
    """A required value may be left out of an update, and not be made null."""
    item = {"item_id": "0" * 23 + "1"}
    errors = await api.errors("updateListItem", data={"name": None}, **item)
    assert errors == {"data.name": ["Поле data.name обязательно для заполнения."]}
    changed = await api.data("updateListItem", data={"quantity": 9}, **item)
    assert (changed["name"], changed["quantity"]) == ("b", 9)
