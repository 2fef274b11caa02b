"""The public surface as text: every public name with its signature.

``tests/samples/surface.txt`` has it, so that a change of what users may rely on is seen in a diff;
``python -m tests.generate`` writes that.
"""

from __future__ import annotations

import enum
import inspect
import sys
import types
from abc import ABC
from importlib import import_module
from typing import TYPE_CHECKING

from tests.paths import SAMPLES

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["FILE", "PUBLIC", "surface"]

FILE = SAMPLES / "surface.txt"
PUBLIC = (
    "cleverapp_async",
    "cleverapp_async.bulk",
    "cleverapp_async.config",
    "cleverapp_async.endpoints",
    "cleverapp_async.errors",
    "cleverapp_async.events",
    "cleverapp_async.journal",
    "cleverapp_async.limits",
    "cleverapp_async.models",
    "cleverapp_async.openapi",
    "cleverapp_async.simulator",
    "cleverapp_async.telemetry",
    "cleverapp_async.testing",
    "cleverapp_async.integrations.otel",
    "cleverapp_async.integrations.redis_journal",
    "cleverapp_async.integrations.taskiq",
)
"""The modules that users import from."""


def surface() -> str:
    """All public names, module by module; what several give is written out where it comes first."""
    told: dict[tuple[str, int], str] = {}
    return "".join(f"{line}\n" for module in PUBLIC for line in _of_module(module, told))


def _of_module(name: str, told: dict[tuple[str, int], str]) -> Iterator[str]:
    module = import_module(name)
    yield name
    for public in sorted(module.__all__):
        value = getattr(module, public)
        first = told.setdefault((public, id(value)), name)
        if first == name:
            yield from _of_value(public, value)
        else:
            yield f"    {public} of {first}"
    yield ""


def _of_value(name: str, value: object) -> Iterator[str]:
    if isinstance(value, type):
        yield from _of_class(name, value)
    elif inspect.isroutine(value):
        yield f"    {_function(name, value)}"
    else:
        yield f"    {name}: {type(value).__name__}"


def _of_class(name: str, kind: type) -> Iterator[str]:
    bases = ", ".join(dict.fromkeys(base.__name__ for base in _bases(kind)))
    yield f"    class {name}({bases})" if bases else f"    class {name}"
    if issubclass(kind, enum.Enum):
        yield from (f"        {member.name} = {member.value!r}" for member in kind)
    elif "__init__" in vars(kind):
        yield f"        {_function('__init__', vars(kind)['__init__'])}"
    fields = inspect.signature(kind).parameters if "__attrs_attrs__" in vars(kind) else {}
    for member in sorted(set[str]().union(*map(vars, kind.__mro__))):
        owner = next(one for one in kind.__mro__ if member in vars(one))
        inherited = owner is not kind and (_is_told(owner) or not _is_ours(owner))
        if not member.startswith("_") and member not in fields and not inherited:
            yield from (f"        {line}" for line in _of_member(member, vars(owner)[member]))


def _bases(kind: type) -> Iterator[type]:
    """The nearest base classes that are worth a word."""
    for base in kind.__bases__:
        yield from (base,) if _is_told(base) else _bases(base)


def _is_told(kind: type) -> bool:
    """Whether a base class is worth a word: a public one of ours, or one of somebody else's."""
    if not _is_ours(kind):
        return kind not in {object, ABC}
    return any(getattr(import_module(name), kind.__name__, None) is kind for name in PUBLIC)


def _is_ours(kind: type) -> bool:
    return kind.__module__.startswith("cleverapp_async")


def _of_member(name: str, value: object) -> Iterator[str]:
    if isinstance(value, staticmethod | classmethod):
        yield _function(name, value.__func__)
    elif isinstance(value, property):
        annotation = inspect.signature(value.fget).return_annotation if value.fget else ""
        yield f"{name}: {_text(annotation)}"
    elif inspect.isroutine(value):
        yield _function(name, value)
    elif isinstance(value, types.MemberDescriptorType):
        yield name
    elif not isinstance(value, enum.Enum):
        yield f"{name} = {_default(value)}"


def _function(name: str, function: object) -> str:
    assert callable(function)
    word = "async def" if inspect.iscoroutinefunction(function) else "def"
    told: list[str] = []
    star = False
    for parameter in inspect.signature(function).parameters.values():
        if parameter.name == "self":
            continue
        text = _text(parameter.annotation)
        text = f"{parameter.name}: {text}" if text else parameter.name
        if parameter.kind is parameter.VAR_POSITIONAL:
            text, star = f"*{text}", True
        elif parameter.kind is parameter.VAR_KEYWORD:
            text = f"**{text}"
        elif parameter.kind is parameter.KEYWORD_ONLY and not star:
            told.append("*")
            star = True
        if parameter.default is not parameter.empty:
            text += f" = {_default(parameter.default)}"
        told.append(text)
    returned = _text(inspect.signature(function).return_annotation)
    return f"{word} {name}({', '.join(told)})" + (f" -> {returned}" if returned else "")


def _text(annotation: object) -> str:
    if annotation is inspect.Signature.empty:
        return ""
    if annotation is None:
        return "None"
    return annotation if isinstance(annotation, str) else getattr(annotation, "__name__", "…")


def _default(value: object) -> str:
    if isinstance(value, enum.Enum):
        return f"{type(value).__name__}.{value.name}"
    if isinstance(value, str | int | float | bool | tuple | None):
        return repr(value)
    return "…"


if __name__ == "__main__":
    FILE.write_text(surface(), encoding="utf-8")
    sys.stdout.write(f"wrote {FILE.name}\n")
