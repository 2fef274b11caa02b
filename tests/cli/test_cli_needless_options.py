"""No option or argument is taken and then left unheeded: it is refused, and named."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import pytest

from cleverapp_async.cli.app import cleverapp as commands

if TYPE_CHECKING:
    from tests.cli.command import Run


@pytest.mark.parametrize(
    "line",
    [
        ("demo", "--list", "extra"),
        ("demo", "--list", "--inbox"),
        ("demo", "--scale", "5", "--list"),
        ("demo", "--list", "--output", "o.jsonl"),
        ("call", "--list", "getMe"),
        ("call", "getMe", "--list"),
        ("call", "--list", "--format", "raw"),
        ("call", "--list", "getMe", "contact_id=1"),
        ("simulate", "--no-inbox", "--inbox-port", "0"),
        ("simulate", "--inbox-host", "127.0.0.1", "--no-inbox"),
        ("simulate", "--no-inbox", "--inbox-name", "sim"),
        ("simulate", "--no-inbox", "--inbox-keep", "5"),
        ("simulate", "--contacts", "5", "--seed-file", "x.json"),
        ("send", "--journal", "run.db", "--phone-region", "RU"),
        ("send", "--journal", "run.db", "--phone-region", "KZ"),
        ("send", "r.csv", "--text", "Hi", "--row", "5"),
        ("limits", "show", "--prefix", "x"),
        ("limits", "watch", "--folder", "x", "--redis", "redis://127.0.0.1:1"),
        ("campaign", "status", "run.db", "--timezone", "UTC"),
        ("campaign", "status", "run.db", "--watch", "--format", "json"),
        ("campaign", "resolve", "run.db", "--as", "accepted", "--all", "--number", "1"),
        ("completion", "bash", "extra"),
    ],
    ids=" ".join,
)
def test_nothing_is_taken_and_left_unheeded(cleverapp: Run, line: tuple[str, ...]) -> None:
    """What would do nothing beside another option is refused, and named."""
    ended = cleverapp(*line)
    assert ended.code == 2
    assert not ended.out
    named = {word for word in line if word in ended.err.split("Error:")[-1]}
    assert named


def every_command(group: click.Group, path: tuple[str, ...] = ()) -> dict[str, click.Command]:
    """Give the commands that do something, by their names."""
    found: dict[str, click.Command] = {}
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            found |= every_command(command, (*path, name))
        elif command is not None:
            found[" ".join((*path, name))] = command
    return found


@pytest.mark.parametrize("name", sorted(every_command(commands)))
def test_what_ends_a_command_early_stands_alone(cleverapp: Run, name: str) -> None:
    """Beside a flag that ends its command nothing else is taken, whichever command has one."""
    command = every_command(commands)[name]
    early = [one for one in command.params if one.is_eager]
    for flag in early:
        others = [one for one in command.params if isinstance(one, click.Option) and one != flag]
        assert others
        for other in others:
            value = () if other.is_flag else ("1",)
            ended = cleverapp(*name.split(), flag.opts[0], other.opts[0], *value)
            assert ended.code == 2
            assert other.opts[0] in ended.err
            assert not ended.out
        assert cleverapp(*name.split(), flag.opts[0], "--help").out.startswith("Usage:")
    # What no command's line has a place for is refused by all of them.
    assert cleverapp(*name.split(), "--no-such-option").code == 2
