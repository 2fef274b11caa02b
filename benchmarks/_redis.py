"""A redis-server of the benchmark's own: on a free port, with nothing on disk."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING

from attrs import define
from redis import Redis

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["RedisServer", "redis_server"]

_READY = b"Ready to accept connections"


@define
class RedisServer:
    """A server that can be frozen, killed and started again, always empty.

    Attributes:
        port: Where it listens, on this machine only.
    """

    port: int
    _folder: str
    _process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start it, and wait until it listens."""
        program = shutil.which("redis-server")
        assert program, "needs redis-server (Debian: redis-server)"
        options = f"--port {self.port} --bind 127.0.0.1 --appendonly no --dir {self._folder}"
        process = self._process = subprocess.Popen(
            [program, *options.split(), "--save", ""], stdout=subprocess.PIPE
        )
        assert process.stdout is not None
        while _READY not in (line := process.stdout.readline()):
            assert line, "redis-server did not start"

    def freeze(self) -> None:
        """Let it stand still."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        """End it at once."""
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(signal.SIGKILL)
            process.communicate()

    def forget_scripts(self) -> None:
        """Empty its cache of scripts."""
        with Redis(port=self.port) as client:
            client.script_flush()

    def scripts_run(self) -> int:
        """How many scripts it was asked to run since its start."""
        with Redis(port=self.port) as client:
            stats = client.info("commandstats")
        assert isinstance(stats, dict)
        return sum(
            int(stats.get(f"cmdstat_{name}", {"calls": 0})["calls"]) for name in ("evalsha", "eval")
        )

    def _signal(self, number: int) -> None:
        assert self._process is not None
        os.kill(self._process.pid, number)


@contextmanager
def redis_server() -> Iterator[RedisServer]:
    """A server until the block ends."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        server = RedisServer(port, folder)
        server.start()
        try:
            yield server
        finally:
            server.kill()
