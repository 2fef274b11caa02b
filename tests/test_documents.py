"""The code of README.md and docs/*.md, and its runner: that it would notice a broken example."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.paths import PAGES, ROOT

from .documents import Page, examples_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import Any


pytestmark = pytest.mark.no_cover  # others have measured what these repeat


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_code_of_a_page_runs(page: Path) -> None:
    """What users copy works, block after block as the page has them."""
    shared = Page()
    shared.open()
    try:
        examples = examples_of(page)
        examples.namespace["__page__"] = shared
        for example in examples:
            example.evaluate()
    finally:
        shared.close()


def test_the_first_block_of_the_readme_is_a_program(tmp_path: Path) -> None:
    """What stands first in the README runs as it is pasted into a file, and does what it shows."""
    readme = ROOT / "README.md"
    program, *_ = examples_of(readme)
    (tmp_path / "hello.py").write_text(str(program.parsed), encoding="utf-8")
    served = Page()
    served.open()
    try:
        run = subprocess.run(
            [sys.executable, "-W", "error", tmp_path / "hello.py"],
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"},
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
    finally:
        served.close()
    assert (run.returncode, run.stderr) == (0, "")
    assert f"$ python hello.py\n{run.stdout}```" in readme.read_text("utf-8")


@pytest.fixture
def namespace() -> Iterator[dict[str, Any]]:
    """The namespace of a page that needs no simulator."""
    page = Page()
    yield {"__page__": page}
    page.close()


def run_page(text: str, folder: Path, namespace: dict[str, Any]) -> None:
    """Writes a page and runs its blocks in order."""
    path = folder / "page.md"
    path.write_text(text, encoding="utf-8")
    document = examples_of(path)
    document.namespace.update(namespace)
    for example in document:
        example.evaluate()
    namespace.update(document.namespace)


def test_blocks_of_a_page_share_their_names_and_their_loop(
    tmp_path: Path, namespace: dict[str, Any]
) -> None:
    """A block awaits at its top level and sees what the blocks before it have made."""
    text = (
        "```python\nimport asyncio\n```\n"
        "```python\nawait asyncio.sleep(0)\nfirst = asyncio.get_running_loop()\n```\n"
        "```python\nawait asyncio.sleep(0)\nsame = first is asyncio.get_running_loop()\n```\n"
    )
    run_page(text, tmp_path, namespace)
    assert namespace["same"] is True


def test_a_block_may_start_a_loop_of_its_own(tmp_path: Path, namespace: dict[str, Any]) -> None:
    """A block that calls ``asyncio.run`` works between blocks that await."""
    text = (
        "```python\nimport asyncio\nasync def main():\n    return 7\nanswer = asyncio.run(main())\n"
        "```\n"
    )
    run_page(text, tmp_path, namespace)
    assert namespace["answer"] == 7


def test_a_failing_block_is_shown_at_its_line(tmp_path: Path, namespace: dict[str, Any]) -> None:
    """The traceback of a broken example names the page and the line in it."""
    text = "# Title\n\n```python\nfine = 1\nassert fine == 2\n```\n"
    with pytest.raises(AssertionError) as caught:
        run_page(text, tmp_path, namespace)
    assert caught.traceback[-1].lineno == 4  # counted from 0
    assert str(caught.traceback[-1].path).endswith("page.md")


def test_a_block_of_another_language_is_left_alone(
    tmp_path: Path, namespace: dict[str, Any]
) -> None:
    """A shell command or a CSV in a page is not run."""
    run_page("```console\n$ scripts/demo\n```\n", tmp_path, namespace)
    assert set(namespace) == {"__page__"}


def test_the_readme_has_code_that_is_run() -> None:
    """The README shows at least one Python example, so that the runner is not idle."""
    assert "```python\n" in (ROOT / "README.md").read_text(encoding="utf-8")


async def test_pytest_runs_coroutines_in_debug_mode() -> None:
    """Every asynchronous test runs on a loop that reports slow or forgotten work."""
    assert asyncio.get_running_loop().get_debug()
