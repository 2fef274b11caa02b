"""The token is struck out of whatever a server sends back, however it is spelled there."""

from __future__ import annotations

import copy
import html
import json
import pickle
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleverapp_async._secret import Secret

TOKEN = "tok+en/=secret&<x>"

SPELLINGS = {
    "plain": TOKEN,
    "in a URL": quote(TOKEN, safe=""),
    "in a URL, small hex digits": quote(TOKEN, safe="").replace("%2B", "%2b").replace("%2F", "%2f"),
    "in a form": quote_plus(TOKEN),
    "partly encoded": quote(TOKEN, safe="/=+"),
    "a URL in a URL": quote(quote(TOKEN, safe=""), safe=""),
    "PHP's JSON": json.dumps(TOKEN)[1:-1].replace("/", "\\/"),
    "JSON in ASCII escapes": TOKEN.replace("+", "\\u002b").replace("<", "\\u003C"),
    "HTML": html.escape(TOKEN),
    "HTML by numbers": TOKEN.replace("/", "&#x2F;").replace("=", "&#61;"),
}


@pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=SPELLINGS)
def test_every_spelling_is_struck_out(spelling: str) -> None:
    """What URLs, forms, JSON and HTML make of the token is found in texts and in bytes."""
    secret = Secret(TOKEN)
    assert secret.strike(f"?api_token={spelling}!") == "?api_token=***!"
    assert secret.strike_bytes(f"?api_token={spelling}!".encode()) == b"?api_token=***!"


@given(st.text(max_size=20), st.text(max_size=20))
def test_what_is_around_stays(before: str, after: str) -> None:
    """Only the token goes; a text without it comes back as it was."""
    secret = Secret("abcdef0123456789")
    text = f"{before}abcdef0123456789{after}"
    assert secret.strike(text) == f"{before}***{after}"
    assert secret.strike(before + after) == before + after
    data = (before + after).encode("utf-8", "surrogatepass")
    assert secret.strike_bytes(data) == data


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=6, max_size=60))
def test_any_token_is_struck_out_of_a_url(token: str) -> None:
    """A token of any characters that the client accepts is found, raw and encoded."""
    secret = Secret(token)
    for spelling in (token, quote(token, safe=""), json.dumps(token)[1:-1], html.escape(token)):
        assert token not in secret.strike(f"[{spelling}]").replace("***", "")
        assert secret.strike(f"[{spelling}]") == "[***]"
        assert secret.strike_bytes(f"[{spelling}]".encode()) == b"[***]"


def test_a_word_is_not_struck_out() -> None:
    """A token as short as a word would blank ordinary texts: it is left there."""
    assert Secret("text").strike("a text") == "a text"
    assert Secret("text").strike_bytes(b"a text") == b"a text"


def test_it_shows_itself_nowhere() -> None:
    """Neither repr, str, pickle nor a copy gives the token away."""
    secret = Secret(TOKEN)
    assert TOKEN not in f"{secret!r} {secret!s} {secret}"
    assert not hasattr(secret, "__dict__")
    for copier in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="not pickled"):
            copier(secret)


def test_a_digest_tells_accounts_apart() -> None:
    """The same token at another address is another account, and no digest holds the token."""
    here, there = Secret(TOKEN).digest("https://a"), Secret(TOKEN).digest("https://b")
    assert here != there
    assert here == Secret(TOKEN).digest("https://a")
    assert TOKEN not in here
