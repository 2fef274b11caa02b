"""The Russian pages are whole and up to date, and their code is that of the English ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.paths import DOCS, ROOT, RUSSIAN
from tests.translations import Rendering, code_of, shape_of

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.no_cover  # others have measured what these repeat

# They are generated from English texts.
ONLY_ENGLISH = {"commands.md", "names.md"}


@pytest.mark.parametrize("page", RUSSIAN, ids=lambda page: page.relative_to(ROOT).as_posix())
class TestRussianPage:
    """One page beside its original."""

    def test_it_renders_the_page_as_that_is_now(self, page: Path) -> None:
        """After a change of the original the page is stale until somebody has looked at it."""
        rendering = Rendering.read(page)
        named = page.name.replace(".ru.md", ".md")
        assert rendering.original == (DOCS if page.parent != ROOT else ROOT) / named
        assert not rendering.stale, "render the change, then python -m tests.translations PAGE"

    def test_its_code_is_the_same(self, page: Path) -> None:
        """The blocks are those that the tests run; only their comments are translated."""
        original = Rendering.read(page).original
        shown = code_of(page.read_text(encoding="utf-8"))
        assert shown == code_of(original.read_text(encoding="utf-8"))

    def test_it_is_whole(self, page: Path) -> None:
        """It has the headings and the rows of the original, in the same order."""
        original = Rendering.read(page).original
        shape = shape_of(page.read_text(encoding="utf-8"))
        assert shape == shape_of(original.read_text(encoding="utf-8"))


def test_every_page_has_a_russian_one() -> None:
    """A new English page is rendered, too."""
    pages = {page.name for page in DOCS.glob("*.md")} - ONLY_ENGLISH
    assert pages == {page.name for page in (DOCS / "ru").glob("*.md")}


def test_a_change_of_the_original_is_noticed(tmp_path: Path) -> None:
    """A page is stale when its original has changed by a letter, until that is accepted."""
    page = tmp_path / "page.md"
    page.write_text(f"<!-- renders docs/start.md, digest {'0' * 16} -->\n# Т\n", encoding="utf-8")
    assert Rendering.read(page).stale
    Rendering.read(page).accept()
    assert not Rendering.read(page).stale


def test_a_change_of_code_is_noticed() -> None:
    """Comments and words in drawings may differ; names, strings and options may not."""
    block = "```python\nname = 'a # b'  # why\n```\n"
    assert code_of(block) == code_of(block.replace("why", "почему"))
    assert code_of(block) != code_of(block.replace("a # b", "a # c"))
    session = "```console\n$ cleverapp send x.csv --dry-run  # look\n```\n"
    assert code_of(session) == code_of(session.replace("look", "смотрим"))
    assert code_of(session) != code_of(session.replace("--dry-run", "--yes"))
    drawing = "```text\n│ word │\n```\n"
    assert code_of(drawing) == code_of(drawing.replace("word", "слово"))
    assert code_of(drawing) != code_of(drawing.replace("word", "слово\n"))
    table = "```text\nword,1\n```\n"
    assert code_of(table) != code_of(table.replace("word", "слово"))
