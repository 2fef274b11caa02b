"""The API token, kept out of everything that can be printed."""

from __future__ import annotations

import hashlib
import html
import re

__all__ = ["Secret"]

_MASK = "***"
_SHORTEST_STRUCK = 6
_WORD = re.compile(r"[A-Za-z0-9]+")
# Charsets in which the letters of a token are not single bytes.
_WIDE = {"utf-16-le": 2, "utf-16-be": 2, "utf-32-le": 4, "utf-32-be": 4}


class Secret:
    """A token that shows itself only where it is asked for by name."""

    __slots__ = ("_core", "_pattern", "_raw_core", "_raw_pattern", "_value")

    def __init__(self, value: str) -> None:
        self._value = value
        # Nobody escapes letters and digits: the longest run of them tells quickly that there is
        # nothing to strike out.
        self._core = max(_WORD.findall(value), key=len, default="")
        self._raw_core = self._core.encode()
        pattern = "".join(map(_spellings, value))
        self._pattern = re.compile(pattern, re.IGNORECASE | re.ASCII)
        self._raw_pattern = re.compile(pattern.encode(), re.IGNORECASE)

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

    def strike(self, text: str) -> str:
        """The text with the token struck out, however a URL, JSON or HTML spells it."""
        if self._too_short or self._core not in text:
            return text
        return self._pattern.sub(_MASK, text)

    def strike_bytes(self, data: bytes) -> bytes:
        """The bytes with the token struck out, be they in UTF-8, UTF-16 or UTF-32."""
        if self._too_short:
            return data
        if b"\0" in data:
            data = self._strike_wide(data)
        if self._raw_core not in data:
            return data
        return self._raw_pattern.sub(_MASK.encode(), data)

    def _strike_wide(self, data: bytes) -> bytes:
        for charset, width in _WIDE.items():
            whole = len(data) - len(data) % width
            text = data[:whole].decode(charset, "replace")
            struck = self.strike(text)
            if struck != text:
                data = struck.encode(charset, "replace") + data[whole:]
        return data

    @property
    def _too_short(self) -> bool:
        """Whether striking it out would strike out ordinary words too."""
        return len(self._value) < _SHORTEST_STRUCK


def _spellings(character: str) -> str:
    """A pattern for one character of a token: as it is, or as URLs, JSON and HTML escape it."""
    if character.isalnum():
        return character
    code = ord(character)
    forms = [f"%(?:25)*{code:02x}", f"\\\\u00{code:02x}", f"&\\#(?:x{code:x}|{code});"]
    if (named := html.escape(character)) != character:
        forms.append(re.escape(named))
    # %25 above is an escaped %: a URL inside a URL.
    return f"(?:{'|'.join(forms)}|\\\\?{re.escape(character)})"
