"""The text of an answer, whichever charset its bytes are in: none of it is lost."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleverapp_async import (
    ApiError,
    Contact,
    RawResponse,
    UnexpectedResponseError,
    ValidationError,
    raw_answers,
)
from cleverapp_async._response import read_answer
from cleverapp_async.endpoints import ENDPOINTS
from tests.transport.rig import TOKEN, client_of, http, raw_server

if TYPE_CHECKING:
    from collections.abc import Mapping

WHATSAPP = ENDPOINTS["sendMessageToWhatsApp"]
NAME = "Пётр «Ёжик» № 5 — Щукин"
NEEDED = "Поле text обязательно для заполнения."
REFUSED = {"message": "Нет", "errors": {"text": [NEEDED]}}
CHARSETS = [
    "windows-1251",
    "koi8-r",
    "ibm866",
    "iso-8859-5",
    "x-mac-cyrillic",
    "utf-8",
    "utf-16",
    "utf-16-le",
    "utf-16-be",
    "utf-32",
    "gb18030",
]
PYTHON = {"x-mac-cyrillic": "mac-cyrillic"}


def declared(charset: str | None, kind: str = "application/json") -> Mapping[str, str]:
    """The headers of an answer that declares a charset, or none."""
    return {"content-type": kind if charset is None else f"{kind}; charset={charset}"}


def written(text: str, charset: str) -> bytes:
    """The bytes of a text, what the charset lacks left out."""
    return text.encode(PYTHON.get(charset, charset), "ignore")


def error_of(body: bytes, headers: Mapping[str, str], status: int = 400) -> ApiError:
    """The error that an answer is read as."""
    with pytest.raises(ApiError) as caught:
        read_answer(RawResponse(status, headers, body), WHATSAPP)
    return caught.value


@pytest.mark.parametrize("charset", CHARSETS)
def test_a_declared_charset_is_honoured_in_models(charset: str) -> None:
    """The values of a model are the texts that the server wrote."""
    name = written(NAME, charset).decode(PYTHON.get(charset, charset))
    body = written(json.dumps({"data": {"id": 1, "name": name}}, ensure_ascii=False), charset)
    contact = read_answer(RawResponse(200, declared(charset), body), WHATSAPP)
    assert contact == Contact(id=1, name=name)


@pytest.mark.parametrize("charset", CHARSETS)
def test_a_declared_charset_is_honoured_in_errors(charset: str) -> None:
    """The texts of a refusal are read, and recognised by their rule."""
    body = written(json.dumps(REFUSED, ensure_ascii=False), charset)
    error = error_of(body, declared(charset), 422)
    assert isinstance(error, ValidationError)
    assert error.body == REFUSED
    assert [(one.message, one.rule) for one in error.errors] == [(NEEDED, "required")]


@pytest.mark.parametrize("charset", CHARSETS)
def test_a_declared_charset_is_honoured_in_pages(charset: str) -> None:
    """The page of a proxy is told in its own words."""
    error = error_of(written(f"<h1>{NEEDED}</h1>", charset), declared(charset, "text/html"), 502)
    assert error.body == f"<h1>{NEEDED}</h1>"
    assert NEEDED in str(error)


@pytest.mark.parametrize(
    "header",
    [
        'text/html; charset="windows-1251"',
        "text/html;charset='Windows-1251'",
        "text/html; x=1; CHARSET = cp1251",
        "text/html; charset=win-1251",
        "text/html; charset=CP-1251",
        "text/html; charset=x-cp1251; y=2",
    ],
)
def test_a_charset_may_be_written_in_many_ways(header: str) -> None:
    """Quotes, capitals and the usual other names are understood."""
    assert error_of(NEEDED.encode("cp1251"), {"content-type": header}).body == NEEDED


@pytest.mark.parametrize(
    "head",
    [
        '<!DOCTYPE html>\n<html><head><meta charset="koi8-r">',
        "<html><META http-equiv='Content-Type' content='text/html; charset=koi8-r'>",
        '<?xml version="1.0" encoding="koi8-r"?>',
    ],
)
@pytest.mark.parametrize("kind", ["text/html", ""])
def test_a_page_may_declare_its_charset_itself(head: str, kind: str) -> None:
    """Where the header says nothing, what the page says of itself counts."""
    page = f"{head}<p>{NEEDED}</p>"
    assert error_of(page.encode("koi8-r"), {"content-type": kind}, 502).body == page


def test_the_header_outweighs_the_page() -> None:
    """A proxy that writes the page anew forgets to change what stands in it."""
    page = f"<meta charset=koi8-r>{NEEDED}"
    assert error_of(page.encode("cp1251"), declared("windows-1251", "text/html")).body == page


@pytest.mark.parametrize(
    ("charset", "really"),
    [
        ("utf-8", "cp1251"),
        (None, "cp1251"),
        ("utf8mb4", "cp1251"),
        ("us-ascii", "utf-8"),
        ("us-ascii", "cp1251"),
        ("iso-8859-1", "utf-8"),
        ("windows-1251", "utf-8"),
        ("koi8-r", "utf-8"),
        ("utf-16", "utf-8"),
        ("utf-32-be", "utf-8"),
        ("gbk", "utf-8"),
        ("klingon", "utf-8"),
        ("unicode_escape", "utf-8"),
        ("base64", "utf-8"),
        ("utf-7", "utf-8"),
        ("idna", "utf-8"),
        ("cp037", "utf-8"),
        ("..", "utf-8"),
        ("utf-8", "utf-16"),
        (None, "utf-16"),
        (None, "utf-16-le"),
        (None, "utf-16-be"),
        (None, "utf-32-le"),
        ("windows-1251", "utf-8-sig"),
        ("windows-1251", "utf-16"),
        ("utf-16-be", "utf-16"),
        ("windows-1251", "utf-16-le"),
        ("iso-8859-1", "utf-16-be"),
        ("koi8-r", "utf-32-le"),
    ],
)
def test_a_wrong_or_missing_charset_loses_no_text(charset: str | None, really: str) -> None:
    """Where the declaration does not fit, is unknown or is missing, the bytes tell."""
    body = json.dumps(REFUSED, ensure_ascii=False).encode(really)
    error = error_of(body, declared(charset), 422)
    assert error.body == REFUSED


@pytest.mark.parametrize("charset", [None, "utf-8", "windows-1251"])
@pytest.mark.parametrize("name", ["Їжак Ґанок", "Ўладзіслаў", "Об’єкт є"])
def test_neighbours_of_russian_are_read_too(charset: str | None, name: str) -> None:
    """Ukrainian and Belarusian letters are letters of Windows-1251, said or not."""
    body = json.dumps({"data": {"id": 1, "name": name}}, ensure_ascii=False).encode("cp1251")
    contact = read_answer(RawResponse(200, declared(charset), body), WHATSAPP)
    assert contact == Contact(id=1, name=name)


def test_a_sign_of_four_bytes_is_utf_8_whatever_is_declared() -> None:
    """A smiley is no three letters of another charset."""
    body = json.dumps({"data": {"id": 1, "name": "Ann 😀"}}, ensure_ascii=False).encode()
    contact = read_answer(RawResponse(200, declared("windows-1251"), body), WHATSAPP)
    assert contact == Contact(id=1, name="Ann 😀")


@pytest.mark.parametrize("charset", ["utf-16", "utf-16-le", "cp037", None, "windows-1251"])
def test_plain_json_is_read_whatever_is_declared(charset: str | None) -> None:
    """JSON in ASCII, as the framework writes it, is itself under any declaration."""
    body = json.dumps({"data": {"id": 12, "name": NAME}}).encode()
    for more in (b"", b" "):
        contact = read_answer(RawResponse(200, declared(charset), body + more), WHATSAPP)
        assert contact == Contact(id=12, name=NAME)


@pytest.mark.parametrize(
    ("body", "charset", "shown"),
    [
        (b"caf\xe9", None, "caf\ufffd"),
        (b"caf\xe9", "utf-8", "caf\ufffd"),
        (b"\xd0\x94\xd0\xb0, \xff\xfe", None, "Да, \ufffd\ufffd"),
        (b"\xc4\xe0 \x98", "windows-1251", "Да \ufffd"),
        ("Да".encode("utf-16") + b"!", None, "Да\ufffd"),
        ("Да".encode()[:-1], None, "Д\ufffd"),
        ("иии".encode()[:-1], None, "ии\ufffd"),
        ("<p>гдк".encode()[:-1], "utf-8", "<p>гд\ufffd"),
    ],
)
def test_bytes_that_nothing_fits_are_shown(body: bytes, charset: str | None, shown: str) -> None:
    """A byte of no charset is replaced visibly, and what stands around it is kept."""
    assert error_of(body, declared(charset, "text/plain")).body == shown


def test_a_long_page_is_cut_after_it_is_read() -> None:
    """A character on the border of what is kept does not make the page one of another charset."""
    page = "<p>" + "€" * 5000
    error = error_of(page.encode(), declared(None, "text/html"), 502)
    assert error.body == page[:2000]


@given(
    text=st.text(
        'абвгдежзийклмнопрстуфхцчшщъыьэюяАБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯё "<{', max_size=40
    ),
    charset=st.sampled_from(["windows-1251", "koi8-r", "ibm866", "iso-8859-5"]),
)
def test_any_russian_text_is_read_in_its_charset(text: str, charset: str) -> None:
    """What is declared is what is read."""
    body = json.dumps({"data": {"id": 1, "name": text}}, ensure_ascii=False).encode(charset)
    contact = read_answer(RawResponse(200, declared(charset), body), WHATSAPP)
    assert contact == Contact(id=1, name=text)


@given(data=st.binary(max_size=40), charset=st.text(max_size=12) | st.sampled_from(CHARSETS))
def test_any_bytes_are_text(data: bytes, charset: str) -> None:
    """Whatever the bytes and whatever is declared, they are read, and never an error."""
    for kind in ("text/html", "application/json"):
        assert isinstance(RawResponse(200, declared(charset, kind), data).text, str)
        assert isinstance(RawResponse(200, declared(charset, kind), b"<meta " + data).text, str)


@pytest.mark.parametrize("charset", ["utf-8", "utf-16", "utf-16-be", "utf-32", "windows-1251"])
async def test_the_token_is_struck_out_in_every_charset(charset: str) -> None:
    """A page that shows the request's URL shows no token, and its bytes are kept but for it."""
    body = f"<p>Нет: /getMe?api_token={TOKEN}</p>".encode(charset)
    headers = declared(charset, "text/html")
    async with raw_server(http(body, 400, headers)) as raw, client_of(raw.base_url) as client:
        with raw_answers() as answers, pytest.raises(ApiError) as caught:
            await client.get_me()
    assert caught.value.body == answers[0].text == "<p>Нет: /getMe?api_token=***</p>"
    assert answers[0].body == "<p>Нет: /getMe?api_token=***</p>".encode(charset)


async def test_the_wire_carries_the_charset() -> None:
    """The header of a real answer is what counts, whatever the case of its name."""
    body = json.dumps({"data": ["Первый", "Ёж"]}, ensure_ascii=False).encode("koi8-r")
    answer = http(body, 200, {"CONTENT-TYPE": "application/json; charset=KOI8-R"})
    async with raw_server(answer) as raw, client_of(raw.base_url) as client:
        assert await client.get_bot_tags(bot_id=7) == ("Первый", "Ёж")


def test_a_success_in_another_charset_that_is_no_json_says_so() -> None:
    """The page that came with a 200 is readable as well."""
    error = error_of("<p>Ведутся работы".encode("cp1251"), declared("cp1251", "text/html"), 200)
    assert isinstance(error, UnexpectedResponseError)
    assert "Ведутся работы" in str(error.body)
