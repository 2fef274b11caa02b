"""The commands in the documentation: the reference has all, and what pages show can be typed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click
import pytest

from tests.commands_page import commands
from tests.paths import DOCS, PAGES, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BLOCK = re.compile(r"^```(?:console|ini|dockerfile|sh|yaml)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
KNOWN = {name: context.command for name, context in commands()}


def test_the_reference_has_every_command_and_every_option() -> None:
    """Each command of the tree has its section, with each of its options that help shows."""
    text = (DOCS / "commands.md").read_text(encoding="utf-8")
    sections = dict(re.findall(r"^## (.+)\n((?:(?!## ).*\n)*)", text, re.MULTILINE))
    assert list(sections) == list(KNOWN)
    for name, context in commands():
        for option in context.command.get_params(context):
            if isinstance(option, click.Option) and not option.hidden:
                assert f"{option.opts[-1]}" in sections[name], (name, option.opts)


def shown(page: Path) -> Iterator[tuple[str, list[str]]]:
    """The commands that a page shows, each with the options that it is given."""
    for block in BLOCK.findall(page.read_text(encoding="utf-8")):
        whole = re.sub(r"\\\n", " ", block).replace('", "', " ")
        for line in re.findall(r"\bcleverapp((?: [^\n#|;]*)?)", whole):
            words = line.split()
            name = "cleverapp"
            while words and f"{name} {words[0]}" in KNOWN:
                name += f" {words.pop(0)}"
            yield name, [word.strip('"]').partition("=")[0] for word in words if word[:2] == "--"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_the_options_of_a_page_are_options_of_its_commands(page: Path) -> None:
    """No page shows an option that a command does not have."""
    wrong = [
        (name, option)
        for name, options in shown(page)
        for option in options
        if option not in {one for parameter in KNOWN[name].params for one in parameter.opts}
        and option != "--help"
    ]
    assert wrong == []


def test_the_pages_show_commands() -> None:
    """The check above has something to look at, also in the settings of systemd and Docker."""
    assert ("cleverapp send", "--token-file") in {
        (name, option) for name, options in shown(DOCS / "deployment.md") for option in options
    }
    assert len([one for page in PAGES for one in shown(page)]) > 50
