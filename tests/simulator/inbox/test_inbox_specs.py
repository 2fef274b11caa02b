from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleverapp_async.simulator import (
    Constant,
    Fault,
    Latency,
    Lognormal,
    SeedError,
    SimulatorLimits,
    Uniform,
)
from cleverapp_async.simulator.inbox.query import InputError
from cleverapp_async.simulator.inbox.specs import (
    FAULT_KINDS,
    read_faults,
    read_latency,
    read_limits,
    show_fault,
    show_latency,
    show_limits,
)
from cleverapp_async.simulator.seed.load import JsonNode

if TYPE_CHECKING:
    from collections.abc import Callable

FAULTS = (
    Fault.reset_before("accept", on=2),
    Fault.reset_before(times=3),
    Fault.reset_after(taken=False, every=2),
    Fault.hang(seconds=1.5),
    Fault.hang(taken=False, probability=0.5),
    Fault.slow_body(chunk=3, interval=0.25),
    Fault.truncated_body(),
    Fault.malformed(b"no HTTP"),
    Fault.oversized_header(1000, taken=False),
    Fault.oversized_body(2, compressed=True),
    Fault.too_many(),
    Fault.too_many(2.5, endpoint="sendMessage"),
    Fault.too_many("soon"),
    Fault.html(504),
    Fault.server_error(503, taken=True),
    Fault.redirect("/elsewhere", 301),
    Fault.answer(200, {"data": ["Привет"]}, {"X-More": "1"}, taken=True),
    Fault.answer(418, "a text", {"Content-Type": "text/plain"}),
)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.kind)
def test_a_fault_is_read_as_it_is_written(fault: Fault) -> None:
    """What is shown of a fault makes an equal one."""
    [read] = read_faults(JsonNode([show_fault(fault)]))
    assert read == fault


def test_every_kind_of_fault_can_be_set() -> None:
    """All constructors of faults have their kind."""
    made = {name for name, value in vars(Fault).items() if isinstance(value, classmethod)}
    assert set(FAULT_KINDS) == made == {fault.kind for fault in FAULTS}


def test_what_only_python_sets_is_told() -> None:
    """A condition or a date that JSON cannot hold is shown, and is not taken for nothing."""
    condition = show_fault(Fault.hang(when=lambda _: True))
    assert condition["when"]
    with pytest.raises(InputError) as caught:
        read_faults(JsonNode([condition]))
    assert caught.value.place == "$[0].when"
    assert "1:00:00" in str(show_fault(Fault.too_many(timedelta(hours=1)))["retry_after"])


@pytest.mark.parametrize(
    ("fault", "place"),
    [
        ({}, "$[0].kind"),
        ({"kind": "flood"}, "$[0].kind"),
        ({"kind": 5}, "$[0].kind"),
        ({"kind": "hang", "chunk": 1}, "$[0].chunk"),
        ({"kind": "hang", "seconds": -1}, "$[0].seconds"),
        ({"kind": "hang", "seconds": "long"}, "$[0].seconds"),
        ({"kind": "hang", "taken": 1}, "$[0].taken"),
        ({"kind": "hang", "on": 0}, "$[0].on"),
        ({"kind": "hang", "probability": 2}, "$[0]"),
        ({"kind": "hang", "probability": True}, "$[0].probability"),
        ({"kind": "too_many", "taken": True}, "$[0].taken"),
        ({"kind": "too_many", "retry_after": "1\r\nX: 1"}, "$[0].retry_after"),
        ({"kind": "reset_before", "at": "read"}, "$[0].at"),
        ({"kind": "reset_before", "endpoint": "getMe"}, "$[0]"),
        ({"kind": "html", "status": 100}, "$[0].status"),
        ({"kind": "redirect", "location": "/\u044f"}, "$[0].location"),
        ({"kind": "oversized_body", "mebibytes": 65}, "$[0].mebibytes"),
        ({"kind": "oversized_header", "size": 2**20 + 1}, "$[0].size"),
        ({"kind": "answer", "status": 200}, "$[0].body"),
        ({"kind": "answer", "body": ""}, "$[0].status"),
        ({"kind": "answer", "status": 200, "body": "", "headers": {"X": "a\nb"}}, "$[0].headers.X"),
        ("hang", "$[0]"),
    ],
)
def test_what_is_no_fault_is_refused(fault: object, place: str) -> None:
    """A fault that cannot be is refused with the place."""
    with pytest.raises((InputError, SeedError)) as caught:
        read_faults(JsonNode([fault]))
    assert str(caught.value).startswith(f"{place}: ")


def test_faults_are_few() -> None:
    """More than 100 faults are refused."""
    with pytest.raises(InputError):
        read_faults(JsonNode([{"kind": "hang"}] * 101))


def test_an_answer_of_json_goes_out_as_json() -> None:
    """What is no text in an answer's body is sent as JSON."""
    faults = [{"kind": "answer", "status": 200, "body": {"data": [1]}}]
    assert read_faults(JsonNode(faults)) == [Fault.answer(200, '{"data": [1]}')]


@pytest.mark.parametrize(
    ("latency", "shown"),
    [
        (Latency.none(), "none"),
        (Latency.constant(0.05), "50ms"),
        (Latency.constant(2.5), "2.5s"),
        (Latency.constant(1e10), "10000000000s"),
        (Latency.uniform(0.02, 0.08), "20ms-80ms"),
        (Latency.lognormal(0.05, 1.0), "lognormal:50ms:1"),
    ],
)
def test_a_latency_is_read_as_it_is_written(latency: Latency, shown: str) -> None:
    """A latency is spelled as the command line does."""
    assert show_latency(latency) == shown
    assert read_latency(JsonNode(shown)) == latency


SECONDS = st.integers(0, 10_000_000).map(lambda number: number / 1000)


@given(
    st.one_of(
        st.builds(Constant, SECONDS),
        st.tuples(SECONDS, SECONDS).map(lambda ends: Uniform(min(ends), max(ends))),
        st.builds(
            Lognormal, SECONDS.map(lambda one: one + 0.001), st.sampled_from([0.0, 0.5, 2.0])
        ),
    )
)
def test_every_latency_can_be_spelled(delay: Constant | Uniform | Lognormal) -> None:
    """Whatever whole milliseconds a latency has, it is read back as it was."""
    latency = Latency(delay, delay)
    assert Latency.parse(str(latency.spell())).spell() == latency.spell()


def test_a_latency_of_one_direction_has_no_spelling() -> None:
    """A latency that differs by direction, or is of one's own making, is told to be so."""

    class Own:
        draw: Callable[..., float] = lambda *_: 0.0

    assert Latency(Constant(1.0)).spell() is None
    own = Own()
    assert "Python" in show_latency(Latency(own, own))
    with pytest.raises(InputError):
        read_latency(JsonNode("slow", "$.latency"))


@pytest.mark.parametrize("limits", [SimulatorLimits(), SimulatorLimits.none()])
def test_limits_are_read_as_they_are_written(limits: SimulatorLimits) -> None:
    """What is shown of limits makes equal ones."""
    read, window = read_limits(JsonNode(show_limits(limits, "bucket")))
    assert (read, window) == (limits, "bucket")


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"account": [{"limit": 0, "seconds": 1}]}, "$.limits.account[0].limit"),
        ({"account": [{"limit": 1, "seconds": 0}]}, "$.limits.account[0].seconds"),
        ({"account": [None]}, "$.limits.account[0]"),
        ({"account": {}}, "$.limits.account"),
        ({"messengers": {"viber": {"limit": 1}}}, "$.limits.messengers.viber.seconds"),
        (
            {"messengers": {"viber": {"limit": 1, "seconds": 1, "x": 1}}},
            "$.limits.messengers.viber.x",
        ),
        ({"whatsapp_direct": {"limit": 1, "seconds": 1e9}}, "$.limits.whatsapp_direct.seconds"),
        ({"others": None}, "$.limits.others"),
    ],
)
def test_what_are_no_limits_is_refused(change: dict[str, Any], place: str) -> None:
    """A quota that cannot be counted is refused with the place."""
    body: dict[str, Any] = show_limits(SimulatorLimits(), "sliding")
    body["limits"] |= change
    with pytest.raises((InputError, SeedError)) as caught:
        read_limits(JsonNode(body))
    assert str(caught.value).startswith(f"{place}: ")


def test_a_limit_must_be_named_to_be_switched_off() -> None:
    """What is left out is not taken for no limit."""
    body: dict[str, Any] = show_limits(SimulatorLimits(), "sliding")
    del body["limits"]["account"]
    with pytest.raises(InputError) as left_out:
        read_limits(JsonNode(body))
    assert left_out.value.place == "$.limits.account"
    with pytest.raises(SeedError) as unknown:
        read_limits(JsonNode({"window": "round", "limits": {}}))
    assert unknown.value.place == "$.window"
