"""The pytest plugin ``cleverapp``: fixtures with a simulator of the API, and the marker of a test.

It stands beside the package, as pytest imports it in every run wherever the package is installed:
nothing of the package, nor aiohttp, is imported before a test asks for a fixture or has the marker.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from typing import Unpack

    from cleverapp_async.testing import (
        ClientSettings,
        MakeSimulator,
        SimulatorSettings,
        SimulatorThread,
    )
    from cleverapp_async.testing._pytest import MarkedSettings, Simulators

__all__ = [
    "cleverapp_client_config",
    "cleverapp_env",
    "cleverapp_simulator",
    "make_cleverapp_simulator",
]

_MARKER = """\
cleverapp(*, window, limits, latency, faults, assert_clean=True, ...): \
settings of the test's CleverApp simulator, all arguments of `Simulator`; \
assert_clean=False: neither must its referee be clean at the end nor every fault be met."""

_marked: pytest.StashKey[MarkedSettings] = pytest.StashKey()
_passed: pytest.StashKey[bool] = pytest.StashKey()
_simulators: pytest.StashKey[Simulators] = pytest.StashKey()
_being_set_up: pytest.StashKey[list[Callable[[Callable[[], object]], None]]] = pytest.StashKey()


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", _MARKER)
    config.stash[_being_set_up] = []


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
) -> Generator[None, object, object]:
    """Remember which fixture is being made: the simulators that it asks for end with it."""
    stack = request.config.stash[_being_set_up]
    stack.append(fixturedef.addfinalizer)
    try:
        return (yield)
    finally:
        stack.pop()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Check the marker of a test, before anything is done for it."""
    if item.get_closest_marker("cleverapp") is None:
        return
    from cleverapp_async.testing._pytest import WrongMarkerError, settings_of

    try:
        item.stash[_marked] = settings_of(item)
    except WrongMarkerError as error:
        wrong = str(error)
    else:
        return
    # Outside, as an error within `except` would be shown together with the first one.
    pytest.fail(wrong, pytrace=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what reached the simulators in the report of a test that failed."""
    report = yield
    if report.when != "teardown":
        item.stash[_passed] = report.when == "call" and report.passed
    simulators = item.config.stash.get(_simulators, None)
    if simulators is not None and report.when == "call" and report.failed:
        told = [("CleverApp simulator", text) for text in simulators.describe()]
        report.sections.extend(told)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, object, object]:
    """Judge the simulators after everything that a test used has ended."""
    problems: list[str] = []
    try:
        result = yield
    finally:
        simulators = item.config.stash.get(_simulators, None)
        if simulators is not None:
            simulators.close_those_of_the_test()
            # In any case: what a test did that failed by itself is not held against the next.
            problems = list(simulators.judge())
    marked = item.stash.get(_marked, None)
    wanted = item.stash.get(_passed, False) and (marked is None or marked.assert_clean)
    if problems and wanted:
        remedy = "Or mark the test with `@pytest.mark.cleverapp(assert_clean=False)`."
        pytest.fail("\n\n".join((*problems, item.nodeid, remedy)), pytrace=False)
    return result


@pytest.fixture(scope="session")
def make_cleverapp_simulator(pytestconfig: pytest.Config) -> MakeSimulator:
    """Make simulators of the CleverApp API, with any arguments of `Simulator`."""
    from cleverapp_async.testing._pytest import Simulators

    simulators = pytestconfig.stash.setdefault(_simulators, Simulators())
    stack = pytestconfig.stash[_being_set_up]

    def make(
        *, assert_clean: bool = True, **settings: Unpack[SimulatorSettings]
    ) -> SimulatorThread:
        at_the_end = stack[-1] if stack else None
        return simulators.make(at_the_end, assert_clean=assert_clean, **settings)

    return make


@pytest.fixture
def cleverapp_simulator(
    request: pytest.FixtureRequest, make_cleverapp_simulator: MakeSimulator
) -> SimulatorThread:
    """A simulator of the CleverApp API, new for each test; its marker gives the settings."""
    marked = request.node.stash.get(_marked, None)
    if marked is None:
        return make_cleverapp_simulator()
    try:
        return make_cleverapp_simulator(**marked.simulator)
    except (OSError, OverflowError, ValueError) as error:
        wrong = str(error)
    from cleverapp_async.testing._pytest import wrong_marker

    pytest.fail(str(wrong_marker(request.node, wrong)), pytrace=False)


@pytest.fixture
def cleverapp_env(cleverapp_simulator: SimulatorThread, monkeypatch: pytest.MonkeyPatch) -> None:
    """Point the `from_env()` of clients and webhooks, and the command line, at the simulator."""
    monkeypatch.setenv("CLEVERAPP_API_TOKEN", cleverapp_simulator.api_token)
    monkeypatch.setenv("CLEVERAPP_BASE_URL", cleverapp_simulator.base_url)
    monkeypatch.setenv("CLEVERAPP_WEBHOOK_URL", cleverapp_simulator.webhook_url)


@pytest.fixture
def cleverapp_client_config(cleverapp_simulator: SimulatorThread) -> ClientSettings:
    """Settings with which a client waits for nothing: `CleverAppClient(…, **settings)`."""
    from cleverapp_async.testing import quick_client_settings

    return quick_client_settings(cleverapp_simulator.limits)
