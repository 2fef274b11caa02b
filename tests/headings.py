"""The headings of a page, as a code-hosting site makes anchors of them."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["anchors_of", "prose_of"]

_HEADING: Final = re.compile(r"^#{1,6} +(.*?) *#*$", re.MULTILINE)
_COMMENT: Final = re.compile(r"<!--.*?-->", re.DOTALL)
_FENCE: Final = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)


@cache
def prose_of(page: Path) -> str:
    """A page without its blocks of code, and without what only tools read."""
    return _FENCE.sub("", _COMMENT.sub("", page.read_text(encoding="utf-8")))


@cache
def anchors_of(page: Path) -> tuple[str, ...]:
    """What can stand behind ``#``, in the order of the headings."""
    found: list[str] = []
    for heading in _HEADING.findall(prose_of(page)):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").lower()
        anchor = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        number = 0
        while (one := f"{anchor}-{number}" if number else anchor) in found:
            number += 1
        found.append(one)
    return tuple(found)
