"""A headless Chromium of one's own, driven over its DevTools protocol."""

from __future__ import annotations

import asyncio
import base64
import itertools
import os
import re
import shutil
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeAlias

import aiohttp
from attrs import define, field

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

__all__ = ["Page", "open_browser"]

Json: TypeAlias = dict[str, object]

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_LISTENING = re.compile(rb"DevTools listening on (ws://127\.0\.0\.1:\S+)")
_OPTIONS = (
    "--headless=new",
    "--remote-debugging-port=0",
    "--host-resolver-rules=MAP * ~NOTFOUND",
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
        target = (await self.command("Target.createTarget", url="about:blank"))["targetId"]
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

    async def go(self, file: Path) -> None:
        """Open a file, and wait until it is there."""
        self.events.clear()
        await self.command("Page.navigate", url=file.as_uri())
        await self.event("Page.loadEventFired")

    async def evaluate(self, expression: str) -> object:
        """The value of an expression on the page."""
        answer = await self.command("Runtime.evaluate", expression=expression, returnByValue=True)
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
    program = next(filter(None, map(shutil.which, _NAMES)), None)
    assert program is not None, "this test needs Chromium: apt-get install chromium"
    options = [*_OPTIONS, f"--user-data-dir={profile}"]
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
            async with (
                aiohttp.ClientSession() as http,
                http.ws_connect(address, max_msg_size=0) as socket,
            ):
                page = Page(socket)
                await page.attach()
                yield page
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
