"""A real Redis for tests: on a free port, in a folder of its own, ended by its pid."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import define, field

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["RedisServer", "find_redis", "redis_server"]

_STARTS_WITHIN = 15.0


def find_redis() -> str:
    """The program of Redis, or of Valkey."""
    for name in ("redis-server", "valkey-server"):
        if (found := shutil.which(name)) is not None:
            return found
    raise FileNotFoundError("redis-server is not on the PATH: apt-get install redis-server")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@define(eq=False)
class RedisServer:
    """One server, which keeps its port and its files over a restart.

    Attributes:
        folder: Where its files lie.
        settings: Settings besides the address, as in its file of settings.
        port: Where it listens.
    """

    folder: Path
    settings: dict[str, str]
    port: int = field(factory=_free_port)
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

    def start(self) -> None:
        """Start it, and wait until it answers."""
        given = {"port": str(self.port), "bind": "127.0.0.1", "dir": f'"{self.folder}"'}
        given |= {"save": '""', **self.settings}
        settings = self.folder / "redis.conf"
        settings.write_text("".join(f"{name} {value}\n" for name, value in given.items()))
        with (self.folder / "redis.log").open("ab") as log:
            self._process = subprocess.Popen([find_redis(), str(settings)], stdout=log, stderr=log)
        until = time.monotonic() + _STARTS_WITHIN
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > until:
                self.kill()
                raise RuntimeError((self.folder / "redis.log").read_text(errors="replace"))
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

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as wire:
                wire.sendall(b"PING\r\n")
                return wire.recv(64).startswith(b"+PONG")
        except OSError:
            return False


@contextmanager
def redis_server(folder: Path, **settings: str) -> Iterator[RedisServer]:
    """A server that writes each command to the disk before it answers, until the block ends.

    Args:
        folder: An empty folder for its files.
        settings: Other settings, with ``_`` for ``-``.
    """
    given = {"appendonly": "yes", "appendfsync": "always"}
    given |= {name.replace("_", "-"): value for name, value in settings.items()}
    server = RedisServer(folder, given)
    server.start()
    try:
        yield server
    finally:
        server.kill()
