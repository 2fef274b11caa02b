"""Every exception of aiohttp's client has its words, and none of its own is ever shown."""

from __future__ import annotations

import inspect
import os

import aiohttp
import pytest
from aiohttp import client_exceptions

from cleverapp_async._transport.errors import REASONS, reason_of

EXCEPTIONS = [
    kind
    for _, kind in inspect.getmembers(client_exceptions, inspect.isclass)
    if issubclass(kind, BaseException) and kind.__module__ == client_exceptions.__name__
]


@pytest.mark.parametrize("kind", EXCEPTIONS)
def test_every_exception_of_aiohttp_has_its_words(kind: type[BaseException]) -> None:
    """A release of aiohttp with a new exception fails here until somebody has thought about it."""
    assert kind in REASONS


def test_the_most_special_words_are_used() -> None:
    """A subclass nobody knows gets the words of the nearest class that is known."""

    class Fresh(aiohttp.ServerDisconnectedError):
        pass

    assert reason_of(Fresh()) == f"{REASONS[aiohttp.ServerDisconnectedError]} (Fresh)"


def test_the_system_tells_its_own_part() -> None:
    """An error number is told in the system's words, which hold no URL."""
    reason = reason_of(ConnectionResetError(104, "https://x/?api_token=secret"))
    assert reason == f"{REASONS[OSError]}: {os.strerror(104)} (ConnectionResetError)"


@pytest.mark.parametrize(
    "error", [LookupError("?api_token=secret"), OSError("?api_token=secret"), OSError(-2, "secret")]
)
def test_the_text_of_an_exception_is_never_shown(error: Exception) -> None:
    """Texts of foreign exceptions may hold the URL, and with it the token."""
    reason = reason_of(error)
    assert "secret" not in reason
    assert type(error).__name__ in reason
