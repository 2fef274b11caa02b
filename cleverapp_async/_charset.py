"""The text of an answer's bytes, whichever charset they are written in."""

from __future__ import annotations

import codecs
import json
import re
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["decode_text"]

_UTF_8 = "utf-8"
_BOMS = (
    codecs.BOM_UTF8,
    codecs.BOM_UTF16_LE,  # begins BOM_UTF32_LE as well
    codecs.BOM_UTF16_BE,
    codecs.BOM_UTF32_BE,
)
_IN_HEADER = r"(?ai);\s*charset\s*=\s*[\"']?([\w.:+-]{1,40})"
_IN_MARKUP = (
    rb"(?i)<(?:meta|\?xml)\b[^>]{0,200}?\b(?:charset|encoding)\s*=\s*[\"']?([\w.:+-]{1,40})"
)
_MARKUP_READ = 1024  # as far as the HTML standard has a browser look
# What servers call the code pages of Windows and DOS, beyond the names that Python knows.
_CODE_PAGE = r"(?:win|windows|cp|ms|ibm)?[-_]?(125\d|866|874)"
# Charsets of text alone: Python's registry also holds `unicode_escape`, `idna` and the like.
_OF_TEXT = (
    r"ascii|utf-(?:16|32)(?:-[bl]e)?|cp\d+|iso8859-\d+|koi8-[rtu]|mac-\w+|ptcp154|kz1048|tis-620"
    r"|gbk|gb2312|gb18030|big5|big5hkscs|euc[_-]\w+|shift_jis\w*|johab|iso2022_\w+"
)
_ASCII = bytes(range(0x20, 0x7F))
# What no text of another charset looks like: two Russian letters, or one sign of four bytes.
_UTF_8_WORD = r"[А-яЁё]{2}|[\U00010000-\U0010ffff]"
_LETTERS = "А-яЁёІіЇїЄєҐґЎў"  # of Russian, Ukrainian and Belarusian
_CYRILLIC_WORD = f"[{_LETTERS}]{{3}}"
_CYRILLIC = f"[{_LETTERS}\0-\x7f№«»„“”’–—…\u00a0]*"


def decode_text(data: bytes, content_type: str = "") -> str:
    """The text that the bytes hold: none of it is lost as long as some charset fits.

    A byte order mark says most, then the charset that is declared, in the header or else in the
    page itself, then UTF-8. Where bytes do not fit what is declared, or hold Russian words in
    UTF-8 though another charset is declared, the declaration is wrong. What no charset fits is read
    with a visible U+FFFD for each bad byte.

    Args:
        data: The bytes.
        content_type: The header ``Content-Type``; empty where there is none.
    """
    declared = _declared(data, content_type)
    if declared == _UTF_8 and b"\0" not in data:
        try:
            return data.removeprefix(codecs.BOM_UTF8).decode()
        except ValueError:
            pass
    for charset in _fitting(data, declared):
        try:
            return data.decode(charset)
        except ValueError:
            continue
    marked = json.detect_encoding(data) if data.startswith(_BOMS) else declared
    return data.decode(marked, "replace")


def _declared(data: bytes, content_type: str) -> str:
    """The charset that is declared, UTF-8 where none is, or none that is known."""
    found = re.search(_IN_HEADER, content_type)
    if found is not None and (known := _known(found[1])):
        return known
    if data[:_MARKUP_READ].lstrip().startswith(b"<"):
        inside = re.search(_IN_MARKUP, data[:_MARKUP_READ])
        # A page whose bytes could be searched is in no charset of 16 bits, whatever it says.
        if inside is not None and (known := _known(inside[1].decode("ascii", "replace"))):
            return _UTF_8 if known.startswith("utf-") else known
    return _UTF_8


@lru_cache(maxsize=64)
def _known(name: str) -> str | None:
    """Python's name of a charset; None for what is no charset of text."""
    name = name.lower().removeprefix("x-")
    page = re.fullmatch(_CODE_PAGE, name)
    try:
        known = codecs.lookup(f"cp{page[1]}" if page else name).name
        if known in {_UTF_8, "utf-8-sig"}:
            return _UTF_8
        if not re.fullmatch(_OF_TEXT, known):
            return None
        # The token is struck out of the bytes where it stands in ASCII or in 16 or 32 bits.
        return known if _is_wide(known) or _ASCII.decode(known) == _ASCII.decode() else None
    except (LookupError, ValueError):
        return None


def _is_wide(charset: str) -> bool:
    return charset.startswith(("utf-16", "utf-32"))


def _fitting(data: bytes, declared: str) -> Iterator[str]:
    """The charsets to try, the likeliest first."""
    by_shape = json.detect_encoding(data)  # by a mark, or by where the zeros stand
    if data.startswith(_BOMS):
        yield by_shape
    elif _is_wide(by_shape) and not _is_wide(declared):
        yield by_shape  # no text in bytes holds zeros
    if declared == _UTF_8:
        yield _UTF_8
    else:
        if _is_utf_8_all_the_same(data, declared):
            yield _UTF_8
        if _is_wide(declared) and by_shape.startswith(declared):
            yield by_shape  # `utf-16` alone does not say which byte comes first
        yield declared
        yield _UTF_8
    if _is_cyrillic(data):
        yield "cp1251"


def _is_utf_8_all_the_same(data: bytes, declared: str) -> bool:
    """Whether the bytes tell against the charset that is declared."""
    try:
        text = data.decode()
    except ValueError:
        return False
    if _is_wide(declared):
        return "".join(text.split()).isprintable()
    # Read in any other charset they are four signs that nobody writes in a row.
    return re.search(_UTF_8_WORD, text) is not None


def _is_cyrillic(data: bytes) -> bool:
    """Whether it is text in Windows-1251, as old servers write without a word about it."""
    with suppress(ValueError):
        codecs.utf_8_decode(data)
        return False  # UTF-8 that is cut inside a character
    text = data.decode("cp1251", "replace")
    return re.fullmatch(_CYRILLIC, text) is not None and re.search(_CYRILLIC_WORD, text) is not None
