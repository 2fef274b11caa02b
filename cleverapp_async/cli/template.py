"""Texts with ``{column}`` fields: plain names and nothing else, so that no cell can do harm."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Template", "TemplateError"]


class TemplateError(ValueError):
    """The template cannot be read; the message says where and what to write instead."""


@frozen
class Template:
    """A text whose ``{column}`` fields a row's cells fill; ``{{`` and ``}}`` stand for braces.

    A field is a column's name to the letter: there are no attributes, indexes or formats, and
    what a cell holds is never read as a template.

    Attributes:
        parts: Literal texts and, after each, the column that follows it (None at the end).
    """

    parts: tuple[tuple[str, str | None], ...]

    @classmethod
    def parse(cls, text: str) -> Template:
        """Read a template.

        Raises:
            TemplateError: A brace stands alone, or a field has no name.
        """
        parts: list[tuple[str, str | None]] = []
        literal = ""
        place = 0
        while place < len(text):
            character = text[place]
            if character not in "{}":
                literal += character
                place += 1
            elif text.startswith(character * 2, place):
                literal += character
                place += 2
            else:
                end = _end_of_field(text, place)
                parts.append((literal, text[place + 1 : end]))
                literal = ""
                place = end + 1
        parts.append((literal, None))
        return cls(tuple(parts))

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns it uses, each once, in their order."""
        return tuple(dict.fromkeys(name for _, name in self.parts if name is not None))

    def render(self, cells: Mapping[str, str]) -> str:
        """The text for one row.

        Args:
            cells: The row's cells by column; all of :attr:`columns` must be there.
        """
        return "".join(
            literal + ("" if name is None else cells[name]) for literal, name in self.parts
        )


def _end_of_field(text: str, start: int) -> int:
    """The place of the brace that closes the field opened at ``start``."""
    position = start + 1
    if text[start] == "}":
        raise TemplateError(
            f"'}}' at character {position} closes nothing: write '}}}}' for a brace"
        )
    end = text.find("}", start)
    name = text[start + 1 : end]
    if end < 0 or "{" in name:
        raise TemplateError(
            f"'{{' at character {position} is not closed: write {{column}}, or '{{{{' for a brace"
        )
    if not name.strip():
        raise TemplateError(
            f"'{{}}' at character {position} names no column: write {{column}} with its name"
        )
    return end
