"""The commands ``cleverapp`` and ``cleverapp campaign``: theirs are imported when asked for.

``cleverapp completion`` and ``--list`` are here, as they need nothing but the commands themselves.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TextIO, TypeVar, cast

import click

from .errors import Exit, exit_codes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from click.shell_completion import CompletionItem

__all__ = ["Commands", "LazyGroup", "campaign", "cleverapp", "completion", "list_option", "run"]

F = TypeVar("F", bound="Callable[..., object]")

_WIDEST = 100
_HERE = "cleverapp_async.cli"
_CAMPAIGN = f"{_HERE}.campaign"


class LazyGroup(click.Group):
    """A group that imports a command when it runs; the help of the group needs none of them.

    Args:
        name: The group's name.
        lazy: For each command where it is, as ``module:attribute``, and what the group's help
            says of it: the first sentence of its own help.
        **attributes: As of a group of click.
    """

    def __init__(
        self,
        name: str | None = None,
        *,
        lazy: Mapping[str, tuple[str, str]] = MappingProxyType({}),
        **attributes: object,
    ) -> None:
        super().__init__(name, **attributes)  # type: ignore[arg-type] # click tells of wrong ones
        self._lazy = lazy

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all commands, in the order of the alphabet."""
        return sorted({*super().list_commands(ctx), *self._lazy})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name, imported; None where there is none."""
        if cmd_name not in self._lazy:
            return super().get_command(ctx, cmd_name)
        module, _, attribute = self._lazy[cmd_name][0].partition(":")
        return cast("click.Command", getattr(import_module(module), attribute))

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """What the help says of the commands, cut to the width that click cuts it to."""
        names = self.list_commands(ctx)
        width = formatter.width - 6 - max(map(len, names), default=0)
        told = [(name, self._stub(name).get_short_help_str(width)) for name in names]
        with formatter.section("Commands"):
            formatter.write_dl(told)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The commands and options that begin like this; no command is imported for it."""
        from click.shell_completion import CompletionItem

        named = [
            CompletionItem(name, help=self._stub(name).get_short_help_str())
            for name in self.list_commands(ctx)
            if name.startswith(incomplete)
        ]
        return [*named, *click.Command.shell_complete(self, ctx, incomplete)]

    def _stub(self, name: str) -> click.Command:
        """A command that has nothing but its help, where the true one is not imported for it."""
        if name in self._lazy:
            return click.Command(name, help=self._lazy[name][1])
        return self.commands[name]


class Commands(LazyGroup):
    """Commands that end with 130 when a signal stops them, whatever they are doing.

    Click's own code for that, 1, says of a campaign that messages were rejected.
    """

    def invoke(self, ctx: click.Context) -> object:
        """Carry out the command that was named."""
        try:
            from .signals import Interrupts

            with Interrupts():
                return super().invoke(ctx)
        except (KeyboardInterrupt, click.Abort):
            # The latter is Ctrl-C, or the end of input, at a question.
            click.echo("Interrupted.", err=True)
            ctx.exit(Exit.INTERRUPTED)


class _Alone(click.Option):
    """A flag that ends the command, and would leave all else on its line unheeded."""

    def handle_parse_result(
        self, ctx: click.Context, opts: Mapping[str, Any], args: list[str]
    ) -> tuple[Any, list[str]]:
        """Refuse whatever stands beside it; ``--help`` is asked what all of it means.

        Raises:
            click.UsageError: Something does.
        """
        if self.name in opts and not ctx.resilient_parsing:
            asks = ctx.command.get_help_option(ctx)
            if asks is not None and asks.name in opts:
                return False, args
            beside = [*_given(ctx, opts, besides=self.name), *args]
            if beside:
                # The help of all commands, which is quick, does without it.
                from .text import shortened

                raise click.UsageError(
                    f"{self.opts[0]} does nothing else: leave {shortened(beside[0])} out.", ctx
                )
        return super().handle_parse_result(ctx, opts, args)


def _given(context: click.Context, values: Mapping[str, Any], *, besides: str) -> Iterator[str]:
    """The options and arguments on the command's line, as they are written there."""
    for parameter in context.command.get_params(context):
        value = values.get(parameter.name or "")
        if isinstance(parameter, click.Option):
            if parameter.name in values and parameter.name != besides:
                yield parameter.opts[0]
        # An argument that is not there has a value as well, of another kind in each release.
        elif isinstance(value, str):
            yield value
        elif isinstance(value, (tuple, list)):
            yield from cast("Iterable[str]", value)


def list_option(show: Callable[[], None]) -> Callable[[F], F]:
    """``--list``: print a list, and end the command, on whose line nothing else may stand.

    Args:
        show: Prints it.
    """

    def stop(context: click.Context, _parameter: click.Parameter, wanted: object) -> None:
        if wanted and not context.resilient_parsing:
            show()
            context.exit(Exit.OK)

    return click.option(
        "--list",
        cls=_Alone,
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=stop,
        help="Print the list and do nothing else.",
    )


@click.group(
    cls=Commands,
    lazy={
        "call": (
            f"{_HERE}.call.command:call",
            "Call one METHOD of the API, such as getContactTags contact_id=5.",
        ),
        "contacts": (f"{_HERE}.contacts:contacts", "Write the contacts of bots to a file."),
        "demo": (f"{_HERE}.demo:demo", "Send a bundled list to the simulator."),
        "completion": (
            f"{_HERE}.app:completion",
            "Print the completion script of a shell.",
        ),
        "doctor": (
            f"{_HERE}.doctor.command:doctor",
            "Check token, network and settings, and name remedies.",
        ),
        "limits": (f"{_HERE}.limits:limits", "Look at limits that many processes share."),
        "send": (f"{_HERE}.send.command:send", "Send a message to each recipient in a file."),
        "simulate": (f"{_HERE}.simulate:simulate", "Serve the API on this machine."),
    },
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": _WIDEST},
)
@click.version_option(package_name="cleverapp-async", prog_name="cleverapp")
def cleverapp() -> None:
    """Send messages through the CleverApp API, exactly within its limits and never twice."""


@cleverapp.group(
    cls=LazyGroup,
    short_help="Show a campaign, and settle what it leaves open.",
    lazy={
        "export": (
            f"{_CAMPAIGN}.export:export",
            "Write the messages of a campaign to a file.",
        ),
        "failed": (
            f"{_CAMPAIGN}.export:failed",
            "List the messages that were rejected or not sent, and why.",
        ),
        "purge": (
            f"{_CAMPAIGN}.resolve:purge",
            "Erase recipients, texts and other columns for good.",
        ),
        "report": (
            f"{_CAMPAIGN}.export:report",
            "Write a report of a campaign as an HTML page.",
        ),
        "resolve": (
            f"{_CAMPAIGN}.resolve:resolve",
            "Record the outcome of messages whose outcome is unknown.",
        ),
        "status": (
            f"{_CAMPAIGN}.status:status",
            "Show how a campaign stands, and how to go on.",
        ),
        "unknown": (
            f"{_CAMPAIGN}.export:unknown",
            "List the messages whose outcome is unknown.",
        ),
    },
)
def campaign() -> None:
    """Look into a campaign, and settle what it leaves open.

    JOURNAL is a file (`cleverapp send --journal RUN.db`), or a campaign in Redis:
    redis://HOST:PORT/DATABASE/CAMPAIGN. Looking works while the campaign runs. No token is needed.
    """


def run() -> int:
    """Run the command line to its end; its exit code.

    Raises:
        KeyboardInterrupt: It was interrupted before or after a command, not within one. Click's own
            code for that, 1, would say that something failed.
    """
    try:
        # Not in click's standalone mode: that would end the program by codes of its own.
        code: object = cleverapp.main(
            prog_name="cleverapp", standalone_mode=False, terminal_width=_help_width()
        )
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        raise KeyboardInterrupt from None
    return code if isinstance(code, int) else Exit.OK


def _help_width() -> int:
    """The width to which click would wrap a help.

    It asks ``shutil``, whose import, with the three libraries of compression, is a twentieth of the
    time that a help takes.
    """
    columns = 0
    with suppress(KeyError, ValueError):
        columns = int(os.environ["COLUMNS"])
    if columns <= 0:
        # A program may have been started without a standard output.
        with suppress(AttributeError, ValueError, OSError):
            columns = os.get_terminal_size(cast("TextIO", sys.__stdout__).fileno()).columns
    return max(min(columns or 80, _WIDEST) - 2, 50)


_SHELLS = ("bash", "zsh", "fish")


@click.command(epilog=exit_codes("the script was printed"))
@click.argument("shell", type=click.Choice(_SHELLS))
@click.pass_context
def completion(context: click.Context, *, shell: str) -> None:
    """Print the completion script of a shell.

    With it the shell completes commands, options, methods of the API and names of files. SHELL is
    bash (4.4 or newer), zsh or fish. For bash, put this line into ~/.bashrc:

    eval "$(cleverapp completion bash)"
    """
    from click.shell_completion import ShellComplete, get_completion_class

    root = context.find_root()
    name = root.info_name or "cleverapp"
    complete = get_completion_class(shell) or ShellComplete
    made = complete(root.command, {}, name, f"_{name.upper()}_COMPLETE")
    # Not the one of bash: it first asks a bash, which may be elsewhere, for its version.
    click.echo(ShellComplete.source(made), nl=False)
