from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cleverapp_async.simulator import Arrival, ArrivalVerdict, Simulator, SimulatorLimits
from cleverapp_async.simulator.referee import judge_log
from cleverapp_async.simulator.request_log import ArrivalLog

if TYPE_CHECKING:
    from cleverapp_async.simulator import Verdict
    from tests.simulator.conftest import Serve

LIMITS = SimulatorLimits(account=((3, 1.0), (5, 60.0)))


def arrival(
    at: float,
    text: str = "Hi",
    *,
    verdict: ArrivalVerdict = "accepted",
    messenger: str | None = "telegram",
    endpoint: str = "sendMessage",
) -> Arrival:
    """Make an arrival of bot 1."""
    bot_id = None if messenger is None else 1
    taken = verdict == "accepted"
    return Arrival(at, endpoint, bot_id, messenger, {"text": text}, verdict, 200, taken)


def judge(*arrivals: Arrival, limits: SimulatorLimits = LIMITS) -> Verdict:
    """Judge a log."""
    return judge_log(arrivals, limits)


def test_an_empty_log_is_clean() -> None:
    """Where nothing arrived nothing is wrong."""
    verdict = judge()
    assert verdict.clean
    assert [tally.most for tally in verdict.account] == [0, 0]
    assert verdict.keys == ()


def test_the_account_is_judged_by_each_of_its_quotas() -> None:
    """Each quota of the account has its own most in any window."""
    verdict = judge(*(arrival(at, str(at)) for at in (0.0, 0.5, 0.9, 1.2, 9.0)))
    assert [(tally.limit, tally.most) for tally in verdict.account] == [(3, 3), (5, 5)]
    assert verdict.clean


def test_too_many_in_a_window_is_not_clean_though_nothing_was_refused() -> None:
    """A client which oversteps in a sliding window is found though the server let it pass."""
    verdict = judge(*(arrival(9 + index / 10, str(index)) for index in range(4)))
    assert verdict.refusals == 0
    assert verdict.account[0].exceeded
    assert not verdict.clean


def test_refusals_count_as_arrivals() -> None:
    """What was refused was on the wire: it counts in `most`, not in `most_accepted`."""
    verdict = judge(
        arrival(0.0, messenger="whatsapp"),
        arrival(1.0, "b", messenger="whatsapp", verdict="refused_messenger"),
        arrival(2.0, "c", messenger="whatsapp", verdict="refused_account"),
        arrival(3.0, "d", messenger="whatsapp", verdict="fault"),
    )
    tally = verdict.key(1, "whatsapp")
    assert (tally.limit, tally.period) == (1, 10.0)
    assert (tally.arrivals, tally.accepted, tally.refusals) == (4, 1, 2)
    assert (tally.most, tally.most_accepted) == (4, 1)
    assert verdict.refusals == 2


def test_what_is_no_request_of_the_account_is_not_counted_for_it() -> None:
    """False tokens, unknown methods and unread bytes are nobody's."""
    strangers: list[ArrivalVerdict] = ["unauthenticated", "not_found", "wrong_method", "too_large"]
    verdict = judge(
        *(arrival(0.0, verdict=verdict, messenger=None) for verdict in strangers),
        arrival(0.0, verdict="malformed", messenger=None, endpoint=""),
        arrival(0.0, verdict="fault", messenger=None, endpoint=""),
    )
    assert [tally.arrivals for tally in verdict.account] == [0, 0]
    assert (verdict.arrivals, verdict.clean) == (6, True)


def test_invalid_requests_count_for_the_account_only() -> None:
    """A request that failed validation addressed no key."""
    verdict = judge(arrival(0.0, verdict="invalid"))
    assert verdict.account[0].arrivals == 1
    assert verdict.keys == ()


def test_the_two_ways_to_whatsapp_are_two_keys() -> None:
    """SendMessageToWhatsApp is judged by its own quota."""
    verdict = judge(
        arrival(0.0, "a", messenger="whatsapp"),
        arrival(0.5, "b", messenger="whatsapp", endpoint="sendMessageToWhatsApp"),
        arrival(1.5, "c", messenger="whatsapp", endpoint="sendMessageToWhatsApp"),
    )
    assert verdict.key(1, "whatsapp").period == 10.0
    assert verdict.key(1, "whatsapp", "sendMessageToWhatsApp").period == 1.0
    assert verdict.clean


def test_an_unknown_key_is_a_key_error() -> None:
    """Asking for a key nothing arrived for is an error."""
    with pytest.raises(KeyError):
        judge().key(1, "telegram")


def test_duplicates_are_taken_messages_with_equal_parameters() -> None:
    """Only what was taken twice is a duplicate."""
    verdict = judge(
        arrival(0.0, "a"),
        arrival(0.1, "a", verdict="refused_messenger"),
        arrival(5.0, "b"),
        arrival(6.0, "b"),
        arrival(7.0, "b"),
    )
    (duplicate,) = verdict.duplicates
    assert (duplicate.times, duplicate.first.at) == (3, 5.0)
    assert not verdict.clean


def test_a_duplicates_time_counts_from_the_first_request() -> None:
    """So do the arrivals that are listed below it; the loop's clock says nothing to people."""
    verdict = judge(arrival(1944.0, "a"), arrival(1949.0, "b"), arrival(1950.0, "b"))
    assert "first 5.000 s after the first request" in str(verdict)


def test_without_limits_only_duplicates_matter() -> None:
    """Keys and account without quotas have no windows to exceed."""
    verdict = judge(
        *(arrival(0.0, str(index)) for index in range(50)), limits=SimulatorLimits.none()
    )
    assert verdict.clean
    assert (verdict.key(1, "telegram").limit, verdict.key(1, "telegram").most) == (None, 0)
    assert "no limit" in str(verdict)


def test_the_verdict_reads_as_text() -> None:
    """The verdict says in lines what was found."""
    verdict = judge(*(arrival(0.0, "same", messenger="whatsapp") for _ in range(2)))
    text = str(verdict)
    assert text.splitlines() == verdict.lines()
    assert text.startswith("NOT clean: 2 arrived, 2 taken, 0 refused, 1 duplicated")
    assert "sendMessage of bot 1 in whatsapp: 2 arrived, 2 accepted, 0 refused" in text
    assert "at most 2 in any 10 s, 1 per 10 s EXCEEDED" in text
    assert "account" in text
    assert "taken 2 times" in text
    assert judge().lines()[0].startswith("clean: 0 arrived")


async def test_a_running_simulator_is_its_own_referee(serve: Serve) -> None:
    """The simulator judges its log by its limits, telling messages apart as asked."""
    call = await serve(Simulator(limits=SimulatorLimits.none()))
    await call.send(1, text="a")
    await call.send(2, text="a")
    assert call.simulator.referee().clean
    same_text = call.simulator.referee(key=lambda arrival: str(arrival.parameters["text"]))
    assert same_text.duplicates[0].times == 2


async def test_the_log_is_a_sequence_that_grows(serve: Serve) -> None:
    """A view taken once sees what arrives later, and can be indexed, sliced and iterated."""
    call = await serve(Simulator(limits=SimulatorLimits.none()))
    log = call.simulator.arrivals
    assert not log
    for contact_id in (1, 2, 3):
        await call.send(contact_id)
    assert [arrival.parameters["contact_id"] for arrival in log] == ["1", "2", "3"]
    assert log[-1].parameters["contact_id"] == "3"
    assert len(log[:2]) == 2
    assert repr(log) == "ArrivalLog(_items=<3 arrivals>)"


def test_a_hundred_thousand_arrivals_are_judged_in_one_pass() -> None:
    """The referee and the log stay usable with 100,000 arrivals."""
    items = [arrival(index / 10, str(index)) for index in range(100_000)]
    log = ArrivalLog(items)
    verdict = judge(*log, limits=SimulatorLimits(account=((11, 1.0),), messengers=None))
    assert verdict.account[0].most in {10, 11}
    assert (verdict.clean, len(log)) == (True, 100_000)
