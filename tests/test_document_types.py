"""The check of the types of what README.md and docs/*.md show: that it would notice a mistake."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest

from tests.document_types import check, module_of
from tests.documents import examples_of
from tests.paths import PAGES

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_module_has_the_blocks_of_its_page_at_their_lines(page: Path) -> None:
    """What is checked is what is run, and a finding names the line that the page has."""
    text = page.read_text(encoding="utf-8")
    module = module_of(text)
    ast.parse(module)
    lines = module.splitlines()
    shown = text.splitlines()
    found = [place for place, line in enumerate(lines) if line.startswith("    ")][:-1]
    assert [lines[place].removeprefix("    ") for place in found] == [shown[at] for at in found]
    run = [line for one in examples_of(page) for line in str(one.parsed).splitlines() if line]
    assert [shown[place] for place in found] == run


def test_a_mistake_is_told_at_its_line_of_the_page(tmp_path: Path) -> None:
    """A wrong type, and an ignored error that is none, are found where the page has them."""
    page = tmp_path / "wrong-types.md"
    page.write_text(
        "# Title\n\n```python\nnumber: int = 'text'\n```\n\n"
        "```console\n$ number = None\n```\n\n"
        "```python\nnumber += 1  # type: ignore[operator]\n```\n",
        encoding="utf-8",
    )
    fine = tmp_path / "fine.md"
    fine.write_text(
        "# Title\n\n```python\nimport asyncio\n\nawait asyncio.sleep(0)\n```\n", encoding="utf-8"
    )
    found = check([page, fine])
    assert [line.split(" ")[0] for line in found] == [f"{page}:4:", f"{page}:12:"]
    assert ["[assignment]" in found[0], "[unused-ignore]" in found[1]] == [True, True]
