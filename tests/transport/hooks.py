"""Trace hooks of a user's own that note everything they are told."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING

import aiohttp
from yarl import URL

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from types import SimpleNamespace

__all__ = ["Seen", "everything_of"]


class Seen:
    """Everything that trace hooks of a user's own are told."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.urls: list[str] = []
        self.kinds: list[str] = []

    def config(self) -> aiohttp.TraceConfig:
        """Hooks for every signal; the body alone, which SECURITY.md names, is not noted."""
        config = aiohttp.TraceConfig()
        for name in (
            "on_request_start",
            "on_request_end",
            "on_request_exception",
            "on_request_redirect",
            "on_request_headers_sent",
            "on_request_chunk_sent",
            "on_response_chunk_received",
            "on_connection_queued_start",
            "on_connection_queued_end",
            "on_connection_create_start",
            "on_connection_create_end",
            "on_connection_reuseconn",
            "on_dns_resolvehost_start",
            "on_dns_resolvehost_end",
            "on_dns_cache_hit",
            "on_dns_cache_miss",
        ):
            getattr(config, name).append(self._note(name))
        return config

    def _note(self, name: str) -> Callable[..., Awaitable[None]]:
        async def note(_: aiohttp.ClientSession, __: SimpleNamespace, params: object) -> None:
            self.kinds.append(name)
            if name == "on_request_chunk_sent":
                # Its chunk is the body.
                self.told.append(f"{name} {getattr(params, 'method', None)}")
            elif name != "on_request_end":
                self.told.append(f"{name} {params!r}")
            if isinstance(url := getattr(params, "url", None), URL):
                self.urls.append(str(url))
            if isinstance(response := getattr(params, "response", None), aiohttp.ClientResponse):
                # Without the headers, which hooks see as they came.
                about = (response.request_info, response.url, response.real_url)
                self.told.append(repr((*about, response.reason, response.history)))
            if isinstance(error := getattr(params, "exception", None), BaseException):
                self.told += everything_of(error)

        return note


def everything_of(error: BaseException) -> list[str]:
    """All that a report with the variables of all frames could show of an error."""
    told: list[str] = []
    following: BaseException | None = error
    while following is not None:
        told += [repr(following), str(following), repr(following.args), repr(vars(following))]
        report = traceback.TracebackException.from_exception(following, capture_locals=True)
        told += report.format(chain=False)
        following = following.__cause__ or following.__context__
    return told
