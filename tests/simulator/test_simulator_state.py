from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleverapp_async.simulator import Simulator, generate
from cleverapp_async.simulator.context import AnswerVariants
from cleverapp_async.simulator.laravel.parameters import MAX_JSON_DEPTH, read_parameters
from cleverapp_async.simulator.state.contacts import CreationIndex, ReferralStore

if TYPE_CHECKING:
    from cleverapp_async.simulator.laravel.parameters import Value

MOMENTS = st.integers(0, 20)
BOUND = st.none() | st.integers(-2, 22)


@given(
    st.dictionaries(st.integers(0, 50), MOMENTS),
    st.dictionaries(st.integers(51, 99), MOMENTS),
    BOUND,
    BOUND,
)
def test_a_span_holds_what_a_search_would_find(
    first: dict[int, int], later: dict[int, int], since: int | None, until: int | None
) -> None:
    """Any span of the index gives the ids that came in it, ascending."""
    index = CreationIndex()
    index.extend(first.items())
    for number, moment in later.items():
        index.add(number, moment)
    wanted = sorted(
        number
        for number, moment in (first | later).items()
        if (since is None or moment >= since) and (until is None or moment <= until)
    )
    assert list(index.select(since, until)) == wanted


@given(st.lists(st.integers(0, 9), min_size=10, max_size=10))
def test_a_circle_is_found_if_there_is_one(referrers: list[int]) -> None:
    """A contact among its own referrers is found, and nobody in a forest."""
    brought_by = {contact: one for contact, one in enumerate(referrers, 1) if one}
    store = ReferralStore()
    for contact, referrer in brought_by.items():
        store.add(contact, referrer)
    in_circle = set[int]()
    for contact in brought_by:
        current, above = brought_by.get(contact), set[int]()
        while current is not None and current not in above:
            above.add(current)
            current = brought_by.get(current)
        if contact in above:
            in_circle.add(contact)
    found = store.circle()
    assert (found in in_circle) if in_circle else found is None


@pytest.mark.parametrize("argument", ["variables_shape", "date_style", "count_referrals_shape"])
def test_an_unknown_shape_is_refused(argument: str) -> None:
    """Only the known shapes can be asked for."""
    with pytest.raises(ValueError, match="must be in"):
        Simulator(**{argument: "other"})  # type: ignore[arg-type]


def test_dates_have_two_styles() -> None:
    """A moment is spelt with its offset or with microseconds and a Z."""
    assert AnswerVariants().date(0) == "1970-01-01T00:00:00+00:00"
    assert AnswerVariants(dates="zulu").date(0) == "1970-01-01T00:00:00.000000Z"


@pytest.mark.parametrize(("depth", "read"), [(MAX_JSON_DEPTH - 1, True), (MAX_JSON_DEPTH, False)])
def test_json_is_read_as_deep_as_php_reads(depth: int, read: bool) -> None:
    """JSON that nests deeper than PHP's limit holds no parameters."""
    body = b'{"a":' + b"[" * depth + b"]" * depth + b"}"
    assert ("a" in read_parameters("", body, "application/json")) is read
    assert read_parameters("", b"[" * 10_000, "application/json") == {}


@pytest.mark.parametrize(
    ("query", "value"),
    [
        ("a[7]=x&a[]=y", {"7": "x", "8": "y"}),
        (f"a[{'9' * 5000}]=x&a[]=y", {"9" * 5000: "x", "0": "y"}),
        ("a[-5]=x&a[]=y", {"-5": "x", "-4": "y"}),
    ],
)
def test_the_next_index_is_above_the_numbers(query: str, value: Value) -> None:
    """Empty brackets take the next index, whatever other keys there are."""
    assert read_parameters(query, b"", "") == {"a": value}


def test_an_infinite_number_is_absent() -> None:
    """A JSON number beyond all bounds is none."""
    assert read_parameters("", b'{"a": 1e999, "b": [1e999, 1]}', "application/json") == {
        "b": [None, 1]
    }


def test_a_large_world_is_made_and_listed() -> None:
    """Pages of 20,000 contacts are slices: the last costs what the first does."""
    simulator = Simulator(seed_data=generate(20_000))
    contacts = simulator._context.state.contacts
    ids = contacts.listed(None)
    assert ids is contacts.listed(None)
    assert ids[19_999:] == [20_000]
