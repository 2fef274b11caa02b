"""The page of all public names, ``docs/names.md``, made of the first lines of their docstrings.

``python -m tests.generate`` writes it after a name has come, gone or changed its docstring.
"""

from __future__ import annotations

import ast
import inspect
import re
from importlib import import_module
from typing import TYPE_CHECKING, Final

from tests.paths import ROOT
from tests.surface import PUBLIC

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["names_page"]

_FRONT: Final = PUBLIC[0]
_HEAD: Final = f"""# The public names

What users may rely on, by what it is for; `from {_FRONT} import …` where no other module is
named. Everything else may change. A name's docstring says more: its arguments, units and errors.
This page is written by `python -m tests.generate`.
"""

_GROUPS: Final[dict[str, tuple[str, ...]]] = {
    "The client and its settings": ("client", "config", "retry"),
    "Messages": ("models.messages", "models.route"),
    "Incoming webhooks": ("webhook",),
    "Calling methods": ("methods", "_call", "_response"),
    "Contacts": ("models",),
    "Outcomes and errors": ("errors",),
    "Limits": ("limits",),
    "Many messages": ("bulk.run", "bulk.outcome", "bulk.schedule"),
    "How long it takes": ("bulk.eta",),
    "Campaigns and journals": ("bulk.journal",),
}
"""The headings, each with the modules whose names stand below it; the longest prefix decides."""


def names_page() -> str:
    """The whole page.

    Raises:
        ValueError: A name is of a module that no heading covers.
    """
    below: dict[str, list[str]] = {title: [] for title in _GROUPS}
    for name, module in _sources(_FRONT):
        below[_title_of(module.removeprefix(f"{_FRONT}."))].append(_line(name, module))
    told = {name for name, _ in _sources(_FRONT)}
    for public in PUBLIC[1:]:
        more = [(name, module) for name, module in _sources(public) if name not in told]
        below[f"`{public}`"] = [_line(name, module) for name, module in more]
    return _HEAD + "".join(
        f"\n## {title}\n\n| name | what it is |\n| --- | --- |\n" + "".join(lines)
        for title, lines in below.items()
        if lines
    )


def _title_of(module: str) -> str:
    """The heading of a module: the one that names it, or the package it is in, most closely."""
    found = [
        (len(prefix), title)
        for title, prefixes in _GROUPS.items()
        for prefix in prefixes
        if f"{module}.".startswith(f"{prefix}.")
    ]
    if not found:
        raise ValueError(f"tests/names_page.py has no heading for the names of {module}")
    return max(found)[1]


def _sources(public: str) -> Iterator[tuple[str, str]]:
    """Each public name of a module in order, with the module whose source documents it."""
    for name in sorted(import_module(public).__all__, key=str.lower):
        yield name, _defining(name, public)


def _defining(name: str, module: str) -> str:
    """Follow a name through the imports that only pass it on."""
    for node in ast.walk(_tree(module)):
        if isinstance(node, ast.ImportFrom) and any(alias.name == name for alias in node.names):
            return _defining(name, _absolute(node, module))
    return module


def _absolute(node: ast.ImportFrom, module: str) -> str:
    if not node.level:
        return node.module or ""
    parts = module.split(".")
    is_package = hasattr(import_module(module), "__path__")
    base = parts[: len(parts) - node.level + is_package]
    return ".".join([*base, *([node.module] if node.module else [])])


def _line(name: str, module: str) -> str:
    return f"| `{name}` | {_summary(name, _tree(module).body)} |\n"


def _summary(name: str, body: Iterable[ast.stmt]) -> str:
    """The first line of the docstring of a class, a function or a value, as Markdown."""
    told = ""
    assigned = False
    for node in body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            if node.name == name:
                told = ast.get_docstring(node) or told
        elif assigned and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            told = inspect.cleandoc(str(node.value.value))
        assigned = _assigns(name, node)
    line = " ".join(told.split("\n\n", 1)[0].split())
    line = re.sub(r":\w+:`~?([^`]+)`|``([^`]+)``", lambda hit: f"`{hit[1] or hit[2]}`", line)
    if not line:
        raise ValueError(f"{name} has no docstring")
    return line.replace("|", "\\|")


def _assigns(name: str, node: ast.stmt) -> bool:
    targets: list[ast.expr] = []
    if isinstance(node, ast.Assign):
        targets = node.targets
    elif isinstance(node, ast.AnnAssign):
        targets = [node.target]
    return any(isinstance(target, ast.Name) and target.id == name for target in targets)


def _tree(module: str) -> ast.Module:
    file = inspect.getsourcefile(import_module(module))
    if file is None:
        raise ValueError(f"{module} has no source")
    return ast.parse((ROOT / file).read_text(encoding="utf-8"))
