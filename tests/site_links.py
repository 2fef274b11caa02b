"""Checks the links of the site that ``scripts/docs`` makes: ``python -m tests.site_links FOLDER``.

Each that stays on the site leads to a file that is there, and to an anchor in it. That holds for
the links between the English pages and the Russian ones, too, which are made apart from each other.
"""

from __future__ import annotations

import re
import sys
from functools import cache
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["broken"]

_LINK: Final = re.compile(r'\s(?:href|src)="([^"]*)"')
_ANCHOR: Final = re.compile(r'\sid="([^"]*)"')


@cache
def _text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


@cache
def _anchors(page: Path) -> frozenset[str]:
    return frozenset(map(unescape, _ANCHOR.findall(_text(page))))


def broken(site: Path) -> Iterator[str]:
    """The links that lead nowhere, each behind its page.

    Args:
        site: The folder of the site.
    """
    for page in sorted(site.rglob("*.html")):
        for link in sorted(set(map(unescape, _LINK.findall(_text(page))))):
            if re.match(r"[a-z]+:|//", link):
                continue
            path, _, anchor = unquote(link).partition("#")
            target = page.parent / path.partition("?")[0] if path else page
            found = target.is_file() and (
                not anchor or target.suffix != ".html" or anchor in _anchors(target.resolve())
            )
            if not found:
                yield f"{page.relative_to(site)}: {link}"


if __name__ == "__main__":
    lost = list(broken(Path(sys.argv[1])))
    sys.stderr.writelines(f"leads nowhere: {line}\n" for line in lost)
    sys.exit(bool(lost))
