"""What is changed and asked while a simulator runs: limits, latency, contacts, windows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleverapp_async.simulator import (
    Arrival,
    Latency,
    Observation,
    SeedError,
    SimulatedAccount,
    SimulatedContact,
    SimulatedVariable,
    Simulator,
    SimulatorLimits,
)
from cleverapp_async.simulator.limits import RateLimiter, Scope
from tests.simulator.wire import connect, leave, request_bytes, until

if TYPE_CHECKING:
    from tests.simulator.conftest import Serve

SCOPE: Scope = ("sendMessage", 7, "telegram")


@given(
    kind=st.sampled_from(("sliding", "fixed", "bucket")),
    limit=st.integers(1, 5),
    period=st.sampled_from((0.5, 1.0, 10.0)),
    gaps=st.lists(st.integers(0, 40).map(lambda tenths: tenths / 10), max_size=20),
)
def test_a_window_tells_when_its_slots_are_free(
    kind: Literal["sliding", "fixed", "bucket"], limit: int, period: float, gaps: list[float]
) -> None:
    """A slot in use is free at the moment that is told, and a full window admits one then."""
    limiter = RateLimiter(SimulatorLimits(messengers={"telegram": (limit, period)}), kind)
    now = 1000.0
    for gap in gaps:
        now += gap
        admitted = limiter.admit(SCOPE, now)
        window = limiter.window(SCOPE, now)
        assert window is not None
        assert (window.limit, window.period) == (limit, period)
        assert window.used == len(window.free_in) <= limit
        assert list(window.free_in) == sorted(window.free_in)
        assert admitted or window.used == limit
        if window.used == limit:
            assert limiter.window(SCOPE, now) == window  # looking changes nothing
            later = limiter.window(SCOPE, now + window.free_in[0] + 1e-6)
            assert later is not None
            assert later.used < limit


def test_windows_that_nothing_counted_in_are_empty() -> None:
    """An unused window has no slot in use, an unlimited one is none."""
    limiter = RateLimiter(SimulatorLimits(account=((300, 1.0), (5, 9.0))), "sliding")
    window = limiter.window(SCOPE, 0.0)
    assert window is not None
    assert (window.limit, window.used, window.free_in) == (10, 0, ())
    assert [one.limit for one in limiter.account_windows(0.0)] == [5, 300]
    assert RateLimiter(SimulatorLimits.none(), "fixed").window(SCOPE, 0.0) is None


def test_of_very_many_slots_the_first_are_told() -> None:
    """Of a window of more than 200 slots in use the soonest 200 are told, and all are counted."""
    limiter = RateLimiter(SimulatorLimits(account=((300, 60.0),)), "sliding")
    for _ in range(250):
        limiter.admit_account(5.0)
    [window] = limiter.account_windows(6.0)
    assert (window.used, len(window.free_in)) == (250, 200)


async def test_limits_and_latency_change_while_it_runs(serve: Serve) -> None:
    """What is set holds from the next request on, with empty windows."""
    simulator = Simulator(limits=SimulatorLimits(messengers={"telegram": (1, 60.0)}, account=None))
    caller = await serve(simulator)
    assert [(await caller.send()).status for _ in range(2)] == [200, 422]
    simulator.set_limits(SimulatorLimits(messengers={"telegram": (1, 50.0)}, account=None), "fixed")
    assert [(await caller.send()).status for _ in range(2)] == [200, 422]
    assert (simulator.window, simulator.limits.of_messenger("telegram")) == ("fixed", (1, 50.0))
    assert simulator.referee().key(1, "telegram").period == 50.0
    simulator.set_latency(Latency.constant(0.001))
    assert simulator.latency == Latency.constant(0.001)
    assert (await caller.send()).status == 422
    with pytest.raises(ValueError, match="window"):
        simulator.set_limits(SimulatorLimits(), "round")  # type: ignore[arg-type]


async def test_contacts_are_added_while_it_runs(serve: Serve) -> None:
    """A contact that is added is found and listed with all that it has."""
    simulator = Simulator(contacts=[SimulatedContact(1, 7, "viber", "v1")])
    caller = await serve(simulator)
    made = simulator.add_contact(
        SimulatedContact(
            0,
            7,
            "whatsapp",
            "70000000001",
            tags=("vip",),
            variables=(SimulatedVariable("size", "L"),),
            accounts=(SimulatedAccount("RUB", 100),),
            referrer_id=1,
        )
    )
    found = simulator.find_contact(made.id)
    assert found is not None
    assert (found.tags, found.variables[0].value) == (("vip",), "L")
    assert simulator.kept_contacts(after_id=1) == (found,)
    assert simulator.count_contacts() == 2
    assert simulator.find_contact(99) is None
    answer = await caller("getContactAccounts", {"contact_id": str(made.id)}, method="GET")
    assert answer.json["data"][0]["amount"] == 100


@pytest.mark.parametrize(
    ("contact", "place"),
    [
        (SimulatedContact(1, 7, "viber", "v2"), "$.id"),
        (SimulatedContact(0, 7, "viber", "v1"), "$.external_id"),
        (SimulatedContact(0, 7, "viber", "v2", referrer_id=9), "$.referrer_id"),
        (
            SimulatedContact(0, 7, "viber", "v2", variables=(SimulatedVariable("a", "1"),) * 2),
            "$.variables[1].name",
        ),
        (
            SimulatedContact(0, 7, "viber", "v2", accounts=(SimulatedAccount("RUB", 1, 5),) * 2),
            "$.accounts[1].id",
        ),
    ],
)
def test_a_contact_that_contradicts_is_not_added(contact: SimulatedContact, place: str) -> None:
    """What belongs to another contact is refused with its place, and nothing is added."""
    simulator = Simulator(contacts=[SimulatedContact(1, 7, "viber", "v1")])
    with pytest.raises(SeedError) as caught:
        simulator.add_contact(contact)
    assert caught.value.place == place
    assert simulator.count_contacts() == 1


def test_where_everybody_is_a_contact_asking_keeps_nobody() -> None:
    """A contact that is one by default is listed only when it is to be kept."""
    simulator = Simulator()
    assert simulator.find_contact(5) == SimulatedContact(5, 1, "telegram", "5")
    assert simulator.count_contacts() == 0
    assert simulator.find_contact(5, keep=True) is not None
    assert simulator.count_contacts() == 1


@pytest.mark.parametrize(
    ("bot_id", "messenger", "parameters", "found"),
    [
        (7, "whatsapp", {"contact_id": "1"}, 1),
        (7, "whatsapp", {"contact_id": 9, "phone": "70000000001"}, None),
        (7, None, {"bitrix_contact_id": "11"}, 1),
        (7, "whatsapp", {"phone": "+7 000 000-00-01"}, 1),
        (7, None, {"phone": "70000000001"}, 1),
        (7, "whatsapp", {"contact_external_id": "70000000001"}, 1),
        (8, "whatsapp", {"contact_external_id": "70000000001"}, None),
        (7, None, {"contact_external_id": "70000000001"}, None),
        (7, "whatsapp", {"contact_external_id": ["70000000001"]}, None),
    ],
)
def test_whom_a_message_goes_to(
    bot_id: int, messenger: str | None, parameters: dict[str, object], found: int | None
) -> None:
    """The contact is found by whatever the message names it with."""
    contact = SimulatedContact(1, 7, "whatsapp", "70000000001", bitrix_contact_id=11)
    simulator = Simulator(contacts=[contact])
    arrival = Arrival(
        0.0,
        "sendMessage",
        bot_id,
        messenger,
        parameters,  # type: ignore[arg-type]
        "accepted",
        200,
        taken=True,
    )
    addressee = simulator.addressee(arrival)
    assert (None if addressee is None else addressee.id) == found


async def test_who_observes_is_told_of_what_could_not_be_read(serve: Serve) -> None:
    """Bytes that are no whole request come without a request."""
    seen: list[Observation] = []
    caller = await serve(Simulator())
    caller.simulator.observe(seen.append)
    _, writer = await connect(caller.simulator)
    writer.write(request_bytes("", body=b"text=Hi")[:-1])
    await writer.drain()
    await leave(writer)
    await until(lambda: seen)
    assert (seen[0].arrival.verdict, seen[0].request) == ("incomplete", None)
