"""The pytest plugin: its fixtures under each async plugin, its marker, and its judge at the end.

Each test writes a user's tests and runs them, most in this process, with this package installed.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.metadata import entry_points
from typing import TYPE_CHECKING

import pytest

# A run within this process forgets what it has imported: what it needs is imported once, here.
from cleverapp_async import CleverAppClient
from cleverapp_async.testing import SimulatorThread, _pytest_marker, _pytest_simulators
from cleverapp_async.testing import quick_client_settings as _quick
from tests.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Run = Callable[..., pytest.RunResult]

__all__ = ["CleverAppClient", "SimulatorThread", "_pytest_marker", "_pytest_simulators", "_quick"]

HEAD = """\
import asyncio
import os
import pytest
from cleverapp_async import CleverAppClient
from cleverapp_async.simulator import *

async def send(client, *texts):
    for text in texts:
        await client.send_message_to_whatsapp(
            bot_id=7, phone="79991234567", text=text, name="Anna"
        )

def send_from_env(settings, *texts):
    async def main():
        async with CleverAppClient.from_env(**settings) as client:
            await send(client, *texts)
    asyncio.run(main())

"""

QUIET = (
    *("-p", "no:randomly", "-p", "no:cacheprovider", "-rA", "--strict-markers"),
    *("-W", "error", "-W", "ignore::pytest.PytestConfigWarning"),
    *("-o", "asyncio_default_fixture_loop_scope=function"),  # pytest-asyncio warns without it
)


@pytest.fixture
def run(pytester: pytest.Pytester) -> Run:
    """Runs the tests of a user, written behind ``HEAD``, in this process."""

    def run(tests: str, *options: str) -> pytest.RunResult:
        pytester.makepyfile(test_user=HEAD + tests)
        return pytester.runpytest_inprocess(*QUIET, *options)

    return run


def out(result: pytest.RunResult) -> str:
    """What a run has printed."""
    return "\n".join(result.outlines)


# --- what it costs, and where it is found ---------------------------------------------------------


def test_pytest_finds_it() -> None:
    """The installed package names the plugin under the name ``cleverapp``."""
    (found,) = entry_points(group="pytest11", name="cleverapp")
    assert found.value == "cleverapp_pytest"


def test_it_costs_nothing_until_a_fixture_is_asked_for(tmp_path: Path) -> None:
    """A run that uses nothing of it imports neither the package nor aiohttp."""
    (tmp_path / "test_other.py").write_text(
        "import sys\n\n"
        "def test_a_simple_one(pytestconfig):\n"
        "    assert pytestconfig.pluginmanager.has_plugin('cleverapp_pytest')\n"
        "    parts = {name.partition('.')[0] for name in sys.modules}\n"
        "    assert not parts & {'cleverapp_async', 'aiohttp', 'attrs', 'cattrs', 'asyncio'}\n",
        encoding="utf-8",
    )
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": str(ROOT)}
    # What measures coverage imports asyncio, and is not what is tested here.
    environment = {name: value for name, value in environment.items() if "COV" not in name}
    command = (sys.executable, "-m", "pytest", "-q", "-p", "cleverapp_pytest", "-W", "error")
    ended = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout


def test_it_can_be_switched_off(run: Run) -> None:
    """With ``-p no:cleverapp`` its fixtures are gone, and other tests run."""
    result = run(
        "def test_it(cleverapp_simulator): ...\n\ndef test_another(): ...\n", "-p", "no:cleverapp"
    )
    result.assert_outcomes(passed=1, errors=1)


def test_its_marker_and_its_fixtures_are_shown(run: Run) -> None:
    """``--markers`` and ``--fixtures`` tell of them, each with what it is for."""
    assert "@pytest.mark.cleverapp(" in out(run("", "--markers"))
    told = out(run("", "--fixtures"))
    for name in ("client_config", "env", "simulator"):
        assert re.search(rf"^cleverapp_{name} -- .*\n    \S", told, re.MULTILINE)
    assert re.search(r"^make_cleverapp_simulator \[session scope\]", told, re.MULTILINE)


# --- the fixtures, whoever runs the loop ----------------------------------------------------------

BODY = """\
        async with CleverAppClient.from_env(**cleverapp_client_config) as client:
            await send(client, "one", "two")
        assert [one.parameters["text"] for one in cleverapp_simulator.deliveries] == ["one", "two"]
"""
ARGUMENTS = "cleverapp_env, cleverapp_simulator, cleverapp_client_config"
STYLES = {
    "pytest-asyncio, auto": (
        f"""
if True:
    async def test_it({ARGUMENTS}):
{BODY}""",
        ("-o", "asyncio_mode=auto"),
    ),
    "pytest-asyncio, strict": (
        f"""
if True:
    @pytest.mark.asyncio
    async def test_it({ARGUMENTS}):
{BODY}""",
        ("-p", "no:anyio"),
    ),
    "anyio": (
        f"""
@pytest.fixture
def anyio_backend():
    return "asyncio"

if True:
    @pytest.mark.anyio
    async def test_it({ARGUMENTS}):
{BODY}""",
        ("-p", "no:asyncio", "-p", "no:aiohttp"),
    ),
    "pytest-aiohttp": (
        f"""
from aiohttp import web

if True:
    async def test_it(aiohttp_client, {ARGUMENTS}):
        await aiohttp_client(web.Application())
{BODY}""",
        ("-o", "asyncio_mode=auto"),
    ),
    "unittest": (
        f"""
from unittest import IsolatedAsyncioTestCase

class Tests(IsolatedAsyncioTestCase):
    @pytest.fixture(autouse=True)
    def given(self, {ARGUMENTS}):
        self.given = cleverapp_simulator, cleverapp_client_config

    async def test_it(self):
        cleverapp_simulator, cleverapp_client_config = self.given
{BODY}""",
        (),
    ),
    "unittest without a loop": (
        """
from unittest import TestCase

@pytest.mark.usefixtures("cleverapp_env")
class Tests(TestCase):
    def test_it(self):
        send_from_env({}, "one")
""",
        (),
    ),
    "no loop at all": (
        f"""
def test_it({ARGUMENTS}):
    send_from_env(cleverapp_client_config, "one")
    send_from_env(cleverapp_client_config, "two")
    assert len(cleverapp_simulator.deliveries) == 2
""",
        ("-p", "no:asyncio", "-p", "no:aiohttp", "-p", "no:anyio"),
    ),
}


@pytest.mark.parametrize("style", STYLES)
def test_the_fixtures_work_whoever_runs_the_loop(run: Run, style: str) -> None:
    """Each of the plugins that run coroutines, unittest, and plain code: a message arrives."""
    tests, options = STYLES[style]
    run(tests, *options).assert_outcomes(passed=1)


def test_an_async_fixture_of_a_user_has_a_client(run: Run) -> None:
    """A client may be a fixture, closed before the simulator is."""
    tests = """
@pytest.fixture
async def client(cleverapp_env, cleverapp_client_config):
    async with CleverAppClient.from_env(**cleverapp_client_config) as client:
        yield client
        await send(client, "two")

async def test_it(client, cleverapp_simulator):
    await send(client, "one")
    assert len(cleverapp_simulator.deliveries) == 1
"""
    run(tests, "-o", "asyncio_mode=auto").assert_outcomes(passed=1)


def test_each_test_begins_with_nothing(run: Run) -> None:
    """What arrived, was remembered or was set in the environment is gone for the next test."""
    tests = """
@pytest.mark.parametrize("turn", [1, 2])
def test_it(turn, cleverapp_env, cleverapp_client_config, cleverapp_simulator):
    assert os.environ["CLEVERAPP_BASE_URL"] == cleverapp_simulator.base_url
    assert os.environ["CLEVERAPP_API_TOKEN"] == cleverapp_simulator.api_token
    assert not cleverapp_simulator.arrivals
    send_from_env(cleverapp_client_config, "the same")
    assert len(cleverapp_simulator.deliveries) == 1

def test_without():
    assert not [name for name in os.environ if name.startswith("CLEVERAPP_")]
"""
    run(tests).assert_outcomes(passed=3)


def test_ten_sends_take_no_time(run: Run) -> None:
    """Ten messages to WhatsApp, for which the limits ask ten seconds each, arrive at once."""
    tests = """
import time

def test_it(cleverapp_env, cleverapp_client_config, cleverapp_simulator):
    async def main():
        async with CleverAppClient.from_env(**cleverapp_client_config) as client:
            for number in range(10):
                await client.send_message(
                    bot_id=7, messenger="whatsapp", contact_external_id="1", text=str(number)
                )
    before = time.monotonic()
    asyncio.run(main())
    # 15 ms on an idle machine; the rest is for one that is not.
    assert time.monotonic() - before < 2.0
    assert len(cleverapp_simulator.deliveries) == 10
"""
    run(tests).assert_outcomes(passed=1)


# --- simulators of a user's own fixtures ----------------------------------------------------------


@pytest.mark.parametrize(
    ("scope", "same"), [("function", 1), ("class", 2), ("module", 4), ("session", 4)]
)
def test_a_simulator_ends_with_the_fixture_that_asked_for_it(
    run: Run, scope: str, same: int
) -> None:
    """A fixture of any scope makes one: it serves as long as the fixture, and is closed then."""
    tests = f"""
made = []

@pytest.fixture(scope={scope!r})
def simulator(make_cleverapp_simulator):
    made.append(make_cleverapp_simulator(contacts=[]))
    return made[-1]

class TestOne:
    def test_a(self, simulator): assert simulator.running
    def test_b(self, simulator): assert simulator.running

class TestTwo:
    def test_a(self, simulator): assert simulator.running
    def test_b(self, simulator): assert simulator.running

def test_last():
    assert len(made) == {4 // same}
    assert [one.running for one in made[:-1]] == [False] * (len(made) - 1)
    assert made[-1].running is ({scope!r} in ("module", "session"))
"""
    run(tests).assert_outcomes(passed=5)


def test_fixtures_may_ask_in_every_way(run: Run) -> None:
    """By ``getfixturevalue``, in a fixture with ``yield``, in the test itself: all are closed."""
    tests = """
made = []

@pytest.fixture(scope="module")
def late(request):
    make = request.getfixturevalue("make_cleverapp_simulator")
    made.append(make())
    return made[-1]

@pytest.fixture
def yielding(make_cleverapp_simulator):
    made.append(make_cleverapp_simulator())
    yield made[-1]
    assert made[-1].running

def test_first(late, yielding, make_cleverapp_simulator):
    made.append(make_cleverapp_simulator())
    with make_cleverapp_simulator() as closed:
        assert closed.running
    assert not closed.running

def test_second(late):
    assert [one.running for one in made] == [True, False, False]
"""
    tests = tests.replace("    assert made[-1].running\n\ndef", "    assert made[1].running\n\ndef")
    run(tests).assert_outcomes(passed=2)


def test_a_fixture_of_a_user_may_take_the_place_of_ours(run: Run) -> None:
    """With another ``cleverapp_simulator`` the environment and the settings follow it."""
    tests = """
@pytest.fixture
def cleverapp_simulator(make_cleverapp_simulator):
    return make_cleverapp_simulator(
        api_token="another", limits=SimulatorLimits(account=((7, 0.5),))
    )

def test_it(cleverapp_env, cleverapp_client_config, cleverapp_simulator):
    assert os.environ["CLEVERAPP_API_TOKEN"] == "another"
    async def main():
        async with CleverAppClient.from_env(**cleverapp_client_config) as client:
            (quota,) = client.limits.quotas(client.account)
            assert (quota.limit, quota.period) == (7, 0.5)
    asyncio.run(main())
"""
    run(tests).assert_outcomes(passed=1)


# --- the judge at a test's end --------------------------------------------------------------------

TWICE = "    send_from_env(cleverapp_client_config, 'same', 'same')\n"


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
    unmet = re.findall(r"No request met (Fault\.\w+\(.*?\)):", out(result))
    assert unmet == ["Fault.hang(on=9, endpoint='sendMessage')", "Fault.truncated_body(every=2)"]


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


# --- the marker -----------------------------------------------------------------------------------


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


# --- other ways of running ------------------------------------------------------------------------


def in_a_process(
    folder: Path, *options: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Runs pytest in a folder, in a process of its own."""
    command = (sys.executable, "-m", "pytest", "-v", *QUIET, *options)
    variables = {**os.environ, "PYTEST_ADDOPTS": "", **environment}
    return subprocess.run(
        command, cwd=folder, env=variables, capture_output=True, text=True, check=False
    )


FOUR = f"""
@pytest.mark.parametrize("turn", range(4))
def test_it(turn, {ARGUMENTS}):
    send_from_env(cleverapp_client_config, "one", "two")
    assert len(cleverapp_simulator.deliveries) == 2

def test_unclean({ARGUMENTS}):
{TWICE}"""


def test_it_works_with_xdist(tmp_path: Path) -> None:
    """Each worker has simulators of its own, and what the judge says comes through."""
    (tmp_path / "test_user.py").write_text(HEAD + FOUR, encoding="utf-8")
    # Without all the other plugins two more processes start in a third of the time.
    plugins = ("-p", "xdist.plugin", "-p", "cleverapp_pytest", "-n", "2")
    settings = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": str(ROOT)}
    ended = in_a_process(tmp_path, *plugins, **settings)
    assert ended.returncode == 1
    assert "5 passed, 1 error" in ended.stdout
    assert "NOT clean: 2 arrived" in ended.stdout


def test_it_comes_with_the_wheel(tmp_path: Path) -> None:
    """The wheel has the plugin, and pytest finds it where the wheel is installed."""
    python = (sys.executable, "-m")
    build = (*python, "hatchling", "build", "-t", "wheel", "-d", str(tmp_path))
    if (ROOT / "cleverapp_async").is_dir():
        subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
        (wheel,) = tmp_path.glob("*.whl")
        site = tmp_path / "site"
        options = ("--quiet", "--no-index", "--no-deps", "--target", str(site))
        subprocess.run((*python, "pip", "install", *options, str(wheel)), check=True)
        path = str(site)
    else:
        path = ""  # the tests run where the wheel is installed already
    folder = tmp_path / "user"
    folder.mkdir()
    place = """
def test_place():
    import cleverapp_pytest
    print("from", cleverapp_pytest.__file__)
"""
    (folder / "test_user.py").write_text(HEAD + FOUR + place, encoding="utf-8")
    ended = in_a_process(folder, PYTHONPATH=path)
    assert "6 passed, 1 error" in ended.stdout, ended.stdout
    (found,) = re.findall("^from (.*)$", ended.stdout, re.MULTILINE)
    assert not found.startswith(str(ROOT / "cleverapp_pytest"))
