"""What the pytest plugin asks of each test: a clean referee, and faults that were met."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.testing.user_tests import ARGUMENTS, TWICE, out

if TYPE_CHECKING:
    from tests.testing.user_tests import Run


def test_a_message_that_arrived_twice_fails_the_test(run: Run) -> None:
    """The error names the test, and shows the referee's table and what arrived."""
    result = run(f"def test_it({ARGUMENTS}):\n{TWICE}")
    result.assert_outcomes(passed=1, errors=1)
    told = out(result)
    assert "ERROR at teardown of test_it" in told
    assert "test_user.py::test_it" in told
    assert "NOT clean: 2 arrived, 2 taken, 0 refused, 1 duplicated" in told
    assert told.count("sendMessageToWhatsApp of bot 7 in whatsapp: accepted, taken, 200") == 2
    assert "assert_clean=False" in told


def test_the_last_ten_arrivals_are_shown(run: Run) -> None:
    """Of many arrivals the last ones are told, each on a line of bounded length, none obeyed."""
    tests = f"""
def test_it({ARGUMENTS}):
    texts = [f"text {{number}} \\x1b[31m" + "x" * 1000 for number in range(15)]
    send_from_env(cleverapp_client_config, *texts, texts[0])
"""
    told = out(run(tests))
    lines = re.findall(r"^  \d\.\d{3} sendMessageToWhatsApp .*$", told, re.MULTILINE)
    assert [re.findall(r"text \d+", line) for line in lines] == [
        *([f"text {number}"] for number in range(6, 15)),
        ["text 0"],
    ]
    assert all(len(line) < 200 for line in lines)
    assert "\x1b[31m" not in told


def test_a_limit_that_was_exceeded_fails_the_test(run: Run) -> None:
    """A client that keeps other limits than the simulator's is found out."""
    tests = f"""
from cleverapp_async import ClientConfig, LimiterRegistry

@pytest.mark.cleverapp(limits=SimulatorLimits(account=((2, 1.0),)))
def test_it({ARGUMENTS}):
    quick = ClientConfig(longest_pause=0.01)
    async def main():
        unlimited = LimiterRegistry.unlimited()
        async with CleverAppClient.from_env(config=quick, limits=unlimited) as client:
            await asyncio.gather(*(client.get_me() for _ in range(3)), return_exceptions=True)
    asyncio.run(main())
"""
    result = run(tests)
    result.assert_outcomes(passed=1, errors=1)
    assert "2 per 1 s EXCEEDED" in out(result)


def test_a_fault_that_was_not_met_fails_the_test(run: Run) -> None:
    """Whether the marker or the test itself has set it; one with a probability may stay away."""
    tests = f"""
@pytest.mark.cleverapp(faults=[
    Fault.too_many(on=1),
    Fault.hang(on=9, endpoint="sendMessage"),
    Fault.html(probability=0.0),
])
def test_marked({ARGUMENTS}):
    send_from_env(cleverapp_client_config, "Hi")

def test_added({ARGUMENTS}):
    cleverapp_simulator.add_fault(Fault.truncated_body(every=2))

def test_taken_away({ARGUMENTS}):
    cleverapp_simulator.add_fault(Fault.truncated_body(every=2))
    cleverapp_simulator.clear_faults()
"""
    result = run(tests)
    result.assert_outcomes(passed=3, errors=2)
    told, _, summary = out(result).partition("short test summary")
    unmet = re.findall(r"No request met (Fault\.\w+\(.*?\)):", told)
    assert unmet == ["Fault.hang(on=9, endpoint='sendMessage')", "Fault.truncated_body(every=2)"]
    assert summary.count(" - Failed: No ") == 2


def test_faults_that_were_met_are_fine(run: Run) -> None:
    """A test of what goes wrong passes when its faults have struck."""
    tests = f"""
from cleverapp_async import OutcomeUnknownError

@pytest.mark.cleverapp(faults=[Fault.reset_after(taken=True), Fault.too_many(60, on=2)])
def test_it({ARGUMENTS}):
    with pytest.raises(OutcomeUnknownError):
        send_from_env(cleverapp_client_config, "Hi")
    cleverapp_simulator.clear_faults()

@pytest.mark.cleverapp(faults=[Fault.too_many(60, on=1)])
def test_refused({ARGUMENTS}):
    send_from_env(cleverapp_client_config, "Hi")
"""
    run(tests).assert_outcomes(passed=2)


def test_the_judge_can_be_switched_off(run: Run) -> None:
    """``assert_clean=False`` asks neither for a clean referee nor for faults that were met."""
    tests = f"""
@pytest.mark.cleverapp(assert_clean=False, faults=[Fault.hang(on=9)])
def test_marked({ARGUMENTS}):
{TWICE}
def test_made(cleverapp_client_config, make_cleverapp_simulator):
    make_cleverapp_simulator(assert_clean=False, faults=[Fault.hang()])
"""
    run(tests).assert_outcomes(passed=2)


def test_a_test_that_ended_otherwise_is_not_judged(run: Run) -> None:
    """One that failed shows what arrived in its own report; one that was skipped says nothing."""
    tests = f"""
def test_failed({ARGUMENTS}):
{TWICE}    assert not cleverapp_simulator.deliveries

@pytest.mark.cleverapp(faults=[Fault.hang()])
def test_skipped(cleverapp_simulator):
    pytest.skip("not today")

@pytest.mark.xfail(strict=True)
def test_expected({ARGUMENTS}):
{TWICE}    assert False
"""
    result = run(tests)
    result.assert_outcomes(failed=1, skipped=1, xfailed=1)
    told = out(result)
    assert "CleverApp simulator" in told
    assert "NOT clean: 2 arrived" in told.partition("short test summary")[0]


def test_a_simulator_of_a_wider_scope_is_judged_after_each_test(run: Run) -> None:
    """The test that did it is blamed, and no later one; one that failed by itself is not twice."""
    tests = """
from cleverapp_async.testing import quick_client_settings

@pytest.fixture(scope="module")
def simulator(make_cleverapp_simulator):
    return make_cleverapp_simulator(faults=[Fault.hang(on=99)])

def send_to(simulator, *texts):
    async def main():
        async with CleverAppClient(
            simulator.api_token, base_url=simulator.base_url, **quick_client_settings()
        ) as client:
            await send(client, *texts)
    asyncio.run(main())

def test_clean(simulator): send_to(simulator, "one")
def test_unclean(simulator): send_to(simulator, "two", "two")
def test_later(simulator): send_to(simulator, "three")

def test_failed(simulator):
    send_to(simulator, "four", "four")
    assert False

@pytest.mark.cleverapp(assert_clean=False)
def test_excused(simulator): send_to(simulator, "five", "five")

def test_as_before(simulator): send_to(simulator, "one")

def test_cleared(simulator):
    simulator.clear_arrivals()
    send_to(simulator, "one", "one")

def test_met(simulator):
    simulator.clear_faults()
"""
    result = run(tests)
    result.assert_outcomes(passed=7, failed=1, errors=2)
    blamed = re.findall(r"ERROR at teardown of (\w+)", out(result))
    assert blamed == ["test_unclean", "test_cleared"]


def test_the_faults_of_a_wider_scope_are_asked_for_at_its_end(run: Run) -> None:
    """As long as it serves, a later test may still meet them."""
    tests = """
@pytest.fixture(scope="module")
def simulator(make_cleverapp_simulator):
    return make_cleverapp_simulator(faults=[Fault.hang(on=99)])

def test_first(simulator): pass
def test_last(simulator): pass
"""
    result = run(tests)
    result.assert_outcomes(passed=2, errors=1)
    assert "ERROR at teardown of test_last" in out(result)


def test_an_error_of_a_fixture_is_not_hidden(run: Run) -> None:
    """Where the end of a fixture fails, that is what is told, and the simulator is closed."""
    tests = f"""
made = []

@pytest.fixture
def failing(make_cleverapp_simulator):
    made.append(make_cleverapp_simulator())
    yield
    raise ZeroDivisionError

def test_it(failing, {ARGUMENTS}):
{TWICE}
def test_next():
    assert not made[0].running
"""
    result = run(tests)
    result.assert_outcomes(passed=2, errors=1)
    assert "ZeroDivisionError" in out(result)
