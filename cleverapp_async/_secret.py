"""The API token, kept out of everything that can be printed."""

from __future__ import annotations

import hashlib
import html
import re

__all__ = ["Secret"]

_MASK = "***"
_SHORTEST_STRUCK = 6
_ROUNDS = 200_000
_MARK = 4
_WORD = re.compile(r"[A-Za-z0-9]+")


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

    def mark(self, salt: bytes) -> bytes:
        """Four bytes that tell this token from another, and are of no use to find it.

        Each guess costs a slow hash (PBKDF2, which every build of Python has), and one in four
        thousand million wrong guesses looks right.

        Args:
            salt: Random bytes that are kept with the mark.
        """
        return hashlib.pbkdf2_hmac("sha256", self._value.encode(), salt, _ROUNDS)[:_MARK]

    def strike(self, text: str) -> str:
        """The text with the token struck out, however a URL, JSON or HTML spells it."""
        if self._too_short or self._core not in text:
            return text
        return self._pattern.sub(_MASK, text)

    def strike_bytes(self, data: bytes) -> bytes:
        """The bytes with the token struck out."""
        if self._too_short or self._raw_core not in data:
            return data
        return self._raw_pattern.sub(_MASK.encode(), data)

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
