"""Texts with ``{column}`` fields: plain names and nothing else, so that no cell can do harm."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import field, frozen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["Template", "TemplateError"]

# `string.Formatter().parse` would take `a!r` and `a:>9` apart, which are names of columns here,
# and does not tell at which character it failed. Doubled braces come first, so that they never
# begin or end a field.
_BRACES = re.compile(r"\{\{|\}\}|\{(?P<name>[^{}]*)\}|[{}]")

_ESCAPE = re.compile(r"\\[nrt]")


class TemplateError(ValueError):
    """The template cannot be read; the message says where and what to write instead."""


@frozen
class Template:
    """A text whose ``{column}`` fields a row's cells fill; ``{{`` and ``}}`` stand for braces.

    A field is a column's name and nothing else: there are no attributes, indexes or formats, and
    what a cell holds is never read as a template.

    Attributes:
        parts: Literal texts and, after each, the column that follows it (None at the end).
        columns: The columns it uses, each once, in their order.
    """

    parts: tuple[tuple[str, str | None], ...]
    columns: tuple[str, ...] = field(init=False, eq=False, repr=False)

    @classmethod
    def parse(cls, text: str) -> Template:
        """Read a template.

        Raises:
            TemplateError: A brace stands alone, or a field has no name.
        """
        parts: list[tuple[str, str | None]] = []
        literal = ""
        end = 0
        for found in _BRACES.finditer(text):
            literal += text[end : found.start()]
            end = found.end()
            name: str | None = found["name"]
            if name is None:
                literal += _brace(found[0], found.start() + 1)
            elif not name.strip():
                raise TemplateError(
                    f"'{{}}' at character {found.start() + 1} names no column: write {{column}} "
                    "with its name"
                )
            else:
                parts.append((literal, name))
                literal = ""
        parts.append((literal + text[end:], None))
        return cls(tuple(parts))

    def __attrs_post_init__(self) -> None:
        """Find the columns once: every row asks for them."""
        columns = dict.fromkeys(name for _, name in self.parts if name is not None)
        object.__setattr__(self, "columns", tuple(columns))

    def renamed(self, names: Mapping[str, str]) -> Template:
        """The same template with other names of its columns.

        Args:
            names: The new names by the old ones; all of :attr:`columns` must be there.
        """
        return Template(
            tuple((text, None if name is None else names[name]) for text, name in self.parts)
        )

    def doubts(self) -> Iterator[str]:
        """Why the text may not be meant as it is written, in words with the remedy."""
        literal = "".join(text for text, _ in self.parts)
        found = _ESCAPE.search(literal)
        if found is not None:
            yield (
                f"holds {found[0]} as two characters, which recipients will see. For line breaks "
                "write the text into a file, and give it as --text-file."
            )
        if not self.columns and literal.startswith("@") and _is_file(literal[1:]):
            yield (
                f"begins with @ and names a file, and is sent as it stands. To send what the file "
                f"holds give --text-file {literal[1:]}"
            )

    def render(self, cells: Mapping[str, str]) -> str:
        """The text for one row.

        Args:
            cells: The row's cells by column; all of :attr:`columns` must be there.
        """
        return "".join(
            literal + ("" if name is None else cells[name]) for literal, name in self.parts
        )


def _is_file(name: str) -> bool:
    with suppress(OSError, ValueError):
        return Path(name).is_file()
    return False


def _brace(found: str, place: int) -> str:
    """The brace that a doubled one stands for; a single one is refused."""
    if found == "}":
        raise TemplateError(f"'}}' at character {place} closes nothing: write '}}}}' for a brace")
    if found == "{":
        raise TemplateError(
            f"'{{' at character {place} is not closed: write {{column}}, or '{{{{' for a brace"
        )
    return found[0]
