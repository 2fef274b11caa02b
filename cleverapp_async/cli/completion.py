"""``cleverapp completion``: the script with which a shell completes the command line."""

from __future__ import annotations

import click
from click.shell_completion import ShellComplete, get_completion_class

from .errors import exit_codes

__all__ = ["completion"]

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
    root = context.find_root()
    name = root.info_name or "cleverapp"
    complete = get_completion_class(shell) or ShellComplete
    made = complete(root.command, {}, name, f"_{name.upper()}_COMPLETE")
    # Not the one of bash: it first asks a bash, which may be elsewhere, for its version.
    click.echo(ShellComplete.source(made), nl=False)
