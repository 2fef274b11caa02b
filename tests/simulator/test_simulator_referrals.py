from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cleverapp_async.simulator import SimulatedContact, Simulator
from tests.simulator.worlds import NO_LIMITS, WORLD, Api

if TYPE_CHECKING:
    from tests.simulator.conftest import Serve


def chain(length: int) -> list[SimulatedContact]:
    """Make contacts of which each was brought by the one before."""
    return [
        SimulatedContact(number, 1, "vk", str(number), referrer_id=number - 1 or None)
        for number in range(1, length + 1)
    ]


def fan() -> list[SimulatedContact]:
    """Make a contact which brought 120 others, each third with a tag, each fifth with another."""
    tags = [("Опт",) * (number % 3 == 0) + ("Акция",) * (number % 5 == 0) for number in range(121)]
    return [
        SimulatedContact(1000, 1, "vk", "1000", tags=("Опт", "Акция")),
        *(
            SimulatedContact(number, 1, "vk", str(number), tags=tags[number], referrer_id=1000)
            for number in range(1, 121)
        ),
    ]


async def test_flat_is_the_same_chain(serve: Serve) -> None:
    """The flat form lists the people of the tree from the contact up."""
    api = Api(await serve(Simulator(limits=NO_LIMITS, seed_data=WORLD)))
    tree = await api.data("getReferrers", contact_id=8, is_flat=0)
    assert tree["referrer"]["referrer"]["id"] == 5
    assert "referrer" not in tree["referrer"]["referrer"]
    flat = await api.data("getReferrers", contact_id=8, is_flat=1)
    assert [one["id"] for one in flat] == [8, 6, 5]
    assert all("referrer" not in one for one in flat)


@pytest.mark.parametrize(("query", "people"), [({}, 11), ({"depth": 1}, 2), ({"depth": 10}, 11)])
async def test_depth_is_the_number_of_referrers(
    serve: Serve, query: dict[str, int], people: int
) -> None:
    """Depth counts the referrers, ten when it is absent."""
    api = Api(await serve(Simulator(limits=NO_LIMITS, contacts=chain(20))))
    assert len(await api.data("getReferrers", contact_id=20, is_flat=1, **query)) == people


@pytest.mark.parametrize("depth", [0, 11])
async def test_depth_is_from_one_to_ten(serve: Serve, depth: int) -> None:
    """Another depth is refused."""
    api = Api(await serve(Simulator(limits=NO_LIMITS, contacts=chain(2))))
    errors = await api.errors("getReferrers", contact_id=2, depth=depth)
    assert errors == {"depth": ["Поле depth должно быть между 1 и 10."]}


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        (None, 120),
        ({}, 120),
        ({"tag_name": "Опт"}, 40),
        ({"tag_name": ["Опт", "Акция"]}, 56),
        ({"tag_id": 1}, 40),
        ({"tag_id": ["1", 2]}, 56),
        ({"tag_name": "Опт", "tag_id": 2}, 8),
        ({"tag_name": "Нет"}, 0),
        ({"tag_name": 5}, 0),
        ({"tag_id": "x"}, 0),
        ({"tag_id": 99}, 0),
    ],
)
async def test_referrals_are_filtered_by_tags(
    serve: Serve, filters: dict[str, object] | None, count: int
) -> None:
    """One of a list of tags suffices, both filters must hold; page and count agree."""
    api = Api(await serve(Simulator(limits=NO_LIMITS, contacts=fan())))
    parameters = {"contact_id": 1000} | ({} if filters is None else {"filters": filters})
    page = (await api("getReferrals", **parameters)).json
    assert page["meta"]["total"] == count
    assert len(page["data"]) == min(count, 100)
    assert await api.data("getCountReferrals", **parameters) == {"count": count}


async def test_filters_come_in_brackets_too(serve: Serve) -> None:
    """In a query or a form, filters are PHP's brackets."""
    call = await serve(Simulator(limits=NO_LIMITS, contacts=fan()))
    query = {"contact_id": "1000", "filters[tag_name][]": "Опт", "page": "1"}
    assert (await call("getReferrals", query)).json["meta"]["total"] == 40
    form = {"contact_id": "1000", "filters[tag_id][4]": "1", "filters[tag_id][7]": "2"}
    assert (await call("getCountReferrals", data=form)).json == {"data": {"count": 56}}


async def test_the_second_page_of_referrals(serve: Serve) -> None:
    """Referrals come in pages of a hundred."""
    api = Api(await serve(Simulator(limits=NO_LIMITS, contacts=fan())))
    answer = (await api("getReferrals", contact_id=1000, page=2)).json
    assert [one["id"] for one in answer["data"]] == list(range(101, 121))


async def test_the_count_is_bare_on_demand(serve: Serve) -> None:
    """The undocumented body of the count can be either of the two."""
    simulator = Simulator(limits=NO_LIMITS, seed_data=WORLD, count_referrals_shape="bare")
    answer = await Api(await serve(simulator))("getCountReferrals", contact_id=5)
    assert answer.json == {"count": 1}
