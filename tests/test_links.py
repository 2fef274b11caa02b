"""The links of the documentation: each leads to a page and to a heading that are there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PAGES = [
    *sorted(ROOT.glob("*.md")),
    *sorted((ROOT / "docs").glob("*.md")),
]
LINK = re.compile(r"\[(?:[^\[\]]|\[[^\]]*\])*\]\(([^()\s]+(?:\([^()]*\))?)\)")
HEADING = re.compile(r"^#{1,6} +(.*?) *#*$", re.MULTILINE)
FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)


def text_of(page: Path) -> str:
    """A page without its blocks of code."""
    return FENCE.sub("", page.read_text(encoding="utf-8"))


def anchors_of(page: Path) -> set[str]:
    """What can stand behind ``#``: each heading as GitHub makes an anchor of it."""
    found: set[str] = set()
    for heading in HEADING.findall(text_of(page)):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").lower()
        anchor = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        number = 0
        while (one := f"{anchor}-{number}" if number else anchor) in found:
            number += 1
        found.add(one)
    return found


def links_of(page: Path) -> Iterator[str]:
    """The targets of a page's links that stay in this repository."""
    for target in LINK.findall(re.sub(r"`[^`\n]*`", "`code`", text_of(page))):
        if not re.match(r"[a-z]+:", target):
            yield target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """The file of each link exists, and so does the heading that it names."""
    for target in links_of(page):
        name, _, anchor = target.partition("#")
        there = page.parent / name if name else page
        assert there.exists(), target
        if anchor:
            assert anchor in anchors_of(there), target


@pytest.mark.parametrize(
    "page", [one for one in PAGES if one.name != "CHANGELOG.md"], ids=lambda page: page.name
)
def test_pages_are_linked(page: Path) -> None:
    """A page that another one names is a link there: nobody can follow a name in code."""
    names = {one.name for one in PAGES} - {"CHANGELOG.md"}
    named = set(re.findall(r"([\w-]+\.md)\b", LINK.sub("", text_of(page))))
    assert not named & names
