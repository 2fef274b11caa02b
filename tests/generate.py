"""What is generated from the code: ``python -m tests.generate`` writes all of it anew.

The tests hold each of these files to what is generated, so that a change of the code is seen in
their diff and none of them can lag behind.
"""

from __future__ import annotations

import json
import re
import sys
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Final

from attrs import evolve

from cleverapp_async.openapi import document
from cleverapp_async.simulator import ASSUMPTIONS
from cleverapp_async.simulator.handler import OPENAPI_FILE
from tests.commands_page import commands_page
from tests.index import RUSSIAN_INDEX, entries
from tests.names_page import names_page
from tests.openapi.methods_table import methods_table
from tests.paths import DOCS, ROOT, RUSSIAN, SAMPLES
from tests.surface import PUBLIC, surface

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

__all__ = ["GENERATED", "LLMS", "llms"]


def _openapi() -> str:
    return json.dumps(document(), ensure_ascii=False, indent=1) + "\n"


def _methods_page() -> str:
    return _with_table(DOCS / "methods.md", methods_table())


def _simulator_page() -> str:
    head = ("| topic | behaviour | why |", "| --- | --- | --- |")
    rows = (f"| {each.topic} | {each.behaviour} | {each.why} |" for each in ASSUMPTIONS)
    return _with_table(DOCS / "simulator.md", (*head, *rows))


def _with_table(page: Path, table: Iterable[str]) -> str:
    """A page as it is, but for the table whose first line it has."""
    wanted = list(table)
    before, head, after = page.read_text(encoding="utf-8").partition(f"{wanted[0]}\n")
    if not head:
        raise ValueError(f"{page.name} has no table that begins with {wanted[0]}")
    rest = after.splitlines(keepends=True)
    while rest and rest[0].startswith("|"):
        del rest[0]
    return before + "".join(f"{line}\n" for line in wanted) + "".join(rest)


LLMS: Final = ROOT / "llms.txt"
_FIRST_PARAGRAPH: Final = 2  # below the title and the links to begin with

API_PAGES: Final = {DOCS / "api" / f"{module}.md": module for module in PUBLIC}
"""The page of each public module, which Sphinx fills with its docstrings."""


def _api_page(module: str) -> str:
    shown = {name for earlier in PUBLIC[: PUBLIC.index(module)] for name in _names(earlier)}
    again = ", ".join(name for name in _names(module) if name in shown)
    options = [":members:", ":imported-members:", ":show-inheritance:"]
    # The client's methods stand in classes of their own; those of Python's classes are left out.
    options += [":inherited-members: object, BaseException, Enum, str, int, tuple, dict, Generic"]
    options += [f":exclude-members: {again}"] if again else []
    shown_below = "".join(f"   {option}\n" for option in options)
    about = (
        "What the docstrings say; `scripts/docs` puts it here. "
        "[The public names](../names.md) has a line for each.\n"
    )
    return f"# `{module}`\n\n{about}\n```{{eval-rst}}\n.. automodule:: {module}\n{shown_below}```\n"


def llms() -> str:
    """The pages as one list of links for language models, made of the index and the README."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    what = re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", readme.split("\n\n")[_FIRST_PARAGRAPH])
    lines = ["# cleverapp_async", "", f"> {' '.join(what.split())}"]
    section = ""
    russian = (evolve(one, section="По-русски") for one in entries(RUSSIAN_INDEX))
    for entry in (*entries(), *(one for one in russian if one.page in RUSSIAN)):
        if entry.section != section:
            section = entry.section
            lines += ["", f"## {section}", ""]
        target = entry.page.relative_to(ROOT).as_posix()
        about = re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", entry.about)
        lines.append(f"- [{entry.title}]({target}): {about}")
    return "\n".join(lines) + "\n"


def _names(module: str) -> list[str]:
    names: list[str] = import_module(module).__all__
    return names


GENERATED: Final[Mapping[Path, Callable[[], str]]] = {
    OPENAPI_FILE: _openapi,
    DOCS / "methods.md": _methods_page,
    DOCS / "simulator.md": _simulator_page,
    DOCS / "names.md": names_page,
    DOCS / "commands.md": commands_page,
    **{page: partial(_api_page, module) for page, module in API_PAGES.items()},
    LLMS: llms,
    SAMPLES / "surface.txt": surface,
}
"""Each file, and what makes its text."""

if __name__ == "__main__":
    for file, generate in GENERATED.items():
        text = generate()
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")
            sys.stdout.write(f"wrote {file.name}\n")
