"""The recipe: a compose file, and the same by plain commands."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sys
from asyncio.subprocess import PIPE, Process
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from cleverapp_async.integrations.redis_journal import RedisJournal
from cleverapp_async.simulator import Simulator
from tests.paths import ROOT
from tests.redis_server import redis_server

if TYPE_CHECKING:
    from pathlib import Path

_FLEET = ROOT / "examples" / "fleet"
_PAGE = ROOT / "docs" / "fleet-campaigns.md"


def _compose() -> dict[str, Any]:
    loaded = yaml.safe_load((_FLEET / "compose.yaml").read_text(encoding="utf-8"))
    assert isinstance(loaded, dict)
    return loaded


def test_the_compose_file_names_what_there_is() -> None:
    """Every script, setting and dependency that a service names exists."""
    services = _compose()["services"]
    assert set(services) == {"redis", "simulator", "worker", "producer", "status"}
    for name, service in services.items():
        assert set(service.get("depends_on", {})) <= set(services), name
        for word in str(service["command"]).split():
            if word.endswith((".py", ".jsonl")):
                assert (_FLEET / word).is_file(), word
        if name != "redis":
            assert service["build"]["context"] == "../.."
            assert "[cli,taskiq]" in service["build"]["dockerfile_inline"]
    assert services["worker"]["deploy"]["replicas"] == 3
    assert "--appendonly yes --appendfsync always" in services["redis"]["command"]


def test_the_compose_file_gives_every_setting_that_the_scripts_read() -> None:
    """What the worker reads from its environment is in the services' environment."""
    read = set(re.findall(r"^- ``(\w+)``", (_FLEET / "worker.py").read_text(), re.MULTILINE))
    services = _compose()["services"]
    assert read == {"CLEVERAPP_API_TOKEN", "CLEVERAPP_BASE_URL", "REDIS_URL"}
    for name in ("worker", "producer"):
        assert read == set(services[name]["environment"])


def test_the_page_shows_the_code_that_is_run() -> None:
    """Each line of Python on the page is one of the example's, and each path on it exists."""
    page = _PAGE.read_text(encoding="utf-8")
    code = (_FLEET / "worker.py").read_text(encoding="utf-8")
    [shown] = re.findall(r"```py\n(.*?)```", page, re.DOTALL)
    for line in shown.splitlines():
        assert line in code.splitlines(), line
    for path in re.findall(r"examples/fleet/[\w.]+", page):
        assert (ROOT / path.rstrip(".")).exists(), path


async def _run(environment: dict[str, str], *command: str) -> tuple[int | None, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, cwd=ROOT, env=environment, stdout=PIPE
    )
    said, _ = await process.communicate()
    return process.returncode, said.decode()


async def _worker(environment: dict[str, str], log: Path) -> Process:
    command = ("-m", "taskiq", "worker", "--app-dir", "examples/fleet", "worker:broker", "-w", "1")
    with log.open("ab") as file:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            *command,
            cwd=ROOT,
            env=environment,
            stdout=file,
            stderr=file,
            start_new_session=True,
        )


@pytest.mark.soak  # a minute of it is the wait that a new Redis asks of whoever shares limits
@pytest.mark.timeout(300)
async def test_the_recipe_works_by_plain_commands(tmp_path: Path) -> None:
    """Producer, two workers and status, as the page has them, with the simulator as server."""
    asyncio.get_running_loop().set_debug(False)
    async with Simulator() as simulator:
        with redis_server(tmp_path) as redis:
            environment = {
                **os.environ,
                "CLEVERAPP_API_TOKEN": simulator.api_token,
                "CLEVERAPP_BASE_URL": simulator.base_url,
                "REDIS_URL": redis.url,
                "PYTHONPATH": str(ROOT),
            }
            sample = "examples/fleet/messages.jsonl"
            produced = await _run(environment, "examples/fleet/producer.py", "spring", sample)
            assert produced == (
                0,
                "10 message(s), 0 duplicate(s) left out; 1 chunk(s) enqueued\n",
            )
            workers = [await _worker(environment, tmp_path / "log") for _ in range(2)]
            try:
                async with RedisJournal(redis.url, "spring") as journal, asyncio.timeout(200):
                    while await journal.left():  # noqa: ASYNC110 - only Redis knows
                        await asyncio.sleep(0.05)
                module = "cleverapp_async.integrations.taskiq"
                status = ("-m", module, "status", "--json", f"{redis.url}/spring")
                code, said = await _run(environment, *status)
            finally:
                for worker in workers:
                    with suppress(ProcessLookupError):
                        os.killpg(worker.pid, signal.SIGKILL)
                    await worker.wait()
    assert code == 0
    assert json.loads(said)["states"]["accepted"] == 10
    assert len(simulator.deliveries) == 10
