from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import aiohttp
import pytest

from cleverapp_async.simulator import Inbox, Simulator
from cleverapp_async.simulator.inbox.server import is_loopback
from tests.simulator.inbox.asking import InboxClient
from tests.simulator.wire import Caller, leave

if TYPE_CHECKING:
    from tests.simulator.inbox.conftest import Open

PATHS = ("/", "/inbox.js", "messages", "events", "openapi.json", "nowhere")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "localhost.evil.example", "192.168.0.7", "", "[::1"]
)
async def test_other_names_lead_nowhere(open_inbox: Open, path: str, host: str) -> None:
    """Page, API and stream are refused under a name that is not the inbox's (DNS rebinding)."""
    answer = await (await open_inbox()).ask(path, headers={"Host": host})
    assert (answer.status, answer.json["place"]) == (403, "header Host")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "null", "http://localhost:1", "http://127.0.0.1", "https://{}"],
)
async def test_other_sites_are_refused(open_inbox: Open, path: str, origin: str) -> None:
    """Page, API and stream are refused to pages of other sites."""
    client = await open_inbox()
    here = client.inbox.url.removeprefix("http://").rstrip("/")
    answer = await client.ask(path, headers={"Origin": origin.format(here)})
    assert (answer.status, answer.json["place"]) == (403, "header Origin")


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
async def test_what_other_sites_load_is_refused(open_inbox: Open, site: str) -> None:
    """A script or an image of another site loads nothing; only a link to the page is followed."""
    client = await open_inbox()
    headers = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "no-cors"}
    answer = await client.ask("messages", headers=headers)
    assert (answer.status, answer.json["place"]) == (403, "header Sec-Fetch-Site")
    link = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "navigate"}
    assert (await client.ask("messages", headers=link)).status == 403
    assert (await client.ask("/", headers=link)).status == 200


async def test_nothing_is_set_by_another_site(open_inbox: Open) -> None:
    """A form or a script of another site changes nothing."""
    client = await open_inbox()
    await client.call.send(5)
    for origin in ("https://evil.example", "null"):
        answer = await client.ask("messages", method="DELETE", headers={"Origin": origin})
        assert answer.status == 403
    assert len((await client.get("messages"))["messages"]) == 1


async def test_a_header_twice_is_refused(open_inbox: Open) -> None:
    """Two names in one request are refused, whichever of them is ours."""
    client = await open_inbox()
    port = int(client.inbox.url.rstrip("/").rpartition(":")[2])
    for name, values in (
        ("Host", ("localhost", "evil.example")),
        ("Origin", (f"http://localhost:{port}", "http://evil.example")),
    ):
        lines = [f"{name}: {value}" for value in values]
        if name == "Origin":
            lines.append(f"Host: localhost:{port}")
        head = "\r\n".join(["GET /api/messages HTTP/1.1", "Connection: close", *lines, "", ""])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(head.encode())
        answer = await reader.read()
        await leave(writer)
        assert answer.split()[1] in {b"400", b"403"}


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("localhost", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("0.0.0.0", False),  # noqa: S104 - that is what is asked about
        ("192.168.0.7", False),
        ("a-name", False),
    ],
)
def test_which_addresses_only_this_machine_reaches(host: str, loopback: bool) -> None:
    """The loopback addresses of both protocols are known, and nothing else is taken for one."""
    assert is_loopback(host) is loopback


async def test_the_own_page_is_let_in(open_inbox: Open) -> None:
    """Requests of the page, and of programs that are no browser, are answered."""
    client = await open_inbox()
    port = client.inbox.url.rstrip("/").rpartition(":")[2]
    for name in ("127.0.0.1", "localhost", "LOCALHOST", "[::1]"):
        here = {"Host": f"{name}:{port}", "Origin": f"http://{name}:{port}"}
        assert (await client.ask("messages", headers=here)).status == 200
        assert (await client.ask("messages", headers={"Host": f"{name}:9"})).status == 200
    assert (await client.ask("messages", headers={"Sec-Fetch-Site": "same-origin"})).status == 200


async def test_a_name_may_be_allowed(open_inbox: Open) -> None:
    """A name that was given leads here, through a proxy with TLS as well; others do not."""
    client = await open_inbox(names=("Simulator",))
    assert (await client.ask("messages", headers={"Host": "simulator:8081"})).status == 200
    assert (await client.ask("messages", headers={"Host": "simulators:8081"})).status == 403
    for origin, status in (
        ("http://simulator", 200),
        ("https://simulator", 200),
        ("https://simulators", 403),
        ("ftp://simulator", 403),
    ):
        headers = {"Host": "simulator", "Origin": origin}
        assert (await client.ask("messages", headers=headers)).status == status


async def test_who_asks_for_the_network_is_found_by_address() -> None:
    """Listening on all addresses, the inbox answers to each of them, and still to no other name."""
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession())
        simulator = await stack.enter_async_context(Simulator())
        inbox = await stack.enter_async_context(Inbox(simulator, host="0.0.0.0"))  # noqa: S104
        client = InboxClient(session, inbox, Caller(session, simulator))
        for host, status in (
            ("192.168.0.7:8081", 200),
            ("[fe80::1]:8081", 200),
            ("0.0.0.0:8081", 200),
            ("evil.example", 403),
        ):
            assert (await client.ask("messages", headers={"Host": host})).status == status


@pytest.mark.parametrize("path", [*PATHS, "messages?limit=0"])
async def test_every_answer_forbids_what_it_does_not_need(open_inbox: Open, path: str) -> None:
    """Page, API, stream and errors come with the policy: own files only, in nobody's frame."""
    client = await open_inbox()
    url = client.inbox.url + (path[1:] if path.startswith("/") else f"api/{path}")
    async with client.session.get(url) as answer:
        headers = answer.headers
    assert headers["Content-Security-Policy"].startswith("default-src 'self';")
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store"
    assert "Access-Control-Allow-Origin" not in headers


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "nowhere", 404),
        ("GET", "messages/x", 404),
        ("GET", "/../pyproject.toml", 404),
        ("GET", "/%2e%2e/server.py", 404),
        ("GET", "/..%2fserver.py", 404),
        ("POST", "messages", 405),
        ("OPTIONS", "messages", 405),
    ],
)
async def test_what_is_not_there(open_inbox: Open, method: str, path: str, status: int) -> None:
    """Other paths and methods are refused as JSON, and no file outside the page is served."""
    answer = await (await open_inbox()).ask(path, method=method)
    assert answer.status == status
    assert answer.json["place"] == "request"
