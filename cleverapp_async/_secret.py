"""The API token, kept out of everything that can be printed."""

from __future__ import annotations

import hashlib
from urllib.parse import quote, quote_plus

__all__ = ["Secret"]

_MASK = "***"
_SHORTEST_STRUCK = 6


class Secret:
    """A token that shows itself only where it is asked for by name."""

    __slots__ = ("_forms", "_value")

    def __init__(self, value: str) -> None:
        self._value = value
        forms = {value, quote(value, safe=""), quote_plus(value)}
        self._forms = sorted(forms, key=len, reverse=True) if len(value) >= _SHORTEST_STRUCK else []

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
        """The text with the token struck out, as it is and as a URL spells it."""
        for form in self._forms:
            if form in text:
                text = text.replace(form, _MASK)
        return text

    def strike_bytes(self, data: bytes) -> bytes:
        """The bytes with the token struck out."""
        for form in self._forms:
            data = data.replace(form.encode(), _MASK.encode())
        return data
