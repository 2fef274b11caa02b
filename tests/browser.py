"""A headless Chromium of one's own, driven over its DevTools protocol."""

from __future__ import annotations

import asyncio
import base64
import itertools
import os
import re
import shutil
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, TypeAlias

import aiohttp
from attrs import define, field

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

__all__ = ["Page", "open_browser", "open_tabs"]

Json: TypeAlias = dict[str, object]

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_LISTENING = re.compile(rb"DevTools listening on (ws://127\.0\.0\.1:\S+)")
_OPTIONS = (
    "--headless=new",
    "--remote-debugging-port=0",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--disable-gpu",
    "--disable-sync",
    "--hide-scrollbars",
    "--no-first-run",
)


@define(eq=False)
class Page:
    """One tab: commands go in, what happens is kept.

    Attributes:
        events: What happened so far: the method and the parameters of each event.
    """

    _socket: aiohttp.ClientWebSocketResponse
    _session: str | None = None
    events: list[tuple[str, Json]] = field(init=False, factory=list[tuple[str, Json]])
    _ids: itertools.count[int] = field(init=False, factory=itertools.count)

    async def command(self, method: str, **parameters: object) -> Json:
        """Give one command and wait for its answer."""
        number = next(self._ids)
        message: Json = {"id": number, "method": method, "params": parameters}
        if self._session is not None:
            message["sessionId"] = self._session
        await self._socket.send_json(message)
        while True:
            answer = await self._read()
            if answer.get("id") == number:
                assert "error" not in answer, answer
                result = answer["result"]
                assert isinstance(result, dict)
                return result

    async def event(self, method: str) -> None:
        """Wait until something has happened."""
        while all(known != method for known, _ in self.events):
            await self._read()

    async def _read(self) -> Json:
        message = await self._socket.receive_json()
        assert isinstance(message, dict)
        if "method" in message:
            self.events.append((message["method"], message["params"]))
        return message

    async def attach(self) -> None:
        """Open a tab, and hear of all that it asks for and complains of."""
        # In a window of its own: a tab behind another one draws nothing.
        made = await self.command("Target.createTarget", url="about:blank", newWindow=True)
        target = made["targetId"]
        attached = await self.command("Target.attachToTarget", targetId=target, flatten=True)
        session = attached["sessionId"]
        assert isinstance(session, str)
        self._session = session
        for domain in ("Page", "Network", "Runtime", "Log"):
            await self.command(f"{domain}.enable")

    async def look_like(self, width: int, height: int, scheme: str) -> None:
        """Have a screen of this size, and prefer ``light`` or ``dark``."""
        await self.command(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 500,
        )
        feature = {"name": "prefers-color-scheme", "value": scheme}
        await self.command("Emulation.setEmulatedMedia", features=[feature])

    async def speak(self, language: str) -> None:
        """Prefer a language, such as ``ru``."""
        agent = await self.evaluate("navigator.userAgent")
        await self.command(
            "Emulation.setUserAgentOverride", userAgent=agent, acceptLanguage=language
        )

    async def go(self, where: Path | str) -> None:
        """Open a file or a URL, and wait until it is there."""
        self.events.clear()
        url = where if isinstance(where, str) else where.as_uri()
        await self.command("Page.navigate", url=url)
        await self.event("Page.loadEventFired")

    async def evaluate(self, expression: str) -> object:
        """The value of an expression on the page; of a promise, what it is kept with."""
        answer = await self.command(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        result = answer["result"]
        assert isinstance(result, dict)
        assert "exceptionDetails" not in answer, answer
        return result.get("value")

    async def screenshot(self) -> bytes:
        """What is on the screen, as PNG."""
        data = (await self.command("Page.captureScreenshot", format="png"))["data"]
        assert isinstance(data, str)
        return base64.b64decode(data)


@asynccontextmanager
async def open_browser(profile: Path) -> AsyncIterator[Page]:
    """Start a browser that reaches no host, and end it.

    Args:
        profile: An empty folder for what it keeps.
    """
    async with open_tabs(profile, 1) as (page,):
        yield page


@asynccontextmanager
async def open_tabs(profile: Path, count: int, *, reach: str = "") -> AsyncIterator[list[Page]]:
    """Start a browser with several tabs, and end it.

    Args:
        profile: An empty folder for what it keeps.
        count: How many tabs.
        reach: The only host that it reaches; none if it is empty.
    """
    rules = "MAP * ~NOTFOUND" + (f", EXCLUDE {reach}" if reach else "")
    async with (
        _started(profile, f"--host-resolver-rules={rules}") as address,
        AsyncExitStack() as stack,
    ):
        http = await stack.enter_async_context(aiohttp.ClientSession())
        pages: list[Page] = []
        for _ in range(count):
            connecting = http.ws_connect(address, max_msg_size=0)
            pages.append(Page(await stack.enter_async_context(connecting)))
            await pages[-1].attach()
        yield pages


@asynccontextmanager
async def _started(profile: Path, *more: str) -> AsyncIterator[str]:
    """A browser that runs: where it listens."""
    program = next(filter(None, map(shutil.which, _NAMES)), None)
    assert program is not None, "this test needs Chromium: apt-get install chromium"
    options = [*_OPTIONS, *more, f"--user-data-dir={profile}"]
    if os.geteuid() == 0:
        options.append("--no-sandbox")
    process = await asyncio.create_subprocess_exec(
        program,
        *options,
        "about:blank",
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    said = process.stderr
    try:
        address = await _address(said)
        # It would stand still once the pipe is full.
        draining = asyncio.create_task(said.read())
        try:
            yield address
        finally:
            process.terminate()
            await draining
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _address(said: asyncio.StreamReader) -> str:
    told: list[bytes] = []
    async for line in said:
        told.append(line)
        if match := _LISTENING.search(line):
            return match[1].decode()
    raise AssertionError(f"the browser did not start: {b''.join(told).decode(errors='replace')}")
