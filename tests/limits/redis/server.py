"""A real redis-server that a test starts, freezes, kills and starts again."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from typing import TYPE_CHECKING, Self

from redis.asyncio import Redis

if TYPE_CHECKING:
    from types import TracebackType

READY = b"Ready to accept connections"


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


class RedisServer:
    """One server on a free port of this machine, with nothing of its data on disk.

    Args:
        cluster: Whether it is a cluster of one, which refuses keys of different hash slots.
    """

    def __init__(self, *, cluster: bool = False) -> None:
        bus = ("--cluster-enabled", "yes", "--cluster-port", str(free_port()))
        self._cluster = bus if cluster else ()
        self.port = free_port()
        self._folder = tempfile.TemporaryDirectory()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"redis://127.0.0.1:{self.port}/0"

    def client(self, protocol: int = 2) -> Redis:
        """A plain client of redis-py."""
        return Redis(host="127.0.0.1", port=self.port, protocol=protocol)

    def start(self) -> Self:
        """Start it, empty, and wait until it listens."""
        program = shutil.which("redis-server")
        assert program, "the tests of shared limits need redis-server (Debian: redis-server)"
        process = self._process = subprocess.Popen(
            [
                program,
                *("--port", str(self.port)),
                *("--bind", "127.0.0.1"),
                *("--save", ""),
                *("--appendonly", "no"),
                *("--dir", self._folder.name),
                *self._cluster,
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        assert process.stdout is not None
        said = b""
        while READY not in said:
            line = process.stdout.readline()
            assert line, f"redis-server did not start: {said.decode()}"
            said += line
        return self

    def freeze(self) -> None:
        """Let it stand still, its connections open."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        """End it at once, with all that it knows."""
        process, self._process = self._process, None
        if process is not None:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            assert process.stdout is not None
            process.stdout.close()

    def _signal(self, number: int) -> None:
        assert self._process is not None
        os.kill(self._process.pid, number)

    def __enter__(self) -> Self:
        """Start it."""
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End it."""
        self.kill()
        self._folder.cleanup()
