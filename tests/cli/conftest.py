"""What the tests of the command line share: the command itself, and a server to send to."""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING

import pytest

from cleverapp_async.__main__ import main
from cleverapp_async.simulator import Simulator, SimulatorLimits
from tests.cli.command import TOKEN, Ended, Run, Serve, ServerThread, Write

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path


@pytest.fixture
def cleverapp(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Give a function that runs the command with the token in its environment."""
    monkeypatch.setenv("CLEVERAPP_API_TOKEN", TOKEN)

    def run(*arguments: str, stdin: bytes = b"") -> Ended:
        monkeypatch.setattr(sys, "argv", ["cleverapp", *arguments])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        capsys.readouterr()
        with pytest.raises(SystemExit) as caught:
            main()
        shown = capsys.readouterr()
        assert TOKEN not in shown.out + shown.err
        code = caught.value.code
        assert isinstance(code, int)
        return Ended(code, shown.out, shown.err)

    return run


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Generator[Serve]:
    """Give a function that starts a simulator and points the command at it."""
    ends: list[Callable[[], None]] = []

    def start(simulator: Simulator | None = None) -> Simulator:
        if simulator is None:
            simulator = Simulator(api_token=TOKEN, limits=SimulatorLimits.none())
        ends.append(ServerThread(simulator).start())
        monkeypatch.setenv("CLEVERAPP_BASE_URL", simulator.base_url)
        return simulator

    yield start
    for end in ends:
        end()


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Give a function that writes a file and returns its path."""

    def make(name: str, content: str | bytes) -> str:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    return make


@pytest.fixture
def environment() -> dict[str, str]:
    """Give the environment for the command in a process of its own."""
    return {**os.environ, "CLEVERAPP_API_TOKEN": TOKEN, "PYTHONUNBUFFERED": "1", "COLUMNS": "120"}
