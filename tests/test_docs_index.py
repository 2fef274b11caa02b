"""The index of the documentation, and the links of all pages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.paths import DOCS, ROOT

if TYPE_CHECKING:
    from pathlib import Path

PAGES = (
    *sorted(ROOT.glob("*.md")),
    *sorted(DOCS.glob("*.md")),
    ROOT / "benchmarks" / "README.md",
)
INDEX = DOCS / "index.md"


def links_of(page: Path) -> list[str]:
    """What the page links to within the project."""
    text = re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    found = re.findall(r"\]\(([^)\s]+)\)", text)
    return [link for link in found if not re.match(r"[a-z]+:", link)]


def anchors_of(page: Path) -> set[str]:
    """The names that its headings have in links, as GitHub makes them."""
    text = re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_index_has_one_line_for_each_page() -> None:
    """Every page of the documentation is in the table, once, with what it is for."""
    rows = re.findall(
        r"^\| \[[^\]]+\]\(([\w-]+\.md)\) \| (.+) \|$", INDEX.read_text(), re.MULTILINE
    )
    assert sorted(page for page, _ in rows) == sorted(
        page.name for page in DOCS.glob("*.md") if page != INDEX
    )
    assert all(about for _, about in rows)


def test_the_readme_leads_to_the_index() -> None:
    """Whoever reads the README finds all the other pages."""
    assert "docs/index.md" in links_of(ROOT / "README.md")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    """Each link within the project names a file that is there, and a heading that it has."""
    broken: list[str] = []
    for link in links_of(page):
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        if not target.exists() or (anchor and anchor not in anchors_of(target)):
            broken.append(link)
    assert broken == []
