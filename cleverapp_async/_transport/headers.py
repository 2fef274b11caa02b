"""The headers of an answer, the token struck out of each as it is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

__all__ = ["StruckHeaders"]


class StruckHeaders(Mapping[str, str]):
    """Headers by their lower-case names; of several with one name, the first.

    Args:
        headers: As they came.
        strike: Strikes the token out of a text.
    """

    __slots__ = ("_headers", "_strike")

    def __init__(self, headers: Mapping[str, str], strike: Callable[[str], str]) -> None:
        self._headers = headers
        self._strike = strike

    def __getitem__(self, name: str) -> str:
        """One header, whatever the case of its name."""
        return self._strike(self._headers[name])

    def __iter__(self) -> Iterator[str]:
        """The names, each once."""
        return iter(dict.fromkeys(self._strike(name).lower() for name in self._headers))

    def __len__(self) -> int:
        """How many names there are."""
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        """As a dict: without the token."""
        return repr(dict(self))

    def __reduce__(self) -> tuple[type[dict[str, str]], tuple[dict[str, str]]]:
        """Pickle as a plain dict: what strikes the token knows it."""
        return dict, (dict(self),)
