"""The examples: each runs as its first lines say, against the simulator, and does what it shows."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import aiohttp
import pytest

from cleverapp_async.simulator import Fault, Simulator, SimulatorLimits
from cleverapp_async.testing import SimulatorThread
from tests.documents import examples_of
from tests.paths import DOCS, ROOT
from tests.redis_server import free_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

pytestmark = pytest.mark.no_cover  # others have measured what these repeat

EXAMPLES = ROOT / "examples"
MESSAGE = {"bot_id": 7, "messenger": "telegram", "to": "1001", "text": "Hi"}
SERVICES = {
    "fastapi_service.py": "-m uvicorn fastapi_service:app --log-level warning --port {port}",
    "aiohttp_service.py": "-m aiohttp.web -H 127.0.0.1 -P {port} aiohttp_service:make_app",
    "django_service.py": "-m uvicorn django_service:application --log-level warning --port {port}",
}


def environment(simulator: Simulator | SimulatorThread, folder: Path) -> dict[str, str]:
    """What an example is told: the simulator, and a folder of its own for the limits."""
    return {
        **os.environ,
        "CLEVERAPP_API_TOKEN": simulator.api_token,
        "CLEVERAPP_BASE_URL": simulator.base_url,
        "CLEVERAPP_STATE_DIR": str(folder / "state"),
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(EXAMPLES)]),
        "PYTHONIOENCODING": "utf-8",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }


@pytest.fixture
def simulator() -> Iterator[SimulatorThread]:
    """A simulator without limits: what waits are the client's own."""
    with SimulatorThread(limits=SimulatorLimits.none()) as one:
        yield one


def run(
    simulator: SimulatorThread, folder: Path, *arguments: str
) -> subprocess.CompletedProcess[str]:
    """Runs Python with these arguments in a folder of its own."""
    return subprocess.run(
        [sys.executable, *arguments],
        env=environment(simulator, folder),
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def test_every_example_is_in_the_list() -> None:
    """The list names each example once, and each is run by a test."""
    listed = re.findall(
        r"^\| \[`([^`]+)`\]", (EXAMPLES / "README.md").read_text("utf-8"), re.MULTILINE
    )
    there = {file.name for file in EXAMPLES.glob("*.py")}
    there |= {"workers/app.py", "fleet/"}  # these have tests beside those of their rooms
    assert sorted(listed) == sorted(there)
    run_here = {"hello.py", "bulk_with_journal.py", "own_limiter.py", "test_own_code.py", *SERVICES}
    assert run_here == {file.name for file in EXAMPLES.glob("*.py")}


def test_the_first_program(simulator: SimulatorThread, tmp_path: Path) -> None:
    """It sends one message, and its code is that of the README."""
    ended = run(simulator, tmp_path, str(EXAMPLES / "hello.py"))
    assert (ended.returncode, ended.stdout) == (0, "sent, attempts: 1\n"), ended.stderr
    assert [one.endpoint for one in simulator.deliveries] == ["sendMessage"]
    shown = str(next(iter(examples_of(ROOT / "README.md"))).parsed)
    code = (EXAMPLES / "hello.py").read_text("utf-8").partition('"""\n\n')[2]
    assert shown == re.sub(r'\n    """Send it[^\n]*', "", code)


def test_a_list_is_sent_once_over_two_runs(simulator: SimulatorThread, tmp_path: Path) -> None:
    """The second run of the campaign finds nothing left, and both end well."""
    (tmp_path / "recipients.csv").write_text(
        "bot_id,messenger,contact_external_id,text,order_id\n"
        "7,telegram,1001,Здравствуйте,A-17\n7,telegram,1002,Здравствуйте,A-18\n",
        encoding="utf-8",
    )
    program = (str(EXAMPLES / "bulk_with_journal.py"), "recipients.csv", "run.db")
    first = run(simulator, tmp_path, *program)
    again = run(simulator, tmp_path, *program)
    assert (first.returncode, first.stdout) == (0, "{'accepted': 2}\n"), first.stderr
    assert (again.returncode, again.stdout) == (0, "{}\n"), again.stderr
    assert len(simulator.deliveries) == 2


def test_a_limiter_of_ones_own_keeps_messages_apart(
    simulator: SimulatorThread, tmp_path: Path
) -> None:
    """The example sends its messages one after another, and its code is that of the page."""
    ended = run(simulator, tmp_path, str(EXAMPLES / "own_limiter.py"))
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.count("accepted") == len(simulator.deliveries) == 3
    code = (EXAMPLES / "own_limiter.py").read_text("utf-8")
    shown = "\n\n".join(str(one.parsed) for one in examples_of(DOCS / "own-limiter.md"))
    (limiter,) = re.findall(r"^class EvenLimiter.*?= settle$", shown, re.MULTILINE | re.DOTALL)
    assert limiter in code


def test_the_tests_of_ones_own_code_pass(simulator: SimulatorThread, tmp_path: Path) -> None:
    """Pytest runs them with the plugin and nothing else; the start page shows their code."""
    options = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "cleverapp_pytest")
    file = tmp_path / "test_own_code.py"
    file.write_bytes((EXAMPLES / file.name).read_bytes())
    ended = run(simulator, tmp_path, *options, file.name)
    assert ended.returncode == 0, ended.stdout
    assert "2 passed" in ended.stdout
    code = (EXAMPLES / "test_own_code.py").read_text("utf-8").partition('"""\n\n')[2]
    *_, shown = (str(one.parsed) for one in examples_of(DOCS / "start.md"))
    assert shown == re.sub(r'^ +"""[^\n]*"""\n\n?', "", code, flags=re.MULTILINE)


async def post(address: str, **changes: str | None) -> tuple[int, dict[str, str]]:
    """One message through a service, once that is there; None leaves a name out."""
    given = {**MESSAGE, **changes}
    message = {name: value for name, value in given.items() if value is not None}
    async with asyncio.timeout(120), aiohttp.ClientSession() as session:
        while True:
            try:
                async with session.post(f"{address}/messages", json=message) as response:
                    answer = json.loads(await response.text())
                    return response.status, answer.get("detail", answer)
            except aiohttp.ClientConnectorError:
                await asyncio.sleep(0.05)  # it is still starting


@asynccontextmanager
async def serving(service: str, told: dict[str, str], folder: Path) -> AsyncIterator[str]:
    """A service that runs as its first lines say; gives its address."""
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *SERVICES[service].format(port=port).split(),
        env=told,
        cwd=folder,
        stdout=asyncio.subprocess.DEVNULL,
    )
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        ended = await process.wait()
    assert ended in {0, -15}


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_sends_and_tells_the_outcome(service: str, tmp_path: Path) -> None:
    """A lost answer and a message without a text are told as such; nothing is repeated."""
    async with Simulator(limits=SimulatorLimits.none()) as simulator:
        async with serving(service, environment(simulator, tmp_path), tmp_path) as address:
            sent = await post(address)
            empty = await post(address, text="")
            nobody = await post(address, to=None)
            simulator.add_fault(Fault.reset_after(taken=True))
            lost = await post(address)
        assert (sent[0], list(sent[1])) == (200, ["send_id"])
        assert empty == (422, {"code": "invalid_request", "outcome": "not_sent"})
        assert nobody[0] == 422
        assert lost == (504, {"code": "outcome_unknown", "outcome": "unknown"})
        assert len(simulator.deliveries) == 2


@pytest.mark.parametrize("service", SERVICES)
async def test_a_wrong_token_of_a_service_is_its_own_fault(service: str, tmp_path: Path) -> None:
    """The caller is not told that the message was wrong, nor to ask again."""
    async with Simulator(limits=SimulatorLimits.none()) as simulator:
        told = {**environment(simulator, tmp_path), "CLEVERAPP_API_TOKEN": "another-token"}
        async with serving(service, told, tmp_path) as address:
            refused = await post(address)
        assert refused == (500, {"code": "unauthenticated", "outcome": "rejected"})
        assert not simulator.deliveries


def test_the_guide_shows_the_services() -> None:
    """The code that the guide shows is in the examples, line for line."""
    page = (DOCS / "services.md").read_text("utf-8")
    sources = "\n".join((EXAMPLES / name).read_text("utf-8") for name in SERVICES)
    plain = re.sub(r'^ +"""[^\n]*"""\n\n?', "", sources, flags=re.MULTILINE)
    blocks = re.findall(r"^```py\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    assert len(blocks) >= len(SERVICES)
    assert [block for block in blocks if block not in plain] == []
