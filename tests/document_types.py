"""Checks the types of the Python blocks of README.md and docs/*.md as a user's mypy would.

``python -m tests.document_types`` writes a module for each page, runs mypy over all of them with
the settings of this project, which are those of ``mypy --strict`` and more, and names what is wrong
by the page and its line. ``scripts/test --static`` does it.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from mypy import api

from tests.paths import PAGES, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["check", "module_of"]

_BLOCK: Final = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def module_of(page: str) -> str:
    """The blocks of a page as one module, each line where the page has it.

    They share their names and may await at their top level, so that they stand in one coroutine.

    Args:
        page: The text of the page.
    """
    written = [""] * (page.count("\n") + 1)
    # A page begins with its title: its first line is free.
    written[0] = "async def _page() -> None:"
    for block in _BLOCK.finditer(page):
        first = page.count("\n", 0, block.start(1))
        for place, line in enumerate(block[1].splitlines(), first):
            written[place] = f"    {line}" if line else ""
    return "\n".join([*written, "    return", ""])


def check(pages: Iterable[Path]) -> list[str]:
    """What mypy finds, each line with the page and the line in it.

    Args:
        pages: The files.

    Raises:
        RuntimeError: Mypy itself failed.
    """
    with TemporaryDirectory() as folder:
        modules: dict[str, Path] = {}
        for page in pages:
            name = f"{page.stem.replace('-', '_')}_page.py"
            Path(folder, name).write_text(module_of(page.read_text("utf-8")), encoding="utf-8")
            modules[name] = page
        config = f"--config-file={ROOT / 'pyproject.toml'}"
        files = [str(Path(folder, name)) for name in modules]
        told, failed, code = api.run([config, "--no-error-summary", *files])
    if failed or code not in {0, 1}:
        raise RuntimeError(f"mypy failed: {failed or told}")
    return [_in_page(line, modules) for line in told.splitlines()]


def _in_page(line: str, modules: Mapping[str, Path]) -> str:
    # By its name alone: mypy may tell from its cache what it found in an earlier folder.
    match = re.match(r".*?(\w+_page\.py)(?=:)", line)
    if match is None or match[1] not in modules:
        return line
    return f"{modules[match[1]]}{line[match.end() :]}"


if __name__ == "__main__":
    found = check(PAGES)
    sys.stdout.writelines(f"{line}\n" for line in found)
    sys.exit(bool(found))
