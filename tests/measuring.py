"""Which tests coverage measures: of many examples of one kind, some.

Under the tracer a test takes two to three times as long, and after a few examples of one kind it
learns nothing more. So of the examples of a law the first few are measured, and of the parameters
of a test some, the same in every run. A module whose every test repeats what others have measured
already is marked with ``pytest.mark.no_cover``. All of them run, and assert what they assert.
"""

from __future__ import annotations

import functools
import importlib
import itertools
import os
import pkgutil
from collections import defaultdict
from typing import TYPE_CHECKING, Any, Protocol, cast
from zlib import crc32

import pytest

import cleverapp_async

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

__all__ = ["Measuring", "begin_measuring"]

_EXAMPLES = 5
_PARAMETERS = 10
_OF_PROCESSES = "COVERAGE_PROCESS_CONFIG"


class _Tracer(Protocol):
    """What pytest-cov stops the tracer with."""

    def pause(self) -> None:
        """No line is measured from here on, in any thread ..."""

    def resume(self) -> None:
        """... until here."""


class _Coverage(Protocol):
    """pytest-cov, which makes its tracer after everything is configured."""

    cov_controller: _Tracer


def begin_measuring(config: pytest.Config) -> None:
    """Choose what is measured, where this run measures at all."""
    plugin = config.pluginmanager.getplugin("_cov")
    if plugin is not None:
        config.pluginmanager.register(Measuring(plugin))


class Measuring:
    """The part of a run with coverage that chooses."""

    def __init__(self, coverage: _Coverage) -> None:
        self._coverage = coverage

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Of the parameters of each test some are measured, in whatever order they are run."""
        kinds = defaultdict[str, list[pytest.Item]](list)
        for item in items:
            kinds[item.nodeid.partition("[")[0]].append(item)
        for kind in kinds.values():
            kind.sort(key=lambda item: crc32(item.nodeid.encode(errors="surrogatepass")))
            for item in kind[_PARAMETERS:]:
                item.add_marker("no_cover")

    def pytest_collection_finish(self) -> None:
        """Import the whole package, or what a test that is not measured imports would be missed."""
        for module in pkgutil.walk_packages(cleverapp_async.__path__, "cleverapp_async."):
            importlib.import_module(module.name)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """The processes that a test starts are measured where it is."""
        config = os.environ.get(_OF_PROCESSES)
        if config is None or item.get_closest_marker("no_cover") is None:
            return (yield)
        del os.environ[_OF_PROCESSES]
        try:
            return (yield)
        finally:
            os.environ[_OF_PROCESSES] = config

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, object, object]:
        """The first examples of a law are measured."""
        law = getattr(getattr(item, "obj", None), "hypothesis", None)
        if law is None or item.get_closest_marker("no_cover") is not None:
            return (yield)
        example, paused = law.inner_test, False
        begun = itertools.count()

        def pause() -> None:
            nonlocal paused
            paused = True
            self._coverage.cov_controller.pause()

        law.inner_test = _pausing(example, begun, pause)
        try:
            return (yield)
        finally:
            law.inner_test = example
            if paused:
                self._coverage.cov_controller.resume()


def _pausing(
    example: Callable[..., Any], begun: itertools.count[int], pause: Callable[[], None]
) -> Callable[..., Any]:
    @functools.wraps(example)
    def run(*args: object, **kwargs: object) -> object:
        if next(begun) == _EXAMPLES:
            pause()
        return cast("object", example(*args, **kwargs))

    return run
