"""What the endpoint table knows of a method, for people: the list, the help of one, completion."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from ...endpoints import ENDPOINTS, Endpoint, Kind, Parameter, Repeat, Trust
from ..errors import BadInputError
from ..text import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["MethodHelp", "complete_method", "list_methods", "unknown_method"]

_KINDS = {
    Kind.INTEGER: "whole number",
    Kind.STRING: "string",
    Kind.FLAG: "true or false",
    Kind.URL: "string",
    Kind.STRINGS: "list of strings",
    Kind.OBJECT: "object",
    Kind.DECIMAL: "decimal number",
}
_REPEATS = {
    Repeat.SAFE: "It only reads.",
    Repeat.SAME_EFFECT: "It changes something; doing it twice is the same as doing it once.",
    Repeat.NEVER: "It changes something, and is not repeated where it may have been carried out.",
}
_SAMPLES = {
    Kind.INTEGER: "5",
    Kind.FLAG: "true",
    Kind.URL: "https://example.com/a.png",
    Kind.DECIMAL: "0.5",
}
_METHOD = "cleverapp_async.cli.call.method"
_WIDEST = 34


def unknown_method(name: str) -> BadInputError:
    """The error for an unknown method.

    Args:
        name: What was given in its place.
    """
    return BadInputError(
        f"{name} is no method that is known.{did_you_mean(name, ENDPOINTS)} "
        "`cleverapp call --list` names all. Give --http-method for one that is newer than this "
        "version."
    )


def complete_method(
    _context: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """The methods that begin like this, whatever the case, each with what it does."""
    begun = incomplete.casefold()
    return [
        CompletionItem(row.name, help=row.about)
        for row in ENDPOINTS.values()
        if row.name.casefold().startswith(begun)
    ]


def list_methods() -> None:
    """Print a line for each method."""
    width = max(map(len, ENDPOINTS))
    for row in ENDPOINTS.values():
        click.echo(f"{row.name:{width}}  {row.about}")


class MethodHelp(click.Command):
    """A command whose ``--help`` is about the METHOD that stands on the line, if one does."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Note the method: ``--help`` ends the command before click comes to it."""
        # What is wrong with the line is told by click, unless it asks for help.
        with suppress(click.UsageError):
            given = self.make_parser(ctx).parse_args([*args])[0]
            method = given.get("method")
            if isinstance(method, str) and not given.get("http_method"):
                ctx.meta[_METHOD] = method
        return super().parse_args(ctx, args)

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The help of the method, or of the command itself.

        Raises:
            BadInputError: Nobody knows the method.
        """
        method = ctx.meta.get(_METHOD)
        if method is None:
            super().format_help(ctx, formatter)
            return
        row = ENDPOINTS.get(method)
        if row is None:
            raise unknown_method(method)
        formatter.write_usage(f"{ctx.command_path} {row.name}", "[OPTIONS] [KEY=VALUE]...")
        with formatter.indentation():
            formatter.write_paragraph()
            formatter.write_text(row.about)
            formatter.write_paragraph()
            formatter.write_text(f"{row.http_method}. {_REPEATS[row.repeat]} {_source(row)}")
        _write_parameters(row, formatter)
        formatter.write_paragraph()
        with formatter.indentation():
            formatter.write_text(f"Example: {ctx.command_path} {' '.join(_example(row))}")
            formatter.write_paragraph()
            formatter.write_text(f"`{ctx.command_path} --help` has the options and exit codes.")


def _source(row: Endpoint) -> str:
    whose = "" if row.trust is Trust.DOCUMENTED else " of a sibling brand"
    return f"Source: page «{row.page}» of the documentation{whose}."


def _write_parameters(row: Endpoint, formatter: click.HelpFormatter) -> None:
    with formatter.section("Parameters"):
        if not row.parameters:
            formatter.write_text("None.")
            return
        told = [(one.name, _tell(one)) for one in row.parameters]
        formatter.write_dl(told, col_max=_WIDEST)
        if row.one_of:
            formatter.write_paragraph()
            ways = "; or ".join(map(_together, row.one_of))
            formatter.write_text(f"One of these is needed: {ways}.")


def _tell(parameter: Parameter) -> str:
    needed = "  [required]" if parameter.required else ""
    return f"{_KINDS[parameter.kind]}: {parameter.about}{needed}"


def _together(names: tuple[str, ...]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def _example(row: Endpoint) -> Iterable[str]:
    """A call with what the method needs: the first set of parameters that will do."""
    needed = {name for names in row.one_of[:1] for name in names}
    if row.limited:
        # Text, image or file: of a message that is sent the row cannot say it.
        needed.add("text")
    yield row.name
    for one in row.parameters:
        if not one.required and one.name not in needed:
            continue
        if one.kind is Kind.OBJECT:
            yield f"'{one.name}[…]=…'"
        else:
            yield f"{one.name}={_SAMPLES.get(one.kind, '…')}"
