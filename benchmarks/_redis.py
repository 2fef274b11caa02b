"""A redis-server of the benchmark's own: on a free port, with nothing on disk."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from redis import Redis

from tests import redis_server as servers
from tests.redis_server import FORGETFUL, RedisServer

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["RedisServer", "forget_scripts", "redis_server", "scripts_run"]


@contextmanager
def redis_server() -> Iterator[RedisServer]:
    """A server until the block ends; it can be frozen, killed and started again, always empty."""
    with servers.redis_server(settings=FORGETFUL) as server:
        yield server


def forget_scripts(server: RedisServer) -> None:
    """Empty its cache of scripts."""
    with Redis(port=server.port) as client:
        client.script_flush()


def scripts_run(server: RedisServer) -> int:
    """How many scripts it was asked to run since its start."""
    with Redis(port=server.port) as client:
        stats = client.info("commandstats")
    assert isinstance(stats, dict)
    return sum(
        int(stats.get(f"cmdstat_{name}", {"calls": 0})["calls"]) for name in ("evalsha", "eval")
    )
