from __future__ import annotations

import asyncio
import gc
import tracemalloc
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from typing import TYPE_CHECKING

import pytest
from attrs import define, field
from hypothesis import given
from hypothesis import strategies as st

from cleverapp_async import LimiterRegistry, Page, Quota, ServerError
from cleverapp_async.methods._paging import iterate
from cleverapp_async.simulator import Fault, Simulator, SimulatorLimits, generate
from tests.wire.rig import client_of

if TYPE_CHECKING:
    from cleverapp_async import CleverAppClient

Pages = Callable[[int], Page[int]]


@define
class Book:
    """Pages by number, and which of them were asked for."""

    page_of: Pages
    asked: list[int] = field(factory=list[int])
    answered: int = 0

    async def fetch(self, number: int) -> Page[int]:
        """Give a page after a turn of the loop."""
        self.asked.append(number)
        await asyncio.sleep(0)
        self.answered += 1
        return self.page_of(number)


def pages(count: int, size: int, *, meta: bool = True, per_page: bool = False) -> Pages:
    """A server that pages numbers from 0 up as Laravel does, or without its ``meta``."""

    def page_of(number: int) -> Page[int]:
        items = tuple(range(count))[(number - 1) * size : number * size]
        if not meta:
            return Page(items, number, per_page=size if per_page else None)
        return Page(items, number, last=max(1, -(-count // size)), total=count, per_page=size)

    return page_of


async def read(book: Book, size: int | None = None) -> list[int]:
    """All items."""
    return [item async for item in iterate(book.fetch, size)]


@given(
    count=st.integers(0, 30),
    size=st.integers(1, 10),
    meta=st.booleans(),
    per_page=st.booleans(),
    told=st.booleans(),
)
def test_every_item_comes_once_in_order(
    count: int, size: int, meta: bool, per_page: bool, told: bool
) -> None:
    """However long the answer and whatever ``meta`` says, all items come, with few requests."""
    book = Book(pages(count, size, meta=meta, per_page=per_page))
    assert asyncio.run(read(book, size if told else None)) == list(range(count))
    assert book.asked == list(range(1, len(book.asked) + 1))
    needed = max(1, -(-count // size))
    assert len(book.asked) <= needed if meta else needed + 2


@pytest.mark.parametrize(
    ("page_of", "size", "wanted", "requests"),
    [
        (pages(7, 3), None, 7, 3),
        (pages(6, 3), None, 6, 2),
        (pages(0, 3), None, 0, 1),
        (pages(7, 3, meta=False), 3, 7, 3),
        (pages(7, 3, meta=False, per_page=True), None, 7, 3),
        (pages(7, 3, meta=False), None, 7, 3),
        (pages(6, 3, meta=False), 3, 6, 3),
        (lambda _: Page((1, 2, 3), 1), 3, 3, 2),
        (lambda number: Page((1, 2, 3), number), None, 3, 2),
        (lambda _: Page((1, 2, 3), 1, last=9), None, 3, 2),
        (lambda number: Page((number,), min(number, 3), last=9), None, 3, 4),
        (lambda number: Page((min(number, 3),), number, per_page=1), None, 3, 4),
        (lambda number: Page((number,), number, last=number + 5 if number < 4 else 4), None, 4, 4),
        (lambda number: Page((number,), number, last=5 if number < 3 else 2), None, 3, 3),
        (lambda number: Page((number,) if number < 3 else (), number, last=99), None, 2, 3),
    ],
    ids=[
        "last page",
        "whole last page",
        "nothing",
        "short page",
        "short page by per_page",
        "short page by the first",
        "empty page",
        "page ignored",
        "page ignored but named",
        "page ignored with meta",
        "clamped with meta",
        "clamped",
        "growing total",
        "shrinking total",
        "empty before the last",
    ],
)
async def test_it_ends_where_the_pages_end(
    page_of: Pages, size: int | None, wanted: int, requests: int
) -> None:
    """Each kind of server is read to its end, no page twice, and never for ever."""
    book = Book(page_of)
    assert len(await read(book, size)) == wanted
    assert book.asked == list(range(1, requests + 1))


async def test_at_most_one_page_is_fetched_ahead() -> None:
    """While a page is read, the next one is on its way, and no other."""
    book = Book(pages(12, 3))
    async with aclosing(iterate(book.fetch)) as items:
        async for item in items:
            for _ in range(5):
                await asyncio.sleep(0)
            assert book.asked[-1] == min(4, item // 3 + 2)


@pytest.mark.parametrize("turns", [0, 5])
async def test_leaving_early_leaves_no_task(turns: int) -> None:
    """What was fetched ahead is over when the iteration is closed, done or not."""
    book = Book(pages(12, 3))
    before = asyncio.all_tasks()
    async with aclosing(iterate(book.fetch)) as items:
        async for _ in items:
            for _ in range(turns):
                await asyncio.sleep(0)
            break
    assert asyncio.all_tasks() == before
    assert book.answered == (2 if turns else 1)


async def test_a_bare_break_leaves_no_task_either() -> None:
    """A loop that is simply left ends its fetching within a few turns of the loop."""
    book = Book(pages(12, 3))
    before = asyncio.all_tasks()
    async for _ in iterate(book.fetch):
        break
    gc.collect()
    for _ in range(5):
        await asyncio.sleep(0)
    assert asyncio.all_tasks() == before
    assert book.asked == [1, 2]


async def test_an_error_nobody_reads_is_no_noise(caplog: pytest.LogCaptureFixture) -> None:
    """A page that failed ahead of a reader who left is never reported as unretrieved."""

    async def fetch(number: int) -> Page[int]:
        if number == 2:
            raise ServerError(500, {}, "getContacts")
        return Page((1, 2), number, last=3)

    async with aclosing(iterate(fetch)) as items:
        async for _ in items:
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            break
    gc.collect()
    await asyncio.sleep(0)
    assert [one for one in caplog.records if one.levelname == "ERROR"] == []


async def test_an_error_comes_after_the_items_before_it() -> None:
    """A page that cannot be had ends the iteration with its error, when its turn comes."""

    async def fetch(number: int) -> Page[int]:
        if number == 2:
            raise ServerError(500, {}, "getContacts")
        return Page((1, 2), number, last=3)

    seen: list[int] = []

    async def consume() -> None:
        async for item in iterate(fetch):
            seen.append(item)  # noqa: PERF401 - what was seen before the error matters

    with pytest.raises(ServerError):
        await consume()
    assert seen == [1, 2]


async def test_cancelling_a_reader_cancels_what_it_waits_for() -> None:
    """A reader who is cancelled while waiting for a page leaves nothing behind."""
    before = asyncio.all_tasks()

    async def fetch(number: int) -> Page[int]:
        if number == 2:
            await asyncio.Event().wait()
        return Page((1,), number, last=3)

    async def consume() -> None:
        async for _ in iterate(fetch):
            pass

    task = asyncio.ensure_future(consume())
    for _ in range(5):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert asyncio.all_tasks() == before


async def test_ten_thousand_contacts_take_twenty_requests_and_constant_memory() -> None:
    """Pages of 500 are asked for, and no more than two of them are ever held."""
    async with (
        Simulator(limits=SimulatorLimits.none(), seed_data=generate(contacts=10_000)) as simulator,
        client_of(simulator.base_url) as client,
    ):
        page = (await client.get_contacts(count=500)).items
        simulator.clear_arrivals()
        del page
        seen, most, early = 0, 0, 0
        gc.collect()
        tracemalloc.start(1)
        try:
            async for contact in client.iter_contacts():
                seen += 1
                assert contact.id
                if seen % 3000 == 250:
                    held = _held_by_models()
                    early = early or held
                    most = max(most, held)
        finally:
            tracemalloc.stop()
        assert seen == 10_000
        assert len(simulator.arrivals) <= 20
        assert [one.parameters["page"] for one in simulator.arrivals] == [
            str(number) for number in range(1, 21)
        ]
    assert most <= 2.5 * early


def _held_by_models() -> int:
    """Bytes that the package's own reading has allocated and still holds."""
    only = [tracemalloc.Filter(True, "*/cleverapp_async/_*.py")]
    return sum(one.size for one in tracemalloc.take_snapshot().filter_traces(only).traces)


ITERATORS: dict[str, Callable[[CleverAppClient], AsyncIterator[object]]] = {
    "getContacts": lambda client: client.iter_contacts(count=10),
    "getListSchemas": lambda client: client.iter_list_schemas(),
    "getReferrals": lambda client: client.iter_referrals(contact_id=1, tag_name="VIP"),
    "getListItems": lambda client: client.iter_list_items(schema="a" * 24, limit=10),
}


@pytest.mark.parametrize("method", ITERATORS)
async def test_each_iterator_pages_its_method(method: str) -> None:
    """All four iterators ask for pages by number, and pass their other parameters on to each."""
    row: dict[str, object] = {"id": "1"} if method in {"getContacts", "getReferrals"} else {}
    row = row or {"id": "a" * 24}
    answers = [
        Fault.answer(
            200,
            {
                "data": [{**row, "name": str(number)}],
                "meta": {"current_page": number, "last_page": 3},
            },
            times=1,
        )
        for number in (1, 2, 3)
    ]
    async with (
        Simulator(limits=SimulatorLimits.none(), faults=answers) as simulator,
        client_of(simulator.base_url) as client,
    ):
        items = [item async for item in ITERATORS[method](client)]
        arrivals = list(simulator.arrivals)
    assert len(items) == 3
    assert [one.endpoint for one in arrivals] == [method] * 3
    assert [str(one.parameters["page"]) for one in arrivals] == ["1", "2", "3"]
    first = {name: value for name, value in arrivals[0].parameters.items() if name != "page"}
    for one in arrivals:
        assert {name: value for name, value in one.parameters.items() if name != "page"} == first


async def test_a_referrer_chain_can_be_iterated() -> None:
    """Who brought whom comes from the nearest up, in one request."""
    tree = {"data": {"id": 3, "referrer": {"id": 2, "referrer": {"id": 1}}}}
    async with (
        Simulator(faults=[Fault.answer(200, tree)]) as simulator,
        client_of(simulator.base_url) as client,
    ):
        assert [one.id async for one in client.iter_referrers(contact_id=3, depth=2)] == [3, 2, 1]
        assert len(simulator.arrivals) == 1


async def test_paging_obeys_the_accounts_limit() -> None:
    """Pages fetched ahead wait for the account's limit as every request does."""
    limits = LimiterRegistry(account=(Quota(2, 0.2),))
    async with (
        Simulator(limits=SimulatorLimits.none(), seed_data=generate(contacts=60)) as simulator,
        client_of(simulator.base_url, limits=limits) as client,
    ):
        assert len([one async for one in client.iter_contacts(count=10)]) == 60
        times = [one.at for one in simulator.arrivals]
    assert len(times) == 6
    assert all(later - earlier >= 0.2 for earlier, later in zip(times, times[2:], strict=False))
