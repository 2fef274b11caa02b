"""The API token, and the URL of a webhook, kept out of everything that can be printed."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

from ._values import kind_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["Secret", "SecretUrl", "token_fault"]

_MASK = "***"
_SHORTEST_STRUCK = 6

_PART = 12
"""How many characters of its beginning or its end count as a part of the token."""

_SHORTEST_CUT = 12
"""Parts of a shorter token are not looked for: ordinary words might contain them."""

_LAYERS = 8
"""So many times over a character may be escaped; more would let a text ask for much time."""

_PART_AT_CUT = 3
"""Where the text is known to have been cut off, as many of its beginning are enough."""

_WORD = r"[a-z0-9]+"
_NAMES = (
    "amp& lt< gt> quot\" apos' ast* midast* bsol\\ colon: comma, commat@ grave` diacriticalgrave` "
    "dollar$ equals= excl! hat^ lbrace{ lcub{ lbrack[ lsqb[ lowbar_ underbar_ lpar( num# percnt% "
    "period. plus+ quest? rbrace} rcub} rbrack] rsqb] rpar) semi; sol/ verbar| vert| verticalline|"
)
_NAMED = {pair[:-1]: pair[-1] for pair in _NAMES.split()}
"""How HTML names the printable characters of ASCII."""

_ESCAPE = (
    r"(?a)%(?P<url>[0-9a-f]{2})"
    r"|\\+(?:u00|x)(?P<json>[0-9a-f]{2})"
    r"|&\#x0*(?P<hex>[0-9a-f]{2})(?:;|(?![0-9a-f]))"
    r"|&\#0*(?P<decimal>\d{2,3})(?:;|(?!\d))"
    rf"|&(?P<name>{'|'.join(sorted(_NAMED, reverse=True))});?"
    r"|\\+(?P<itself>[\"/])"
    r"|\\(?P<backslash>\\+)"
    r"|(?P<shift>\x1b[(-/$]{1,2}[@-z]|[\x0e\x0f])"
)
"""How URLs, JSON and HTML escape a character, in small letters; of backslashes one is left.

A page need not end a character reference with a semicolon. The shifts of ISO 2022, between its sets
of characters, are no characters at all.
"""

_OF_LETTERS = r"(?a)%[2-7]|\\(?:u00|x)[2-7]|&(?:\#|amp|num|percnt|bsol)|\x1b[(-/$]|[\x0e\x0f]"
"""Where an escape begins that may hide letters or digits, itself or with what stands behind it."""

_BEGINNINGS = ("%", "&", "\\u00", "\\x", "\x1b", "\x0e", "\x0f")
"""Without any of these a text has no such escape."""

_LONGEST_ESCAPE = 16
"""Characters that one may take, escaped more than once."""

_PIECE = 100_000
"""Characters that are looked through at once: what is kept of each takes much memory."""

_LONGEST_KEPT = 64
"""Bytes of an answer that is remembered to hold no token, at most: the usual ones are shorter."""

# Charsets in which the letters of a token are not single bytes.
_WIDE = {"utf-16-le": 2, "utf-16-be": 2, "utf-32-le": 4, "utf-32-be": 4}

_SEPARATORS = r"[^\w-]+"
"""What stands between the parts of a path and a query: a UUID is one part."""

_SHORTEST_PART = 8
"""Parts of a URL that are shorter are not looked for alone: they are ordinary words."""

_HALF_ESCAPE = r"[%\\&][#%\w]{0,12}\Z"

_ROUNDS = 200_000
_MARK = 4


class Secret:
    """A token that is shown only where it is asked for by name.

    It is struck out of texts however URLs, JSON and HTML spell it, in small letters or capitals,
    and also where a text holds its beginning or its end alone. Base64 is not looked into: no
    server is known to send a URL back in it.
    """

    __slots__ = ("_anchors", "_last_clean", "_part", "_plain", "_value")

    def __init__(self, value: str) -> None:
        self._value = value
        self._last_clean = b""
        small = _small(value)
        self._plain, _ = _unescape(small, 0)
        size = len(self._plain)
        self._part = min(_PART, size * 3 // 4) if size >= _SHORTEST_CUT else size
        # Hardly anybody escapes letters and digits: where no such escape is in a text, the longest
        # run of them at either end tells quickly that there is nothing to strike out.
        ends = {small[: self._part], small[-self._part :]}
        self._anchors = {max(re.findall(_WORD, end), key=len, default="") for end in ends}

    def __repr__(self) -> str:
        return f"Secret({_MASK!r})"

    def __reduce__(self) -> str:
        """Refuse to be pickled, by naming nothing that can be found."""
        raise TypeError("a token is not pickled")

    def reveal(self) -> str:
        """The token itself."""
        return self._value

    def digest(self, *parts: str) -> str:
        """A hash of the token and the parts, from which neither can be read."""
        joined = "\0".join((self._value, *parts))
        return hashlib.sha256(joined.encode()).hexdigest()

    def mark(self, salt: bytes) -> bytes:
        """Four bytes that tell this token from another, and are of no use to find it.

        Each guess costs a slow hash (PBKDF2, which every build of Python has), and one in four
        thousand million wrong guesses looks right.

        Args:
            salt: Random bytes that are kept with the mark.
        """
        return hashlib.pbkdf2_hmac("sha256", self._value.encode(), salt, _ROUNDS)[:_MARK]

    def strike(self, text: str, *, cut: bool = False) -> str:
        """The text with the token, and what is left of it where something cut it, struck out.

        Args:
            text: Any text.
            cut: Whether the text was cut off at its end: a shorter beginning of the token is
                struck out there, too.
        """
        if len(self._value) < _SHORTEST_STRUCK:
            # It would strike out ordinary words.
            return text
        if len(text) < self._part and not cut:
            return text
        small = _small(text)
        if not cut and not self._may_be_in(small):
            return text
        shown, at = list[str](), 0
        for start, end in self._places(small, cut=cut):
            shown += (text[at:start], _MASK)
            at = end
        return "".join((*shown, text[at:]))

    def strike_bytes(self, data: bytes, *, cut: bool = False) -> bytes:
        """The bytes with the token struck out, as :meth:`strike` does it.

        Args:
            data: Text in UTF-8 or any other encoding that holds ASCII as it is, or in UTF-16 or
                UTF-32.
            cut: Whether the bytes were cut off at their end.
        """
        # Nearly all answers are the same few bytes.
        if data == self._last_clean and not cut:
            return data
        if b"\0" in data:
            data = self._strike_wide(data, cut=cut)
        # Of bytes ASCII alone is made small, which is all that is sought, and much quicker.
        if not cut and not self._may_be_in(data.lower().decode("latin-1")):
            if len(data) <= _LONGEST_KEPT:
                self._last_clean = data
            return data
        return self.strike(data.decode("latin-1"), cut=cut).encode("latin-1")

    def _strike_wide(self, data: bytes, *, cut: bool) -> bytes:
        """Strike it out where its characters are not single bytes."""
        for charset, width in _WIDE.items():
            whole = len(data) - len(data) % width
            text = data[:whole].decode(charset, "replace")
            struck = self.strike(text, cut=cut)
            if struck != text:
                data = struck.encode(charset, "replace") + data[whole:]
        return data

    def _may_be_in(self, small: str) -> bool:
        """Whether a text in small letters is worth a closer look."""
        # A loop, as this is asked of every answer: a generator would take four times as long.
        for anchor in self._anchors:
            if anchor in small:
                return True
        for beginning in _BEGINNINGS:
            if beginning in small:
                return re.search(_OF_LETTERS, small) is not None
        return False

    def _places(self, small: str, *, cut: bool) -> Iterator[tuple[int, int]]:
        """Where the token and parts of it stand, in order, without overlaps."""
        return _merged(
            place
            for begin, end in self._windows(small, cut=cut)
            for place in self._places_between(begin, end, small, cut=cut)
        )

    def _places_between(
        self, begin: int, end: int, small: str, *, cut: bool
    ) -> Iterator[tuple[int, int]]:
        """Where they stand in a stretch of the text, in any order."""
        stretch = small[begin:end]
        # Also as it came: in `%abc` the token's own beginning may seem the end of an escape.
        as_it_came = stretch, range(begin, end + 1)
        for plain, origin in (as_it_came, _unescape(stretch, begin)):
            for first, last in self._found(plain, cut=cut and end == len(small)):
                yield origin[first], origin[last]

    def _windows(self, small: str, *, cut: bool) -> Iterator[tuple[int, int]]:
        """The stretches of a text which are worth a closer look."""
        reach = _LONGEST_ESCAPE * len(self._plain)
        size = len(small)
        hits = [at for anchor in self._anchors for at in _all(anchor, small)]
        if any(beginning in small for beginning in _BEGINNINGS):
            hits += (found.start() for found in re.finditer(_OF_LETTERS, small))
        if cut:
            hits.append(size)
        around = ((max(0, hit - reach), min(size, hit + reach)) for hit in hits)
        for begin, end in _merged(around):
            while end - begin > _PIECE + 2 * reach:
                yield begin, begin + _PIECE + 2 * reach
                begin += _PIECE  # noqa: PLW2901 - the pieces overlap: each spelling is whole in one
            yield begin, end

    def _found(self, plain: str, *, cut: bool) -> Iterator[tuple[int, int]]:
        """The stretches of a plain text that are a part of the token, or all of it."""
        token, part = self._plain, self._part
        for at in _all(token[:part], plain):
            size = part
            while size < len(token) and plain.startswith(token[size], at + size):
                size += 1
            yield at, at + size
        for at in _all(token[-part:], plain):
            size = part
            while size < len(token) and plain.endswith(token[-size - 1], 0, at + part - size):
                size += 1
            yield at + part - size, at + part
        if cut:
            yield from self._at_end(plain)

    def _at_end(self, plain: str) -> Iterator[tuple[int, int]]:
        """The beginning of the token at the end of a text, perhaps with half an escape behind."""
        for whole in (plain, re.sub(_HALF_ESCAPE, "", plain)):
            for size in range(len(self._plain), _PART_AT_CUT - 1, -1):
                if whole.endswith(self._plain[:size]):
                    yield len(whole) - size, len(plain)
                    return


class SecretUrl:
    """A URL that is a secret from its path on; what stands before that may be shown.

    Struck out of texts are the path with the query, and each longer part of them by itself.

    Args:
        origin: The scheme, the host and the port, such as ``https://rb1.leadteh.ru``.
        rest: All that follows, from the slash on.
    """

    __slots__ = ("_parts", "_rest", "origin")

    def __init__(self, origin: str, rest: str) -> None:
        self.origin = origin
        self._rest = Secret(rest)
        parts = re.split(_SEPARATORS, unquote(rest))
        longer = sorted({part for part in parts if len(part) >= _SHORTEST_PART}, key=len)
        # The whole first, as its parts are no longer found in it then.
        self._parts = (self._rest, *(Secret(part) for part in reversed(longer)))

    def __repr__(self) -> str:
        return f"SecretUrl({self.origin!r}, {_MASK!r})"

    def reveal(self) -> str:
        """All that follows the origin."""
        return self._rest.reveal()

    def digest(self) -> str:
        """A hash of the whole URL, from which it cannot be read."""
        return self._rest.digest(self.origin)

    def strike(self, text: str, *, cut: bool = False) -> str:
        """The text with the secret struck out; see :meth:`Secret.strike`."""
        for part in self._parts:
            text = part.strike(text, cut=cut)
        return text

    def strike_bytes(self, data: bytes, *, cut: bool = False) -> bytes:
        """The bytes with the secret struck out; see :meth:`Secret.strike_bytes`."""
        for part in self._parts:
            data = part.strike_bytes(data, cut=cut)
        return data


def _all(wanted: str, text: str) -> Iterator[int]:
    """Where a text holds another."""
    at = text.find(wanted)
    while at >= 0:
        yield at
        at = text.find(wanted, at + 1)


def _small(text: str) -> str:
    """In small letters, each at its place: U+0130 is the only one that would become two."""
    return text.replace("\u0130", "I").lower()


def _merged(stretches: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """In order, those that overlap made one."""
    begin = end = -1
    for first, last in sorted(stretches):
        if first >= end:
            if end >= 0:
                yield begin, end
            begin, end = first, last
        end = max(end, last)
    if end >= 0:
        yield begin, end


def _unescape(text: str, begin: int) -> tuple[str, list[int]]:
    """A text without escapes, and where each of its characters, and its end, stood.

    Args:
        text: In small letters.
        begin: Where it begins in the whole text.
    """
    origin = list(range(begin, begin + len(text) + 1))
    for _ in range(_LAYERS):  # A URL in a URL, or in JSON in HTML.
        shown, places, at = "", list[int](), 0
        for found in re.finditer(_ESCAPE, text):
            meaning = _meaning(found)
            shown += text[at : found.start()] + meaning
            places += origin[at : found.start() + len(meaning)]
            at = found.end()
        if not at:
            break
        text, origin = shown + text[at:], places + origin[at:]
    return text, origin


def _meaning(found: re.Match[str]) -> str:
    """The one character that an escape stands for, in small letters; none where it is a shift."""
    kind, written = found.lastgroup, found[found.lastgroup or 0]
    if kind == "name":
        return _NAMED[written]
    if kind == "shift":
        return ""
    if kind == "itself":
        return written
    if kind == "backslash":
        return "\\"
    return _small(chr(int(written, 10 if kind == "decimal" else 16)))


def token_fault(value: object) -> str | None:
    """Why a token cannot work, without showing it; None where it can."""
    if not isinstance(value, str):
        return f"api_token must be a string, not {kind_of(value)}"
    token = value.strip()
    if not token:
        return "api_token is empty: it stands in the account's settings"
    if not token.isascii() or not token.isprintable() or " " in token:
        return "api_token holds characters no token has: was more than it copied?"
    return None
