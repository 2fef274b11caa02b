"""The marker of the pytest plugin: what it sets, and what is wrong in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.testing.user_tests import ARGUMENTS, out

if TYPE_CHECKING:
    from tests.testing.user_tests import Run


def test_the_marker_sets_the_simulator(run: Run) -> None:
    """The nearest marker decides, for each argument: of the test, the class, the module."""
    tests = """
pytestmark = pytest.mark.cleverapp(api_token="module", latency=Latency.constant(0.001))

@pytest.mark.cleverapp(api_token="class", forbidden_bots=[7])
class TestIt:
    @pytest.mark.cleverapp(contacts=[])
    @pytest.mark.cleverapp(api_token="test")
    def test_three(self, cleverapp_simulator):
        assert cleverapp_simulator.api_token == "test"

    def test_two(self, cleverapp_simulator):
        assert cleverapp_simulator.api_token == "class"

def test_one(cleverapp_simulator):
    assert cleverapp_simulator.api_token == "module"
"""
    run(tests).assert_outcomes(passed=3)


def test_the_client_keeps_the_limits_of_the_marker(run: Run) -> None:
    """Given limits, both sides have them, and the referee finds them kept."""
    tests = f"""
@pytest.mark.cleverapp(limits=SimulatorLimits().scaled(100), window="fixed")
def test_it({ARGUMENTS}):
    send_from_env(cleverapp_client_config, *map(str, range(5)))
    tally = cleverapp_simulator.referee().key(7, "whatsapp", "sendMessageToWhatsApp")
    assert (tally.limit, tally.accepted, tally.most) == (1, 5, 1)
"""
    run(tests).assert_outcomes(passed=1)


def test_a_window_alone_counts_the_documented_limits(run: Run) -> None:
    """How limits are counted says that there are some."""
    tests = """
@pytest.mark.cleverapp(window="bucket")
def test_marked(cleverapp_simulator):
    assert cleverapp_simulator.limits == SimulatorLimits()

def test_plain(cleverapp_simulator):
    assert cleverapp_simulator.limits == SimulatorLimits.none()
"""
    run(tests).assert_outcomes(passed=2)


WRONG = {
    "windw='fixed'": "windw",
    "window='slid'": "window",
    "window=None": "window",
    "limits=5": "limits",
    "limits=None": "limits",
    "latency=0.05": "latency",
    "faults=Fault.hang()": "faults",
    "faults=['hang']": "faults",
    "faults=(one for one in [Fault.hang()])": "faults",
    "assert_clean='no'": "assert_clean",
    "port='80'": "port",
    "port=True": "port",
    "port=70000": "port",
    "seed_file=5": "seed_file",
    "seed_file='/no/such/file.json'": "/no/such/file.json",
    "api_token=''": "api_token",
    "contacts=5": "must be None or a list of which each is a SimulatedContact",
    "contacts=[], seed_data=generate(contacts=1)": "contacts",
    "'fixed'": "'fixed'",
}


@pytest.mark.parametrize("arguments", WRONG)
def test_a_wrong_argument_is_one_error_that_names_it(run: Run, arguments: str) -> None:
    """The test and the argument are named, once, without a traceback; other tests run."""
    tests = f"""
@pytest.mark.cleverapp({arguments})
def test_it(cleverapp_simulator): ...

def test_other(cleverapp_simulator): ...
"""
    result = run(tests)
    result.assert_outcomes(passed=1, errors=1)
    told = out(result).partition("short test summary")[0]
    (line,) = [line for line in told.splitlines() if "test_user.py::test_it" in line]
    assert line.startswith("test_user.py::test_it: @pytest.mark.cleverapp: ")
    assert WRONG[arguments] in line.partition("mark.cleverapp: ")[2]
    assert "Traceback" not in told
    assert "During handling" not in told


def test_a_wrong_marker_is_told_without_any_fixture(run: Run) -> None:
    """A marker that says what cannot be is an error, even where nobody reads it."""
    result = run("@pytest.mark.cleverapp(limit=1)\ndef test_it(): ...\n")
    result.assert_outcomes(errors=1)
