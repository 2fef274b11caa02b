from __future__ import annotations

import asyncio
import gc
import tracemalloc
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import pytest
from attrs import define, field
from hypothesis import given
from hypothesis import strategies as st

from cleverapp_async import (
    Contact,
    InvalidRequestError,
    LimiterRegistry,
    Outcome,
    PagingError,
    Quota,
    ServerError,
)
from cleverapp_async.methods._paging import iterate
from cleverapp_async.models import Page
from cleverapp_async.simulator import Fault, Simulator, SimulatorLimits, generate
from tests.api.wire import serve
from tests.laws import examples
from tests.raising import raises
from tests.transport.rig import client_of, one_attempt

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
    return [item async for item in iterate(book.fetch, "getContacts", size)]


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
        (pages(7, 3, meta=False), 500, 7, 3),
        (lambda number: pages(7, 3, meta=False)(number) if number < 4 else Page((), 4), 500, 7, 3),
        (lambda number: only(pages(7, 3)(number), total=7), 500, 7, 3),
        (lambda number: only(pages(7, 3)(number), total=7, has_next=False), None, 7, 3),
        (lambda number: only(pages(7, 3)(number), total=3, has_next=number < 3), None, 7, 3),
        (lambda number: only(pages(7, 3)(number), total=7, has_next=True), None, 7, 5),
        (lambda _: Page((1, 2, 3), 1, total=3, has_next=True), None, 3, 2),
        (lambda number: only(pages(7, 3)(number), has_next=number < 3), None, 7, 3),
        (lambda number: only(pages(6, 3)(number), has_next=number < 2), 500, 6, 2),
        (lambda number: Page((number,) if number != 2 else (), number, last=3), None, 2, 3),
        (lambda number: Page((1, 2, 3), number), 500, 3, 2),
        (lambda number: Page((1, 2, 3), number), None, 3, 2),
        (lambda number: Page((number,), number, last=number + 5 if number < 4 else 4), None, 4, 4),
        (lambda number: Page((number,), number, last=5 if number < 3 else 2), None, 3, 3),
        (
            lambda number: Page((min(number, 2),), min(number, 2), last=(4, 4, 2)[number - 1]),
            None,
            2,
            3,
        ),
        (lambda number: Page((number,), min(number, 3), last=9), None, 9, 9),
        (lambda _: Page((1, 2, 3), 1, last=2, total=3), None, 3, 2),
        (lambda number: Page((number,), number, last=3, total=(3, 2, 1)[number - 1]), None, 3, 3),
    ],
    ids=[
        "last page",
        "whole last page",
        "nothing",
        "short page",
        "short page by per_page",
        "short page by the first",
        "empty page",
        "fewer than asked for",
        "fewer than asked for, then nothing",
        "total alone",
        "total with links that lead nowhere",
        "total of one page",
        "total with a link that always leads on",
        "page ignored, all there and a link that leads on",
        "links alone",
        "links alone, whole last page",
        "an empty page before the last",
        "no pages at all, fewer than asked for",
        "no pages at all",
        "growing last page",
        "shrinking last page",
        "shrinking last page, clamped",
        "pages that are called otherwise",
        "all there, and a last page that is not",
        "shrinking total",
    ],
)
async def test_it_ends_where_the_pages_end(
    page_of: Pages, size: int | None, wanted: int, requests: int
) -> None:
    """Each kind of server is read to its end, no item twice, and never for ever."""
    book = Book(page_of)
    assert len(await read(book, size)) == wanted
    assert book.asked == list(range(1, requests + 1))


def only(page: Page[int], **told: Any) -> Page[int]:  # noqa: ANN401 - what a page is made of
    """The same page of a server that tells no more than this."""
    return Page(page.items, page.number, **told)


@pytest.mark.parametrize(
    ("page_of", "size", "given_", "promised", "reason", "requests"),
    [
        (lambda _: Page((1, 2, 3), 1), 3, 3, None, "repeated", 2),
        (lambda number: Page((1, 2, 3), number), 3, 3, None, "repeated", 2),
        (lambda _: Page((1, 2, 3), 1), 500, 3, None, "repeated", 2),
        (lambda _: Page((1, 2, 3), 1, last=9), None, 3, None, "repeated", 2),
        (lambda _: Page((1, 2, 3), 1, last=3, total=9), 3, 3, 9, "repeated", 2),
        (lambda number: Page((1, 2, 3), number, last=3, total=9), 3, 3, 9, "repeated", 2),
        (lambda number: Page((1, 2, 3), number, total=9), 3, 3, 9, "repeated", 2),
        (lambda number: Page((1, 2, 3), number, total=8 + number), 3, 3, 9, "repeated", 2),
        (lambda number: Page((1, 2, 3), number, has_next=True), 500, 3, None, "repeated", 2),
        (lambda number: Page((1, 2, 3), number, per_page=3), None, 3, None, "repeated", 2),
        (lambda number: Page((min(number, 3),), number, per_page=1), None, 3, None, "repeated", 4),
        (lambda number: Page((number % 3,), number, last=9), None, 3, None, "repeated", 4),
        (
            lambda number: Page((number,) if number < 3 else (), number, last=99),
            None,
            2,
            None,
            "short",
            4,
        ),
        (
            lambda number: Page((number,) if number < 3 else (), number, total=3),
            None,
            2,
            3,
            "short",
            3,
        ),
        (lambda _: Page((), 1, last=1, total=3), None, 0, 3, "short", 1),
        (lambda _: Page((1, 2), 1, last=1, total=3), None, 2, 3, "short", 1),
        (lambda _: Page((1, 2), 1, has_next=False, total=3), None, 2, 3, "repeated", 2),
        (lambda number: Page((0, -number, -number - 1), 1, last=3, total=9), 3, 5, 9, "short", 3),
        (lambda number: Page((), number, has_next=True), None, 0, None, "short", 2),
    ],
    ids=[
        "page ignored",
        "page ignored but named",
        "page ignored, fewer than asked for",
        "page ignored with a last page",
        "page ignored with a total",
        "page ignored but named, with a total",
        "page ignored, no last page",
        "page ignored, growing total",
        "cursor",
        "page ignored, with per_page",
        "clamped",
        "around and around",
        "nothing more before the last",
        "nothing more before the total",
        "nothing at all",
        "total beyond the last page",
        "no link and not all",
        "page ignored while items arrive",
        "empty pages that lead on",
    ],
)
async def test_it_says_where_not_all_came(  # noqa: PLR0917 - a table's columns
    page_of: Pages, size: int | None, given_: int, promised: int | None, reason: str, requests: int
) -> None:
    """A server that does not page, or ends early, is an error that tells what came and what not."""
    book = Book(page_of)
    seen: list[int] = []

    async def consume() -> None:
        async for item in iterate(book.fetch, "getContacts", size):
            seen.append(item)  # noqa: PERF401 - what was seen before the error matters

    with pytest.raises(PagingError) as caught:
        await consume()
    error = caught.value
    assert (error.reason, error.endpoint, error.outcome) == (
        reason,
        "getContacts",
        Outcome.ACCEPTED,
    )
    assert (error.given, error.promised, error.page) == (given_, promised, requests)
    assert len(set(seen)) == len(seen) == given_
    assert book.asked == list(range(1, requests + 1))


@define
class Moving:
    """A server that pages newest-first, and whose items come and go between the requests.

    Attributes:
        items: The newest first.
        size: Items on a page.
        changes: How many items come before each further request, and which go, by their places.
        honest: Whether it pages at all.
    """

    items: list[int]
    size: int
    changes: list[tuple[int, list[int]]]
    honest: bool = True
    gone: set[int] = field(factory=set[int])
    asked: int = 0

    async def fetch(self, number: int) -> Page[int]:
        """Give a page of what is there now."""
        await asyncio.sleep(0)
        if self.asked and self.changes:
            come, go = self.changes.pop(0)
            for place in go:
                if self.items:
                    self.gone.add(self.items.pop(place % len(self.items)))
            newest = max([0, *self.items, *self.gone])
            self.items[:0] = range(newest + come, newest, -1)
        self.asked += 1
        first = (number - 1) * self.size if self.honest else 0
        total = len(self.items)
        last = max(1, -(-total // self.size))
        items = tuple(self.items[first : first + self.size])
        return Page(items, number, last=last, total=total, per_page=self.size)


@examples(80)
@given(data=st.data(), count=st.integers(0, 25), size=st.integers(2, 6))
def test_items_that_come_and_go_are_no_alarm(data: st.DataObject, count: int, size: int) -> None:
    """Newest-first pages that shift while they are read give each item once, and none too few."""
    change = st.tuples(st.integers(0, size - 1), st.lists(st.integers(0, 30), max_size=3))
    server = Moving(list(range(count, 0, -1)), size, data.draw(st.lists(change, max_size=12)))
    seen = asyncio.run(_all(server))
    assert len(set(seen)) == len(seen)
    if not server.gone:
        assert set(range(1, count + 1)) <= set(seen)


@given(data=st.data(), count=st.integers(7, 25), size=st.integers(2, 6))
def test_a_server_that_does_not_page_is_found_out(
    data: st.DataObject, count: int, size: int
) -> None:
    """Nothing that comes and goes meanwhile makes the first page pass for all of them."""
    come = data.draw(st.lists(st.integers(0, 1), max_size=12))
    changes: list[tuple[int, list[int]]] = [(one, []) for one in come]
    server = Moving(list(range(count, 0, -1)), size, changes, honest=False)
    with pytest.raises(PagingError) as caught:
        asyncio.run(_all(server))
    assert caught.value.promised == count


async def test_a_whole_page_of_arrivals_is_no_repetition() -> None:
    """Where as many arrived as a page holds, the next page is the last one's twin, and no error."""
    server = Moving(list(range(9, 0, -1)), 3, [(3, []), (0, []), (6, [])])
    assert sorted(await _all(server)) == list(range(1, 10))


async def _all(server: Moving) -> list[int]:
    return [item async for item in iterate(server.fetch, "getContacts", server.size)]


async def test_contacts_are_told_apart_by_their_ids() -> None:
    """A contact that changed between two pages is the same contact."""

    async def fetch(number: int) -> Page[Contact]:
        first = Contact(id=3, name=f"seen on page {number}")
        return Page((first, Contact(id=3 + number)), number, last=2, total=3)

    found = [one async for one in iterate(fetch, "getContacts")]
    assert [one.id for one in found] == [3, 4, 5]
    assert found[0].name == "seen on page 1"


@pytest.mark.parametrize("size", [2, 3, 4, 12])
async def test_rows_that_a_server_gives_twice_are_counted_as_it_counts(size: int) -> None:
    """A join that gives a row for each match is given once, and is no alarm."""
    rows = (1, 1, 2, 3, 3, 4, 5, 5, 6, 7, 7, 8)

    def page_of(number: int) -> Page[int]:
        last = -(-len(rows) // size)
        items = rows[(number - 1) * size : number * size]
        return Page(items, number, last=last, total=len(rows), per_page=size)

    assert await read(Book(page_of), size) == [1, 2, 3, 4, 5, 6, 7, 8]


async def test_what_has_no_id_is_given_as_it_comes() -> None:
    """A lenient client's items without an id are not taken for each other, but a page is."""
    odd: list[tuple[object, ...]] = [
        ({"id": [1]}, {"id": [1]}),
        (None, {"id": [1]}),
        (None, {"id": [1]}),
    ]

    async def fetch(number: int) -> Page[object]:
        return Page(odd[number - 1], number, last=3)

    seen: list[object] = []

    async def consume() -> None:
        async for one in iterate(fetch, "getContacts"):
            seen.append(one)  # noqa: PERF401 - what was seen before the error matters

    with pytest.raises(PagingError):
        await consume()
    assert seen == [*odd[0], *odd[1]]


async def test_the_memory_of_ids_is_bounded() -> None:
    """A hundred thousand items are told apart within the memory of the latest 20,000."""
    size = 5000

    async def fetch(number: int) -> Page[int]:
        await asyncio.sleep(0)
        first = (number - 1) * (size - 1) + 2**40  # each page begins with the last item of another
        return Page(tuple(range(first, first + size)), number, last=20)

    gc.collect()
    tracemalloc.start(1)
    most, count = 0, 0
    try:
        async with aclosing(iterate(fetch, "getContacts", size)) as items:
            async for _ in items:
                count += 1
                if count % 9_999 == 0:
                    most = max(most, tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    assert count == 20 * (size - 1) + 1
    assert most < 4_000_000


async def test_at_most_one_page_is_fetched_ahead() -> None:
    """While a page is read, the next one is on its way, and no other."""
    book = Book(pages(12, 3))
    async with aclosing(iterate(book.fetch, "getContacts")) as items:
        async for item in items:
            for _ in range(5):
                await asyncio.sleep(0)
            assert book.asked[-1] == min(4, item // 3 + 2)


@pytest.mark.parametrize("turns", [0, 5])
async def test_leaving_early_leaves_no_task(turns: int) -> None:
    """What was fetched ahead is over when the iteration is closed, done or not."""
    book = Book(pages(12, 3))
    before = asyncio.all_tasks()
    async with aclosing(iterate(book.fetch, "getContacts")) as items:
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
    async for _ in iterate(book.fetch, "getContacts"):
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

    async with aclosing(iterate(fetch, "getContacts")) as items:
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
        async for item in iterate(fetch, "getContacts"):
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
        async for _ in iterate(fetch, "getContacts"):
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
    whole = method in {"getContacts", "getReferrals"}

    def id_of(number: int) -> object:
        return number if whole else f"{number:024}"

    answers = [
        Fault.answer(
            200,
            {
                "data": [{"id": id_of(number), "name": str(number)}],
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


@pytest.mark.parametrize("method", ITERATORS)
@pytest.mark.parametrize("lenient", [False, True])
async def test_each_iterator_says_where_not_all_came(method: str, lenient: bool) -> None:
    """Each of the four, over a real connection to a server that gives the same page for any."""
    rows: list[dict[str, object]] = [{"id": f"{number:024}"} for number in range(1, 11)]
    told = {"current_page": 1, "last_page": 121, "per_page": 10, "total": 1203}
    answers = {method: {"data": rows, "links": {"next": "https://x.example/"}, "meta": told}}
    seen: list[object] = []

    async def consume(client: CleverAppClient) -> None:
        async for item in ITERATORS[method](client):
            seen.append(item)  # noqa: PERF401 - what was seen before the error matters

    config = one_attempt(lenient=lenient)
    async with serve(answers) as raw, client_of(raw.base_url, config=config) as client:
        with pytest.raises(PagingError) as caught:
            await consume(client)
        assert len(raw.requests) == 2
    error = caught.value
    assert (error.endpoint, error.reason, error.page) == (method, "repeated", 2)
    assert (error.given, error.promised) == (10, 1203)
    assert len(seen) == 10


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


@pytest.mark.parametrize(
    ("name", "wrong", "field"),
    [
        ("iter_contacts", {"page": 5}, "page"),
        ("iter_contacts", {"count": 0}, "count"),
        ("iter_contacts", {"with_": "tags"}, "with_"),
        ("iter_contacts", {"deadlin": 3}, "deadlin"),
        ("iter_list_schemas", {"page": 5}, "page"),
        ("iter_list_schemas", {"deadline": -1}, "deadline"),
        ("iter_list_items", {"schema": "x"}, "schema_id"),
        ("iter_list_items", {"schema": "a" * 24, "page": 5}, "page"),
        ("iter_referrals", {"contact_id": 0}, "contact_id"),
        ("iter_referrals", {"contact_id": 1, "page": 5}, "page"),
        ("iter_referrers", {"contact_id": 1, "depth": 99}, "depth"),
        ("iter_referrers", {"contact_id": 1, "page": 5}, "page"),
    ],
)
async def test_a_wrong_argument_is_refused_at_the_call(
    name: str, wrong: dict[str, object], field: str
) -> None:
    """Nothing has to be iterated over for it, as that may happen elsewhere; it is named."""
    async with client_of("http://127.0.0.1:9/api/v1") as client:
        with pytest.raises(InvalidRequestError) as caught:
            getattr(client, name)(**wrong)
    assert caught.value.fields == (field,)
    assert field in str(caught.value)


async def test_what_to_add_to_contacts_is_a_list() -> None:
    """A single word is told as Python spells the argument, with how to write it."""
    async with client_of("http://127.0.0.1:9/api/v1") as client:
        with raises(InvalidRequestError, "with_=['tags']"):
            await client.get_contacts(with_="tags")
