"""The fixtures of the pytest plugin: whoever runs the loop, and whatever scope asks for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.testing.user_tests import ARGUMENTS

if TYPE_CHECKING:
    from tests.testing.user_tests import Run

BODY = """\
        async with CleverAppClient.from_env(**cleverapp_client_config) as client:
            await send(client, "one", "two")
        assert [one.parameters["text"] for one in cleverapp_simulator.deliveries] == ["one", "two"]
"""
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


def test_a_webhook_of_the_environment_is_the_simulators(run: Run) -> None:
    """The same settings serve a client and a webhook, and the referee judges both."""
    tests = """
from cleverapp_async import IncomingWebhook

async def trigger(settings, *payloads):
    async with IncomingWebhook.from_env(**settings) as webhook:
        for payload in payloads:
            await webhook.trigger(payload)

def test_it(cleverapp_env, cleverapp_client_config, cleverapp_simulator):
    asyncio.run(trigger(cleverapp_client_config, {"order": 1}, {"order": 2}))
    assert [one.parameters["order"] for one in cleverapp_simulator.deliveries] == [1, 2]

def test_twice(cleverapp_env, cleverapp_client_config):
    asyncio.run(trigger(cleverapp_client_config, {"order": 1}, {"order": 1}))
"""
    run(tests).assert_outcomes(passed=2, errors=1)


def test_each_test_begins_with_nothing(run: Run) -> None:
    """What arrived, was remembered or was set in the environment is gone for the next test."""
    tests = """
@pytest.mark.parametrize("turn", [1, 2])
def test_it(turn, cleverapp_env, cleverapp_client_config, cleverapp_simulator):
    assert os.environ["CLEVERAPP_BASE_URL"] == cleverapp_simulator.base_url
    assert os.environ["CLEVERAPP_WEBHOOK_URL"] == cleverapp_simulator.webhook_url
    assert os.environ["CLEVERAPP_API_TOKEN"] == cleverapp_simulator.api_token
    assert not cleverapp_simulator.arrivals
    send_from_env(cleverapp_client_config, "the same")
    assert len(cleverapp_simulator.deliveries) == 1

def test_without():
    names = {"CLEVERAPP_API_TOKEN", "CLEVERAPP_BASE_URL", "CLEVERAPP_WEBHOOK_URL"}
    assert not names & os.environ.keys()
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
    before, worked = time.monotonic(), time.process_time()
    asyncio.run(main())
    # Both are about 15 ms on an idle machine; the rest is for a busy one, and for coverage.
    assert time.process_time() - worked < 0.2
    assert time.monotonic() - before < 20.0
    assert len(cleverapp_simulator.deliveries) == 10
"""
    run(tests).assert_outcomes(passed=1)


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
