from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import click
import pytest
from click.shell_completion import ShellComplete

from cleverapp_async.cli.app import cleverapp as root
from cleverapp_async.cli.call.command import read_arguments
from cleverapp_async.endpoints import ENDPOINTS
from cleverapp_async.simulator import Simulator, SimulatorLimits, generate
from tests.cli.command import TOKEN

if TYPE_CHECKING:
    from tests.cli.command import Run, Serve


def test_the_list_has_a_line_for_each_method(
    cleverapp: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each method stands on one line with what it does, however narrow the screen is."""
    monkeypatch.setenv("COLUMNS", "40")
    ended = cleverapp("call", "--list")
    assert (ended.code, ended.err) == (0, "")
    told = [line.split(maxsplit=1) for line in ended.out.splitlines()]
    assert told == [[row.name, row.about] for row in ENDPOINTS.values()]


@pytest.mark.parametrize("method", ENDPOINTS)
def test_the_help_of_a_method_names_its_parameters(cleverapp: Run, method: str) -> None:
    """It says what the method does, and of each parameter its type and whether it is required."""
    ended = cleverapp("call", method, "--help")
    assert (ended.code, ended.err) == (0, "")
    row = ENDPOINTS[method]
    said = " ".join(ended.out.split())
    assert row.about in said
    assert f"page «{row.page}»" in said
    listed = re.sub(r"\n {5,}", " ", ended.out.partition("Parameters:\n")[2])
    told = dict(re.findall(r"^  (\w+)  +(\S.*)$", listed, re.MULTILINE))
    for one in row.parameters:
        assert one.about in told[one.name]
        assert ("[required]" in told[one.name]) is one.required
    for names in row.one_of:
        assert all(name in said.partition("One of these is needed: ")[2] for name in names)


@pytest.mark.parametrize("method", ENDPOINTS)
def test_the_example_of_a_method_can_be_called(cleverapp: Run, method: str) -> None:
    """The example gives each parameter that is required, in a form that the command reads."""
    said = " ".join(cleverapp("call", method, "-h").out.split())
    example = said.partition("Example: cleverapp call ")[2].partition(" `cleverapp call")[0]
    name, *arguments = example.replace("'", "").split()
    assert name == method
    given = read_arguments(arguments, ENDPOINTS[method])
    row = ENDPOINTS[method]
    assert {one.name for one in row.parameters if one.required} <= set(given)
    assert not row.one_of or any(set(names) <= set(given) for names in row.one_of)
    assert set(given) <= {one.name for one in row.parameters}


def test_the_help_may_stand_anywhere(cleverapp: Run) -> None:
    """Help is given wherever it is asked for, and whatever else stands on the line."""
    wanted = cleverapp("call", "sendMessage", "--help").out
    assert wanted.startswith("Usage: cleverapp call sendMessage ")
    for line in (
        ("--help", "sendMessage"),
        ("sendMessage", "contact_id=5", "-h"),
        ("--format", "raw", "sendMessage", "text=Hi", "--help"),
    ):
        assert cleverapp("call", *line).out == wanted


@pytest.mark.parametrize(
    "line",
    [
        ("--help",),
        ("-h", "--format", "raw"),
        ("newMethod", "--http-method", "GET", "--help"),
    ],
)
def test_the_help_of_the_command_itself(cleverapp: Run, line: tuple[str, ...]) -> None:
    """Without a method, and of one that the table need not know, the command's help is shown."""
    ended = cleverapp("call", *line)
    assert ended.code == 0
    assert ended.out.startswith("Usage: cleverapp call [OPTIONS] METHOD ")
    assert "--list" in ended.out


def test_what_is_wrong_with_a_line_is_told_without_a_help(cleverapp: Run) -> None:
    """An option that is not there, and a method that is missing, end it with 2."""
    wrong = cleverapp("call", "getMe", "--colour")
    assert (wrong.code, "--colour" in wrong.err) == (2, True)
    missing = cleverapp("call")
    assert (missing.code, "METHOD" in missing.err) == (2, True)


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("sendmessage", "sendMessage"),
        ("send_message", "sendMessage"),
        ("get-contact-tags", "getContactTags"),
        ("getContactTag", "getContactTags"),
    ],
)
@pytest.mark.parametrize("more", [(), ("--help",)], ids=["called", "help"])
def test_a_method_that_is_nearly_right(
    cleverapp: Run, word: str, meant: str, more: tuple[str, ...]
) -> None:
    """A slip and the coroutine's name end with 2 and the method that is meant."""
    ended = cleverapp("call", word, *more)
    assert ended.code == 2
    assert ended.out == ""
    assert f"Did you mean {meant}" in ended.err
    assert "cleverapp call --list" in ended.err


def completions(*words: str) -> dict[str, str | None]:
    """What a shell is offered for the last of the words, with what is said of each."""
    *before, begun = words
    complete = type("Test", (ShellComplete,), {"name": "test", "source_template": ""})
    found = complete(root, {}, "cleverapp", "_CLEVERAPP_COMPLETE").get_completions(before, begun)
    return {one.value if one.type == "plain" else f"({one.type})": one.help for one in found}


def test_methods_are_completed() -> None:
    """Methods that begin like the word are offered with what they do, in any case."""
    assert completions("call", "getContactT") == {
        "getContactTags": ENDPOINTS["getContactTags"].about
    }
    assert set(completions("call", "SENDM")) == {
        "sendMessage",
        "sendMessageToWhatsApp",
        "sendMessageToQueue",
    }
    assert set(completions("call", "--format", "raw", "")) == set(ENDPOINTS)
    assert completions("call", "getMe", "x") == {}


def test_commands_and_options_are_completed() -> None:
    """Commands are offered with the words that the help has for them, options after a hyphen."""
    commands = completions("ca")
    assert commands["campaign"] == "Show a campaign, and settle what it leaves open."
    assert (commands["call"] or "").startswith("Call one METHOD of the API")
    assert set(commands) == {"call", "campaign"}
    assert set(completions("campaign", "re")) == {"report", "resolve"}
    assert "--list" in completions("call", "--l")
    assert completions("completion", "") == dict.fromkeys(("bash", "zsh", "fish"))


@pytest.mark.parametrize(
    "words",
    [
        ("send", ""),
        ("send", "--journal", "ru"),
        ("send", "list.csv", "--text-file", ""),
        ("send", "list.csv", "--output", ""),
        ("campaign", "status", ""),
        ("call", "getMe", "--token-file", ""),
        ("simulate", "--seed-file", ""),
    ],
)
def test_names_of_files_are_completed_by_the_shell(words: tuple[str, ...]) -> None:
    """Wherever a file is named the shell is told to complete file names."""
    assert completions(*words) == {"(file)": None}


def test_every_value_that_names_a_file_is_completed() -> None:
    """No option or argument that the help calls FILE or JOURNAL is left without completion."""

    def names(group: click.Group, path: tuple[str, ...] = ()) -> list[str]:
        context = click.Context(group)
        found: list[str] = []
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            if isinstance(command, click.Group):
                found += names(command, (*path, name))
                continue
            assert command is not None
            found += [
                " ".join((*path, name, str(one.name)))
                for one in command.params
                if one.metavar in {"FILE", "JOURNAL"}
                and [item.type for item in one.shell_complete(click.Context(command), "")]
                != ["file"]
            ]
        return found

    assert names(root) == []


def test_a_list_needs_no_token_and_no_server(
    cleverapp: Run, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Looking a method up asks nobody."""
    simulator = serve(
        Simulator(api_token=TOKEN, limits=SimulatorLimits.none(), seed_data=generate(contacts=1))
    )
    monkeypatch.delenv("CLEVERAPP_API_TOKEN")
    for line in (("--list",), ("getMe", "--help")):
        # The fixture sets the token again.
        os.environ.pop("CLEVERAPP_API_TOKEN", None)
        assert cleverapp("call", *line).code == 0
    assert len(simulator.arrivals) == 0


def test_the_list_is_of_all_methods(cleverapp: Run) -> None:
    """A method beside --list is refused: one of the two is a slip."""
    ended = cleverapp("call", "--list", "getMe")
    assert ended.code == 2
    assert "getMe" in ended.err
    assert not ended.out
