"""HTML in which every text is escaped, whoever wrote it: there is no other way to put one in."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from attrs import frozen

from .words import plain, shortened

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["NOTHING", "Html", "foreign", "joined", "tag"]

_ALONE = frozenset({"br", "meta"})


@frozen
class Html:
    """Markup that this package wrote.

    Attributes:
        source: The markup.
    """

    source: str


NOTHING = Html("")
"""No markup at all."""


def joined(parts: Iterable[Html | str]) -> Html:
    """Markup and texts in a row, the texts escaped."""
    return Html("".join(_source(part) for part in parts))


def tag(name: str, *content: Html | str, **attributes: str | float | None) -> Html:
    """One element.

    Args:
        name: Its name.
        *content: What is in it; texts are escaped.
        **attributes: Its attributes, escaped; None leaves one out. An underscore at the end
            goes, others become hyphens.
    """
    opened = [name]
    for given, value in attributes.items():
        if value is not None:
            written = given.rstrip("_").replace("_", "-")
            opened.append(f'{written}="{escape(plain(str(value)))}"')
    inside = "".join(_source(part) for part in content)
    closed = "" if name in _ALONE else f"</{name}>"
    return Html(f"<{' '.join(opened)}>{inside}{closed}")


def foreign(text: str, most: int = 200) -> Html:
    """A text that somebody else wrote: on one line, shortened, its direction kept to itself.

    Args:
        text: The text.
        most: How many characters of it are shown.
    """
    return tag("bdi", shortened(text, most))


def _source(part: Html | str) -> str:
    return part.source if isinstance(part, Html) else escape(plain(part))
