"""A server that answers each method with its sample, and what a request of it carried."""

from __future__ import annotations

import json
import re
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from attrs import frozen

from tests.transport.rig import http, raw_server

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterator, Mapping

    from tests.transport.rig import RawServer, Script

__all__ = ["Request", "as_texts", "read", "serve"]


@frozen
class Request:
    """One request.

    Attributes:
        http_method: ``GET`` or ``POST``.
        name: The API method's name.
        query: What stood in the query, nested as PHP reads it.
        body: What stood in the body, likewise or as JSON.
        content_type: The body's type.
    """

    http_method: str
    name: str
    query: dict[str, Any]
    body: dict[str, Any]
    content_type: str

    @property
    def parameters(self) -> dict[str, Any]:
        """What it carried in both places, without the token."""
        both = {**self.query, **self.body}
        return {name: value for name, value in both.items() if name != "api_token"}


def read(request: bytes) -> Request:
    """Read a request's bytes."""
    head, _, body = request.partition(b"\r\n\r\n")
    line, *headers = head.decode().split("\r\n")
    verb, target, _ = line.split(" ")
    found = [one.partition(":")[2].strip() for one in headers if one.startswith("Content-Type:")]
    kind = found[0] if found else ""
    url = urlsplit(target)
    inside = json.loads(body) if kind == "application/json" else _nested(body.decode())
    return Request(verb, url.path.rpartition("/")[2], _nested(url.query), inside, kind)


def _nested(query: str) -> dict[str, Any]:
    """Pairs as PHP reads them: ``a[b]=x`` is an object, ``a[]=x`` a list."""
    whole: dict[str, Any] = {}
    for name, value in parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query)):
        first, *inner = re.findall(r"[^\[\]]+|\[\]", name)
        held, keys = whole, [first, *inner]
        for key, following in zip(keys, [*keys[1:], None], strict=True):
            if following is None:
                held[key] = value
            elif following == "[]":
                held.setdefault(key, []).append(value)
                break
            else:
                held = held.setdefault(key, {})
    return whole


def as_texts(value: object) -> object:
    """The same structure with every value as a text, as a query or a form carries it."""
    if isinstance(value, dict):
        return {name: as_texts(held) for name, held in value.items()}
    if isinstance(value, list):
        return [as_texts(held) for held in value]
    return str(value)


@asynccontextmanager
async def serve(answers: Mapping[str, object]) -> AsyncIterator[RawServer]:
    """Answer each method with its own body."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = read(await raw.read_request(reader))
        writer.write(http(json.dumps(answers[request.name]).encode()))
        await writer.drain()

    script: Script = answer
    async with raw_server(script) as raw:
        yield raw
