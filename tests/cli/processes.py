"""The command in a process of its own, and what it says."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from pathlib import Path

PIPE = asyncio.subprocess.PIPE


async def start(
    environment: dict[str, str],
    *arguments: str,
    stdin: int = PIPE,
    to: int = PIPE,
    folder: Path | None = None,
) -> Process:
    """Start the command in a process of its own."""
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cleverapp_async", *arguments),
        env=environment,
        cwd=folder,
        stdin=stdin,
        stdout=to,
        stderr=to,
    )


async def ended(
    environment: dict[str, str], redirection: str, *arguments: str
) -> tuple[int, str, str]:
    """Run the command with a redirection of the shell's: its exit code, output and errors."""
    process = await asyncio.create_subprocess_exec(
        *("sh", "-c", f'exec "$@" {redirection}', "sh"),
        *(sys.executable, "-m", "cleverapp_async", *arguments),
        env=environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=PIPE,
        stderr=PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


def uncounted(environment: dict[str, str]) -> dict[str, str]:
    """An environment in which coverage writes no file: it cannot either, on a disk that is full."""
    return {name: value for name, value in environment.items() if "COVERAGE" not in name}


async def line_with(stream: asyncio.StreamReader | None, text: str) -> str:
    """Read up to the line that holds a text."""
    assert stream is not None
    async with asyncio.timeout(120):
        while line := (await stream.readline()).decode():
            if text in line:
                return line
    pytest.fail(f"{text!r} was never said")


async def on_a_terminal(process: Process, terminal: int) -> str:
    """Read what a process shows on its terminal, to its end."""
    shown = bytearray()
    loop = asyncio.get_running_loop()
    done = loop.create_future()

    def read() -> None:
        try:
            chunk = os.read(terminal, 65_536)
        except OSError:
            chunk = b""
        shown.extend(chunk)
        if not chunk:
            loop.remove_reader(terminal)
            done.set_result(None)

    loop.add_reader(terminal, read)
    await asyncio.gather(process.wait(), done)
    os.close(terminal)
    return shown.decode()
