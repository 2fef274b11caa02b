"""Imports that come late or may fail: names imported when asked for, and packages of an extra."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Mapping
from importlib import import_module
from types import MappingProxyType, ModuleType
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec

__all__ = ["EXTRAS", "late_module", "lazy_names", "missing_extra"]


def lazy_names(
    module: str, places: Mapping[str, str], modules: Collection[str] = ()
) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """The functions ``__getattr__`` and ``__dir__`` of a module that gives names of others.

    Type checkers are to read the imports themselves, behind ``TYPE_CHECKING``.

    Args:
        module: The ``__name__`` of the module.
        places: For each name the module that has it, from its package on, such as ``.bulk.run``.
        modules: Names of modules of the package, which are imported when asked for as well.
    """
    package = cast("ModuleSpec", sys.modules[module].__spec__).parent

    def find(name: str) -> object:
        if name in modules:
            return import_module(f".{name}", package)  # which sets the name
        if name not in places:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        value: object = getattr(import_module(places[name], package), name)
        # The next time Python finds it without asking.
        vars(sys.modules[module])[name] = value
        return value

    def names() -> list[str]:
        # Without what the module has for this alone.
        here = {*vars(sys.modules[module]), *places, *modules}
        return sorted(here - {"TYPE_CHECKING", "lazy_names"})

    return find, names


class _LateModule(ModuleType):
    def __getattr__(self, name: str) -> object:
        value: object = getattr(import_module(self.__name__), name)
        # The next time Python finds it without asking.
        vars(self)[name] = value
        return value


def late_module(name: str) -> ModuleType:
    """What stands for a module, and imports it when one of its names is first asked for.

    For annotations of what few need: ``typing.get_type_hints`` finds the names as ever. Type
    checkers are to read the import itself, behind ``TYPE_CHECKING``.

    Args:
        name: Its full name, such as ``cleverapp_async.events``.
    """
    return _LateModule(name)


EXTRAS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "cli": ("click", "phonenumbers", "rich"),
        "files": ("pyarrow", "python-calamine"),
        "otel": ("opentelemetry-api",),
        "redis": ("redis",),
        "taskiq": ("redis", "taskiq", "taskiq-redis"),
    }
)
"""The packages of each extra in ``pyproject.toml``."""


def missing_extra(feature: str, extra: str) -> str:
    """What is wrong where packages of an extra are not installed, and the remedy.

    Args:
        feature: What cannot be used without them, as the subject of the sentence.
        extra: The extra's name.

    Returns:
        A sentence without a full stop.
    """
    packages = " ".join(EXTRAS[extra])
    return (
        f"{feature} needs packages that are not installed: pip install {packages}, "
        f"or in a clone of cleverapp-async pip install '.[{extra}]'"
    )
