"""The scripts of ``cleverapp completion``, in the shells themselves."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.command import Run


@pytest.fixture
def path_with_command(tmp_path: Path) -> str:
    """A PATH on which ``cleverapp`` is this package, run by this interpreter."""
    folder = tmp_path / "bin"
    folder.mkdir()
    command = folder / "cleverapp"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m cleverapp_command "$@"\n')
    command.chmod(0o755)
    return f"{folder}{os.pathsep}{os.environ['PATH']}"


def run_shell(shell: str, script: str, path: str, folder: Path) -> str:
    """Run a script in a shell that reads no settings of the user's."""
    quiet = {"bash": ["--norc", "--noprofile"], "zsh": ["-f"], "fish": ["--no-config"]}
    ended = subprocess.run(
        [shell, *quiet[shell], "-c", script],
        env={**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)},
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return ended.stdout


BASH = """
eval "$(cleverapp completion bash)"
try() {
    COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
    "$(complete -p cleverapp | sed 's/.*-F \\([^ ]*\\) .*/\\1/')" cleverapp 2>/dev/null
    echo "${COMPREPLY[@]}"
}
try cleverapp comp
try cleverapp call getContactT
try cleverapp campaign re
"""


def test_bash_completes_commands_and_methods(path_with_command: str, tmp_path: Path) -> None:
    """Sourced by bash, the script completes commands, those of a group, and methods."""
    said = run_shell("bash", BASH, path_with_command, tmp_path)
    assert said.splitlines() == ["completion", "getContactTags", "report resolve"]


@pytest.mark.skipif(shutil.which("fish") is None, reason="fish is not installed")
def test_fish_completes_methods(path_with_command: str, tmp_path: Path) -> None:
    """Sourced by fish, the script completes methods."""
    script = "cleverapp completion fish | source; complete -C 'cleverapp call getContactT'"
    said = run_shell("fish", script, path_with_command, tmp_path)
    assert said.split()[0] == "getContactTags"


@pytest.mark.skipif(shutil.which("zsh") is None, reason="zsh is not installed")
def test_zsh_takes_the_script(path_with_command: str, tmp_path: Path) -> None:
    """Sourced by zsh, the script is what completes the command from then on."""
    script = (
        "autoload -U compinit && compinit -D -u; "
        'eval "$(cleverapp completion zsh)"; print -r -- ${_comps[cleverapp]}'
    )
    assert "cleverapp" in run_shell("zsh", script, path_with_command, tmp_path)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_each_shell(cleverapp: Run, shell: str) -> None:
    """The script asks the command itself what to offer, in the shell's own form."""
    ended = cleverapp("completion", shell)
    assert (ended.code, ended.err) == (0, "")
    assert f"_CLEVERAPP_COMPLETE={shell}_complete" in ended.out


def test_the_script_does_not_ask_the_shell(
    cleverapp: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It is printed on a machine that has no such shell, to be used on another."""
    monkeypatch.setenv("PATH", str(tmp_path))
    ended = cleverapp("completion", "bash")
    assert (ended.code, ended.err) == (0, "")


def test_a_shell_that_is_not_supported(cleverapp: Run) -> None:
    """Another shell ends it with 2, and the ones that there are."""
    ended = cleverapp("completion", "tcsh")
    assert ended.code == 2
    assert "zsh" in ended.err
