"""The token is struck out of whatever a server sends back, however it is spelled there."""

from __future__ import annotations

import copy
import html
import json
import pickle
import time
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cleverapp_async._secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable

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


@pytest.mark.parametrize("token", ["12ab34", "abcdef0123456789"])
@pytest.mark.parametrize("before", ["%", "\\u00", "&#x", "%25", "%%"])
def test_what_stands_before_it_hides_nothing(token: str, before: str) -> None:
    """A token whose first characters would end an escape is struck out as a whole."""
    secret = Secret(token)
    assert secret.strike(f"{before}{token}!") == f"{before}***!"
    assert secret.strike_bytes(f"{before}{token}!".encode()) == f"{before}***!".encode()


# Characters that shift to another alphabet are struck with the token that they stand beside.
UNSHIFTED = st.text(st.characters(exclude_characters="\x0e\x0f\x1b"))


@given(UNSHIFTED, UNSHIFTED)
@example("%", "")
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


def _named(letter: str) -> str:
    names = {"+": "plus", "/": "sol", "=": "equals", "_": "lowbar", ".": "period", "&": "amp"}
    return f"&{names[letter]};" if letter in names else letter


ESCAPES: dict[str, Callable[[str], str]] = {
    "JSON": lambda letter: f"\\u{ord(letter):04x}",
    "JSON in JSON": lambda letter: f"\\\\u{ord(letter):04X}",
    "Python": lambda letter: f"\\x{ord(letter):02x}",
    "URL": lambda letter: f"%{ord(letter):02x}",
    "URL in URL": lambda letter: f"%25{ord(letter):02X}",
    "HTML": lambda letter: f"&#{ord(letter)};",
    "HTML in small hex digits": lambda letter: f"&#x{ord(letter):x};",
    "HTML with zeros": lambda letter: f"&#{ord(letter):040};",
    "HTML in HTML": lambda letter: f"&amp;#{ord(letter)};",
    "JSON of HTML": lambda letter: f"\\u0026#{ord(letter)};",
    "HTML by names": _named,
}


@given(
    st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=6, max_size=40),
    st.sampled_from(sorted(ESCAPES)),
    st.data(),
)
def test_letters_that_are_escaped_hide_nothing(token: str, kind: str, data: st.DataObject) -> None:
    """Whichever of its characters are escaped, letters and digits too, the token is struck out."""
    escape = ESCAPES[kind]
    chosen = data.draw(st.lists(st.booleans(), min_size=len(token), max_size=len(token)))
    if "\\" in token or "&" in token or "%" in token:
        chosen = [True] * len(token)  # What is half escaped may mean something else.
    spelling = "".join(
        escape(letter) if escaped else letter for letter, escaped in zip(token, chosen, strict=True)
    )
    secret = Secret(token)
    assert secret.strike(f"[ {spelling} ]") == "[ *** ]"
    assert secret.strike_bytes(f"[ {spelling} ]".encode()) == b"[ *** ]"


def test_a_reference_without_a_semicolon_hides_nothing() -> None:
    """HTML reads a character reference whose semicolon is missing: so the token is found there."""
    spelling = "".join(f"&#{ord(letter)}" for letter in LONG)
    assert Secret(LONG).strike(f"<title>{spelling}</title>") == "<title>***</title>"
    assert Secret("abc+de/f").strike("abc&plusde&solf") == "***"


def test_shifts_between_sets_of_characters_hide_nothing() -> None:
    """What ISO 2022 writes between two characters, and no reader sees, does not part the token."""
    for shift in ("\x1b(B", "\x1b$)C", "\x0e", "\x0f"):
        assert Secret(LONG).strike(f"at {shift.join(LONG)}!") == "at ***!"


def test_a_long_text_of_escapes_is_looked_through_in_pieces() -> None:
    """Wherever the token stands in a text that is nothing but escapes, it is struck out."""
    spelling = "".join(f"\\u{ord(letter):04x}" for letter in LONG)
    before, secret = "\\u0021" * 16_600, Secret(LONG)
    for size in range(0, 600, 50):
        text = f"{before}{'!' * size}{spelling}{before}"
        assert secret.strike(text) == f"{before}{'!' * size}***{before}"


def test_a_word_is_not_struck_out() -> None:
    """A token as short as a word would blank ordinary texts: it is left there."""
    assert Secret("text").strike("a text") == "a text"
    assert Secret("text").strike_bytes(b"a text") == b"a text"


def test_a_short_token_leaves_words_that_resemble_it() -> None:
    """Of a token that may be a word, or a few digits, only the whole is struck out."""
    for token, text in (
        ("messages", '{"message":"Too many message"}'),
        ("testing", '{"name":"interesting"}'),
        ("1234567", '{"id":123456}'),
        ("demo-token", "demo-tokens and demo-toke"),
    ):
        assert Secret(token).strike(text) == text.replace(token, "***")
        assert Secret(token).strike(f"{text} {token}").endswith(" ***")


def test_escapes_without_end_cost_no_time() -> None:
    """A text that is escaped hundreds of times over is read as far as anybody escapes."""
    hostile = (LONG[:12] + "%" + "25" * 450) * 200
    began = time.process_time()
    assert Secret(LONG).strike(hostile).startswith("***%25")
    assert time.process_time() - began < 2
    seven = LONG.replace("A", "%" + "25" * 6 + "41")
    assert Secret(LONG).strike(f"at {seven}!") == "at ***!"


def test_it_shows_itself_nowhere() -> None:
    """Neither repr, str, pickle nor a copy gives the token away."""
    secret = Secret(TOKEN)
    assert TOKEN not in f"{secret!r} {secret!s} {secret}"
    assert not hasattr(secret, "__dict__")
    for copier in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="token"):
            copier(secret)


def test_a_digest_tells_accounts_apart() -> None:
    """The same token at another address is another account, and no digest holds the token."""
    here, there = Secret(TOKEN).digest("https://a"), Secret(TOKEN).digest("https://b")
    assert here != there
    assert here == Secret(TOKEN).digest("https://a")
    assert TOKEN not in here


LONG = "Ab1cD2eF3gH4iJ5kL6mN7oP8qR9sT0uV"
"""A token such as the platform gives: letters and digits alone."""


@pytest.mark.parametrize("token", [TOKEN, LONG])
@pytest.mark.parametrize("spelled", [str.upper, str.lower, str.swapcase])
def test_capitals_and_small_letters_are_the_same(token: str, spelled: Callable[[str], str]) -> None:
    """A server that changes the case of what it echoes does not get the token past."""
    secret = Secret(token)
    for spelling in (token, quote(token, safe=""), json.dumps(token)[1:-1], html.escape(token)):
        assert secret.strike(f"({spelled(spelling)})") == "(***)"
        assert secret.strike_bytes(f"({spelled(spelling)})".encode()) == b"(***)"


@pytest.mark.parametrize("token", [TOKEN, LONG])
@pytest.mark.parametrize("escape", [str, quote_plus, json.dumps, html.escape, str.upper])
def test_a_cut_through_the_token_leaves_two_letters_of_it(
    token: str, escape: Callable[[str], str]
) -> None:
    """Wherever a text is cut, no more than two characters of the token are left at its end."""
    secret = Secret(token)
    page = f"<p>Й?api_token={escape(token).strip(chr(34))}"
    for size in range(len("<p>Й?api_token="), len(page) + 1):
        struck = secret.strike(page[:size], cut=True)
        assert struck.removeprefix("<p>Й?api_token=").rstrip("*")[2:] in {"", *HALVES}, struck
        raw = page.encode()[: len(page[:size].encode())]
        assert secret.strike_bytes(raw, cut=True).decode() == struck


HALVES = {"%", "%2", "\\", "&", "&l", "&lt", "&a", "&am", "&amp", "&g", "&gt"}


@pytest.mark.parametrize("token", [TOKEN, LONG])
def test_a_part_of_the_token_is_struck_out_where_the_server_cut_it(token: str) -> None:
    """Its beginning before an ellipsis and its end after one are found within a text, too."""
    secret = Secret(token)
    escapes: tuple[Callable[[str], str], ...] = (str, str.upper, html.escape, quote_plus)
    for escape in escapes:
        assert secret.strike(f"at {escape(token[:-1])}… of") == "at ***… of"
        assert secret.strike(f"at …{escape(token[1:])} of") == "at …*** of"
        assert secret.strike_bytes(f"[{escape(token[:-1])}...]".encode()) == b"[***...]"
        assert secret.strike_bytes(f"[...{escape(token[1:])}]".encode()) == b"[...***]"


def test_a_text_that_is_cut_elsewhere_stays() -> None:
    """A cut touches nothing but the token; nor does a word that it begins with."""
    secret = Secret(LONG)
    for text in ("", "a", "no token here", "Ab", "%", "a\\", "Ab1c is no token"):
        assert secret.strike(text, cut=True) == text
        assert secret.strike_bytes(text.encode(), cut=True) == text.encode()


def test_every_token_of_a_text_is_struck_out() -> None:
    """Several tokens, side by side and far apart, each become one mask; offsets stay right."""
    secret = Secret(LONG)
    far = "Й%20&amp;\\/İ" * 200
    text = f"{LONG}{LONG.upper()}{far}{LONG[:-3]} {far}x{LONG}"
    assert secret.strike(text) == f"******{far}*** {far}x***"
