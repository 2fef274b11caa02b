"""Runs the Python blocks of README.md and docs/*.md, so that what users copy is known to work.

The blocks of one page share a namespace and one event loop and run in the page's order; ``await``
and ``async with`` may stand at the top level, as in ``python -m asyncio``. While a page runs, a
simulator serves it from a thread of its own, and the environment names that simulator: a page says
``CleverAppClient.from_env()``, as a user's program would. Its working folder is a temporary one,
for the files that it writes.
"""

from __future__ import annotations

import ast
import asyncio
import inspect
import os
from contextlib import ExitStack, chdir
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from attrs import define, field
from sybil import Sybil
from sybil.parsers.markdown import CodeBlockParser

from cleverapp_async.simulator import SimulatorLimits
from cleverapp_async.testing import SimulatorThread

if TYPE_CHECKING:
    from pathlib import Path

    from sybil import Document, Example

_PAGE = "__page__"
_ENVIRONMENT = ("CLEVERAPP_API_TOKEN", "CLEVERAPP_BASE_URL", "CLEVERAPP_WEBHOOK_URL")


@define
class Page:
    """What the blocks of one page share beside their names: a loop, a simulator, a folder."""

    _runner: asyncio.Runner = field(factory=lambda: asyncio.Runner(debug=True), init=False)
    # Each block has a client of its own, which knows nothing of what the one before has sent.
    _simulator: SimulatorThread = field(
        factory=lambda: SimulatorThread(limits=SimulatorLimits.none()), init=False
    )
    _before: dict[str, str | None] = field(factory=dict, init=False)
    _folder: ExitStack = field(factory=ExitStack, init=False)

    def open(self) -> None:
        """Starts the simulator, names it in the environment, and goes to a folder of its own."""
        self._folder.enter_context(chdir(self._folder.enter_context(TemporaryDirectory())))
        self._before = {name: os.environ.get(name) for name in _ENVIRONMENT}
        self._simulator.start()
        simulator = self._simulator
        settings = (simulator.api_token, simulator.base_url, simulator.webhook_url)
        os.environ.update(zip(_ENVIRONMENT, settings, strict=True))

    def close(self) -> None:
        """Ends the loop and the simulator and puts the environment back."""
        self._runner.close()
        self._folder.close()
        self._simulator.close()
        for name, value in self._before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value

    def run(self, source: str, path: str, namespace: dict[str, Any]) -> None:
        """Runs one block; ``await`` may stand at its top level."""
        __tracebackhide__ = True
        code = compile(source, path, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
        if code.co_flags & inspect.CO_COROUTINE:
            self._runner.run(eval(code, namespace))  # noqa: S307 - our own documents
        else:
            exec(code, namespace)  # noqa: S102 - our own documents


def examples_of(page: Path) -> Document:
    """The Python blocks of a page, in its order."""
    parser = CodeBlockParser(language="python", evaluator=evaluate)
    return Sybil(parsers=[parser], path=str(page.parent)).parse(page)


def evaluate(example: Example) -> None:
    """Runs one block; a failure is shown at its line of the page."""
    __tracebackhide__ = True
    page: Page = example.namespace[_PAGE]
    lines_before = example.line + int(example.parsed.line_offset)
    page.run("\n" * lines_before + str(example.parsed), example.path, example.namespace)
