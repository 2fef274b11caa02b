"""What the tests of the pytest plugin write for a user, and how they run it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

import pytest

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["ARGUMENTS", "HEAD", "QUIET", "TWICE", "Run", "in_a_process", "out"]

Run: TypeAlias = Callable[..., pytest.RunResult]
"""Runs the tests of a user in this process: their text, and options of pytest."""

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

ARGUMENTS = "cleverapp_env, cleverapp_simulator, cleverapp_client_config"
TWICE = "    send_from_env(cleverapp_client_config, 'same', 'same')\n"


def out(result: pytest.RunResult) -> str:
    """What a run has printed."""
    return "\n".join(result.outlines)


def in_a_process(
    folder: Path, *options: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Runs pytest in a folder, in a process of its own."""
    command = (sys.executable, "-m", "pytest", "-v", *QUIET, *options)
    # Not measured: it would count the lines of another copy of the package, and imports asyncio.
    inherited = {name: value for name, value in os.environ.items() if "COV" not in name}
    variables = {**inherited, "PYTEST_ADDOPTS": "", **environment}
    return subprocess.run(
        command, cwd=folder, env=variables, capture_output=True, text=True, check=False
    )
