"""The tables of the two indexes: which pages there are, under which heading, and what for."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from attrs import frozen

from tests.paths import DOCS

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["INDEX", "RUSSIAN_INDEX", "Entry", "entries"]

INDEX: Final = DOCS / "index.md"
RUSSIAN_INDEX: Final = DOCS / "ru" / "index.md"
"""It lists the pages that have no Russian rendering, too."""

_LINE: Final = re.compile(r"^(?:## (.+)|\| \[([^\]]+)\]\(([^)#]+)\) \| (.+) \|)$", re.MULTILINE)


@frozen
class Entry:
    """One line of the index.

    Attributes:
        section: The heading that it stands under.
        title: What the page is called.
        page: Its file.
        about: What it is for.
    """

    section: str
    title: str
    page: Path
    about: str


def entries(index: Path = INDEX) -> Iterator[Entry]:
    """All lines of an index, in their order."""
    section = ""
    for heading, title, target, about in _LINE.findall(index.read_text("utf-8")):
        section = heading or section
        if target:
            yield Entry(section, title, (index.parent / target).resolve(), about)
