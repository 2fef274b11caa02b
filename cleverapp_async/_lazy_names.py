"""Names of a module that are imported when they are first asked for."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module

__all__ = ["lazy_names"]


def lazy_names(
    module: str, package: str, places: Mapping[str, str]
) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """The functions ``__getattr__`` and ``__dir__`` of a module that gives names of others.

    Type checkers are to read the imports themselves, behind ``TYPE_CHECKING``.

    Args:
        module: The ``__name__`` of the module.
        package: The package that the places are relative to.
        places: For each name the module that has it, such as ``.bulk.run``.
    """

    def find(name: str) -> object:
        if name not in places:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        value: object = getattr(import_module(places[name], package), name)
        # The next time Python finds it without asking.
        vars(sys.modules[module])[name] = value
        return value

    def names() -> list[str]:
        # Without what the module has for this alone.
        return sorted({*vars(sys.modules[module]), *places} - {"TYPE_CHECKING", "lazy_names"})

    return find, names
