"""The package's front door: what ``from cleverapp_async import …`` gives."""

from __future__ import annotations

import inspect
import subprocess
import sys

import pytest

import cleverapp_async

NAMES = cleverapp_async.__all__


def test_the_list_is_sorted_and_has_no_doubles() -> None:
    """A list in order shows at a glance what is there."""
    assert sorted(set(NAMES)) == sorted(NAMES)
    upper = [name for name in NAMES if name.isupper()]
    rest = [name for name in NAMES if not name.isupper()]
    assert [*sorted(upper), *sorted(rest)] == NAMES


def test_nothing_else_is_at_the_door() -> None:
    """Every public name of the package's namespace is in the list, modules aside."""
    there = {
        name
        for name in dir(cleverapp_async)
        if not name.startswith("_") and not inspect.ismodule(getattr(cleverapp_async, name))
    }
    assert there - {"TYPE_CHECKING"} == set(NAMES)


def test_an_unknown_name_is_said_to_be_unknown() -> None:
    """What comes when it is asked for does not hide a slip of the pen."""
    with pytest.raises(AttributeError, match="SqlJournal"):
        cleverapp_async.SqlJournal  # type: ignore[attr-defined] # noqa: B018


def test_what_campaigns_alone_need_is_imported_when_it_is_asked_for() -> None:
    """The import stays quick for those who send single messages."""
    code = (
        "import sys, cleverapp_async as it; "
        "print('cleverapp_async.bulk.journal.sqlite.journal' in sys.modules, "
        "it.SqliteJournal.__name__)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False SqliteJournal\n"


@pytest.mark.parametrize("name", NAMES)
def test_a_public_name_is_documented(name: str) -> None:
    """What users meet has a docstring of its own; nothing private is shown."""
    assert not name.startswith("_")
    value = getattr(cleverapp_async, name)
    if inspect.isclass(value):
        assert inspect.getdoc(value)
        assert "__doc__" in vars(value)
        assert not value.__doc__ or not value.__doc__.startswith(f"{name}(")
        assert value.__module__.startswith("cleverapp_async.")


@pytest.mark.parametrize(
    "name", [name for name in NAMES if inspect.isclass(getattr(cleverapp_async, name))]
)
def test_the_methods_of_public_classes_are_documented(name: str) -> None:
    """Every public method and property says what it does."""
    members = [
        (attribute, member)
        for attribute, member in vars(getattr(cleverapp_async, name)).items()
        if not attribute.startswith("_")
        and (inspect.isfunction(member) or isinstance(member, property | classmethod))
    ]
    assert [attribute for attribute, member in members if not inspect.getdoc(member)] == []


def test_the_import_is_quiet_and_needs_no_extra() -> None:
    """Importing writes nothing, warns of nothing and pulls in no command line."""
    code = (
        "import sys, cleverapp_async; "
        "print(sorted({'click', 'rich', 'aiohttp.web'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "[]\n", "")
