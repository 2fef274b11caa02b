"""The package's front door: the public modules, and what each of them gives."""

from __future__ import annotations

import ast
import inspect
import re
import typing
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import cleverapp_async
from tests.names_page import names_page
from tests.processes import run_code

from .surface import PUBLIC

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PAGE = Path(__file__).parent.parent / "docs" / "index.md"

TOP = cleverapp_async.__all__
EVERYWHERE = [(module, name) for module in PUBLIC for name in import_module(module).__all__]
NAMES = {name for _, name in EVERYWHERE}

CALLED_BY_US = {
    # Made by the package alone, as their docstrings say.
    "BulkRun.__init__",
    "ChunkJournal.__init__",
    "Exchange.__init__",
    "SharedLimiterRegistry.__init__",
    # Called by pickle.
    "CleverAppError.__reduce__",
    # Asked by the limiter whose permit it is.
    "SlidingWindowPermit.holds",
    "SlidingWindowPermit.release",
}
"""Methods that no user calls: their parameters may have types that are not public."""


QUICK = (
    "cleverapp_async",
    "cleverapp_async.bulk",
    "cleverapp_async.journal",
    "cleverapp_async.limits",
    "cleverapp_async.models",
)
"""Public modules that import what some of their names need only when it is asked for."""

LATER = (
    "cleverapp_async._redis.client",
    "cleverapp_async.bulk.journal",
    "cleverapp_async.bulk.run",
    "cleverapp_async.limits.paced",
    "cleverapp_async.limits.shared.factory",
    "redis",
    "sqlite3",
)
"""What not everybody needs."""


def value_of(module: str, name: str) -> object:
    """What a public name stands for."""
    found: object = getattr(import_module(module), name)
    return found


def functions_of(value: object) -> Iterator[tuple[str, Callable[..., object]]]:
    """A public function, or the public methods of a public class, those it inherits from us too."""
    if inspect.isroutine(value):
        yield value.__name__, value
    if not inspect.isclass(value):
        return
    for owner in value.__mro__:
        for attribute, member in vars(owner).items():
            inner = attribute.startswith("_") and not re.fullmatch("__[a-z]+__", attribute)
            if inner or not owner.__module__.startswith("cleverapp_async"):
                continue
            function = member.fget if isinstance(member, property) else member
            function = getattr(function, "__func__", function)
            if inspect.isfunction(function) and function.__module__ == owner.__module__:
                yield f"{owner.__name__}.{attribute}", function


@pytest.mark.parametrize("module", PUBLIC)
def test_a_list_is_sorted_and_has_no_doubles(module: str) -> None:
    """A list in order shows at a glance what is there."""
    names = import_module(module).__all__
    upper = sorted({name for name in names if name.isupper()})
    rest = sorted({name for name in names if not name.isupper()})
    assert [*upper, *rest] == names


def test_every_name_stands_on_the_page_of_names() -> None:
    """``docs/names.md`` has each public name once, before those of other modules."""
    lines = names_page().splitlines()
    listed = [line.split("`")[1] for line in lines if line.startswith("| `")]
    assert sorted(listed[: len(TOP)]) == sorted(TOP)


def test_nothing_else_is_at_the_door() -> None:
    """Every public name of the package's namespace is in the list, modules aside."""
    there = {
        name
        for name in dir(cleverapp_async)
        if not name.startswith("_") and not inspect.ismodule(getattr(cleverapp_async, name))
    }
    assert there == set(TOP)


def test_a_name_means_one_thing() -> None:
    """A name that several public modules give is the same thing in each."""
    things: dict[str, list[object]] = {}
    for module, name in EVERYWHERE:
        things.setdefault(name, []).append(value_of(module, name))
    assert [
        name for name, found in things.items() if any(one is not found[0] for one in found)
    ] == []


@pytest.mark.parametrize("module", PUBLIC)
def test_a_public_module_can_be_told_by_its_name(module: str) -> None:
    """No part of its path begins with an underscore, and it has a docstring."""
    assert not any(part.startswith("_") for part in module.split("."))
    assert import_module(module).__doc__


def test_the_page_lists_the_public_modules() -> None:
    """What the page calls public is what the tests hold to it."""
    section = PAGE.read_text(encoding="utf-8").partition("## The public modules")[2]
    assert re.findall(r"^\| \[`([\w.]+)`\]", section, re.MULTILINE) == list(PUBLIC)


@pytest.mark.parametrize(
    "module", ["cleverapp_async", "cleverapp_async.bulk", "cleverapp_async.limits"]
)
def test_an_unknown_name_is_said_to_be_unknown(module: str) -> None:
    """What comes when it is asked for does not hide a slip of the pen."""
    with pytest.raises(AttributeError, match="no attribute 'SqlJournal'"):
        import_module(module).SqlJournal  # noqa: B018 - asking for it is the test


def test_names_that_come_later_are_shown() -> None:
    """``dir`` knows every name of the lists, those that are not imported yet too."""
    code = (
        f"from importlib import import_module; its = [import_module(name) for name in {QUICK}]; "
        "print([set(it.__all__) - set(dir(it)) for it in its])"
    )
    assert run_code(code).stdout == f"{[set() for _ in QUICK]}\n"


@pytest.mark.parametrize("module", PUBLIC)
def test_public_names_are_documented(module: str) -> None:
    """What users meet has a docstring of its own; nothing private is shown."""
    for name in import_module(module).__all__:
        assert not name.startswith("_")
        value = value_of(module, name)
        if inspect.isclass(value):
            assert vars(value).get("__doc__")
            assert not str(value.__doc__).startswith(f"{name}(")
            assert value.__module__.startswith("cleverapp_async.")


@pytest.mark.parametrize("module", PUBLIC)
def test_the_methods_of_public_classes_are_documented(module: str) -> None:
    """Every public method and property says what it does."""
    assert [
        (name, attribute)
        for name in import_module(module).__all__
        for attribute, member in members_of(value_of(module, name))
        if not attribute.startswith("_") and not inspect.getdoc(member)
    ] == []


def members_of(value: object) -> Iterator[tuple[str, object]]:
    """The methods and properties that a public class has itself."""
    for attribute, member in vars(value).items() if inspect.isclass(value) else ():
        if inspect.isfunction(member) or isinstance(member, property | classmethod):
            yield attribute, member


@pytest.mark.parametrize("module", PUBLIC)
def test_the_types_of_all_that_is_public_can_be_read(module: str) -> None:
    """``typing.get_type_hints`` works on every public class, function and method."""
    for name in import_module(module).__all__:
        value = value_of(module, name)
        if inspect.isclass(value):
            typing.get_type_hints(value)
        for _, function in functions_of(value):
            assert set(typing.get_type_hints(function)) == set(annotations_of(function))


@pytest.mark.parametrize("module", PUBLIC)
def test_every_type_in_a_public_signature_is_public(module: str) -> None:
    """What an annotation names can be imported from a public module, or is not ours."""
    assert [
        (told, used)
        for name in import_module(module).__all__
        for told, function in functions_of(value_of(module, name))
        if told not in CALLED_BY_US
        for annotation in annotations_of(function).values()
        for used in names_in(annotation)
        if used not in NAMES and is_ours(getattr(function, "__globals__", {}).get(used), used)
    ] == []


def annotations_of(function: object) -> dict[str, object]:
    """The annotations of a function as they are written."""
    return getattr(function, "__annotations__", {})


def names_in(annotation: object) -> Iterator[str]:
    """The last names of all that an annotation speaks of."""
    text = annotation if isinstance(annotation, str) else getattr(annotation, "__name__", "None")
    for node in ast.walk(ast.parse(text.removeprefix("*"), mode="eval")):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr


def is_ours(value: object, name: str) -> bool:
    """Whether a name in an annotation stands for a class or an alias of this package."""
    if inspect.isclass(value):
        return value.__module__.startswith("cleverapp_async")
    if value is None or inspect.ismodule(value) or isinstance(value, VARIABLES):
        return False
    # What typing has is called as it is named; an alias of ours has no name, or that of another.
    return name not in {getattr(value, "__name__", None), getattr(value, "_name", None)}


VARIABLES = (typing.TypeVar, typing.TypeVarTuple)


def test_what_some_need_is_imported_when_it_is_asked_for() -> None:
    """The import stays quick for those who send single messages."""
    # What measures coverage may have loaded one of them before.
    code = (
        f"import sys; before = set(sys.modules); import {', '.join(QUICK)}; "
        f"print(sorted({set(LATER)!r} & (set(sys.modules) - before)))"
    )
    assert run_code(code).stdout == "[]\n"


def test_a_name_that_comes_later_comes() -> None:
    """Asked for, it is imported, and found without asking from then on."""
    code = (
        "import cleverapp_async as it; "
        "print(it.SqliteJournal.__name__, 'SqliteJournal' in vars(it))"
    )
    assert run_code(code).stdout == "SqliteJournal True\n"


def test_the_front_door_alone_imports_no_library() -> None:
    """Whoever wants an error alone, or the help of the command, does not wait for aiohttp."""
    code = (
        "import sys, cleverapp_async; "
        "print(sorted({'aiohttp', 'asyncio', 'attrs', 'cattrs'} & set(sys.modules)))"
    )
    assert run_code(code).stdout == "[]\n"


def test_the_client_imports_no_cattrs() -> None:
    """The client imports cattrs for answers that hold models, and for those alone."""
    code = (
        "import sys; from cleverapp_async import CleverAppClient; "
        "print(sorted({'cattrs', 'cleverapp_async.models.lists'} & set(sys.modules)))"
    )
    assert run_code(code).stdout == "[]\n"


def test_a_public_module_comes_when_it_is_asked_for() -> None:
    """``cleverapp_async.errors`` needs no import of its own, and ``dir`` shows it."""
    code = (
        "import cleverapp_async as it; "
        "print('errors' in dir(it), it.errors.NotSentError is it.NotSentError)"
    )
    assert run_code(code).stdout == "True True\n"


def test_the_import_is_quiet_and_needs_no_extra() -> None:
    """Importing writes nothing, warns of nothing and pulls in no command line."""
    code = (
        "import sys, cleverapp_async; "
        "print(sorted({'click', 'rich', 'aiohttp.web'} & set(sys.modules)))"
    )
    done = run_code(code, options=("-W", "error"), check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "[]\n", "")
