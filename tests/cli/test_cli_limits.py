"""``cleverapp limits``, on a real redis-server and on files."""

from __future__ import annotations

import asyncio
import gc
import json
import signal
import subprocess
import sys
import warnings
from typing import TYPE_CHECKING

import pytest

from cleverapp_async import AccountKey, LimiterRegistry, LimitKey, Quota
from tests.cli.processes import line_with, start
from tests.redis_server import FORGETFUL, RedisServer, free_port, redis_server

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from tests.cli.command import Run, Serve, Write


@pytest.fixture(scope="module")
def server() -> Generator[RedisServer]:
    """A server for all tests of this module."""
    with redis_server(settings=FORGETFUL) as started:
        yield started


@pytest.fixture
def redis(server: RedisServer) -> RedisServer:
    """A server with a fleet's logs, made just now: a key in use and paused, an account."""
    asyncio.run(_use(server))
    return server


async def _use(server: RedisServer) -> None:
    url = server.url
    async with server.client() as client:
        await client.flushall()
    quotas = {"telegram": Quota(1, 0.5)}
    async with LimiterRegistry.shared(
        url, messengers=quotas, account=[Quota(2, 0.5), Quota(9, 0.8)]
    ) as limits:
        (await limits.limiter(AccountKey("abcdef0123")).acquire()).settle()
        permit = await limits.limiter(LimitKey(7, "telegram")).acquire()
        permit.sent()
        waiting = asyncio.create_task(limits.limiter(LimitKey(7, "telegram")).acquire())
        await asyncio.sleep(0.1)
        limits.pause(LimitKey(8, "telegram"), 50.0)
        await asyncio.sleep(0.1)
        waiting.cancel()


def test_json_has_a_row_for_each_key(cleverapp: Run, redis: RedisServer) -> None:
    """``--format json``: all figures of each key, for scripts."""
    ended = cleverapp("limits", "show", "--redis", redis.url, "--format", "json")
    assert ended.code == 0
    rows = json.loads(ended.out)
    assert rows[0]["account"] == "abcdef0123"
    assert rows[0]["quotas"] == [{"limit": 2, "period": 0.5}, {"limit": 9, "period": 0.8}]
    seven, eight = rows[1:]
    assert (seven["bot_id"], seven["messenger"], seven["scope"]) == (7, "telegram", "sendMessage")
    assert seven["on_the_way"] == 1
    assert seven["next_slot"] is None
    assert seven["refusals"] == seven["queued"] == 0
    assert 30 < eight["paused_for"] <= 50
    assert 30 < eight["next_slot"] <= 50


def test_a_table_is_shown_to_people(cleverapp: Run, redis: RedisServer) -> None:
    """A line per key, with what it waits for in words."""
    ended = cleverapp("limits", "show", "--redis", redis.url)
    assert ended.code == 0
    words = ended.out.split()
    assert {"telegram", "bot", "7", "8", "abcdef01", "seconds"} <= set(words)
    assert "after an answer" in ended.out


def test_nothing_to_see_is_said(cleverapp: Run, redis: RedisServer) -> None:
    """Another prefix has no keys."""
    ended = cleverapp("limits", "show", "--redis", redis.url, "--prefix", "other")
    assert ended.code == 0
    assert "telegram" not in ended.out


def test_a_redis_that_is_not_there_is_said(cleverapp: Run) -> None:
    """It ends with 1 and a remedy."""
    url = f"redis://127.0.0.1:{free_port()}/0"
    ended = cleverapp("limits", "show", "--redis", url)
    assert ended.code == 1
    assert "cannot be reached" in ended.err


def test_what_waiting_cannot_mend_is_said_with_its_remedy(
    cleverapp: Run, redis: RedisServer
) -> None:
    """A wrong password ends with 1, tells what to check, and is not shown."""
    url = f"redis://nobody:s3cr3t-pass@127.0.0.1:{redis.port}/0"
    ended = cleverapp("limits", "show", "--redis", url)
    assert ended.code == 1
    assert "cannot be used" in ended.err
    assert "s3cr3t-pass" not in ended.out + ended.err


def test_settings_that_cannot_work_are_said(cleverapp: Run) -> None:
    """A URL of another kind ends with 3, a prefix that is none with 2."""
    assert cleverapp("limits", "show", "--redis", "http://host").code == 3
    ended = cleverapp("limits", "show", "--redis", "redis://127.0.0.1:1", "--prefix", "{}")
    assert ended.code == 2
    assert "--prefix" in ended.err


def test_options_that_would_do_nothing_are_refused(cleverapp: Run) -> None:
    """A prefix without Redis, and two places at once."""
    ended = cleverapp("limits", "show", "--prefix", "other")
    assert (ended.code, "--prefix" in ended.err) == (2, True)
    ended = cleverapp("limits", "watch", "--redis", "redis://127.0.0.1:1", "--folder", "x")
    assert (ended.code, "--folder" in ended.err) == (2, True)


async def _use_disk(folder: Path) -> AccountKey:
    account = AccountKey("abcdef0123")
    async with LimiterRegistry.on_disk(folder, messengers={"telegram": Quota(1, 900.0)}) as limits:
        (await limits.limiter(account).acquire()).settle()
        (await limits.limiter(LimitKey(7, "telegram")).acquire()).settle()
        limits.pause(LimitKey(8, "telegram"), 50.0)
        await asyncio.sleep(0.1)
    return account


def test_files_are_looked_into(cleverapp: Run, tmp_path: Path) -> None:
    """Without --redis: each key of each account that has a file, the account first."""
    asyncio.run(_use_disk(tmp_path))
    ended = cleverapp("limits", "show", "--folder", str(tmp_path), "--format", "json")
    account, seven, eight = json.loads(ended.out)
    assert account["account"] == "abcdef0123"
    assert account["quotas"] == [{"limit": 2, "period": 1.0}, {"limit": 120, "period": 60.0}]
    assert (seven["bot_id"], seven["messenger"], seven["scope"]) == (7, "telegram", "sendMessage")
    assert 500 < seven["next_slot"] <= 900
    assert seven["on_the_way"] == 0
    assert 30 < eight["paused_for"] <= 50
    assert "telegram of bot 7" in cleverapp("limits", "show", "--folder", str(tmp_path)).out


def test_a_send_stands_in_ones_own_folder(cleverapp: Run, serve: Serve, write: Write) -> None:
    """What a command sent is seen without any option; with ``--limits process`` it is not."""
    serve()
    assert json.loads(cleverapp("limits", "show", "--format", "json").out) == []
    path = write("list.csv", "bot_id,messenger,contact_external_id,text\n7,telegram,1,Hi\n")
    assert cleverapp("send", path, "--limits", "process").code == 0
    assert json.loads(cleverapp("limits", "show", "--format", "json").out) == []
    assert cleverapp("send", path).code == 0
    keys = json.loads(cleverapp("limits", "show", "--format", "json").out)
    assert [key.get("bot_id") for key in keys] == [None, 7]
    assert [key["on_the_way"] for key in keys] == [0, 0]


def test_a_file_that_cannot_be_read_is_said(cleverapp: Run, tmp_path: Path) -> None:
    """It ends with 1, and the file is named."""
    (tmp_path / "x.sqlite3").write_bytes(b"nothing of SQLite" * 99)
    ended = cleverapp("limits", "show", "--folder", str(tmp_path))
    assert ended.code == 1
    assert "x.sqlite3" in ended.err


async def test_a_pipe_gets_each_look_until_somebody_ends_it(
    environment: dict[str, str], tmp_path: Path
) -> None:
    """What is no terminal gets look after look, until signals that come together end it once."""
    await _use_disk(tmp_path)
    process = await start(
        environment, "limits", "watch", "--every", "10ms", "--folder", str(tmp_path)
    )
    for _ in range(3):
        await line_with(process.stdout, "telegram of bot 7")
    # As `timeout` does, which sends to the process and to its group; of two that are the same the
    # system may make one.
    for number in (signal.SIGINT, signal.SIGTERM):
        process.send_signal(number)
    _, err = await process.communicate()
    assert process.returncode == 130
    assert err == b""


@pytest.mark.parametrize("form", ["table", "jsonl"])
def test_a_reader_that_leaves_ends_it_quietly(
    environment: dict[str, str], tmp_path: Path, form: str
) -> None:
    """`limits watch | head -1` is no failure: it ends with 0 and says nothing."""
    asyncio.run(_use_disk(tmp_path))
    looks = ("limits", "watch", "--every", "10ms", "--folder", str(tmp_path), "--format", form)
    with subprocess.Popen(
        [sys.executable, "-m", "cleverapp_async", *looks],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


def test_a_signal_before_the_first_look(
    monkeypatch: pytest.MonkeyPatch, cleverapp: Run, tmp_path: Path
) -> None:
    """A signal that comes before anything runs ends it with 130, and nothing was begun."""

    def run_interruptibly(main: object) -> None:
        del main
        raise KeyboardInterrupt

    monkeypatch.setattr("cleverapp_async.cli.limits.run_interruptibly", run_interruptibly)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        ended = cleverapp("limits", "watch", "--folder", str(tmp_path))
        gc.collect()
    assert (ended.code, ended.err) == (130, "")
    assert not warned
