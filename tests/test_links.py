"""The links of the documentation: each leads to a page and to a heading that are there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.headings import anchors_of, prose_of
from tests.paths import DOCS, ROOT, RUSSIAN

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.no_cover  # others have measured what these repeat

EVERY = [
    *sorted(ROOT.glob("*.md")),
    *sorted(DOCS.rglob("*.md")),
    ROOT / "benchmarks" / "README.md",
    ROOT / "examples" / "README.md",
]
LINK = re.compile(r"\[(?:[^\[\]]|\[[^\]]*\])*\]\(([^()\s]+(?:\([^()]*\))?)\)")


def name_of(page: Path) -> str:
    """A page as it is called from the root."""
    return page.relative_to(ROOT).as_posix()


def links_of(page: Path) -> Iterator[str]:
    """The targets of a page's links that stay in this repository."""
    for target in LINK.findall(re.sub(r"`[^`\n]*`", "`code`", prose_of(page))):
        if not re.match(r"[a-z]+:", target):
            yield target


@pytest.mark.parametrize("page", EVERY, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    """The file of each link exists, and so does the heading that it names."""
    for target in links_of(page):
        name, _, anchor = target.partition("#")
        there = page.parent / name if name else page
        assert there.exists(), target
        if anchor:
            assert anchor in anchors_of(there), target


@pytest.mark.parametrize("page", [one for one in EVERY if one.name != "CHANGELOG.md"], ids=name_of)
def test_pages_are_linked(page: Path) -> None:
    """A page that another one names is a link there: nobody can follow a name in code."""
    names = {one.name for one in EVERY} - {"CHANGELOG.md"}
    named = set(re.findall(r"([\w-]+\.md)\b", LINK.sub("", prose_of(page))))
    assert not named & names


@pytest.mark.parametrize("page", RUSSIAN, ids=name_of)
def test_a_russian_page_leads_to_russian_pages(page: Path) -> None:
    """A link to an English page is one that has no rendering, or is named as the original."""
    for target in links_of(page):
        name = (page.parent / target.partition("#")[0]).resolve()
        rendered = DOCS / "ru" / name.name if name.parent == DOCS else name.with_suffix(".ru.md")
        is_original = f"[English]({target})" in page.read_text(encoding="utf-8")
        assert name in RUSSIAN or is_original or not rendered.exists(), target
