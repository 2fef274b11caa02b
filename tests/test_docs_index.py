"""The index of the documentation: every page is in it, and what is made of it."""

from __future__ import annotations

import re

from tests.generate import LLMS, llms
from tests.index import INDEX, RUSSIAN_INDEX, entries
from tests.paths import DOCS, ROOT, RUSSIAN
from tests.test_links import links_of
from tests.translations import Rendering


def test_the_index_has_one_line_for_each_page() -> None:
    """Every page for users is in a table, once, with what it is for; so are those at the root."""
    listed = [entry.page for entry in entries()]
    expected = {*DOCS.glob("*.md"), *ROOT.glob("*.md")} - {INDEX, ROOT / "README.ru.md"}
    expected |= {ROOT / folder / "README.md" for folder in ("benchmarks", "examples")}
    assert sorted(listed) == sorted(expected)
    assert all(entry.about for entry in entries())


def test_the_russian_index_has_the_same_lines() -> None:
    """It leads to the Russian page where there is one, and else to the English one."""
    russian = {Rendering.read(page).original: page for page in RUSSIAN}
    expected = [russian.get(entry.page, entry.page) for entry in entries()]
    assert [entry.page for entry in entries(RUSSIAN_INDEX)] == expected
    assert {*RUSSIAN} - {*expected} == {RUSSIAN_INDEX}


def test_the_readme_leads_to_the_index() -> None:
    """Whoever reads the README finds all the other pages."""
    assert "docs/index.md" in links_of(ROOT / "README.md")


def test_the_list_for_language_models_names_files_that_are_there() -> None:
    """``llms.txt`` has a line for each page, under the heading that the index has."""
    targets = re.findall(r"^- \[[^\]]+\]\(([^)]+)\): .+$", llms(), re.MULTILINE)
    expected = {one.page for index in (INDEX, RUSSIAN_INDEX) for one in entries(index)}
    assert sorted(ROOT / target for target in targets) == sorted(expected)
    assert LLMS.read_text(encoding="utf-8").startswith("# cleverapp_async\n\n> ")
