from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import click
import pytest
from click.testing import CliRunner

from cleverapp_async.cli.app import Commands, LazyGroup, cleverapp
from cleverapp_async.cli.errors import MEANINGS, Exit
from cleverapp_async.cli.params import Parsed
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
    lazy = {"call": ("cleverapp_async.cli.call.command:call", "Call.")}
    # A command keeps the names of its help that the first group has asked it for.
    group = LazyGroup("group", lazy=lazy, context_settings=cleverapp.context_settings)
    group.add_command(click.Command("here", help="Be here.", callback=lambda: click.echo("done")))
    runner = CliRunner()
    shown = runner.invoke(group, ["--help"]).output
    assert "call  Call." in shown
    assert "here  Be here." in shown
    assert runner.invoke(group, ["here"]).output == "done\n"
    assert runner.invoke(group, ["call", "--help"]).exit_code == 0


def leaves(group: click.Group, path: str = "") -> Iterator[tuple[str, click.Command]]:
    """Give each command that does something, with its full name."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from leaves(command, f"{path}{name} ")
        else:
            yield f"{path}{name}", command


LEAVES = dict(leaves(cleverapp))
FORMS = {"table", "csv", "json", "jsonl", "raw"}


def test_an_option_is_the_same_wherever_it_stands() -> None:
    """Options of one name have one text, one type, one short name and one word for their value."""
    seen: dict[str, dict[object, list[str]]] = {}
    for name, command in LEAVES.items():
        for option in command.params:
            if not isinstance(option, click.Option):
                continue
            kind: object = option.type
            if isinstance(kind, click.Choice):
                # A command may offer some of the forms alone.
                kind = "forms" if set(kind.choices) <= FORMS else tuple(kind.choices)
            elif isinstance(kind, Parsed):
                kind = kind.read.__qualname__, kind.name
            else:
                kind = type(option.type)
            told = (option.help, kind, option.is_flag, tuple(option.opts), option.metavar)
            seen.setdefault(option.opts[-1], {}).setdefault(told, []).append(name)
    assert [of for of in seen.values() if len(of) > 1] == []
    assert "--output" in seen
    assert not {"--json", "--raw"} & set(seen)


@pytest.mark.parametrize("name", LEAVES)
def test_the_help_of_a_command_tells_its_exit_codes(name: str) -> None:
    """Whoever writes a script finds in --help what a command ends with."""
    epilog = LEAVES[name].epilog or ""
    found = re.findall(r"\b(\d+) ", epilog)
    assert found[0] == "0"
    assert {"2", "130"} <= set(found)
    assert found == sorted(found, key=int)


def test_every_value_is_read_by_a_type_of_ours() -> None:
    """Click's own numbers take Unicode digits, nan and inf: no option has one of these types."""
    plain = (Parsed, click.Choice, type(click.STRING), type(click.BOOL))
    for command in LEAVES.values():
        for option in command.params:
            assert isinstance(option.type, plain)


def test_every_option_has_a_text() -> None:
    """No option stands in the help without a word about it, which ends as a sentence does."""
    for command in LEAVES.values():
        for option in command.params:
            if isinstance(option, click.Option):
                assert (option.help or "").endswith(".")


IMPORTED = ("aiohttp", "cleverapp_async.client", "click", "cleverapp_async.cli.doctor.command")


@pytest.mark.parametrize(
    ("module", "number"),
    [*((module, "SIGINT") for module in IMPORTED), ("aiohttp", "SIGTERM"), ("click", "SIGHUP")],
)
def test_a_signal_while_modules_are_imported_ends_with_130(module: str, number: str) -> None:
    """However early Ctrl-C and the like come, there is a word and no traceback."""
    code = (
        "import signal, sys\n"
        "class Finder:\n"
        "    def find_spec(self, name, path, target=None):\n"
        f"        if name == {module!r}: signal.raise_signal(signal.{number})\n"
        "sys.meta_path.insert(0, Finder())\n"
        "sys.argv = ['cleverapp', 'doctor', '--help']\n"
        "from cleverapp_command import main; main()\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "", "Interrupted.\n")


def test_the_console_script_runs_the_command() -> None:
    """What is installed as cleverapp is the same command as python -m cleverapp_async."""
    ended = subprocess.run(
        [sys.executable, "-m", "cleverapp_command", "--version"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stdout.startswith("cleverapp")


def test_ctrl_c_at_a_question_is_an_interruption() -> None:
    """What click calls an abort ends with 130, as Ctrl-C does everywhere else."""
    group = Commands("group", lazy={})

    @group.command("ask")
    def ask() -> None:
        raise click.Abort

    assert CliRunner().invoke(group, ["ask"]).exit_code == 130


def test_the_exit_codes_of_send_are_the_same_everywhere() -> None:
    """The enumeration, the words, the help and the table of the documentation say one thing."""
    page = (DOCS / "command-line.md").read_text(encoding="utf-8")
    section = page.split("\n## send", 1)[1].split("\n## ", 1)[0]
    table = dict(re.findall(r"^\| (\d+) \| (.+) \|$", section, re.MULTILINE))
    ended = CliRunner().invoke(cleverapp, ["send", "--help"], terminal_width=_WIDE)
    listed = ended.output.partition("Exit codes:\n")[2]
    shown = dict(re.findall(r"^ *(\d+) +(.+)$", listed, re.MULTILINE))
    words = {str(code.value): meaning for code, meaning in MEANINGS.items()}
    assert table == shown == words
    assert set(MEANINGS) == set(Exit)
