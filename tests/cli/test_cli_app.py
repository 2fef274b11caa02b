from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click
import pytest
from click.testing import CliRunner

from cleverapp_async.cli.app import Commands, LazyGroup, cleverapp
from tests.paths import DOCS
from tests.processes import run_code

if TYPE_CHECKING:
    from collections.abc import Iterator

_WIDE = 1000


def lazy_groups(group: click.Group) -> Iterator[LazyGroup]:
    """Give the group and those inside it that import their commands."""
    if isinstance(group, LazyGroup):
        yield group
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from lazy_groups(command)


@pytest.mark.parametrize("group", [*lazy_groups(cleverapp)], ids=lambda group: str(group.name))
def test_the_help_says_of_a_command_what_it_says_itself(group: LazyGroup) -> None:
    """What is said of a command without importing it is the beginning of its own help."""
    context = click.Context(group, terminal_width=_WIDE, max_content_width=_WIDE)
    shown = group.get_help(context)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        assert f"  {name} " in shown
        assert f" {command.get_short_help_str(_WIDE)}\n" in f"{shown}\n"


@pytest.mark.parametrize("name", cleverapp.list_commands(click.Context(cleverapp)))
def test_a_command_has_its_section_in_the_documentation(name: str) -> None:
    """The page of the command line has a heading for each command, and names those inside it."""
    page = (DOCS / "command-line.md").read_text(encoding="utf-8")
    headings = [line.split()[1] for line in page.splitlines() if line.startswith("## ")]
    assert name in headings
    context = click.Context(cleverapp)
    command = cleverapp.get_command(context, name)
    inside = command.list_commands(context) if isinstance(command, click.Group) else []
    section = page.split(f"\n## {name}", 1)[1].split("\n## ", 1)[0]
    assert [
        one for one in inside if not re.search(rf"(`|\b{name} ){one}\b", f"{name}{section}")
    ] == []


def test_the_help_imports_no_command() -> None:
    """What a command needs is not waited for before it is asked for."""
    code = (
        "import sys\n"
        "from cleverapp_async.cli.app import cleverapp\n"
        "cleverapp(['--help'], standalone_mode=False)\n"
        "print([name for name in sys.modules if name.startswith('rich')])\n"
        "print(sorted(name for name in sys.modules if '.cli.' in name))\n"
    )
    ended = run_code(code)
    *_, rich, modules = ended.stdout.splitlines()
    assert rich == "[]"
    assert modules == str(["cleverapp_async.cli.app", "cleverapp_async.cli.errors"])


def test_a_command_that_is_not_there_is_told() -> None:
    """A wrong name is told as click tells it, and ends with 2."""
    ended = CliRunner().invoke(cleverapp, ["sned"])
    assert ended.exit_code == 2
    assert "No such command 'sned'" in ended.output


def test_commands_that_are_there_already_stand_beside_the_others() -> None:
    """A group that imports some of its commands shows and runs the others as well."""
    group = LazyGroup("group", lazy={"call": ("cleverapp_async.cli.call:call", "Call.")})
    group.add_command(click.Command("here", help="Be here.", callback=lambda: click.echo("done")))
    runner = CliRunner()
    shown = runner.invoke(group, ["--help"]).output
    assert "call  Call." in shown
    assert "here  Be here." in shown
    assert runner.invoke(group, ["here"]).output == "done\n"
    assert runner.invoke(group, ["call", "--help"]).exit_code == 0


def test_ctrl_c_at_a_question_is_an_interruption() -> None:
    """What click calls an abort ends with 130, as Ctrl-C does everywhere else."""
    group = Commands("group", lazy={})

    @group.command("ask")
    def ask() -> None:
        raise click.Abort

    assert CliRunner().invoke(group, ["ask"]).exit_code == 130
