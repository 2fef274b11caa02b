from __future__ import annotations

import signal
import socket
from typing import TYPE_CHECKING

import aiohttp
import pytest

from cleverapp_async.cli.errors import BadInputError
from cleverapp_async.cli.simulate import InboxSettings, serve_inbox
from cleverapp_async.simulator import Simulator
from tests.cli.command import TOKEN
from tests.cli.processes import PIPE, line_with, start

if TYPE_CHECKING:
    from tests.cli.command import Run


async def test_simulate_shows_what_arrives(environment: dict[str, str]) -> None:
    """The page's address is told, and what is sent is found there without the token."""
    options = ("--port", "0", "--inbox-port", "0", "--inbox-name", "sim", "--inbox-keep", "1")
    process = await start(environment, "simulate", *options)
    base_url = await line_with(process.stdout, "export CLEVERAPP_BASE_URL=")
    page = (await line_with(process.stdout, "See what arrives: ")).split()[-1]
    async with aiohttp.ClientSession() as session:
        for text in ("one", "two"):
            message = {"api_token": TOKEN, "contact_id": "5", "text": text}
            url = base_url.strip().partition("=")[2]
            async with session.post(f"{url}/sendMessage", params=message) as answer:
                assert answer.status == 200
        async with session.get(f"{page}api/messages", headers={"Host": "sim"}) as answer:
            told = await answer.text()
            [row] = (await answer.json())["messages"]
    process.send_signal(signal.SIGINT)
    out, err = await process.communicate()
    assert (process.returncode, err) == (0, b"")
    assert row["text"] == "two"
    assert TOKEN not in told + out.decode()


async def test_simulate_works_without_the_page(environment: dict[str, str]) -> None:
    """``--no-inbox`` serves the API alone."""
    process = await start(environment, "simulate", "--port", "0", "--no-inbox")
    await line_with(process.stdout, "Ctrl-C stops it.")
    process.send_signal(signal.SIGINT)
    out, err = await process.communicate()
    assert (process.returncode, err) == (0, b"")
    assert b"See what arrives" not in out


def test_a_taken_port_of_the_page_is_told(cleverapp: Run) -> None:
    """A port of the page that was asked for and is in use ends it with 2, and the option."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = cleverapp("simulate", "--port", "0", "--inbox-port", str(port))
    assert ended.code == 2
    assert f"--inbox-port {port} " in ended.err


def test_a_host_of_the_page_that_is_not_here_is_told(cleverapp: Run) -> None:
    """An address of the page that is not this machine's is blamed on its option."""
    ended = cleverapp("simulate", "--port", "0", "--inbox-host", "192.0.2.1")
    assert ended.code == 2
    assert "--inbox-host 192.0.2.1 " in ended.err


async def test_two_pages_live_side_by_side() -> None:
    """Where nobody asked for a port, a taken one is no error: a free one is used."""
    simulator = Simulator()
    async with (
        serve_inbox(simulator, InboxSettings()) as first,
        serve_inbox(simulator, InboxSettings()) as second,
    ):
        assert first.url != second.url
    with pytest.raises(BadInputError, match="--inbox-host"):
        async with serve_inbox(simulator, InboxSettings("bad.invalid")):
            pass


async def test_the_demo_shows_its_messages(environment: dict[str, str]) -> None:
    """With ``--inbox`` the page shows what the demo sent, and stays until Ctrl-C."""
    process = await start(environment, "demo", "--scale", "150", "--inbox", stdin=PIPE)
    page = (await line_with(process.stderr, "See what arrives: ")).split()[-1]
    await line_with(process.stderr, "stays open until Ctrl-C")
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{page}api/messages?limit=1000") as answer:
            rows = (await answer.json())["messages"]
        async with session.get(f"{page}api/search?query=verdict:unsupported") as answer:
            refused = (await answer.json())["messages"]
    process.send_signal(signal.SIGINT)
    _, err = await process.communicate()
    assert process.returncode == 0, err
    assert len(rows) == 78
    assert refused
    assert "Every row ended as the list expects." in err.decode()
