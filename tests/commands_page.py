"""The reference of the commands, ``docs/commands.md``, made of the command line itself.

It holds what ``--help`` shows of each command, and is the man page ``cleverapp(1)`` as well.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import click

from cleverapp_async.cli.app import cleverapp

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["commands", "commands_page"]

_HEAD: Final = """# The commands

What `--help` shows of every command. [The command line](command-line.md) tells how to use them.
This page is written by `python -m tests.generate`.
"""
# What Markdown would take for markup.
_MARKUP: Final = re.compile(r"[<>|*]")
# With its value, if that is a number: `--first 5%`.
_OPTION: Final = re.compile(r"(?<![\w-])--[a-z][a-z-]*(?: \d[\w%]*)?")


def commands() -> Iterator[tuple[str, click.Context]]:
    """Every command that can be run, with its whole name, groups before their commands."""
    yield from _below(_context(cleverapp, "cleverapp", None))


def _context(command: click.Command, name: str, parent: click.Context | None) -> click.Context:
    settings: Any = command.context_settings
    return click.Context(command, info_name=name, parent=parent, **settings)


def _below(context: click.Context) -> Iterator[tuple[str, click.Context]]:
    yield context.command_path, context
    group = context.command
    if isinstance(group, click.Group):
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            if command is not None and not command.hidden:
                yield from _below(_context(command, name, context))


def commands_page() -> str:
    """The whole page."""
    return _HEAD + "".join(_section(name, context) for name, context in commands())


def _section(name: str, context: click.Context) -> str:
    command = context.command
    usage = " ".join(command.collect_usage_pieces(context))
    parts = [f"## {name}", f"```text\n{name} {usage}\n```", *_paragraphs(command.help)]
    options = [
        record
        for parameter in command.get_params(context)
        if isinstance(parameter, click.Option)
        and (record := parameter.get_help_record(context)) is not None
    ]
    parts.append("\n".join(f"- `{_choices(option)}`: {_plain(told)}" for option, told in options))
    return "\n" + "\n\n".join([*parts, *_paragraphs(command.epilog)]) + "\n"


def _choices(option: str) -> str:
    """An option, its choices in small letters: earlier releases of click put some in capitals."""
    return re.sub(r"\[[A-Z|]+\]", lambda choices: choices[0].lower(), option)


def _paragraphs(text: str | None) -> list[str]:
    """The paragraphs of a help; one that is not to be wrapped stays a block."""
    found: list[str] = []
    for paragraph in re.split(r"\n\s*\n", (text or "").strip("\n")):
        lines = [line.strip() for line in paragraph.splitlines() if line.strip()]
        if lines[:1] == ["\b"]:
            found.append("\n".join(["```text", *lines[1:], "```"]))
        elif lines:
            found.append(_plain(" ".join(lines)))
    return found


def _plain(text: str) -> str:
    """Words as they are: what Markdown would take for a sign of its own is escaped."""
    pieces = re.split(r"(`[^`]*`)", text.replace("``", "`"))
    words = "".join(
        piece if piece.startswith("`") else _OPTION.sub(r"`\g<0>`", _MARKUP.sub(r"\\\g<0>", piece))
        for piece in pieces
    )
    return re.sub(r"docs/([\w-]+\.md)", r"[docs/\1](\1)", words)
